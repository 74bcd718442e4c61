//! Kubernetes objects of an environment and its services, in the order in which
//! they are applied.
//!
//! All of it is a pure function of the environment's spec, each service's [`Values`] and the
//! [`Image`] to run. The files of `billpay scaffold kubernetes` are these objects as YAML.

mod given;
mod image;
mod namespace;
mod network;
mod quantity;
mod scale;
mod values;
mod workload;

use std::collections::BTreeSet;

use billpay_model::environment::{Environment, Service};
use billpay_model::names;
use serde_json::{Value, json};

pub use image::{Image, ImageError};
pub use values::{Outbound, Overrides, Probe, Probes, Startup, Values, json_schema};

/// An object, and what its file is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub name: &'static str,
    pub object: Value,
}

impl Manifest {
    fn new(name: &'static str, object: Value) -> Manifest {
        Manifest { name, object }
    }
}

/// Reason for which there are no objects of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("`{0}` is not among the environment's services")]
    UnknownService(String),
    #[error(
        "`{service}` reads the secrets `{first}` and `{second}`, whose names would be in one environment variable"
    )]
    SameVariable { service: String, first: String, second: String },
}

/// Returns the objects that all services of an environment share, in the order in which they are applied.
pub fn environment(env: &Environment) -> Vec<Manifest> {
    namespace::manifests(env)
}

/// The objects of a service, in the order in which they are applied: who it is and what may reach
/// it before it runs, and the way in from outside last.
///
/// # Errors
/// Fails if the environment has no such service, or two of the service's secrets would be one variable.
pub fn service(env: &Environment, values: &Values, image: &Image) -> Result<Vec<Manifest>, ManifestError> {
    let name = &values.service;
    let service = env.services.get(name).ok_or_else(|| ManifestError::UnknownService(name.clone()))?;
    if let Some((first, second)) = given::same_variable(service) {
        let (first, second) = (first.to_owned(), second.to_owned());
        return Err(ManifestError::SameVariable { service: name.clone(), first, second });
    }
    let of = ServiceContext { env, service, values, image };
    let always =
        [workload::account(&of), network::policy(&of), network::service(&of), workload::deployment(&of)];
    let where_it_fits = [scale::autoscaler(&of), scale::disruption_budget(&of), network::ingress(&of)];
    Ok(always.into_iter().chain(where_it_fits.into_iter().flatten()).collect())
}

/// The services of an environment, each behind those that it needs.
pub fn order(env: &Environment) -> Vec<&str> {
    let mut left: BTreeSet<&str> = env.services.keys().map(String::as_str).collect();
    let mut order = Vec::new();
    loop {
        let ready =
            |name: &&&str| env.services[**name].needs.iter().all(|need| !left.contains(need.as_str()));
        // A spec in which services need one another in a circle is refused before.
        let Some(next) = left.iter().find(ready).or_else(|| left.first()).copied() else {
            return order;
        };
        left.remove(next);
        order.push(next);
    }
}

/// Inputs of the objects of one service.
struct ServiceContext<'a> {
    env: &'a Environment,
    service: &'a Service,
    values: &'a Values,
    image: &'a Image,
}

impl ServiceContext<'_> {
    fn name(&self) -> &str {
        &self.values.service
    }

    /// The port of health and metrics, where it is one of its own.
    fn management_port(&self) -> Option<u16> {
        self.values.management_port.filter(|port| *port != self.service.port)
    }

    /// Most replicas, where the number changes by itself.
    fn autoscaled_to(&self) -> Option<u32> {
        self.service.max_replicas.filter(|most| *most > self.service.replicas)
    }

    /// An object of the service, without what it is about.
    fn object(&self, api: &str, kind: &str, rest: Value) -> Value {
        let metadata = json!({
            "name": self.name(),
            "namespace": names::namespace(self.env),
            "labels": labels(self.env, self.name()),
        });
        let mut object = json!({"apiVersion": api, "kind": kind, "metadata": metadata});
        if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), rest) {
            object.extend(rest);
        }
        object
    }
}

/// Returns the labels that tell the pods of a service from others; Kubernetes never lets a Deployment change them.
fn selector(service: &str) -> Value {
    json!({"app.kubernetes.io/name": service})
}

fn labels(env: &Environment, service: &str) -> Value {
    json!({
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/instance": format!("{service}-{}", env.environment),
        "app.kubernetes.io/part-of": env.project,
        "app.kubernetes.io/managed-by": "billpay",
        "backstage.io/kubernetes-id": service,
        "billpay.com/environment": env.environment,
    })
}
