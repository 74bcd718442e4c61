package ${{ values.package }}.metrics;

import ${{ values.package }}.ServiceProperties;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.http.server.observation.ServerRequestObservationContext;
import org.springframework.stereotype.Component;
import software.amazon.awssdk.services.cloudwatch.model.Dimension;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

/** Requests, their times and the share that failed, as Micrometer observes them. */
@Component
class RequestMetrics implements ObservationHandler<ServerRequestObservationContext>, MetricSource {

    private final Samples requests = new Samples("RequestCount", StandardUnit.COUNT);
    private final Samples times = new Samples("ResponseTime", StandardUnit.MILLISECONDS);
    /** 0 or 100 for each request: the average is the percentage. */
    private final Samples errors = new Samples("ErrorRate", StandardUnit.PERCENT);

    private final List<List<Dimension>> dimensions;

    RequestMetrics(ServiceProperties service) {
        Dimension environment = Samples.dimension("Environment", service.environment());
        this.dimensions =
                List.of(List.of(environment), List.of(environment, Samples.dimension("Service", service.name())));
    }

    @Override
    public boolean supportsContext(Observation.Context context) {
        return context instanceof ServerRequestObservationContext;
    }

    @Override
    public void onStart(ServerRequestObservationContext context) {
        context.put(RequestMetrics.class, System.nanoTime());
    }

    @Override
    public void onStop(ServerRequestObservationContext context) {
        Long start = context.get(RequestMetrics.class);
        // Probes come all the time, and are no business of the alarms.
        boolean probe = context.getCarrier().getRequestURI().startsWith("/actuator/");
        if (start == null || context.getResponse() == null || probe) {
            return;
        }
        record(Duration.ofNanos(System.nanoTime() - start), context.getResponse().getStatus() >= 500);
    }

    void record(Duration time, boolean failed) {
        requests.add(1, 1);
        times.add(Math.max(1, time.toMillis()), 1);
        errors.add(failed ? 100 : 0, 1);
    }

    @Override
    public String namespace() {
        return "BillPay/Backend";
    }

    @Override
    public List<MetricDatum> drain(Instant at) {
        return Stream.of(requests, times, errors)
                .flatMap(samples -> samples.drain(at, dimensions).stream())
                .toList();
    }
}
