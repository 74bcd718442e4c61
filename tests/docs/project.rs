//! Projects with documentation, and billpay run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Run, Sandbox, install};

/// The pinned packages that billpay installs where there is no MkDocs.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/adapter/docs/requirements.txt");

/// The folder of a MkDocs with the plugin of TechDocs, for us and for techdocs-cli.
pub fn mkdocs() -> PathBuf {
    install::python("mkdocs-techdocs-core-1.7.1", &["-r", REQUIREMENTS]).join("bin")
}

/// A fixture: `plain`, `nested` or `readme`, in a folder of its own.
pub fn site(sandbox: &Sandbox, name: &str, to: &str) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/sites").join(name);
    let to = sandbox.path(to);
    copy(&from, &to);
    to
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a fixture") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// A command that finds this MkDocs first, with the same clock for every builder.
pub fn with_mkdocs(mut command: Command) -> Command {
    let path = std::env::var("PATH").expect("a path");
    command.env("PATH", format!("{}:{path}", mkdocs().display()));
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    command
}

/// Runs billpay with MkDocs on the path.
pub fn billpay(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = with_mkdocs(sandbox.billpay_command(args));
    Run::new(args, command.output().expect("billpay can be run"))
}

/// The files below a folder, with their bytes.
pub fn files(root: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("a file below").display().to_string();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}
