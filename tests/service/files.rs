//! The files of a project, without building it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use crate::project::{make, texts};
use billpay_testkit::install;

/// Files of every service, beside its Java sources.
const EVERY: &[&str] = &[
    ".dockerignore",
    ".editorconfig",
    ".github/CODEOWNERS",
    ".gitignore",
    ".tool-versions",
    "Dockerfile",
    "README.md",
    "api/openapi.yaml",
    "catalog-info.yaml",
    "deploy/values.yaml",
    "docs/index.md",
    "docs/operations.md",
    "mkdocs.yml",
    "src/main/resources/application-local.yaml",
    "src/main/resources/application.yaml",
];

#[test]
fn each_build_has_its_files_and_none_of_the_other() {
    let gradle: &[&str] = &["build.gradle.kts", "gradle.properties", "settings.gradle.kts"];
    for (answers, own, others) in [("gradle", gradle, &["pom.xml"][..]), ("smallest", &["pom.xml"], gradle)] {
        let texts = texts(answers, &[]);
        for path in EVERY.iter().chain(own) {
            assert!(texts.get(*path).is_some_and(|text| !text.trim().is_empty()), "{answers}: {path}");
        }
        for path in others {
            assert!(!texts.contains_key(*path), "{answers}: {path} is of the other build");
        }
    }
}

#[test]
fn the_java_sources_do_not_depend_on_the_build() {
    let sources = |build: &str| {
        let mut texts = texts("everything", &["--set", build]);
        texts.retain(|path, _| path.starts_with("src/") || path.starts_with("api/"));
        texts
    };
    assert_eq!(sources("build=gradle"), sources("build=maven"));
}

#[test]
fn what_was_not_asked_for_is_not_there() {
    let smallest = texts("smallest", &[]);
    for word in ["clients", "secrets", "pagemetrics"] {
        let found = smallest.keys().find(|path| path.contains(&format!("/{word}/")));
        assert_eq!(found, None);
    }
    let all = texts("everything", &[]);
    for word in ["clients", "secrets", "pagemetrics"] {
        for kind in ["main", "test"] {
            let folder = format!("src/{kind}/java/com/billpay/invoices_v2/{word}/");
            assert!(all.keys().any(|path| path.starts_with(&folder)), "{folder}");
        }
    }
}

#[test]
fn the_two_builds_have_the_same_dependencies() {
    for more in [
        &[][..],
        &["--set", "needs=[]"],
        &["--set", "secrets=[]"],
        &["--set", "needs=[]", "--set", "secrets=[]"],
    ] {
        let with = |build: &'static str| texts("everything", &[more, &["--set", build]].concat());
        let (gradle, maven) = (with("build=gradle"), with("build=maven"));
        assert_eq!(of_gradle(&gradle["build.gradle.kts"]), of_maven(&maven["pom.xml"]), "{more:?}");
    }
}

/// Each dependency with its version, if it has one, and where it is seen; the version of Spring Boot as `boot`.
fn of_gradle(text: &str) -> BTreeSet<String> {
    let all = |pattern: &str| -> Vec<(String, String)> {
        let pattern = Regex::new(pattern).expect("a pattern");
        let of = |found: regex::Captures<'_>| (found[1].to_string(), found[2].to_string());
        pattern.captures_iter(text).map(of).collect()
    };
    let mut set = BTreeSet::new();
    for (scope, name) in all(r#"(?m)^    (\w+(?:mplementation|Only))\((?:platform\()?"([^"]+)"\)"#) {
        // Surefire brings the launcher along.
        if !name.starts_with("org.junit.platform:") {
            set.insert(format!("{scope} {name}"));
        }
    }
    for (name, version) in all(r#"id\("(org\.springframework\.boot)"\) version "([^"]+)""#) {
        set.insert(format!("{name} {version}"));
    }
    for (name, version) in all(r#"(languageVersion) = JavaLanguageVersion\.of\((\d+)\)"#) {
        set.insert(format!("{name} {version}"));
    }
    for (group, module) in all(r#"exclude\(group = "([^"]+)", module = "([^"]+)"\)"#) {
        set.insert(format!("without {group}:{module}"));
    }
    set
}

fn of_maven(text: &str) -> BTreeSet<String> {
    let one = |text: &str, tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once('<')?.0.to_string())
    };
    let mut set = BTreeSet::new();
    for dependency in text.split("<dependency>").skip(1) {
        let dependency = dependency.split("</dependency>").next().expect("an end");
        let name = ["groupId", "artifactId", "version"].map(|tag| one(dependency, tag));
        let name = name.into_iter().flatten().collect::<Vec<_>>().join(":");
        let scope = match one(dependency, "scope").as_deref() {
            Some("runtime") => "runtimeOnly",
            Some("test") => "testImplementation",
            _ => "implementation",
        };
        set.insert(format!("{scope} {name}"));
        for exclusion in dependency.split("<exclusion>").skip(1) {
            let [group, module] = ["groupId", "artifactId"].map(|tag| one(exclusion, tag).expect("a name"));
            set.insert(format!("without {group}:{module}"));
        }
    }
    let parent = text.split("<parent>").nth(1).expect("a parent");
    set.insert(format!("org.springframework.boot {}", one(parent, "version").expect("a version")));
    set.insert(format!("languageVersion {}", one(text, "java.version").expect("a version of Java")));
    set
}

#[test]
fn the_image_is_built_by_the_pinned_program() {
    for (answers, program) in [("gradle", "gradle"), ("smallest", "maven")] {
        let texts = texts(answers, &[]);
        let pinned =
            texts[".tool-versions"].lines().find_map(|line| line.strip_prefix(&format!("{program} ")));
        let image = format!("FROM {program}:{}-", pinned.expect("a version"));
        assert!(texts["Dockerfile"].contains(&image), "{image} is not in:\n{}", texts["Dockerfile"]);
    }
}

#[test]
fn any_description_arrives_as_it_was_given() {
    let given: Value = yaml(&fs::read_to_string(crate::project::answers("everything")).expect("answers"));
    let description = &given["description"];
    let texts = texts("everything", &[]);
    assert_eq!(&yaml(&texts["mkdocs.yml"])["site_description"], description);
    assert_eq!(&yaml(&texts["api/openapi.yaml"])["info"]["description"], description);
    for entity in texts["catalog-info.yaml"].split("---\n") {
        assert_eq!(&yaml(entity)["metadata"]["description"], description);
    }
    assert!(!texts["README.md"].contains("<b>"), "a description is no HTML: {}", texts["README.md"]);
}

#[test]
fn the_entry_for_the_environments_says_what_was_answered() {
    let texts = texts("everything", &[]);
    let entry = yaml(&texts["platform/environments/services/invoice-service.yaml"]);
    let expected = serde_json::json!({
        "replicas": 3, "max_replicas": 9, "cpu": "1000m", "memory": "512Mi",
        "needs": ["backend-api", "payment-service"], "path": "/invoicing/v1", "port": 8081,
        "secrets": ["billpay/database/credentials", "billpay/jwt/secret"], "repository": "invoices.java",
        "repository_id": "1296269",
    });
    assert_eq!(entry, expected);
    let values = yaml(&texts["deploy/values.yaml"]);
    assert_eq!(values["service"], "invoice-service");
    assert_eq!(values["management_port"], 8082, "the port is 8081 already");
    assert_eq!(texts[".github/CODEOWNERS"], "* @BillPay-Inc/payments\n");
}

#[test]
fn billpay_takes_the_entry_and_the_values() {
    let folder = TempDir::new().expect("a folder");
    let project = folder.path().join("project");
    make("everything", &[], &project);
    let environments = folder.path().join("environments");
    fs::create_dir(&environments).expect("a folder");
    for file in ["shared.yaml", "dev.yaml"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("environments").join(file);
        fs::copy(from, environments.join(file)).expect("a spec");
    }
    // GitHub names a repository by two ids, and the organization's is the platform's to say.
    let dev = environments.join("dev.yaml");
    let spec = fs::read_to_string(&dev).expect("a spec") + "github: { organization_id: \"9919\" }\n";
    fs::write(&dev, spec).expect("a spec");
    let copy = ["-R", "project/platform/environments/.", "environments/"];
    install::run(Command::new("cp").args(copy).current_dir(folder.path()));
    let billpay = |args: &[&str]| {
        install::run(Command::new(env!("CARGO_BIN_EXE_billpay")).args(args).current_dir(folder.path()))
    };
    let config = billpay(&["config", "--env", "dev"]);
    assert!(config.contains("path: /invoicing/v1"), "{config}");

    let image = format!("invoice-service=registry.example/invoices@sha256:{}", "1".repeat(64));
    let values = "project/deploy/values.yaml";
    let service = ["--service", "invoice-service", "--values", values, "--image", &image];
    billpay(&[&["scaffold", "kubernetes", "--env", "dev", "--out", "made"], &service[..]].concat());
    let deployment = fs::read_to_string(folder.path().join("made/dev/invoice-service/deployment.yaml"));
    let deployment = deployment.expect("a deployment");
    for (name, value) in crate::running::environment() {
        let given = format!("- name: {name}\n              value: {value}\n");
        assert!(deployment.contains(&given), "the service needs {given}, and gets:\n{deployment}");
    }
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}
