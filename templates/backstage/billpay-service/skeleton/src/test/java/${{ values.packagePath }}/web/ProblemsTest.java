package ${{ values.package }}.web;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;
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
import org.springframework.test.web.servlet.ResultActions;
import org.springframework.test.web.servlet.request.MockHttpServletRequestBuilder;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

@WebMvcTest(ProblemsTest.Example.class)
@Import(ProblemsTest.Example.class)
@ActiveProfiles("local")
class ProblemsTest {

    @Autowired
    private MockMvc mvc;

    @Test
    void whatWentWrongInsideIsNotTold() throws Exception {
        problem(json("[\"fail\"]"), 500).andExpect(content().string(not(containsString("password"))));
    }

    @Test
    void everyRefusalIsAProblem() throws Exception {
        problem(get("/nowhere"), 404);
        problem(get("/example"), 405);
        problem(json("[]").accept(MediaType.TEXT_PLAIN), 406);
        problem(json("[]").contentType(MediaType.TEXT_PLAIN), 415);
        problem(json("{nothing"), 400);
    }

    @Test
    void answersSayHowBrowsersTreatThem() throws Exception {
        mvc.perform(json("[]"))
                .andExpect(status().isOk())
                .andExpect(header().string("X-Content-Type-Options", "nosniff"))
                .andExpect(header().string("Cache-Control", "no-store"))
                .andExpect(header().exists("Content-Security-Policy"));
    }

    private ResultActions problem(MockHttpServletRequestBuilder request, int status) throws Exception {
        return mvc.perform(request)
                .andExpect(status().is(status))
                .andExpect(content().contentType(MediaType.APPLICATION_PROBLEM_JSON))
                .andExpect(jsonPath("$.status").value(status));
    }

    private static MockHttpServletRequestBuilder json(String body) {
        return post("/example").contentType(MediaType.APPLICATION_JSON).content(body);
    }

    @RestController
    static class Example {

        @PostMapping(
                path = "/example",
                consumes = MediaType.APPLICATION_JSON_VALUE,
                produces = MediaType.APPLICATION_JSON_VALUE)
        String[] example(@RequestBody String[] words) {
            if (words.length > 0) {
                throw new IllegalStateException("the password is 1234");
            }
            return words;
        }
    }
}
