package ${{ values.package }};

import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.servers.Server;
import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the API's description says beside the endpoints; api/openapi.yaml is the whole, and a test compares them. */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {

    @Bean
    OpenAPI openApi(@Value("${server.servlet.context-path}") String path) {
        Info info = new Info()
                .title("${{ values.name }}")
                .description(${{ values.description | dump }})
                .version("1");
        return new OpenAPI().info(info).servers(List.of(new Server().url(path.isEmpty() ? "/" : path)));
    }
}
