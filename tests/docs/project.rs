//! Projects with documentation, and billpay run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use billpay_testkit::{Run, Sandbox, install};

/// Returns the cache directory with billpay's own MkDocs, for all tests.
pub fn cache() -> PathBuf {
    install::cache().join("docs")
}

/// The folder of a MkDocs with the plugin of TechDocs, for us and for techdocs-cli: the one that
/// billpay installs for whoever has none.
pub fn mkdocs() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let _lock = install::lock("docs");
        let sandbox = Sandbox::of_account("http://127.0.0.1:9", "123456789012");
        without_mkdocs(&sandbox, "readme");
        let environments = fs::read_dir(cache().join("billpay/docs")).expect("what billpay installed");
        let mut environments = environments.map(|entry| entry.expect("an entry").path().join("bin"));
        environments.find(|bin| bin.join("mkdocs").is_file()).expect("a MkDocs")
    });
    &FOLDER
}

/// Builds a fixture where no MkDocs is on the path; says what billpay told as JSON.
pub fn without_mkdocs(sandbox: &Sandbox, name: &str) -> Run {
    let project = site(sandbox, name, name).display().to_string();
    let path = std::env::var_os("PATH").expect("a path");
    let without = std::env::split_paths(&path).filter(|folder| !folder.join("mkdocs").exists());
    let without = std::env::join_paths(without).expect("a path");
    let args = ["docs", "build", "--dir", &project, "--out", "site", "--output", "json"];
    let mut command = sandbox.billpay_command(&args);
    command.env("PATH", &without).env("XDG_CACHE_HOME", cache());
    Run::new(&args, command.output().expect("billpay can be run")).exits(0)
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
