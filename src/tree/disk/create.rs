//! Creates a tree in a staging folder and renames it to its place.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::num::NonZero;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, mkdirat, openat};
use rustix::io::Errno;

use super::pack::{PACK, pack_bases};
use super::scan::Scanner;
use super::transaction::{Transaction, is_folder, rename_new};
use super::write::{MANIFEST, OWN_FILES, write};
use super::{StepHook, TreeError};
use crate::{
    Bases, ChangeSet, Content, Coverage, Decision, Manifest, Observation, RECORDS_FOLDER, RelPath,
    RenderedTree, TreeOptions, Write, decide,
};

/// State of the target of a new tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Absent,
    EmptyFolder,
    /// A folder that can't be replaced, or one with an unfinished run.
    InPlace,
}

/// Number of random letters at the end of a staging folder's name.
const RANDOM_LETTERS: usize = 12;

/// Maximum part of a tree's name in that of its staging folder, bytes.
const MAX_NAME_BYTES: usize = 200;

pub(super) fn create(
    root: &Path,
    rendered: &RenderedTree,
    coverage: &Coverage,
    hook: &mut dyn StepHook,
) -> Result<Decision, TreeError> {
    let options = TreeOptions::default();
    let target = target(root)?;
    let (Some(parent), Some(name)) = (root.parent(), root.file_name()) else {
        return write(root, rendered, coverage, options, hook);
    };
    if target == Target::InPlace {
        return write(root, rendered, coverage, options, hook);
    }
    let decision = decide(rendered, coverage, options, &Manifest::default(), &Observation::default());
    let decision = decision.map_err(TreeError::Rendering)?;
    if decision.changes.is_empty() {
        return Ok(decision);
    }
    let prefix = prefix(&name.to_string_lossy());
    let mut transaction = Transaction::new(hook);
    let result = transaction.make_folders(parent).and_then(|()| {
        clear_abandoned(parent, &prefix, &mut transaction)?;
        create_staged(root, parent, &prefix, target, &decision.changes, &mut transaction)
    });
    match result {
        Ok(()) => return Ok(decision),
        Err(TreeError::Killed) => return Err(TreeError::Killed),
        Err(_) => transaction.undo_to(0)?,
    }
    match result {
        Err(TreeError::Io { error, .. }) if target == Target::EmptyFolder && is_not_replaceable(&error) => {
            write(root, rendered, coverage, options, hook)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(decision),
    }
}

/// Returns the state of the target.
///
/// # Errors
/// Fails if it is not empty or can't be read.
fn target(root: &Path) -> Result<Target, TreeError> {
    let failed = |error| TreeError::io("look at", root, error);
    let there = match fs::symlink_metadata(root) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Target::Absent),
        Err(error) => return Err(failed(error)),
    };
    let mut entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(TreeError::NotEmpty { path: root.to_owned() });
        }
        Err(error) => return Err(failed(error)),
    };
    if let Some(entry) = entries.next() {
        let only_ours =
            entry.is_ok_and(|entry| entry.file_name() == RECORDS_FOLDER) && entries.next().is_none();
        let begun = Scanner::at(root).manifest()?.map(|manifest| manifest.is_unfinished());
        return match begun.unwrap_or(only_ours) {
            true => Ok(Target::InPlace),
            false => Err(TreeError::NotEmpty { path: root.to_owned() }),
        };
    }
    let same = |other: &Path| {
        fs::metadata(other).is_ok_and(|other| (other.dev(), other.ino()) == (there.dev(), there.ino()))
    };
    let is_mount =
        root.parent().and_then(|it| fs::metadata(it).ok()).is_none_or(|it| it.dev() != there.dev());
    match there.is_symlink() || is_mount || same(Path::new(".")) {
        true => Ok(Target::InPlace),
        false => Ok(Target::EmptyFolder),
    }
}

/// Returns true for errors of a folder that can be written to but not replaced.
fn is_not_replaceable(error: &std::io::Error) -> bool {
    let errors = [Errno::BUSY, Errno::XDEV, Errno::ACCESS, Errno::PERM, Errno::ROFS];
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Returns the prefix of the staging folders of a tree.
fn prefix(name: &str) -> String {
    let name: String = name
        .chars()
        .scan(0, |len, c| {
            *len += c.len_utf8();
            (*len <= MAX_NAME_BYTES).then_some(c)
        })
        .collect();
    format!(".{name}.billpay-")
}

/// Removes the staging folders that killed runs left of this tree.
fn clear_abandoned(parent: &Path, prefix: &str, transaction: &mut Transaction) -> Result<(), TreeError> {
    let Ok(entries) = fs::read_dir(parent) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(prefix));
        let is_one = |random: &str| {
            random.len() == RANDOM_LETTERS && random.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if random.is_some_and(is_one)
            && let Some(_lock) = lock_folder(&entry.path())
        {
            transaction.remove_tree(&entry.path())?;
        }
    }
    Ok(())
}

/// Locks a folder; none if it isn't one or another run holds it.
fn lock_folder(folder: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, folder, flags, Mode::empty()).ok()?);
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    // Another run may have taken it for abandoned and removed it before it was locked.
    let there = fs::symlink_metadata(folder).ok()?;
    (there.ino() == file.metadata().ok()?.ino()).then_some(file)
}

fn create_staged(
    root: &Path,
    parent: &Path,
    prefix: &str,
    target: Target,
    changes: &ChangeSet,
    transaction: &mut Transaction,
) -> Result<(), TreeError> {
    let (folder, lock) = loop {
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(RANDOM_LETTERS).collect();
        let folder = parent.join(format!("{prefix}{random}"));
        transaction.step("make the folder", &folder)?;
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(TreeError::io("make the folder", &folder, error)),
        }
        if let Some(lock) = lock_folder(&folder) {
            break (folder, lock);
        }
    };
    let result = fill(&folder, lock.as_fd(), changes, transaction).and_then(|()| {
        transaction.step("write", root)?;
        match target {
            Target::Absent => rename_new(&folder, root),
            _ => replace_empty_folder(&folder, root),
        }
    });
    match result {
        Err(TreeError::Killed) => Err(TreeError::Killed),
        Err(error) => {
            // Should that fail too, the next run clears it.
            let _ = fs::remove_dir_all(&folder);
            match error {
                TreeError::Changed { path } => Err(TreeError::NotEmpty { path }),
                error => Err(error),
            }
        }
        Ok(()) => Ok(()),
    }
}

/// Replaces an empty folder; `rename` fails if it isn't empty.
fn replace_empty_folder(folder: &Path, root: &Path) -> Result<(), TreeError> {
    let failed = |error| TreeError::io("write", root, error);
    let permissions = fs::symlink_metadata(root).map_err(failed)?.permissions();
    fs::set_permissions(folder, permissions).map_err(failed)?;
    match fs::rename(folder, root) {
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
            Err(TreeError::NotEmpty { path: root.to_owned() })
        }
        Err(error) if !is_folder(root) => Err(TreeError::io("replace", root, error)),
        result => result.map_err(failed),
    }
}

/// Writes all files to the staging folder, in any order.
fn fill(
    folder: &Path,
    fd: BorrowedFd,
    changes: &ChangeSet,
    transaction: &mut Transaction,
) -> Result<(), TreeError> {
    let ours = PathBuf::from(RECORDS_FOLDER);
    for new_folders in
        changes.new_folders.iter().map(|new_folders| Path::new(new_folders.as_str())).chain([ours.as_path()])
    {
        transaction.step("make the folder", &folder.join(new_folders))?;
        let made_it = mkdirat(fd, new_folders, Mode::from_raw_mode(0o777));
        made_it.map_err(|error| TreeError::io("make the folder", &folder.join(new_folders), error))?;
    }
    let put = |at: &Path, bytes: &[u8], executable: bool| {
        new_file(fd, at, bytes, executable).map_err(|error| TreeError::io("write", &folder.join(at), error))
    };
    let bases = Bases { texts: changes.bases.clone(), is_complete: true };
    let files = FileQueue { files: changes.writes.iter().collect(), next: AtomicUsize::new(0) };
    let pack = thread::scope(|scope| {
        let helpers = if changes.writes.len() < MIN_PARALLEL_FILES {
            0
        } else {
            MAX_HELPERS.min(cores().saturating_sub(1))
        };
        let pack = scope.spawn(|| pack_bases(&bases, &changes.after));
        let write_some =
            || files.each(|path, after| put(Path::new(path.as_str()), &after.bytes, after.executable));
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(write_some)).collect();
        let written = files.each(|path, after| {
            transaction.step("write", &folder.join(path.as_str()))?;
            put(Path::new(path.as_str()), &after.bytes, after.executable)
        });
        for helper in helpers {
            helper.join().map_err(|_| helper_panic(folder))??;
        }
        written?;
        let pack = pack.join().map_err(|_| helper_panic(folder))?;
        pack.map_err(|error| TreeError::io("pack", &folder.join(RECORDS_FOLDER), error))
    })?;
    let mut records: Vec<(&str, &[u8])> =
        changes.records.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    records.extend(OWN_FILES.iter().map(|(name, text)| (*name, text.as_bytes())));
    records.extend(pack.as_deref().map(|pack| (PACK, pack)));
    let manifest = changes.after.print();
    records.push((MANIFEST, manifest.as_bytes()));
    for (name, bytes) in records {
        transaction.step("write", &folder.join(&ours).join(name))?;
        put(&ours.join(name), bytes, false)?;
    }
    Ok(())
}

/// Minimum number of files to write in parallel.
const MIN_PARALLEL_FILES: usize = 64;

/// Maximum number of helper threads; more contend in the filesystem.
const MAX_HELPERS: usize = 3;

/// Files that a thread takes at once, mostly of one folder.
const BATCH_SIZE: usize = 16;

/// Queue of files that several threads write.
struct FileQueue<'a> {
    files: Vec<(&'a RelPath, &'a Write)>,
    next: AtomicUsize,
}

impl FileQueue<'_> {
    /// Writes files until the queue is empty; an error empties it.
    fn each(&self, mut to: impl FnMut(&RelPath, &Content) -> Result<(), TreeError>) -> Result<(), TreeError> {
        loop {
            let from = self.next.fetch_add(BATCH_SIZE, Ordering::Relaxed);
            let Some(files) = self.files.get(from..) else { return Ok(()) };
            if files.is_empty() {
                return Ok(());
            }
            for (path, write) in files.iter().take(BATCH_SIZE) {
                if let Err(error) = to(path, &write.after) {
                    self.next.store(self.files.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn helper_panic(folder: &Path) -> TreeError {
    TreeError::io("write", folder, std::io::Error::other("a part of the run broke down"))
}

fn new_file(folder: BorrowedFd, at: &Path, bytes: &[u8], executable: bool) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
    File::from(openat(folder, at, flags, mode)?).write_all(bytes)
}
