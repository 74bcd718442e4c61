//! Manifest of a tree: `.billpay/manifest.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::RelPath;
use super::text::digest;
use super::{Content, Observation, PathState};

/// Schema of the manifest: name and version.
pub const SCHEMA: &str = "billpay/tree/v1";

const SCHEMA_PREFIX: &str = "billpay/tree/v";

/// Maximum size of a manifest, bytes; one of 200,000 files has a third of that.
pub const MAX_BYTES: usize = 128 << 20;

/// Record of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub scope: String,
    /// SHA-256, with LF line ends, of the rendering that the file was last made or merged from.
    pub sha256: String,
    /// True if a person deleted it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// True if it was rendered with the executable bit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
    /// The path that a person moved it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<RelPath>,
    /// SHA-256 of the conflict file that was written beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
}

/// Kind of a pending change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingKind {
    Write,
    Delete,
    /// Changes the record only.
    Record,
}

/// Pending change of a file, from which the next run recovers if this one is killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingFile {
    pub kind: PendingKind,
    /// Number of its files in the staging folder.
    pub number: usize,
    /// Its place, if that differs from the rendered path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<RelPath>,
    /// For a conflict file: the file in conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RelPath>,
    /// For a renamed file: the new path that takes over people's edits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<RelPath>,
    /// Fingerprint of the content before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Fingerprint of the content to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<String>,
    /// Record of the file after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
}

/// Content of an unfinished run's staging folder, by file number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journal {
    /// True if the staging folder exists.
    pub there: bool,
    /// New contents that were not moved to their places.
    pub new: BTreeSet<usize>,
    /// Backups of old contents.
    pub old: BTreeSet<usize>,
    /// True if the new pack of bases was not moved to its place.
    pub pack: bool,
}

/// Record of the last rendering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    schema: String,
    pub files: BTreeMap<RelPath, Entry>,
    /// Folders made by billpay.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub folders: BTreeSet<RelPath>,
    /// Folders that a running or killed run was making.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub making: BTreeSet<RelPath>,
    /// Pending changes of a running or killed run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<RelPath, PendingFile>,
}

/// Error of a manifest that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("it was written by a newer billpay (`{schema}`; this one knows `{SCHEMA}`)")]
    Newer { schema: String },
    #[error("it has the conflict markers of a Git merge")]
    Conflicted,
    #[error("{0}")]
    Unreadable(String),
}

impl Default for Manifest {
    fn default() -> Manifest {
        let (files, folders, making, pending) = Default::default();
        Manifest { schema: SCHEMA.to_owned(), files, folders, making, pending }
    }
}

impl Manifest {
    /// Reads the text of the manifest file.
    ///
    /// # Errors
    /// Fails if the text has conflict markers, is larger than `MAX_BYTES`, has another schema, or isn't JSON of this shape.
    pub fn parse(text: &[u8]) -> Result<Manifest, ManifestError> {
        let unreadable = |error: serde_json::Error| ManifestError::Unreadable(error.to_string());
        if text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<")) {
            return Err(ManifestError::Conflicted);
        }
        if text.len() > MAX_BYTES {
            return Err(ManifestError::Unreadable(format!("it is larger than {} MB", MAX_BYTES >> 20)));
        }
        #[derive(Deserialize)]
        struct Head {
            schema: Option<Value>,
        }
        let head: Head = serde_json::from_slice(text).map_err(unreadable)?;
        match head.schema.as_ref().and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) if other.starts_with(SCHEMA_PREFIX) => {
                return Err(ManifestError::Newer { schema: other.to_owned() });
            }
            _ => return Err(ManifestError::Unreadable(format!("its schema is not `{SCHEMA}`"))),
        }
        // Read from the text again, for line and column in errors.
        let manifest: Manifest = serde_json::from_slice(text).map_err(unreadable)?;
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let pending = manifest.pending.iter().filter_map(|(path, it)| Some((path, it.entry.as_ref()?)));
        let mut entries = manifest.files.iter().chain(pending);
        match entries.find(|(_, entry)| !is_digest(&entry.sha256)) {
            Some((path, _)) => Err(ManifestError::Unreadable(format!("the sha256 of `{path}` is none"))),
            None => Ok(manifest),
        }
    }

    /// Returns the text of the manifest file, deterministic.
    pub fn print(&self) -> String {
        // Paths and strings always serialize to JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Returns the manifest with pending changes.
    pub fn with_pending(
        &self,
        making: BTreeSet<RelPath>,
        pending: BTreeMap<RelPath, PendingFile>,
    ) -> Manifest {
        Manifest { making, pending, ..self.clone() }
    }

    /// Returns true if it has pending changes of an unfinished run.
    pub fn is_unfinished(&self) -> bool {
        !self.pending.is_empty() || !self.making.is_empty()
    }

    /// Returns the number of a pending file in the staging folder.
    pub fn number(&self, path: &RelPath) -> usize {
        self.pending.get(path).map_or(0, |pending| pending.number)
    }

    /// Returns the place of a file on disk: its path, or the one that a person moved it to.
    pub fn place<'a>(&'a self, path: &'a RelPath) -> &'a RelPath {
        self.files.get(path).and_then(|entry| entry.at.as_ref()).unwrap_or(path)
    }

    /// Returns all paths on disk that the manifest names.
    pub fn places(&self) -> impl Iterator<Item = &RelPath> {
        let moved = self.files.values().filter_map(|entry| entry.at.as_ref());
        let pending = self.pending.iter().map(|(path, pending)| pending.at.as_ref().unwrap_or(path));
        self.files.keys().chain(moved).chain(pending)
    }

    /// Returns the pending files that the unfinished run finished.
    pub fn finished_paths(&self, observed: &Observation, journal: &Journal) -> BTreeSet<RelPath> {
        let found = |path, pending: &PendingFile| observed.found.get(pending.at.as_ref().unwrap_or(path));
        let done =
            self.pending.iter().filter(|(path, pending)| is_done(pending, found(path, pending), journal));
        done.map(|(path, _)| path.clone()).collect()
    }

    /// Returns the manifest for the state in which an unfinished run stopped; `there` are the existing folders.
    pub fn settle(&self, done: &BTreeSet<RelPath>, there: &BTreeSet<RelPath>) -> Manifest {
        let mut settled = Manifest { making: BTreeSet::new(), pending: BTreeMap::new(), ..self.clone() };
        settled.folders.extend(self.making.intersection(there).cloned());
        for (path, pending) in self.pending.iter().filter(|(path, _)| done.contains(path)) {
            match (&pending.entry, &pending.of) {
                (Some(entry), _) => drop(settled.files.insert(path.clone(), entry.clone())),
                (None, None) => drop(settled.files.remove(path)),
                (None, Some(of)) => {
                    if let Some(entry) = settled.files.get_mut(of) {
                        entry.beside = pending.wrote.as_deref().map(|it| digest_of(it).to_owned());
                    }
                }
            }
        }
        // A renamed file that is at its new path but was not deleted at the old one has no edits to keep there.
        for (path, pending) in self.pending.iter().filter(|(path, _)| !done.contains(path)) {
            if let (Some(into), Some(before), Some(entry)) =
                (&pending.into, &pending.before, settled.files.get_mut(path))
                && done.contains(into)
            {
                entry.sha256 = digest_of(before).to_owned();
                entry.executable = before != digest_of(before);
            }
        }
        settled
    }
}

/// Suffix of the fingerprint of an executable file.
const EXECUTABLE_SUFFIX: &str = "+x";

/// Returns the digest of a file and its executable bit as one text.
pub(super) fn fingerprint(content: &Content) -> String {
    digest(&content.bytes) + if content.executable { EXECUTABLE_SUFFIX } else { "" }
}

fn digest_of(fingerprint: &str) -> &str {
    fingerprint.strip_suffix(EXECUTABLE_SUFFIX).unwrap_or(fingerprint)
}

/// Returns true if a pending change was made.
///
/// Files move into and out of the staging folder in one step, so their presence there shows the progress of a run; digests
/// decide if the folder was lost.
fn is_done(pending: &PendingFile, found: Option<&PathState>, journal: &Journal) -> bool {
    let now = match found {
        Some(PathState::File(content)) => Some(fingerprint(content)),
        _ => None,
    };
    let staged = |numbers: &BTreeSet<usize>| numbers.contains(&pending.number);
    match pending.kind {
        PendingKind::Write if now.is_some() && now == pending.wrote => true,
        PendingKind::Write if !journal.there || staged(&journal.new) => false,
        // An undo moves the backup over the new content.
        PendingKind::Write => now.is_none() || now != pending.before,
        PendingKind::Delete => staged(&journal.old),
        PendingKind::Record => journal.there && !journal.pack,
    }
}
