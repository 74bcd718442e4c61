//! Pipelines: our own workflows and actions, and those of rendered projects. What they must hold to (`rules`, `wiring`), what
//! GitHub and others say of them (`checked`), and what their scripts do when they run (`scripts`, `provisioning`, `releases`, `image`).

mod action;
mod checked;
mod image;
mod provisioning;
mod releases;
mod rules;
mod scripts;
mod wiring;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A workflow or action, of ours or of a rendered project.
struct File {
    /// Whose it is and where: `billpay-service, maven: .github/workflows/pipeline.yml`.
    name: String,
    path: PathBuf,
    text: String,
}

impl File {
    fn is_action(&self) -> bool {
        self.path.ends_with("action.yml")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each template, and the answers that it is rendered with, one after the other into one folder.
const RENDERED: &[(&str, &str, &[&str])] = &[
    (
        "billpay-infrastructure",
        "two environments",
        &[
            "{environment: dev, account: '123456789012', first: true}",
            "{environment: prod, account: '210987654321', protected: true, region: eu-central-1}",
        ],
    ),
    (
        "billpay-service",
        "gradle",
        &[
            "{name: invoice-service, build: gradle, description: 'Sends \"invoices\": <b> & ${{ github.token }} #1'}",
        ],
    ),
    ("billpay-service", "maven", &["{name: 'null', build: maven, description: d, organization: acme}"]),
    ("billpay-frontend", "shell", &["{name: web, role: shell, title: Web, description: 'it''s \\ #'}"]),
    ("billpay-frontend", "remote", &["{name: 'true', role: remote, title: Web, description: d}"]),
];

/// The repositories that are looked at: ours, and a rendered project of each template.
fn repositories(scratch: &TempDir) -> Vec<(String, PathBuf)> {
    let mut all = vec![("billpay".to_string(), root().to_path_buf())];
    for (template, variant, answers) in RENDERED {
        let folder = root().join("templates/backstage").join(template);
        let out = scratch.path().join(template).join(variant.replace(' ', "-"));
        for given in *answers {
            let values = scratch.path().join("values.yaml");
            fs::write(&values, given).expect("the answers are written");
            let mut command = Command::new(env!("CARGO_BIN_EXE_billpay"));
            command.current_dir(scratch.path()).arg("scaffold").arg(&folder).args(["--defaults", "--force"]);
            let output = command.arg("--values").arg(&values).arg("--out").arg(&out).output();
            let output = output.expect("billpay can be run");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{template}, {variant}: {said}");
        }
        all.push((format!("{template}, {variant}"), out));
    }
    all
}

/// Workflows and actions of a repository.
fn files((name, folder): &(String, PathBuf)) -> Vec<File> {
    let list = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    };
    let github = folder.join(".github");
    let mut paths = list(&github.join("workflows"));
    paths.extend(list(&github.join("actions")).iter().map(|action| action.join("action.yml")));
    let file = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a text");
        let shown = path.strip_prefix(folder).expect("a path in the repository").display();
        File { name: format!("{name}: {shown}"), text, path }
    };
    paths.into_iter().map(file).collect()
}

/// The workflows and actions of all repositories.
fn everything(scratch: &TempDir) -> Vec<File> {
    let all: Vec<File> = repositories(scratch).iter().flat_map(files).collect();
    assert!(all.len() > 12, "only {} workflows and actions were found", all.len());
    all
}

/// The scripts of our actions.
fn shell_scripts() -> Vec<PathBuf> {
    let mut scripts = vec![];
    for action in fs::read_dir(root().join(".github/actions")).expect("our actions") {
        for entry in fs::read_dir(action.expect("an action").path()).expect("its files") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|extension| extension == "sh") {
                scripts.push(path);
            }
        }
    }
    scripts.sort();
    assert!(scripts.len() > 6, "only {} scripts were found", scripts.len());
    scripts
}
