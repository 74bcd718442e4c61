//! The names that an environment's resources will have: legal, short enough, no two alike.

use billpay_model::environment::Environment;
use billpay_model::names::{self, Rule, Scope};

use super::{Finding, Spot, key, value};

/// A name that a resource of an environment will have.
pub(crate) struct Name {
    pub rule: &'static Rule,
    pub name: String,
    /// Part of the spec that it comes from.
    pub spot: Spot,
    /// Advice for another name.
    cure: String,
}

impl Name {
    /// Returns the kind of name and the reach in which it must be unique.
    pub fn reach(&self, env: &Environment) -> (&'static str, String, String) {
        let whence = match self.rule.scope {
            Scope::World => String::new(),
            Scope::Account => env.account.clone(),
            Scope::Region => format!("{} {}", env.account, env.region),
            Scope::Environment => format!("{} {} {}", env.account, env.region, env.environment),
        };
        (self.rule.what, whence, self.name.clone())
    }
}

/// All names that the resources of an environment will have.
pub(crate) fn all(env: &Environment) -> Vec<Name> {
    let named = |rule: &'static Rule, name: String, spot: Spot, cure: &str| Name {
        rule,
        name,
        spot,
        cure: cure.to_owned(),
    };
    let mut all = vec![
        named(&names::CLUSTER, names::cluster(env), value(["cluster", "name"]), "`cluster.name`"),
        named(&names::NAMESPACE, names::namespace(env), value(["project"]), "`project`"),
    ];
    for role in names::CLUSTER_ROLES {
        all.push(named(&names::ROLE, names::cluster_role(env, role), value(["project"]), "`project`"));
    }
    all.push(named(&names::ROLE, names::github_role(env), value(["github", "role"]), "`github.role`"));
    if env.frontends.values().any(|frontend| frontend.repository.is_some()) {
        let role = names::github_frontends_role(env);
        all.push(named(&names::ROLE, role, value(["github", "role"]), "`github.role`"));
    }
    for group in env.cluster.nodes.keys() {
        all.push(named(
            &names::NODE_GROUP,
            group.clone(),
            key(["cluster", "nodes", group]),
            "the group's name",
        ));
    }
    for profile in env.cluster.fargate.keys() {
        all.push(named(
            &names::FARGATE_PROFILE,
            profile.clone(),
            key(["cluster", "fargate", profile]),
            "the profile's name",
        ));
    }
    for service in env.services.keys() {
        let spot = || key(["services", service]);
        let cure = "the service's name";
        all.push(named(&names::KUBERNETES_SERVICE, service.clone(), spot(), cure));
        all.push(named(&names::REPOSITORY, names::repository(env, service), spot(), cure));
        all.push(named(&names::ROLE, names::service_role(env, service), spot(), cure));
    }
    for (frontend, settings) in &env.frontends {
        let (spot, cure) = match settings.bucket {
            Some(_) => (value(["frontends", frontend, "bucket"]), "`bucket`"),
            None => (key(["frontends", frontend]), "the frontend's name, or give it a `bucket`"),
        };
        all.push(named(&names::BUCKET, names::frontend_bucket(env, frontend), spot, cure));
    }
    for bucket in env.buckets.keys() {
        all.push(named(
            &names::BUCKET,
            names::other_bucket(env, bucket),
            key(["buckets", bucket]),
            "the bucket's name",
        ));
    }
    all
}

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let all = all(env);
    let mut found: Vec<Finding> = Vec::new();
    for (index, name) in all.iter().enumerate() {
        // One complaint about a name is enough, where several are made from it.
        if !found.iter().any(|finding| finding.spot == name.spot) {
            found.extend(illegal(name));
        }
        if let Some(first) = all[..index].iter().find(|other| other.reach(env) == name.reach(env)) {
            found.push(
                Finding::error(
                    "same-name",
                    name.spot.clone(),
                    format!("two of the environment's {}s would be called `{}`", name.rule.what, name.name),
                )
                .related(first.spot.clone(), "so would the one from here")
                .help(format!("change {}", name.cure)),
            );
        }
    }
    found
}

fn illegal(Name { rule, name, spot, cure }: &Name) -> Option<Finding> {
    let length = name.chars().count();
    if length > rule.longest {
        let message = format!(
            "the name of the {} would have {length} characters; {} is the limit",
            rule.what, rule.longest
        );
        return Some(
            Finding::error("name-too-long", spot.clone(), message)
                .label(format!("`{name}`"))
                .help(format!("shorten {cure}")),
        );
    }
    if length >= rule.shortest && rule.accepts(name) {
        return None;
    }
    let message = format!("`{name}` cannot be the name of the {}", rule.what);
    Some(
        Finding::error("bad-name", spot.clone(), message)
            .help(format!("allowed: {}", rule.allowed))
            .help(format!("change {cure}")),
    )
}
