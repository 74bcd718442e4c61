package ${{ values.package }}.clients;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.core.functions.CheckedSupplier;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;

/**
 * Repeats calls that may be repeated, with growing, spread pauses, and stops calling a service that only fails. A POST may
 * be repeated when it carries an Idempotency-Key.
 */
final class Resilience implements ClientHttpRequestInterceptor {

    private static final Set<HttpMethod> REPEATABLE =
            Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.PUT, HttpMethod.DELETE);

    /** Too many requests, and a server or what is in front of it being away for a moment. */
    private static final Set<Integer> PASSING = Set.of(429, 502, 503, 504);

    private final Retry retry;
    private final CircuitBreaker breaker;

    Resilience(String service, ClientsProperties properties) {
        this.retry = Retry.of(service, RetryConfig.<ClientHttpResponse>custom()
                .maxAttempts(properties.attempts())
                .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(properties.backoff(), 2.0, 0.5))
                .retryOnException(IOException.class::isInstance)
                .retryOnResult(response -> PASSING.contains(status(response)))
                .consumeResultBeforeRetryAttempt((attempt, response) -> response.close())
                .build());
        this.breaker = CircuitBreaker.of(service, CircuitBreakerConfig.<ClientHttpResponse>custom()
                .recordException(IOException.class::isInstance)
                .recordResult(response -> status((ClientHttpResponse) response) >= 500)
                .build());
    }

    @Override
    public ClientHttpResponse intercept(HttpRequest request, byte[] body, ClientHttpRequestExecution execution)
            throws IOException {
        CheckedSupplier<ClientHttpResponse> call =
                breaker.decorateCheckedSupplier(() -> execution.execute(request, body));
        if (repeatable(request)) {
            call = Retry.decorateCheckedSupplier(retry, call);
        }
        try {
            return call.get();
        } catch (IOException | RuntimeException | Error exception) {
            throw exception;
        } catch (Throwable other) {
            throw new IllegalStateException(other);
        }
    }

    private static boolean repeatable(HttpRequest request) {
        return REPEATABLE.contains(request.getMethod()) || request.getHeaders().containsKey("Idempotency-Key");
    }

    private static int status(ClientHttpResponse response) {
        try {
            return response.getStatusCode().value();
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }
}
