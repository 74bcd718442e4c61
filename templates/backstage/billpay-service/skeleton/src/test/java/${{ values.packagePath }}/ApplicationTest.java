package ${{ values.package }};

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.http.HttpStatus;
import org.springframework.test.context.ActiveProfiles;

@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT, properties = "management.server.port=0")
@ActiveProfiles("local")
class ApplicationTest {

    private static final Path CONTRACT = Path.of("api/openapi.yaml");

    @Autowired
    private TestRestTemplate http;

    @LocalManagementPort
    private int managementPort;

    @Test
    void healthIsOnThePortOfItsOwn() {
        for (String probe : new String[] {"liveness", "readiness"}) {
            var answer = http.getForEntity(
                    "http://localhost:{port}/actuator/health/{probe}", String.class, managementPort, probe);
            assertThat(answer.getStatusCode()).isEqualTo(HttpStatus.OK);
        }
        assertThat(http.getForEntity("/actuator/health", String.class).getStatusCode())
                .isEqualTo(HttpStatus.NOT_FOUND);
    }

    @Test
    void theVersionIsTold() {
        JsonNode version = http.getForObject("/version", JsonNode.class);

        assertThat(version.path("service").asText()).isEqualTo("${{ values.name }}");
        assertThat(version.path("commit").asText()).isNotEmpty();
    }

    /** Others build on it. {@code -Dopenapi.update=true} writes the file when a change of the API is meant. */
    @Test
    void theApiIsTheOneThatIsPublished() throws Exception {
        String served = http.getForObject("/openapi.yaml", String.class);
        if (Boolean.getBoolean("openapi.update")) {
            Files.writeString(CONTRACT, served);
        }
        YAMLMapper yaml = new YAMLMapper();

        assertThat(yaml.readTree(served)).isEqualTo(yaml.readTree(Files.readString(CONTRACT)));
    }
}
