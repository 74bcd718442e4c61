//! The surroundings of a template in a folder of this machine: its repository, or a folder that was named.

use std::cell::RefCell;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use billpay_host::git::Repository;

use super::{Budget, SourceError, folder, record};
use crate::{Entry, Surroundings, TemplateFolder};

/// A folder that a template lies in.
#[derive(Debug)]
struct LocalSurroundings {
    root: PathBuf,
    /// Name of the root, as people are told it.
    name: String,
    directory: String,
    /// Shared by all that is read of it.
    budget: RefCell<Budget>,
}

/// Finds what a template in a folder may read beside it: `root`, or the Git repository that it lies in.
pub(super) fn of(path: &Path, root: Option<&Path>) -> Result<Option<Rc<dyn Surroundings>>, SourceError> {
    let failed = |path: &Path, error| SourceError::Io { path: path.to_owned(), error };
    let folder = path.canonicalize().map_err(|error| failed(path, error))?;
    let root = match root {
        Some(root) => root.canonicalize().map_err(|error| failed(root, error))?,
        // A repository of another user gives a template nothing to read.
        None => match Repository::find(&folder).ok().flatten() {
            Some(repository) => repository.top,
            None => return Ok(None),
        },
    };
    let Ok(directory) = folder.strip_prefix(&root) else {
        return Err(SourceError::NotInRoot { path: path.to_owned(), root });
    };
    let Some(directory) = directory.to_str().map(str::to_string) else { return Ok(None) };
    let name = record::from_project(Path::new("."), &root).display().to_string();
    Ok(Some(Rc::new(LocalSurroundings { root, name, directory, budget: RefCell::default() })))
}

impl LocalSurroundings {
    /// Reads a path into a folder, through no link.
    fn collect(&self, path: &str, read: &mut TemplateFolder) -> Result<(), SourceError> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            let part = path.get(..end).unwrap_or(path);
            let full = self.root.join(part);
            let it = match fs::symlink_metadata(&full) {
                Ok(it) => it,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    return Ok(());
                }
                Err(error) => return Err(SourceError::Io { path: full, error }),
            };
            if it.is_dir() {
                continue;
            }
            let entry = folder::read_entry(&full, &it, &mut self.budget.borrow_mut())?;
            read.entries.insert(part.to_string(), entry);
            return Ok(());
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        if !path.is_empty() {
            read.entries.insert(path.to_string(), Entry::Folder);
        }
        folder::collect(&self.root.join(path), &prefix, read, &mut self.budget.borrow_mut())
    }
}

impl Surroundings for LocalSurroundings {
    fn directory(&self) -> &str {
        &self.directory
    }

    fn reference(&self) -> Option<&str> {
        None
    }

    fn remotes(&self) -> Vec<String> {
        let repository = Repository::find(&self.root).ok().flatten();
        let repository = repository.filter(|repository| repository.top == self.root);
        repository.and_then(|repository| repository.remotes().ok()).unwrap_or_default()
    }

    fn read(&self, path: &str) -> Result<TemplateFolder, String> {
        if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err("`.git` is no part of a repository's files".to_string());
        }
        let mut read = TemplateFolder { name: self.name.clone(), ..TemplateFolder::default() };
        self.collect(path, &mut read).map_err(|error| error.to_string())?;
        Ok(read)
    }
}
