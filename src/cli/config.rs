//! `billpay config`: the spec as it takes effect.

use std::collections::BTreeMap;

use billpay_core::app::App;
use billpay_model::environment::Environment;
use billpay_model::names;
use clap::Args;
use serde_json::{Map, Value, json};

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, exit};

const SCHEMA: &str = "billpay/config/v1";

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Say which file and line each value comes from
    #[arg(long)]
    origin: bool,
}

pub fn run(args: ConfigArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    ui.warnings(&loaded.warnings);
    let names = pipeline_names(&loaded.environment);
    if !ui.is_json() {
        ui.text(&loaded.show(args.origin))?;
    } else if args.origin {
        let origin: BTreeMap<String, _> =
            loaded.origin.iter().map(|(path, origin)| (path.to_string(), origin)).collect();
        ui.json(&json!({"schema": SCHEMA, "spec": loaded.value, "names": names, "origin": origin}))?;
    } else {
        ui.json(&json!({"schema": SCHEMA, "spec": loaded.value, "names": names}))?;
    }
    Ok(exit::DONE)
}

/// Returns the names that pipelines need: roles, registries, buckets, addresses.
fn pipeline_names(env: &Environment) -> Value {
    let services = env.services.iter().map(|(name, service)| {
        let path = service.path.as_ref();
        let url = env.dns.as_ref().zip(path).map(|(dns, path)| {
            format!("https://{}.{}{}", env.environment, dns.zone, path.trim_end_matches('/'))
        });
        let service = json!({
            "repository": names::repository(env, name),
            "role_arn": names::role_arn(env, &names::github_role(env)),
            "pod_role_arn": names::role_arn(env, &names::service_role(env, name)),
            "url": url,
        });
        (name.clone(), service)
    });
    let frontends = env.frontends.iter().map(|(name, frontend)| {
        let url = frontend.domain.as_ref().map(|domain| format!("https://{domain}"));
        let frontend = json!({
            "bucket": names::frontend_bucket(env, name),
            "role_arn": names::role_arn(env, &names::github_role_of(env, frontend)),
            "url": url,
        });
        (name.clone(), frontend)
    });
    let buckets = env.buckets.keys().map(|name| (name.clone(), names::other_bucket(env, name).into()));
    json!({
        "account": env.account,
        "region": env.region,
        "github_role_arn": names::role_arn(env, &names::github_role(env)),
        "registry": names::registry(env),
        "cluster": names::cluster(env),
        "namespace": names::namespace(env),
        "techdocs_bucket": env.buckets.contains_key(names::TECHDOCS).then(|| names::other_bucket(env, names::TECHDOCS)),
        "services": services.collect::<Map<_, _>>(),
        "frontends": frontends.collect::<Map<_, _>>(),
        "buckets": buckets.collect::<Map<_, Value>>(),
    })
}
