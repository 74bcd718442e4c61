//! The real specs of the platform: valid, and true to what BillPay needs.

use billpay_model::environment::Nat;
use billpay_spec::directory::{SpecDir, SpecError};
use billpay_spec::{LoadedEnvironment, json_schema};
use snapbox::Data;

use super::TODAY;

fn environments() -> SpecDir {
    SpecDir::open(billpay_testkit::project().join("environments")).unwrap()
}

fn loaded(name: &str) -> LoadedEnvironment {
    match environments().load(name, TODAY) {
        Ok(loaded) => loaded,
        Err(SpecError::Invalid(findings)) => panic!("{}", findings.render(false)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn dev_staging_and_prod_are_valid_and_raise_no_warning() {
    assert_eq!(environments().environments().unwrap(), ["dev", "prod", "staging"]);
    for name in ["dev", "staging", "prod"] {
        assert_eq!(loaded(name).warnings.render(false), "");
    }
}

#[test]
fn prod_survives_the_loss_of_a_zone_and_is_protected() {
    let prod = loaded("prod").environment;
    assert!(
        prod.protected && prod.backup.enabled && prod.network.zones >= 3 && prod.network.nat == Nat::PerZone
    );
    let dev = loaded("dev").environment;
    assert!(!dev.protected && dev.network.zones == 2 && dev.cluster.nodes["billpay-nodes"].max == 4);
}

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let schema = format!("{:#}\n", json_schema());
    let committed = billpay_testkit::project().join("environments/schema.json");
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .eq(schema, Data::read_from(&committed, Some(snapbox::data::DataFormat::Text)).raw());
}

#[test]
fn the_schema_refers_to_nothing_outside() {
    let schema = json_schema();
    for key in ["$ref", "$dynamicRef"] {
        assert!(!schema.to_string().contains(&format!("\"{key}\":")), "{key}: nothing is fetched");
    }
}

/// Says whether the schema that editors get accepts a text.
fn accepted_in_editors(text: &str) -> bool {
    let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
    jsonschema::draft7::new(&json_schema()).unwrap().is_valid(&value)
}

#[test]
fn editors_accept_what_billpay_accepts() {
    assert!(jsonschema::draft7::meta::is_valid(&json_schema()));
    for name in ["shared", "dev", "staging", "prod"] {
        let file = environments().path().join(format!("{name}.yaml"));
        assert!(accepted_in_editors(&std::fs::read_to_string(file).unwrap()), "{name}");
    }
    assert!(accepted_in_editors("services: { user-service: null }\ndns: null"));
    assert!(!accepted_in_editors("services: { user-service: { replica: 1 } }"));
    assert!(!accepted_in_editors("network: { zones: 1 }"));
}

#[test]
fn a_problem_is_data_with_a_place_for_annotations() {
    let findings = super::load_over_base("dev", "environment: dev\nregoin: eu-west-1\n").unwrap_err();
    let problem = serde_json::to_value(&findings.problems[0]).unwrap();
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["code"], "unknown-key");
    assert_eq!(
        (&problem["file"], &problem["line"], &problem["column"]),
        (&"dev.yaml".into(), &2.into(), &1.into())
    );
    assert_eq!(problem["did_you_mean"], "region");
}

#[test]
fn config_says_where_each_value_came_from() {
    let dev = loaded("dev");
    let file = |path: &str| {
        let origin = dev.origin.iter().find(|(known, _)| known.to_string() == path);
        origin.map(|(_, origin)| origin.file.rsplit('/').next().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(file("cluster.nodes.billpay-nodes.max"), "dev.yaml");
    assert_eq!(file("cluster.nodes.billpay-nodes.min"), "shared.yaml");
    assert_eq!(file("secrets[\"billpay/jwt/secret\"].rotation_days"), "shared.yaml");
    let shown = dev.show(true);
    let line = shown.lines().find(|line| line.trim_start().starts_with("max: 4")).unwrap();
    assert!(line.contains("dev.yaml:"), "{line}");
}
