//! Ways around ownership and protection that were found by trying, each closed.

use serde_json::json;

use super::inventory::{inventory, same};
use super::tagging::{Tagger, at};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

const CLUSTER: &str = "billpay-cluster-dev";

fn set_tags(sandbox: &Sandbox, address: &str, tags: &[(&str, &str)]) {
    let tagger = Tagger::of(address.split(['/', '.']).nth(1).expect("a kind"));
    let resource = at(&sandbox.status("dev"), address);
    let mut all = tagger.read(sandbox, tagger.name(&resource));
    all.extend(tags.iter().map(|(key, value)| (key.to_string(), value.to_string())));
    tagger.write(sandbox, tagger.name(&resource), &all);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn another_name_in_the_spec_lifts_no_protection() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let stopped = || {
        let before = inventory(&sandbox);
        sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(4).says("--confirm dev");
        same(&before, &inventory(&sandbox));
    };
    sandbox.aws(&["eks", "update-cluster-config", "--name", CLUSTER, "--deletion-protection"]);
    sandbox.aws(&["eks", "wait", "cluster-active", "--name", CLUSTER]);
    // The old cluster keeps the network, whatever the spec calls the new one.
    sandbox.edit("dev", json!({"cluster": {"name": "renamed"}}));
    let before = inventory(&sandbox);
    let run = sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(1);
    run.says(&format!("can't be deleted while eks/cluster ({CLUSTER}) is there"));
    same(&before, &inventory(&sandbox));
    sandbox.edit("dev", json!({"cluster": {"name": "billpay-cluster"}}));
    sandbox.aws(&["eks", "update-cluster-config", "--name", CLUSTER, "--no-deletion-protection"]);
    sandbox.aws(&["eks", "wait", "cluster-active", "--name", CLUSTER]);

    set_tags(&sandbox, "iam/role.github", &[("billpay:protected", "true")]);
    sandbox.edit("dev", json!({"github": {"role": "Workflows"}}));
    let before = inventory(&sandbox);
    let run = sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(1);
    run.says("iam/policy.boundary")
        .says("can't be deleted while iam/role.github (BillPayGitHubActionsRole-dev)");
    same(&before, &inventory(&sandbox));
    sandbox.edit("dev", json!({"github": {"role": "BillPayGitHubActionsRole"}}));
    set_tags(&sandbox, "iam/role.github", &[("billpay:protected", "false")]);

    // A protection whose resource no longer counts as ours protects still.
    set_tags(&sandbox, "network/vpc", &[("billpay:protected", "true"), ("billpay:id", "vpc-of-others")]);
    stopped();
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_saved_plan_that_is_only_shown_changes_nothing() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr", "--out", "plan.json"]).exits(0);
    let show = ["provision", "--env", "dev", "--plan-file", "plan.json", "--plan-only", "-y"];
    sandbox.billpay(&show).exits(0).says("4 to create");
    sandbox.billpay(&[&show[..], &["--detailed-exitcode"]].concat()).exits(2);
    same(&empty, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn who_was_let_into_the_cluster_is_told() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let principal = format!("arn:aws:iam::{}:role/somebody", sandbox.account);
    let entry = ["--cluster-name", CLUSTER, "--principal-arn", &principal];
    sandbox.aws(&[&["eks", "create-access-entry"], &entry[..]].concat());
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    let scope = ["--policy-arn", policy, "--access-scope", "type=cluster"];
    sandbox.aws(&[&["eks", "associate-access-policy"], &entry[..], &scope[..]].concat());
    let before = inventory(&sandbox);
    for command in ["plan", "status"] {
        let run = sandbox.billpay(&[command, "--env", "dev"]).exits(0).says(&principal);
        run.says("AmazonEKSClusterAdminPolicy in the whole cluster");
    }
    sandbox.provision("dev");
    same(&before, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_lone_copy_does_not_take_the_place_of_what_was_deleted_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let address = sandbox.id("dev", "network/elastic-ip.nat-a");
    let tagger = Tagger::Ec2;
    let mut tags = tagger.read(&sandbox, &address);
    tags.retain(|key, _| !["billpay:id", "billpay:attempt"].contains(&key.as_str()));
    let gateway = sandbox.id("dev", "network/nat-gateway.a");
    sandbox.aws(&["ec2", "delete-nat-gateway", "--nat-gateway-id", &gateway]);
    sandbox.aws(&["ec2", "release-address", "--allocation-id", &address]);
    let theirs = sandbox.aws(&["ec2", "allocate-address", "--domain", "vpc"]);
    let theirs = text(&theirs["AllocationId"]).to_string();
    tagger.write(&sandbox, &theirs, &tags);
    let before = inventory(&sandbox);
    for args in [&["provision", "--env", "dev", "-y"][..], &["destroy", "--env", "dev", "-y"]] {
        sandbox.billpay(args).exits(1).says(&theirs).says("nothing else shows that billpay made it");
        same(&before, &inventory(&sandbox));
    }
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_environment_of_repositories_alone_lives_in_one_region_too() {
    let sandbox = Sandbox::new();
    sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr", "-y"]).exits(0);
    sandbox.edit("dev", json!({"region": "eu-west-1"}));
    for args in [
        &["plan", "--env", "dev"][..],
        &["provision", "--env", "dev", "-y"],
        &["destroy", "--env", "dev", "-y"],
    ] {
        sandbox.billpay(args).exits(1).says("the environment lives in us-east-1, not in eu-west-1");
    }
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_cluster_from_before_it_was_renamed_keeps_its_provider_and_copies_are_swept_up() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let provider = sandbox.id("dev", "eks/oidc-provider.cluster");
    sandbox.edit("dev", json!({"cluster": {"name": "renamed"}}));
    let plan = sandbox.json(&["plan", "--env", "dev"]);
    let touches = |change: &&serde_json::Value| change["observed"]["id"] == provider.as_str();
    assert!(!items(&plan["changes"]).iter().any(|change| touches(&change)), "{:#}", plan["changes"]);
    assert!(items(&plan["strangers"]).iter().any(|one| one["id"] == provider.as_str()));
    sandbox.edit("dev", json!({"cluster": {"name": "billpay-cluster"}}));
    sandbox.in_sync("dev");

    // Under a name that no environment gives, only the sweep after a destroy finds a copy.
    let tags = Tagger::Repository
        .read(&sandbox, text(&at(&sandbox.status("dev"), "ecr/repository.user-service")["outputs"]["arn"]));
    let made = sandbox.aws(&["ecr", "create-repository", "--repository-name", "somebodys"]);
    Tagger::Repository.write(&sandbox, text(&made["repository"]["repositoryArn"]), &tags);
    let run = sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(0);
    assert!(!run.stdout.contains("nothing of it is left"), "{}", run.stdout);
    run.says("Left, and not billpay's").says("somebodys");
}
