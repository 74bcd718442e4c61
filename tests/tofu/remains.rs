//! That a destroy left nothing behind.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::inventory::inventory;
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// Lists that the inventory of billpay's own kinds doesn't see: the call, where the list is in its
/// answer, and what identifies one.
const MORE: &[(&[&str], &str, &str)] = &[
    (&["secretsmanager", "list-secrets"], "/SecretList", "/Name"),
    (&["sns", "list-topics"], "/Topics", "/TopicArn"),
    (&["sns", "list-subscriptions"], "/Subscriptions", "/SubscriptionArn"),
    (&["cloudwatch", "describe-alarms"], "/MetricAlarms", "/AlarmName"),
    (&["cloudwatch", "list-dashboards"], "/DashboardEntries", "/DashboardName"),
    (&["cloudtrail", "describe-trails"], "/trailList", "/Name"),
    (&["xray", "get-groups"], "/Groups", "/GroupName"),
    (&["xray", "get-sampling-rules"], "/SamplingRuleRecords", "/SamplingRule/RuleName"),
    (&["backup", "list-backup-vaults"], "/BackupVaultList", "/BackupVaultName"),
    (&["backup", "list-backup-plans"], "/BackupPlansList", "/BackupPlanName"),
    (&["efs", "describe-file-systems"], "/FileSystems", "/FileSystemId"),
    (&["route53", "list-hosted-zones"], "/HostedZones", "/Name"),
    (&["acm", "list-certificates"], "/CertificateSummaryList", "/CertificateArn"),
    (&["kms", "list-aliases"], "/Aliases", "/AliasName"),
    (&["autoscaling", "describe-auto-scaling-groups"], "/AutoScalingGroups", "/AutoScalingGroupName"),
];

/// The names of everything that there is in an account.
pub fn names(sandbox: &Sandbox) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = inventory(sandbox).into_keys().collect();
    for (call, list, id) in MORE {
        let answer = sandbox.aws(call);
        let found = items(answer.pointer(list).unwrap_or(&Value::Null)).iter();
        let found = found.filter_map(|item| item.pointer(id)).map(text);
        names.extend(found.map(|name| format!("{} {name}", call[1..].join(" "))));
    }
    names
}

/// Makes sure that there is what there was before anything was made, but for the bucket of the
/// state, which outlives what the state is of, and for keys: AWS only deletes them after days,
/// in which somebody may still miss one.
#[track_caller]
pub fn only_state(before: &BTreeSet<String>, sandbox: &Sandbox) {
    let bucket = state_bucket(sandbox);
    let after = names(sandbox);
    let gone: Vec<_> = before.difference(&after).collect();
    assert!(gone.is_empty(), "what was there before is gone: {gone:#?}");
    let new = after.difference(before).filter(|name| !name.split(' ').any(|word| word == bucket));
    let (keys, others): (Vec<_>, Vec<_>) = new.partition(|name| name.starts_with("list-keys "));
    assert!(others.is_empty(), "left behind: {others:#?}");
    for key in keys {
        let id = key.trim_start_matches("list-keys ");
        let key = &sandbox.aws(&["kms", "describe-key", "--key-id", id])["KeyMetadata"];
        assert_eq!(key["KeyState"], "PendingDeletion", "a key stays: {key:#}");
    }
    // What is in the bucket says itself that nothing is left.
    for key in states(sandbox) {
        let path = sandbox.path("state.json");
        let path = path.to_string_lossy();
        sandbox.aws(&["s3api", "get-object", "--bucket", &bucket, "--key", &key, &path]);
        let state = std::fs::read_to_string(&*path).expect("a state");
        let state: Value = serde_json::from_str(&state).expect("a state in JSON");
        assert_eq!(items(&state["resources"]).len(), 0, "{key} still has resources");
    }
}

pub fn state_bucket(sandbox: &Sandbox) -> String {
    format!("billpay-tofu-state-{}-us-east-1", sandbox.account)
}

/// All objects in the bucket of the state, locks too.
pub fn states(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.aws(&["s3api", "list-objects-v2", "--bucket", &state_bucket(sandbox)]);
    items(&list["Contents"]).iter().map(|object| text(&object["Key"]).to_string()).collect()
}
