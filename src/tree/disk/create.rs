//! Makes a tree where there is none: aside, and then in its place in one step.

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

use super::look::Look;
use super::pack::{PACK, packed};
use super::steps::{Doer, is_folder, rename_new};
use super::write::{MANIFEST, OWN_FILES, write};
use super::{Steps, TreeError};
use crate::{
    Bases, Content, Coverage, Decision, Manifest, OURS, RelPath, Rendered, Seen, TreeOptions, Work, Write,
    decide,
};

/// What is where a tree is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Absent,
    EmptyFolder,
    /// A folder that can't be replaced by another, or one that an unfinished run was at work in.
    ToFill,
}

/// How many random letters the name of a folder aside ends in.
const RANDOM: usize = 12;

/// As much of a tree's name goes into that of the folder aside.
const LONGEST_NAME: usize = 200;

pub(super) fn create(
    root: &Path,
    rendered: &Rendered,
    coverage: &Coverage,
    steps: &mut dyn Steps,
) -> Result<Decision, TreeError> {
    let options = TreeOptions::default();
    let place = place(root)?;
    let (Some(parent), Some(name)) = (root.parent(), root.file_name()) else {
        return write(root, rendered, coverage, options, steps);
    };
    if place == Place::ToFill {
        return write(root, rendered, coverage, options, steps);
    }
    let decision = decide(rendered, coverage, options, &Manifest::default(), &Seen::default());
    let decision = decision.map_err(TreeError::Refused)?;
    if decision.work.is_nothing() {
        return Ok(decision);
    }
    let prefix = prefix(&name.to_string_lossy());
    let mut doer = Doer::new(steps);
    let result = doer.make_folders(parent).and_then(|()| {
        clear_abandoned(parent, &prefix, &mut doer)?;
        aside(root, parent, &prefix, place, &decision.work, &mut doer)
    });
    match result {
        Ok(()) => return Ok(decision),
        Err(TreeError::Killed) => return Err(TreeError::Killed),
        Err(_) => doer.undo_to(0)?,
    }
    match result {
        Err(TreeError::Io { error, .. }) if place == Place::EmptyFolder && is_filled_only(&error) => {
            write(root, rendered, coverage, options, steps)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(decision),
    }
}

/// What is there, if a tree can be made of it.
fn place(root: &Path) -> Result<Place, TreeError> {
    let failed = |error| TreeError::io("look at", root, error);
    let there = match fs::symlink_metadata(root) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Absent),
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
        let only_ours = entry.is_ok_and(|entry| entry.file_name() == OURS) && entries.next().is_none();
        let begun = Look::at(root).manifest()?.map(|manifest| manifest.is_unfinished());
        return match begun.unwrap_or(only_ours) {
            true => Ok(Place::ToFill),
            false => Err(TreeError::NotEmpty { path: root.to_owned() }),
        };
    }
    let same = |other: &Path| {
        fs::metadata(other).is_ok_and(|other| (other.dev(), other.ino()) == (there.dev(), there.ino()))
    };
    let is_mount =
        root.parent().and_then(|it| fs::metadata(it).ok()).is_none_or(|it| it.dev() != there.dev());
    match there.is_symlink() || is_mount || same(Path::new(".")) {
        true => Ok(Place::ToFill),
        false => Ok(Place::EmptyFolder),
    }
}

/// Whether a folder can be written into though no other can take its place.
fn is_filled_only(error: &std::io::Error) -> bool {
    let errors = [Errno::BUSY, Errno::XDEV, Errno::ACCESS, Errno::PERM, Errno::ROFS];
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// What the names of the folders begin with in which a tree of this name is made.
fn prefix(name: &str) -> String {
    let name: String = name
        .chars()
        .scan(0, |len, c| {
            *len += c.len_utf8();
            (*len <= LONGEST_NAME).then_some(c)
        })
        .collect();
    format!(".{name}.billpay-")
}

/// Removes what killed runs left of trees of the same name.
fn clear_abandoned(parent: &Path, prefix: &str, doer: &mut Doer) -> Result<(), TreeError> {
    let Ok(entries) = fs::read_dir(parent) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(prefix));
        let is_one =
            |random: &str| random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric());
        if random.is_some_and(is_one)
            && let Some(_lock) = locked(&entry.path())
        {
            doer.clear(&entry.path())?;
        }
    }
    Ok(())
}

/// The folder, if it is one and nobody else works in it.
fn locked(folder: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, folder, flags, Mode::empty()).ok()?);
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    // Whoever took it for abandoned may have removed it between its making and its locking.
    let there = fs::symlink_metadata(folder).ok()?;
    (there.ino() == file.metadata().ok()?.ino()).then_some(file)
}

fn aside(
    root: &Path,
    parent: &Path,
    prefix: &str,
    place: Place,
    work: &Work,
    doer: &mut Doer,
) -> Result<(), TreeError> {
    let (folder, lock) = loop {
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(RANDOM).collect();
        let folder = parent.join(format!("{prefix}{random}"));
        doer.step("make the folder", &folder)?;
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(TreeError::io("make the folder", &folder, error)),
        }
        if let Some(lock) = locked(&folder) {
            break (folder, lock);
        }
    };
    let result = fill(&folder, lock.as_fd(), work, doer).and_then(|()| {
        doer.step("write", root)?;
        match place {
            Place::Absent => rename_new(&folder, root),
            _ => over(&folder, root),
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

/// Takes the place of an empty folder; the system sees to it that it is empty.
fn over(folder: &Path, root: &Path) -> Result<(), TreeError> {
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

/// Writes everything; nobody looks at it yet, so that there is no order to keep.
fn fill(folder: &Path, fd: BorrowedFd, work: &Work, doer: &mut Doer) -> Result<(), TreeError> {
    let ours = PathBuf::from(OURS);
    for made in work.made.iter().map(|made| Path::new(made.as_str())).chain([ours.as_path()]) {
        doer.step("make the folder", &folder.join(made))?;
        let made_it = mkdirat(fd, made, Mode::from_raw_mode(0o777));
        made_it.map_err(|error| TreeError::io("make the folder", &folder.join(made), error))?;
    }
    let put = |at: &Path, bytes: &[u8], executable: bool| {
        new_file(fd, at, bytes, executable).map_err(|error| TreeError::io("write", &folder.join(at), error))
    };
    let bases = Bases { texts: work.bases.clone(), sound: true };
    let files = Shared { files: work.writes.iter().collect(), next: AtomicUsize::new(0) };
    let pack = thread::scope(|scope| {
        let helpers = if work.writes.len() < FEW { 0 } else { HELPERS.min(cores().saturating_sub(1)) };
        let pack = scope.spawn(|| packed(&bases, &work.after));
        let write_some =
            || files.each(|path, after| put(Path::new(path.as_str()), &after.bytes, after.executable));
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(write_some)).collect();
        let written = files.each(|path, after| {
            doer.step("write", &folder.join(path.as_str()))?;
            put(Path::new(path.as_str()), &after.bytes, after.executable)
        });
        for helper in helpers {
            helper.join().map_err(|_| lost(folder))??;
        }
        written?;
        let pack = pack.join().map_err(|_| lost(folder))?;
        pack.map_err(|error| TreeError::io("pack", &folder.join(OURS), error))
    })?;
    let mut records: Vec<(&str, &[u8])> =
        work.records.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    records.extend(OWN_FILES.iter().map(|(name, text)| (*name, text.as_bytes())));
    records.extend(pack.as_deref().map(|pack| (PACK, pack)));
    let manifest = work.after.print();
    records.push((MANIFEST, manifest.as_bytes()));
    for (name, bytes) in records {
        doer.step("write", &folder.join(&ours).join(name))?;
        put(&ours.join(name), bytes, false)?;
    }
    Ok(())
}

/// Fewer files than these are written faster by one alone.
const FEW: usize = 64;

/// More than these get in each other's way in the filesystem.
const HELPERS: usize = 3;

/// So many files are taken at once: mostly those of one folder.
const TAKEN: usize = 16;

/// Files that several write together.
struct Shared<'a> {
    files: Vec<(&'a RelPath, &'a Write)>,
    next: AtomicUsize,
}

impl Shared<'_> {
    /// Does it to the files that nobody else has taken yet; a failure leaves nothing to take.
    fn each(&self, mut to: impl FnMut(&RelPath, &Content) -> Result<(), TreeError>) -> Result<(), TreeError> {
        loop {
            let from = self.next.fetch_add(TAKEN, Ordering::Relaxed);
            let Some(files) = self.files.get(from..) else { return Ok(()) };
            if files.is_empty() {
                return Ok(());
            }
            for (path, write) in files.iter().take(TAKEN) {
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

fn lost(folder: &Path) -> TreeError {
    TreeError::io("write", folder, std::io::Error::other("a part of the run broke down"))
}

fn new_file(folder: BorrowedFd, at: &Path, bytes: &[u8], executable: bool) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
    File::from(openat(folder, at, flags, mode)?).write_all(bytes)
}
