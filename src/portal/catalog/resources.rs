//! Resources of one environment, as entities of the catalog.

use std::collections::BTreeSet;

use billpay_model::environment::Environment;
use billpay_model::names;
use serde_json::{Value, json};

use super::names::entity_name;
use super::{Component, ENVIRONMENT, console, link, owner_ref};

/// A resource before it is an entity.
struct Resource {
    /// Its name in AWS.
    name: String,
    kind: &'static str,
    description: String,
    page: String,
    /// The components that stand on it.
    used_by: Vec<String>,
    /// The resources that it stands on.
    needs: Vec<String>,
}

/// The resources of an environment.
///
/// They name the components that stand on them, not the other way round: so a component that
/// is described elsewhere has them too.
pub fn of(env: &Environment, components: &[Component<'_>]) -> Vec<Value> {
    let here = |component: &&Component<'_>| {
        component.environments.iter().any(|other| other.environment == env.environment)
    };
    let here: Vec<&Component<'_>> = components.iter().filter(here).collect();
    let services = || here.iter().filter(|component| component.is_service);
    let mut resources = vec![Resource {
        name: names::cluster(env),
        kind: "kubernetes-cluster",
        description: format!("EKS, Kubernetes {}", env.cluster.version),
        page: console::cluster(env),
        used_by: services().map(|component| component.reference()).collect(),
        needs: vec![],
    }];
    resources.extend(services().map(|component| Resource {
        name: names::repository(env, component.name),
        kind: "ecr-repository",
        description: format!("Images of {}", component.name),
        page: console::repository(env, component.name),
        used_by: vec![component.reference()],
        needs: vec![],
    }));
    for component in here.iter().filter(|component| !component.is_service) {
        let bucket = names::frontend_bucket(env, component.name);
        resources.push(Resource {
            name: names::own(env, &format!("distribution-{}", component.name)),
            kind: "cloudfront-distribution",
            description: format!("CloudFront in front of {}", component.name),
            page: console::distributions(),
            used_by: vec![component.reference()],
            needs: vec![bucket.clone()],
        });
        resources.push(Resource {
            page: console::bucket(env, &bucket),
            name: bucket,
            kind: "s3-bucket",
            description: format!("Files of {}", component.name),
            used_by: vec![component.reference()],
            needs: vec![],
        });
    }
    for name in env.buckets.keys() {
        let bucket = names::other_bucket(env, name);
        let page = console::bucket(env, &bucket);
        let description = format!("The bucket `{name}` of the spec");
        let (used_by, needs) = (vec![], vec![]);
        resources.push(Resource { name: bucket, kind: "s3-bucket", description, page, used_by, needs });
    }
    for (name, secret) in &env.secrets {
        let reads = |component: &&&Component<'_>| {
            let service = env.services.get(component.name);
            service.is_some_and(|service| service.secrets.iter().flatten().any(|read| read == name))
        };
        resources.push(Resource {
            name: names::secret(env, name),
            kind: "secret",
            description: secret.description.clone(),
            page: console::secret(env, name),
            used_by: services().filter(reads).map(|component| component.reference()).collect(),
            needs: vec![],
        });
    }
    if env.monitoring.dashboard {
        resources.push(Resource {
            name: names::own(env, "dashboard"),
            kind: "cloudwatch-dashboard",
            description: "Metrics and alarms".to_string(),
            page: console::dashboard(env),
            used_by: vec![],
            needs: vec![],
        });
    }
    let mut taken = BTreeSet::new();
    resources.into_iter().map(|resource| resource.entity(env, &mut taken)).collect()
}

impl Resource {
    /// AWS has a room of its own for the names of each kind; the catalog has one for all.
    fn entity(self, env: &Environment, taken: &mut BTreeSet<String>) -> Value {
        let mut name = entity_name(&self.name);
        if !taken.insert(name.clone()) {
            name = entity_name(&format!("{}-{}", self.name, self.kind));
            taken.insert(name.clone());
        }
        let needs = self.needs.iter().map(|name| format!("resource:default/{}", entity_name(name)));
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Resource",
            "metadata": {
                "name": name,
                "title": self.name,
                "description": self.description,
                "annotations": {ENVIRONMENT: env.environment},
                "links": [link(self.page, "AWS console", "cloud")],
            },
            "spec": {
                "type": self.kind,
                "owner": owner_ref(env),
                "system": names::namespace(env),
                "dependencyOf": self.used_by,
                "dependsOn": needs.collect::<Vec<_>>(),
            },
        })
    }
}
