//! Errors of reading and writing a tree.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::{KeepReason, ManifestError, RelPath, RenderingError};

/// Error of planning or writing a tree.
///
/// All files are unchanged after any of them but [`TreeError::NotUndone`].
#[derive(Debug)]
pub enum TreeError {
    /// The rendering contradicts itself.
    Rendering(RenderingError),
    /// Folders are where files should be, or files where folders should be.
    InTheWay(Vec<(RelPath, RelPath)>),
    /// Edits and the rendering conflict, under [`ConflictPolicy::Fail`](crate::ConflictPolicy::Fail).
    Conflicts(Vec<(RelPath, KeepReason)>),
    /// The target of a new tree is not empty.
    NotEmpty { path: PathBuf },
    /// The manifest can't be used.
    Manifest { path: PathBuf, damage: ManifestError },
    /// Another run holds the lock.
    Busy { lock: PathBuf, holder: String },
    /// A symbolic link is in the place of billpay's records.
    Link { path: PathBuf },
    /// The file changed during the run.
    Changed { path: PathBuf },
    /// An I/O operation failed.
    Io { doing: &'static str, path: PathBuf, error: io::Error },
    /// A step failed, and all changes were undone.
    Undone { cause: Box<TreeError> },
    /// A step failed, and so did undoing the changes; the next run recovers.
    NotUndone { cause: Box<TreeError>, undoing: Box<TreeError> },
    /// A test interrupted the run as a kill would.
    Killed,
}

impl TreeError {
    pub(super) fn io(doing: &'static str, path: &Path, error: impl Into<io::Error>) -> TreeError {
        TreeError::Io { doing, path: path.to_owned(), error: error.into() }
    }

    /// Returns hints for the user.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            TreeError::Rendering(_) => "this is a mistake in the templates",
            TreeError::InTheWay(_) => "move what is in the way, then run it again",
            TreeError::Manifest { damage: ManifestError::Newer { .. }, .. } => {
                "use the newer billpay, or update this one"
            }
            TreeError::Manifest { path, damage } => {
                let path = path.display();
                let restore = match damage {
                    ManifestError::Conflicted => {
                        format!("take either side (git checkout --ours {path}), then run it again")
                    }
                    _ => format!("restore it from Git (git checkout {path})"),
                };
                let anew = "or delete it: files that are as rendered are adopted, all others count as yours";
                return vec![restore, anew.to_owned()];
            }
            TreeError::Conflicts(_) => {
                "have them marked in the files or put beside them, or keep yours, or take the rendering"
            }
            TreeError::NotEmpty { .. } => "choose another folder, or empty this one",
            TreeError::Busy { .. } => "wait until it is done",
            TreeError::Link { .. } => {
                "billpay writes through no symbolic link: replace it by what it leads to"
            }
            TreeError::Changed { .. } => "run it again, to go by what the file says now",
            TreeError::NotUndone { .. } => {
                "see to the cause and run it again: it goes on where this run stopped"
            }
            TreeError::Undone { cause } => return cause.hints(),
            TreeError::Io { .. } | TreeError::Killed => return vec![],
        };
        vec![hint.to_owned()]
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeError::Rendering(refused) => write!(f, "{refused}"),
            TreeError::InTheWay(files) => {
                let list = files.iter().map(|(path, by)| match path == by {
                    true => format!("`{path}` is to be a file, and something else is there"),
                    false if is_conflict_file(path, by) => {
                        format!(
                            "what can't be merged into `{path}` is to go to `{by}`, and that is there already"
                        )
                    }
                    false => format!("`{path}` can't be there: `{by}` is in the way"),
                });
                write!(f, "{}", list.collect::<Vec<_>>().join("\n"))
            }
            TreeError::Conflicts(files) => {
                let list = files.iter().map(|(path, why)| match why {
                    KeepReason::Overlap { lines } => {
                        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                        let lines = lines.join(", ");
                        format!("`{path}`: your edit and the change are in the same place ({lines})")
                    }
                    KeepReason::Binary => {
                        format!("`{path}`: you changed it, so did the rendering, and it is no text")
                    }
                    _ => format!("`{path}`: you edited it, and what it was made from is lost"),
                });
                write!(f, "{}", list.collect::<Vec<_>>().join("\n"))
            }
            TreeError::NotEmpty { path } => {
                write!(f, "{} is there already, and no empty folder", path.display())
            }
            TreeError::Manifest { path, damage } => write!(f, "cannot use {}: {damage}", path.display()),
            TreeError::Busy { lock, holder } if holder.is_empty() => {
                write!(f, "another run of billpay is at work here ({} is locked)", lock.display())
            }
            TreeError::Busy { lock, holder } => {
                write!(f, "another run of billpay is at work here: {holder} holds {}", lock.display())
            }
            TreeError::Link { path } => write!(f, "{} is a symbolic link", path.display()),
            TreeError::Changed { path } => {
                write!(f, "{} was changed by somebody else in the meantime", path.display())
            }
            TreeError::Io { doing, path, error } => write!(f, "cannot {doing} {}: {error}", path.display()),
            TreeError::Undone { cause } => write!(f, "{cause}; every file is as it was before"),
            TreeError::NotUndone { cause, undoing } => {
                write!(f, "{cause}; undoing what was done failed too: {undoing}")
            }
            TreeError::Killed => write!(f, "stopped midway"),
        }
    }
}

fn is_conflict_file(path: &RelPath, by: &RelPath) -> bool {
    by.as_str().strip_prefix(path.as_str()).is_some_and(|ending| matches!(ending, ".rej" | ".new"))
}

impl std::error::Error for TreeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TreeError::Io { error, .. } => Some(error),
            TreeError::Undone { cause } | TreeError::NotUndone { cause, .. } => Some(cause.as_ref()),
            _ => None,
        }
    }
}
