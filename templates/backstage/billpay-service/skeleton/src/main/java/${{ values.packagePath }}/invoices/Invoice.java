package ${{ values.package }}.invoices;

import java.time.Instant;
import java.time.LocalDate;
import java.util.UUID;

public record Invoice(
        UUID id, String reference, long amount, String currency, LocalDate due, Instant createdAt) {}
