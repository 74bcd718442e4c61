//! Replicas of a service, and the number of them that may go at once.

use serde_json::json;

use super::{Manifest, ServiceContext, selector};

/// Only where there is something to scale.
pub(super) fn autoscaler(of: &ServiceContext<'_>) -> Option<Manifest> {
    let most = of.autoscaled_to()?;
    let targets = &of.env.targets;
    let metric = |name: &str, percent: u8| {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        json!({"type": "Resource", "resource": {"name": name, "target": target}})
    };
    let spec = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of.name()},
        "minReplicas": of.service.replicas,
        "maxReplicas": most,
        "metrics": [metric("cpu", targets.cpu_percent), metric("memory", targets.memory_percent)],
    });
    let object = of.object("autoscaling/v2", "HorizontalPodAutoscaler", json!({"spec": spec}));
    Some(Manifest::new("autoscaler", object))
}

/// Only where a replica can go without the service going: with one alone no node could be emptied.
pub(super) fn disruption_budget(of: &ServiceContext<'_>) -> Option<Manifest> {
    (of.service.replicas > 1).then(|| {
        let spec = json!({
            "maxUnavailable": 1,
            // A pod that doesn't work anyway must not keep a node from being emptied.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector(of.name())},
        });
        let object = of.object("policy/v1", "PodDisruptionBudget", json!({"spec": spec}));
        Manifest::new("disruption-budget", object)
    })
}
