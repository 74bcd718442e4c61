package ${{ values.package }};

import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.servers.Server;
import java.util.List;
import org.springdoc.core.customizers.OperationCustomizer;
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
        Schema<?> problem = new ObjectSchema()
                .description("As in RFC 9457")
                .addProperty("type", new StringSchema().format("uri-reference"))
                .addProperty("title", new StringSchema())
                .addProperty("status", new IntegerSchema())
                .addProperty("detail", new StringSchema())
                .addProperty("instance", new StringSchema().format("uri-reference"));
        return new OpenAPI()
                .info(info)
                .servers(List.of(new Server().url(path.isEmpty() ? "/" : path)))
                .components(new Components().addSchemas("Problem", problem));
    }

    /** Whatever goes wrong is told in the same way. */
    @Bean
    OperationCustomizer problemResponse() {
        Schema<?> problem = new Schema<>().$ref("#/components/schemas/Problem");
        Content content = new Content().addMediaType("application/problem+json", new MediaType().schema(problem));
        ApiResponse response = new ApiResponse().description("A problem").content(content);
        return (operation, method) -> {
            operation.getResponses().addApiResponse("default", response);
            return operation;
        };
    }
}
