//! Other repositories that a template's steps fetch files from.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::folder::TemplateFolder;

/// A repository that files were fetched from, and the commit that was at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinnedRepository {
    pub url: String,
    /// The branch, tag or commit that the template names; none for the repository's own default.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub commit: String,
}

/// Repositories that may be fetched, and their commits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchOptions {
    /// Every repository.
    pub all: bool,
    /// The repositories that somebody agreed to, by their URLs.
    pub repositories: BTreeSet<String>,
    /// Commits to take in place of the newest ones.
    pub pins: Vec<PinnedRepository>,
}

/// A repository that nobody agreed to yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    pub repository: String,
    /// The URL as the template has it.
    pub url: String,
}

/// Files of a repository, by whole paths, and the path in it that a URL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFiles {
    pub repository: PinnedRepository,
    pub folder: TemplateFolder,
    pub path: String,
}

/// Access to other repositories.
pub trait Repositories: std::fmt::Debug {
    /// Returns the URL of the repository that a URL leads into; makes no contact.
    ///
    /// # Errors
    /// Fails with the reason, in words, if the URL is none of a Git repository or is not allowed here.
    fn repository(&self, url: &str) -> Result<String, String>;

    /// Fetches what a URL leads to. A link on the way there is an entry, too.
    ///
    /// # Errors
    /// Fails with the reason, in words, as [`Repositories::repository`] does, and if there is no such branch,
    /// tag or commit, or Git can't get it.
    fn fetch(&self, url: &str, pins: &[PinnedRepository]) -> Result<RepositoryFiles, String>;
}

impl FetchOptions {
    /// Permission to fetch nothing.
    pub const NONE: FetchOptions =
        FetchOptions { all: false, repositories: BTreeSet::new(), pins: Vec::new() };

    /// Returns true if files of a repository may be fetched.
    pub fn allows(&self, repository: &str) -> bool {
        self.all || self.repositories.contains(repository)
    }
}
