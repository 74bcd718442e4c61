//! The manifests through the programs of others: Kubernetes' own schemas, another YAML reader, Checkov.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use billpay_manifests::Values;
use billpay_model::environment::Environment;
use billpay_spec::yaml;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hostile::NASTY;
use crate::{environment, everything, objects, with_dns};
use billpay_testkit::{install, values::items, values::text};

/// The version of Kubernetes in our specs, and the oldest that AWS supports as a matter of course.
const VERSIONS: [&str; 2] = ["1.36", "1.34"];

fn python() -> PathBuf {
    install::python("kubernetes-validate-1.37.0", &["kubernetes-validate==1.37.0"]).join("bin")
}

/// Everything of all environments, and of one with DNS, a file each.
fn written() -> TempDir {
    // Checkov passes over folders whose names begin with a dot, as those of others do.
    let folder = tempfile::Builder::new().prefix("manifests").tempdir().expect("a folder");
    let environments: [(&str, Environment); 4] = [
        ("dev", environment("dev")),
        ("staging", environment("staging")),
        ("prod", environment("prod")),
        ("prod-dns", with_dns("prod")),
    ];
    for (name, env) in &environments {
        for (path, object) in everything(env) {
            let file = folder.path().join(name).join(format!("{path}.yaml"));
            fs::create_dir_all(file.parent().expect("its folder")).expect("a folder");
            fs::write(file, yaml::document(&object)).expect("a file");
        }
    }
    folder
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
#[ignore = "full tier: installs kubernetes-validate"]
fn every_object_is_what_kubernetes_takes() {
    let folder = written();
    let files = files(folder.path());
    for version in VERSIONS {
        let mut command = Command::new(python().join("kubernetes-validate"));
        let output = command.args(["--strict", "-k", version]).args(&files).output().expect("it can be run");
        let said = said(&output);
        // What is removed in the version is only a warning to it.
        let warned = said.lines().filter(|line| !line.starts_with("INFO")).collect::<Vec<_>>();
        assert!(output.status.success() && warned.is_empty(), "Kubernetes {version}:\n{said}");
        let passed = said.lines().filter(|line| line.contains("passed")).count();
        assert_eq!(passed, files.len(), "Kubernetes {version}:\n{said}");
        println!("Kubernetes {version}: {passed} objects");
    }
}

#[test]
#[ignore = "full tier: installs kubernetes-validate"]
fn a_mistake_would_be_found() {
    let env = environment("dev");
    let mut deployment = objects(&env, &Values::of("backend-api"))["deployment"].clone();
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = json!({});
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("deployment.yaml");
    fs::write(&file, yaml::document(&deployment)).expect("a file");
    let mut command = Command::new(python().join("kubernetes-validate"));
    let output = command.args(["--strict", "-k", VERSIONS[0]]).arg(&file).output().expect("it can be run");
    assert!(!output.status.success(), "{}", said(&output));
}

#[test]
#[ignore = "full tier: installs another reader of YAML"]
fn a_reader_of_yaml_1_1_reads_the_same_values() {
    let mut values = Values::of("payment-service");
    values.env =
        NASTY.iter().enumerate().map(|(index, text)| (format!("V{index}"), (*text).to_owned())).collect();
    let deployment = objects(&environment("prod"), &values)["deployment"].clone();
    let keys: Value = NASTY.iter().map(|text| ((*text).to_owned(), json!(text))).collect();
    let folder = TempDir::new().expect("a folder");
    for (name, value) in [("deployment", deployment), ("keys", keys)] {
        let file = folder.path().join(name);
        fs::write(&file, yaml::document(&value)).expect("a file");
        let read =
            "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))";
        let mut command = Command::new(python().join("python"));
        let output = command.args(["-c", read]).arg(&file).output().expect("Python can be run");
        let read: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        assert_eq!(read, value);
    }
}

#[test]
#[ignore = "full tier: installs Checkov"]
fn the_manifests_follow_the_policies_of_others_or_say_why_not() {
    let folder = written();
    let mut checkov = Command::new(install::checkov());
    checkov.arg("-d").arg(folder.path()).args(["--framework", "kubernetes", "--skip-download", "--compact"]);
    checkov.args(["--soft-fail", "--output", "json"]).stdin(Stdio::null()).env("LOG_LEVEL", "ERROR");
    let output = checkov.output().expect("Checkov can be run");
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    let (results, summary) = (&report["results"], &report["summary"]);
    let of = |check: &Value| {
        format!("{} {} {}", text(&check["file_path"]), text(&check["check_id"]), text(&check["check_name"]))
    };
    let failed = items(&results["failed_checks"]).iter().map(&of);
    let silent = items(&results["skipped_checks"])
        .iter()
        .filter(|check| text(&check["check_result"]["suppress_comment"]).split_whitespace().count() <= 3);
    let wrong: Vec<String> = failed.chain(silent.map(&of)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(summary["passed"].as_u64().is_some_and(|passed| passed > 500), "{summary:#}");
    println!("{} passed, {} skipped with a reason", summary["passed"], summary["skipped"]);
}
