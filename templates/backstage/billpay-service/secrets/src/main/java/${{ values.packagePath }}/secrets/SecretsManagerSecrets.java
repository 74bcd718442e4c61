package ${{ values.package }}.secrets;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/** From AWS Secrets Manager, with the role of the pod: asked for when first needed, and kept for a while. */
class SecretsManagerSecrets implements Secrets {

    private static final Logger LOG = LoggerFactory.getLogger(SecretsManagerSecrets.class);

    private final Supplier<SecretsManagerClient> client;
    private final Map<String, String> names;
    private final Duration refresh;
    private final Clock clock;
    private final Map<String, Value> values = new ConcurrentHashMap<>();

    SecretsManagerSecrets(Supplier<SecretsManagerClient> client, SecretsProperties properties, Clock clock) {
        this.client = client;
        this.names = Map.copyOf(properties.names());
        this.refresh = properties.refresh();
        this.clock = clock;
    }

    @Override
    public String get(String name) {
        String id = names.get(name);
        if (id == null) {
            throw new IllegalArgumentException(name + " is not in secrets.names");
        }
        return values.compute(name, (key, value) -> current(id, value)).text();
    }

    private Value current(String id, Value known) {
        Instant now = clock.instant();
        if (known != null && now.isBefore(known.until())) {
            return known;
        }
        try {
            String text = client.get().getSecretValue(request -> request.secretId(id)).secretString();
            return new Value(text, now.plus(refresh));
        } catch (SdkException exception) {
            if (known == null) {
                throw exception;
            }
            LOG.warn("the secret {} could not be asked for again, the known value stays: {}", id, exception.getMessage());
            return new Value(known.text(), now.plus(refresh));
        }
    }

    private record Value(String text, Instant until) {

        @Override
        public String toString() {
            return "a secret until " + until;
        }
    }
}
