//! Backstage's catalog of the platform, computed from the specs of all environments.
//!
//! A service or frontend is one component, however many environments it runs in; each
//! environment is a system of the resources that billpay makes for it. Where a component has a
//! repository of its own, its `catalog-info.yaml` describes it, and the catalog points there.

pub mod config;
pub mod console;
pub mod names;
pub mod resources;

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::environment::Environment;
use billpay_spec::yaml;
use serde_json::{Value, json};

use self::names::entity_name;

/// The annotation that says which environment a resource is in.
pub const ENVIRONMENT: &str = "billpay.com/environment";

/// The team that the templates which billpay brings along belong to, and what has no owner.
const PLATFORM_TEAM: &str = "platform-team";

/// Everything in the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// The teams; in production GitHub says who they are.
    pub groups: Vec<Value>,
    /// Domain, systems, components and APIs, and where repositories describe themselves.
    pub platform: Vec<Value>,
    /// The resources of each environment.
    pub environments: BTreeMap<String, Vec<Value>>,
}

/// Computes the catalog of all environments.
pub fn catalog(environments: &[&Environment]) -> Catalog {
    let mut environments = environments.to_vec();
    environments.sort_by_key(|env| &env.environment);
    let components = components(&environments);
    let mut platform = systems(&environments);
    platform.extend(components.iter().filter(|component| !component.at_home).flat_map(Component::entities));
    platform.extend(homes(&environments, &components));
    let owners: BTreeSet<&str> = environments.iter().map(|env| owner(env)).chain([PLATFORM_TEAM]).collect();
    Catalog {
        groups: owners.into_iter().map(group).collect(),
        platform,
        environments: environments
            .iter()
            .map(|env| (env.environment.clone(), resources::of(env, &components)))
            .collect(),
    }
}

/// Returns the owner of an environment.
fn owner(env: &Environment) -> &str {
    env.tags.get("owner").filter(|owner| !owner.is_empty()).map_or(PLATFORM_TEAM, String::as_str)
}

/// A reference to the team that answers for an environment.
fn owner_ref(env: &Environment) -> String {
    format!("group:default/{}", entity_name(owner(env)))
}

/// A link, if an address is one: the catalog refuses others.
fn link(url: String, title: &str, icon: &str) -> Value {
    json!({"url": url, "title": title, "icon": icon})
}

fn group(owner: &str) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {"name": entity_name(owner), "title": owner},
        "spec": {"type": "team", "children": []},
    })
}

/// The domain, its applications, and each environment.
fn systems(environments: &[&Environment]) -> Vec<Value> {
    let Some(first) = speaker(environments) else { return vec![] };
    let system = |name: &str, description: &str, env: &Environment, annotations: Value| {
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "System",
            "metadata": {"name": name, "description": description, "annotations": annotations},
            "spec": {"owner": owner_ref(env), "domain": first.project},
        })
    };
    let mut entities = vec![
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Domain",
            "metadata": {"name": first.project, "description": "The platform and what runs on it"},
            "spec": {"owner": owner_ref(first)},
        }),
        system(&first.project, "The services and frontends", first, json!({})),
    ];
    for env in environments {
        let name = billpay_model::names::namespace(env);
        let description = format!("The environment {}, in {}", env.environment, env.region);
        entities.push(system(&name, &description, env, json!({ENVIRONMENT: env.environment})));
    }
    entities
}

/// The environment whose word counts where they differ: a protected one.
fn speaker<'a>(environments: &[&'a Environment]) -> Option<&'a Environment> {
    environments.iter().find(|env| env.protected).or(environments.first()).copied()
}

/// A service or frontend, in all its environments.
#[derive(Debug)]
pub struct Component<'a> {
    /// Its name in the specs.
    name: &'a str,
    is_service: bool,
    /// Its name in the catalog.
    entity: String,
    environments: Vec<&'a Environment>,
    /// The GitHub repository that it is in, with its organization.
    slug: Option<String>,
    /// Set if that repository is its own, so that it describes itself there.
    at_home: bool,
}

fn components<'a>(environments: &[&'a Environment]) -> Vec<Component<'a>> {
    let services: BTreeSet<&str> = environments.iter().flat_map(|env| keys(&env.services)).collect();
    let frontends: BTreeSet<&str> = environments.iter().flat_map(|env| keys(&env.frontends)).collect();
    let mut components: Vec<Component<'a>> = vec![];
    for name in &services {
        let of: Vec<_> =
            environments.iter().copied().filter(|env| env.services.contains_key(*name)).collect();
        let slug = of.iter().find_map(|env| slug(env, env.services[*name].repository.as_deref()));
        let entity = entity_name(name);
        components.push(Component { name, is_service: true, entity, environments: of, slug, at_home: false });
    }
    for name in &frontends {
        let of: Vec<_> =
            environments.iter().copied().filter(|env| env.frontends.contains_key(*name)).collect();
        let slug = of.iter().find_map(|env| slug(env, env.frontends[*name].repository.as_deref()));
        let taken = services.contains(name);
        let entity = if taken { entity_name(&format!("{name}-frontend")) } else { entity_name(name) };
        components.push(Component {
            name,
            is_service: false,
            entity,
            environments: of,
            slug,
            at_home: false,
        });
    }
    let mut shared: BTreeMap<String, usize> = BTreeMap::new();
    for slug in components.iter().filter_map(|component| component.slug.clone()) {
        *shared.entry(slug).or_default() += 1;
    }
    for component in &mut components {
        component.at_home = component.slug.as_ref().is_some_and(|slug| shared[slug] == 1);
    }
    components
}

fn keys<T>(map: &BTreeMap<String, T>) -> impl Iterator<Item = &str> {
    map.keys().map(String::as_str)
}

/// A repository with its organization.
fn slug(env: &Environment, repository: Option<&str>) -> Option<String> {
    repository.map(|repository| format!("{}/{repository}", env.github.organization))
}

impl Component<'_> {
    fn reference(&self) -> String {
        format!("component:default/{}", self.entity)
    }

    /// The component, and the API of a service.
    fn entities(&self) -> Vec<Value> {
        let Some(env) = speaker(&self.environments) else { return vec![] };
        let mut annotations = json!({"backstage.io/techdocs-ref": "dir:."});
        let mut spec = json!({
            "type": if self.is_service { "service" } else { "website" },
            "lifecycle": self.lifecycle(),
            "owner": owner_ref(env),
            "system": env.project,
        });
        if self.is_service {
            annotations["backstage.io/kubernetes-id"] = json!(self.name);
            // In whichever namespace: each environment has one of its own.
            let selector = format!("app.kubernetes.io/name={}", self.name);
            annotations["backstage.io/kubernetes-label-selector"] = json!(selector);
            spec["providesApis"] = json!([format!("api:default/{}", self.entity)]);
            spec["consumesApis"] = json!(self.needs());
        }
        if let Some(slug) = &self.slug {
            annotations["github.com/project-slug"] = json!(slug);
        }
        let environments: Vec<&str> = self.environments.iter().map(|env| env.environment.as_str()).collect();
        let component = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {
                "name": self.entity,
                "description": format!("In {}", environments.join(", ")),
                "annotations": annotations,
                "links": self.links(),
            },
            "spec": spec,
        });
        if self.is_service { vec![component, self.api(env)] } else { vec![component] }
    }

    fn lifecycle(&self) -> &'static str {
        match self.environments.iter().any(|env| env.protected) {
            true => "production",
            false => "experimental",
        }
    }

    /// The APIs of the services that it calls, in any environment.
    fn needs(&self) -> BTreeSet<String> {
        let services = self.environments.iter().filter_map(|env| env.services.get(self.name));
        services
            .flat_map(|service| &service.needs)
            .map(|need| format!("api:default/{}", entity_name(need)))
            .collect()
    }

    /// Returns the links for people.
    fn links(&self) -> Vec<Value> {
        let domains = self
            .environments
            .iter()
            .filter_map(|env| Some((env, env.frontends.get(self.name)?.domain.as_ref()?)))
            .filter(|_| !self.is_service);
        let links = domains.filter(|(_, domain)| console::is_host(domain));
        links.map(|(env, domain)| link(format!("https://{domain}/"), &env.environment, "web")).collect()
    }

    /// The API as far as the spec knows it; a service with a repository of its own says more.
    fn api(&self, env: &Environment) -> Value {
        let path = env.services.get(self.name).and_then(|service| service.path.as_deref());
        let definition = json!({
            "openapi": "3.1.0",
            "info": {
                "title": self.name,
                "version": "unknown",
                "description": "A service with a repository of its own describes its API there, in catalog-info.yaml.",
            },
            "servers": path.map(|path| json!({"url": path})).into_iter().collect::<Vec<_>>(),
            "paths": {},
        });
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "API",
            "metadata": {"name": self.entity},
            "spec": {
                "type": "openapi",
                "lifecycle": self.lifecycle(),
                "owner": owner_ref(env),
                "system": env.project,
                "definition": yaml::flow(&yaml::sorted(definition)),
            },
        })
    }
}

/// Returns the catalog files of the repositories that describe themselves.
fn homes(environments: &[&Environment], components: &[Component<'_>]) -> Option<Value> {
    let home = |component: &&Component<'_>| component.at_home;
    let targets: Vec<String> = components
        .iter()
        .filter(home)
        .filter_map(|component| component.slug.as_ref())
        .map(|slug| format!("https://github.com/{slug}/blob/main/catalog-info.yaml"))
        .collect();
    let project = &speaker(environments)?.project;
    (!targets.is_empty()).then(|| {
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Location",
            "metadata": {
                "name": format!("{project}-repositories"),
                "description": "Services and frontends with repositories of their own",
            },
            "spec": {"type": "url", "targets": targets},
        })
    })
}
