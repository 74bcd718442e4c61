package ${{ values.package }}.pagemetrics;

import jakarta.validation.constraints.NotNull;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/** @param frontends those with metrics of their own */
@Validated
@ConfigurationProperties("page-metrics")
record PageMetricsProperties(@NotNull Set<String> frontends) {}
