//! Shows the spec as it takes effect, and the names that follow from it.

use std::collections::BTreeMap;

use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_model::names;
use billpay_model::store::StoreAddress;
use billpay_spec::Origin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::Report;
use crate::{Error, Ports};

/// The spec of an environment with all defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigReport {
    pub spec: Value,
    pub names: PipelineNames,
    /// File, line and column of each value, by its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<BTreeMap<String, Origin>>,
    /// The same as YAML, for people.
    #[serde(skip)]
    pub yaml: String,
}

impl Report for ConfigReport {
    const SCHEMA: &str = "billpay/config/v1";
}

/// Names that pipelines need: roles, registries, buckets, addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineNames {
    pub account: String,
    pub region: String,
    pub github_role_arn: String,
    pub registry: String,
    pub cluster: String,
    pub namespace: String,
    pub techdocs_bucket: Option<String>,
    /// Address of the store of locks and journals: `local`, or a bucket.
    pub state: String,
    pub services: BTreeMap<String, ServiceNames>,
    pub frontends: BTreeMap<String, FrontendNames>,
    pub buckets: BTreeMap<String, String>,
}

/// Names of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceNames {
    pub repository: String,
    pub role_arn: String,
    pub pod_role_arn: String,
    pub url: Option<String>,
}

/// Names of a frontend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrontendNames {
    pub bucket: String,
    pub role_arn: String,
    pub url: Option<String>,
}

/// Reads the spec of an environment as it takes effect.
///
/// # Errors
/// Fails if the spec is wrong.
pub fn config(
    ports: &Ports,
    environment: &str,
    with_origin: bool,
    observer: &dyn Observer,
) -> Result<ConfigReport, Error> {
    let loaded = ports.load(environment)?;
    observer.warn(&loaded.warnings);
    let origin = loaded.origin.iter().map(|(path, origin)| (path.to_string(), origin.clone()));
    Ok(ConfigReport {
        names: PipelineNames::of(&loaded.environment),
        origin: with_origin.then(|| origin.collect()),
        yaml: loaded.show(with_origin),
        spec: loaded.value,
    })
}

impl PipelineNames {
    fn of(env: &Environment) -> PipelineNames {
        let services = env.services.iter().map(|(name, service)| {
            let url = env.dns.as_ref().zip(service.path.as_ref()).map(|(dns, path)| {
                format!("https://{}.{}{}", env.environment, dns.zone, path.trim_end_matches('/'))
            });
            let service = ServiceNames {
                repository: names::repository(env, name),
                role_arn: names::role_arn(env, &names::github_role(env)),
                pod_role_arn: names::role_arn(env, &names::service_role(env, name)),
                url,
            };
            (name.clone(), service)
        });
        let frontends = env.frontends.iter().map(|(name, frontend)| {
            let frontend = FrontendNames {
                bucket: names::frontend_bucket(env, name),
                role_arn: names::role_arn(env, &names::github_role_of(env, frontend)),
                url: frontend.domain.as_ref().map(|domain| format!("https://{domain}")),
            };
            (name.clone(), frontend)
        });
        let buckets = env.buckets.keys().map(|name| (name.clone(), names::other_bucket(env, name)));
        let has_docs = env.buckets.contains_key(names::TECHDOCS);
        PipelineNames {
            account: env.account.clone(),
            region: env.region.clone(),
            github_role_arn: names::role_arn(env, &names::github_role(env)),
            registry: names::registry(env),
            cluster: names::cluster(env),
            namespace: names::namespace(env),
            techdocs_bucket: has_docs.then(|| names::other_bucket(env, names::TECHDOCS)),
            state: StoreAddress::of_spec(env).to_string(),
            services: services.collect(),
            frontends: frontends.collect(),
            buckets: buckets.collect(),
        }
    }
}
