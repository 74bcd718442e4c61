package ${{ values.package }}.invoices;

import jakarta.validation.constraints.FutureOrPresent;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Positive;
import jakarta.validation.constraints.Size;
import java.time.LocalDate;

/**
 * What a client sends to have an invoice made.
 *
 * @param reference the client's own name for it
 * @param amount in the currency's smallest unit, such as cents
 * @param currency as in ISO 4217
 */
public record NewInvoice(
        @NotBlank @Size(max = 100) String reference,
        @NotNull @Positive Long amount,
        @NotNull @Pattern(regexp = "[A-Z]{3}") String currency,
        @NotNull @FutureOrPresent LocalDate due) {}
