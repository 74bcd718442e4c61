package ${{ values.package }}.metrics;

import jakarta.annotation.PreDestroy;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;

/** Sends what was measured, at an interval and once more at the end. */
class CloudWatchPublisher {

    private static final Logger LOG = LoggerFactory.getLogger(CloudWatchPublisher.class);

    /** What CloudWatch takes in one request. */
    private static final int MOST_DATA = 1000;

    private final CloudWatchClient client;
    private final List<MetricSource> sources;

    CloudWatchPublisher(CloudWatchClient client, List<MetricSource> sources) {
        this.client = client;
        this.sources = sources;
    }

    @PreDestroy
    @Scheduled(fixedDelayString = "${metrics.cloudwatch.interval}", initialDelayString = "${metrics.cloudwatch.interval}")
    synchronized void publish() {
        for (MetricSource source : sources) {
            List<MetricDatum> data = source.drain(Instant.now());
            for (int from = 0; from < data.size(); from += MOST_DATA) {
                send(source.namespace(), data.subList(from, Math.min(from + MOST_DATA, data.size())));
            }
        }
    }

    private void send(String namespace, List<MetricDatum> data) {
        try {
            client.putMetricData(request -> request.namespace(namespace).metricData(data));
        } catch (SdkException exception) {
            // Metrics of one interval are lost; the service goes on.
            LOG.warn("metrics of {} could not be published: {}", namespace, exception.getMessage());
        }
    }
}
