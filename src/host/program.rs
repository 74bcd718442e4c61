//! Programs of this machine: their search path and their environment.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that a program needs to work as its user is used to; none holds a credential.
const VARIABLES: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "CI",
    "NO_COLOR",
    "SOURCE_DATE_EPOCH",
];

/// Prefixes of variables for programs that fetch something; a proxy's address may hold a credential.
pub const NETWORK: &[&str] =
    &["SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/// Prefixes of more such variables.
const FAMILIES: &[&str] = &["LC_", "XDG_"];

/// Variables with lists of directories in which code is looked for.
const SEARCH_PATHS: &[&str] = &["PATH", "LD_LIBRARY_PATH"];

/// Returns a command for a program on the path, which is started with the path that it was found on.
///
/// # Errors
/// Fails if the program is not on this machine.
pub fn command(name: &str) -> io::Result<Command> {
    let path = search_path("PATH", None);
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{name} is not on this machine"));
    let program = find_on(name, &path).ok_or_else(missing)?;
    let mut command = Command::new(program);
    command.env("PATH", std::env::join_paths(path).unwrap_or_default());
    Ok(command)
}

/// Finds a program on the path.
pub fn find(name: &str) -> Option<PathBuf> {
    find_on(name, &search_path("PATH", None))
}

/// Finds a program on the path, but not in a project.
pub fn find_outside(name: &str, project: &Path) -> Option<PathBuf> {
    let is_outside = |program: &PathBuf| program.canonicalize().is_ok_and(|real| !real.starts_with(project));
    find_on(name, &search_path("PATH", Some(project))).filter(is_outside)
}

/// Returns a command for a program on the path that has nothing to do with anybody's credentials; see [`environment`].
///
/// # Errors
/// Fails if the program is not on this machine.
pub fn isolated(name: &str, also: &[&str]) -> io::Result<Command> {
    let mut command = command(name)?;
    command.env_clear().envs(environment(also, None));
    Ok(command)
}

/// Returns true if the run is not interactive: `CI` is set, to anything but `false`.
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false")
}

fn find_on(name: &str, path: &[PathBuf]) -> Option<PathBuf> {
    let is_program =
        |file: &PathBuf| file.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    path.iter().map(|folder| folder.join(name)).find(is_program)
}

/// Returns the absolute directories of a search path: any other is one of wherever the program runs. With a project,
/// what is in the project is left out, too.
fn search_path(variable: &str, project: Option<&Path>) -> Vec<PathBuf> {
    let path = std::env::var_os(variable).unwrap_or_default();
    let is_inside = |folder: &Path, project: &Path| {
        folder.starts_with(project) || folder.canonicalize().is_ok_and(|real| real.starts_with(project))
    };
    let is_taken =
        |folder: &PathBuf| folder.is_absolute() && project.is_none_or(|project| !is_inside(folder, project));
    std::env::split_paths(&path).filter(is_taken).collect()
}

/// Returns the environment of a program that has nothing to do with anybody's credentials: what every program needs,
/// and the variables whose names begin with one of `also`. With a project, search paths don't lead into it.
pub fn environment(also: &[&str], project: Option<&Path>) -> Vec<(OsString, OsString)> {
    let is_kept = |name: &str| {
        VARIABLES.contains(&name) || FAMILIES.iter().chain(also).any(|prefix| name.starts_with(prefix))
    };
    let kept = std::env::vars_os().filter(|(name, _)| is_kept(&name.to_string_lossy()));
    let paths = SEARCH_PATHS.iter().filter_map(|name| {
        let path = std::env::join_paths(search_path(name, project)).ok()?;
        (!path.is_empty()).then(|| (OsString::from(name), path))
    });
    kept.chain(paths).collect()
}
