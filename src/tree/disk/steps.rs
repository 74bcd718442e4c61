//! Changes on disk, one at a time, each of which can be undone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::TreeError;
use super::look::read_content;
use crate::Content;

/// Why a run doesn't go on.
#[derive(Debug)]
pub enum Halt {
    /// As if the system had refused it: the run undoes what it did.
    Fail(io::Error),
    /// As if the process had been killed: nothing more happens.
    Kill,
}

/// Is asked before each change on disk.
pub trait Steps {
    fn before(&mut self, doing: &'static str, path: &Path) -> Result<(), Halt>;
}

/// Goes on, always.
pub(super) struct All;

impl Steps for All {
    fn before(&mut self, _: &'static str, _: &Path) -> Result<(), Halt> {
        Ok(())
    }
}

/// What has to be there for a change to be made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before<'a> {
    Absent,
    Is(&'a Content),
    /// One of billpay's own records: whatever there is.
    Whatever,
}

/// How one change is undone.
#[derive(Debug)]
enum Undo {
    Replaced { target: PathBuf, backup: PathBuf, staged: PathBuf },
    Created { target: PathBuf, staged: PathBuf },
    Removed { target: PathBuf, backup: PathBuf },
    Made { folder: PathBuf },
    Emptied { folder: PathBuf, permissions: Permissions },
}

/// Changes things, and remembers how it was.
pub(super) struct Doer<'a> {
    steps: &'a mut dyn Steps,
    done: Vec<Undo>,
}

impl<'a> Doer<'a> {
    pub(super) fn new(steps: &'a mut dyn Steps) -> Doer<'a> {
        Doer { steps, done: vec![] }
    }

    pub(super) fn step(&mut self, doing: &'static str, path: &Path) -> Result<(), TreeError> {
        self.steps.before(doing, path).map_err(|halt| match halt {
            Halt::Fail(error) => TreeError::io(doing, path, error),
            Halt::Kill => TreeError::Killed,
        })
    }

    /// Writes a new file that nobody looks at yet; `like` is the file whose place it takes.
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

    /// Writes a new file of billpay's own that nobody looks at yet.
    pub(super) fn stage_record(&mut self, path: &Path, bytes: &[u8]) -> Result<(), TreeError> {
        self.stage(path, &Content { bytes: bytes.to_vec(), executable: false }, None)
    }

    /// Makes sure that what was staged survives a loss of power.
    pub(super) fn sync(&mut self, path: &Path) -> Result<(), TreeError> {
        self.step("sync", path)?;
        File::open(path).and_then(|file| file.sync_all()).map_err(|error| TreeError::io("sync", path, error))
    }

    /// Makes a folder; one that is there already is none of its making.
    pub(super) fn make_folder(&mut self, folder: &Path) -> Result<(), TreeError> {
        self.step("make the folder", folder)?;
        match fs::create_dir(folder) {
            Ok(()) => self.done.push(Undo::Made { folder: folder.to_owned() }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && is_folder(folder) => {}
            Err(error) => return Err(TreeError::io("make the folder", folder, error)),
        }
        Ok(())
    }

    /// Makes a folder and those that it is in, down from one that is there.
    pub(super) fn make_folders(&mut self, folder: &Path) -> Result<(), TreeError> {
        if is_folder(folder) {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folders(above)?;
        }
        self.make_folder(folder)
    }

    /// Moves a staged file to its place; what is there is put aside.
    pub(super) fn put(
        &mut self,
        staged: &Path,
        target: &Path,
        backup: &Path,
        before: Before,
    ) -> Result<(), TreeError> {
        let absent = match before {
            Before::Absent => true,
            Before::Is(_) => false,
            Before::Whatever => fs::symlink_metadata(target).is_err(),
        };
        let (target, staged) = (target.to_owned(), staged.to_owned());
        if absent {
            self.step("write", &target)?;
            rename_new(&staged, &target)?;
            self.done.push(Undo::Created { target, staged });
            return Ok(());
        }
        self.step("put aside", &target)?;
        put_aside(&target, backup)?;
        if let Before::Is(expected) = before {
            expect(backup, expected, &target)?;
        }
        self.step("write", &target)?;
        rename(&staged, &target)?;
        self.done.push(Undo::Replaced { target, backup: backup.to_owned(), staged });
        Ok(())
    }

    /// Deletes a file: puts it aside for as long as the run goes on.
    pub(super) fn remove(&mut self, target: &Path, backup: &Path, before: Before) -> Result<(), TreeError> {
        self.step("delete", target)?;
        match fs::rename(target, backup) {
            Ok(()) => {}
            Err(error) if matches!(before, Before::Whatever) && is_absence(&error) => return Ok(()),
            Err(error) if is_absence(&error) => return Err(TreeError::Changed { path: target.to_owned() }),
            Err(error) => return Err(TreeError::io("delete", target, error)),
        }
        self.done.push(Undo::Removed { target: target.to_owned(), backup: backup.to_owned() });
        match before {
            Before::Is(expected) => expect(backup, expected, target),
            _ => Ok(()),
        }
    }

    /// Removes a folder if nothing is in it; says whether there is none by now.
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
            // What a person has in it keeps it, or what they made of it.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty || is_absence(&error) => Ok(false),
            Err(error) => Err(TreeError::io("remove the folder", folder, error)),
        }
    }

    /// Removes what only ever was in the way of nobody: a staging folder.
    pub(super) fn clear(&mut self, folder: &Path) -> Result<(), TreeError> {
        self.step("clear", folder)?;
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(TreeError::io("clear", folder, error)),
            _ => Ok(()),
        }
    }

    /// Puts a file that replaces one of billpay's own, for good.
    pub(super) fn replace_for_good(&mut self, staged: &Path, target: &Path) -> Result<(), TreeError> {
        self.step("write", target)?;
        rename(staged, target)
    }

    /// Removes one of billpay's own files, for good.
    pub(super) fn remove_for_good(&mut self, target: &Path) -> Result<(), TreeError> {
        self.step("delete", target)?;
        match fs::remove_file(target) {
            // A folder has taken its place already.
            Err(_) if is_folder(target) => Ok(()),
            Err(error) if !is_absence(&error) => Err(TreeError::io("delete", target, error)),
            _ => Ok(()),
        }
    }

    /// How far it got; see [`Doer::undo_to`].
    pub(super) fn mark(&self) -> usize {
        self.done.len()
    }

    /// What was done since can't be undone any more.
    pub(super) fn keep_since(&mut self, mark: usize) {
        self.done.truncate(mark);
    }

    /// Makes everything as it was at the mark, the last change first.
    ///
    /// A failure doesn't keep the rest from being undone; the first one comes back.
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
                // What tells the next run, should this one be killed here, that it was undone.
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
                    // Somebody put something there meanwhile.
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

/// The mode of a file whose run bit comes or goes; whoever may read it may run it then.
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

/// Renames only if nothing is there.
pub(super) fn rename_new(from: &Path, to: &Path) -> Result<(), TreeError> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(TreeError::Changed { path: to.to_owned() }),
        // Not every filesystem can do it.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match fs::symlink_metadata(to) {
            Ok(_) => Err(TreeError::Changed { path: to.to_owned() }),
            Err(_) => rename(from, to),
        },
        Err(error) => Err(TreeError::io("write", to, error)),
    }
}

/// Gives a file a second name, so that there is no moment at which it isn't there.
fn put_aside(target: &Path, backup: &Path) -> Result<(), TreeError> {
    match fs::hard_link(target, backup) {
        Ok(()) => Ok(()),
        Err(error) if is_absence(&error) => Err(TreeError::Changed { path: target.to_owned() }),
        // Not every filesystem has second names.
        Err(_) => match fs::copy(target, backup) {
            Ok(_) => Ok(()),
            Err(error) => Err(TreeError::io("put aside", target, error)),
        },
    }
}

/// What was put aside is what was looked at, or somebody was faster.
fn expect(backup: &Path, expected: &Content, target: &Path) -> Result<(), TreeError> {
    match read_content(backup) {
        Ok(content) if content == *expected => Ok(()),
        _ => Err(TreeError::Changed { path: target.to_owned() }),
    }
}
