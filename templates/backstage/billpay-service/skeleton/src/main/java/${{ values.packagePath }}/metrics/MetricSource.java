package ${{ values.package }}.metrics;

import java.time.Instant;
import java.util.List;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;

/** Something that is measured and published, in a namespace of CloudWatch. */
public interface MetricSource {

    String namespace();

    /** What was measured since the last call; nothing when nothing happened. */
    List<MetricDatum> drain(Instant at);
}
