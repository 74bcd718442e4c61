//! What has to happen on disk.

use std::collections::{BTreeMap, BTreeSet};

use super::Content;
use super::manifest::{Manifest, Pending, PendingKind, fingerprint};
use super::path::RelPath;

/// What is there and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub before: Option<Content>,
    pub after: Content,
}

/// What couldn't be merged into a file, in a file beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The path of the file that it stands beside.
    pub of: RelPath,
    pub write: Write,
}

/// Everything that has to happen on disk, and nothing that is left to decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// By the paths that they are rendered for; `after` says where they are.
    pub writes: BTreeMap<RelPath, Write>,
    /// By their places; written before the files that they stand beside.
    pub beside: BTreeMap<RelPath, Beside>,
    /// With what is there; `before` says where they are.
    pub deletes: BTreeMap<RelPath, Content>,
    /// Those of `deletes` that are written elsewhere, and where: they go last.
    pub moved: BTreeMap<RelPath, RelPath>,
    /// Folders to make, each after the one that it is in.
    pub made: BTreeSet<RelPath>,
    /// Folders that billpay made and needs no longer, each before the one that it is in;
    /// they go if they are empty.
    pub emptied: Vec<RelPath>,
    /// New renderings to remember, by their digests.
    pub bases: BTreeMap<String, Vec<u8>>,
    /// Files in `.billpay` that change.
    pub records: BTreeMap<String, Vec<u8>>,
    pub before: Manifest,
    pub after: Manifest,
}

impl Work {
    /// Whether nothing has to happen, not even to what is remembered.
    pub fn is_nothing(&self) -> bool {
        self.writes.is_empty()
            && self.beside.is_empty()
            && self.deletes.is_empty()
            && self.made.is_empty()
            && self.bases.is_empty()
            && self.records.is_empty()
            && self.before == self.after
    }

    /// The manifest for as long as the work goes on.
    pub fn manifest_meanwhile(&self) -> Manifest {
        let (before, after) = (&self.before.files, &self.after.files);
        let changed = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
        let paths = self.writes.keys().chain(self.deletes.keys()).chain(self.beside.keys()).chain(changed);
        let paths: BTreeSet<&RelPath> = paths.collect();
        let numbered = paths.into_iter().enumerate();
        let pending = numbered.map(|(number, path)| (path.clone(), self.pending(path, number))).collect();
        self.before.with(self.made.clone(), pending)
    }

    fn pending(&self, path: &RelPath, number: usize) -> Pending {
        let elsewhere = |manifest: &Manifest| manifest.files.get(path).and_then(|entry| entry.at.clone());
        let mut pending = Pending {
            kind: PendingKind::Record,
            number,
            at: elsewhere(&self.after),
            of: None,
            into: None,
            before: None,
            wrote: None,
            entry: self.after.files.get(path).cloned(),
        };
        let beside = self.beside.get(path);
        if let Some(write) = self.writes.get(path).or(beside.map(|beside| &beside.write)) {
            pending.kind = PendingKind::Write;
            pending.of = beside.map(|beside| beside.of.clone());
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
