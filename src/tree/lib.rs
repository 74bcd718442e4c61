//! A tree of rendered files on its way to disk, past whatever people did to it.
//!
//! [`decide`] is a pure function: what was rendered, what was recorded the last time and
//! what was found on disk in; what is to be written, deleted and kept out.
//! [`disk`] finds and writes.

mod bases;
mod decide;
pub mod disk;
mod fold;
mod manifest;
mod merge;
mod over;
mod path;
mod renames;
mod text;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use bases::Bases;
pub use decide::{Decision, Refused, decide, wanted_bases};
pub use fold::folded;
pub use manifest::{Damage, Entry, Journal, MAX_BYTES, Manifest, Pending, PendingKind, SCHEMA};
pub use merge::{Merged, merge, merge_marked, merge_rejecting, template_side};
pub use path::{BadPath, OURS, RelPath};
pub use renames::{may_be_renamed, missing, moved, renamed};
pub use text::{Lines, digest, is_binary, unified_diff};
pub use work::{Beside, Work, Write};

/// A file as it was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// What it belongs to: `tree`, `environment/dev`.
    pub scope: String,
    pub bytes: Vec<u8>,
    /// Whether it has the run bit.
    pub executable: bool,
}

impl RenderedFile {
    /// A text that nobody runs.
    pub fn text(scope: impl Into<String>, text: impl Into<String>) -> RenderedFile {
        RenderedFile { scope: scope.into(), bytes: text.into().into_bytes(), executable: false }
    }
}

/// Everything that was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    pub files: BTreeMap<RelPath, RenderedFile>,
    /// Folders that are there with nothing in them, too.
    pub folders: BTreeSet<RelPath>,
    /// More small files to remember beside the manifest, by their names in `.billpay`.
    pub records: BTreeMap<String, Vec<u8>>,
}

/// What a file on disk is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    pub bytes: Vec<u8>,
    /// Whether its owner may run it.
    pub executable: bool,
}

/// Which part of a tree a run is about; the rest stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    pub scopes: BTreeSet<String>,
    /// Everything: also what is recorded for scopes that are no longer known.
    pub all: bool,
    /// Every scope that there is at all, covered or not.
    pub known: BTreeSet<String>,
}

impl Coverage {
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.contains(scope) || (self.all && !self.known.contains(scope))
    }
}

/// What is done about files that people changed.
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
    /// With `merge`: what becomes of what can't be merged.
    pub conflict: Conflict,
    /// Follows files that people or the template moved.
    pub renames: bool,
    /// Writes no file and remembers the rendering, as if it had been written before and
    /// everything that is otherwise were people's work.
    pub adopt: bool,
}

/// What becomes of a file in which a person's edit and the rendering contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// It stays as it is, and behind.
    #[default]
    Leave,
    /// Both versions stand in it, between markers; it counts as settled.
    Inline,
    /// The template's version stands in a file beside it; it counts as settled.
    Reject,
    /// Nothing at all is written.
    Fail,
}

/// What was found where a file is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Absent,
    File(Content),
    /// It, or a folder that it is in, is a symbolic link.
    Link {
        at: RelPath,
    },
    /// A folder, with everything in it, however deep.
    Folder {
        files: Vec<RelPath>,
        folders: Vec<RelPath>,
        /// Something in it has a name that no rendered file could have.
        others: bool,
    },
    /// What should be a folder on the way to it is a file.
    Blocked {
        by: RelPath,
    },
    /// A socket, a device and the like.
    Other,
}

/// What was found on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Every path that is rendered or recorded, and every place that something was moved to.
    pub found: BTreeMap<RelPath, Found>,
    /// The folders that there are, of those that these paths or the manifest name.
    pub folders: BTreeSet<RelPath>,
    /// What was rendered the last time, by digest, for the paths of [`wanted_bases`] at least.
    pub bases: BTreeMap<String, Vec<u8>>,
    /// Whether all that was rendered the last time can be had at all.
    pub packed: bool,
    /// The files in `.billpay` that the rendering names.
    pub records: BTreeMap<String, Vec<u8>>,
    /// Where people moved files to since the last run, by the paths that these are rendered for.
    pub moves: BTreeMap<RelPath, RelPath>,
    /// What the template renders under new paths, and the old ones.
    pub renamed: BTreeMap<RelPath, RelPath>,
}

/// What is done about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    Create,
    /// Nobody edited it, and the rendering changed.
    Update,
    /// A person's edit and the changed rendering become one.
    Merge,
    /// Forced: what a person wrote is replaced by the rendering.
    Overwrite,
    /// A person's edit and the changed rendering contradict each other: what doesn't is
    /// merged, and what does is marked.
    Conflict {
        #[serde(flatten)]
        marked: Marked,
    },
    /// Nobody edited it, and it is no longer rendered.
    Delete,
    /// It was there already, just as it is rendered.
    Adopt,
    Unchanged,
    /// No longer rendered, and a person had deleted it already.
    Forget,
    /// It stays as a person left it.
    Kept {
        #[serde(flatten)]
        why: Why,
    },
}

/// Where both versions are of what couldn't be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "marked")]
pub enum Marked {
    /// In the file, in these lines of it, markers included.
    Inline { lines: Vec<Lines> },
    /// The person's in the file; the template's in this one beside it, as `diff -u` shows it.
    Rejected { file: RelPath },
    /// The person's in the file, which is no text; the template's is this one beside it.
    New { file: RelPath },
}

/// Why a file stays as a person left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Why {
    /// Edited, and the rendering didn't change.
    Edited,
    /// Edited, and the rendering changed since.
    Behind,
    /// Edited in the same places as the rendering changed: these lines of the file.
    Overlap { lines: Vec<Lines> },
    /// Edited, and what was rendered the last time is lost, so nothing can be merged.
    NoBase,
    /// Edited and no text, and the rendering changed since.
    Binary,
    /// Deleted by a person; it stays away.
    Deleted,
    /// A person wrote it before it was ever rendered.
    Foreign,
    /// Edited and no longer rendered: it is theirs from now on.
    NoLongerRendered,
    /// It is reached through a symbolic link, which a person made.
    Link { at: RelPath },
    /// A folder is where the file should be, or a file where its folder should be.
    InTheWay { by: RelPath },
}

/// One file of a tree and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    pub path: RelPath,
    /// Where a person moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<RelPath>,
    /// The path that it was rendered for before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<RelPath>,
    pub scope: String,
    #[serde(flatten)]
    pub action: Action,
}

/// What is done about each file of the covered scopes, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TreePlan {
    pub files: Vec<FilePlan>,
    /// Folders that are made to be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<RelPath>,
    /// The names of the files in `.billpay` that the rendering changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
}

/// How many files a plan does what to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// Whether a file is written or deleted.
    pub fn touches(&self) -> bool {
        use Action::{Conflict, Create, Delete, Merge, Overwrite, Update};
        matches!(self, Create | Update | Merge | Overwrite | Delete | Conflict { .. })
    }

    /// Whether the tree isn't what the specs say until something is done about the file.
    pub fn is_stale(&self) -> bool {
        let behind = |why: &Why| why.is_open() || matches!(why, Why::InTheWay { .. });
        self.touches() || matches!(self, Action::Kept { why } if behind(why))
    }
}

impl Why {
    /// Whether the rendering changed and nobody has said yet what becomes of the edit.
    pub fn is_open(&self) -> bool {
        matches!(self, Why::Behind) || self.is_conflict()
    }

    /// Whether the edit and the rendering can't become one.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Why::Overlap { .. } | Why::NoBase | Why::Binary)
    }
}

impl TreePlan {
    /// Whether the tree isn't what the specs say.
    ///
    /// A person's deletions and additions, and edits of what is rendered as before, are no staleness.
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

    /// The files that stay as people left them, and why.
    pub fn kept(&self) -> impl Iterator<Item = (&RelPath, &Why)> {
        self.files.iter().filter_map(|file| match &file.action {
            Action::Kept { why } => Some((&file.path, why)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
