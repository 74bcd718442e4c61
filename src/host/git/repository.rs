//! The repository that a folder is in, found by a walk of our own: Git would also take a folder with `HEAD`,
//! `objects` and `refs` for one, and run what its configuration names.

use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::config::{self, Setting};
use super::{answer, command, parts};
use crate::{file_owner, reading};

/// Maximum nesting depth of submodules.
const MAX_DEPTH: usize = 8;

/// Maximum size of a `.git` file or `commondir`, bytes.
const MAX_POINTER: usize = 64 * 1024;

/// State of a folder's files against what its repository holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkTree {
    /// In no repository.
    Outside,
    Clean,
    Dirty,
    /// Not asked, or not answered; with the reason.
    Unknown(String),
}

/// A repository with the directory that its files are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub top: PathBuf,
    git_dir: PathBuf,
    /// Directory of the configuration: another one in a linked work tree.
    common: PathBuf,
}

impl Repository {
    /// Finds the repository that a folder is in.
    ///
    /// # Errors
    /// Fails if it belongs to another user, or if what `.git` says can't be followed.
    pub fn find(folder: &Path) -> io::Result<Option<Repository>> {
        let folder = folder.canonicalize()?;
        for top in folder.ancestors() {
            if let Some(found) = Repository::at(top)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the repository whose files are in this very folder.
    fn at(top: &Path) -> io::Result<Option<Repository>> {
        let link = top.join(".git");
        let git_dir = match link.metadata() {
            Ok(it) if it.is_dir() => link.clone(),
            Ok(it) if it.is_file() => match pointer(&link)?.strip_prefix("gitdir: ") {
                Some(path) => top.join(path),
                None => {
                    return Err(io::Error::other(format!("{} is no link to a repository", link.display())));
                }
            },
            Ok(_) => return Ok(None),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        // An old HEAD is a link, to a file that is not there where references are packed.
        if git_dir.join("HEAD").symlink_metadata().is_err() {
            // Git passes over an empty `.git`, too; a link that leads nowhere is an error there.
            return Ok(None);
        }
        let common = match git_dir.join("commondir") {
            file if file.exists() => git_dir.join(pointer(&file)?),
            _ => git_dir.clone(),
        };
        file_owner::check(top, &[top, &link, &git_dir, &common])
            .map_err(|error| io::Error::other(format!("{error}; {}", error.hint())))?;
        let (git_dir, common) = (git_dir.canonicalize()?, common.canonicalize()?);
        Ok(Some(Repository { top: top.to_owned(), git_dir, common }))
    }

    /// Returns the repository's own settings, with those of included files that are the user's.
    fn settings(&self) -> io::Result<Vec<Setting>> {
        let mut settings = config::read(&self.common.join("config"))?;
        if self.common != self.git_dir {
            // In a linked work tree, that of the first one does not hold.
            settings.retain(|(key, _)| key != "core.worktree");
        }
        settings.extend(config::read(&self.git_dir.join("config.worktree"))?);
        Ok(settings)
    }

    /// Returns the URLs that the repository is known by.
    ///
    /// # Errors
    /// Fails if a file of its configuration can't be read.
    pub fn remotes(&self) -> io::Result<Vec<String>> {
        let is_url =
            |key: &str| key.starts_with("remote.") && (key.ends_with(".url") || key.ends_with(".pushurl"));
        let settings = self.settings()?.into_iter();
        Ok(settings.filter(|(key, _)| is_url(key)).map(|(_, url)| url).collect())
    }

    /// Returns the first of the files that Git would read which is a pipe: it may wait for ever.
    fn blocking(&self, folder: &Path, settings: &[Setting]) -> Option<PathBuf> {
        let inside =
            ["HEAD", "index", "config.worktree", "info/sparse-checkout"].map(|it| self.git_dir.join(it));
        let shared = ["config", "packed-refs", "shallow", "info/exclude", "info/attributes", "info/grafts"];
        let above = folder.ancestors().take_while(|above| above.starts_with(&self.top));
        let rules = above.flat_map(|above| [".gitignore", ".gitattributes"].map(|name| above.join(name)));
        let excludes = settings.iter().filter(|(key, _)| key == "core.excludesfile");
        // A relative one is looked for where Git runs.
        let excludes = excludes.filter_map(|(_, value)| config::place(&folder.join(".gitignore"), value));
        let mut all =
            inside.into_iter().chain(shared.map(|it| self.common.join(it))).chain(rules).chain(excludes);
        all.find(|path| path.metadata().is_ok_and(|facts| facts.file_type().is_fifo()))
    }

    fn state(&self, folder: &Path, depth: usize) -> io::Result<WorkTree> {
        let unknown = |why: String| Ok(WorkTree::Unknown(why));
        let settings = self.settings()?;
        if let Some(key) = config::program(&settings) {
            return unknown(format!(
                "the repository's own configuration has `{key}`, which may run a program"
            ));
        }
        let elsewhere = settings.iter().filter(|(key, _)| key == "core.worktree");
        for (_, path) in elsewhere {
            if self.git_dir.join(path).canonicalize().ok().as_ref() != Some(&self.top) {
                return unknown(format!("the repository's files are in {path}"));
            }
        }
        if let Some(path) = self.blocking(folder, &settings) {
            return unknown(format!("{} is no regular file", path.display()));
        }
        let ask = |arguments: &[&str]| {
            let mut git = command(&self.git_dir)?;
            git.arg("--work-tree").arg(&self.top).args(arguments).args(["--", "."]).current_dir(folder);
            answer(git.env("GIT_TERMINAL_PROMPT", "0"))
        };
        // A status looks into submodules with what their own configurations name.
        let status =
            ask(&["status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=dirty"])?;
        if !status.stdout.is_empty() {
            return Ok(WorkTree::Dirty);
        }
        let listed = parts(&ask(&["ls-files", "--stage", "-z"])?.stdout);
        // A status says nothing of a folder that is ignored.
        if depth == 0 && listed.is_empty() {
            return unknown("Git holds no file of the project, or ignores it".to_string());
        }
        let holds_record = || listed.iter().any(|entry| entry.contains("\t.billpay/"));
        if depth == 0 && folder.join(".billpay").exists() && !holds_record() {
            return unknown("Git holds nothing of `.billpay`, or ignores it".to_string());
        }
        for entry in listed {
            let Some(path) = entry.strip_prefix("160000 ").and_then(|entry| entry.split_once('\t')) else {
                continue;
            };
            let Ok(inner) = folder.join(path.1).canonicalize() else { continue };
            let Some(submodule) = Repository::at(&inner)? else { continue };
            if depth == MAX_DEPTH {
                return unknown(format!("submodules are nested more than {MAX_DEPTH} levels deep"));
            }
            match submodule.state(&inner, depth + 1)? {
                WorkTree::Clean => {}
                other => return Ok(other),
            }
        }
        Ok(WorkTree::Clean)
    }
}

/// Reads the path that a small file holds.
fn pointer(file: &Path) -> io::Result<String> {
    let text = reading::read_text(file, MAX_POINTER)
        .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_string())
}

/// Returns a folder's path from the top of its repository; the whole path if none is found.
pub fn place_in_repository(folder: &Path) -> PathBuf {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    match Repository::find(&folder) {
        Ok(Some(repository)) => folder.strip_prefix(&repository.top).map(Path::to_owned).unwrap_or(folder),
        _ => folder,
    }
}

/// Compares a folder's files with what its repository holds. Nothing of the repository runs, and nothing is written.
pub fn work_tree(folder: &Path) -> WorkTree {
    let state = || {
        let folder = folder.canonicalize()?;
        match Repository::find(&folder)? {
            None => Ok(WorkTree::Outside),
            Some(repository) => repository.state(&folder, 0),
        }
    };
    state().unwrap_or_else(|error: io::Error| WorkTree::Unknown(error.to_string()))
}
