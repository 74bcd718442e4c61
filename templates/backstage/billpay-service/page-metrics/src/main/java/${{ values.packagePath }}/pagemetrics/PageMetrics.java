package ${{ values.package }}.pagemetrics;

import ${{ values.package }}.ServiceProperties;
import ${{ values.package }}.metrics.MetricSource;
import ${{ values.package }}.metrics.Samples;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;
import software.amazon.awssdk.services.cloudwatch.model.Dimension;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

/** Page views, load times and the share of views that went wrong: of all frontends together, and of each known one. */
@Component
class PageMetrics implements MetricSource {

    private final Dimension environment;
    private final Pages all = new Pages();
    private final Map<String, Pages> known = new HashMap<>();

    PageMetrics(ServiceProperties service, PageMetricsProperties properties) {
        this.environment = Samples.dimension("Environment", service.environment());
        properties.frontends().forEach(frontend -> known.put(frontend, new Pages()));
    }

    void record(PageEvents events) {
        all.record(events.events());
        Pages pages = known.get(events.frontend());
        if (pages != null) {
            pages.record(events.events());
        }
    }

    @Override
    public String namespace() {
        return "BillPay/Frontend";
    }

    @Override
    public List<MetricDatum> drain(Instant at) {
        List<MetricDatum> data = new ArrayList<>(all.drain(at, List.of(environment)));
        known.forEach((frontend, pages) ->
                data.addAll(pages.drain(at, List.of(environment, Samples.dimension("Frontend", frontend)))));
        return data;
    }

    private static final class Pages {

        private final Samples loads = new Samples("LoadTime", StandardUnit.MILLISECONDS);
        private long views;
        private long errors;

        synchronized void record(List<PageEvents.Event> events) {
            for (PageEvents.Event event : events) {
                if (event.type() == PageEvents.Type.ERROR) {
                    errors++;
                    continue;
                }
                views++;
                if (event.loadMs() != null) {
                    loads.add(Math.round(event.loadMs()), 1);
                }
            }
        }

        synchronized List<MetricDatum> drain(Instant at, List<Dimension> dimensions) {
            Samples shown = new Samples("PageViews", StandardUnit.COUNT);
            shown.add(1, views);
            // 0 or 100 for each view: the average is the percentage.
            Samples failed = new Samples("ErrorRate", StandardUnit.PERCENT);
            failed.add(100, errors);
            failed.add(0, Math.max(0, views - errors));
            views = 0;
            errors = 0;

            List<MetricDatum> data = new ArrayList<>();
            for (Samples samples : List.of(shown, loads, failed)) {
                data.addAll(samples.drain(at, List.of(dimensions)));
            }
            return data;
        }
    }
}
