//! Runs the local cloud, and says how other programs use it.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::event::Observer;
use billpay_model::local::{LOCAL_ACCOUNT, LocalAccess, LocalStatus};
use billpay_spec::directory::SpecError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::{Error, Ports};

/// Region for other programs where the specs name none, or several.
const REGION: &str = "us-east-1";

/// Variables that would select another endpoint or other credentials.
const UNSET: [&str; 4] =
    ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];

/// Answers about the local cloud, one for each command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LocalReport {
    Env(LocalEnvironment),
    Status(LocalStatus),
    Up { url: String },
}

impl Report for LocalReport {
    const SCHEMA: &str = "billpay/local/v1";
}

/// Variables with which other programs use the local cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalEnvironment {
    pub account: String,
    pub running: bool,
    pub env: BTreeMap<String, String>,
    /// Variables that must not be set.
    pub unset: Vec<String>,
}

/// Returns the variables for an account; else for that of the specs.
///
/// # Errors
/// Fails if the specs are of several accounts and none is named, or if another program has the local cloud's port.
pub async fn variables(
    ports: &Ports,
    account: Option<String>,
    observer: &dyn Observer,
) -> Result<LocalEnvironment, Error> {
    let (account, region) = place(ports, account, observer)?;
    let LocalAccess { url, access_key, secret_key, running } = ports.local.access(&account).await?;
    let env = [
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", secret_key),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    Ok(LocalEnvironment { account, running, env, unset: UNSET.map(str::to_string).to_vec() })
}

/// Returns the account and the region that other programs are to use.
fn place(ports: &Ports, account: Option<String>, observer: &dyn Observer) -> Result<(String, String), Error> {
    // Without specs, or with broken ones, there still is a local cloud.
    let (specs, missing) = match ports.load_several(None) {
        Ok(several) => (several.all, "no specs here".to_string()),
        Err(error @ SpecError::NoSpecs { .. }) => (vec![], error.to_string()),
        Err(error) => (vec![], format!("the specs can't be read ({error})")),
    };
    let accounts: BTreeSet<&str> = specs.iter().map(|spec| spec.environment.account.as_str()).collect();
    let account = match account {
        Some(account) => account,
        None if accounts.len() > 1 => {
            return Err(Error::SeveralAccounts(accounts.into_iter().map(str::to_string).collect()));
        }
        None => accounts.first().map(|account| account.to_string()).unwrap_or_else(|| {
            observer.note(format!("{missing}: the account is {LOCAL_ACCOUNT}; --account names another"));
            LOCAL_ACCOUNT.to_string()
        }),
    };
    let of_account = specs.iter().filter(|spec| spec.environment.account == account);
    let regions: BTreeSet<&str> = of_account.map(|spec| spec.environment.region.as_str()).collect();
    match regions.len() {
        1 => Ok((account, regions.first().copied().unwrap_or(REGION).to_string())),
        _ => Ok((account, REGION.to_string())),
    }
}
