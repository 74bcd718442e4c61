//! Programs of the tests that come with the system: on the path, or installed from Debian's packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{lock, run};

/// The program of a Debian package of the same name, which is installed when it isn't on the path.
/// Only root on a Debian can do that; everybody else is told what is missing.
pub fn debian(program: &str) -> PathBuf {
    if let Some(found) = on_path(program) {
        return found;
    }
    let _lock = lock("debian");
    if let Some(found) = on_path(program) {
        return found;
    }
    let can = rustix::process::getuid().is_root() && Path::new("/usr/bin/apt-get").exists();
    assert!(
        can,
        "the tests need `{program}`, which is not on the path: install it with your system's packages"
    );
    eprintln!("installing {program} for the tests (once) …");
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    };
    apt(&["update", "-q"]);
    apt(&["install", "-q", "-y", "--no-install-recommends", program]);
    on_path(program).unwrap_or_else(|| panic!("Debian's package {program} has no program of that name"))
}

/// Where a program is on the path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
