//! What billpay remembers of a tree: `.billpay/manifest.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::RelPath;
use super::text::digest;
use super::{Content, Found, Seen};

/// Name and version of the manifest's format.
pub const SCHEMA: &str = "billpay/tree/v1";

const SCHEMAS: &str = "billpay/tree/v";

/// Largest manifest that is read, bytes; one of 200,000 files has a third of that.
pub const MAX_BYTES: usize = 128 << 20;

/// What is remembered of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub scope: String,
    /// SHA-256, with LF line ends, of the rendering that the file was last made or merged from.
    pub sha256: String,
    /// A person deleted it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Whether it was rendered with the run bit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
    /// Where a person moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<RelPath>,
    /// SHA-256 of the file that was written beside it, with what couldn't be merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
}

/// What an unfinished run was about to do to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingKind {
    Write,
    Delete,
    /// Only the record of it changes.
    Record,
}

/// A file that a run is at work on; what is left of it tells the next run how far it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    pub kind: PendingKind,
    /// The number of its files in the staging folder.
    pub number: usize,
    /// Where it is, when that is not the place that it is rendered for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<RelPath>,
    /// The file that it stands beside, with what couldn't be merged into that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RelPath>,
    /// The new path to which what people wrote in it goes along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<RelPath>,
    /// The fingerprint of what was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The fingerprint of what is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<String>,
    /// What is remembered of it once that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
}

/// What was found of an unfinished run in its staging folder, by the numbers of its files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journal {
    /// Whether there is a staging folder at all.
    pub there: bool,
    /// New contents that didn't get to their place.
    pub new: BTreeSet<usize>,
    /// Old contents that were put aside.
    pub old: BTreeSet<usize>,
    /// Whether the new pack of bases didn't get to its place.
    pub pack: bool,
}

/// What was rendered the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    schema: String,
    pub files: BTreeMap<RelPath, Entry>,
    /// The folders that billpay made.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub folders: BTreeSet<RelPath>,
    /// The folders that a run is making; only there while it does it, or when it was killed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub making: BTreeSet<RelPath>,
    /// What a run is doing; only there while it does it, or when it was killed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<RelPath, Pending>,
}

/// Why a manifest can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
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
    pub fn parse(text: &[u8]) -> Result<Manifest, Damage> {
        let unreadable = |error: serde_json::Error| Damage::Unreadable(error.to_string());
        if text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<")) {
            return Err(Damage::Conflicted);
        }
        if text.len() > MAX_BYTES {
            return Err(Damage::Unreadable(format!("it is larger than {} MB", MAX_BYTES >> 20)));
        }
        #[derive(Deserialize)]
        struct Head {
            schema: Option<Value>,
        }
        let head: Head = serde_json::from_slice(text).map_err(unreadable)?;
        match head.schema.as_ref().and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) if other.starts_with(SCHEMAS) => {
                return Err(Damage::Newer { schema: other.to_owned() });
            }
            _ => return Err(Damage::Unreadable(format!("its schema is not `{SCHEMA}`"))),
        }
        // Read from the text again, for line and column in errors.
        let manifest: Manifest = serde_json::from_slice(text).map_err(unreadable)?;
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let pending = manifest.pending.iter().filter_map(|(path, it)| Some((path, it.entry.as_ref()?)));
        let mut entries = manifest.files.iter().chain(pending);
        match entries.find(|(_, entry)| !is_digest(&entry.sha256)) {
            Some((path, _)) => Err(Damage::Unreadable(format!("the sha256 of `{path}` is none"))),
            None => Ok(manifest),
        }
    }

    /// The text of the file: the same for the same manifest.
    pub fn print(&self) -> String {
        // Maps with paths for keys, and strings: nothing that JSON can't hold.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The same files, with work that is pending.
    pub fn with(&self, making: BTreeSet<RelPath>, pending: BTreeMap<RelPath, Pending>) -> Manifest {
        Manifest { making, pending, ..self.clone() }
    }

    /// Whether it says what an unfinished run was doing.
    pub fn is_unfinished(&self) -> bool {
        !self.pending.is_empty() || !self.making.is_empty()
    }

    /// The number of a pending file in the staging folder.
    pub fn number(&self, path: &RelPath) -> usize {
        self.pending.get(path).map_or(0, |pending| pending.number)
    }

    /// Where the file of a path is on disk: there, or where a person moved it.
    pub fn place<'a>(&'a self, path: &'a RelPath) -> &'a RelPath {
        self.files.get(path).and_then(|entry| entry.at.as_ref()).unwrap_or(path)
    }

    /// Every path on disk that the manifest names.
    pub fn places(&self) -> impl Iterator<Item = &RelPath> {
        let moved = self.files.values().filter_map(|entry| entry.at.as_ref());
        let pending = self.pending.iter().map(|(path, pending)| pending.at.as_ref().unwrap_or(path));
        self.files.keys().chain(moved).chain(pending)
    }

    /// The pending files that the unfinished run got done, as far as can be seen.
    pub fn done(&self, seen: &Seen, journal: &Journal) -> BTreeSet<RelPath> {
        let found = |path, pending: &Pending| seen.found.get(pending.at.as_ref().unwrap_or(path));
        let done =
            self.pending.iter().filter(|(path, pending)| is_done(pending, found(path, pending), journal));
        done.map(|(path, _)| path.clone()).collect()
    }

    /// The manifest that the unfinished run would have left, had it meant to stop where it did.
    ///
    /// `there` are the folders that it made, among others.
    pub fn settled(&self, done: &BTreeSet<RelPath>, there: &BTreeSet<RelPath>) -> Manifest {
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
        // What went along to a new path, but wasn't deleted at the old one: there is nothing
        // more in it that anybody wrote.
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

/// What follows the digest in a fingerprint of a file with the run bit.
const RUNS: &str = "+x";

/// The digest of a file, and whether it has the run bit, in one text.
pub(super) fn fingerprint(content: &Content) -> String {
    digest(&content.bytes) + if content.executable { RUNS } else { "" }
}

fn digest_of(fingerprint: &str) -> &str {
    fingerprint.strip_suffix(RUNS).unwrap_or(fingerprint)
}

/// A file is moved out of the staging folder, or into it, in one step: that it is there or
/// isn't says exactly how far a run got. Digests are for when the folder was lost.
fn is_done(pending: &Pending, found: Option<&Found>, journal: &Journal) -> bool {
    let now = match found {
        Some(Found::File(content)) => Some(fingerprint(content)),
        _ => None,
    };
    let staged = |numbers: &BTreeSet<usize>| numbers.contains(&pending.number);
    match pending.kind {
        PendingKind::Write if now.is_some() && now == pending.wrote => true,
        PendingKind::Write if !journal.there || staged(&journal.new) => false,
        // A run that undid its work puts what was there over what it wrote.
        PendingKind::Write => now.is_none() || now != pending.before,
        PendingKind::Delete => staged(&journal.old),
        PendingKind::Record => journal.there && !journal.pack,
    }
}
