//! cookiecutter itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use billpay_testkit::install;

const PACKAGES: &[&str] = &[
    "cookiecutter==2.7.1",
    "jinja2==3.1.6",
    "markupsafe==3.0.4",
    "python-slugify==9.2.0",
    "text-unidecode==1.3",
    "arrow==1.4.0",
    "binaryornot==0.6.0",
];

/// Programs of a Python that has cookiecutter and Jinja2.
pub fn bin() -> PathBuf {
    install::python("cookiecutter-2.7.1", PACKAGES).join("bin")
}

/// Lets cookiecutter do what is asked, in one process; it keeps its own files in `folder`.
pub fn run(folder: &Path, jobs: &Value) -> Value {
    let python = bin().join("python");
    let (asked, done) = (folder.join("jobs.json"), folder.join("done.json"));
    std::fs::write(&asked, jobs.to_string()).expect("the jobs can be written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cookiecutter/peer.py");
    install::run(Command::new(python).arg(script).arg(asked).arg(&done).env("HOME", folder));
    let text = std::fs::read_to_string(done).expect("what was done");
    serde_json::from_str(&text).expect("JSON")
}
