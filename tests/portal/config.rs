//! The portal's configuration through Backstage's own loader, with the schemas of every package in use.

use serde_json::{Value, json};

use super::node::Node;
use super::{Portal, environments};
use billpay_testkit::npm;

/// Variables of a pod beside the secrets: app-config.production.yaml says where each is from.
fn variables() -> Value {
    let mut variables = json!({
        "PORTAL_URL": "https://portal.dev.billpay.com",
        "EKS_STAGING_URL": "https://abc.eks.amazonaws.com",
        "EKS_STAGING_CA": "LS0t",
    });
    for name in secrets() {
        variables[name] = json!(format!("hush-{name}"));
    }
    variables
}

/// The names of the secrets, from the program that reads them.
fn secrets() -> Vec<String> {
    let text = include_str!("../../templates/portal/tree/packages/backend/src/secrets.ts.jinja");
    let list = text.split("const NAMES = [").nth(1).and_then(|rest| rest.split(']').next()).expect("names");
    list.split('\'').skip(1).step_by(2).map(str::to_string).collect()
}

/// Every variable that a configuration refers to without saying what else.
fn referred(text: &str) -> Vec<String> {
    let ends = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    ends.filter(|name| !name.contains(":-") && *name != "NAME").map(str::to_string).collect()
}

#[test]
fn a_production_portal_needs_no_variable_that_nobody_sets() {
    let environments = environments();
    let all: Vec<_> = environments.iter().collect();
    let files = super::files(&all);
    let mut known = secrets();
    known.push("PORTAL_URL".to_string());
    let mut found = referred(&files["app-config.production.yaml"]);
    assert!(found.iter().all(|name| known.contains(name)), "{found:?}");
    found.push("PORTAL_URL".to_string());
    assert!(known.iter().all(|name| found.contains(name)), "a secret that nothing refers to: {known:?}");
    assert!(files["deploy/values.yaml"].contains("PORTAL_URL"));
}

#[test]
#[ignore = "full tier: installs Backstage's backend"]
fn the_configuration_is_what_the_plugins_declare() {
    let portal = Portal::new();
    let log = portal.folder.path().join("config.log");
    let packages = npm::portal();
    let mut loader = Node::start("config.cjs", &[&packages, &portal.path()], &log);

    let development = loader.ask(&json!({"files": ["app-config.yaml"], "env": {}}));
    assert_eq!(development["error"], Value::Null);
    assert_eq!(development["config"]["backend"]["database"]["client"], "better-sqlite3");

    for env in environments() {
        let overlay = format!("environments/{}/app-config.yaml", env.environment);
        let files = json!(["app-config.yaml", "app-config.production.yaml", overlay]);
        let answer = loader.ask(&json!({"files": files, "env": variables()}));
        assert_eq!(answer["error"], Value::Null, "{overlay}");
        let config = &answer["config"];
        assert_eq!(config["auth"]["providers"]["guest"], Value::Null, "no guests in production");
        assert_eq!(config["backend"]["database"]["connection"]["password"], "hush-POSTGRES_PASSWORD");
        let bucket = format!("billpay-techdocs-{}-123456789012", env.environment);
        assert_eq!(config["techdocs"]["publisher"]["awsS3"]["bucketName"], bucket);
        let clusters =
            config["kubernetes"]["clusterLocatorMethods"][0]["clusters"].as_array().expect("clusters");
        assert_eq!(clusters.len(), 3, "{overlay}: every environment's");
        assert_eq!(clusters[0]["name"], format!("billpay-cluster-{}", env.environment), "its own first");
        assert!(clusters.iter().all(|cluster| cluster["authProvider"] == "aws"), "{overlay}: by IAM");
        let seen = answer["frontend"].to_string();
        assert!(!seen.contains("hush"), "browsers get a secret: {seen}");
    }

    // The loader would notice.
    let wrong = [
        ("backend: { database: { client: mysql, connection: x } }\n", "database"),
        ("techdocs: { builder: someone }\n", "builder"),
        ("billpay: { binray: /bin/billpay }\n", "binray"),
        ("catalogue: {}\n", "catalogue"),
    ];
    for (text, why) in wrong {
        std::fs::write(portal.path().join("wrong.yaml"), text).expect("a file");
        let answer = loader.ask(&json!({"files": ["app-config.yaml", "wrong.yaml"], "env": {}}));
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(why)), "{text}: {answer}");
    }
}
