//! Temporary directories: private to the user, with random names, removed on drop.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// Makes a directory among the system's temporary ones; `what` is in its name.
///
/// # Errors
/// Fails if the system's temporary directory is missing or can't be written.
pub fn directory(what: &str) -> io::Result<TempDir> {
    directory_in(&std::env::temp_dir().canonicalize()?, &format!("billpay-{what}-"))
}

/// Makes a directory in another, with a name that begins with `prefix`.
///
/// # Errors
/// Fails if `folder` is missing or can't be written.
pub fn directory_in(folder: &Path, prefix: &str) -> io::Result<TempDir> {
    Builder::new().prefix(prefix).rand_bytes(12).permissions(Permissions::from_mode(0o700)).tempdir_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_can_look_in_or_guess_the_name() {
        let (one, other) = (directory("x").expect("a directory"), directory("x").expect("a directory"));
        let name = |directory: &TempDir| {
            directory.path().file_name().expect("a name").to_string_lossy().into_owned()
        };
        let (first, second) = (name(&one), name(&other));
        assert!(first.len() == "billpay-x-".len() + 12 && first[10..] != second[10..], "{first} {second}");
        let process = std::process::id().to_string();
        assert!(!first.contains(&format!("-{process}-")), "{first}");
        assert_eq!(one.path().metadata().expect("a directory").permissions().mode() & 0o777, 0o700);
    }
}
