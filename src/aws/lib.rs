//! The AWS SDK clients of one account and region, with our pacing and our errors.

pub mod connector;
mod diagnose;
mod failure;
pub mod kinds;
pub mod local;
mod pace;
mod site_bucket;
pub mod state_bucket;

use std::ffi::OsString;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::origin::Origin;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

pub use failure::{Explain, Lagging, Optional, expect_created, refusal};

use billpay_host::program::in_ci;
use billpay_model::caller::CallerIdentity;
use billpay_model::failure::{Failure, FailureClass};
use jiff::Timestamp;
use pace::{Gate, NameCalls, PacedClient};

/// Endpoint of AWS, when it is not the one of the AWS configuration.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub url: String,
    pub access_key: String,
    pub secret_key: String,
}

/// The clients of every AWS service that the kinds use.
#[derive(Debug, Clone)]
pub struct Aws {
    pub region: String,
    config: SdkConfig,
    pub gate: Gate,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub ec2: aws_sdk_ec2::Client,
    /// EC2 without retries, for creates: their answers may be lost after the work is
    /// done, and sending them again would make a second one. Whoever creates looks for
    /// what was made before trying again.
    pub ec2_once: aws_sdk_ec2::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub eks: aws_sdk_eks::Client,
    pub iam: aws_sdk_iam::Client,
    pub s3: aws_sdk_s3::Client,
    pub sts: aws_sdk_sts::Client,
}

/// Builds a client that paces its calls and names them for tracing.
macro_rules! client {
    ($service:ident, $config:expr) => {
        client!($service, $config, |builder| builder)
    };
    ($service:ident, $config:expr, $with:expr) => {{
        let builder = $service::config::Builder::from($config).interceptor(NameCalls);
        let with: fn($service::config::Builder) -> $service::config::Builder = $with;
        $service::Client::from_conf(with(builder).build())
    }};
}

/// Variables that name a profile, or the files with profiles.
const PROFILE_VARIABLES: &[&str] = &["AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

/// A service's settings without any.
#[derive(Debug)]
struct NoSettings;

impl LoadServiceConfig for NoSettings {
    fn load_config(&self, _: ServiceConfigKey<'_>) -> Option<String> {
        None
    }
}

/// Takes out the endpoints that are not in the environment.
fn without_endpoints_of_files(config: SdkConfig) -> SdkConfig {
    let is_of_file = config.get_origin("endpoint_url") == Origin::shared_profile_file();
    let is_in_environment =
        |(name, _): (OsString, OsString)| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL_");
    let mut builder = config.into_builder();
    if is_of_file {
        builder.set_endpoint_url(None);
    }
    if !std::env::vars_os().any(is_in_environment) {
        builder.set_service_config(Some(NoSettings));
    }
    builder.build()
}

/// Returns the end of temporary credentials that are given by variables, which nothing refreshes. The tools that export
/// them say when it is.
fn credentials_end(variable: impl Fn(&str) -> Option<String>) -> Option<Timestamp> {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_temporary = is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SESSION_TOKEN");
    variable("AWS_CREDENTIAL_EXPIRATION").filter(|_| is_temporary)?.parse().ok()
}

impl Aws {
    /// Connects as the standard AWS configuration says (environment, profile, SSO, web
    /// identity, `AWS_ENDPOINT_URL`), or to `endpoint` where one is given. Makes no call.
    ///
    /// In CI, no file says which endpoint or profile is meant: the environment does.
    pub async fn connect(region: &str, endpoint: Option<&Endpoint>) -> Aws {
        let gate = Gate::default();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_string()))
            .http_client(PacedClient::new(gate.clone()))
            .retry_config(
                RetryConfig::standard().with_max_attempts(5).with_max_backoff(Duration::from_secs(20)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .operation_attempt_timeout(Duration::from_secs(60))
                    .build(),
            );
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if in_ci() && !PROFILE_VARIABLES.iter().any(|name| is_set(name)) {
            // A set of no files is a panic there.
            loader = loader.profile_files(
                EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build(),
            );
        }
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(&endpoint.url).credentials_provider(Credentials::new(
                &endpoint.access_key,
                &endpoint.secret_key,
                None,
                None,
                "billpay",
            ));
        }
        let config = loader.load().await;
        Aws::from_config(region, &if in_ci() { without_endpoints_of_files(config) } else { config }, gate)
    }

    fn from_config(region: &str, config: &SdkConfig, gate: Gate) -> Aws {
        let once = config.clone().into_builder().retry_config(RetryConfig::disabled()).build();
        // An endpoint of one's own answers under one host name, so buckets go into the path.
        let custom = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        Aws {
            region: region.to_string(),
            config: config.clone(),
            gate,
            cloudfront: client!(aws_sdk_cloudfront, config),
            ec2: client!(aws_sdk_ec2, config),
            ec2_once: client!(aws_sdk_ec2, &once),
            ecr: client!(aws_sdk_ecr, config),
            eks: client!(aws_sdk_eks, config),
            iam: client!(aws_sdk_iam, config),
            s3: if custom {
                client!(aws_sdk_s3, config, |builder| builder.force_path_style(true))
            } else {
                client!(aws_sdk_s3, config)
            },
            sts: client!(aws_sdk_sts, config),
        }
    }

    /// Returns the clients of another region of the same account.
    pub fn in_region(&self, region: &str) -> Aws {
        let config = self.config.clone().into_builder().region(Region::new(region.to_string())).build();
        Aws::from_config(region, &config, self.gate.clone())
    }

    /// Returns the caller's identity: the first thing to know before anything is changed.
    ///
    /// # Errors
    /// Fails if the call does, as without credentials, or if the answer names no account.
    pub async fn identity(&self) -> Result<CallerIdentity, Failure> {
        let call = "sts:GetCallerIdentity";
        let caller = self.sts.get_caller_identity().send().await.at(call)?;
        match (caller.account, caller.arn) {
            (Some(account), Some(arn)) => Ok(CallerIdentity { account, arn }),
            _ => Err(Failure::new(FailureClass::Other, call, "the answer names no account")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temporary_credentials_of_variables_have_a_known_end() {
        let end = |variables: &[(&str, &str)]| {
            credentials_end(|name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
            })
        };
        let at = ("AWS_CREDENTIAL_EXPIRATION", "2026-12-01T12:00:00+00:00");
        let (key, token) = (("AWS_ACCESS_KEY_ID", "ASIA"), ("AWS_SESSION_TOKEN", "token"));
        assert_eq!(end(&[key, token, at]), Some("2026-12-01T12:00:00Z".parse().unwrap()));
        for others in [&[key, at][..], &[token, at], &[key, ("AWS_SESSION_TOKEN", ""), at], &[key, token]] {
            assert_eq!(end(others), None, "{others:?}");
        }
        assert_eq!(end(&[key, token, ("AWS_CREDENTIAL_EXPIRATION", "soon")]), None);
    }
}
