//! Backend services: what they need, where they answer, how many there are.

use std::collections::BTreeMap;

use billpay_model::environment::{Environment, Map, Service};

use super::{Finding, item, key, value};
use crate::amount::{kibibytes, thousandths};

/// Longest path that a rule of a load balancer can be about, with room for `/*`.
const MAX_PATH_CHARS: usize = 126;
/// Most CPU of an instance, thousandths, and its memory, Ki: EC2's u7inh-32tb.480xlarge.
const MAX_MILLICPUS: u64 = 1_920_000;
const MAX_MEMORY_KIB: u64 = 32 << 30;

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let services = &env.services;
    let mut found = Vec::new();
    for (name, service) in services {
        found.extend(replicas(name, service));
        found.extend(nothing(name, service));
        found.extend(too_much(name, service));
        found.extend(needs(name, service, services));
        let (secrets, buckets) = (&service.secrets, &service.buckets);
        found.extend(reads(name, secrets, ("secret", "secrets", "unknown-secret"), &env.secrets));
        found.extend(reads(name, buckets, ("bucket", "buckets", "unknown-bucket"), &env.buckets));
    }
    found.extend(cycles(services));
    found.extend(paths(services));
    found.extend(secrets(env));
    found.extend(rotation(env));
    found
}

/// A function that rotates a secret needs to know how often.
fn rotation(env: &Environment) -> Vec<Finding> {
    let without = env
        .secrets
        .iter()
        .filter(|(_, secret)| secret.rotation_function.is_some() && secret.rotation_days.is_none());
    without
        .map(|(name, _)| {
            let message = format!("`{name}` has a `rotation_function`, and no `rotation_days`");
            Finding::error("incomplete", value(["secrets", name, "rotation_function"]), message)
                .help("say how often with `rotation_days`")
        })
        .collect()
}

/// Finds what a service reads and the spec doesn't have, under the key that both call it by.
fn reads<T>(
    name: &str,
    wanted: &Option<Vec<String>>,
    (what, key, code): (&str, &'static str, &'static str),
    there: &Map<T>,
) -> Vec<Finding> {
    let unknown =
        wanted.iter().flatten().enumerate().filter(|(_, wanted)| !there.contains_key(wanted.as_str()));
    unknown
        .map(|(index, wanted)| {
            let message = format!("`{name}` reads the {what} `{wanted}`, which is not under `{key}`");
            Finding::error(code, item(["services", name, key], index), message)
                .known(wanted, there.keys())
                .given([key, wanted])
        })
        .collect()
}

fn replicas(name: &str, service: &Service) -> Option<Finding> {
    let most = service.max_replicas.filter(|most| service.replicas > *most)?;
    let message = format!("`replicas` is {}, more than `max_replicas`, which is {most}", service.replicas);
    Some(
        Finding::error("min-over-max", value(["services", name, "replicas"]), message)
            .related(value(["services", name, "max_replicas"]), "the most there may be"),
    )
}

/// Finds amounts of nothing, with which Kubernetes would start the service and let it starve.
fn nothing(name: &str, service: &Service) -> Vec<Finding> {
    let amounts = [("cpu", &service.cpu, "500m"), ("memory", &service.memory, "1Gi")];
    let zero = |amount: &&String| !amount.chars().any(|digit| ('1'..='9').contains(&digit));
    let found = amounts.into_iter().filter(|(_, amount, _)| zero(amount));
    found
        .map(|(key, amount, usual)| {
            let message = format!("`{name}` asks for no {key}: `{amount}`");
            Finding::error("no-amount", value(["services", name, key]), message)
                .help(format!("write how much one replica needs, such as {usual}"))
        })
        .collect()
}

/// Finds amounts that no instance has, such as thousandths written as whole CPUs.
fn too_much(name: &str, service: &Service) -> Vec<Finding> {
    let is_more = |amount: Option<u64>, most: u64| amount.is_none_or(|amount| amount > most);
    let amounts = [
        (
            "cpu",
            &service.cpu,
            is_more(thousandths(&service.cpu), MAX_MILLICPUS),
            "1920",
            "500m is half a CPU",
        ),
        (
            "memory",
            &service.memory,
            is_more(kibibytes(&service.memory), MAX_MEMORY_KIB),
            "32Ti",
            "1Gi is usual",
        ),
    ];
    let found = amounts.into_iter().filter(|(_, _, is_more, ..)| *is_more);
    found
        .map(|(key, amount, _, most, usual)| {
            let message = format!("`{name}` asks for more {key} than any instance has: `{amount}`");
            Finding::error("too-much", value(["services", name, key]), message)
                .help(format!("EC2's biggest instance has {most}; {usual}"))
        })
        .collect()
}

fn needs(name: &str, service: &Service, services: &Map<Service>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, needed) in service.needs.iter().enumerate() {
        let spot = item(["services", name, "needs"], index);
        if !services.contains_key(needed) {
            let message = format!("`{name}` needs `{needed}`, which is not under `services`");
            found.push(
                Finding::error("unknown-service", spot, message)
                    .known(needed, services.keys())
                    .given(["services", needed]),
            );
        } else if service.needs[..index].contains(needed) {
            found.push(Finding::error("duplicate", spot, format!("`{name}` needs `{needed}` twice")));
        }
    }
    found
}

/// Finds services that need each other in a circle, each circle once.
fn cycles(services: &Map<Service>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    for start in services.keys() {
        let mut trail: Vec<&str> = Vec::new();
        // What is left to do: enter a service, or leave it again.
        let mut pending = vec![(start.as_str(), false)];
        while let Some((name, leave)) = pending.pop() {
            if leave {
                trail.pop();
                done.insert(name, true);
                continue;
            }
            if let Some(at) = trail.iter().position(|other| *other == name) {
                let finding = cycle(&trail[at..], services);
                if !found.contains(&finding) {
                    found.push(finding);
                }
                continue;
            }
            if done.contains_key(name) {
                continue;
            }
            trail.push(name);
            pending.push((name, true));
            let needs = services.get(name).map(|service| service.needs.as_slice()).unwrap_or_default();
            pending.extend(
                needs
                    .iter()
                    .filter(|needed| services.contains_key(*needed))
                    .map(|needed| (needed.as_str(), false)),
            );
        }
    }
    found
}

fn cycle(names: &[&str], services: &Map<Service>) -> Finding {
    let least = names.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(index, _)| index);
    let round: Vec<&str> =
        names[least..].iter().chain(&names[..least]).chain([&names[least]]).copied().collect();
    let need = |pair: &[&str]| {
        let needs = services.get(pair[0]).map(|service| service.needs.as_slice()).unwrap_or_default();
        let index = needs.iter().position(|needed| needed == pair[1]).unwrap_or_default();
        (item(["services", pair[0], "needs"], index), format!("{} needs {}", pair[0], pair[1]))
    };
    let mut links = round.windows(2).map(need);
    let message = format!("services need each other in a circle: {}", round.join(" → "));
    let (spot, label) = links.next().unwrap_or_else(|| (key(["services"]), String::new()));
    let finding = Finding::error("cycle", spot, message).label(label);
    links
        .fold(finding, |finding, (spot, label)| finding.related(spot, label))
        .help("none of them could start first")
}

fn paths(services: &Map<Service>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, service) in services {
        let Some(path) = &service.path else { continue };
        found.extend(odd_path(name, path));
        let bare = path.trim_end_matches('/');
        match seen.get(bare) {
            Some(first) => found.push(
                Finding::error(
                    "duplicate-path",
                    value(["services", name, "path"]),
                    format!("`{name}` and `{first}` both answer under `{path}`"),
                )
                .related(value(["services", first, "path"]), "first here"),
            ),
            None => {
                seen.insert(bare, name);
            }
        }
    }
    found
}

/// Finds paths that neither Kubernetes nor the load balancer takes.
fn odd_path(name: &str, path: &str) -> Option<Finding> {
    let spot = value(["services", name, "path"]);
    let inner = path.strip_suffix('/').unwrap_or(path);
    if inner.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
        let message = format!("`{path}` has a part that is empty, `.` or `..`");
        return Some(Finding::error("bad-path", spot, message).help("requests never have such a path"));
    }
    (path.len() > MAX_PATH_CHARS).then(|| {
        let message = format!("the path of `{name}` has {} characters", path.len());
        Finding::error("bad-path", spot, message)
            .help(format!("a load balancer takes {MAX_PATH_CHARS} at most, `/*` not counted"))
    })
}

fn secrets(env: &Environment) -> Vec<Finding> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    let bad =
        env.secrets.keys().filter(|name| name.is_empty() || name.len() > 400 || !name.chars().all(allowed));
    bad.map(|name| {
        Finding::error("bad-name", key(["secrets", name]), format!("`{name}` cannot be the name of a secret"))
            .help(
                "allowed: letters, digits and `/_+=.@-`; at most 400, so that the environment's name fits in",
            )
    })
    .collect()
}
