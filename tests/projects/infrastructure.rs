//! The loop: an environment from its template, and the environment itself.

use crate::place::Place;

#[test]
fn a_first_environment_from_the_template_is_one_that_billpay_can_make() {
    let place = Place::new();
    let said = place.say(&[
        "scaffold",
        "billpay-infrastructure",
        "--out",
        "repo",
        "--set",
        "environment=qa",
        "--set",
        "account=123456789012",
        "--set",
        "first=true",
        "--set",
        "services=[{name: ledger-service, path: /ledger, replicas: 2}, {name: audit-service}]",
    ]);
    said.exits(0);
    let names = place.names("repo");
    assert_eq!(
        names,
        [
            ".github/dependabot.yml",
            ".github/workflows/infrastructure-qa.yml",
            ".github/zizmor.yml",
            "docs/environments/qa.md",
            "environments/qa.yaml",
            "environments/shared.yaml",
        ]
    );
    let config = place.say_in("repo", &["config", "--env", "qa"]).exits(0);
    for line in ["ledger-service:", "path: /ledger", "path: /audit-service", "123456789012"] {
        assert!(config.out.contains(line), "{line}: {}", config.out);
    }
    place.say_in("repo", &["graph", "--env", "qa"]).exits(0);
}

#[test]
fn a_second_environment_joins_the_first_in_the_same_repository() {
    let place = Place::new();
    let new = |environment: &str, more: &[&str]| {
        let environment = format!("environment={environment}");
        let args = [
            "scaffold",
            "billpay-infrastructure",
            "--out",
            "repo",
            "--set",
            &environment,
            "--set",
            "account=123456789012",
        ];
        place.say(&[&args[..], more].concat())
    };
    new("qa", &["--set", "first=true"]).exits(0);
    new("load", &["--set", "protected=true", "--set", "zones=3", "--set", "nat=per-zone"]).exits(0);
    place.say_in("repo", &["config", "--env", "load"]).exits(0);
    place.say_in("repo", &["config", "--env", "qa"]).exits(0);
    place.commit("repo");
    let said = place.say_in("repo", &["scaffold", "update", "--check"]).exits(0);
    assert!(!said.out.contains("is asked now"), "what was left open stays open: {}", said.out);
}

#[test]
fn what_all_environments_have_in_common_is_no_environment() {
    let place = Place::new();
    let args = ["scaffold", "billpay-infrastructure", "--out", "repo", "--set", "account=123456789012"];
    let said = place.say(&[&args[..], &["--set", "environment=shared", "--set", "first=true"]].concat());
    assert!(said.exits(1).err.contains("must not be \"shared\""));
    assert!(!place.path("repo").exists());
}
