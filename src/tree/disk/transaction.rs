//! Changes on disk that can be undone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::TreeError;
use super::scan::read_content;
use crate::Content;

/// Interruption of a run by a test.
#[derive(Debug)]
pub enum Interrupt {
    /// An I/O error: the run undoes its changes.
    Fail(io::Error),
    /// A kill: nothing more happens.
    Kill,
}

/// Hook before each change on disk.
pub trait StepHook {
    /// Called before a change on disk.
    ///
    /// # Errors
    /// Fails with the interruption that a test wants.
    fn before(&mut self, doing: &'static str, path: &Path) -> Result<(), Interrupt>;
}

/// Hook that never interrupts.
pub(super) struct NoHook;

impl StepHook for NoHook {
    fn before(&mut self, _: &'static str, _: &Path) -> Result<(), Interrupt> {
        Ok(())
    }
}

/// Expected state of a file before its change.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expectation<'a> {
    Absent,
    Is(&'a Content),
    /// Any state, for billpay's own records.
    Any,
}

/// Undo of one change.
#[derive(Debug)]
enum Undo {
    Replaced { target: PathBuf, backup: PathBuf, staged: PathBuf },
    Created { target: PathBuf, staged: PathBuf },
    Removed { target: PathBuf, backup: PathBuf },
    Made { folder: PathBuf },
    Emptied { folder: PathBuf, permissions: Permissions },
}

/// Changes on disk with their undo log.
pub(super) struct Transaction<'a> {
    hook: &'a mut dyn StepHook,
    done: Vec<Undo>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(hook: &'a mut dyn StepHook) -> Transaction<'a> {
        Transaction { hook, done: vec![] }
    }

    pub(super) fn step(&mut self, doing: &'static str, path: &Path) -> Result<(), TreeError> {
        self.hook.before(doing, path).map_err(|halt| match halt {
            Interrupt::Fail(error) => TreeError::io(doing, path, error),
            Interrupt::Kill => TreeError::Killed,
        })
    }

    /// Writes a staged file, with the mode of `like`, the file that it replaces.
    pub(super) fn stage(
        &mut self,
        path: &Path,
        content: &Content,
        like: Option<&Path>,
    ) -> Result<(), TreeError> {
        self.step("write", path)?;
        let failed = |error| TreeError::io("write", path, error);
        let mode = if content.executable { 0o777 } else { 0o666 };
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
        file.write_all(&content.bytes).map_err(failed)?;
        match like.map(fs::symlink_metadata) {
            Some(Ok(like)) => {
                let mode = with_run_bits(like.permissions().mode(), content.executable);
                file.set_permissions(Permissions::from_mode(mode)).map_err(failed)
            }
            _ => Ok(()),
        }
    }

    /// Writes a staged record.
    pub(super) fn stage_record(&mut self, path: &Path, bytes: &[u8]) -> Result<(), TreeError> {
        self.stage(path, &Content { bytes: bytes.to_vec(), executable: false }, None)
    }

    /// Flushes a staged file to disk.
    pub(super) fn sync(&mut self, path: &Path) -> Result<(), TreeError> {
        self.step("sync", path)?;
        File::open(path).and_then(|file| file.sync_all()).map_err(|error| TreeError::io("sync", path, error))
    }

    /// Creates a folder, if absent.
    pub(super) fn make_folder(&mut self, folder: &Path) -> Result<(), TreeError> {
        self.step("make the folder", folder)?;
        match fs::create_dir(folder) {
            Ok(()) => self.done.push(Undo::Made { folder: folder.to_owned() }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && is_folder(folder) => {}
            Err(error) => return Err(TreeError::io("make the folder", folder, error)),
        }
        Ok(())
    }

    /// Creates a folder and its parents, if absent.
    pub(super) fn make_folders(&mut self, folder: &Path) -> Result<(), TreeError> {
        if is_folder(folder) {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folders(above)?;
        }
        self.make_folder(folder)
    }

    /// Moves a staged file to its place and backs up the file there.
    pub(super) fn put(
        &mut self,
        staged: &Path,
        target: &Path,
        backup: &Path,
        before: Expectation,
    ) -> Result<(), TreeError> {
        let absent = match before {
            Expectation::Absent => true,
            Expectation::Is(_) => false,
            Expectation::Any => fs::symlink_metadata(target).is_err(),
        };
        let (target, staged) = (target.to_owned(), staged.to_owned());
        if absent {
            self.step("write", &target)?;
            rename_new(&staged, &target)?;
            self.done.push(Undo::Created { target, staged });
            return Ok(());
        }
        self.step("put aside", &target)?;
        back_up(&target, backup)?;
        if let Expectation::Is(expected) = before {
            check_backup(backup, expected, &target)?;
        }
        self.step("write", &target)?;
        rename(&staged, &target)?;
        self.done.push(Undo::Replaced { target, backup: backup.to_owned(), staged });
        Ok(())
    }

    /// Deletes a file by moving it to its backup.
    pub(super) fn remove(
        &mut self,
        target: &Path,
        backup: &Path,
        before: Expectation,
    ) -> Result<(), TreeError> {
        self.step("delete", target)?;
        match fs::rename(target, backup) {
            Ok(()) => {}
            Err(error) if matches!(before, Expectation::Any) && is_absence(&error) => return Ok(()),
            Err(error) if is_absence(&error) => return Err(TreeError::Changed { path: target.to_owned() }),
            Err(error) => return Err(TreeError::io("delete", target, error)),
        }
        self.done.push(Undo::Removed { target: target.to_owned(), backup: backup.to_owned() });
        match before {
            Expectation::Is(expected) => check_backup(backup, expected, target),
            _ => Ok(()),
        }
    }

    /// Removes a folder if it is empty; returns true if it is gone.
    pub(super) fn remove_if_empty(&mut self, folder: &Path) -> Result<bool, TreeError> {
        self.step("remove the folder", folder)?;
        let Ok(permissions) = fs::symlink_metadata(folder).map(|it| it.permissions()) else {
            return Ok(true);
        };
        match fs::remove_dir(folder) {
            Ok(()) => {
                self.done.push(Undo::Emptied { folder: folder.to_owned(), permissions });
                Ok(true)
            }
            // It has a person's files, or is no folder any more.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty || is_absence(&error) => Ok(false),
            Err(error) => Err(TreeError::io("remove the folder", folder, error)),
        }
    }

    /// Removes a staging folder, if present.
    pub(super) fn remove_tree(&mut self, folder: &Path) -> Result<(), TreeError> {
        self.step("clear", folder)?;
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(TreeError::io("clear", folder, error)),
            _ => Ok(()),
        }
    }

    /// Replaces a record, without undo.
    pub(super) fn replace_permanently(&mut self, staged: &Path, target: &Path) -> Result<(), TreeError> {
        self.step("write", target)?;
        rename(staged, target)
    }

    /// Removes a record, without undo.
    pub(super) fn remove_permanently(&mut self, target: &Path) -> Result<(), TreeError> {
        self.step("delete", target)?;
        match fs::remove_file(target) {
            // A folder has taken its place already.
            Err(_) if is_folder(target) => Ok(()),
            Err(error) if !is_absence(&error) => Err(TreeError::io("delete", target, error)),
            _ => Ok(()),
        }
    }

    /// Returns the current position in the undo log, for [`Transaction::undo_to`].
    pub(super) fn mark(&self) -> usize {
        self.done.len()
    }

    /// Drops the undo log since a mark.
    pub(super) fn keep_since(&mut self, mark: usize) {
        self.done.truncate(mark);
    }

    /// Undoes all changes since a mark, latest first.
    ///
    /// # Errors
    /// Continues after an error, and returns the first one.
    pub(super) fn undo_to(&mut self, mark: usize) -> Result<(), TreeError> {
        let mut result = Ok(());
        for change in self.done.split_off(mark.min(self.done.len())).into_iter().rev() {
            match self.undo_one(change) {
                Err(TreeError::Killed) => return Err(TreeError::Killed),
                Err(error) if result.is_ok() => result = Err(error),
                _ => {}
            }
        }
        result
    }

    fn undo_one(&mut self, change: Undo) -> Result<(), TreeError> {
        match change {
            Undo::Replaced { target, backup, staged } => {
                // Its presence in the staging folder tells the next run that the write was undone.
                self.step("put aside", &target)?;
                let _ = fs::hard_link(&target, staged);
                self.step("restore", &target)?;
                rename(&backup, &target)
            }
            Undo::Created { target, staged } => {
                self.step("take back", &target)?;
                rename(&target, &staged)
            }
            Undo::Removed { target, backup } => {
                self.step("restore", &target)?;
                rename_new(&backup, &target)
            }
            Undo::Made { folder } => {
                self.step("remove the folder", &folder)?;
                match fs::remove_dir(&folder) {
                    // Files were put there in the meantime.
                    Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty && !is_absence(&error) => {
                        Err(TreeError::io("remove the folder", &folder, error))
                    }
                    _ => Ok(()),
                }
            }
            Undo::Emptied { folder, permissions } => {
                self.step("make the folder", &folder)?;
                let made = fs::create_dir(&folder).and_then(|()| fs::set_permissions(&folder, permissions));
                made.map_err(|error| TreeError::io("make the folder", &folder, error))
            }
        }
    }
}

/// Returns a mode with the executable bits set (for everyone who may read it) or cleared.
fn with_run_bits(mode: u32, executable: bool) -> u32 {
    match (mode & 0o100 != 0, executable) {
        (false, true) => mode | (mode & 0o444) >> 2,
        (true, false) => mode & !0o111,
        _ => mode,
    }
}

pub(super) fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.is_dir())
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn rename(from: &Path, to: &Path) -> Result<(), TreeError> {
    fs::rename(from, to).map_err(|error| TreeError::io("write", to, error))
}

/// Renames a file, unless the target exists.
pub(super) fn rename_new(from: &Path, to: &Path) -> Result<(), TreeError> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(TreeError::Changed { path: to.to_owned() }),
        // Not supported by every filesystem.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match fs::symlink_metadata(to) {
            Ok(_) => Err(TreeError::Changed { path: to.to_owned() }),
            Err(_) => rename(from, to),
        },
        Err(error) => Err(TreeError::io("write", to, error)),
    }
}

/// Backs up a file by a hard link, so that it exists at every moment.
fn back_up(target: &Path, backup: &Path) -> Result<(), TreeError> {
    match fs::hard_link(target, backup) {
        Ok(()) => Ok(()),
        Err(error) if is_absence(&error) => Err(TreeError::Changed { path: target.to_owned() }),
        // Not every filesystem has hard links.
        Err(_) => match fs::copy(target, backup) {
            Ok(_) => Ok(()),
            Err(error) => Err(TreeError::io("put aside", target, error)),
        },
    }
}

/// Fails if the file changed between the scan and the backup.
fn check_backup(backup: &Path, expected: &Content, target: &Path) -> Result<(), TreeError> {
    match read_content(backup) {
        Ok(content) if content == *expected => Ok(()),
        _ => Err(TreeError::Changed { path: target.to_owned() }),
    }
}
