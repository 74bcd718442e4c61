//! Every call of Git: in the repository that it is told of, with nothing to run but what the user's own
//! configuration names.

mod config;
mod repository;

use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub use repository::{Repository, WorkTree, place_in_repository, work_tree};

/// Variables that lead Git to a repository, or into its parts: the list of `git rev-parse --local-env-vars`, with
/// what older and newer versions have on it. What is for transports and credentials stays.
const LOCAL_VARIABLES: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
];

/// Settings of every call; they go over those of any repository.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "safe.bareRepository=explicit",
    "protocol.allow=never",
];

/// Returns a call of Git for this repository; nothing is searched for.
///
/// # Errors
/// Fails if Git is not on this machine.
pub fn command(git_dir: &Path) -> io::Result<Command> {
    let mut command = bare_command()?;
    command.arg("--git-dir").arg(git_dir);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    Ok(command)
}

fn bare_command() -> io::Result<Command> {
    let mut command = super::program::command("git")?;
    for name in LOCAL_VARIABLES {
        command.env_remove(name);
    }
    // A status writes nothing, and objects that aren't there are not fetched.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
    Ok(command)
}

/// Returns the user's and the system's entries of `safe.directory`; none if Git can't be asked.
pub fn safe_directories() -> Vec<String> {
    let read = |scope: &str| {
        let mut command = bare_command().ok()?;
        command.args(["config", scope, "--null", "--get-all", "safe.directory"]);
        answer(command.current_dir("/").env("GIT_DIR", "/dev/null")).ok()
    };
    let entries = ["--system", "--global"].into_iter().filter_map(read);
    entries.flat_map(|output| parts(&output.stdout)).collect()
}

/// Runs a command that has to succeed.
fn answer(command: &mut Command) -> io::Result<Output> {
    finished(command.stdin(Stdio::null()))
}

/// Runs a command that has its input, and has to succeed.
fn finished(command: &mut Command) -> io::Result<Output> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(output),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_string())),
    }
}

/// Splits what Git ends with a zero byte each.
fn parts(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut parts: Vec<String> = text.split('\0').map(str::to_string).collect();
    parts.pop();
    parts
}
