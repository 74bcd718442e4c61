//! The developer portal: that it says what the specs say, and that Backstage itself takes it.

mod backend;
mod config;
mod images;
mod node;
mod projects;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use billpay_model::environment::Environment;
use billpay_portal::tree::render;
use billpay_spec::directory::SpecDir;
use serde_json::Value;
use snapbox::Data;
use snapbox::data::DataFormat;
use tempfile::TempDir;

/// The environments of this repository.
fn environments() -> Vec<Environment> {
    let specs = SpecDir::open(repository().join("environments"));
    let several = specs.and_then(|specs| specs.load_several(None, "2026-11-22".parse().expect("a date")));
    several.expect("the specs are sound").all.into_iter().map(|loaded| loaded.environment).collect()
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The portal's files, by their paths; it knows two project templates.
fn files(environments: &[&Environment]) -> BTreeMap<String, String> {
    let templates = billpay_portal::tree::templates().expect("the templates are sound");
    let names = ["billpay-frontend".to_string(), "billpay-service".to_string()];
    let (rendered, _) = render(&templates, environments, &names).expect("the templates can be rendered");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
    rendered.files.into_iter().map(|(path, file)| (path.to_string(), text(file.bytes))).collect()
}

/// The documents of a YAML file.
fn documents(text: &str) -> Vec<Value> {
    serde_yaml::from_multiple(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The portal of this repository's environments, as a person gets it.
struct Portal {
    folder: TempDir,
}

impl Portal {
    fn new() -> Portal {
        let portal = Portal { folder: tempfile::tempdir().expect("a folder") };
        assert_eq!(portal.scaffold(&[]), 0);
        portal
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("portal")
    }

    /// Renders it (again), and gives the exit code.
    fn scaffold(&self, more: &[&str]) -> i32 {
        let output = Command::new(env!("CARGO_BIN_EXE_billpay"))
            .args(["scaffold", "backstage", "--specs"])
            .arg(repository().join("environments"))
            .args(more)
            .current_dir(self.folder.path())
            // The catalog is of all environments all the same.
            .env("BILLPAY_ENV", "dev")
            .output()
            .expect("billpay runs");
        print!("{}", String::from_utf8_lossy(&output.stderr));
        output.status.code().expect("a code")
    }
}

/// Compares what the specs decide, word for word.
#[test]
fn the_portal_reads_as_expected() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    let folders = ["app-config", "catalog/", "deploy/", "environments/dev/", "platform/"];
    let files = files(&all);
    let decided = files.iter().filter(|(path, _)| folders.iter().any(|folder| path.starts_with(folder)));
    let text: String = decided.map(|(path, text)| format!("==> {path}\n{text}\n")).collect();
    let golden = repository().join("tests/portal/golden/portal.txt");
    snapbox::assert_data_eq!(text, Data::read_from(&golden, Some(DataFormat::Text)).raw());
}

#[test]
fn the_same_specs_make_the_same_bytes() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    let once = files(&all);
    assert_eq!(once, files(&all));
    let backwards: Vec<&Environment> = environments.iter().rev().collect();
    assert_eq!(once, files(&backwards));
}

#[test]
fn what_people_changed_stays_and_an_environment_that_is_gone_goes() {
    let portal = Portal::new();
    let config = portal.path().join("app-config.yaml");
    let edited = std::fs::read_to_string(&config).expect("a file").replace("BillPay", "Ours");
    std::fs::write(&config, &edited).expect("an edit");
    let old = portal.path().join("environments/dev/catalog.yaml");
    assert!(old.is_file());
    assert_eq!(portal.scaffold(&["--check"]), 0, "nothing is to be done about an edit");

    let specs = portal.folder.path().join("specs");
    std::fs::create_dir(&specs).expect("a folder");
    for name in ["shared.yaml", "prod.yaml"] {
        std::fs::copy(repository().join("environments").join(name), specs.join(name)).expect("a spec");
    }
    let specs = specs.to_str().expect("a path");
    let again = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_billpay"))
            .args(["scaffold", "backstage", "--specs", specs])
            .args(more)
            .current_dir(portal.folder.path())
            .output()
            .expect("billpay runs");
        output.status.code().expect("a code")
    };
    assert_eq!(again(&["--check"]), 2, "an environment is gone");
    assert!(old.is_file(), "--check writes nothing");
    assert_eq!(again(&[]), 0);
    assert!(!old.exists());
    assert_eq!(std::fs::read_to_string(&config).expect("a file"), edited);
}

/// Its entry goes into the spec as its README says, and its values make manifests of it.
#[test]
fn the_portal_is_a_service_of_the_platform() {
    let portal = Portal::new();
    let specs = portal.folder.path().join("environments");
    let copy = |from: PathBuf, to: &Path| {
        let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().expect("cp runs");
        assert!(copied.success());
    };
    copy(repository().join("environments"), &specs);
    copy(portal.path().join("platform/environments/."), &specs);
    let shared = std::fs::read_to_string(specs.join("shared.yaml")).expect("what environments share");
    let secret = "secrets:\n  billpay/portal/settings: { description: of the portal, rotation_days: 90 }\n";
    let (before, after) = shared.split_once("\nsecrets:\n").expect("secrets");
    std::fs::write(specs.join("shared.yaml"), format!("{before}\n{secret}{after}")).expect("a secret more");

    let image = format!("backstage=example.com/backstage@sha256:{}", "a".repeat(64));
    let output = Command::new(env!("CARGO_BIN_EXE_billpay"))
        .args(["scaffold", "kubernetes", "--env", "dev", "--service", "backstage", "--image", &image])
        .args(["--values", "portal/deploy/values.yaml"])
        .current_dir(portal.folder.path())
        .output()
        .expect("billpay runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let manifests = portal.folder.path().join("kubernetes/dev/backstage");
    let deployment = std::fs::read_to_string(manifests.join("deployment.yaml")).expect("a deployment");
    let deployment = &documents(&deployment)[0];
    let variables =
        deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array().expect("variables");
    let variable = |name: &str| variables.iter().find(|variable| variable["name"] == name).cloned();
    // The name that packages/backend/src/secrets.ts reads.
    let secret = variable("BILLPAY_PORTAL_SETTINGS_SECRET").expect("the name of its secret");
    assert_eq!(secret["value"], "billpay/portal/settings-dev");
    assert!(variable("PORTAL_URL").is_some());
    let secrets = std::fs::read_to_string(portal.path().join("packages/backend/src/secrets.ts"));
    assert!(secrets.expect("a program").contains("\"BILLPAY_PORTAL_SETTINGS_SECRET\""));
}

/// Nothing that only one machine has gets into a portal, and nothing that can't be read by people.
#[test]
fn every_template_is_a_text_that_ends_with_a_newline() {
    let environments = environments();
    let all: Vec<&Environment> = environments.iter().collect();
    for (path, text) in files(&all) {
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
        assert!(!text.lines().any(|line| line.ends_with(' ')), "{path}: spaces at the end of a line");
        assert!(Path::new(&path).is_relative());
    }
}
