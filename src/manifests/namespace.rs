//! The namespace of an environment's services, and that nothing in it talks unasked.

use billpay_model::environment::Environment;
use billpay_model::names;
use serde_json::{Value, json};

use super::Manifest;

pub(super) fn manifests(env: &Environment) -> Vec<Manifest> {
    vec![Manifest::new("namespace", namespace(env)), Manifest::new("network-policy", nothing_unasked(env))]
}

fn namespace(env: &Environment) -> Value {
    let version = format!("v{}", env.cluster.version);
    let mut labels = own_labels(env);
    // Pods that a rollout starts take part only once the load balancer finds them healthy, and
    // only then are the old ones stopped.
    labels["elbv2.k8s.aws/pod-readiness-gate-inject"] = json!("enabled");
    for mode in ["enforce", "audit", "warn"] {
        labels[format!("pod-security.kubernetes.io/{mode}")] = json!("restricted");
        labels[format!("pod-security.kubernetes.io/{mode}-version")] = json!(version);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": names::namespace(env), "labels": labels},
    })
}

/// Without rules of its own, a pod neither reaches others nor is reached by them.
fn nothing_unasked(env: &Environment) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": names::namespace(env), "labels": own_labels(env)},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    })
}

fn own_labels(env: &Environment) -> Value {
    json!({
        "app.kubernetes.io/part-of": env.project,
        "app.kubernetes.io/managed-by": "billpay",
        "billpay.com/environment": env.environment,
    })
}
