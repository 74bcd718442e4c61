package ${{ values.package }}.metrics;

import java.time.Duration;
import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;

@Configuration(proxyBeanMethods = false)
@EnableScheduling
@ConditionalOnBooleanProperty("metrics.cloudwatch.enabled")
@ConditionalOnExpression("'${aws.region}' != ''")
class CloudWatchConfiguration {

    @Bean
    CloudWatchClient cloudWatchClient(@Value("${aws.region}") String region) {
        // The end of the service waits for the last metrics, but not for long.
        return CloudWatchClient.builder()
                .region(Region.of(region))
                .overrideConfiguration(overrides -> overrides.apiCallTimeout(Duration.ofSeconds(5)))
                .build();
    }

    @Bean
    CloudWatchPublisher cloudWatchPublisher(CloudWatchClient client, List<MetricSource> sources) {
        return new CloudWatchPublisher(client, sources);
    }
}
