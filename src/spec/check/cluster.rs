//! The cluster: its version, what its pods run on, and who may use it.

use billpay_model::environment::{AccessPolicy, Cluster, Environment, Support};
use billpay_model::names;
use jiff::civil::Date;

use super::{Finding, Spot, item, key, value};
use crate::kubernetes::{self, EXTENDED_HOURLY, STANDARD_HOURLY, SupportState, TABLE_DATE};
use crate::path::Path;

/// Days before the end of standard support from which on it is worth a warning.
const NOTICE_DAYS: i32 = 60;

pub(super) fn check(env: &Environment, today: Date) -> Vec<Finding> {
    let cluster = &env.cluster;
    let mut found: Vec<Finding> = version(cluster, today).into_iter().collect();
    found.extend(nodes(cluster));
    found.extend(fargate(cluster));
    found.extend(access(cluster));
    found.extend(efs(cluster));
    found
}

/// The file system comes with its driver; a second one would be the same add-on again.
fn efs(cluster: &Cluster) -> Option<Finding> {
    let driver = "aws-efs-csi-driver";
    (cluster.efs && cluster.addons.contains_key(driver)).then(|| {
        let message = format!("`{driver}` comes with `cluster.efs` already");
        Finding::error("duplicate", key(["cluster", "addons", driver]), message)
            .related(value(["cluster", "efs"]), "this brings the file system and its driver")
            .help("take the add-on out of `cluster.addons`")
    })
}

fn version(cluster: &Cluster, today: Date) -> Option<Finding> {
    let spot = value(["cluster", "version"]);
    let version = &cluster.version;
    let supported = format!(
        "in standard support: {} (as AWS said it in {})",
        kubernetes::supported(today).join(", "),
        TABLE_DATE.strftime("%B %Y")
    );
    let choice = || value(["cluster", "support"]);
    Some(match (kubernetes::support(version, today), cluster.support) {
        (SupportState::Standard { until }, _) => {
            let days = (until - today).get_days();
            if days > NOTICE_DAYS {
                return None;
            }
            let message = format!("standard support of Kubernetes {version} ends on {until}, in {days} days");
            Finding::warning("support-ends", spot, message).help(format!("plan the upgrade; {supported}"))
        }
        (SupportState::Extended { since, until }, Support::Extended) => {
            let message = format!(
                "Kubernetes {version} is in extended support since {since}: {EXTENDED_HOURLY:.2} instead of {STANDARD_HOURLY:.2} USD per cluster hour, about {:.0} USD a month more",
                (EXTENDED_HOURLY - STANDARD_HOURLY) * 730.0
            );
            Finding::warning("extended-support", spot, message)
                .help(format!("it ends on {until}; {supported}"))
        }
        (SupportState::Extended { since, .. }, Support::Standard) => {
            let message = format!(
                "standard support of Kubernetes {version} ended on {since}, and `support` is `standard`"
            );
            Finding::error("extended-support", spot, message)
                .related(choice(), "so AWS would upgrade the cluster by itself")
                .help(supported)
                .help(format!(
                    "or pay for a year more with `support: extended`: {EXTENDED_HOURLY:.2} instead of {STANDARD_HOURLY:.2} USD per cluster hour"
                ))
        }
        (SupportState::Ended { since }, _) => {
            let ended = since.map_or_else(String::new, |since| format!(" since {since}"));
            let message = format!("AWS no longer supports Kubernetes {version}{ended}");
            Finding::error("unsupported-version", spot, message).help(supported)
        }
        (SupportState::Unknown, _) => Finding::error(
            "unknown-version",
            spot,
            format!("Kubernetes {version} is not a version that EKS has"),
        )
        .help(supported),
    })
}

fn nodes(cluster: &Cluster) -> Vec<Finding> {
    let mut found = Vec::new();
    if cluster.nodes.is_empty() && cluster.fargate.is_empty() {
        found.push(
            Finding::error("no-nodes", value(["cluster", "nodes"]), "the cluster has nothing to run pods on")
                .help("give it a node group under `cluster.nodes`, or a profile under `cluster.fargate`"),
        );
    }
    for (name, group) in &cluster.nodes {
        if group.min > group.max {
            let message = format!("`min` is {}, more than `max`, which is {}", group.min, group.max);
            found.push(
                Finding::error("min-over-max", value(["cluster", "nodes", name, "min"]), message)
                    .related(value(["cluster", "nodes", name, "max"]), "the most there may be"),
            );
        }
        for (label, content) in group.labels.iter().flatten() {
            if let Some(reason) = bad_label(label, content) {
                let path = Path::of(["cluster", "nodes", name, "labels"]).key(label);
                found.push(Finding::error("bad-label", Spot::Key(path), reason));
            }
        }
    }
    found
}

/// Says what is wrong with a Kubernetes label: `[dns.prefix/]name: value`.
fn bad_label(label: &str, content: &str) -> Option<String> {
    let (prefix, name) = match label.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, label),
    };
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: char| c.is_ascii_alphanumeric();
    let is_word = |text: &str| {
        text.len() <= 63 && text.chars().all(inner) && text.starts_with(edge) && text.ends_with(edge)
    };
    let is_dns =
        |text: &str| text.len() <= 253 && text.split('.').all(|part| is_word(part) && !part.contains('_'));
    if !is_word(name) || prefix.is_some_and(|prefix| !is_dns(prefix)) {
        return Some(format!(
            "`{label}` cannot be the name of a label: letters, digits and `-_.`, at most 63"
        ));
    }
    if prefix.is_some_and(|prefix| {
        ["kubernetes.io", "k8s.io"].iter().any(|own| prefix == *own || prefix.ends_with(&format!(".{own}")))
    }) {
        return Some(format!(
            "`{label}`: labels under kubernetes.io and k8s.io are Kubernetes' own, and kubelet refuses them"
        ));
    }
    (!content.is_empty() && !is_word(content))
        .then(|| format!("`{content}` cannot be the value of a label: letters, digits and `-_.`, at most 63"))
}

fn fargate(cluster: &Cluster) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, profile) in &cluster.fargate {
        for (index, namespace) in profile.namespaces.iter().enumerate() {
            found.extend(bad_namespace(namespace, item(["cluster", "fargate", name, "namespaces"], index)));
        }
    }
    found
}

fn access(cluster: &Cluster) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (name, access) in &cluster.access {
        let spot = value(["cluster", "access", name, "principal"]);
        let principal = access.principal.as_str();
        if !is_principal(principal) {
            found.push(
                Finding::error("bad-principal", spot.clone(), format!("`{principal}` is not the ARN of an IAM role or user"))
                    .help("write arn:aws:iam::{account}:role/<name>; `{account}` stands for the environment's account"),
            );
        }
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == principal) {
            found.push(
                Finding::error("duplicate", spot, format!("`{principal}` has access twice"))
                    .related(value(["cluster", "access", first, "principal"]), "first here"),
            );
        }
        seen.push((principal, name));
        for (index, namespace) in access.namespaces.iter().flatten().enumerate() {
            found.extend(bad_namespace(namespace, item(["cluster", "access", name, "namespaces"], index)));
        }
        if access.policy == AccessPolicy::ClusterAdmin && access.namespaces.is_some() {
            let spot = value(["cluster", "access", name, "namespaces"]);
            found.push(
                Finding::error("whole-cluster", spot, "`cluster-admin` cannot be limited to namespaces")
                    .related(value(["cluster", "access", name, "policy"]), "covers the whole cluster")
                    .help("`admin` can"),
            );
        }
    }
    found
}

/// Returns true for `arn:aws:iam::<account>:role/<path and name>`, or a user's; never for a pattern.
fn is_principal(arn: &str) -> bool {
    let Some((account, name)) = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let account_fits =
        account == "{account}" || (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
    let name = name.strip_prefix("role/").or_else(|| name.strip_prefix("user/"));
    let name_fits = |name: &str| {
        let own = name.rsplit('/').next().unwrap_or(name);
        (1..=64).contains(&own.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c))
    };
    account_fits && name.is_some_and(name_fits)
}

fn bad_namespace(namespace: &str, spot: Spot) -> Option<Finding> {
    let fits = names::NAMESPACE.accepts(namespace) && namespace.len() <= names::NAMESPACE.longest;
    (!fits).then(|| {
        Finding::error(
            "bad-namespace",
            spot,
            format!("`{namespace}` cannot be the name of a Kubernetes namespace"),
        )
        .help(format!("allowed: {}; at most {}", names::NAMESPACE.allowed, names::NAMESPACE.longest))
    })
}
