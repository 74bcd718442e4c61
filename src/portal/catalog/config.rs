//! Values of the portal's templates, beside the catalog.

use billpay_model::environment::Environment;
use billpay_model::names::{self, TECHDOCS};
use serde_json::{Map, Value, json};

use super::{names::entity_name, owner, speaker};

/// URL of billpay's project templates, at this program's version.
const TEMPLATES: &str =
    concat!("https://github.com/billpay/billpay/blob/v", env!("CARGO_PKG_VERSION"), "/templates/backstage");

/// The top domain that never exists: for addresses that people have to fill in.
const UNKNOWN: &str = "invalid";

/// Returns the values that are the same for all environments.
pub fn values(environments: &[&Environment], templates: &[String]) -> Map<String, Value> {
    let Some(first) = speaker(environments) else { return Map::new() };
    let mut sorted = environments.to_vec();
    sorted.sort_by_key(|env| &env.environment);
    let secret = format!("{}/portal/settings", first.project);
    let templates = templates.iter().map(|name| format!("{TEMPLATES}/{name}/template.yaml"));
    let values = json!({
        "project": first.project,
        "organization": first.github.organization,
        "region": first.region,
        "owner": entity_name(owner(first)),
        "secret": secret,
        "secret_variable": format!("{}_SECRET", variable(&secret)),
        "templates": templates.collect::<Vec<_>>(),
        // The portal's entry is one for all environments, and a bucket that one lacks would be a mistake in it.
        "docs_buckets": match environments.iter().all(|env| env.buckets.contains_key(TECHDOCS)) {
            true => vec![TECHDOCS],
            false => vec![],
        },
        "environments": sorted.iter().map(|env| of(env)).collect::<Vec<_>>(),
    });
    values.as_object().cloned().unwrap_or_default()
}

/// Returns the values of an environment's own files.
pub fn of_environment(environments: &[&Environment], name: &str) -> Map<String, Value> {
    let mut others: Vec<&Environment> = environments.to_vec();
    others.sort_by_key(|env| &env.environment);
    let at = others.iter().position(|env| env.environment == name);
    let Some(Value::Object(mut values)) = at.map(|at| of(others.remove(at))) else { return Map::new() };
    values.insert("others".to_string(), others.iter().map(|env| of(env)).collect());
    values
}

fn of(env: &Environment) -> Value {
    let namespace = names::namespace(env);
    let zone = env.dns.as_ref().map_or(UNKNOWN, |dns| dns.zone.as_str());
    let bucket = match env.buckets.contains_key(TECHDOCS) {
        true => names::other_bucket(env, TECHDOCS),
        false => String::new(),
    };
    // As the services' own: without a zone there is no certificate, and the load balancer is internal.
    let public = env.dns.is_some();
    let subnets = if public { &env.network.public_subnets } else { &env.network.private_subnets };
    let variable = format!("EKS_{}", variable(&env.environment));
    json!({
        "environment": env.environment,
        "account": env.account,
        "region": env.region,
        "cluster": names::cluster(env),
        "namespace": namespace,
        "bucket": bucket,
        "host": format!("portal.{}.{zone}", env.environment),
        "url": format!("{}://portal.{}.{zone}", if public { "https" } else { "http" }, env.environment),
        "public": public,
        "load_balancer": subnets.iter().take(env.network.zones.into()).collect::<Vec<_>>(),
        // Only EKS knows them, once the cluster is there: variables of the portal's pods.
        "url_variable": format!("{variable}_URL"),
        "ca_variable": format!("{variable}_CA"),
    })
}

/// A name as one of a variable of the environment.
fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
