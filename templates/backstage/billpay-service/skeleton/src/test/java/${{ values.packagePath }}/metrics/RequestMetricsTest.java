package ${{ values.package }}.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import ${{ values.package }}.ServiceProperties;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.cloudwatch.model.Dimension;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

class RequestMetricsTest {

    private final RequestMetrics metrics =
            new RequestMetrics(new ServiceProperties("billpay", "dev", "${{ values.name }}"));

    @Test
    void withoutRequestsNothingIsPublished() {
        assertThat(metrics.drain(Instant.EPOCH)).isEmpty();
    }

    @Test
    void theAlarmsFindTheirMetricsByTheEnvironmentAlone() {
        metrics.record(Duration.ofMillis(20), false);
        metrics.record(Duration.ofMillis(20), false);
        metrics.record(Duration.ofMillis(1234), true);

        List<MetricDatum> data = metrics.drain(Instant.EPOCH);

        assertThat(metrics.namespace()).isEqualTo("BillPay/Backend");
        MetricDatum count = datum(data, "RequestCount");
        assertThat(count.unit()).isEqualTo(StandardUnit.COUNT);
        assertThat(count.values()).containsExactly(1.0);
        assertThat(count.counts()).containsExactly(3.0);
        MetricDatum time = datum(data, "ResponseTime");
        assertThat(time.unit()).isEqualTo(StandardUnit.MILLISECONDS);
        assertThat(time.values()).containsExactly(20.0, 1200.0);
        assertThat(time.counts()).containsExactly(2.0, 1.0);
        MetricDatum errors = datum(data, "ErrorRate");
        assertThat(errors.unit()).isEqualTo(StandardUnit.PERCENT);
        assertThat(errors.values()).containsExactly(0.0, 100.0);
        assertThat(errors.counts()).containsExactly(2.0, 1.0);
    }

    @Test
    void theServiceHasTheSameMetricsByItself() {
        metrics.record(Duration.ofMillis(20), false);

        assertThat(metrics.drain(Instant.EPOCH)).hasSize(6).filteredOn(datum -> datum.dimensions().size() == 2)
                .allSatisfy(datum -> assertThat(datum.dimensions())
                        .containsExactly(dimension("Environment", "dev"), dimension("Service", "${{ values.name }}")));
    }

    @Test
    void whatWasPublishedIsNotPublishedAgain() {
        metrics.record(Duration.ofMillis(20), false);
        metrics.drain(Instant.EPOCH);

        assertThat(metrics.drain(Instant.EPOCH)).isEmpty();
    }

    private static MetricDatum datum(List<MetricDatum> data, String name) {
        return data.stream()
                .filter(datum -> datum.metricName().equals(name))
                .filter(datum -> datum.dimensions().equals(List.of(dimension("Environment", "dev"))))
                .findFirst()
                .orElseThrow();
    }

    private static Dimension dimension(String name, String value) {
        return Dimension.builder().name(name).value(value).build();
    }
}
