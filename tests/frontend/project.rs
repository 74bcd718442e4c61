//! Projects of the template, and what their developers run in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use billpay_testkit::debian::debian;
use billpay_testkit::install::run;
use billpay_testkit::npm;

pub struct Project {
    pub name: String,
    pub folder: PathBuf,
}

impl Project {
    /// Renders the template with some answers, below a folder.
    pub fn new(answers: &Value, below: &Path) -> Project {
        let name = answers["name"].as_str().expect("a name").to_string();
        let project = Project { folder: below.join(&name), name };
        let given = below.join(format!("{}.answers.json", project.name));
        fs::write(&given, answers.to_string()).expect("answers");
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/backstage/billpay-frontend");
        let mut scaffold = Command::new(env!("CARGO_BIN_EXE_billpay"));
        scaffold.arg("scaffold").arg(template).arg("--values").arg(given).arg("--out").arg(&project.folder);
        run(scaffold.env("NO_COLOR", "1"));
        project
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Its entry in the environments' spec.
    pub fn entry(&self) -> PathBuf {
        self.folder.join(format!("platform/environments/frontends/{}.yaml", self.name))
    }

    pub fn bundle(&self) -> PathBuf {
        self.folder.join("dist").join(&self.name)
    }

    /// All files, by path.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.folder.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    let name = path.strip_prefix(&self.folder).expect("inside").display().to_string();
                    files.insert(name, fs::read(path).expect("a file"));
                }
            }
        }
        files
    }

    /// Installs what its package.json names; the same packages are installed once for all.
    pub fn install(&self) {
        let manifest = self.json("package.json");
        let wanted = json!({
            "private": true,
            "dependencies": manifest["dependencies"],
            "devDependencies": manifest["devDependencies"],
        });
        let modules = npm::packages("angular", &wanted).join("node_modules");
        std::os::unix::fs::symlink(modules, self.folder.join("node_modules")).expect("a link");
    }

    /// Runs one of its scripts as a pipeline does, and returns what it said.
    pub fn script(&self, name: &str) -> String {
        let mut npm = Command::new("npm");
        npm.args(["run", "--silent", name]).current_dir(&self.folder);
        npm.env("CI", "true").env("NO_COLOR", "1").env("CHROME_BIN", debian("chromium"));
        run(npm.env("GIT_COMMIT", "0123456789abcdef0123456789abcdef01234567"))
    }
}
