package ${{ values.package }}.invoices;

import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** An example resource: replace this package by what the service is for. */
@RestController
@Tag(name = "invoices")
@RequestMapping(path = "/invoices", produces = MediaType.APPLICATION_JSON_VALUE)
class InvoicesController {

    private static final Logger LOG = LoggerFactory.getLogger(InvoicesController.class);

    private final Invoices invoices;

    InvoicesController(Invoices invoices) {
        this.invoices = invoices;
    }

    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    ResponseEntity<Invoice> create(
            @RequestHeader("Idempotency-Key") @Size(min = 8, max = 100) String key,
            @RequestBody @Valid NewInvoice request) {
        Invoice invoice;
        try {
            invoice = invoices.create(key, request);
        } catch (Invoices.KeyTakenException exception) {
            throw new ResponseStatusException(
                    HttpStatus.UNPROCESSABLE_ENTITY, "The Idempotency-Key came with another request before.");
        }
        LOG.info("invoice {} made", invoice.id());
        var location = ServletUriComponentsBuilder.fromCurrentRequestUri().path("/{id}").build(invoice.id());
        return ResponseEntity.created(location).body(invoice);
    }

    @GetMapping("/{id}")
    Invoice find(@PathVariable UUID id) {
        return invoices.find(id)
                .orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND, "There is no such invoice."));
    }

    @GetMapping
    List<Invoice> newest(@RequestParam(defaultValue = "20") @Min(1) @Max(100) int limit) {
        return invoices.newest(limit);
    }
}
