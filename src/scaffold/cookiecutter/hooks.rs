//! Runs a template's hooks in the project's folder.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fmt, fs};

use billpay_host::{program, temporary};

use crate::Hook;

/// Prefixes of variables that hooks get beside those of every program: the way to the network, who commits, and in
/// which Python.
pub(super) fn variables() -> Vec<&'static str> {
    [program::NETWORK, &["GIT_AUTHOR_", "GIT_COMMITTER_", "VIRTUAL_ENV", "CONDA_PREFIX"]].concat()
}

/// Error of a hook.
#[derive(Debug)]
pub enum HookError {
    /// It couldn't be started.
    Start { file: String, error: io::Error },
    /// It ended, but not well; with what it wrote.
    Failed { file: String, status: String, wrote: String },
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookError::Start { file, error } => write!(f, "the hook {file} can't be started: {error}"),
            HookError::Failed { file, status, wrote } if wrote.is_empty() => {
                write!(f, "the hook {file} failed ({status})")
            }
            HookError::Failed { file, status, wrote } => {
                write!(f, "the hook {file} failed ({status}):\n{wrote}")
            }
        }
    }
}

impl std::error::Error for HookError {}

/// Runs a hook in the project's folder, Python through `python3`, others as they say; returns
/// what it wrote.
///
/// # Errors
/// Fails if the hook can't be started, or ends with a status other than 0.
pub fn run(hook: &Hook, folder: &Path) -> Result<String, HookError> {
    let start = |error: io::Error| HookError::Start { file: hook.file.clone(), error };
    // The script is no part of the project.
    let script = temporary::directory("hook").map_err(start)?;
    let file = script.path().join(&hook.file);
    let mut options = fs::OpenOptions::new();
    let mut writer = options.write(true).create_new(true).mode(0o700).open(&file).map_err(start)?;
    writer.write_all(hook.text.as_bytes()).map_err(start)?;
    drop(writer);
    let program = match hook.file.ends_with(".py") {
        true => program::command("python3"),
        false => Ok(Command::new(&file)),
    };
    let mut command = program.map_err(start)?;
    if hook.file.ends_with(".py") {
        command.arg(&file);
    }
    command.env_clear().envs(program::environment(&variables(), None));
    let output = command.current_dir(folder).stdin(Stdio::null()).output().map_err(start)?;
    let wrote = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_string();
    let texts: Vec<String> =
        [wrote(&output.stdout), wrote(&output.stderr)].into_iter().filter(|text| !text.is_empty()).collect();
    let wrote = texts.join("\n");
    match output.status.success() {
        true => Ok(wrote),
        false => {
            let status = output.status.to_string();
            Err(HookError::Failed { file: hook.file.clone(), status, wrote })
        }
    }
}
