//! Changes that a decision makes on disk.

use std::collections::{BTreeMap, BTreeSet};

use super::Content;
use super::manifest::{Manifest, PendingFile, PendingKind, fingerprint};
use super::path::RelPath;

/// Contents of a file before and after a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub before: Option<Content>,
    pub after: Content,
}

/// A file beside another one, with the conflicting part of its rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictFile {
    /// Path of the file in conflict.
    pub of: RelPath,
    pub write: Write,
}

/// All changes on disk that a decision makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeSet {
    /// Writes by rendered path; `after` has their places.
    pub writes: BTreeMap<RelPath, Write>,
    /// Conflict files by place; written before the files in conflict.
    pub conflict_files: BTreeMap<RelPath, ConflictFile>,
    /// Deletions with the current contents; `before` has their places.
    pub deletes: BTreeMap<RelPath, Content>,
    /// Deletions of renamed files with their new paths; they come last.
    pub moved: BTreeMap<RelPath, RelPath>,
    /// Folders to create, parents first.
    pub new_folders: BTreeSet<RelPath>,
    /// Folders made by billpay that it no longer needs, children first; removed if they are empty.
    pub obsolete_folders: Vec<RelPath>,
    /// New merge bases by digest.
    pub bases: BTreeMap<String, Vec<u8>>,
    /// Changed files in `.billpay`.
    pub records: BTreeMap<String, Vec<u8>>,
    pub before: Manifest,
    pub after: Manifest,
}

impl ChangeSet {
    /// Returns true if nothing changes, the records included.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
            && self.conflict_files.is_empty()
            && self.deletes.is_empty()
            && self.new_folders.is_empty()
            && self.bases.is_empty()
            && self.records.is_empty()
            && self.before == self.after
    }

    /// Returns the manifest to keep on disk while the changes are being made.
    pub fn pending_manifest(&self) -> Manifest {
        let (before, after) = (&self.before.files, &self.after.files);
        let changed = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
        let paths =
            self.writes.keys().chain(self.deletes.keys()).chain(self.conflict_files.keys()).chain(changed);
        let paths: BTreeSet<&RelPath> = paths.collect();
        let numbered = paths.into_iter().enumerate();
        let pending = numbered.map(|(number, path)| (path.clone(), self.pending(path, number))).collect();
        self.before.with_pending(self.new_folders.clone(), pending)
    }

    fn pending(&self, path: &RelPath, number: usize) -> PendingFile {
        let elsewhere = |manifest: &Manifest| manifest.files.get(path).and_then(|entry| entry.at.clone());
        let mut pending = PendingFile {
            kind: PendingKind::Record,
            number,
            at: elsewhere(&self.after),
            of: None,
            into: None,
            before: None,
            wrote: None,
            entry: self.after.files.get(path).cloned(),
        };
        let conflict_file = self.conflict_files.get(path);
        if let Some(write) = self.writes.get(path).or(conflict_file.map(|file| &file.write)) {
            pending.kind = PendingKind::Write;
            pending.of = conflict_file.map(|file| file.of.clone());
            pending.before = write.before.as_ref().map(fingerprint);
            pending.wrote = Some(fingerprint(&write.after));
        } else if let Some(content) = self.deletes.get(path) {
            pending.kind = PendingKind::Delete;
            pending.at = elsewhere(&self.before);
            pending.into = self.moved.get(path).cloned();
            pending.before = Some(fingerprint(content));
        }
        pending
    }
}
