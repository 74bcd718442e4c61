//! Rules of every workflow and action.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{File, everything, root, shell_scripts};

/// The commits that actions of others are pinned to, and their tags; read from the repositories in November 2026.
const PINS: &[(&str, &str, &str)] = &[
    ("actions/attest-build-provenance", "a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32", "v4.1.0"),
    ("actions/cache", "27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5"),
    ("actions/checkout", "3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    ("actions/download-artifact", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    ("actions/setup-java", "b6effb05e454b25005698d916606bdc6ffcbf961", "v5.7.0"),
    ("actions/setup-node", "820762786026740c76f36085b0efc47a31fe5020", "v7.0.0"),
    ("actions/setup-python", "5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    ("actions/upload-artifact", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    ("anchore/sbom-action", "e22c389904149dbc22b58101806040fa8d37a610", "v0.24.0"),
    ("aquasecurity/trivy-action", "ed142fd0673e97e23eac54620cfb913e5ce36c25", "v0.36.0"),
    ("aws-actions/amazon-ecr-login", "03f1aad4c6c7ffd436567f42f9384779290529bd", "v2.1.7"),
    ("aws-actions/configure-aws-credentials", "e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    ("docker/build-push-action", "53b7df96c91f9c12dcc8a07bcb9ccacbed38856a", "v7.3.0"),
    ("docker/setup-buildx-action", "37fe631027851001ddb9b187196cc803df7f5f0e", "v4.3.0"),
    ("gradle/actions/setup-gradle", "9c971963bec38e04b3d30dcc455b5382be2fdbfb", "v6.3.0"),
    ("Swatinem/rust-cache", "6323deb102c322ba6fcbdcafc7e3dddab59af2b6", "v2.9.2"),
];

#[test]
fn every_action_is_pinned_to_a_known_commit_or_to_our_own_release() {
    let scratch = TempDir::new().expect("a folder");
    let ours = concat!("v", env!("CARGO_PKG_VERSION"));
    let (mut wrong, mut seen) = (vec![], 0);
    for file in everything(&scratch) {
        for (number, line) in file.text.lines().enumerate() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            seen += 1;
            let allowed = match used.strip_prefix("billpay/billpay/") {
                Some(part) => part.split_once('@').is_some_and(|(path, version)| {
                    let there = root().join(path);
                    version == ours && (there.join("action.yml").is_file() || there.is_file())
                }),
                None => PINS.iter().any(|(name, commit, tag)| used == format!("{name}@{commit} # {tag}")),
            };
            if !allowed {
                wrong.push(format!("{}:{}: {used}", file.name, number + 1));
            }
        }
    }
    assert!(seen > 60, "only {seen} uses of actions were found");
    assert!(wrong.is_empty(), "neither pinned to a known commit nor part of {ours}:\n{}", wrong.join("\n"));
}

#[test]
fn the_action_installs_the_release_that_it_belongs_to() {
    let text =
        std::fs::read_to_string(root().join(".github/actions/billpay/action.yml")).expect("the action");
    let action: Value = serde_yaml::from_str(&text).expect("YAML");
    let ours = concat!("v", env!("CARGO_PKG_VERSION"));
    assert_eq!(action["inputs"]["version"]["default"], ours);
    let guide = std::fs::read_to_string(root().join("docs/guide/pipelines.md")).expect("the guide");
    let named: Vec<&str> =
        guide.split("billpay/billpay/").skip(1).filter_map(|rest| rest.lines().next()).collect();
    assert!(!named.is_empty() && named.iter().all(|used| used.ends_with(&format!("@{ours}"))), "{named:?}");
}

#[test]
fn workflows_begin_with_no_permission_and_every_job_says_what_it_may() {
    let scratch = TempDir::new().expect("a folder");
    let mut wrong = vec![];
    for (file, workflow) in workflows(&scratch) {
        if workflow["permissions"] != Value::Object(Map::new()) {
            wrong.push(format!("{}: top-level permissions are {}", file.name, workflow["permissions"]));
        }
        for (name, job) in jobs(&workflow) {
            match job["permissions"].as_object() {
                Some(permissions) if permissions.keys().all(|key| key != "write-all") => {}
                _ => wrong.push(format!("{}: job {name} does not say what it may", file.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_job_ends_by_itself_on_a_known_machine() {
    let scratch = TempDir::new().expect("a folder");
    let mut wrong = vec![];
    for (file, workflow) in workflows(&scratch) {
        for (name, job) in jobs(&workflow) {
            if job.get("uses").is_some() {
                continue;
            }
            if job["timeout-minutes"].is_null() {
                wrong.push(format!("{}: job {name} has no timeout", file.name));
            }
            let machine = job["runs-on"].as_str().unwrap_or_default();
            if machine != "ubuntu-24.04" && machine != "${{ matrix.runner }}" {
                wrong.push(format!("{}: job {name} runs on {machine:?}", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn deployments_are_never_cancelled_and_wait_for_their_environment() {
    let scratch = TempDir::new().expect("a folder");
    let (mut wrong, mut seen) = (vec![], 0);
    for (file, workflow) in workflows(&scratch) {
        for (name, job) in jobs(&workflow) {
            let text = job.to_string();
            let writes = ["billpay deploy", "billpay promote", "docs publish", "actions/apply@"];
            if !writes.iter().any(|step| text.contains(step)) {
                continue;
            }
            seen += 1;
            if job["concurrency"]["cancel-in-progress"] != false || job["environment"].is_null() {
                wrong.push(format!("{}: job {name}", file.name));
            }
        }
    }
    assert_eq!(seen, 8, "jobs that change something");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_plan_is_reported_also_when_it_failed() {
    let scratch = TempDir::new().expect("a folder");
    let (mut wrong, mut seen) = (vec![], 0);
    for (file, workflow) in workflows(&scratch) {
        for (name, job) in jobs(&workflow) {
            let steps = job["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
            let uses =
                |step: &Value, action: &str| step["uses"].as_str().is_some_and(|uses| uses.contains(action));
            let Some(plan) = steps.iter().position(|step| uses(step, "/actions/plan@")) else { continue };
            let reports = steps[plan..].iter().filter(|step| uses(step, "/actions/report@"));
            for report in reports {
                seen += 1;
                let condition =
                    "always() && (steps.plan.outcome == 'success' || steps.plan.outcome == 'failure')";
                let with = &report["with"];
                // The outputs of an action that failed may be empty.
                let is_read = with["text-file"] == "${{ runner.temp }}/billpay-plan/plan.txt";
                let closes = with["close"].as_str().unwrap_or("${{ steps.plan.outcome == 'success' && it }}");
                if report["if"] != condition
                    || !is_read
                    || !closes.starts_with("${{ steps.plan.outcome == 'success' && ")
                {
                    wrong.push(format!("{}: job {name}: {}", file.name, with["to"]));
                }
            }
        }
    }
    assert_eq!(seen, 3, "reports of a plan: a comment, a summary and an issue");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn credentials_come_by_oidc_and_stay_out_of_what_is_built() {
    let scratch = TempDir::new().expect("a folder");
    let mut wrong = vec![];
    for (file, workflow) in workflows(&scratch) {
        for word in ["aws-access-key-id", "AWS_SECRET_ACCESS_KEY", "secrets: inherit", "pull_request_target"]
        {
            if file.text.contains(word) {
                wrong.push(format!("{}: {word}", file.name));
            }
        }
        for (name, job) in jobs(&workflow) {
            let text = job.to_string();
            let builds =
                ["npm ", "gradle --", "mvn ", "docker/build-push-action", "docs build", "cargo build"];
            let builds = builds.iter().any(|step| text.contains(step));
            if builds && text.contains("id-token") {
                wrong.push(format!("{}: job {name} builds, and may take a role", file.name));
            }
            for step in job["steps"].as_array().into_iter().flatten() {
                let checkout =
                    step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@"));
                if checkout && step["with"]["persist-credentials"] != false {
                    wrong.push(format!("{}: job {name} leaves the token in the checkout", file.name));
                }
                let runs = step["run"].as_str().unwrap_or_default();
                if runs.contains("${{") {
                    wrong.push(format!("{}: job {name}: an expression in a script: {runs}", file.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_job_of_a_release_has_two_rights_that_write_or_runs_programs_of_others_with_one() {
    let text = std::fs::read_to_string(root().join(".github/workflows/release.yml")).expect("the workflow");
    let workflow: Value = serde_yaml::from_str(&text).expect("YAML");
    // GitHub's own, for which the right is there.
    let with_a_right = ["actions/download-artifact", "actions/attest-build-provenance"];
    let mut rights = vec![];
    for (name, job) in jobs(&workflow) {
        let written = job["permissions"]
            .as_object()
            .expect("permissions")
            .iter()
            .filter(|(_, right)| *right == "write");
        let written: Vec<&str> = written.map(|(right, _)| right.as_str()).collect();
        if written.is_empty() {
            continue;
        }
        for step in job["steps"].as_array().expect("steps") {
            let action = step["uses"].as_str().map(|uses| uses.split('@').next().unwrap_or_default());
            assert!(action.is_none_or(|action| with_a_right.contains(&action)), "{name}: {action:?}");
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("cargo") && !script.contains("./"), "{name}: {script}");
        }
        rights.push(written.join(" "));
    }
    assert_eq!(rights, ["attestations id-token", "contents"]);
}

#[test]
fn releases_are_built_without_caches() {
    let text = std::fs::read_to_string(root().join(".github/workflows/release.yml")).expect("the workflow");
    for word in ["actions/cache", "rust-cache", "cache:", "type=gha"] {
        assert!(!text.contains(word), "release.yml has {word}");
    }
}

#[test]
fn a_caller_allows_what_the_called_workflow_needs() {
    let scratch = TempDir::new().expect("a folder");
    let (mut wrong, mut seen) = (vec![], 0);
    for (file, workflow) in workflows(&scratch) {
        for (name, job) in jobs(&workflow) {
            let Some(used) = job["uses"].as_str() else { continue };
            seen += 1;
            let path = used.trim_start_matches("billpay/billpay/").split('@').next().unwrap_or_default();
            let text = std::fs::read_to_string(root().join(path)).expect("the called workflow");
            let called: Value = serde_yaml::from_str(&text).expect("YAML");
            for (inner, needs) in jobs(&called) {
                for (permission, level) in needs["permissions"].as_object().expect("permissions") {
                    let given = &job["permissions"][permission];
                    if given != level && given != "write" {
                        wrong.push(format!(
                            "{}: job {name} gives {permission}: {given}, {inner} needs {level}",
                            file.name
                        ));
                    }
                }
            }
        }
    }
    assert!(seen > 1, "no callers were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn scripts_are_programs_that_bash_can_read() {
    for script in shell_scripts() {
        let name = script.display();
        let text = std::fs::read_to_string(&script).expect("a script");
        assert!(text.starts_with("#!/usr/bin/env bash\n"), "{name} does not say what runs it");
        assert!(text.contains("\nset -euo pipefail\n"), "{name} goes on after errors");
        let mode = script.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{name} can't be run");
        let read = Command::new("bash").arg("-n").arg(&script).output().expect("bash can be run");
        assert!(read.status.success(), "{name}: {}", String::from_utf8_lossy(&read.stderr));
    }
}

fn workflows(scratch: &TempDir) -> Vec<(File, Value)> {
    let files = everything(scratch).into_iter().filter(|file| !file.is_action());
    files
        .map(|file| (serde_yaml::from_str(&file.text), file))
        .map(|(yaml, file)| (file, yaml.expect("YAML")))
        .collect()
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().expect("jobs").iter()
}
