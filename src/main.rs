//! The composition root: makes the adapters and hands them to the command line.

use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use billpay_aws::connector::{AwsConnector, UserLocalAws};
use billpay_core::Ports;
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::store::{ObjectStore, StateStores, StoreAddress};
use billpay_state::directory::{self, DirectoryStore};

/// The stores of the user who runs the program.
struct UserStores {
    is_local: bool,
}

#[async_trait]
impl StateStores for UserStores {
    async fn open(
        &self,
        env: &Environment,
        address: Option<&StoreAddress>,
    ) -> Result<Arc<dyn ObjectStore>, ConnectError> {
        let UserStores { is_local } = *self;
        let address = match address {
            Some(address) => address.clone(),
            None => of_variable(env)?.unwrap_or_else(|| StoreAddress::of_spec(env)),
        };
        if let Some(why) = address.refusal(env) {
            let hint = "name a bucket that belongs to no environment, or say `state: s3`".to_string();
            return Err(ConnectError { message: why, hints: vec![hint] });
        }
        let root = match &address {
            StoreAddress::Bucket { bucket, prefix } => {
                return Ok(Arc::new(AwsConnector { is_local }.state_bucket(env, bucket, prefix).await?));
            }
            StoreAddress::Directory(path) => path.clone(),
            // What was done to the local cloud is forgotten with it.
            StoreAddress::Local if is_local => UserLocalAws.runs_directory()?,
            StoreAddress::Local => directory::of_this_user()?,
        };
        Ok(Arc::new(DirectoryStore::at(root)))
    }
}

/// Returns the address that `BILLPAY_STATE` has, which goes before that of the spec.
fn of_variable(env: &Environment) -> Result<Option<StoreAddress>, ConnectError> {
    let Some(named) = std::env::var_os("BILLPAY_STATE").filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let address = named.to_str().and_then(|text| StoreAddress::parse(text, env));
    address.map(Some).ok_or_else(|| ConnectError {
        message: format!("there is no such store: {}", named.to_string_lossy()),
        hints: vec![
            "BILLPAY_STATE is local, s3, the whole path of a directory, or s3://bucket/prefix".to_string(),
        ],
    })
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
