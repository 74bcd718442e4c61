package ${{ values.package }}.invoices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDate;
import org.junit.jupiter.api.Test;

class InvoicesTest {

    private final Invoices invoices = new Invoices();

    @Test
    void theSameRequestTwiceMakesOneInvoice() {
        Invoice first = invoices.create("key-0001", request(1200));
        Invoice second = invoices.create("key-0001", request(1200));

        assertThat(second).isEqualTo(first);
        assertThat(invoices.newest(10)).containsExactly(first);
    }

    @Test
    void aKeyIsNotTakenForAnotherRequest() {
        invoices.create("key-0001", request(1200));

        assertThatThrownBy(() -> invoices.create("key-0001", request(1300)))
                .isInstanceOf(Invoices.KeyTakenException.class);
    }

    @Test
    void theNewestComeFirst() {
        Invoice first = invoices.create("key-0001", request(1));
        Invoice second = invoices.create("key-0002", request(2));

        assertThat(invoices.newest(10)).containsExactly(second, first);
        assertThat(invoices.newest(1)).containsExactly(second);
        assertThat(invoices.find(first.id())).contains(first);
    }

    private static NewInvoice request(long amount) {
        return new NewInvoice("order 7", amount, "USD", LocalDate.of(2030, 1, 31));
    }
}
