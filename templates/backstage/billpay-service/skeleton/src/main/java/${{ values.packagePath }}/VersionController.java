package ${{ values.package }};

import io.swagger.v3.oas.annotations.tags.Tag;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.info.BuildProperties;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Which version runs: deployments wait until it is theirs. */
@RestController
@Tag(name = "version")
class VersionController {

    private final Version version;

    VersionController(ServiceProperties service, ObjectProvider<BuildProperties> builds) {
        // There is none when an editor compiled the classes.
        BuildProperties build = builds.getIfAvailable();
        this.version = build == null
                ? new Version(service.name(), "unknown", "unknown")
                : new Version(service.name(), build.getVersion(), build.get("commit"));
    }

    @GetMapping(path = "/version", produces = MediaType.APPLICATION_JSON_VALUE)
    Version version() {
        return version;
    }

    record Version(String service, String version, String commit) {}
}
