package ${{ values.package }}.metrics;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

@Validated
@ConfigurationProperties("metrics.cloudwatch")
record CloudWatchProperties(
        @DefaultValue("true") boolean enabled, @DefaultValue("60s") @NotNull @DurationMin(seconds = 1) Duration interval) {}
