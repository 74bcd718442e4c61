package ${{ values.package }}.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.web.client.HttpServerErrorException;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;

class ClientsTest {

    private final AtomicInteger calls = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private HttpServer server;
    private RestClient client;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/passing", exchange -> {
            exchange.sendResponseHeaders(calls.incrementAndGet() < 3 ? 503 : 204, -1);
            exchange.close();
        });
        server.createContext("/broken", exchange -> {
            calls.incrementAndGet();
            exchange.sendResponseHeaders(500, -1);
            exchange.close();
        });
        server.createContext("/silent", exchange -> {
            calls.incrementAndGet();
            await();
        });
        server.start();
        String url = "http://localhost:" + server.getAddress().getPort();
        var properties = new ClientsProperties(
                Duration.ofSeconds(1), Duration.ofMillis(200), 3, Duration.ofMillis(1), Map.of("example", url));
        client = new Clients(properties, RestClient.builder()).of("example");
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
    }

    @Test
    void whatPassesIsAskedForAgain() {
        client.get().uri("/passing").retrieve().toBodilessEntity();

        assertThat(calls).hasValue(3);
    }

    @Test
    void whatMayHaveHappenedIsNotDoneAgain() {
        assertThatThrownBy(() -> client.post().uri("/passing").retrieve().toBodilessEntity())
                .isInstanceOf(HttpServerErrorException.ServiceUnavailable.class);

        assertThat(calls).hasValue(1);
    }

    @Test
    void withAKeyItIsDoneOnceHoweverOftenItIsAskedFor() {
        client.post().uri("/passing").header("Idempotency-Key", "key-0001").retrieve().toBodilessEntity();

        assertThat(calls).hasValue(3);
    }

    @Test
    void aSilentServiceIsNotWaitedForForever() {
        assertThatThrownBy(() -> client.get().uri("/silent").retrieve().toBodilessEntity())
                .isInstanceOf(ResourceAccessException.class);

        assertThat(calls).hasValue(3);
    }

    @Test
    void aServiceThatOnlyFailsIsLeftAlone() {
        for (int call = 0; call < 100; call++) {
            assertThatThrownBy(() -> client.get().uri("/broken").retrieve().toBodilessEntity())
                    .isInstanceOf(HttpServerErrorException.class);
        }
        assertThatThrownBy(() -> client.get().uri("/broken").retrieve().toBodilessEntity())
                .isInstanceOf(CallNotPermittedException.class);

        assertThat(calls).hasValue(100);
    }

    private void await() {
        try {
            over.await();
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
        }
    }
}
