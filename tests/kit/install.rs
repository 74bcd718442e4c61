//! Programs that the tests need beside our own: installed once, pinned, into the user's
//! cache folder. A failure to get one is a failure of the test.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

/// The AWS CLI: what a person would look with, and none of our code.
const AWS_CLI: &[&str] = &["awscli==1.46.3"];
/// The second emulator, written by others than the first.
const MOTO: &[&str] = &["moto[server]==5.2.5"];
/// AWS's lists of actions and condition keys; it reads them with what setuptools had until version 82.
const PARLIAMENT: &[&str] = &["parliament==1.6.4", "setuptools==80.9.0"];
/// The policies of others, on the OpenTofu modules.
const CHECKOV: &[&str] = &["checkov==3.3.30"];

pub fn aws_cli() -> PathBuf {
    python("awscli-1.46.3", AWS_CLI).join("bin/aws")
}

pub fn moto_server() -> PathBuf {
    python("moto-5.2.5", MOTO).join("bin/moto_server")
}

/// The Python that has Parliament.
pub fn parliament() -> PathBuf {
    python("parliament-1.6.4", PARLIAMENT).join("bin/python")
}

pub fn checkov() -> PathBuf {
    python("checkov-3.3.30", CHECKOV).join("bin/checkov")
}

/// Returns the directory in which the tests keep what they installed.
pub fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    base.unwrap_or_else(home).join("billpay/tests")
}

/// Test binaries run beside one another: whoever comes second waits for the first.
pub fn lock(name: &str) -> File {
    fs::create_dir_all(cache()).expect("the cache folder can be made");
    let file = File::create(cache().join(format!("{name}.lock"))).expect("the lock can be opened");
    flock(&file, FlockOperation::LockExclusive).expect("the lock can be taken");
    file
}

/// A folder of the cache, filled when it isn't there; `what` says with what, for whoever waits.
pub fn once(name: &str, what: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let folder = cache().join(name);
    let complete = folder.join("complete");
    let _lock = lock(name);
    if complete.exists() {
        return folder;
    }
    // Past what the tests print, which is shown when they have ended: this is worth knowing now.
    let _ = writeln!(std::io::stderr(), "{what} for the tests (once) …");
    // What an interrupted installation left is not trusted.
    let _ = fs::remove_dir_all(&folder);
    fill(&folder);
    fs::write(&complete, "").expect("the folder can be marked as complete");
    folder
}

/// A Python environment with `packages`, made when it isn't there.
pub fn python(name: &str, packages: &[&str]) -> PathBuf {
    once(name, &format!("installing {}", packages.join(", ")), |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let flags = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        run(Command::new(folder.join("bin/python")).args(flags).args(packages));
    })
}

/// Runs a step of an installation, and returns what it wrote.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?} failed, and the tests can't do without it:\n{out}{err}");
    out
}
