//! The port to a store of small objects: facts about runs and people, never about a resource.

use std::sync::Arc;

use async_trait::async_trait;

use crate::connect::ConnectError;
use crate::environment::Environment;
use crate::failure::Failure;

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
    /// Opens the store in which an environment's facts are.
    ///
    /// # Errors
    /// Fails if it can't be told where it is.
    async fn open(&self, env: &Environment) -> Result<Arc<dyn ObjectStore>, ConnectError>;
}
