//! Copies a built site to its output folder.

use std::fs;
use std::path::Path;

use billpay_host::temporary;

use super::{DocsError, SiteBuild, at};
use crate::METADATA;

/// Makes `out` a copy of the site; only an older site, or nothing, may be there.
///
/// # Errors
/// Fails if `out` holds something other than a site, is a folder that the project is in, or can't be written.
pub fn place(built: &SiteBuild, out: &Path, project: &Path) -> Result<(), DocsError> {
    let not_a_site = || DocsError::NotASite { path: out.display().to_string() };
    if out.symlink_metadata().is_ok() {
        let real = out.canonicalize().map_err(at(out))?;
        let project = project.canonicalize().map_err(at(project))?;
        let empty = || fs::read_dir(&real).is_ok_and(|mut entries| entries.next().is_none());
        if !real.is_dir() || project.starts_with(&real) || !(real.join(METADATA).is_file() || empty()) {
            return Err(not_a_site());
        }
    }
    let name = out.file_name().ok_or_else(not_a_site)?;
    // Prepared beside it: a copy that breaks off leaves the old site as it was.
    let folder = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(at(folder))?;
    let place =
        temporary::directory_in(folder, &format!(".{}.", name.to_string_lossy())).map_err(at(folder))?;
    let new = place.path().join("new");
    copy(&built.site, &new)?;
    if out.symlink_metadata().is_ok() {
        fs::remove_dir_all(out).map_err(at(out))?;
    }
    fs::rename(&new, out).map_err(at(out))
}

fn copy(from: &Path, to: &Path) -> Result<(), DocsError> {
    fs::create_dir(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &target)?,
            false => drop(fs::copy(&path, &target).map_err(at(&path))?),
        }
    }
    Ok(())
}
