//! Looks at what is on disk, through no symbolic link.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use billpay_host::reading::read_bytes;
use rustix::fs::OFlags;

use super::pack::{PACK, unpacked};
use super::{TreeError, search};
use crate::{
    Bases, Content, Coverage, Decision, Found, Journal, MAX_BYTES, Manifest, OURS, RelPath, Rendered, Seen,
    TreeOptions, decide, may_be_renamed, missing, moved, renamed, wanted_bases,
};

/// What is at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Absent,
    File,
    Folder,
    Link,
    Other,
}

/// A view of a tree that asks about each folder once.
pub(super) struct Look {
    root: PathBuf,
    folders: BTreeMap<RelPath, Sort>,
}

impl Look {
    pub(super) fn at(root: &Path) -> Look {
        Look { root: root.to_owned(), folders: BTreeMap::new() }
    }

    /// Looks at everything that the rendering and the manifest name, and decides.
    ///
    /// What an unfinished run left is taken as it would be after [`Look::unfinished`] was settled.
    pub(super) fn decide(
        &mut self,
        rendered: &Rendered,
        coverage: &Coverage,
        options: TreeOptions,
    ) -> Result<Decision, TreeError> {
        let recorded = self.manifest()?.unwrap_or_default();
        let journal = self.journal()?;
        let paths: BTreeSet<RelPath> = rendered.files.keys().chain(recorded.places()).cloned().collect();
        let mut seen = Seen::default();
        self.find_all(paths, &mut seen)?;
        for folder in recorded.folders.iter().chain(&recorded.making).chain(&rendered.folders) {
            if !matches!(self.sort(folder)?, Sort::Folder | Sort::Absent) {
                self.find_all([folder.clone()], &mut seen)?;
            }
        }
        let done = recorded.done(&seen, &journal);
        let manifest = recorded.settled(&done, &self.there());
        seen.packed = self.ours(PACK).exists();
        if options.renames {
            self.follow(rendered, coverage, options, &manifest, &mut seen)?;
        }
        let wanted = wanted_bases(rendered, coverage, options, &manifest, &seen);
        if !wanted.is_empty() {
            self.unpack(&mut seen)?;
            self.find_beside(wanted, &manifest, &mut seen)?;
        }
        for name in rendered.records.keys() {
            if let Some(record) = self.read_ours(&self.ours(name))? {
                seen.records.insert(name.clone(), record);
            }
        }
        seen.folders = self.there();
        decide(rendered, coverage, options, &manifest, &seen).map_err(TreeError::Refused)
    }

    fn find_all(
        &mut self,
        paths: impl IntoIterator<Item = RelPath>,
        seen: &mut Seen,
    ) -> Result<(), TreeError> {
        for path in paths {
            let found = self.find(&path)?;
            seen.found.insert(path, found);
        }
        Ok(())
    }

    /// What is where things are set aside that can't be merged.
    fn find_beside(
        &mut self,
        paths: BTreeSet<RelPath>,
        manifest: &Manifest,
        seen: &mut Seen,
    ) -> Result<(), TreeError> {
        let paths = paths.iter().chain(seen.renamed.values());
        let places = paths.map(|path| seen.moves.get(path).unwrap_or(manifest.place(path)));
        let beside = places.flat_map(|path| {
            ["rej", "new"].into_iter().filter_map(move |ending| RelPath::new(format!("{path}.{ending}")).ok())
        });
        let beside: BTreeSet<RelPath> = beside.collect();
        self.find_all(beside, seen)
    }

    /// Finds out what people and the template moved.
    fn follow(
        &mut self,
        rendered: &Rendered,
        coverage: &Coverage,
        options: TreeOptions,
        manifest: &Manifest,
        seen: &mut Seen,
    ) -> Result<(), TreeError> {
        if !options.adopt && may_be_renamed(rendered, coverage, manifest, &seen.found) {
            self.unpack(seen)?;
            seen.renamed = renamed(rendered, coverage, manifest, &seen.bases, &seen.found);
        }
        let missing = missing(rendered, coverage, options.adopt, manifest, &seen.found, &seen.renamed);
        if missing.is_empty() {
            return Ok(());
        }
        self.unpack(seen)?;
        if options.adopt {
            for (path, sha256) in &missing {
                let file = rendered.files.get(path);
                seen.bases.extend(file.map(|file| (sha256.clone(), file.bytes.clone())));
            }
        }
        let known: BTreeSet<RelPath> = rendered.files.keys().chain(manifest.places()).cloned().collect();
        let others = search::others(&self.root, &known);
        seen.moves = moved(&missing, &seen.bases, &others);
        let places: Vec<RelPath> = seen.moves.values().cloned().collect();
        self.find_all(places, seen)
    }

    /// Reads the bases, unless that was done.
    fn unpack(&self, seen: &mut Seen) -> Result<(), TreeError> {
        if seen.bases.is_empty() {
            let bases = self.bases()?;
            (seen.bases, seen.packed) = (bases.texts, seen.packed && bases.sound);
        }
        Ok(())
    }

    /// What was rendered the last time, and what an unfinished run was about to remember.
    pub(super) fn bases(&self) -> Result<Bases, TreeError> {
        let mut bases = Bases { sound: true, ..Bases::default() };
        for path in [self.ours(PACK), self.staging().join("pack"), self.staging().join("oldpack")] {
            if let Some(pack) = self.read_ours(&path)? {
                let more = unpacked(&pack);
                bases.sound &= more.sound;
                bases.texts.extend(more.texts);
            }
        }
        Ok(bases)
    }

    /// The folders that were looked at and are there.
    fn there(&self) -> BTreeSet<RelPath> {
        let folders = self.folders.iter().filter(|(_, sort)| **sort == Sort::Folder);
        folders.map(|(path, _)| path.clone()).collect()
    }

    /// What an unfinished run leaves remembered, if there was one.
    pub(super) fn unfinished(&mut self) -> Result<Option<Manifest>, TreeError> {
        let recorded = self.manifest()?.unwrap_or_default();
        let mut seen = Seen::default();
        let places = recorded.pending.iter().map(|(path, pending)| pending.at.as_ref().unwrap_or(path));
        self.find_all(places.cloned(), &mut seen)?;
        for folder in &recorded.making {
            self.sort(folder)?;
        }
        let done = recorded.done(&seen, &self.journal()?);
        Ok(recorded.is_unfinished().then(|| recorded.settled(&done, &self.there())))
    }

    /// The manifest, if there is one yet.
    pub(super) fn manifest(&self) -> Result<Option<Manifest>, TreeError> {
        let path = self.ours("manifest.json");
        let Some(text) = self.read_ours_at_most(&path, MAX_BYTES)? else { return Ok(None) };
        Manifest::parse(&text).map(Some).map_err(|damage| TreeError::Manifest { path, damage })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn ours(&self, name: &str) -> PathBuf {
        self.root.join(OURS).join(name)
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.ours("staging")
    }

    pub(super) fn staged(&self, what: &str, number: usize) -> PathBuf {
        self.staging().join(format!("{what}-{number}"))
    }

    pub(super) fn in_tree(&self, path: &RelPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Refuses paths among billpay's own records that lead through a symbolic link.
    pub(super) fn no_link(&self, path: &Path) -> Result<(), TreeError> {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let mut at = self.root.clone();
        for part in below.components() {
            at.push(part);
            match sort(&at)? {
                Sort::Link => return Err(TreeError::Link { path: at }),
                Sort::Absent => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn read_ours(&self, path: &Path) -> Result<Option<Vec<u8>>, TreeError> {
        self.read_ours_at_most(path, usize::MAX)
    }

    /// Like [`read_ours`](Self::read_ours), with at most one byte more than a limit.
    fn read_ours_at_most(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, TreeError> {
        self.no_link(path)?;
        match read_at_most(path, limit) {
            Ok(text) => Ok(Some(text)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(TreeError::io("read", path, error)),
        }
    }

    fn journal(&self) -> Result<Journal, TreeError> {
        let staging = self.staging();
        self.no_link(&staging)?;
        let mut journal = Journal::default();
        let entries = match fs::read_dir(&staging) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(journal),
            Err(error) => return Err(TreeError::io("read", &staging, error)),
        };
        journal.there = true;
        for entry in entries {
            let name = entry.map_err(|error| TreeError::io("read", &staging, error))?.file_name();
            let name = name.to_string_lossy();
            journal.pack |= name == "pack";
            let Some((what, number)) = name.split_once('-') else { continue };
            let numbers = match what {
                "new" => &mut journal.new,
                "old" => &mut journal.old,
                _ => continue,
            };
            numbers.extend(number.parse::<usize>().ok());
        }
        Ok(journal)
    }

    /// What is in the place of a file.
    fn find(&mut self, path: &RelPath) -> Result<Found, TreeError> {
        let mut folders: Vec<RelPath> = path.folders().collect();
        folders.reverse();
        for folder in folders {
            match self.sort(&folder)? {
                Sort::Folder => {}
                Sort::Absent => return Ok(Found::Absent),
                Sort::Link => return Ok(Found::Link { at: folder }),
                Sort::File | Sort::Other => return Ok(Found::Blocked { by: folder }),
            }
        }
        let full = self.in_tree(path);
        Ok(match sort(&full)? {
            Sort::Absent => Found::Absent,
            Sort::Link => Found::Link { at: path.clone() },
            Sort::Other => Found::Other,
            Sort::File => {
                Found::File(read_content(&full).map_err(|error| TreeError::io("read", &full, error))?)
            }
            Sort::Folder => {
                let (mut files, mut folders) = (vec![], vec![]);
                let others = self.list(path, &mut files, &mut folders)?;
                self.folders.insert(path.clone(), Sort::Folder);
                Found::Folder { files, folders, others }
            }
        })
    }

    /// Everything in a folder; whether there is something that no rendering could have made.
    fn list(
        &self,
        folder: &RelPath,
        files: &mut Vec<RelPath>,
        folders: &mut Vec<RelPath>,
    ) -> Result<bool, TreeError> {
        let full = self.in_tree(folder);
        let failed = |error| TreeError::io("read", &full, error);
        let mut others = false;
        for entry in fs::read_dir(&full).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_string().ok();
            let path = name.and_then(|name| RelPath::new(format!("{folder}/{name}")).ok());
            let kind = entry.file_type().map_err(failed)?;
            match path {
                Some(path) if kind.is_file() => files.push(path),
                Some(path) if kind.is_dir() => {
                    others |= self.list(&path, files, folders)?;
                    folders.push(path);
                }
                _ => others = true,
            }
            // One thing that stays is enough to know that the folder stays.
            if others {
                break;
            }
        }
        files.sort();
        folders.sort();
        Ok(others)
    }

    fn sort(&mut self, folder: &RelPath) -> Result<Sort, TreeError> {
        if let Some(known) = self.folders.get(folder) {
            return Ok(*known);
        }
        // A link above makes everything below it a person's.
        let above = match folder.folders().next() {
            Some(above) => self.sort(&above)?,
            None => Sort::Folder,
        };
        let sort = if above == Sort::Folder { sort(&self.in_tree(folder))? } else { Sort::Absent };
        self.folders.insert(folder.clone(), sort);
        Ok(sort)
    }
}

fn sort(path: &Path) -> Result<Sort, TreeError> {
    match fs::symlink_metadata(path) {
        Ok(it) if it.is_symlink() => Ok(Sort::Link),
        Ok(it) if it.is_dir() => Ok(Sort::Folder),
        Ok(it) if it.is_file() => Ok(Sort::File),
        Ok(_) => Ok(Sort::Other),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Sort::Absent)
        }
        Err(error) => Err(TreeError::io("look at", path, error)),
    }
}

/// Reads a file that is no symbolic link, whatever became of it since it was looked at.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_content(path).map(|content| content.bytes)
}

/// Reads at most one byte more than a limit, as [`read`] does.
pub fn read_at_most(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read_bytes(open(path)?, limit)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Like [`read`], with the run bit.
pub(super) fn read_content(path: &Path) -> io::Result<Content> {
    let mut file = open(path)?;
    let executable = file.metadata()?.mode() & 0o100 != 0;
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(Content { bytes, executable })
}
