package ${{ values.package }}.invoices;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.stereotype.Service;

/**
 * The invoices, in the memory of one replica: an example to replace. With a database, the key becomes a column with a
 * unique index, written in the transaction that makes the invoice.
 */
@Service
class Invoices {

    private final Map<UUID, Invoice> byId = new LinkedHashMap<>();
    private final Map<String, Made> byKey = new HashMap<>();

    /**
     * Makes an invoice, once for each key: whoever did not get the answer asks again, and gets the same invoice.
     *
     * @throws KeyTakenException if the key came with another request before
     */
    synchronized Invoice create(String key, NewInvoice request) {
        Made made = byKey.get(key);
        if (made == null) {
            Invoice invoice = new Invoice(
                    UUID.randomUUID(),
                    request.reference(),
                    request.amount(),
                    request.currency(),
                    request.due(),
                    Instant.now());
            made = new Made(request, invoice);
            byKey.put(key, made);
            byId.put(invoice.id(), invoice);
        } else if (!made.request().equals(request)) {
            throw new KeyTakenException();
        }
        return made.invoice();
    }

    synchronized Optional<Invoice> find(UUID id) {
        return Optional.ofNullable(byId.get(id));
    }

    synchronized List<Invoice> newest(int limit) {
        List<Invoice> invoices = new ArrayList<>(byId.values());
        Collections.reverse(invoices);
        return List.copyOf(invoices.subList(0, Math.min(limit, invoices.size())));
    }

    private record Made(NewInvoice request, Invoice invoice) {}

    static final class KeyTakenException extends RuntimeException {}
}
