//! The generated backend itself, with its own configuration: its catalog reads everything, and its
//! scaffolder makes what billpay makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws_smithy_types::base64;
use billpay_portal::catalog::catalog;
use serde_json::{Value, json};

use super::node::Node;
use super::projects::Projects;
use super::{Portal, environments, repository};
use billpay_testkit::npm;

/// A template of the portal whose step calls billpay.
const TEMPLATE: &str = "apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: { name: through-billpay }
spec:
  owner: group:default/platform-team
  type: infrastructure
  parameters: { properties: { environment: { type: string } } }
  steps:
    - id: project
      action: billpay:scaffold
      input:
        template: billpay-infrastructure
        values: { environment: '${{ parameters.environment }}', account: '123456789012' }
        targetPath: deep/er
  output:
    files: ${{ steps.project.output.files }}
    version: ${{ steps.project.output.version }}
";

/// A backend that is ready, and somebody who has signed in.
struct Backend {
    node: Node,
    token: String,
}

impl Backend {
    fn start(portal: &Portal, projects: &Projects) -> Backend {
        let folder = portal.folder.path();
        fs::write(folder.join("template.yaml"), TEMPLATE).expect("a template");
        let location = |target: String, allow: &[&str]| json!({"type": "file", "target": target, "rules": [{"allow": allow}]});
        // As app-config.yaml has them, but for the templates: of this repository, not of its releases.
        let ours = repository().join("templates/backstage/*/template.yaml").display().to_string();
        let mut locations = locations(portal);
        locations.push(location(ours, &["Template"]));
        locations.push(location(folder.join("template.yaml").display().to_string(), &["Template"]));
        locations.extend(projects.locations());
        let overlay = json!({
            "backend": {"reading": {"allow": [{"host": projects.host()}]}},
            "catalog": {"processingInterval": {"seconds": 5}, "locations": locations},
            "billpay": {"binary": env!("CARGO_BIN_EXE_billpay"), "timeoutSeconds": 60},
        });
        let file = folder.join("overlay.yaml");
        fs::write(&file, overlay.to_string()).expect("a configuration");
        let arguments = [npm::portal(), portal.path(), file];
        let mut node = Node::start("backend.cjs", &arguments, &folder.join("backend.log"));
        assert!(node.hear()["port"].is_number());
        let signed_in = node.ask(&json!({"path": "/api/auth/guest/refresh", "method": "POST"}));
        let token = signed_in["body"]["backstageIdentity"]["token"].as_str();
        let token = token.unwrap_or_else(|| panic!("nobody can sign in: {signed_in}")).to_string();
        Backend { node, token }
    }

    fn get(&mut self, path: &str) -> Value {
        self.node.ask(&json!({"path": path, "token": self.token}))
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        self.node.ask(&json!({"path": path, "method": "POST", "token": self.token, "body": body}))
    }

    /// Asks until an answer is as wanted.
    fn until(&mut self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut answer = Value::Null;
        for _ in 0..240 {
            answer = self.get(path);
            if wanted(&answer["body"]) {
                return answer["body"].take();
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        panic!("{path} doesn't get there: {answer}\n{}", self.node.said());
    }

    /// Runs a step in an empty workspace: returns its files, or why it fails.
    fn dry_run(
        &mut self,
        input: Value,
        beside: &BTreeMap<String, Vec<u8>>,
    ) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let beside: Vec<Value> = beside
            .iter()
            .map(|(path, bytes)| json!({"path": path, "base64Content": base64::encode(bytes)}))
            .collect();
        let template = json!({
            "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "dry"},
            "spec": {"type": "x", "steps": [{"id": "s", "action": "billpay:scaffold", "input": input}]},
        });
        let body = json!({"template": template, "values": {}, "directoryContents": beside});
        let answer = self.post("/api/scaffolder/v2/dry-run", body);
        if answer["status"] != 200 {
            return Err(answer["body"].to_string());
        }
        let files = answer["body"]["directoryContents"].as_array().expect("files").iter();
        let file = |file: &Value| {
            (text(&file["path"]), base64::decode(text(&file["base64Content"])).expect("base64"))
        };
        Ok(files.map(file).collect())
    }
}

fn locations(portal: &Portal) -> Vec<Value> {
    let config = fs::read_to_string(portal.path().join("app-config.yaml")).expect("a configuration");
    let config: Value = serde_yaml::from_str(&config).expect("YAML");
    let all = config["catalog"]["locations"].as_array().expect("locations").clone();
    all.into_iter().filter(|location| location["type"] == "file").collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_string()
}

/// The files of a folder, but those that say when or where they were made.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let path = entry.strip_prefix(folder).expect("inside").display().to_string();
                found.insert(path, fs::read(entry).expect("a file"));
            }
        }
    }
    found
}

/// A project as the command line makes it.
pub fn scaffolded(template: &str, values: &Value) -> BTreeMap<String, Vec<u8>> {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("values.json"), values.to_string()).expect("answers");
    let output = Command::new(env!("CARGO_BIN_EXE_billpay"))
        .args(["scaffold", template, "--values", "values.json", "--out", "project"])
        .current_dir(place.path())
        .output()
        .expect("billpay runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    files(&place.path().join("project"))
}

#[test]
#[ignore = "full tier: installs Backstage's backend, and starts the generated one"]
fn the_generated_backend_reads_its_catalog_and_scaffolds_with_billpay() {
    let portal = Portal::new();
    let projects = Projects::serve();
    let mut backend = Backend::start(&portal, &projects);
    the_catalog_has_everything(&mut backend, &projects);
    only_who_signed_in_gets_in(&mut backend);
    a_project_is_the_same_from_the_portal(&mut backend);
    a_template_beside_the_portals_own_is_used(&mut backend);
    what_is_wrong_is_said(&mut backend);
    a_task_runs_to_its_end(&mut backend);
}

/// Every entity of the specs and of projects, and every template of ours passed the schemas and processors, and every
/// relation leads somewhere.
fn the_catalog_has_everything(backend: &mut Backend, projects: &Projects) {
    let environments = environments();
    let all: Vec<_> = environments.iter().collect();
    let catalog = catalog(&all);
    let mut wanted: BTreeSet<String> = [&catalog.groups, &catalog.platform]
        .into_iter()
        .chain(catalog.environments.values())
        .flatten()
        .map(|entity| {
            format!("{}:default/{}", text(&entity["kind"]), text(&entity["metadata"]["name"])).to_lowercase()
        })
        .collect();
    wanted.insert("template:default/through-billpay".to_string());
    wanted.extend(projects.entities.iter().map(|reference| reference.to_string()));
    for entry in fs::read_dir(repository().join("templates/backstage")).expect("templates") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        wanted.insert(format!("template:default/{name}"));
    }

    let reference = |entity: &Value| {
        format!("{}:default/{}", text(&entity["kind"]), text(&entity["metadata"]["name"])).to_lowercase()
    };
    let all = |body: &Value| -> BTreeSet<String> {
        let entities = body.as_array().into_iter().flatten();
        entities.filter(|entity| entity["kind"] != "Location").map(reference).collect()
    };
    let found = backend.until("/api/catalog/entities", |body| all(body).is_superset(&wanted));
    assert_eq!(all(&found), wanted, "and nothing else");
    println!("{} entities", wanted.len());

    // Relations come when both ends are there; what is wrong with an entity stands in its status.
    let entities = found.as_array().expect("entities").clone();
    let known: BTreeSet<String> = entities.iter().map(reference).collect();
    let mut relations = 0;
    for entity in &entities {
        assert_eq!(entity["status"]["items"].as_array().map_or(0, Vec::len), 0, "{entity}");
        assert_eq!(entity["metadata"]["annotations"]["backstage.io/orphan"], Value::Null, "{entity}");
        for relation in entity["relations"].as_array().into_iter().flatten() {
            relations += 1;
            let target = text(&relation["targetRef"]);
            assert!(
                known.contains(&target),
                "{} is related to {target}, which is nowhere",
                reference(entity)
            );
        }
    }
    assert!(relations > entities.len(), "{relations} relations");
    println!("{relations} relations");
}

fn only_who_signed_in_gets_in(backend: &mut Backend) {
    let answer = backend.node.ask(&json!({"path": "/api/catalog/entities"}));
    assert_eq!(answer["status"], 401);
    let answer = backend.get("/api/kubernetes/clusters");
    assert_eq!(answer["status"], 200, "{answer}");
}

fn a_project_is_the_same_from_the_portal(backend: &mut Backend) {
    let values = json!({"environment": "qa", "account": "123456789012", "owner": "platform-team"});
    let input = json!({"template": "billpay-infrastructure", "values": values, "targetPath": "."});
    let portal = backend.dry_run(input, &BTreeMap::new()).unwrap_or_else(|why| panic!("{why}"));
    let ours = scaffolded("billpay-infrastructure", &values);
    assert_eq!(portal.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    assert!(portal == ours, "the same names, and other bytes");
}

fn a_template_beside_the_portals_own_is_used(backend: &mut Backend) {
    let folder = repository().join("templates/backstage/billpay-infrastructure");
    let beside = files(&folder).into_iter().map(|(path, bytes)| (format!("inner/{path}"), bytes)).collect();
    let values = json!({"environment": "qa", "account": "123456789012"});
    let input = json!({"template": "./inner", "values": values, "targetPath": "a/b"});
    let made = backend.dry_run(input, &beside).unwrap_or_else(|why| panic!("{why}"));
    let project = |files: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        files.into_iter().filter(|(path, _)| !path.starts_with(".billpay")).collect()
    };
    let made =
        made.into_iter().filter_map(|(path, bytes)| Some((path.strip_prefix("a/b/")?.to_string(), bytes)));
    let ours = scaffolded(&folder.display().to_string(), &values);
    assert_eq!(project(made.collect()), project(ours));
}

fn what_is_wrong_is_said(backend: &mut Backend) {
    let good = json!({"environment": "qa", "account": "123456789012"});
    let cases = [
        (
            json!({"template": "billpay-infrastructure", "values": {"environment": "QA"}}),
            "environment: must match",
        ),
        (json!({"template": "billpay-nothing"}), "billpay brings no template `billpay-nothing` along"),
        (
            json!({"template": "billpay-infrastructure", "values": good, "targetPath": "../out"}),
            "not allowed to refer",
        ),
        (
            json!({"template": "billpay-infrastructure", "values": good, "targetPath": "/etc"}),
            "not allowed to refer",
        ),
        (json!({"template": "--help"}), "is no template"),
        (json!({"template": "/etc"}), "is no template"),
        (json!({"template": "../inner"}), "is no template"),
        (json!({"template": "./../../inner"}), "not allowed to refer"),
        (json!({"template": "file:///etc"}), "is no template"),
        (json!({"template": "https://token@github.com/a/b"}), "is no template"),
        (json!({"template": "https://internal.example/a/b"}), "not a host under"),
        (json!({"template": "https://github.com/a/b", "ref": "--upload-pack=x"}), "Invalid input"),
    ];
    for (input, why) in cases {
        match backend.dry_run(input.clone(), &BTreeMap::new()) {
            Err(said) => assert!(said.contains(why), "{input}: {said}"),
            Ok(made) => panic!("{input} makes {:?}", made.keys()),
        }
    }
}

fn a_task_runs_to_its_end(backend: &mut Backend) {
    let values = json!({"environment": "qa"});
    let body = json!({"templateRef": "template:default/through-billpay", "values": values});
    let started = backend.post("/api/scaffolder/v2/tasks", body);
    assert_eq!(started["status"], 201, "{started}");
    let task = format!("/api/scaffolder/v2/tasks/{}", text(&started["body"]["id"]));
    let ended = |body: &Value| matches!(body["status"].as_str(), Some("completed" | "failed"));
    let status = backend.until(&task, ended);
    let events = backend.get(&format!("{task}/events"))["body"].take();
    assert_eq!(status["status"], "completed", "{events}");
    let end = events.as_array().and_then(|events| events.iter().find(|event| event["type"] == "completion"));
    let output = &end.expect("an end")["body"]["output"];
    let files: BTreeSet<String> = output["files"].as_array().expect("files").iter().map(text).collect();
    assert!(files.contains("deep/er/environments/qa.yaml"), "{files:?}");
    assert_eq!(output["version"], env!("CARGO_PKG_VERSION"));
}
