package ${{ values.package }}.clients;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.Map;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/** Where the needed services are, and how long they are waited for. */
@Validated
@ConfigurationProperties("clients")
record ClientsProperties(
        @NotNull @DurationMin(millis = 1) Duration connectTimeout,
        @NotNull @DurationMin(millis = 1) Duration readTimeout,
        @Min(1) @Max(10) int attempts,
        @NotNull @DurationMin(millis = 1) Duration backoff,
        @NotEmpty Map<
                        String,
                        @Pattern(
                                regexp = "https?://.+",
                                message = "is not the URL of a service: is its variable, such as BACKEND_API_URL, set?")
                        String>
                urls) {}
