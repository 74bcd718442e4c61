//! `billpay scaffold kubernetes` and `billpay schema --of values`, as people run them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{here, image, specs};

const SERVICES: [&str; 4] = ["backend-api", "payment-service", "user-service", "admin-service"];

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(out: &Path, args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
    command
        .args(["scaffold", "kubernetes", "--env", "dev", "--specs"])
        .arg(specs())
        .arg("--out")
        .arg(out)
        .args(args);
    let output = command.env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("billpay can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code().expect("a code"), out: text(&output.stdout), err: text(&output.stderr) }
}

fn images() -> Vec<String> {
    SERVICES.iter().flat_map(|name| ["--image".to_owned(), format!("{name}={}", image(name, 'c'))]).collect()
}

fn all(out: &Path, more: &[&str]) -> Said {
    let images = images();
    let args: Vec<&str> = images.iter().map(String::as_str).chain(more.iter().copied()).collect();
    run(out, &args)
}

#[test]
fn the_manifests_of_an_environment_are_written_once_and_edits_stay() {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("kubernetes");
    let said = all(&out, &[]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(
        out.join("dev/namespace.yaml").is_file() && out.join("dev/backend-api/autoscaler.yaml").is_file()
    );
    assert!(!out.join("dev/admin-service/autoscaler.yaml").exists(), "one replica, and never more");
    let again = all(&out, &["--check"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);

    let file = out.join("dev/backend-api/service.yaml");
    let edited = fs::read_to_string(&file).expect("a file").replace("type: ClusterIP", "type: NodePort");
    fs::write(&file, &edited).expect("an edit");
    assert_eq!(all(&out, &[]).code, 0);
    assert_eq!(fs::read_to_string(&file).expect("a file"), edited);
}

#[test]
fn one_service_is_rendered_alone_and_the_others_stay() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(all(folder.path(), &[]).code, 0);
    let (values, image) =
        (here("values/payment-service.yaml"), format!("payment-service={}", image("payment-service", 'd')));
    let values = values.to_str().expect("text");
    let said = run(folder.path(), &["--service", "payment-service", "--values", values, "--image", &image]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let deployment =
        fs::read_to_string(folder.path().join("dev/payment-service/deployment.yaml")).expect("it");
    assert!(
        deployment.contains("containerPort: 8081") && deployment.contains(&"d".repeat(64)),
        "{deployment}"
    );
    assert!(folder.path().join("dev/backend-api/deployment.yaml").is_file());
}

#[test]
fn an_environment_is_told_from_the_others_beside_it() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(all(folder.path(), &[]).code, 0);
    assert_eq!(all(folder.path(), &["--env", "staging"]).code, 1, "one environment at a time");
}

#[test]
fn without_an_image_nothing_is_rendered() {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("kubernetes");
    let said = run(&out, &["--service", "backend-api"]);
    assert_eq!(said.code, 1);
    let hint = "--image backend-api=REGISTRY/REPOSITORY@sha256:DIGEST";
    assert!(
        said.err.contains("which image to run for backend-api") && said.err.contains(hint),
        "{}",
        said.err
    );
    let said = run(&out, &["--image", "backend-api=registry.example.com/backend-api:latest"]);
    assert!(said.code == 1 && said.err.contains("a tag may mean something else tomorrow"), "{}", said.err);
    assert!(!out.exists());
}

#[test]
fn what_is_meant_for_another_service_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let image = |name: &str| format!("{name}={}", image("backend-api", 'e'));
    let said = run(folder.path(), &["--service", "backend-apy"]);
    assert!(said.code == 1 && said.err.contains("did you mean `backend-api`?"), "{}", said.err);
    let said = run(folder.path(), &["--image", &image("backend")]);
    assert!(
        said.code == 1 && said.err.contains("`backend` is not among the services of dev"),
        "{}",
        said.err
    );
    let said = run(folder.path(), &["--service", "backend-api", "--image", &image("user-service")]);
    assert!(said.code == 1 && said.err.contains("not among the services to render"), "{}", said.err);
}

#[test]
fn values_that_are_wrong_are_told_by_file_line_and_column() {
    let folder = TempDir::new().expect("a folder");
    let values = here("wrong/unknown-keys.yaml");
    let said = all(folder.path(), &["--values", values.to_str().expect("text")]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("unknown-keys.yaml:2:1") && said.err.contains("did you mean `shutdown_seconds`?"),
        "{}",
        said.err
    );
}

#[test]
fn the_schema_of_values_is_printed_for_editors() {
    let output = Command::new(env!("CARGO_BIN_EXE_billpay")).args(["schema", "--of", "values"]).output();
    let schema: serde_json::Value = serde_json::from_slice(&output.expect("billpay").stdout).expect("JSON");
    assert_eq!(schema, billpay_manifests::json_schema());
}
