//! Sources of templates: billpay itself, a folder, a Git repository. A template is read into memory; its programs don't
//! run and its links are not followed.

mod embedded;
mod folder;
mod git;
mod record;
mod repositories;
mod surroundings;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use billpay_host::file_owner::OwnerError;

use crate::{GitOrigin, Origin, ParseSourceError, Source, Surroundings, TemplateFolder};

pub use embedded::names;
pub use folder::read as read_folder;
pub use record::{RecordError, from_project, project_above, record};
pub use repositories::GitRepositories;

/// A template with its origin.
#[derive(Debug, Clone)]
pub struct LocatedTemplate {
    pub folder: TemplateFolder,
    pub origin: Origin,
    /// Files that the template's steps may read beside its own folder.
    pub around: Option<Rc<dyn Surroundings>>,
}

/// Error of finding or reading a template.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Bad(#[from] ParseSourceError),
    #[error("billpay brings no template `{name}` along")]
    Unknown { name: String, did_you_mean: Option<String> },
    #[error("there is no folder {}", path.display())]
    NoFolder { path: PathBuf },
    #[error("cannot read {}: {error}", path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{}: {why}", path.display())]
    NotText { path: PathBuf, why: &'static str },
    #[error("the template has more than {most} {what}")]
    TooBig { most: u64, what: &'static str },
    #[error("the repository has no folder `{directory}` at this commit")]
    NoDirectory { directory: String },
    #[error("{} is not in {}", path.display(), root.display())]
    NotInRoot { path: PathBuf, root: PathBuf },
    #[error("the root of a template in {0} can't be chosen")]
    RootOf(&'static str),
    #[error("git is not on this machine")]
    NoGit,
    #[error("the user's home directory is not known, where copies of repositories are kept")]
    NoHome,
    #[error(transparent)]
    NotOwned(#[from] OwnerError),
    #[error("git can't get {url}{}: {said}", reference.as_ref().map(|it| format!(" at {it}")).unwrap_or_default())]
    Git { url: String, reference: Option<String>, said: String },
    #[error("`{0}` can't be a branch, tag or commit")]
    BadReference(String),
}

impl SourceError {
    /// Returns hints for the user.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            SourceError::Unknown { name, did_you_mean } => {
                let meant = did_you_mean.as_ref().map(|name| format!("did you mean `{name}`?"));
                let list = "`billpay scaffold list` names those that there are".to_string();
                return meant.into_iter().chain([list, format!("a folder is given as ./{name}")]).collect();
            }
            SourceError::NoGit => "install git, or give the folder of a checked out template",
            SourceError::NoHome => "set HOME, or XDG_CACHE_HOME",
            SourceError::NotOwned(error) => return vec![error.hint()],
            SourceError::NotInRoot { .. } => "--root names a folder that the template lies in",
            SourceError::RootOf(_) => "--root is for templates in folders",
            SourceError::Git { .. } => "try it by hand: git ls-remote with that URL",
            SourceError::NoDirectory { .. } => "--directory names the folder from the repository's root",
            SourceError::Bad(bad) if bad.has_credentials() => {
                "leave them out of the URL: Git asks its credential helper for them (git help credentials)"
            }
            SourceError::Bad(_) => "give the name of a template, a folder, or a https, ssh or file URL",
            _ => return vec![],
        };
        vec![hint.to_string()]
    }
}

/// Maximum number of files of a template.
const MAX_FILES: u64 = 200_000;

/// Maximum size of a template, bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Counts what is read, up to the limits.
#[derive(Debug, Default)]
struct Budget {
    files: u64,
    bytes: u64,
}

impl Budget {
    fn take(&mut self, bytes: u64) -> Result<(), SourceError> {
        self.files += 1;
        self.bytes += bytes;
        match (self.files > MAX_FILES, self.bytes > MAX_BYTES) {
            (true, _) => Err(SourceError::TooBig { most: MAX_FILES, what: "files" }),
            (_, true) => Err(SourceError::TooBig { most: MAX_BYTES >> 20, what: "MB" }),
            _ => Ok(()),
        }
    }
}

/// Options that narrow a source down.
#[derive(Debug, Clone, Copy, Default)]
pub struct SourceOptions<'a> {
    /// A branch, tag or commit of a repository.
    pub reference: Option<&'a str>,
    /// The folder in it that the template is in.
    pub directory: Option<&'a str>,
    /// The folder that a template in a folder may read.
    pub root: Option<&'a Path>,
}

/// Finds a template as somebody named it.
///
/// # Errors
/// Fails if there is no such template, folder, repository or reference, it can't be read or exceeds the limits,
/// or `at` has a root that the source can't have.
pub fn find(source: &Source, at: SourceOptions<'_>) -> Result<LocatedTemplate, SourceError> {
    match source {
        Source::Named(_) if at.root.is_some() => Err(SourceError::RootOf("billpay")),
        Source::Git(_) if at.root.is_some() => Err(SourceError::RootOf("a Git repository")),
        Source::Named(name) => embedded::find(name),
        Source::Path(path) => {
            let path = Path::new(path);
            let path = at.directory.map_or_else(|| path.to_owned(), |directory| path.join(directory));
            let folder = folder::read(&path)?;
            let around = surroundings::of(&path, at.root)?;
            Ok(LocatedTemplate { folder, origin: Origin::Path(path.display().to_string()), around })
        }
        Source::Git(url) => git::find(url, at),
    }
}

/// Finds a recorded template again: as it is now, or at another reference.
///
/// `project` is the folder that paths are taken from.
///
/// # Errors
/// Fails as [`find`] does, and if a recorded URL is none of a Git repository.
pub fn find_again(
    origin: &Origin,
    project: &Path,
    root: Option<&Path>,
    reference: Option<&str>,
) -> Result<LocatedTemplate, SourceError> {
    match origin {
        Origin::Billpay(name) => embedded::find(name),
        Origin::Path(path) => {
            let path = project.join(path);
            let folder = folder::read(&path)?;
            let around = surroundings::of(&path, root.map(|root| project.join(root)).as_deref())?;
            Ok(LocatedTemplate { folder, origin: origin.clone(), around })
        }
        Origin::Git(GitOrigin { url, directory, reference: known, .. }) => {
            // What is recorded came from a file that others may have written.
            match Source::parse(url)? {
                Source::Git(url) => {
                    let reference = reference.or(known.as_deref());
                    git::find(&url, SourceOptions { reference, directory: directory.as_deref(), root: None })
                }
                _ => {
                    Err(ParseSourceError { given: url.clone(), why: "it is no URL of a Git repository" }
                        .into())
                }
            }
        }
    }
}
