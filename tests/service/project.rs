//! Projects made from the template, and built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use billpay_testkit::install;

/// The answers that the comparison with the portal uses too.
pub fn answers(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backstage/answers/billpay-service");
    folder.join(name).with_extension("yaml")
}

/// Makes a project in an empty folder.
pub fn make(answers: &str, more: &[&str], folder: &Path) {
    let mut billpay = Command::new(env!("CARGO_BIN_EXE_billpay"));
    billpay.args(["scaffold", "billpay-service", "--values"]).arg(self::answers(answers));
    billpay.args(more).arg("--out").arg(folder);
    install::run(&mut billpay);
}

/// The texts of a project by their paths, without what billpay remembers.
pub fn texts(answers: &str, more: &[&str]) -> BTreeMap<String, String> {
    let folder = TempDir::new().expect("a folder");
    let project = folder.path().join("project");
    make(answers, more, &project);
    let mut texts = BTreeMap::new();
    collect(&project, "", &mut texts);
    texts
}

fn collect(folder: &Path, under: &str, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = format!("{under}{}", entry.file_name().to_string_lossy());
        if path == ".billpay" {
            continue;
        }
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), texts);
        } else {
            let bytes = fs::read(entry.path()).expect("a file");
            let text = String::from_utf8(bytes).unwrap_or_else(|_| panic!("{path} is not a text"));
            texts.insert(path, text);
        }
    }
}

/// A project that Maven has built, with its own tests; made anew in each run.
pub struct Built {
    pub folder: PathBuf,
    /// Output of Maven.
    pub log: String,
}

impl Built {
    pub fn jar(&self) -> PathBuf {
        self.folder.join("target/app.jar")
    }

    /// Returns the number of its own tests that passed.
    pub fn passed(&self) -> u32 {
        let summary = self.log.lines().rfind(|line| line.contains("Tests run:")).expect("a summary of tests");
        let (_, count) = summary.split_once("Tests run: ").expect("a number of tests");
        count.split(',').next().and_then(|count| count.parse().ok()).expect("a number")
    }
}

/// The service with everything, and with texts that would break what they are put into unquoted.
pub fn everything() -> &'static Built {
    static BUILT: LazyLock<Built> = LazyLock::new(|| build("everything", &[]));
    &BUILT
}

/// The smallest one, without the network: it needs nothing that the other did not get.
pub fn smallest() -> &'static Built {
    static BUILT: LazyLock<Built> = LazyLock::new(|| {
        everything();
        build("smallest", &["-o"])
    });
    &BUILT
}

fn build(name: &str, flags: &[&str]) -> Built {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("service").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.parent().expect("a folder above")).expect("a folder");
    make(name, &[], &folder);
    // Two runs of the tests at once would write into one repository.
    let _lock = install::lock("maven");
    let mut maven = maven();
    maven.args(flags).args(["verify"]).current_dir(&folder).env("GIT_COMMIT", "0123abcd");
    let log = install::run(&mut maven);
    assert!(!log.contains("[WARNING]"), "Maven warns:\n{log}");
    Built { folder, log }
}

/// Maven with the tests' own repository, which the next run finds filled.
fn maven() -> Command {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--no-transfer-progress", "-Dstyle.color=never"]);
    maven.arg(format!("-Dmaven.repo.local={}", install::cache().join("maven").display()));
    maven
}
