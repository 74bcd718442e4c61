//! The containers of a service, and who they are.

use serde_json::{Value, json};

use super::{Manifest, ServiceContext, Startup, given, labels, network, quantity, selector};

/// Time between two startup probes, seconds.
const STARTUP_PERIOD: u32 = 5;
/// Until everybody knows that a pod is leaving, requests still come: seconds that it goes on
/// serving them. The load balancer takes longer to learn it than the cluster.
const LEAVES_LOAD_BALANCER: u32 = 15;
const LEAVES_CLUSTER: u32 = 5;
/// Time for the process to end after its last request, seconds.
const ENDS: u32 = 5;
/// Time until a pod's container starts (node, image), seconds.
const PLACED: u32 = 300;

/// The service's identity. AWS ties its role to it through EKS Pod Identity, so it is not annotated.
pub(super) fn account(of: &ServiceContext<'_>) -> Manifest {
    // Services don't talk to Kubernetes, so they get no token for it.
    let rest = json!({"automountServiceAccountToken": false});
    Manifest::new("service-account", of.object("v1", "ServiceAccount", rest))
}

pub(super) fn deployment(of: &ServiceContext<'_>) -> Manifest {
    let mut spec = json!({
        // Autoscaling owns the number where there is any: naming it here would undo its work.
        "replicas": of.service.replicas,
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": of.values.probes.startup.seconds + PLACED,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "selector": {"matchLabels": selector(of.name())},
        "template": {"metadata": {"labels": labels(of.env, of.name())}, "spec": pod(of)},
    });
    if let (Some(spec), Some(_)) = (spec.as_object_mut(), of.autoscaled_to()) {
        spec.shift_remove("replicas");
    }
    let mut object = of.object("apps/v1", "Deployment", json!({"spec": spec}));
    object["metadata"]["annotations"] = json!({
        "checkov.io/skip1": "CKV_K8S_11=a limit of CPU slows starts down and helps nobody: requests share it out",
        "checkov.io/skip2": "CKV_K8S_15=a digest is always the same image, so there is no need to pull it again",
    });
    Manifest::new("deployment", object)
}

fn pod(of: &ServiceContext<'_>) -> Value {
    let values = of.values;
    let user = values.user;
    let leaves = leaves(of);
    let name = |index: usize| format!("writable-{index}");
    let mounts = values.writable.iter().enumerate();
    let mounts: Vec<Value> =
        mounts.map(|(index, path)| json!({"name": name(index), "mountPath": path})).collect();
    let volumes: Vec<Value> = (0..mounts.len())
        .map(|index| json!({"name": name(index), "emptyDir": {"sizeLimit": "512Mi"}}))
        .collect();
    let spread = |topology: &str| {
        json!({
            "maxSkew": 1,
            "topologyKey": topology,
            // Better all in one zone than not at all.
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector(of.name())},
            // Each rollout is spread by itself, whatever the old pods do.
            "matchLabelKeys": ["pod-template-hash"],
        })
    };
    let memory = quantity::memory(&of.service.memory);
    let mut container = json!({
        "name": of.name(),
        "image": of.image.to_string(),
        "imagePullPolicy": "IfNotPresent",
        "env": variables(of),
        "ports": ports(of),
        "resources": {
            "requests": {"cpu": quantity::cpu(&of.service.cpu), "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
        // By Kubernetes itself: the image may have no program that sleeps.
        "lifecycle": {"preStop": {"sleep": {"seconds": leaves}}},
    });
    probes(of, &mut container);
    let mut pod = json!({
        "serviceAccountName": of.name(),
        "automountServiceAccountToken": false,
        // Else every Service of the namespace would become variables, such as SERVER_PORT=tcp://….
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": leaves + values.shutdown_seconds + ENDS,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
    });
    if !mounts.is_empty() {
        container["volumeMounts"] = json!(mounts);
        pod["volumes"] = json!(volumes);
    }
    pod["containers"] = json!([container]);
    pod
}

/// Seconds that a pod goes on serving after it was told to leave.
fn leaves(of: &ServiceContext<'_>) -> u32 {
    if of.service.path.is_some() { LEAVES_LOAD_BALANCER } else { LEAVES_CLUSTER }
}

fn variables(of: &ServiceContext<'_>) -> Vec<Value> {
    let given = given::variables(of.env, of.name(), of.service);
    let own = of.values.env.iter().map(|(name, value)| (name.clone(), value.clone()));
    // Kubernetes puts other variables where a value says `$(NAME)`, and takes `$$` for `$`.
    let variable = |(name, value): (String, String)| json!({"name": name, "value": value.replace('$', "$$")});
    given.into_iter().chain(own).map(variable).collect()
}

fn ports(of: &ServiceContext<'_>) -> Vec<Value> {
    let own = [("http", of.service.port)].into_iter();
    let all = own.chain(of.management_port().map(|port| (network::MANAGEMENT, port)));
    all.map(|(name, port)| json!({"name": name, "containerPort": port, "protocol": "TCP"})).collect()
}

fn probes(of: &ServiceContext<'_>, container: &mut Value) {
    let probes = &of.values.probes;
    let Startup { path, seconds } = &probes.startup;
    let mut startup = asks(of, path.as_deref());
    startup["periodSeconds"] = json!(STARTUP_PERIOD);
    startup["timeoutSeconds"] = json!(3);
    startup["failureThreshold"] = json!(seconds.div_ceil(STARTUP_PERIOD));
    let mut liveness = asks(of, probes.liveness.path.as_deref());
    liveness["periodSeconds"] = json!(10);
    liveness["timeoutSeconds"] = json!(5);
    liveness["failureThreshold"] = json!(3);
    let mut readiness = asks(of, probes.readiness.path.as_deref());
    readiness["periodSeconds"] = json!(5);
    readiness["timeoutSeconds"] = json!(3);
    readiness["failureThreshold"] = json!(3);
    container["startupProbe"] = startup;
    container["livenessProbe"] = liveness;
    container["readinessProbe"] = readiness;
}

fn asks(of: &ServiceContext<'_>, path: Option<&str>) -> Value {
    let health = if of.management_port().is_some() { network::MANAGEMENT } else { "http" };
    match path {
        Some(path) => json!({"httpGet": {"path": path, "port": health, "scheme": "HTTP"}}),
        None => json!({"tcpSocket": {"port": "http"}}),
    }
}
