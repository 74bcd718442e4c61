//! The local cloud of a user's machine, and the port to it.

use std::path::PathBuf;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connect::ConnectError;
use crate::event::Observer;

/// Account of the local cloud where no spec names one.
pub const LOCAL_ACCOUNT: &str = "000000000000";

/// Status of the local cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalStatus {
    pub running: bool,
    /// Something else answers on its port.
    pub port_taken: bool,
    pub url: String,
    pub pid: Option<i32>,
    /// Directory of its state.
    pub state: PathBuf,
    pub log: PathBuf,
}

/// Address of the local cloud, and the keys of one of its accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAccess {
    pub url: String,
    pub access_key: String,
    pub secret_key: String,
    pub running: bool,
}

/// A cloud on this machine, for people without an account at hand.
#[async_trait]
pub trait LocalCloud: Send + Sync {
    /// Starts it unless it runs, and returns its address.
    ///
    /// # Errors
    /// Fails if it can't be installed or started, or if another program has its port.
    async fn up(&self, observer: &dyn Observer) -> Result<String, ConnectError>;

    /// Stops it and keeps its state. Returns whether it ran.
    ///
    /// # Errors
    /// Fails if its state can't be read.
    async fn down(&self) -> Result<bool, ConnectError>;

    /// Stops it, and forgets everything that was made in it and its keys.
    ///
    /// # Errors
    /// Fails if its state can't be removed.
    async fn reset(&self) -> Result<(), ConnectError>;

    /// Returns whether it runs, and where.
    ///
    /// # Errors
    /// Fails if the user's directories or the port can't be told.
    async fn status(&self) -> Result<LocalStatus, ConnectError>;

    /// Returns the address and the keys of an account.
    ///
    /// # Errors
    /// Fails if another program is on its port, which would be given the key.
    async fn access(&self, account: &str) -> Result<LocalAccess, ConnectError>;
}
