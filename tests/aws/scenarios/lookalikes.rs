//! Look-alikes: resources of others that carry the tags of ours, one of every kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::inventory::{Inventory, inventory};
use super::lookalike_makers::{self as make, World};
use super::tagging::{Tagger, Tags, at};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// The tags that a look-alike carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tagging {
    /// All of ours, as AWS has them, also `billpay:id` and `billpay:attempt`.
    Copied,
    /// The two of version 0.1.
    Old,
    /// The four of the owner, written by hand.
    Written,
}

/// The answer that a look-alike gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It is told and left; the command goes on.
    Told,
    /// Nothing shows whose it is once ours is gone: the command stops and names it.
    Conflict,
    /// The same, and what it would stand on is a conflict too, which alone is named.
    Behind,
    /// It is part of our cluster and goes with it, unless it stands in its way: only left alone before.
    InCluster,
}

use Answer::{Behind, Conflict, InCluster, Told};

/// A kind, and the answers to its look-alikes.
struct Row {
    kind: &'static str,
    /// Whose tags they carry.
    address: &'static str,
    /// Makes one without tags, and returns its id and the name that its tags are written under.
    make: fn(&World<'_>, &Tags) -> (String, String),
    /// While ours stands: copied, old, written by hand.
    beside: [Answer; 3],
    /// Answers after ours is gone.
    alone: [Answer; 3],
}

/// The id is AWS's. One that has another id's tag is a copy; the others may be ours if no other is.
const fn with_id(
    kind: &'static str,
    address: &'static str,
    make: fn(&World<'_>, &Tags) -> (String, String),
) -> Row {
    Row { kind, address, make, beside: [Told; 3], alone: [Told, Conflict, Conflict] }
}

/// Of a VPC, whose look-alike is a conflict as well.
const fn in_vpc(
    kind: &'static str,
    address: &'static str,
    make: fn(&World<'_>, &Tags) -> (String, String),
) -> Row {
    Row { kind, address, make, beside: [Told; 3], alone: [Told, Behind, Behind] }
}

/// The name is computed: under another name it is never ours.
const fn with_name(
    kind: &'static str,
    address: &'static str,
    make: fn(&World<'_>, &Tags) -> (String, String),
) -> Row {
    Row { kind, address, make, beside: [Told; 3], alone: [Told; 3] }
}

const fn in_cluster(
    kind: &'static str,
    address: &'static str,
    make: fn(&World<'_>, &Tags) -> (String, String),
) -> Row {
    Row { kind, address, make, beside: [Told; 3], alone: [InCluster; 3] }
}

const TABLE: &[Row] = &[
    with_id("elastic-ip", "network/elastic-ip.nat-a", make::elastic_ip),
    in_vpc("internet-gateway", "network/internet-gateway", make::internet_gateway),
    in_vpc("nat-gateway", "network/nat-gateway.a", make::nat_gateway),
    in_vpc("route-table", "network/route-table.public", make::route_table),
    in_vpc("s3-endpoint", "network/s3-endpoint", make::s3_endpoint),
    in_vpc("security-group", "network/security-group.services", make::security_group),
    in_vpc("subnet", "network/subnet.private-a", make::subnet),
    with_id("vpc", "network/vpc", make::vpc),
    with_name("repository", "ecr/repository.payment-service", make::repository),
    with_name("bucket", "s3-cloudfront/bucket.payment", make::bucket),
    with_name("bucket-policy", "s3-cloudfront/bucket.admin", make::bucket_policy),
    with_id("distribution", "s3-cloudfront/distribution.payment", make::distribution),
    with_name("headers-policy", "s3-cloudfront/headers-policy.payment", make::headers_policy),
    with_name("origin-access-control", "s3-cloudfront/origin-access-control.payment", make::access_control),
    with_id("oidc-provider", "eks/oidc-provider.cluster", make::oidc_provider),
    with_name("policy", "iam/policy.boundary", make::policy),
    with_name("role", "iam/role.service.payment-service", make::role),
    with_name("cluster", "eks/cluster", make::cluster),
    in_cluster("access-entry", "eks/access-entry.github", make::access_entry),
    in_cluster("addon", "eks/addon.coredns", make::addon),
    in_cluster("fargate-profile", "eks/fargate-profile.jobs", make::fargate_profile),
    in_cluster("node-group", "eks/node-group.billpay-nodes", make::node_group),
    in_cluster("pod-identity", "eks/pod-identity.payment-service", make::pod_identity),
];

#[test]
fn every_kind_has_a_look_alike() {
    let kinds: BTreeSet<&str> = billpay_aws::kinds::kinds().into_keys().collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, rows, "each kind of the registry has a row in the table of look-alikes");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn copies_of_all_tags_are_told_and_left() {
    let sandbox = look_alikes(Tagging::Copied);
    // None of them stops anything, also where nothing of ours is there yet.
    sandbox.provision("dev");
    sandbox.destroy("dev");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn copies_of_the_two_old_tags_are_told_or_refused_and_left() {
    look_alikes(Tagging::Old);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn owner_tags_written_by_hand_are_told_or_refused_and_left() {
    look_alikes(Tagging::Written);
}

/// A look-alike in the account.
struct LookAlike<'a> {
    row: &'a Row,
    id: String,
    beside: Answer,
    alone: Answer,
}

/// Puts a look-alike of every kind beside a running environment, and makes sure that nothing that
/// people do with the environment changes one.
fn look_alikes(tagging: Tagging) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"cluster": {"fargate": {"jobs": {"namespaces": ["billpay-jobs"]}}}}));
    sandbox.provision("dev");
    let status = sandbox.status("dev");
    let without = inventory(&sandbox);
    let world = World::new(&sandbox, &status);
    let column = match tagging {
        Tagging::Copied => 0,
        Tagging::Old => 1,
        Tagging::Written => 2,
    };
    let made: Vec<LookAlike<'_>> = std::thread::scope(|scope| {
        let all: Vec<_> = TABLE
            .iter()
            .map(|row| {
                let (sandbox, status, world) = (&sandbox, &status, &world);
                scope.spawn(move || {
                    let tags = tags(sandbox, status, row, tagging);
                    let (id, name) = (row.make)(world, &tags);
                    if Tagger::of(row.kind) != Tagger::Mark {
                        Tagger::of(row.kind).write(sandbox, &name, &tags);
                    }
                    LookAlike { row, id, beside: row.beside[column], alone: row.alone[column] }
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("a look-alike of every kind")).collect()
    });
    let theirs = others(&inventory(&sandbox), &without);

    // While ours stands.
    let run = sandbox.provision("dev");
    for one in &made {
        assert_eq!(one.beside, Told);
        let LookAlike { row: Row { kind, .. }, id, .. } = one;
        assert!(run.stdout.contains(id.as_str()), "provision does not name the {kind} {id}:\n{}", run.stdout);
    }
    sandbox.in_sync("dev");
    same(&theirs, &inventory(&sandbox), "provision");
    // EKS deletes no cluster with nodes in it, whoever made them.
    let plan = sandbox.billpay(&["plan", "--env", "dev", "--destroy", "--output", "json"]).exits(1);
    let plan = plan.says("can't be deleted while").plan_before_error();
    for one in &made {
        assert_eq!(answer(&plan, &one.id), Some(Told), "{} {}: {plan:#}", one.row.kind, one.id);
    }

    // The rest of what is in our cluster goes with it.
    world.empty_cluster();
    let is_outside = |one: &&LookAlike<'_>| one.alone != InCluster;
    let theirs: Inventory = theirs.into_iter().filter(|(key, _)| !world.is_in_cluster(key)).collect();
    let run = sandbox.destroy("dev");
    for LookAlike { row, id, .. } in made.iter().filter(is_outside) {
        assert!(
            run.stdout.contains(id.as_str()),
            "destroy does not name the {} {id}:\n{}",
            row.kind,
            run.stdout
        );
    }
    same(&theirs, &inventory(&sandbox), "destroy");

    // When ours is gone.
    for args in [["plan", "--destroy"], ["plan", "--verbose"]] {
        let run = sandbox.billpay(&[&args[..], &["--env", "dev", "--output", "json"]].concat());
        let plan = run.plan_before_error();
        let mut wrong = BTreeMap::new();
        for one in made.iter().filter(is_outside) {
            let answer = answer(&plan, &one.id);
            let expected = Some(one.alone).filter(|alone| *alone != Behind);
            if answer != expected {
                wrong.insert(one.row.kind, answer);
            }
        }
        assert!(wrong.is_empty(), "{args:?}, {tagging:?}: {wrong:?}\n{:#}", plan["conflicts"]);
    }
    let stops = made.iter().any(|one| one.alone == Conflict);
    let code = if stops { 1 } else { 0 };
    let run = sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(code);
    let is_named = |one: &&LookAlike<'_>| is_outside(one) && one.alone != Behind;
    for LookAlike { row, id, .. } in made.iter().filter(is_named) {
        let said = run.stdout.contains(id.as_str()) || run.stderr.contains(id.as_str());
        assert!(said, "the second destroy does not name the {} {id}:\n{}", row.kind, run.stdout);
    }
    if stops {
        sandbox.billpay(&["provision", "--env", "dev", "-y"]).exits(1);
    }
    same(&theirs, &inventory(&sandbox), "a second destroy");
    sandbox
}

/// Returns the tags of a row's look-alike; of what has a text instead, those that it stands for.
fn tags(sandbox: &Sandbox, status: &[Value], row: &Row, tagging: Tagging) -> Tags {
    let owner = |keys: &[(&str, &str)]| -> Tags {
        keys.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    };
    match tagging {
        Tagging::Copied if Tagger::of(row.kind) != Tagger::Mark => {
            let tagger = Tagger::of(row.kind);
            tagger.read(sandbox, tagger.name(&at(status, row.address)))
        }
        Tagging::Old => owner(&[("billpay:environment", "dev"), ("billpay:address", row.address)]),
        _ => owner(&[
            ("billpay:project", "billpay"),
            ("billpay:environment", "dev"),
            ("billpay:region", "us-east-1"),
            ("billpay:address", row.address),
        ]),
    }
}

/// Returns the answer that a plan gives to a resource; none if it does not name it.
fn answer(plan: &Value, id: &str) -> Option<Answer> {
    let is_it = |one: &&Value| one["id"] == id || items(&one["ids"]).iter().any(|one| one == id);
    let changed = items(&plan["changes"]).iter().any(|change| change["observed"]["id"] == id);
    let can_go_on = items(&plan["conflicts"]).is_empty();
    assert!(!changed || !can_go_on, "{id} is no business of the plan: {:#}", plan["changes"]);
    if items(&plan["conflicts"]).iter().any(|one| is_it(&one)) {
        return Some(Conflict);
    }
    items(&plan["strangers"]).iter().find(is_it).map(|stranger| {
        assert_ne!(text(&stranger["evidence"]), "", "it says why");
        Told
    })
}

/// Returns what came into an account since an earlier inventory.
fn others(now: &Inventory, before: &Inventory) -> Inventory {
    let new = now.iter().filter(|(key, value)| before.get(*key) != Some(*value));
    new.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[track_caller]
fn same(theirs: &Inventory, now: &Inventory, after: &str) {
    for (key, value) in theirs {
        assert_eq!(now.get(key), Some(value), "{key} is not as it was after {after}");
    }
}
