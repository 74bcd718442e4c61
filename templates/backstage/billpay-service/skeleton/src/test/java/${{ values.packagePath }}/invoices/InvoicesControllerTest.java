package ${{ values.package }}.invoices;

import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.content;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.header;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.jsonPath;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.autoconfigure.web.servlet.WebMvcTest;
import org.springframework.context.annotation.Import;
import org.springframework.http.MediaType;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.request.MockHttpServletRequestBuilder;

@WebMvcTest(InvoicesController.class)
@Import(Invoices.class)
@ActiveProfiles("local")
class InvoicesControllerTest {

    private static final String INVOICE =
            """
            {"reference": "order 7", "amount": 1200, "currency": "USD", "due": "2999-01-31"}""";

    @Autowired
    private MockMvc mvc;

    @Test
    void anInvoiceIsMadeAndFound() throws Exception {
        String location = mvc.perform(create("made-and-found", INVOICE))
                .andExpect(status().isCreated())
                .andExpect(jsonPath("$.amount").value(1200))
                .andExpect(header().string("Location", containsString("/invoices/")))
                .andReturn()
                .getResponse()
                .getHeader("Location");

        mvc.perform(get(location)).andExpect(status().isOk()).andExpect(jsonPath("$.currency").value("USD"));
    }

    @Test
    void allThatIsWrongIsSaidAtOnce() throws Exception {
        mvc.perform(create("all-that-is-wrong", """
                        {"reference": " ", "amount": 0, "currency": "dollars", "due": "1999-01-31"}"""))
                .andExpect(status().isBadRequest())
                .andExpect(content().contentType(MediaType.APPLICATION_PROBLEM_JSON))
                .andExpect(jsonPath("$.errors[*].field").value(contains("amount", "currency", "due", "reference")));
    }

    @Test
    void aKeyIsNeeded() throws Exception {
        mvc.perform(post("/invoices").contentType(MediaType.APPLICATION_JSON).content(INVOICE))
                .andExpect(status().isBadRequest())
                .andExpect(jsonPath("$.detail").value(containsString("Idempotency-Key")));
    }

    @Test
    void aKeyOfAnotherRequestIsRefused() throws Exception {
        mvc.perform(create("another-request", INVOICE)).andExpect(status().isCreated());

        mvc.perform(create("another-request", INVOICE.replace("1200", "1300")))
                .andExpect(status().isUnprocessableEntity());
    }

    @Test
    void whatIsNotThereIsNotFound() throws Exception {
        mvc.perform(get("/invoices/00000000-0000-0000-0000-000000000000"))
                .andExpect(status().isNotFound())
                .andExpect(jsonPath("$.detail").value("There is no such invoice."));
    }

    @Test
    void aLimitIsChecked() throws Exception {
        mvc.perform(get("/invoices").param("limit", "0"))
                .andExpect(status().isBadRequest())
                .andExpect(jsonPath("$.errors[0].field").value("limit"));
    }

    private static MockHttpServletRequestBuilder create(String key, String body) {
        return post("/invoices")
                .header("Idempotency-Key", key)
                .contentType(MediaType.APPLICATION_JSON)
                .content(body);
    }
}
