package ${{ values.package }}.metrics;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.cloudwatch.model.Dimension;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

/**
 * The values of one metric since they were last taken, and how often each came. CloudWatch gets them as they are, not an
 * average of averages: its averages and percentiles are right over all replicas.
 */
public final class Samples {

    /** What CloudWatch takes in one datum. */
    private static final int MOST_VALUES = 150;

    private static final MathContext TWO_DIGITS = new MathContext(2);

    private final String name;
    private final StandardUnit unit;
    private Map<Double, Long> counts = new TreeMap<>();

    public Samples(String name, StandardUnit unit) {
        this.name = name;
        this.unit = unit;
    }

    /** Adds a value that came {@code times} times; two digits of it are kept, so that few different ones remain. */
    public synchronized void add(double value, long times) {
        if (times > 0) {
            counts.merge(new BigDecimal(value).round(TWO_DIGITS).doubleValue(), times, Long::sum);
        }
    }

    /** Takes the values out, once for each list of dimensions. Without values, there is nothing. */
    public List<MetricDatum> drain(Instant at, List<List<Dimension>> dimensions) {
        List<Map.Entry<Double, Long>> taken;
        synchronized (this) {
            taken = List.copyOf(counts.entrySet());
            counts = new TreeMap<>();
        }
        List<MetricDatum> data = new ArrayList<>();
        for (int from = 0; from < taken.size(); from += MOST_VALUES) {
            var part = taken.subList(from, Math.min(from + MOST_VALUES, taken.size()));
            for (List<Dimension> each : dimensions) {
                data.add(MetricDatum.builder()
                        .metricName(name)
                        .unit(unit)
                        .timestamp(at)
                        .dimensions(each)
                        .values(part.stream().map(Map.Entry::getKey).toList())
                        .counts(part.stream().map(entry -> entry.getValue().doubleValue()).toList())
                        .build());
            }
        }
        return data;
    }

    public static Dimension dimension(String name, String value) {
        return Dimension.builder().name(name).value(value).build();
    }
}
