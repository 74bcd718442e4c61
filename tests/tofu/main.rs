//! The OpenTofu tree: what every module has to have (`modules`), the modules through
//! OpenTofu, Terraform and Checkov (`checked`), how OpenTofu reads the texts that we write
//! (`texts`), and against an emulated AWS: a tree of units that is none of ours (`units`), our
//! environments through Terragrunt (`environments`) and without it (`stacks`), and all that can
//! be switched on (`everything`).

mod checked;
mod differences;
mod environments;
mod everything;
#[path = "../aws/scenarios/inventory.rs"]
#[allow(dead_code)]
mod inventory;
mod modules;
mod remains;
mod stacks;
mod texts;
mod tree;
mod units;

use std::path::{Path, PathBuf};

fn infrastructure() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/infrastructure")
}

fn modules() -> PathBuf {
    infrastructure().join("modules")
}

/// The names of all modules, sorted.
fn names() -> Vec<String> {
    let folders = std::fs::read_dir(modules()).expect("the modules");
    let folders = folders.map(|folder| folder.expect("a module").path()).filter(|path| path.is_dir());
    let name = |path: PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut names: Vec<String> = folders.map(name).collect();
    names.sort();
    assert!(!names.is_empty(), "there are no modules in {}", modules().display());
    names
}

/// All files below a folder; nothing is left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Fails with all that is wrong at once.
#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong:\n\n{}\n", wrong.len(), wrong.join("\n"));
}
