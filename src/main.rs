//! The composition root: makes the adapters and hands them to the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use billpay_aws::connector::{AwsConnector, UserLocalAws};
use billpay_core::Ports;
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::store::{Objects, StateStores};
use billpay_state::directory::{self, DirectoryStore};

/// The stores of the user who runs the program.
struct UserStores {
    is_local: bool,
}

#[async_trait]
impl StateStores for UserStores {
    async fn open(&self, _: &Environment) -> Result<Arc<dyn Objects>, ConnectError> {
        let root = match std::env::var_os("BILLPAY_STATE") {
            Some(path) => PathBuf::from(path),
            // What was done to the local cloud is forgotten with it.
            None if self.is_local => UserLocalAws.state_directory()?.join("runs"),
            None => directory::of_this_user()?,
        };
        Ok(Arc::new(DirectoryStore::at(root)))
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
