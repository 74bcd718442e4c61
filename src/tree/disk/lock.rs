//! Lock of a tree: one writer at a time.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::TreeError;
use crate::RECORDS_FOLDER;

/// Lock on a tree, released when the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closing the file releases the lock.
    file: File,
}

fn path(root: &Path) -> PathBuf {
    root.join(RECORDS_FOLDER).join("lock")
}

/// Takes the shared lock, which excludes writers; creates no file.
pub(super) fn shared(root: &Path) -> Result<Option<Lock>, TreeError> {
    let path = path(root);
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
        Ok(file) => take(file, &path, FlockOperation::NonBlockingLockShared).map(Some),
        // No run ever wrote here.
        Err(_) => Ok(None),
    }
}

/// Takes the exclusive lock; `.billpay` must exist.
pub(super) fn exclusive(root: &Path) -> Result<Lock, TreeError> {
    let path = path(root);
    let failed = |error| TreeError::io("lock", &path, error);
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = options.custom_flags(flags).open(&path).map_err(failed)?;
        let mut lock = take(file, &path, FlockOperation::NonBlockingLockExclusive)?;
        // A failed run may have removed the file before it was locked.
        let ours = lock.file.metadata().map_err(failed)?;
        if std::fs::symlink_metadata(&path).is_ok_and(|there| there.ino() == ours.ino()) {
            let holder = format!("process {}", std::process::id());
            let written = lock.file.set_len(0).and_then(|()| lock.file.write_all(holder.as_bytes()));
            written.map_err(failed)?;
            return Ok(lock);
        }
    }
}

fn take(mut file: File, path: &Path, how: FlockOperation) -> Result<Lock, TreeError> {
    match flock(&file, how) {
        Ok(()) => Ok(Lock { file }),
        Err(error) if error == Errno::WOULDBLOCK => {
            let mut holder = String::new();
            let _ = file.rewind().and_then(|()| (&mut file).take(100).read_to_string(&mut holder));
            Err(TreeError::Busy { lock: path.to_owned(), holder })
        }
        Err(error) => Err(TreeError::io("lock", path, error)),
    }
}
