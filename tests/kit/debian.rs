//! Programs of the tests that come with the system: on the path, or installed from Debian's packages.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{lock, run};
use super::skip;

/// The program of a Debian package of the same name, which is installed when it isn't on the path.
/// Only root, or who may become root without a password, can do that; everybody else is told what is missing.
pub fn debian(program: &str) -> PathBuf {
    if let Some(found) = on_path(program) {
        return found;
    }
    let _lock = lock("debian");
    if let Some(found) = on_path(program) {
        return found;
    }
    let can = Path::new("/usr/bin/apt-get").exists() && (is_root() || may_sudo());
    assert!(
        can,
        "the tests need `{program}`, which is not on the path: install it with your system's packages"
    );
    let _ = writeln!(std::io::stderr(), "installing {program} for the tests (once) …");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if is_root() { "apt-get" } else { "sudo" });
        if !is_root() {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    };
    apt(&["update", "-q"]);
    apt(&["install", "-q", "-y", "--no-install-recommends", program]);
    on_path(program).unwrap_or_else(|| panic!("Debian's package {program} has no program of that name"))
}

/// Returns whether the current user is root. If not, runs `test` of this program as root, or skips it.
pub fn is_root_or_reruns(test: &str) -> bool {
    if is_root() {
        return true;
    }
    if !may_sudo() {
        skip("only root, or who may become root without a password, can run it");
        return false;
    }
    // Made by the user, or the file of the lock would be root's.
    drop(lock("debian"));
    let mut command = Command::new("sudo");
    command.args(["-n", "-E", "env"]);
    for name in ["PATH", "HOME"] {
        command.arg(format!("{name}={}", std::env::var(name).expect("a text")));
    }
    command.arg(std::env::current_exe().expect("this program"));
    let said = run(command.args([test, "--exact", "--include-ignored", "--nocapture"]));
    assert!(said.contains("1 passed"), "there is no test {test}:\n{said}");
    false
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn may_sudo() -> bool {
    Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|output| output.status.success())
}

/// Finds a program on the path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
