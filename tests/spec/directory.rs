//! A directory of specs, as the command line sees it.

use std::fs;
use std::path::Path;

use billpay_spec::directory::{SpecDir, SpecError};

use super::{BASE, TODAY};

/// A directory with a shared file and these environments.
fn directory(environments: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("shared.yaml"), BASE).unwrap();
    for (name, text) in environments {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn refused(dir: &Path, name: &str) -> SpecError {
    SpecDir::open(dir).unwrap().load(name, TODAY).unwrap_err()
}

#[test]
fn environments_are_the_yaml_files_but_the_shared_one() {
    let dir =
        directory(&[("prod.yaml", "environment: prod"), ("dev.yaml", "environment: dev"), ("notes.txt", "")]);
    assert_eq!(SpecDir::open(dir.path()).unwrap().environments().unwrap(), ["dev", "prod"]);
}

#[test]
fn an_environment_goes_over_the_shared_file() {
    let dir = directory(&[("dev.yaml", "environment: dev\nnetwork: { zones: 2, nat: per-zone }")]);
    let loaded = SpecDir::open(dir.path()).unwrap().load("dev", TODAY).unwrap();
    assert_eq!(loaded.environment.network.nat, billpay_model::environment::Nat::PerZone);
    assert_eq!(loaded.environment.network.cidr.to_string(), "10.0.0.0/16");
}

#[test]
fn an_unknown_environment_names_those_that_exist() {
    let dir = directory(&[("prod.yaml", "environment: prod"), ("staging.yaml", "environment: staging")]);
    let error = refused(dir.path(), "stagin");
    assert_eq!(error.to_string(), "there is no environment `stagin`");
    assert_eq!(error.hints(), ["did you mean `staging`?", "environments: prod, staging"]);
}

#[test]
fn a_file_with_the_wrong_ending_is_pointed_out() {
    let dir = directory(&[("prod.yaml", "environment: prod"), ("dev.yml", "environment: dev")]);
    assert!(refused(dir.path(), "dev").hints()[0].ends_with("dev.yml is not read: specs end in .yaml"));
}

#[test]
fn a_name_never_leads_out_of_the_directory() {
    let dir = directory(&[("dev.yaml", "environment: dev"), ("secret.yaml", "environment: secret")]);
    let inner = dir.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("dev.yaml"), "environment: dev").unwrap();
    for name in ["../secret", "..", "", "/etc/passwd", "inner/../dev", "dev\0", "shared", "\u{1b}[31m"] {
        let error = refused(&inner, name);
        assert!(matches!(error, SpecError::UnknownEnvironment { .. }), "{name:?}: {error:?}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}

#[test]
fn a_missing_or_empty_directory_says_where_it_looked() {
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_owned(), empty.path().join("nowhere")] {
        let error = SpecDir::open(&path).unwrap_err();
        assert_eq!(error.to_string(), format!("there are no specs in {}", path.display()));
        // With `CI` set, the hint says that it looked there alone.
        let hint = error.hints()[0].clone();
        assert!(hint.starts_with(&format!("looked in {}", path.display())), "{hint}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let dir = directory(&[("prod.yaml", "environment: prod")]);
    fs::create_dir(dir.path().join("dev.yaml")).unwrap();
    let error = refused(dir.path(), "dev").to_string();
    assert!(error.starts_with("cannot read ") && error.contains("dev.yaml"), "{error}");
}

#[test]
fn an_endless_file_is_not_read_to_its_end() {
    let dir = directory(&[]);
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("dev.yaml")).unwrap();
    let error = refused(dir.path(), "dev").to_string();
    assert!(error.contains("no regular file"), "{error}");
}

#[test]
fn without_a_shared_file_an_environment_stands_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("dev.yaml"), format!("environment: dev\n{BASE}")).unwrap();
    SpecDir::open(dir.path()).unwrap().load("dev", TODAY).unwrap();
}

#[test]
fn environments_that_would_share_names_are_refused() {
    let dir = directory(&[
        (
            "dev.yaml",
            "environment: dev\nservices: { staging-api: { replicas: 1, cpu: 1000m, memory: 1Gi, needs: [], port: 80 } }",
        ),
        (
            "staging.yaml",
            "environment: staging\nproject: billpay-dev\nservices: { api: { replicas: 1, cpu: 1000m, memory: 1Gi, needs: [], port: 80 } }",
        ),
    ]);
    let SpecError::Invalid(findings) = refused(dir.path(), "dev") else { panic!("not refused for its text") };
    assert!(
        findings.problems.iter().any(|problem| problem.message.contains("`billpay-dev-staging-api`")),
        "{findings:?}"
    );
    let shown = findings.render(false);
    assert!(shown.contains("dev.yaml:2") && shown.contains("staging.yaml:3"), "{shown}");
}

#[test]
fn a_service_in_a_file_of_its_own_is_part_of_every_environment_that_does_not_take_it_out() {
    let dir = directory(&[
        ("dev.yaml", "environment: dev\nservices: { ledger: { replicas: 2 } }"),
        ("prod.yaml", "environment: prod\nservices: { ledger: null }"),
    ]);
    fs::create_dir(dir.path().join("services")).unwrap();
    let ledger = "replicas: 1\ncpu: 500m\nmemory: 1Gi\nneeds: []\nport: 8080\nrepository: ledger\n";
    fs::write(dir.path().join("services/ledger.yaml"), ledger).unwrap();
    let specs = SpecDir::open(dir.path()).unwrap();
    assert_eq!(specs.environments().unwrap(), ["dev", "prod"], "the folder is no environment");

    let dev = specs.load("dev", TODAY).unwrap();
    assert_eq!(
        (dev.environment.services["ledger"].replicas, dev.environment.services["ledger"].port),
        (2, 8080)
    );
    let subjects = billpay_model::names::github_subjects(&dev.environment);
    assert!(subjects.iter().any(|subject| subject.ends_with("/ledger:environment:dev")), "{subjects:?}");
    let prod = specs.load("prod", TODAY).unwrap();
    assert!(!prod.environment.services.contains_key("ledger"));
    let subjects = billpay_model::names::github_subjects(&prod.environment);
    assert!(!subjects.iter().any(|subject| subject.contains("/ledger:")), "{subjects:?}");
}

#[test]
fn a_service_that_would_be_left_out_for_the_ending_of_its_file_is_an_error() {
    let dir = directory(&[("dev.yaml", "environment: dev")]);
    fs::create_dir(dir.path().join("services")).unwrap();
    fs::write(dir.path().join("services/ledger.yml"), "replicas: 1").unwrap();
    let hints = refused(dir.path(), "dev").hints();
    assert!(hints[0].ends_with("services/ledger.yaml"), "{hints:?}");
}
