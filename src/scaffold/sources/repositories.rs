//! Other repositories that a template's steps name, fetched by Git.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::git::{FORBIDDEN_CHARS, Repository};
use crate::{Location, PinnedRepository, Repositories, RepositoryFiles, RepositoryUrl, TemplateFolder};

/// Maximum number of slashes in the name of a branch.
const MAX_BRANCH_SLASHES: usize = 16;

/// Fetches from other repositories; each of their branches is at one commit for all steps.
#[derive(Debug)]
pub struct GitRepositories {
    /// Set if the template is of this machine, so that it may name repositories of this machine.
    local: bool,
    /// Commits by repository and reference.
    commits: RefCell<BTreeMap<(String, Option<String>), String>>,
}

impl GitRepositories {
    pub fn new(local: bool) -> GitRepositories {
        GitRepositories { local, commits: RefCell::default() }
    }

    fn parse(&self, url: &str) -> Result<RepositoryUrl, String> {
        let parsed = RepositoryUrl::parse(url)?;
        match parsed.url.starts_with("file://") && !self.local {
            true => Err("a template from elsewhere can't name repositories of this machine".to_string()),
            false => Ok(parsed),
        }
    }

    fn commit(
        &self,
        repository: &Repository<'_>,
        url: &str,
        reference: Option<&str>,
        pins: &[PinnedRepository],
    ) -> Result<String, String> {
        let key = (url.to_string(), reference.map(str::to_string));
        if let Some(commit) = self.commits.borrow().get(&key) {
            return Ok(commit.clone());
        }
        let pin = pins.iter().find(|pin| pin.url == url && pin.reference.as_deref() == reference);
        let pin = pin.map(|pin| pin.commit.as_str()).filter(|commit| is_commit(commit));
        let commit = match pin {
            Some(pin) if repository.has(pin) => pin.to_string(),
            pin => {
                let branch = reference.filter(|_| pin.is_none()).map(|name| format!("refs/heads/{name}"));
                let tag = reference.filter(|_| pin.is_none()).map(|name| format!("refs/tags/{name}"));
                let named: Vec<String> = branch.into_iter().chain(tag).collect();
                let known = match named.is_empty() {
                    true => vec![],
                    false => repository.known(&named).map_err(|error| error.to_string())?,
                };
                let full = named.iter().find(|name| known.contains(name));
                let wanted = pin.or(full.map(String::as_str)).or(reference);
                repository.fetch(wanted).map_err(|error| error.to_string())?
            }
        };
        self.commits.borrow_mut().insert(key, commit.clone());
        Ok(commit)
    }
}

impl Repositories for GitRepositories {
    fn repository(&self, url: &str) -> Result<String, String> {
        self.parse(url).map(|parsed| parsed.url)
    }

    fn fetch(&self, url: &str, pins: &[PinnedRepository]) -> Result<RepositoryFiles, String> {
        let RepositoryUrl { url, location } = self.parse(url)?;
        let repository = Repository::open(&url).map_err(|error| error.to_string())?.without_redirects();
        let (reference, path) = match location {
            Location::At { reference, path } => (reference, path),
            Location::Behind(rest) => {
                let pinned = pins.iter().filter(|pin| pin.url == url);
                let names: Vec<&str> = pinned.filter_map(|pin| pin.reference.as_deref()).collect();
                let (reference, path) = named(&repository, &rest, &names)?;
                (Some(reference), path)
            }
        };
        let reference = reference.filter(|reference| reference != "HEAD");
        if let Some(reference) = reference.as_deref().filter(|name| is_invalid_reference(name)) {
            return Err(format!("`{}` can't be a branch, tag or commit", reference.escape_debug()));
        }
        let commit = self.commit(&repository, &url, reference.as_deref(), pins)?;
        let read = repository.at_path(&commit, path.trim_matches('/')).map_err(|error| error.to_string())?;
        let folder = TemplateFolder { name: url.clone(), ..read };
        Ok(RepositoryFiles { repository: PinnedRepository { url, reference, commit }, folder, path })
    }
}

/// Splits what follows `tree/` in a URL into the longest name of a branch or tag, or a commit, and the path.
fn named(repository: &Repository<'_>, rest: &str, pinned: &[&str]) -> Result<(String, String), String> {
    let rest = rest.trim_matches('/');
    let ends = rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
    let names: Vec<&str> = ends.take(MAX_BRANCH_SLASHES).filter_map(|end| rest.get(..end)).collect();
    let first = names.first().copied().unwrap_or_default();
    let split = |name: &str| {
        let path = rest.get(name.len()..).unwrap_or_default().trim_matches('/');
        (name.to_string(), path.to_string())
    };
    if let Some(name) = names.iter().rev().find(|name| pinned.contains(name)) {
        return Ok(split(name));
    }
    if first == "HEAD" {
        return Ok(split(first));
    }
    let possible: Vec<&str> = names.iter().copied().filter(|name| !is_invalid_reference(name)).collect();
    let references =
        possible.iter().flat_map(|name| ["heads", "tags"].map(|kind| format!("refs/{kind}/{name}")));
    let references: Vec<String> = references.collect();
    let known = match references.is_empty() {
        true => vec![],
        false => repository.known(&references).map_err(|error| error.to_string())?,
    };
    let is_known = |name: &&&str| {
        let is = |kind: &str| known.iter().any(|known| *known == format!("refs/{kind}/{name}"));
        is("heads") || is("tags")
    };
    match possible.iter().rev().find(is_known) {
        Some(name) => Ok(split(name)),
        None if is_commit(first) => Ok(split(first)),
        None => Err(format!("the repository has no branch or tag `{}`", first.escape_debug())),
    }
}

fn is_commit(name: &str) -> bool {
    (7..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_invalid_reference(name: &str) -> bool {
    name.is_empty()
        || name.starts_with('-')
        || name.contains("..")
        || name.contains(FORBIDDEN_CHARS)
        || name.chars().any(char::is_control)
}
