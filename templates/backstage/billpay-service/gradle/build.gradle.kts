import org.springframework.boot.gradle.plugin.SpringBootPlugin

plugins {
    java
    id("org.springframework.boot") version "3.5.9"
}

group = "${{ values.package }}"
version = "0.1.0"

java {
    toolchain {
        languageVersion = JavaLanguageVersion.of(17)
    }
}

repositories {
    mavenCentral()
}

dependencies {
    implementation(platform(SpringBootPlugin.BOM_COORDINATES))
    implementation(platform("software.amazon.awssdk:bom:2.50.2"))

    implementation("org.springframework.boot:spring-boot-starter-web")
    implementation("org.springframework.boot:spring-boot-starter-validation")
    implementation("org.springframework.boot:spring-boot-starter-actuator")
    implementation("org.springdoc:springdoc-openapi-starter-webmvc-api:2.8.17")
    implementation("io.micrometer:micrometer-tracing-bridge-otel")
    implementation("software.amazon.awssdk:cloudwatch")
{%- if values.secrets.length %}
    implementation("software.amazon.awssdk:secretsmanager")
{%- endif %}
{%- if values.needs.length %}
    implementation("io.github.resilience4j:resilience4j-circuitbreaker:2.4.0")
    implementation("io.github.resilience4j:resilience4j-retry:2.4.0")
{%- endif %}

    runtimeOnly("io.micrometer:micrometer-registry-prometheus")
    runtimeOnly("io.opentelemetry:opentelemetry-exporter-otlp")

    testImplementation("org.springframework.boot:spring-boot-starter-test")
    testRuntimeOnly("org.junit.platform:junit-platform-launcher")
}

configurations.all {
    // The service calls AWS synchronously.
    exclude(group = "software.amazon.awssdk", module = "netty-nio-client")
}

springBoot {
    buildInfo {
        // The same sources make the same bytes.
        excludes = setOf("time")
        properties {
            additional = mapOf("commit" to providers.environmentVariable("GIT_COMMIT").getOrElse("unknown"))
        }
    }
}

tasks.withType<JavaCompile>().configureEach {
    options.encoding = "UTF-8"
    options.compilerArgs.addAll(listOf("-parameters", "-Xlint:all,-classfile,-path,-processing,-serial", "-Werror"))
}

tasks.withType<AbstractArchiveTask>().configureEach {
    isPreserveFileTimestamps = false
    isReproducibleFileOrder = true
}

tasks.jar {
    enabled = false
}

tasks.bootJar {
    archiveFileName = "app.jar"
}

tasks.bootRun {
    systemProperty("spring.profiles.active", "local")
}

tasks.test {
    useJUnitPlatform()
    systemProperty("openapi.update", providers.systemProperty("openapi.update").getOrElse("false"))
}
