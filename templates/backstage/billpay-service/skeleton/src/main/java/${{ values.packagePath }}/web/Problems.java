package ${{ values.package }}.web;

import io.micrometer.tracing.Tracer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.MessageSourceResolvable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.validation.FieldError;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/**
 * Every error of a controller as application/problem+json (RFC 9457). What the caller can do something about is said;
 * what went wrong inside is only in the log, under the trace id that the caller gets.
 */
@RestControllerAdvice
class Problems extends ResponseEntityExceptionHandler {

    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    private final ObjectProvider<Tracer> tracer;

    Problems(ObjectProvider<Tracer> tracer) {
        this.tracer = tracer;
    }

    @ExceptionHandler
    ProblemDetail unexpected(Exception exception) {
        LOG.error("unexpected", exception);
        return traced(ProblemDetail.forStatus(HttpStatus.INTERNAL_SERVER_ERROR));
    }

    @Override
    protected ResponseEntity<Object> handleMethodArgumentNotValid(
            MethodArgumentNotValidException exception, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        List<Violation> violations = exception.getAllErrors().stream()
                .map(error -> new Violation(
                        error instanceof FieldError field ? field.getField() : error.getObjectName(),
                        error.getDefaultMessage()))
                .sorted()
                .toList();
        return invalid(exception, exception.getBody(), violations, headers, status, request);
    }

    @Override
    protected ResponseEntity<Object> handleHandlerMethodValidationException(
            HandlerMethodValidationException exception, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        List<Violation> violations = exception.getParameterValidationResults().stream()
                .flatMap(result -> result.getResolvableErrors().stream()
                        .map(error -> violation(result.getMethodParameter().getParameterName(), error)))
                .sorted()
                .toList();
        return invalid(exception, exception.getBody(), violations, headers, status, request);
    }

    private ResponseEntity<Object> invalid(
            Exception exception,
            ProblemDetail problem,
            List<Violation> violations,
            HttpHeaders headers,
            HttpStatusCode status,
            WebRequest request) {
        problem.setProperty("errors", violations);
        return handleExceptionInternal(exception, problem, headers, status, request);
    }

    /** An error of a parameter, or of a field of the body where both are checked at once. */
    private static Violation violation(String parameter, MessageSourceResolvable error) {
        String name = error instanceof FieldError field ? field.getField() : parameter;
        return new Violation(name, error.getDefaultMessage());
    }

    @Override
    protected ResponseEntity<Object> createResponseEntity(
            Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        if (body instanceof ProblemDetail problem && status.is5xxServerError()) {
            traced(problem);
        }
        return super.createResponseEntity(body, headers, status, request);
    }

    private ProblemDetail traced(ProblemDetail problem) {
        tracer.ifAvailable(tracer -> {
            if (tracer.currentSpan() != null) {
                problem.setProperty("traceId", tracer.currentSpan().context().traceId());
            }
        });
        return problem;
    }

    record Violation(String field, String message) implements Comparable<Violation> {

        @Override
        public int compareTo(Violation other) {
            return (field + message).compareTo(other.field + other.message);
        }
    }
}
