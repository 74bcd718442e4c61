//! The composition root: makes the adapters and hands them to the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use billpay_aws::connector::{AwsConnector, UserLocalAws};
use billpay_core::Ports;
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::store::{ObjectStore, StateStores};
use billpay_state::directory::{self, DirectoryStore};

/// The stores of the user who runs the program.
struct UserStores {
    is_local: bool,
}

#[async_trait]
impl StateStores for UserStores {
    async fn open(&self, env: &Environment) -> Result<Arc<dyn ObjectStore>, ConnectError> {
        let UserStores { is_local } = *self;
        let named = std::env::var_os("BILLPAY_STATE").filter(|name| !name.is_empty());
        if let Some(bucket) = named.as_ref().and_then(|name| name.to_str()?.strip_prefix("s3://")) {
            let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
            return Ok(Arc::new(AwsConnector { is_local }.state_bucket(env, bucket, prefix).await?));
        }
        let root = match named {
            Some(path) => absolute(path)?,
            // What was done to the local cloud is forgotten with it.
            None if is_local => UserLocalAws.runs_directory()?,
            None => directory::of_this_user()?,
        };
        Ok(Arc::new(DirectoryStore::at(root)))
    }
}

/// Returns the path of a directory, or refuses what is neither a path nor an address that is known.
fn absolute(name: OsString) -> Result<PathBuf, ConnectError> {
    let refuse = |message: String| {
        let hint = "BILLPAY_STATE is the whole path of a directory, or s3://bucket/prefix".to_string();
        Err(ConnectError { message, hints: vec![hint] })
    };
    let path = PathBuf::from(&name);
    match path.is_absolute() {
        true => Ok(path),
        // Relative to each working directory, it would be another store.
        false => refuse(format!("there is no such store: {}", name.to_string_lossy())),
    }
}

fn main() -> ExitCode {
    billpay_cli::main(|specs, is_local| Ports {
        connector: Box::new(AwsConnector { is_local }),
        sites: Box::new(AwsConnector { is_local }),
        local: Box::new(UserLocalAws),
        state: Box::new(UserStores { is_local }),
        specs,
    })
}
