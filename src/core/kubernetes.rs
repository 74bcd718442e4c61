//! An environment's services as Kubernetes manifests.

use std::collections::BTreeMap;

use billpay_manifests::{Image, Manifest, ManifestError, Values};
use billpay_model::environment::Environment;
use billpay_model::findings::nearest;
use billpay_spec::yaml;
use billpay_tree::{Coverage, PathError, RenderedTree};

/// Selection of manifests to render.
pub struct ManifestSelection<'a> {
    pub env: &'a Environment,
    /// The services to render; none for all, and then what belongs to services that are gone goes too.
    pub services: &'a [String],
    /// Values of services; the others get defaults.
    pub values: &'a BTreeMap<String, Values>,
    pub images: &'a BTreeMap<String, Image>,
    /// The other environments, whose files may lie beside these.
    pub others: &'a [&'a Environment],
    /// Set if there are environments whose specs are wrong, so that it isn't known which files are theirs.
    pub broken: bool,
}

/// Reason for which nothing is rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("`{name}` is not among the services of {environment}")]
    UnknownService { name: String, environment: String, did_you_mean: Option<String>, known: Vec<String> },
    #[error("there are {what} for `{name}`, which is not among the services to render")]
    NotWanted { what: &'static str, name: String },
    #[error("it isn't known which image to run for {}", .0.join(", "))]
    NoImage(Vec<String>),
    #[error(transparent)]
    ManifestError(#[from] ManifestError),
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Renders the manifests, and says which part of the whole tree they are.
///
/// # Errors
/// Fails if a service, or one that values or images are given for, is unknown or not selected, has no image, or can't
/// be rendered.
pub fn render(wanted: &ManifestSelection<'_>) -> Result<(RenderedTree, Coverage), Error> {
    let env = wanted.env;
    for name in wanted.services.iter().chain(wanted.values.keys()).chain(wanted.images.keys()) {
        if !env.services.contains_key(name) {
            return Err(unknown(env, name));
        }
    }
    let chosen = |name: &&str| wanted.services.is_empty() || wanted.services.iter().any(|one| one == name);
    let given = wanted.values.keys().map(|name| ("values", name));
    for (what, name) in given.chain(wanted.images.keys().map(|name| ("images", name))) {
        if !chosen(&name.as_str()) {
            return Err(Error::NotWanted { what, name: name.clone() });
        }
    }
    let names: Vec<&str> = billpay_manifests::order(env).into_iter().filter(chosen).collect();
    let lacking = names.iter().filter(|name| !wanted.images.contains_key(**name));
    let lacking: Vec<String> = lacking.map(|name| (*name).to_owned()).collect();
    if !lacking.is_empty() {
        return Err(Error::NoImage(lacking));
    }

    let mut rendered = RenderedTree::default();
    let from = format!("environments/{}.yaml", env.environment);
    rendered.add(&own_scope(env), &env.environment, texts(&from, billpay_manifests::environment(env)))?;
    for name in names {
        let values = wanted.values.get(name).cloned().unwrap_or_else(|| Values::of(name));
        let Some(image) = wanted.images.get(name) else { continue };
        let from = format!("{from} and the values of {name}");
        let folder = format!("{}/{name}", env.environment);
        let manifests = billpay_manifests::service(env, &values, image)?;
        rendered.add(&scope(env, name), &folder, texts(&from, manifests))?;
    }
    let all = wanted.services.is_empty() && !wanted.broken;
    let environments = wanted.others.iter().copied().chain([env]);
    let known = environments
        .flat_map(|env| env.services.keys().map(|name| scope(env, name)).chain([own_scope(env)]))
        .collect();
    let scopes = rendered.scopes();
    Ok((rendered, Coverage { scopes, all, known }))
}

fn unknown(env: &Environment, name: &str) -> Error {
    Error::UnknownService {
        name: name.to_owned(),
        environment: env.environment.clone(),
        did_you_mean: nearest(name, env.services.keys().map(String::as_str)),
        known: env.services.keys().cloned().collect(),
    }
}

fn own_scope(env: &Environment) -> String {
    format!("kubernetes/{}", env.environment)
}

fn scope(env: &Environment, service: &str) -> String {
    format!("{}/{service}", own_scope(env))
}

/// Returns manifests as YAML files that say what they were rendered from.
fn texts(from: &str, manifests: Vec<Manifest>) -> impl Iterator<Item = (String, String)> {
    manifests.into_iter().map(move |Manifest { name, object }| {
        (format!("{name}.yaml"), format!("# Rendered by billpay from {from}.\n{}", yaml::document(&object)))
    })
}
