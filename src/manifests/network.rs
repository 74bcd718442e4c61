//! Network of a service: its route from outside, and who may reach whom.

use billpay_model::environment::Environment;
use billpay_model::names;
use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::{Manifest, ServiceContext, selector};

/// Name of the port of health and metrics.
pub(super) const MANAGEMENT: &str = "management";
/// Port under which services are reached in the cluster.
const SERVICE_PORT: u16 = 80;
/// TLS 1.3 and the sound part of 1.2.
const TLS: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/// Address at which EKS Pod Identity gives a pod its credentials.
const POD_IDENTITY: &str = "169.254.170.23/32";

/// Label of every namespace that holds its name.
const NAMESPACE: &str = "kubernetes.io/metadata.name";

pub(super) fn service(of: &ServiceContext<'_>) -> Manifest {
    // By its number: what enforces policies looks it up by that, and finds no name.
    let port = json!({
        "name": "http", "port": SERVICE_PORT, "targetPort": of.service.port, "protocol": "TCP", "appProtocol": "http",
    });
    let spec = json!({"type": "ClusterIP", "selector": selector(of.name()), "ports": [port]});
    Manifest::new("service", of.object("v1", "Service", json!({"spec": spec})))
}

/// The way in through the environment's load balancer, for who has a path.
pub(super) fn ingress(of: &ServiceContext<'_>) -> Option<Manifest> {
    let path = of.service.path.as_ref()?;
    let to = json!({"service": {"name": of.name(), "port": {"name": "http"}}});
    let mut rule = json!({"http": {"paths": [{"path": path, "pathType": "Prefix", "backend": to}]}});
    if let Some(host) = host(of.env) {
        rule = json!({"host": host, "http": rule["http"].take()});
    }
    let spec = json!({"ingressClassName": "alb", "rules": [rule]});
    let mut object = of.object("networking.k8s.io/v1", "Ingress", json!({"spec": spec}));
    object["metadata"]["annotations"] = annotations(of, path);
    Some(Manifest::new("ingress", object))
}

/// Returns the host name of the environment's services.
fn host(env: &Environment) -> Option<String> {
    env.dns.as_ref().map(|dns| format!("{}.{}", env.environment, dns.zone))
}

/// Returns the annotations for the AWS Load Balancer Controller; all of them are text.
fn annotations(of: &ServiceContext<'_>, path: &str) -> Value {
    let mut annotations = json!({});
    let mut put =
        |name: &str, value: &str| annotations[format!("alb.ingress.kubernetes.io/{name}")] = json!(value);
    // One load balancer for all services of the environment; dashboards find it by this name.
    put("group.name", &names::namespace(of.env));
    // The longest path first, or `/` would take what is meant for `/payments`.
    put("group.order", &1000_usize.saturating_sub(path.trim_end_matches('/').len()).max(1).to_string());
    put("target-type", "ip");
    if host(of.env).is_some() {
        put("scheme", "internet-facing");
        // The controller looks for the certificate of the host by itself.
        put("listen-ports", r#"[{"HTTP":80},{"HTTPS":443}]"#);
        put("ssl-redirect", "443");
        put("ssl-policy", TLS);
    } else {
        // Without a name there is no certificate, and what has none does not leave the network.
        put("scheme", "internal");
        put("listen-ports", r#"[{"HTTP":80}]"#);
    }
    put("load-balancer-attributes", "routing.http.drop_invalid_header_fields.enabled=true");
    put(
        "target-group-attributes",
        &format!("deregistration_delay.timeout_seconds={}", of.values.shutdown_seconds),
    );
    put("healthcheck-protocol", "HTTP");
    match &of.values.probes.readiness.path {
        Some(health) => {
            let port = of.management_port().map_or("traffic-port".to_owned(), |port| port.to_string());
            put("healthcheck-port", &port);
            put("healthcheck-path", health);
            put("success-codes", "200");
        }
        // Nothing is known of what it answers: that it does is enough.
        None => {
            put("healthcheck-port", "traffic-port");
            put("healthcheck-path", "/");
            put("success-codes", "200-499");
        }
    }
    put("healthcheck-interval-seconds", "10");
    put("healthcheck-timeout-seconds", "5");
    put("healthy-threshold-count", "2");
    put("unhealthy-threshold-count", "3");
    annotations
}

/// Returns the network policy of the service. The node that a pod is on always reaches it,
/// so the probes need no rule.
pub(super) fn policy(of: &ServiceContext<'_>) -> Manifest {
    let env = of.env;
    let pods = |name: &str| json!({"podSelector": {"matchLabels": selector(name)}});
    let mut ingress = Vec::new();
    let callers: Vec<Value> = env
        .services
        .iter()
        .filter(|(_, other)| other.needs.iter().any(|need| need == of.name()))
        .map(|(name, _)| pods(name))
        .collect();
    if !callers.is_empty() {
        ingress.push(json!({"from": callers, "ports": [tcp(of.service.port)]}));
    }
    if of.service.path.is_some() {
        let asked: Vec<Value> =
            [Some(of.service.port), of.management_port()].into_iter().flatten().map(tcp).collect();
        ingress.push(json!({"from": load_balancer(env), "ports": asked}));
    }

    let dns = json!({
        "namespaceSelector": {"matchLabels": {NAMESPACE: "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    });
    let mut egress = vec![
        json!({"to": [dns], "ports": [{"protocol": "UDP", "port": 53}, tcp(53)]}),
        json!({"to": [addresses(POD_IDENTITY)], "ports": [tcp(80)]}),
        json!({"to": [addresses("0.0.0.0/0")], "ports": [tcp(443)]}),
    ];
    egress.extend(of.service.needs.iter().filter_map(|need| {
        let port = env.services.get(need)?.port;
        Some(json!({"to": [pods(need)], "ports": [tcp(port)]}))
    }));
    egress.extend(of.values.outbound.iter().map(|outbound| {
        let to = match (&outbound.namespace, &outbound.to) {
            (Some(name), _) => json!({"namespaceSelector": {"matchLabels": {NAMESPACE: name}}}),
            (None, Some(range)) => addresses(range),
            (None, None) => addresses(&env.network.cidr.to_string()),
        };
        json!({"to": [to], "ports": [tcp(outbound.port)]})
    }));
    let spec = json!({
        "podSelector": {"matchLabels": selector(of.name())},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    });
    Manifest::new("network-policy", of.object("networking.k8s.io/v1", "NetworkPolicy", json!({"spec": spec})))
}

/// The subnets that the load balancer is in.
fn load_balancer(env: &Environment) -> Vec<Value> {
    let network = &env.network;
    let subnets = if host(env).is_some() { &network.public_subnets } else { &network.private_subnets };
    subnets.iter().take(network.zones.into()).map(|range: &Ipv4Net| addresses(&range.to_string())).collect()
}

fn addresses(range: &str) -> Value {
    json!({"ipBlock": {"cidr": range}})
}

fn tcp(port: u16) -> Value {
    json!({"protocol": "TCP", "port": port})
}
