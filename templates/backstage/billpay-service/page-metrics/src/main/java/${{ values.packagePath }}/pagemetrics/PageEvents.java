package ${{ values.package }}.pagemetrics;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.PositiveOrZero;
import jakarta.validation.constraints.Size;
import java.util.List;

/** What a browser sends when a page was shown or failed. */
record PageEvents(
        @NotNull @Pattern(regexp = "[a-z]([a-z0-9-]{0,38}[a-z0-9])?") String frontend,
        @NotEmpty @Size(max = 50) List<@NotNull @Valid Event> events) {

    /** @param loadMs how long the page took; only of views, and there only where the browser knows it */
    record Event(
            @NotNull Type type,
            @Size(max = 500) String path,
            @PositiveOrZero @DecimalMax("600000") Double loadMs) {}

    enum Type {
        @JsonProperty("view")
        VIEW,
        @JsonProperty("error")
        ERROR
    }
}
