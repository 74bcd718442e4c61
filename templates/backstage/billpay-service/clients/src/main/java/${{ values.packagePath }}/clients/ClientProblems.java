package ${{ values.package }}.clients;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import java.net.http.HttpTimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClientException;

/** A needed service that fails is not this one's failure: callers see a gateway's errors, and which one is in the log. */
@RestControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
class ClientProblems {

    private static final Logger LOG = LoggerFactory.getLogger(ClientProblems.class);

    @ExceptionHandler
    ProblemDetail failed(RestClientException exception) {
        LOG.warn("a needed service failed: {}", exception.getMessage());
        boolean late = exception instanceof ResourceAccessException
                && exception.getCause() instanceof HttpTimeoutException;
        return ProblemDetail.forStatus(late ? HttpStatus.GATEWAY_TIMEOUT : HttpStatus.BAD_GATEWAY);
    }

    @ExceptionHandler
    ProblemDetail notCalled(CallNotPermittedException exception) {
        LOG.warn("a needed service is not called for now: {}", exception.getMessage());
        return ProblemDetail.forStatus(HttpStatus.SERVICE_UNAVAILABLE);
    }
}
