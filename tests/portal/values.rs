//! Any text in a spec comes out of the YAML files as it went in, and is never more than a text.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::environment::{Dns, Environment};
use billpay_portal::catalog::{Catalog, catalog};
use proptest::prelude::*;
use serde_json::Value;

use super::{documents, environments, files};

/// Texts that want out of their quotes, and any others.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "\"",
        "'",
        "\\",
        "\n",
        "\r\n",
        "\t",
        ": ",
        " #",
        "- ",
        "---\n",
        "...\n",
        "${HOME}",
        "$${",
        "${",
        "}",
        "{{ x }}",
        "{% raw %}",
        "&a",
        "*a",
        "!!python/object",
        "!x",
        "|",
        ">",
        "%YAML",
        "@",
        "`",
        "[",
        "]",
        ",",
        "?",
        "<<: ",
        "$text: ./etc",
        "null",
        "true",
        "1e3",
        "0x1f",
        "2026-11-22",
        "é",
        "支付",
        "🦀",
        "\u{202E}",
        "\u{FEFF}",
        "\u{2028}",
        "\u{85}",
        "\u{7F}",
        "\u{0}",
        "/",
        "..",
        " ",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    prop_oneof![proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()), any::<String>()]
}

/// An environment with texts wherever the portal shows some, past what the spec's rules let through.
fn full_of(texts: &[String]) -> Environment {
    let mut env = environments().into_iter().find(|env| env.environment == "prod").expect("prod");
    let mut next = texts.iter().cloned().cycle();
    let mut text = || next.next().unwrap_or_default();
    env.project = text();
    env.region = text();
    env.account = text();
    env.tags = BTreeMap::from([("owner".to_string(), text())]);
    env.cluster.name = text();
    env.cluster.version = text();
    env.github.organization = text();
    env.dns = Some(Dns { zone: text() });
    for (name, frontend) in &mut env.frontends {
        frontend.domain = Some(text());
        // No two have one bucket.
        frontend.bucket = Some(format!("{}{name}", text()));
    }
    let described: Vec<_> = env.secrets.values().cloned().collect();
    env.secrets = described
        .into_iter()
        .map(|mut secret| {
            secret.description = text();
            (text(), secret)
        })
        .collect();
    for service in env.services.values_mut() {
        service.needs = vec![text()];
        service.path = Some(text());
        service.secrets = Some(env.secrets.keys().cloned().collect());
    }
    let service = env.services.values().next().cloned().expect("a service");
    env.services.insert(text(), service);
    env
}

/// Returns true for a name of the catalog.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&name.len())
        && name.split(['-', '_', '.']).all(|part| !part.is_empty() && part.chars().all(allowed))
}

fn all(catalog: &Catalog) -> impl Iterator<Item = &Value> {
    let of_environments = catalog.environments.values().flatten();
    catalog.groups.iter().chain(&catalog.platform).chain(of_environments)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_survives(texts in proptest::collection::vec(text(), 1..40)) {
        let mut env = full_of(&texts);
        let catalog = self::catalog(&[&env]);
        // The files of an environment stand in a folder of its name, which has to be plain.
        env.environment = "prod".to_string();
        let files = files(&[&env]);
        prop_assert_eq!(documents(&files["catalog/platform.yaml"]), catalog.platform.clone());
        prop_assert_eq!(documents(&files["catalog/teams.yaml"]), catalog.groups.clone());
        prop_assert_eq!(&documents(&files["environments/prod/catalog.yaml"]), &catalog.environments["prod"]);

        let config = &documents(&files["app-config.yaml"])[0];
        let substituted = config["organization"]["name"].as_str().expect("a text").replace("$${", "${");
        prop_assert_eq!(&substituted, &env.github.organization);
        for path in files.keys().filter(|path| path.ends_with(".yaml")) {
            documents(&files[path]);
        }
    }

    #[test]
    fn every_entity_has_a_name_of_its_own_that_the_catalog_takes(texts in proptest::collection::vec(text(), 1..40)) {
        let mut env = full_of(&texts);
        // The spec's rules see to these two.
        env.project = "billpay".to_string();
        let catalog = self::catalog(&[&env]);
        let mut seen = BTreeSet::new();
        for entity in all(&catalog) {
            let (kind, name) = (&entity["kind"], entity["metadata"]["name"].as_str().expect("a name"));
            prop_assert!(is_name(name), "{:?}", name);
            prop_assert!(seen.insert(format!("{kind}:{name}").to_lowercase()), "{} is there twice", name);
        }
    }
}

/// A value in quotes or in a comment would not be encoded for where it stands.
#[test]
fn templates_put_values_where_values_stand() {
    let mut folders = vec![super::repository().join("templates/portal")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            let name = path.display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".jinja") && !name.ends_with(".md.jinja") {
                let text = std::fs::read_to_string(&path).expect("a template");
                for line in text.lines().filter(|line| line.contains("{{")) {
                    let before = line.split("{{").next().unwrap_or_default().trim();
                    let after = line.rsplit("}}").next().unwrap_or_default().trim();
                    let stands = before.is_empty() || before.ends_with([':', '[', '-', '=']);
                    let ends = ["", "]", "}", ";", ":", "]}]"].contains(&after);
                    assert!(stands && ends && !before.starts_with(['#', '/']), "{name}: {line}");
                }
            }
        }
    }
}

#[test]
fn a_component_in_several_environments_is_one() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    let catalog = self::catalog(&all);
    let kinds = |kind: &str| catalog.platform.iter().filter(|entity| entity["kind"] == kind).count();
    let frontends: BTreeSet<&String> = environments.iter().flat_map(|env| env.frontends.keys()).collect();
    let services: BTreeSet<&String> = environments.iter().flat_map(|env| env.services.keys()).collect();
    let components = services.len() + frontends.len();
    // The applications are a system, and each environment is one.
    assert_eq!(
        (kinds("Domain"), kinds("System"), kinds("Component"), kinds("API")),
        (1, 4, components, services.len())
    );
    assert_eq!(catalog.environments.len(), 3);
}

/// Both would describe it otherwise, and the catalog takes only one of them.
#[test]
fn what_has_a_repository_of_its_own_is_described_there() {
    let mut env = environments().remove(0);
    let services: Vec<String> = env.services.keys().cloned().collect();
    let repositories = ["own", "shared", "shared"];
    for (name, repository) in services.iter().zip(repositories) {
        env.services.get_mut(name).expect("a service").repository = Some(repository.to_string());
    }
    let catalog = self::catalog(&[&env]);
    let entity = |kind: &str, name: &str| {
        let found = catalog
            .platform
            .iter()
            .find(|entity| entity["kind"] == kind && entity["metadata"]["name"] == name);
        found.cloned().unwrap_or_default()
    };
    assert_eq!(entity("Component", &services[0]), Value::Null);
    assert_eq!(entity("API", &services[0]), Value::Null);
    let location = entity("Location", "billpay-repositories");
    assert_eq!(location["spec"]["targets"][0], "https://github.com/billpay/own/blob/main/catalog-info.yaml");
    assert_eq!(location["spec"]["targets"].as_array().map(Vec::len), Some(1));
    for name in &services[1..3] {
        let annotations = entity("Component", name)["metadata"]["annotations"].clone();
        assert_eq!(annotations["github.com/project-slug"], "billpay/shared");
    }
    // The environment's resources know it all the same.
    let uses = format!("component:default/{}", services[0]);
    let resources = &catalog.environments[&env.environment];
    assert!(resources.iter().any(|resource| resource["spec"]["dependencyOf"].to_string().contains(&uses)));
}
