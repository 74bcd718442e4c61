//! Writes a tree of rendered files beside people's edits.
//!
//! [`decide`] is a pure function from the rendering, the manifest of the last run and the state of the disk to the files
//! to write, delete and keep. [`disk`] scans and writes.

mod bases;
mod change_set;
mod decide;
pub mod disk;
mod existing;
mod fold;
mod manifest;
mod merge;
mod path;
mod renames;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bases::Bases;
pub use change_set::{ChangeSet, ConflictFile, Write};
pub use decide::{Decision, RenderingError, decide, needed_bases};
pub use fold::fold_path;
pub use manifest::{Entry, Journal, MAX_BYTES, Manifest, ManifestError, PendingFile, PendingKind, SCHEMA};
pub use merge::{MergeResult, merge, merge_marked, merge_rejecting, template_side};
pub use path::{PathError, RECORDS_FOLDER, RelPath};
pub use renames::{find_moves, find_renames, may_have_renames, missing_files};
pub use text::{Lines, digest, is_binary, unified_diff};

/// A file as it was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// The scope of the rendering: `tree`, `environment/dev`.
    pub scope: String,
    pub bytes: Vec<u8>,
    /// True if the file has the executable bit.
    pub executable: bool,
}

impl RenderedFile {
    /// Returns a text file without the executable bit.
    pub fn text(scope: impl Into<String>, text: impl Into<String>) -> RenderedFile {
        RenderedFile { scope: scope.into(), bytes: text.into().into_bytes(), executable: false }
    }
}

/// All files of one rendering.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RenderedTree {
    pub files: BTreeMap<RelPath, RenderedFile>,
    /// Folders that exist even if they are empty.
    pub folders: BTreeSet<RelPath>,
    /// Further files to record beside the manifest, by their names in `.billpay`.
    pub records: BTreeMap<String, Vec<u8>>,
}

impl RenderedTree {
    /// Adds text files of one scope below a folder; an empty one is the root.
    ///
    /// # Errors
    /// Fails if a name is no path within the tree.
    pub fn add(
        &mut self,
        scope: &str,
        folder: &str,
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), PathError> {
        for (name, text) in files {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            self.files.insert(RelPath::new(path)?, RenderedFile::text(scope, text));
        }
        Ok(())
    }

    /// Returns the scopes of all files.
    pub fn scopes(&self) -> BTreeSet<String> {
        self.files.values().map(|file| file.scope.clone()).collect()
    }
}

/// Content of a file on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    pub bytes: Vec<u8>,
    /// True if the owner may execute it.
    pub executable: bool,
}

/// Scopes that a run covers; files of other scopes stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    pub scopes: BTreeSet<String>,
    /// Covers recorded scopes that are no longer known, too.
    pub all: bool,
    /// All existing scopes, covered or not.
    pub known: BTreeSet<String>,
}

impl Coverage {
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.contains(scope) || (self.all && !self.known.contains(scope))
    }
}

/// Options for files that people changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeOptions {
    /// Merges changed renderings into edited files where they don't overlap.
    pub merge: bool,
    /// Leaves edited files as they are where the rendering changed too, and takes that for
    /// settled; together with `merge` only those that can't be merged.
    pub keep: bool,
    /// Makes files as they were rendered, whatever people did to them; together with
    /// `merge` only those that can't be merged.
    pub force: bool,
    /// With `merge`: handling of conflicts.
    pub conflict: ConflictPolicy,
    /// Follows files that people or the template moved.
    pub renames: bool,
    /// Records the rendering without writing files; differences on disk count as people's edits.
    pub adopt: bool,
}

/// Handling of a file in which a person's edit and the rendering conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictPolicy {
    /// Leaves the file as it is; it stays behind the rendering.
    #[default]
    Leave,
    /// Writes both versions into the file, between conflict markers; the conflict counts as settled.
    Inline,
    /// Writes the template's version to a file beside it; the conflict counts as settled.
    Reject,
    /// Fails the run; nothing is written.
    Fail,
}

/// State of a path on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathState {
    Absent,
    File(Content),
    /// The path or one of its parent folders is a symbolic link.
    Link {
        at: RelPath,
    },
    /// A folder with all its descendants.
    Folder {
        files: Vec<RelPath>,
        folders: Vec<RelPath>,
        /// True if an entry has a name that no rendered file can have.
        others: bool,
    },
    /// A parent folder is a file.
    Blocked {
        by: RelPath,
    },
    /// A socket, a device or another special file.
    Other,
}

/// State of the disk before a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observation {
    /// States of all rendered and recorded paths and of all destinations of moves.
    pub found: BTreeMap<RelPath, PathState>,
    /// Existing folders among those that these paths or the manifest name.
    pub folders: BTreeSet<RelPath>,
    /// Merge bases by digest, at least for the paths of [`needed_bases`].
    pub bases: BTreeMap<String, Vec<u8>>,
    /// True if the pack of bases is complete.
    pub packed: bool,
    /// Contents of the files in `.billpay` that the rendering names.
    pub records: BTreeMap<String, Vec<u8>>,
    /// Destinations of files that people moved since the last run, by rendered path.
    pub moves: BTreeMap<RelPath, RelPath>,
    /// Old paths of files that the template renamed, by new path.
    pub renamed: BTreeMap<RelPath, RelPath>,
}

/// Action on one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    Create,
    /// Nobody edited it, and the rendering changed.
    Update,
    /// Merges a person's edit with the changed rendering.
    Merge,
    /// Replaces a person's edit by the rendering (`force`).
    Overwrite,
    /// Merges the rest and marks the conflicts between a person's edit and the changed rendering.
    Conflict {
        #[serde(flatten)]
        location: ConflictLocation,
    },
    /// Nobody edited it, and it is no longer rendered.
    Delete,
    /// The file exists already with the rendered content.
    Adopt,
    Unchanged,
    /// No longer rendered, and already deleted by a person.
    Forget,
    /// Stays as a person left it.
    Kept {
        #[serde(flatten)]
        reason: KeepReason,
    },
}

/// Location of the two versions of a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "marked")]
pub enum ConflictLocation {
    /// Both in the file, in these lines, markers included.
    Inline { lines: Vec<Lines> },
    /// The person's version in the file, the template's as a unified diff in `file` beside it.
    Rejected { file: RelPath },
    /// The person's version in the file, which is binary; the template's in `file` beside it.
    New { file: RelPath },
}

/// Reason to keep a file as a person left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum KeepReason {
    /// Edited, and the rendering didn't change.
    Edited,
    /// Edited, and the rendering changed since.
    Behind,
    /// Edited and rendered differently in the same lines of the file.
    Overlap { lines: Vec<Lines> },
    /// Edited, and the merge base is lost.
    NoBase,
    /// Edited and binary, and the rendering changed since.
    Binary,
    /// Deleted by a person.
    Deleted,
    /// Written by a person before it was ever rendered.
    Foreign,
    /// Edited and no longer rendered; billpay forgets it.
    NoLongerRendered,
    /// Reached through a symbolic link.
    Link { at: RelPath },
    /// A folder is in the place of the file, or a file in the place of its folder.
    InTheWay { by: RelPath },
}

/// Planned action on one file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilePlan {
    pub path: RelPath,
    /// The path that a person moved it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<RelPath>,
    /// The path that it was rendered to before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<RelPath>,
    pub scope: String,
    #[serde(flatten)]
    pub action: Action,
}

/// Planned actions on the files of the covered scopes, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TreePlan {
    pub files: Vec<FilePlan>,
    /// Empty folders to create.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<RelPath>,
    /// Names of the files in `.billpay` that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
}

/// Number of files per action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TreeCounts {
    pub create: usize,
    pub update: usize,
    pub merge: usize,
    pub overwrite: usize,
    pub conflict: usize,
    pub delete: usize,
    pub adopt: usize,
    pub unchanged: usize,
    pub forget: usize,
    pub kept: usize,
}

impl Action {
    /// Returns true if a file is written or deleted.
    pub fn touches(&self) -> bool {
        use Action::{Conflict, Create, Delete, Merge, Overwrite, Update};
        matches!(self, Create | Update | Merge | Overwrite | Delete | Conflict { .. })
    }

    /// Returns true if the file differs from the rendering and the difference is not settled.
    pub fn is_stale(&self) -> bool {
        let behind = |why: &KeepReason| why.is_open() || matches!(why, KeepReason::InTheWay { .. });
        self.touches() || matches!(self, Action::Kept { reason } if behind(reason))
    }
}

impl KeepReason {
    /// Returns true if the rendering changed and the edit is not settled yet.
    pub fn is_open(&self) -> bool {
        matches!(self, KeepReason::Behind) || self.is_conflict()
    }

    /// Returns true if the edit and the rendering can't be merged.
    pub fn is_conflict(&self) -> bool {
        matches!(self, KeepReason::Overlap { .. } | KeepReason::NoBase | KeepReason::Binary)
    }
}

impl TreePlan {
    /// Returns true if the tree is behind the specs.
    ///
    /// People's deletions, additions and edits of files whose rendering didn't change don't count.
    pub fn is_stale(&self) -> bool {
        let files = self.files.iter().any(|file| file.action.is_stale());
        files || !self.folders.is_empty() || !self.records.is_empty()
    }

    pub fn counts(&self) -> TreeCounts {
        let mut counts = TreeCounts::default();
        for file in &self.files {
            let count = match &file.action {
                Action::Create => &mut counts.create,
                Action::Update => &mut counts.update,
                Action::Merge => &mut counts.merge,
                Action::Overwrite => &mut counts.overwrite,
                Action::Conflict { .. } => &mut counts.conflict,
                Action::Delete => &mut counts.delete,
                Action::Adopt => &mut counts.adopt,
                Action::Unchanged => &mut counts.unchanged,
                Action::Forget => &mut counts.forget,
                Action::Kept { .. } => &mut counts.kept,
            };
            *count += 1;
        }
        counts
    }

    /// Returns the kept files with their reasons.
    pub fn kept(&self) -> impl Iterator<Item = (&RelPath, &KeepReason)> {
        self.files.iter().filter_map(|file| match &file.action {
            Action::Kept { reason } => Some((&file.path, reason)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
