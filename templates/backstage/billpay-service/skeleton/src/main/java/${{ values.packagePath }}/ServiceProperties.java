package ${{ values.package }};

import jakarta.validation.constraints.NotBlank;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/** What the platform tells every container about itself. */
@Validated
@ConfigurationProperties("service")
public record ServiceProperties(
        @NotBlank(message = "is empty: BILLPAY_PROJECT is not set") String project,
        @NotBlank(message = "is empty: BILLPAY_ENVIRONMENT is not set") String environment,
        @NotBlank(message = "is empty: BILLPAY_SERVICE is not set") String name) {}
