//! The port to a store of small objects: facts about runs and people, never about a resource.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::connect::ConnectError;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::names;

/// Most characters of an address, which is the value of a tag.
const MAX_ADDRESS: usize = 256;

/// Address of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// The directory of the user who runs billpay.
    Local,
    /// Another directory.
    Directory(PathBuf),
    /// A bucket, and the beginning of the keys in it, without slashes at its ends.
    Bucket { bucket: String, prefix: String },
}

impl StoreAddress {
    /// Reads the address of a store of an environment: `local`, `s3` for the bucket that billpay names, the whole path of
    /// a directory, or `s3://bucket/prefix`. None if it is neither.
    pub fn parse(text: &str, env: &Environment) -> Option<StoreAddress> {
        let is_character = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let is_account = |part: &str| part.len() == 12 && part.bytes().all(|c| c.is_ascii_digit());
        match text {
            "local" => Some(StoreAddress::Local),
            "s3" => Some(StoreAddress::Bucket { bucket: names::runs_bucket(env), prefix: String::new() }),
            // Relative to each working directory, it would be another store.
            path if Path::new(path).is_absolute() => Some(StoreAddress::Directory(path.into())),
            url => {
                let (bucket, prefix) =
                    url.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
                let prefix = prefix.trim_end_matches('/');
                let is_valid = (3..=63).contains(&bucket.len())
                    && bucket
                        .bytes()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-".contains(&c))
                    && prefix.chars().all(is_character)
                    && (prefix.is_empty()
                        || prefix.split('/').all(|part| !part.is_empty() && !part.starts_with('.')))
                    // A folder of an account would be part of another environment's.
                    && !prefix.split('/').any(is_account)
                    && url.len() <= MAX_ADDRESS;
                is_valid
                    .then(|| StoreAddress::Bucket { bucket: bucket.to_string(), prefix: prefix.to_string() })
            }
        }
    }

    /// Returns the store that the spec of an environment names.
    pub fn of_spec(env: &Environment) -> StoreAddress {
        let Some(text) = env.state.as_deref() else { return StoreAddress::Local };
        // What is no address is a bucket that nobody can have, and no directory that would be used instead.
        let bucket = text.to_string();
        StoreAddress::parse(text, env).unwrap_or(StoreAddress::Bucket { bucket, prefix: String::new() })
    }

    /// Returns why an environment can't have its facts there: in one of its own buckets, destroy would delete them.
    pub fn refusal(&self, env: &Environment) -> Option<String> {
        let StoreAddress::Bucket { bucket, .. } = self else { return None };
        bucket
            .ends_with(&names::bucket_suffix(env))
            .then(|| format!("{bucket} has the name of a bucket of {}, which goes with it", env.environment))
    }

    /// Returns the bucket that the facts about an environment's runs are in, and the beginning of their keys.
    pub fn objects(&self, env: &Environment) -> Option<(String, String)> {
        let StoreAddress::Bucket { bucket, prefix } = self else { return None };
        let parts = [prefix.clone(), folder(env)];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some((bucket.clone(), parts.join("/")))
    }
}

impl Display for StoreAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            StoreAddress::Local => f.write_str("local"),
            StoreAddress::Directory(path) => write!(f, "{}", path.display()),
            StoreAddress::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            StoreAddress::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// Returns the bucket of an environment's locks and journals, and the beginning of their keys: those that the spec names, or
/// would with `s3`.
pub fn runs_objects(env: &Environment) -> (String, String) {
    StoreAddress::of_spec(env).objects(env).unwrap_or_else(|| (names::runs_bucket(env), folder(env)))
}

/// Returns the beginning of the keys of an environment's facts: `123456789012/billpay/dev`.
pub fn folder(env: &Environment) -> String {
    format!("{}/{}/{}", env.account, env.project, env.environment)
}

/// Result of creating an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateResult {
    Created,
    /// There is one under this key already; it was left as it is.
    Exists,
}

/// A store of objects of at most some kilobytes, by keys such as `lock/000017`.
///
/// Of several creates of one key, one succeeds. A crash leaves the old object or the new one, never a part. What was
/// written is seen by every read and list that begins afterwards.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Returns the address of the store, for people: a path, or `s3://bucket/prefix`.
    fn address(&self) -> String;

    /// Returns whether other machines reach it.
    fn is_shared(&self) -> bool;

    /// Makes the store unless it is there, where billpay is who makes it, and returns whether it did. What is there is left
    /// as it is.
    ///
    /// # Errors
    /// Fails if it can't be made, or is somebody else's.
    async fn make(&self) -> Result<bool, Failure> {
        Ok(false)
    }

    /// Creates an object unless there is one.
    ///
    /// # Errors
    /// Fails if the store can't be reached or written. An `Ambiguous` failure may have created it.
    async fn create(&self, key: &str, body: &[u8]) -> Result<CreateResult, Failure>;

    /// Creates or replaces an object that only one process writes.
    ///
    /// # Errors
    /// Fails if the store can't be reached or written.
    async fn write(&self, key: &str, body: &[u8]) -> Result<(), Failure>;

    /// Reads an object, if there is one.
    ///
    /// # Errors
    /// Fails if the store can't be read.
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// Lists the keys that begin with a prefix of at least one folder (`lock/`), sorted.
    ///
    /// # Errors
    /// Fails if the store can't be read.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure>;

    /// Deletes an object; one that isn't there is deleted already.
    ///
    /// # Errors
    /// Fails if the store can't be reached or written.
    async fn delete(&self, key: &str) -> Result<(), Failure>;
}

/// Opens stores.
#[async_trait]
pub trait StateStores: Send + Sync {
    /// Opens the store at an address; without one, the store in which an environment's facts are.
    ///
    /// # Errors
    /// Fails if it can't be told where it is.
    async fn open(
        &self,
        env: &Environment,
        address: Option<&StoreAddress>,
    ) -> Result<Arc<dyn ObjectStore>, ConnectError>;
}
