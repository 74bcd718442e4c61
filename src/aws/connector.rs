//! The adapters of AWS, real or local, as the composition root hands them out.

use std::net::IpAddr;
use std::path::PathBuf;

use async_trait::async_trait;
use billpay_engine::cloud::{Cloud, Connector};
use billpay_engine::plan::Kinds;
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::event::{Observer, Silent};
use billpay_model::local::{LOCAL_ACCOUNT, LocalAccess, LocalCloud, LocalStatus};
use billpay_model::resource::Desired;
use billpay_model::site::{SiteStore, SiteStores};

use crate::kinds::{self, AwsCloud};
use crate::local::LocalAws;
use crate::site_bucket::SiteBucket;
use crate::state_bucket::StateBucket;
use crate::{Aws, Endpoint};

/// AWS as its standard configuration says, or the local AWS of the user.
#[derive(Debug, Clone, Copy)]
pub struct AwsConnector {
    pub is_local: bool,
}

impl AwsConnector {
    async fn aws(&self, account: &str, region: &str, observer: &dyn Observer) -> Result<Aws, ConnectError> {
        if !self.is_local {
            return Ok(Aws::connect(region, None).await);
        }
        let local = LocalAws::of_this_user()?;
        local.up(observer).await?;
        let LocalAccess { url, access_key, secret_key, .. } = local.access(account).await?;
        Ok(Aws::connect(region, Some(&Endpoint { url, access_key, secret_key })).await)
    }
}

impl AwsConnector {
    /// Names a bucket of an environment's account and region that facts about runs are kept in.
    ///
    /// # Errors
    /// Fails if the local AWS is meant and can't be started.
    pub async fn state_bucket(
        &self,
        env: &Environment,
        bucket: &str,
        prefix: &str,
    ) -> Result<StateBucket, ConnectError> {
        let aws = self.aws(&env.account, &env.region, &Silent).await?;
        Ok(StateBucket::new(aws, env, bucket, prefix))
    }
}

#[async_trait]
impl Connector for AwsConnector {
    fn kinds(&self) -> Kinds {
        kinds::kinds()
    }

    fn is_on_this_machine(&self) -> bool {
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap_or_default();
        self.is_local || is_loopback(&endpoint)
    }

    fn desire(&self, env: &Environment) -> Vec<Desired> {
        kinds::desire(env)
    }

    async fn connect(
        &self,
        env: &Environment,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Cloud>, ConnectError> {
        let aws = self.aws(&env.account, &env.region, observer).await?;
        Ok(Box::new(AwsCloud::new(aws, env.clone())))
    }
}

#[async_trait]
impl SiteStores for AwsConnector {
    async fn open(
        &self,
        bucket: &str,
        region: &str,
        account: Option<&str>,
        observer: &dyn Observer,
    ) -> Result<Box<dyn SiteStore>, ConnectError> {
        let aws = self.aws(account.unwrap_or(LOCAL_ACCOUNT), region, observer).await?;
        Ok(Box::new(SiteBucket::new(aws, bucket.to_string(), account.map(str::to_string))))
    }
}

/// Returns whether an address of HTTP is one of this machine.
fn is_loopback(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The local AWS of the user who runs the program.
#[derive(Debug, Clone, Copy)]
pub struct UserLocalAws;

impl UserLocalAws {
    /// Returns the directory of facts about runs on it.
    ///
    /// # Errors
    /// Fails if the user has no home directory.
    pub fn runs_directory(&self) -> Result<PathBuf, ConnectError> {
        Ok(LocalAws::of_this_user()?.runs_directory())
    }
}

#[async_trait]
impl LocalCloud for UserLocalAws {
    async fn up(&self, observer: &dyn Observer) -> Result<String, ConnectError> {
        Ok(LocalAws::of_this_user()?.up(observer).await?)
    }

    async fn down(&self) -> Result<bool, ConnectError> {
        Ok(LocalAws::of_this_user()?.down().await?)
    }

    async fn reset(&self) -> Result<(), ConnectError> {
        Ok(LocalAws::of_this_user()?.reset().await?)
    }

    async fn status(&self) -> Result<LocalStatus, ConnectError> {
        Ok(LocalAws::of_this_user()?.status().await)
    }

    async fn access(&self, account: &str) -> Result<LocalAccess, ConnectError> {
        Ok(LocalAws::of_this_user()?.access(account).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_local() {
        for url in ["http://127.0.0.1:4566", "http://localhost", "https://[::1]:1/x", "http://u@127.0.0.2/"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "",
            "127.0.0.1",
            "https://ec2.amazonaws.com",
            "http://127.0.0.1.evil.com",
            "http://localhost@10.0.0.1",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
