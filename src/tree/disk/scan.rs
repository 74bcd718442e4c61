//! Scans a tree on disk without following symbolic links.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use billpay_host::reading::read_bytes;
use rustix::fs::OFlags;

use super::pack::{PACK, unpack_bases};
use super::{TreeError, search};
use crate::{
    Bases, Content, Coverage, Decision, Journal, MAX_BYTES, Manifest, Observation, PathState, RECORDS_FOLDER,
    RelPath, RenderedTree, TreeOptions, decide, find_moves, find_renames, may_have_renames, missing_files,
    needed_bases,
};

/// Kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Absent,
    File,
    Folder,
    Link,
    Other,
}

/// Scanner of a tree, with a cache of its folders.
pub(super) struct Scanner {
    root: PathBuf,
    folders: BTreeMap<RelPath, FileKind>,
}

impl Scanner {
    pub(super) fn at(root: &Path) -> Scanner {
        Scanner { root: root.to_owned(), folders: BTreeMap::new() }
    }

    /// Scans all paths that the rendering and the manifest name, and decides.
    ///
    /// Takes the state that an unfinished run left as it is after recovery.
    pub(super) fn decide(
        &mut self,
        rendered: &RenderedTree,
        coverage: &Coverage,
        options: TreeOptions,
    ) -> Result<Decision, TreeError> {
        let recorded = self.manifest()?.unwrap_or_default();
        let journal = self.journal()?;
        let paths: BTreeSet<RelPath> = rendered.files.keys().chain(recorded.places()).cloned().collect();
        let mut observed = Observation::default();
        self.find_all(paths, &mut observed)?;
        for folder in recorded.folders.iter().chain(&recorded.making).chain(&rendered.folders) {
            if !matches!(self.file_kind(folder)?, FileKind::Folder | FileKind::Absent) {
                self.find_all([folder.clone()], &mut observed)?;
            }
        }
        let finished = recorded.finished_paths(&observed, &journal);
        let manifest = recorded.settle(&finished, &self.existing_folders());
        observed.packed = self.record_path(PACK).exists();
        if options.renames {
            self.find_moved_files(rendered, coverage, options, &manifest, &mut observed)?;
        }
        let needed = needed_bases(rendered, coverage, options, &manifest, &observed);
        if !needed.is_empty() {
            self.load_bases(&mut observed)?;
            self.find_conflict_files(needed, &manifest, &mut observed)?;
        }
        for name in rendered.records.keys() {
            if let Some(record) = self.read_record(&self.record_path(name))? {
                observed.records.insert(name.clone(), record);
            }
        }
        observed.folders = self.existing_folders();
        decide(rendered, coverage, options, &manifest, &observed).map_err(TreeError::Rendering)
    }

    fn find_all(
        &mut self,
        paths: impl IntoIterator<Item = RelPath>,
        observed: &mut Observation,
    ) -> Result<(), TreeError> {
        for path in paths {
            let found = self.find(&path)?;
            observed.found.insert(path, found);
        }
        Ok(())
    }

    /// Scans the places of conflict files.
    fn find_conflict_files(
        &mut self,
        paths: BTreeSet<RelPath>,
        manifest: &Manifest,
        observed: &mut Observation,
    ) -> Result<(), TreeError> {
        let paths = paths.iter().chain(observed.renamed.values());
        let places = paths.map(|path| observed.moves.get(path).unwrap_or(manifest.place(path)));
        let candidates = places.flat_map(|path| {
            ["rej", "new"].into_iter().filter_map(move |ending| RelPath::new(format!("{path}.{ending}")).ok())
        });
        let candidates: BTreeSet<RelPath> = candidates.collect();
        self.find_all(candidates, observed)
    }

    /// Finds the files that people moved or the template renamed.
    fn find_moved_files(
        &mut self,
        rendered: &RenderedTree,
        coverage: &Coverage,
        options: TreeOptions,
        manifest: &Manifest,
        observed: &mut Observation,
    ) -> Result<(), TreeError> {
        if !options.adopt && may_have_renames(rendered, coverage, manifest, &observed.found) {
            self.load_bases(observed)?;
            observed.renamed = find_renames(rendered, coverage, manifest, &observed.bases, &observed.found);
        }
        let missing =
            missing_files(rendered, coverage, options.adopt, manifest, &observed.found, &observed.renamed);
        if missing.is_empty() {
            return Ok(());
        }
        self.load_bases(observed)?;
        if options.adopt {
            for (path, sha256) in &missing {
                let file = rendered.files.get(path);
                observed.bases.extend(file.map(|file| (sha256.clone(), file.bytes.clone())));
            }
        }
        let known: BTreeSet<RelPath> = rendered.files.keys().chain(manifest.places()).cloned().collect();
        let others = search::find_unknown_files(&self.root, &known);
        observed.moves = find_moves(&missing, &observed.bases, &others);
        let places: Vec<RelPath> = observed.moves.values().cloned().collect();
        self.find_all(places, observed)
    }

    /// Reads the bases, once.
    fn load_bases(&self, observed: &mut Observation) -> Result<(), TreeError> {
        if observed.bases.is_empty() {
            let bases = self.bases()?;
            (observed.bases, observed.packed) = (bases.texts, observed.packed && bases.is_complete);
        }
        Ok(())
    }

    /// Reads the merge bases, those of an unfinished run included.
    pub(super) fn bases(&self) -> Result<Bases, TreeError> {
        let mut bases = Bases { is_complete: true, ..Bases::default() };
        for path in [self.record_path(PACK), self.staging().join("pack"), self.staging().join("oldpack")] {
            if let Some(pack) = self.read_record(&path)? {
                let more = unpack_bases(&pack);
                bases.is_complete &= more.is_complete;
                bases.texts.extend(more.texts);
            }
        }
        Ok(bases)
    }

    /// Returns the existing folders among those in the cache.
    fn existing_folders(&self) -> BTreeSet<RelPath> {
        let folders = self.folders.iter().filter(|(_, file_kind)| **file_kind == FileKind::Folder);
        folders.map(|(path, _)| path.clone()).collect()
    }

    /// Returns the manifest for the state in which an unfinished run stopped, if there was one.
    pub(super) fn recovered_manifest(&mut self) -> Result<Option<Manifest>, TreeError> {
        let recorded = self.manifest()?.unwrap_or_default();
        let mut observed = Observation::default();
        let places = recorded.pending.iter().map(|(path, pending)| pending.at.as_ref().unwrap_or(path));
        self.find_all(places.cloned(), &mut observed)?;
        for folder in &recorded.making {
            self.file_kind(folder)?;
        }
        let finished = recorded.finished_paths(&observed, &self.journal()?);
        Ok(recorded.is_unfinished().then(|| recorded.settle(&finished, &self.existing_folders())))
    }

    /// Reads the manifest, if it exists.
    pub(super) fn manifest(&self) -> Result<Option<Manifest>, TreeError> {
        let path = self.record_path("manifest.json");
        let Some(text) = self.read_record_at_most(&path, MAX_BYTES)? else { return Ok(None) };
        Manifest::parse(&text).map(Some).map_err(|damage| TreeError::Manifest { path, damage })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn record_path(&self, name: &str) -> PathBuf {
        self.root.join(RECORDS_FOLDER).join(name)
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.record_path("staging")
    }

    pub(super) fn staged(&self, what: &str, number: usize) -> PathBuf {
        self.staging().join(format!("{what}-{number}"))
    }

    pub(super) fn path_in_tree(&self, path: &RelPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Checks that the path of a record leads through no symbolic link.
    pub(super) fn check_no_link(&self, path: &Path) -> Result<(), TreeError> {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let mut at = self.root.clone();
        for part in below.components() {
            at.push(part);
            match file_kind(&at)? {
                FileKind::Link => return Err(TreeError::Link { path: at }),
                FileKind::Absent => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn read_record(&self, path: &Path) -> Result<Option<Vec<u8>>, TreeError> {
        self.read_record_at_most(path, usize::MAX)
    }

    /// Like [`read_record`](Self::read_record), with at most one byte more than a limit.
    fn read_record_at_most(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, TreeError> {
        self.check_no_link(path)?;
        match read_at_most(path, limit) {
            Ok(text) => Ok(Some(text)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(TreeError::io("read", path, error)),
        }
    }

    fn journal(&self) -> Result<Journal, TreeError> {
        let staging = self.staging();
        self.check_no_link(&staging)?;
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

    /// Returns the state of a path.
    fn find(&mut self, path: &RelPath) -> Result<PathState, TreeError> {
        let mut folders: Vec<RelPath> = path.folders().collect();
        folders.reverse();
        for folder in folders {
            match self.file_kind(&folder)? {
                FileKind::Folder => {}
                FileKind::Absent => return Ok(PathState::Absent),
                FileKind::Link => return Ok(PathState::Link { at: folder }),
                FileKind::File | FileKind::Other => return Ok(PathState::Blocked { by: folder }),
            }
        }
        let full = self.path_in_tree(path);
        Ok(match file_kind(&full)? {
            FileKind::Absent => PathState::Absent,
            FileKind::Link => PathState::Link { at: path.clone() },
            FileKind::Other => PathState::Other,
            FileKind::File => {
                PathState::File(read_content(&full).map_err(|error| TreeError::io("read", &full, error))?)
            }
            FileKind::Folder => {
                let (mut files, mut folders) = (vec![], vec![]);
                let others = self.list(path, &mut files, &mut folders)?;
                self.folders.insert(path.clone(), FileKind::Folder);
                PathState::Folder { files, folders, others }
            }
        })
    }

    /// Lists a folder recursively; returns true if it has an entry that no rendered file can be.
    fn list(
        &self,
        folder: &RelPath,
        files: &mut Vec<RelPath>,
        folders: &mut Vec<RelPath>,
    ) -> Result<bool, TreeError> {
        let full = self.path_in_tree(folder);
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
            // One such entry is enough: the folder stays.
            if others {
                break;
            }
        }
        files.sort();
        folders.sort();
        Ok(others)
    }

    fn file_kind(&mut self, folder: &RelPath) -> Result<FileKind, TreeError> {
        if let Some(known) = self.folders.get(folder) {
            return Ok(*known);
        }
        // Everything below a link is a person's.
        let above = match folder.folders().next() {
            Some(above) => self.file_kind(&above)?,
            None => FileKind::Folder,
        };
        let file_kind =
            if above == FileKind::Folder { file_kind(&self.path_in_tree(folder))? } else { FileKind::Absent };
        self.folders.insert(folder.clone(), file_kind);
        Ok(file_kind)
    }
}

fn file_kind(path: &Path) -> Result<FileKind, TreeError> {
    match fs::symlink_metadata(path) {
        Ok(it) if it.is_symlink() => Ok(FileKind::Link),
        Ok(it) if it.is_dir() => Ok(FileKind::Folder),
        Ok(it) if it.is_file() => Ok(FileKind::File),
        Ok(_) => Ok(FileKind::Other),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(FileKind::Absent)
        }
        Err(error) => Err(TreeError::io("look at", path, error)),
    }
}

/// Reads a file.
///
/// # Errors
/// Fails if it is a symbolic link or can't be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_content(path).map(|content| content.bytes)
}

/// Reads at most one byte more than a limit, as [`read`] does.
///
/// # Errors
/// Fails if it is a symbolic link or can't be read.
pub fn read_at_most(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read_bytes(open(path)?, limit)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Like [`read`], with the executable bit.
pub(super) fn read_content(path: &Path) -> io::Result<Content> {
    let mut file = open(path)?;
    let executable = file.metadata()?.mode() & 0o100 != 0;
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(Content { bytes, executable })
}
