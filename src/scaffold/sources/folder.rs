//! A template in a folder of this machine.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Budget, SourceError};
use crate::{Entry, TemplateFile, TemplateFolder};

/// Reads a folder, through no symbolic link but the folder itself; `.git` is no part of it, at any level.
///
/// # Errors
/// Fails if there is no such folder, it can't be read, has a name that isn't UTF-8, or exceeds the limits.
pub fn read(path: &Path) -> Result<TemplateFolder, SourceError> {
    match fs::metadata(path) {
        Ok(it) if it.is_dir() => {}
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(SourceError::Io { path: path.to_owned(), error });
        }
        _ => return Err(SourceError::NoFolder { path: path.to_owned() }),
    }
    let mut folder = TemplateFolder { name: path.display().to_string(), ..TemplateFolder::default() };
    collect(path, "", &mut folder, &mut Budget::default())?;
    Ok(folder)
}

pub(super) fn collect(
    path: &Path,
    prefix: &str,
    folder: &mut TemplateFolder,
    budget: &mut Budget,
) -> Result<(), SourceError> {
    let failed = |error| SourceError::Io { path: path.to_owned(), error };
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let full = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            return Err(SourceError::NotText { path: full, why: "its name is not UTF-8" });
        };
        if name == ".git" {
            continue;
        }
        let inner = format!("{prefix}{name}");
        let failed = |error| SourceError::Io { path: full.clone(), error };
        // Of the entry itself, not of what a link leads to.
        let it = entry.metadata().map_err(failed)?;
        let found = if it.is_dir() {
            budget.take(0)?;
            collect(&full, &format!("{inner}/"), folder, budget)?;
            Entry::Folder
        } else {
            read_entry(&full, &it, budget)?
        };
        folder.entries.insert(inner, found);
    }
    Ok(())
}

/// Reads what is no folder.
pub(super) fn read_entry(path: &Path, it: &Metadata, budget: &mut Budget) -> Result<Entry, SourceError> {
    let failed = |error| SourceError::Io { path: path.to_owned(), error };
    budget.take(if it.is_file() { it.len() } else { 0 })?;
    Ok(if it.is_file() {
        let bytes = billpay_tree::disk::read(path).map_err(failed)?;
        Entry::File(TemplateFile { bytes, executable: it.permissions().mode() & 0o111 != 0 })
    } else if it.is_symlink() {
        Entry::Link(fs::read_link(path).map_err(failed)?.display().to_string())
    } else {
        Entry::Other
    })
}
