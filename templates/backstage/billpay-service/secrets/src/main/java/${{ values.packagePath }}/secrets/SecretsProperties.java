package ${{ values.package }}.secrets;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import java.util.Map;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * @param refresh after how long a value is asked for again
 * @param names what each secret is called in Secrets Manager
 */
@Validated
@ConfigurationProperties("secrets")
record SecretsProperties(
        @NotNull @DurationMin(seconds = 1) Duration refresh,
        @NotEmpty Map<
                        String,
                        @NotBlank(message = "is empty: its variable, such as BILLPAY_API_KEYS_SECRET, is not set") String>
                names) {}
