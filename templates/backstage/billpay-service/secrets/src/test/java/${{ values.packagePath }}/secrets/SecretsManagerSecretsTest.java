package ${{ values.package }}.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueRequest;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;

class SecretsManagerSecretsTest {

    private final Time time = new Time();
    private final Manager manager = new Manager();
    private final Secrets secrets = new SecretsManagerSecrets(
            () -> manager,
            new SecretsProperties(Duration.ofMinutes(5), Map.of("billpay/api/keys", "billpay/api/keys-dev")),
            time);

    @Test
    void aSecretIsAskedForByItsNameInTheEnvironmentAndKept() {
        assertThat(secrets.get("billpay/api/keys")).isEqualTo("billpay/api/keys-dev 1");
        assertThat(secrets.get("billpay/api/keys")).isEqualTo("billpay/api/keys-dev 1");
    }

    @Test
    void aRotatedSecretArrives() {
        secrets.get("billpay/api/keys");
        time.now = time.now.plus(Duration.ofMinutes(6));

        assertThat(secrets.get("billpay/api/keys")).isEqualTo("billpay/api/keys-dev 2");
    }

    @Test
    void theKnownValueServesWhileTheManagerIsAway() {
        secrets.get("billpay/api/keys");
        time.now = time.now.plus(Duration.ofMinutes(6));
        manager.away = true;

        assertThat(secrets.get("billpay/api/keys")).isEqualTo("billpay/api/keys-dev 1");
    }

    @Test
    void aSecretThatTheServiceDoesNotHaveIsNamed() {
        assertThatThrownBy(() -> secrets.get("billpay/other")).hasMessageContaining("billpay/other");
    }

    private static final class Manager implements SecretsManagerClient {

        private int calls;
        private boolean away;

        @Override
        public GetSecretValueResponse getSecretValue(Consumer<GetSecretValueRequest.Builder> fill) {
            if (away) {
                throw SdkClientException.create("away");
            }
            GetSecretValueRequest request = GetSecretValueRequest.builder().applyMutation(fill).build();
            calls++;
            return GetSecretValueResponse.builder().secretString(request.secretId() + " " + calls).build();
        }

        @Override
        public String serviceName() {
            return "secretsmanager";
        }

        @Override
        public void close() {}
    }

    private static final class Time extends Clock {

        private Instant now = Instant.EPOCH;

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
