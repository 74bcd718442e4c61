package ${{ values.package }}.clients;

import java.net.http.HttpClient;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.ClientHttpRequestFactorySettings;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;

/** A client for each service that this one needs, with timeouts, repetition and a circuit breaker. */
@Component
public class Clients {

    private final Map<String, RestClient> clients;

    Clients(ClientsProperties properties, RestClient.Builder builder) {
        var requests = ClientHttpRequestFactoryBuilder.jdk()
                .withHttpClientCustomizer(client -> client.version(HttpClient.Version.HTTP_1_1))
                .build(ClientHttpRequestFactorySettings.defaults()
                        .withConnectTimeout(properties.connectTimeout())
                        .withReadTimeout(properties.readTimeout()));
        this.clients = properties.urls().entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, need -> builder.clone()
                        .baseUrl(need.getValue())
                        .requestFactory(requests)
                        .requestInterceptor(new Resilience(need.getKey(), properties))
                        .build()));
    }

    /** The client of a service that is in {@code clients.urls}. */
    public RestClient of(String service) {
        RestClient client = clients.get(service);
        if (client == null) {
            throw new IllegalArgumentException(service + " is not in clients.urls");
        }
        return client;
    }
}
