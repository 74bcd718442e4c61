package ${{ values.package }}.pagemetrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.content;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import ${{ values.package }}.ServiceProperties;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.autoconfigure.web.servlet.WebMvcTest;
import org.springframework.context.annotation.Import;
import org.springframework.http.MediaType;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.ResultActions;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;

@WebMvcTest(PageMetricsController.class)
@Import(PageMetrics.class)
@EnableConfigurationProperties({ServiceProperties.class, PageMetricsProperties.class})
@ActiveProfiles("local")
class PageMetricsControllerTest {

    @Autowired
    private MockMvc mvc;

    @Autowired
    private PageMetrics metrics;

    @BeforeEach
    void forget() {
        metrics.drain(Instant.EPOCH);
    }

    @Test
    void whatABrowserSendsIsCounted() throws Exception {
        send("""
                {"frontend": "payment", "events": [
                  {"type": "view", "path": "/", "loadMs": 812}, {"type": "view", "path": "/bills"}, {"type": "error"}]}""")
                .andExpect(status().isNoContent());

        List<MetricDatum> data = metrics.drain(Instant.EPOCH);
        assertThat(data).extracting(MetricDatum::metricName)
                .containsExactly("PageViews", "LoadTime", "ErrorRate", "PageViews", "LoadTime", "ErrorRate");
        assertThat(data.get(0).counts()).containsExactly(2.0);
        assertThat(data.get(1).values()).containsExactly(810.0);
        assertThat(data.get(2).values()).containsExactly(0.0, 100.0);
        assertThat(data.get(2).counts()).containsExactly(1.0, 1.0);
        assertThat(data.get(0).dimensions()).hasSize(1);
        assertThat(data.get(3).dimensions()).extracting("value").containsExactly("local", "payment");
    }

    @Test
    void aFrontendThatNobodyKnowsGetsNoMetricsOfItsOwn() throws Exception {
        send("""
                {"frontend": "made-up", "events": [{"type": "view"}]}""").andExpect(status().isNoContent());

        assertThat(metrics.drain(Instant.EPOCH)).allSatisfy(datum -> assertThat(datum.dimensions()).hasSize(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{}",
                "{\"frontend\": \"payment\", \"events\": []}",
                "{\"frontend\": \"payment\", \"events\": [null]}",
                "{\"frontend\": \"payment\", \"events\": [{\"type\": \"click\"}]}",
                "{\"frontend\": \"payment\", \"events\": [{\"type\": \"view\", \"loadMs\": -1}]}",
                "{\"frontend\": \"payment\", \"events\": [{\"type\": \"view\", \"loadMs\": \"NaN\"}]}",
                "{\"frontend\": \"Payment!\", \"events\": [{\"type\": \"view\"}]}"
            })
    void whatIsNoPageMetricsIsRefused(String body) throws Exception {
        refused(body);
    }

    @Test
    void tooMuchIsRefused() throws Exception {
        String event = "{\"type\": \"view\"}";
        refused("{\"frontend\": \"payment\", \"events\": ["
                + String.join(",", Collections.nCopies(51, event)) + "]}");
        refused("{\"frontend\": \"payment\", \"events\": [" + event + "]}" + " ".repeat(16 * 1024));
    }

    private void refused(String body) throws Exception {
        send(body)
                .andExpect(status().isBadRequest())
                .andExpect(content().contentType(MediaType.APPLICATION_PROBLEM_JSON));
        assertThat(metrics.drain(Instant.EPOCH)).isEmpty();
    }

    private ResultActions send(String body) throws Exception {
        return mvc.perform(post("/page-metrics").contentType(MediaType.TEXT_PLAIN).content(body));
    }
}
