package ${{ values.package }}.secrets;

import java.time.Clock;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

@Configuration(proxyBeanMethods = false)
class SecretsConfiguration {

    @Bean
    @Lazy
    SecretsManagerClient secretsManagerClient(@Value("${aws.region}") String region) {
        return SecretsManagerClient.builder()
                .region(Region.of(region))
                .overrideConfiguration(overrides -> overrides.apiCallTimeout(Duration.ofSeconds(5)))
                .build();
    }

    @Bean
    Secrets secrets(ObjectProvider<SecretsManagerClient> client, SecretsProperties properties) {
        return new SecretsManagerSecrets(client::getObject, properties, Clock.systemUTC());
    }
}
