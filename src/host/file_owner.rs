//! Ownership of what is found without having been named: as Git checks it.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::git;

/// A path of another user.
#[derive(Debug, thiserror::Error)]
#[error("{}", match owner {
    Some(owner) => format!("{} belongs to another user (uid {owner})", path.display()),
    None => format!("{}: its owner can't be told", path.display()),
})]
pub struct OwnerError {
    path: PathBuf,
    /// None if it is unknown.
    owner: Option<u32>,
    /// The directory to add to Git's `safe.directory`.
    folder: PathBuf,
}

impl OwnerError {
    /// Returns a hint for the user.
    pub fn hint(&self) -> String {
        let folder = self.folder.display();
        format!(
            "if you trust it: git config --global --add safe.directory {folder}, which billpay honours, too"
        )
    }
}

/// Checks that `paths`, which were found in `folder`, belong to the user.
///
/// # Errors
/// Fails if one of them belongs to another user or can't be looked at, and the user's Git does not take the
/// folder for a safe one.
pub fn check(folder: &Path, paths: &[&Path]) -> Result<(), OwnerError> {
    let user = rustix::process::geteuid().as_raw();
    // As root under sudo, the files are those of the user who called it.
    let caller = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse::<u32>().ok()).filter(|_| user == 0);
    for path in paths {
        // A link counts as what it leads to, and as itself.
        for found in [path.symlink_metadata(), path.metadata()] {
            let owner = match found {
                Ok(found) => Some(found.uid()),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(_) => None,
            };
            if owner.is_none() || (owner != Some(user) && owner != caller) {
                let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                let is_safe = is_safe(&folder, &git::safe_directories());
                let path = path.to_path_buf();
                return if is_safe { Ok(()) } else { Err(OwnerError { path, owner, folder }) };
            }
        }
    }
    Ok(())
}

/// Returns true if a path that was found in `folder` leads to a place in the same project: the repository, or else the folder.
pub fn stays_in_project(folder: &Path, path: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let project = folder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok());
    // What isn't there leads nowhere.
    match path.canonicalize() {
        Ok(path) => path.starts_with(project.unwrap_or(&folder)),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Returns true if a folder is one of Git's `safe.directory`; an empty entry takes back those before it.
fn is_safe(folder: &Path, entries: &[String]) -> bool {
    let start = entries.iter().rposition(String::is_empty).map_or(0, |at| at + 1);
    entries[start..].iter().any(|entry| match entry.strip_suffix("/*") {
        _ if entry == "*" => true,
        Some(above) => folder.starts_with(above) && folder != Path::new(above),
        None => folder == Path::new(entry.trim_end_matches('/')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_directories_are_read_as_git_reads_them() {
        let is = |entries: &[&str]| {
            is_safe(Path::new("/a/b"), &entries.iter().map(|entry| entry.to_string()).collect::<Vec<_>>())
        };
        assert!(is(&["/a/b"]) && is(&["/x", "/a/b/"]) && is(&["*"]) && is(&["/a/*"]) && is(&["", "/a/b"]));
        assert!(!is(&[]) && !is(&["/a"]) && !is(&["/a/b/c"]) && !is(&["/a/b/*"]) && !is(&["*", ""]));
    }
}
