//! A folder of files that is brought to a bucket: what goes there, in which order, and what goes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::caller::CallerIdentity;
use crate::connect::ConnectError;
use crate::event::Observer;
use async_trait::async_trait;
use serde::Serialize;

use super::failure::Failure;

/// A file of a site, as it was when the site was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Its path in the site, with `/` between folders.
    pub path: String,
    /// File with its content.
    pub from: PathBuf,
    pub size: u64,
    /// ETag of the content when S3 keeps it as one piece: its MD5, in hex.
    pub etag: String,
    pub content_type: Option<&'static str>,
}

/// Object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    pub size: u64,
    /// Without its quotes.
    pub etag: String,
}

/// A bucket that sites are brought to.
#[async_trait]
pub trait SiteStore: Send + Sync {
    /// Returns the caller's identity.
    ///
    /// # Errors
    /// Fails if the call does, as without credentials.
    async fn identity(&self) -> Result<CallerIdentity, Failure>;

    /// All objects whose keys begin so, by key.
    ///
    /// # Errors
    /// Fails if a call does.
    async fn list(&self, prefix: &str) -> Result<BTreeMap<String, StoredFile>, Failure>;

    /// Writes one object.
    ///
    /// # Errors
    /// Fails if the file can't be read or the call fails.
    async fn put(&self, key: &str, file: &SiteFile) -> Result<(), Failure>;

    /// Deletes objects; one that is gone already is no error.
    ///
    /// # Errors
    /// Fails if a call does, or an object could not be deleted.
    async fn delete(&self, keys: &[String]) -> Result<(), Failure>;
}

/// Opens buckets that sites are brought to.
#[async_trait]
pub trait SiteStores: Send + Sync {
    /// Opens a bucket by its name; with an account, only as long as it is that account's.
    ///
    /// # Errors
    /// Fails if the cloud can't be reached.
    async fn open(
        &self,
        bucket: &str,
        region: &str,
        account: Option<&str>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn SiteStore>, ConnectError>;
}

/// Writes and deletes after which a bucket holds a site, and nothing else under its prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SitePlan {
    /// Paths that are written: those of one step may go at once, the steps go one after the other.
    pub upload: Vec<Vec<String>>,
    /// Paths that are there as they should be.
    pub unchanged: Vec<String>,
    /// Keys that are deleted when everything else is done.
    pub delete: Vec<String>,
}

impl SitePlan {
    pub fn is_empty(&self) -> bool {
        self.upload.iter().all(Vec::is_empty) && self.delete.is_empty()
    }
}

/// Plans to bring `files` under `prefix`.
///
/// Puts what pages are made of before the pages, and `last` after everything, so that whoever
/// reads on the way finds what the pages ask for; what is stale goes when no page asks for it.
pub fn plan(
    files: &[SiteFile],
    stored: &BTreeMap<String, StoredFile>,
    prefix: &str,
    last: &[&str],
) -> SitePlan {
    let mut upload = vec![vec![]; 3];
    let mut unchanged = vec![];
    for file in files {
        let there = stored.get(&format!("{prefix}{}", file.path));
        if there.is_some_and(|there| there.size == file.size && there.etag == file.etag) {
            unchanged.push(file.path.clone());
            continue;
        }
        let step = match &file.path {
            path if last.contains(&path.as_str()) => 2,
            path if path.ends_with(".html") => 1,
            _ => 0,
        };
        upload[step].push(file.path.clone());
    }
    upload.retain(|step| !step.is_empty());
    let wanted: BTreeSet<String> = files.iter().map(|file| format!("{prefix}{}", file.path)).collect();
    let stale = stored.keys().filter(|key| key.starts_with(prefix) && !wanted.contains(*key));
    SitePlan { upload, unchanged, delete: stale.cloned().collect() }
}
