//! The release workflow packs what the action installs; and small steps of the other workflows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::action::Runner;
use crate::root;
use billpay_testkit::install::run;

const TARGET: &str = "x86_64-unknown-linux-gnu";

#[test]
#[ignore = "full tier: runs the workflows' scripts, with jq"]
fn what_a_release_packs_can_be_installed() {
    let runner = Runner::new();
    let program = "#!/usr/bin/env bash\necho 'billpay 0.1.0'\n";
    let built = runner.file(&format!("target/{TARGET}/release/billpay"), program);
    fs::set_permissions(&built, fs::Permissions::from_mode(0o755)).expect("a program that can be run");
    runner.file("README.md", "# billpay\n");
    let folder = runner.path("");
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(args).current_dir(&folder);
        git.env("GIT_AUTHOR_DATE", "2026-11-22T12:00:00Z").env("GIT_COMMITTER_DATE", "2026-11-22T12:00:00Z");
        run(git.env("GIT_CONFIG_GLOBAL", "/dev/null"));
    };
    git(&["init", "--quiet"]);
    git(&["add", "README.md"]);
    git(&["commit", "--quiet", "--message", "release"]);

    let archive = format!("billpay-{TARGET}.tar.gz");
    let pack = || {
        runner.script("release.yml", "build", "Pack", &[("TARGET", TARGET)]).succeeds();
        let bytes = fs::read(runner.path("dist").join(&archive)).expect("the archive");
        fs::remove_dir_all(runner.path("dist")).expect("an empty place");
        bytes
    };
    let bytes = pack();
    fs::write(&built, program).expect("the same program, later");
    assert_eq!(pack(), bytes, "the same program makes the same archive");

    // The checksums as the release has them, and the program out of it.
    let release = "github/releases/v0.1.0";
    runner.file(&format!("{release}/{archive}"), &bytes);
    runner.file(&format!("{release}/billpay.spdx.json"), "{}");
    let sums = run_step(&runner, release);
    assert!(sums.contains(&format!("  {archive}\n")) && !sums.contains("SHA256SUMS"), "{sums}");
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    runner.give_github(
        "attestations",
        &json!([{
            "digest": digest, "repository": "billpay/billpay", "ref": "refs/tags/v0.1.0",
            "signer": "billpay/billpay/.github/workflows/release.yml",
        }]),
    );
    assert_eq!(runner.run("billpay", &[]).succeeds().output("version"), "0.1.0");
}

/// Runs the step of the release that writes the checksums, and returns them.
fn run_step(runner: &Runner, folder: &str) -> String {
    let text = fs::read_to_string(root().join(".github/workflows/release.yml")).expect("the workflow");
    let workflow: Value = serde_yaml::from_str(&text).expect("YAML");
    let steps = workflow["jobs"]["publish"]["steps"].as_array().expect("steps");
    let scripts = steps.iter().filter_map(|step| step["run"].as_str());
    let script = scripts.into_iter().find(|script| script.contains("SHA256SUMS")).expect("the checksums");
    run(Command::new("bash").args(["-c", script]).current_dir(runner.path(folder)));
    fs::read_to_string(runner.path(folder).join("SHA256SUMS")).expect("the checksums")
}

#[test]
#[ignore = "full tier: runs the workflows' scripts, with jq"]
fn a_tag_that_is_not_the_version_is_no_release() {
    let mut runner = Runner::new();
    runner.program(
        "cargo",
        "#!/usr/bin/env bash\necho '{\"packages\": [{\"name\": \"billpay\", \"version\": \"0.1.0\"}]}'\n",
    );
    let step = "The tag is the version of the program";
    runner.set("GITHUB_REF_NAME", "v0.1.0");
    runner.script("release.yml", "version", step, &[]).succeeds();
    runner.set("GITHUB_REF_NAME", "v0.2.0");
    runner.script("release.yml", "version", step, &[]).fails("the tag is v0.2.0, and Cargo.toml says 0.1.0");
}

#[test]
#[ignore = "full tier: runs the workflows' scripts, with jq"]
fn the_version_of_gradle_comes_from_the_project() {
    let runner = Runner::new();
    let step = |wanted: &str| runner.script("service.yml", "test", "gradle", &[("WANTED", wanted)]);
    step("").fails("which Gradle? Put a line such as `gradle 8.14.3` into .tool-versions");
    runner.file(".tool-versions", "java temurin-17.0.19+10\ngradle 8.14.4\n");
    assert_eq!(step("").succeeds().output("version"), "8.14.4");
    assert_eq!(step("9.1").succeeds().output("version"), "9.1");
    step("latest").fails("which Gradle?");
}

#[test]
#[ignore = "full tier: runs the workflows' scripts, with jq"]
fn a_frontend_without_a_lockfile_is_told_what_to_do() {
    let runner = Runner::new();
    let step = || runner.script("frontend.yml", "build", "Look for the lockfile", &[]);
    step().fails("run `npm install` and commit the one that it writes");
    runner.file("package-lock.json", "{}");
    step().succeeds();
}

#[test]
#[ignore = "full tier: runs the workflows' scripts, with jq"]
fn a_machine_that_billpay_is_not_released_for_is_named() {
    let mut runner = Runner::new();
    runner.set("RUNNER_OS", "macOS");
    runner.set("RUNNER_ARCH", "ARM64");
    runner.run("billpay", &[]).fails("not for macOS on ARM64");
}
