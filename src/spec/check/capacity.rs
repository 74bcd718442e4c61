//! The services' requests beside the capacity of the nodes.

use billpay_model::environment::{Cluster, Environment, NodeGroup};
use billpay_model::names;

use super::{Finding, key, value};
use crate::amount::{kibibytes, thousandths};
use crate::instance_types::{PodResources, TABLE_DATE, allocatable};

/// The namespace that the add-ons are in.
const SYSTEM: &str = "kube-system";

/// Amounts that an add-on asks for, as EKS delivered it in November 2026: CPU in thousandths, memory in Mi, and pods,
/// on each node and once in the cluster.
const ADDONS: [(&str, [u64; 3], [u64; 3]); 7] = [
    ("vpc-cni", [50, 0, 1], [0, 0, 0]),
    ("kube-proxy", [100, 0, 1], [0, 0, 0]),
    ("eks-pod-identity-agent", [0, 0, 1], [0, 0, 0]),
    ("coredns", [0, 0, 0], [200, 140, 2]),
    ("metrics-server", [0, 0, 0], [200, 400, 2]),
    ("aws-ebs-csi-driver", [30, 120, 1], [120, 480, 2]),
    ("aws-efs-csi-driver", [0, 0, 1], [0, 0, 2]),
];

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let cluster = &env.cluster;
    // Fargate gives each pod what it asks for.
    if cluster.nodes.is_empty() || is_on_fargate(cluster, &names::namespace(env)) {
        return vec![];
    }
    let mut found = vec![];
    let mut groups: Vec<(&String, &NodeGroup, PodResources)> = vec![];
    for (name, group) in &cluster.nodes {
        match allocatable(&group.instance_type) {
            Some(room) => groups.push((name, group, less(room, &on_each_node(cluster)))),
            None => found.push(
                Finding::warning(
                    "unknown-size",
                    value(["cluster", "nodes", name, "type"]),
                    format!(
                        "what a `{}` holds is not known: whether the services fit can't be told",
                        group.instance_type
                    ),
                )
                .help(format!("billpay knows the usual types, as EC2 had them in {TABLE_DATE}")),
            ),
        }
    }
    if found.is_empty() {
        found.extend(single(env, &groups));
        found.extend(all(env, &groups));
    }
    found
}

fn is_on_fargate(cluster: &Cluster, namespace: &str) -> bool {
    cluster.fargate.values().flat_map(|profile| &profile.namespaces).any(|known| known == namespace)
}

fn addons(cluster: &Cluster) -> impl Iterator<Item = (PodResources, PodResources)> + '_ {
    let room = |[cpu, memory, pods]: [u64; 3]| PodResources { cpu, memory: memory * 1024, pods };
    let is_there =
        |name: &str| cluster.addons.contains_key(name) || (cluster.efs && name == "aws-efs-csi-driver");
    let known = ADDONS.iter().filter(move |(name, ..)| is_there(name));
    known.map(move |(_, each, once)| (room(*each), room(*once)))
}

fn on_each_node(cluster: &Cluster) -> PodResources {
    addons(cluster).fold(PodResources::default(), |sum, (each, _)| plus(sum, &each))
}

fn plus(a: PodResources, b: &PodResources) -> PodResources {
    PodResources {
        cpu: a.cpu.saturating_add(b.cpu),
        memory: a.memory.saturating_add(b.memory),
        pods: a.pods.saturating_add(b.pods),
    }
}

fn less(a: PodResources, b: &PodResources) -> PodResources {
    PodResources {
        cpu: a.cpu.saturating_sub(b.cpu),
        memory: a.memory.saturating_sub(b.memory),
        pods: a.pods.saturating_sub(b.pods),
    }
}

fn times(room: &PodResources, count: u32) -> PodResources {
    let count = u64::from(count);
    PodResources {
        cpu: room.cpu.saturating_mul(count),
        memory: room.memory.saturating_mul(count),
        pods: room.pods.saturating_mul(count),
    }
}

/// Amounts that one replica asks for; an amount beyond all numbers is the largest of them.
fn replica(cpu: &str, memory: &str) -> PodResources {
    PodResources {
        cpu: thousandths(cpu).unwrap_or(u64::MAX),
        memory: kibibytes(memory).unwrap_or(u64::MAX),
        pods: 1,
    }
}

/// Finds services of which one replica fits on no node.
fn single(env: &Environment, groups: &[(&String, &NodeGroup, PodResources)]) -> Vec<Finding> {
    let mut found = vec![];
    for (name, service) in &env.services {
        let asked = replica(&service.cpu, &service.memory);
        let fits = |(_, _, room): &(&String, &NodeGroup, PodResources)| {
            asked.cpu <= room.cpu && asked.memory <= room.memory
        };
        if groups.iter().any(fits) {
            continue;
        }
        let is_cpu = groups.iter().all(|(_, _, room)| asked.cpu > room.cpu);
        let spot = if is_cpu { "cpu" } else { "memory" };
        let message = format!("one replica of `{name}` fits on no node: it asks for {}", describe(&asked));
        let mut finding = Finding::warning("too-big", value(["services", name, spot]), message)
            .help("choose a bigger `type`, or ask for less");
        for (group, NodeGroup { instance_type, .. }, room) in groups {
            let left = format!("a {instance_type} leaves {} for pods, beside the add-ons", describe(room));
            finding = finding.related(value(["cluster", "nodes", group, "type"]), left);
        }
        found.push(finding);
    }
    found
}

/// Finds whether the services, each with the replicas that run when idle, ask for more than all nodes hold.
fn all(env: &Environment, groups: &[(&String, &NodeGroup, PodResources)]) -> Option<Finding> {
    let cluster = &env.cluster;
    let room = groups
        .iter()
        .fold(PodResources::default(), |sum, (_, group, room)| plus(sum, &times(room, group.max)));
    let system = match is_on_fargate(cluster, SYSTEM) {
        true => PodResources::default(),
        false => addons(cluster).fold(PodResources::default(), |sum, (_, once)| plus(sum, &once)),
    };
    let services = env.services.values();
    let asked = services.fold(system, |sum, service| {
        plus(sum, &times(&replica(&service.cpu, &service.memory), service.replicas))
    });
    if asked.cpu <= room.cpu && asked.memory <= room.memory && asked.pods <= room.pods {
        return None;
    }
    let spot = match groups {
        [(name, ..)] => value(["cluster", "nodes", name, "max"]),
        _ => key(["cluster", "nodes"]),
    };
    let message = format!(
        "services and add-ons ask for {} in {} pods, and at their most the nodes hold {} in {} pods",
        describe(&asked),
        asked.pods,
        describe(&room),
        room.pods
    );
    let mut finding = Finding::warning("too-few-nodes", spot, message)
        .help("raise `max`, choose a bigger `type`, or ask for less: `replicas`, `cpu`, `memory`");
    for name in env.services.keys() {
        for key in ["replicas", "cpu", "memory"] {
            finding = finding.given(["services", name, key]);
        }
    }
    Some(finding)
}

fn describe(room: &PodResources) -> String {
    format!("cpu {} and memory {}Mi", room.cpu as f64 / 1000.0, room.memory / 1024)
}
