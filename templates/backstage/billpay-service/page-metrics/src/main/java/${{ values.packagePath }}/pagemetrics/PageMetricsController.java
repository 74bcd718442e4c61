package ${{ values.package }}.pagemetrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.validation.Validator;
import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/**
 * Takes what {@code navigator.sendBeacon} sends. A beacon with a text is text/plain, which needs no leave from another
 * origin, so the JSON is read whatever its type is said to be.
 */
@RestController
@Tag(name = "page metrics")
class PageMetricsController {

    private static final int MOST_BYTES = 16 * 1024;

    private final PageMetrics metrics;
    private final Validator validator;
    private final ObjectReader json;

    PageMetricsController(PageMetrics metrics, Validator validator, ObjectMapper mapper) {
        this.metrics = metrics;
        this.validator = validator;
        this.json = mapper.readerFor(PageEvents.class);
    }

    @PostMapping("/page-metrics")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @RequestBody(
            required = true,
            content = @Content(
                    mediaType = MediaType.APPLICATION_JSON_VALUE,
                    schema = @Schema(implementation = PageEvents.class)))
    void receive(HttpServletRequest request) throws IOException {
        byte[] body = request.getInputStream().readNBytes(MOST_BYTES + 1);
        if (body.length > MOST_BYTES) {
            throw refused("More than 16 KB.");
        }
        PageEvents events;
        try {
            events = json.readValue(body);
        } catch (JsonProcessingException exception) {
            throw refused("Not the JSON of page metrics.");
        }
        if (events == null || !validator.validate(events).isEmpty()) {
            throw refused("Not the page metrics of a frontend.");
        }
        metrics.record(events);
    }

    private static ResponseStatusException refused(String why) {
        return new ResponseStatusException(HttpStatus.BAD_REQUEST, why);
    }
}
