//! Whose an environment is: account, project and name; and the one region that it lives in.

use serde_json::{Value, json};

use super::inventory::{Inventory, inventory, same};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// Another project's specs for the account of a sandbox, changed by `change`.
pub fn project_beside(sandbox: &Sandbox, change: Value) -> Sandbox {
    let beside = Sandbox::of_account(&sandbox.url, &sandbox.account);
    beside.edit("dev", json!({"project": "other"}));
    beside.edit("dev", change);
    beside
}

/// The resources at which two projects of one spec meet, and the keys that give their names.
const MET: &[(&str, &str)] = &[
    ("eks/cluster", "cluster.name"),
    ("iam/role.github", "github.role"),
    ("iam/role.github-frontends", "github.role"),
    ("s3-cloudfront/bucket.feature-flags", "frontends.feature-flags.bucket"),
];

/// Names of a project's own for what else would meet another's.
pub fn own_names(project: &str) -> Value {
    json!({
        "cluster": {"name": format!("{project}-cluster")},
        "github": {"role": format!("{project}-workflows")},
        "frontends": {"feature-flags": {"bucket": format!("{project}-feature-flags")}},
    })
}

/// The four commands that look at an environment, each made to exit with 1 and change nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, says: &[&str]) {
    let before = inventory(sandbox);
    for args in [&["plan"][..], &["provision", "-y"], &["status"], &["destroy", "-y"]] {
        let run = sandbox.billpay(&[args, &["--env", "dev"]].concat()).exits(1);
        says.iter().fold(run, |run, text| run.says(text));
    }
    same(&before, &inventory(sandbox));
}

/// Resources in the other region of these tests.
fn in_ireland(sandbox: &Sandbox) -> Value {
    let of = |call: &[&str]| sandbox.aws(&[call, &["--region", "eu-west-1"]].concat());
    json!([
        of(&["ec2", "describe-vpcs"]),
        of(&["ec2", "describe-subnets"]),
        of(&["ec2", "describe-addresses"]),
        of(&["ecr", "describe-repositories"]),
        of(&["eks", "list-clusters"]),
    ])
}

/// The conflicts of a plan, by address, with the key of the spec that each names.
fn conflicts(sandbox: &Sandbox) -> Vec<(String, String)> {
    let run = sandbox.billpay(&["plan", "--env", "dev", "--output", "json"]).exits(1);
    let plan = run.plan_before_error();
    let of = |one: &Value| (text(&one["address"]).to_string(), text(&one["key"]).to_string());
    items(&plan["conflicts"]).iter().map(of).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(address, key)| (address.to_string(), key.to_string())).collect()
}

/// An inventory without GitHub's provider, on which every environment of an account has a tag.
fn without_github(inventory: Inventory) -> Inventory {
    inventory.into_iter().filter(|(key, _)| !key.contains("token.actions.githubusercontent.com")).collect()
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn two_projects_share_an_account_and_meet_only_at_names_without_project() {
    let billpay = Sandbox::new();
    billpay.provision("dev");
    let before = inventory(&billpay);

    // Names that hold no project meet, and that is found before anything is changed.
    let other = project_beside(&billpay, json!({}));
    assert_eq!(conflicts(&other), pairs(MET));
    let provision = ["provision", "--env", "dev", "-y"];
    let run = other.billpay(&provision).exits(1).says("`cluster.name`").says("`github.role`");
    run.says("it belongs to the project `billpay`");
    other.billpay(&["status", "--env", "dev"]).exits(1);
    other.destroy("dev");
    same(&before, &inventory(&billpay));
    let meets = project_beside(&billpay, own_names("other"));
    meets.edit("dev", json!({"frontends": {"payment": {"bucket": "billpay-frontend-payment"}}}));
    assert_eq!(conflicts(&meets), pairs(&[("s3-cloudfront/bucket.payment", "frontends.payment.bucket")]));
    meets.billpay(&provision).exits(1).says("`frontends.payment.bucket`");
    meets.destroy("dev");
    same(&before, &inventory(&billpay));

    // With names of its own the other project lives beside the first.
    let other = project_beside(&billpay, own_names("other"));
    assert!(other.plan("dev").iter().all(|change| change.starts_with("create ")));
    other.provision("dev");
    other.in_sync("dev");
    billpay.in_sync("dev");
    other.destroy("dev").says("nothing of it is left");
    same(&before, &inventory(&billpay));
    billpay.in_sync("dev");

    // And the first goes, and the second stays.
    other.provision("dev");
    let with_both = without_github(inventory(&other));
    billpay.destroy("dev").says("nothing of it is left");
    other.in_sync("dev");
    let left = without_github(inventory(&other));
    for (key, value) in &left {
        assert_eq!(with_both.get(key), Some(value), "{key} is not as it was");
    }
    other.destroy("dev");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_project_that_is_renamed_is_another_project() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let before = inventory(&sandbox);
    sandbox.edit("dev", json!({"project": "renamed"}));
    let run = sandbox.billpay(&["plan", "--env", "dev"]).exits(1);
    run.says("`cluster.name`").says("`github.role`").says("it belongs to the project `billpay`");
    sandbox.billpay(&["provision", "--env", "dev", "-y"]).exits(1);
    sandbox.billpay(&["status", "--env", "dev"]).exits(1);
    sandbox.destroy("dev");
    same(&before, &inventory(&sandbox));
    sandbox.edit("dev", own_names("renamed"));
    let plan = sandbox.plan("dev");
    assert!(plan.iter().all(|change| change.starts_with("create ")), "{plan:?}");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_environment_lives_in_one_region() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let ireland = in_ireland(&sandbox);
    sandbox.edit("dev", json!({"region": "eu-west-1"}));
    refused(&sandbox, &["us-east-1", "set `region` back to us-east-1"]);
    assert_eq!(in_ireland(&sandbox), ireland);

    // Another project in that region has nothing to do with it.
    let other = project_beside(&sandbox, own_names("other"));
    other.edit("dev", json!({"region": "eu-west-1", "cluster": {"name": "billpay-cluster"}}));
    let plan = other.plan("dev");
    assert!(plan.iter().all(|change| change.starts_with("create ")), "{plan:?}");
    let before = inventory(&sandbox);
    other.billpay(&["provision", "--env", "dev", "-y", "--only", "iam"]).exits(0);
    other.destroy("dev").says("nothing of it is left");
    same(&before, &inventory(&sandbox));
    assert_eq!(in_ireland(&sandbox), ireland);

    // A project there that takes names which are in no region, or in all, is told so.
    let meets = project_beside(&sandbox, json!({"region": "eu-west-1"}));
    assert_eq!(conflicts(&meets), pairs(&MET[1..]));

    // Back where it lives, all is as it was.
    sandbox.edit("dev", json!({"region": "us-east-1"}));
    sandbox.in_sync("dev");
}

/// Two elastic IPs that carry all tags of one address, and nothing that stands on either.
fn two_addresses(sandbox: &Sandbox) -> [String; 2] {
    let tags = [
        ("Name", "billpay-dev-nat-a"),
        ("billpay:project", "billpay"),
        ("billpay:environment", "dev"),
        ("billpay:region", "us-east-1"),
        ("billpay:address", "network/elastic-ip.nat-a"),
    ];
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{{Key={key},Value={value}}}")).collect();
    let tags = format!("ResourceType=elastic-ip,Tags=[{}]", tags.join(","));
    [(); 2].map(|()| {
        let allocate = ["ec2", "allocate-address", "--domain", "vpc", "--tag-specifications", &tags];
        text(&sandbox.aws(&allocate)["AllocationId"]).to_string()
    })
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_conflict_is_an_error_of_every_command_and_a_person_may_choose() {
    let sandbox = Sandbox::new();
    let [first, second] = two_addresses(&sandbox);
    let before = inventory(&sandbox);
    let saved = ["provision", "--plan-only", "--detailed-exitcode", "--out", "plan.json"];
    for args in [&["plan"][..], &["plan", "--destroy"], &saved, &["status"], &["destroy", "--plan-only"]] {
        let run = sandbox.billpay(&[args, &["--env", "dev"]].concat()).exits(1);
        run.says(&first).says(&second).says(&format!("--keep {first}"));
    }
    assert!(!sandbox.path("plan.json").exists(), "no plan that can't be applied is written");
    sandbox.billpay(&["provision", "--env", "dev", "-y"]).exits(1);
    sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(1);
    sandbox.billpay(&["plan", "--env", "dev", "--keep", "eipalloc-0"]).exits(1).says("eipalloc-0");
    same(&before, &inventory(&sandbox));

    // The other one loses the tags of billpay, and nothing else.
    let keep = ["--keep", &second, "--only", "network", "-y"];
    sandbox.billpay(&[&["provision", "--env", "dev"], &keep[..]].concat()).exits(0);
    let addresses = sandbox.aws(&["ec2", "describe-addresses"]);
    let addresses = items(&addresses["Addresses"]);
    assert_eq!(addresses.len(), 2, "none is allocated beside the two");
    let of = |id: &str| addresses.iter().find(|one| one["AllocationId"] == id).expect("both are there");
    assert_eq!(of(&first)["Tags"], json!([{"Key": "Name", "Value": "billpay-dev-nat-a"}]));
    let gateways = sandbox.aws(&["ec2", "describe-nat-gateways"]);
    assert_eq!(gateways["NatGateways"][0]["NatGatewayAddresses"][0]["AllocationId"], second.as_str());
    let plan = sandbox.json(&["plan", "--env", "dev", "--only", "network"]);
    assert!(items(&plan["changes"]).iter().all(|change| change["action"] == "no-op"), "{plan:#}");
    sandbox.destroy("dev").says("nothing of it is left");
    let left = sandbox.aws(&["ec2", "describe-addresses"]);
    assert_eq!(left["Addresses"][0]["AllocationId"], first.as_str());
    assert_eq!(items(&left["Addresses"]).len(), 1);
}
