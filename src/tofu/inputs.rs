//! Inputs of the modules of `templates/infrastructure/modules`.
//!
//! Each function gives the variables of one module that the spec decides, by the names that
//! the module has for them; what a module needs of another one, the templates wire. All names
//! come from [`names`], as those of billpay's own engine do, so that both make the same.

use std::collections::BTreeSet;

use billpay_model::environment::{Capacity, Environment, Frontend, Nat, Support};
use billpay_model::names;
use billpay_model::resource::{TAGS_OF_OTHERS, Tags, UNCOMPARED_TAGS, owner_tags};
use billpay_model::store::{StoreAddress, runs_objects};
use serde_json::{Map, Value, json};

/// Everything that the templates of one environment may write, by name. A component that the
/// environment doesn't have is null.
pub fn environment(env: &Environment) -> Map<String, Value> {
    let mut tags = env.tags.clone();
    tags.extend(owner_tags(env));
    let ignored: BTreeSet<&str> =
        TAGS_OF_OTHERS.into_iter().chain(env.ignored_tags.iter().map(String::as_str)).collect();
    let mut values = Map::from_iter([
        ("project".to_string(), json!(env.project)),
        ("environment".to_string(), json!(env.environment)),
        ("name".to_string(), json!(format!("{}-{}", env.project, env.environment))),
        ("account".to_string(), json!(env.account)),
        ("region".to_string(), json!(env.region)),
        ("protected".to_string(), json!(env.protected)),
        ("tags".to_string(), json!(tags)),
        ("ignored_tags".to_string(), json!(ignored)),
        ("ignored_tag_keys".to_string(), json!(UNCOMPARED_TAGS)),
        ("state_bucket".to_string(), json!(names::state_bucket(env))),
        ("github_oidc_provider_arn".to_string(), json!(names::oidc_provider_arn(env, names::GITHUB_ISSUER))),
    ]);
    for (component, inputs) in COMPONENTS {
        values.insert(component.replace('-', "_"), inputs(env).unwrap_or(Value::Null));
    }
    values
}

type Inputs = fn(&Environment) -> Option<Value>;

/// The components of an environment, by the names of their modules and units.
pub const COMPONENTS: [(&str, Inputs); 11] = [
    ("networking", networking),
    ("iam", iam),
    ("eks", eks),
    ("ecr", ecr),
    ("s3-cloudfront", s3_cloudfront),
    ("secrets", secrets),
    ("monitoring", monitoring),
    ("audit", audit),
    ("backup", backup),
    ("efs", efs),
    ("dns", dns),
];

fn networking(env: &Environment) -> Option<Value> {
    let network = &env.network;
    let zones = names::zone_letters(env);
    let in_zones = |ranges: &[ipnet::Ipv4Net]| -> Map<String, Value> {
        zones.iter().cloned().zip(ranges.iter().map(|range| json!(range))).collect()
    };
    let ports: BTreeSet<u16> = env.services.values().map(|service| service.port).collect();
    Some(json!({
        "cidr": network.cidr,
        "public_subnets": in_zones(&network.public_subnets),
        "private_subnets": in_zones(&network.private_subnets),
        "nat": match network.nat {
            Nat::None => "none",
            Nat::Single => "single",
            Nat::PerZone => "per-zone",
        },
        // A map has no order of its own, and a single NAT gateway is in the first zone.
        "nat_zone": zones.first(),
        "s3_endpoint": network.s3_endpoint,
        "service_ports": ports,
    }))
}

fn iam(env: &Environment) -> Option<Value> {
    let services = env.services.iter().map(|(name, service)| {
        let secrets: Vec<String> =
            service.secrets.iter().flatten().map(|secret| names::secret(env, secret)).collect();
        let buckets: BTreeSet<String> =
            service.buckets.iter().flatten().map(|bucket| names::other_bucket(env, bucket)).collect();
        let mut values = Map::from_iter([
            ("name".to_string(), json!(names::service_role(env, name))),
            ("secrets".to_string(), json!(secrets)),
        ]);
        if !buckets.is_empty() {
            values.insert("buckets".to_string(), json!(buckets));
        }
        (name.clone(), Value::Object(values))
    });
    let workflows = |role: String, subjects: Vec<String>| {
        let deployed = |frontend: &Frontend| names::github_role_of(env, frontend) == role;
        json!({
            "role": role,
            "subjects": subjects,
            "session_seconds": env.github.session_seconds,
            "bucket_names": names::published_buckets(env, &role),
            "has_frontends": env.frontends.values().any(deployed),
        })
    };
    let frontends = names::github_frontends_subjects(env);
    let (runs_bucket, runs_folder) = runs_objects(env);
    Some(json!({
        "cluster_name": names::cluster(env),
        "addons": env.cluster.addons.keys().collect::<Vec<_>>(),
        "fargate": !env.cluster.fargate.is_empty(),
        "load_balancer_controller": env.cluster.load_balancer_controller,
        "services": services.collect::<Map<_, _>>(),
        "metric_namespaces": env.monitoring.metrics.keys().collect::<Vec<_>>(),
        "github": workflows(names::github_role(env), names::github_subjects(env)),
        "github_frontends": (!frontends.is_empty()).then(|| workflows(names::github_frontends_role(env), frontends)),
        "repositories_pattern": names::repository_pattern(env),
        "runs": {
            "bucket": runs_bucket,
            "folder": runs_folder,
            "is_used": StoreAddress::of_spec(env).objects(env).is_some(),
        },
    }))
}

fn eks(env: &Environment) -> Option<Value> {
    let cluster = &env.cluster;
    let nodes = cluster.nodes.iter().map(|(name, group)| {
        let capacity = match group.capacity {
            Capacity::OnDemand => "ON_DEMAND",
            Capacity::Spot => "SPOT",
        };
        let group = json!({
            "instance_type": group.instance_type,
            "min": group.min,
            "max": group.max,
            "capacity": capacity,
            "disk": group.disk,
            "labels": group.labels.clone().unwrap_or_default(),
        });
        (name.clone(), group)
    });
    let addons = cluster.addons.iter().map(|(name, addon)| {
        (name.clone(), addon.version.as_ref().map_or(json!({}), |version| json!({"version": version})))
    });
    let access = cluster.access.iter().map(|(name, access)| {
        let entry = json!({
            "principal": access.principal.replace("{account}", &env.account),
            "policy": names::access_policy(access.policy),
            "namespaces": access.namespaces.clone().unwrap_or_default(),
        });
        (name.clone(), entry)
    });
    Some(json!({
        "cluster": {
            "name": names::cluster(env),
            "version": cluster.version,
            "support": match cluster.support {
                Support::Standard => "STANDARD",
                Support::Extended => "EXTENDED",
            },
            "logs": cluster.logs,
            "endpoint_public": cluster.endpoint.public,
            "public_cidrs": cluster.endpoint.public_cidrs,
        },
        "namespace": names::namespace(env),
        "nodes": nodes.collect::<Map<_, _>>(),
        "fargate": cluster.fargate,
        "addons": addons.collect::<Map<_, _>>(),
        "load_balancer_controller": cluster.load_balancer_controller,
        "access": access.collect::<Map<_, _>>(),
        "log_retention_days": env.monitoring.log_retention_days,
    }))
}

fn ecr(env: &Environment) -> Option<Value> {
    let repositories = env.services.keys().map(|service| (service, names::repository(env, service)));
    Some(json!({
        "repositories": repositories.collect::<std::collections::BTreeMap<_, _>>(),
        "scan_on_push": env.registry.scan_on_push,
        "immutable_tags": env.registry.immutable_tags,
        "keep_images": env.registry.keep_images,
        "expire_untagged_days": env.registry.expire_untagged_days,
        "force_delete": !env.protected,
    }))
}

fn s3_cloudfront(env: &Environment) -> Option<Value> {
    let frontends = env.frontends.iter().map(|(name, frontend)| {
        let mut values = Map::from_iter([
            ("bucket".to_string(), json!(names::frontend_bucket(env, name))),
            ("spa".to_string(), json!(frontend.spa)),
            ("price_class".to_string(), json!(names::price_class(frontend.price_class))),
            ("content_security_policy".to_string(), json!(frontend.content_security_policy)),
        ]);
        let origins = frontend.allowed_origins.iter().filter(|origins| !origins.is_empty());
        values.extend(origins.map(|origins| ("allowed_origins".to_string(), json!(origins))));
        values.extend(frontend.domain.iter().map(|domain| ("domain".to_string(), json!(domain))));
        values.extend(frontend.certificate.iter().map(|arn| ("certificate".to_string(), json!(arn))));
        (name.clone(), Value::Object(values))
    });
    let buckets = env.buckets.iter().map(|(name, bucket)| {
        let bucket = json!({
            "name": names::other_bucket(env, name),
            "expire_old_versions_days": bucket.expire_old_versions_days,
        });
        (name.clone(), bucket)
    });
    Some(json!({
        "frontends": frontends.collect::<Map<_, _>>(),
        "buckets": buckets.collect::<Map<_, _>>(),
        "force_destroy": !env.protected,
    }))
}

fn secrets(env: &Environment) -> Option<Value> {
    let secrets = env.secrets.iter().map(|(name, secret)| {
        let mut values = Map::from_iter([
            ("name".to_string(), json!(names::secret(env, name))),
            ("description".to_string(), json!(secret.description)),
        ]);
        values.extend(secret.rotation_days.iter().map(|days| ("rotation_days".to_string(), json!(days))));
        let function = secret.rotation_function.iter();
        values.extend(function.map(|arn| ("rotation_function_arn".to_string(), json!(arn))));
        (name.clone(), Value::Object(values))
    });
    let readers = env.services.iter().filter(|(_, service)| service.secrets.iter().flatten().count() > 0);
    let readers: Vec<String> = readers.map(|(name, _)| names::service_role(env, name)).collect();
    let inputs = json!({
        "secrets": secrets.collect::<Map<_, _>>(),
        "reader_role_names": readers,
        // What is deleted by mistake can be had back where it matters; where environments
        // come and go, a deleted secret must not keep its name from the next one.
        "recovery_window_days": if env.protected { 30 } else { 0 },
    });
    (!env.secrets.is_empty()).then_some(inputs)
}

fn monitoring(env: &Environment) -> Option<Value> {
    let monitoring = &env.monitoring;
    Some(json!({
        "cluster_name": names::cluster(env),
        "retention_days": monitoring.log_retention_days,
        "metrics": monitoring.metrics,
        "alarms": monitoring.alarms,
        "notify": monitoring.notify,
        "dashboard": monitoring.dashboard,
        "xray": monitoring.xray,
    }))
}

fn audit(env: &Environment) -> Option<Value> {
    let inputs = json!({
        "retention_days": env.monitoring.log_retention_days,
        "force_destroy": !env.protected,
    });
    env.audit.cloudtrail.then_some(inputs)
}

fn backup(env: &Environment) -> Option<Value> {
    env.backup.enabled.then(|| json!({"keep_days": env.backup.keep_days}))
}

fn efs(env: &Environment) -> Option<Value> {
    env.cluster.efs.then(|| {
        json!({
            // Where there is a backup plan, EFS needs no backups of its own.
            "automatic_backups": !env.backup.enabled,
        })
    })
}

fn dns(env: &Environment) -> Option<Value> {
    let dns = env.dns.as_ref()?;
    let in_zone = |domain: &str| domain == dns.zone || domain.ends_with(&format!(".{}", dns.zone));
    let domains = env.frontends.iter().filter_map(|(name, frontend)| {
        let domain = frontend.domain.as_ref().filter(|domain| in_zone(domain))?;
        Some((name.clone(), json!(domain)))
    });
    Some(json!({
        "zone": dns.zone,
        "services_domain": format!("{}.{}", env.environment, dns.zone),
        "domains": domains.collect::<Map<_, _>>(),
    }))
}

/// Settings that the environments of one account and region share, made once for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub project: String,
    pub account: String,
    pub region: String,
    /// IAM is in no region: only the account's first one makes GitHub's OIDC provider.
    pub github_oidc: bool,
    /// GuardDuty can be on only once in a region, so one environment that wants it is enough.
    pub guardduty: bool,
    /// The tags that all its environments have.
    pub tags: Tags,
    pub state_bucket: String,
}

impl Account {
    /// The accounts and regions of some environments, sorted.
    pub fn all(environments: &[&Environment]) -> Vec<Account> {
        let mut sorted = environments.to_vec();
        sorted.sort_by_key(|env| (&env.account, &env.region));
        let mut accounts: Vec<Account> = vec![];
        for same in sorted.chunk_by(|a, b| (&a.account, &a.region) == (&b.account, &b.region)) {
            let env = same[0];
            let shared =
                |key: &String, value: &mut String| same.iter().all(|env| env.tags.get(key) == Some(value));
            accounts.push(Account {
                project: env.project.clone(),
                account: env.account.clone(),
                region: env.region.clone(),
                github_oidc: accounts.last().is_none_or(|before| before.account != env.account),
                tags: env.tags.clone().extract_if(.., shared).collect(),
                guardduty: same.iter().any(|env| env.audit.guardduty),
                state_bucket: names::state_bucket(env),
            });
        }
        accounts
    }

    /// Everything that the templates of an account may write, by name.
    pub fn values(&self) -> Map<String, Value> {
        let Account { project, account, region, github_oidc, guardduty, tags, state_bucket } = self;
        let values = json!({
            "project": project,
            "name": project,
            "account": account,
            "region": region,
            "github_oidc": github_oidc,
            "guardduty": guardduty,
            "tags": tags,
            "state_bucket": state_bucket,
        });
        values.as_object().cloned().unwrap_or_default()
    }
}
