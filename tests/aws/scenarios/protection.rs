//! Protected environments: nothing of one is deleted, replaced or unprotected without its typed name.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::inventory::{inventory, same};
use super::tagging::{Tagger, at};
use billpay_testkit::{Run, Sandbox};

const CLUSTER: &str = "billpay-cluster-dev";

/// Runs a command that has to be stopped for want of a typed name.
#[track_caller]
fn stopped(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.billpay(args).exits(4).says("nothing was changed")
}

/// Shows and saves a plan that needs the name, which changes nothing and is no error.
fn planned(sandbox: &Sandbox) {
    let plan = ["provision", "--env", "dev", "--plan-only"];
    sandbox.billpay(&plan).exits(0).says("--confirm dev");
    let save = [&plan[..], &["--detailed-exitcode", "--out", "plan.json"]].concat();
    sandbox.billpay(&save).exits(2).says("--confirm dev");
    assert!(sandbox.path("plan.json").exists(), "the plan is written");
    stopped(sandbox, &["provision", "--env", "dev", "--plan-file", "plan.json", "-y"]).says("--confirm dev");
    std::fs::remove_file(sandbox.path("plan.json")).expect("the plan");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_spec_without_protection_does_not_unprotect() {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"protected": true}));
    sandbox.provision("dev");

    let before = inventory(&sandbox);

    // What a changed spec would replace.
    sandbox.edit(
        "dev",
        json!({"network": {"private_subnets": ["10.0.40.0/24", "10.0.50.0/24", "10.0.60.0/24"]}}),
    );
    stopped(&sandbox, &["provision", "--env", "dev", "-y"]).says("network/subnet.private-a");
    planned(&sandbox);
    sandbox.rewrite("dev", |spec| drop(spec.as_object_mut().map(|spec| spec.remove("network"))));
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"type": "t3.large"}}}}));
    stopped(&sandbox, &["provision", "--env", "dev", "-y"]).says("eks/node-group.billpay-nodes");
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"type": "t3.medium"}}}}));
    sandbox.in_sync("dev");

    // Another spec of the same environment, which says nothing of protection.
    sandbox.edit("dev", json!({"protected": false}));
    let run = stopped(&sandbox, &["destroy", "--env", "dev", "-y"]);
    run.says("protected in AWS: ").says("--confirm dev");
    stopped(&sandbox, &["destroy", "--env", "dev", "-y", "--confirm", "prod"]).says("`prod` is not the name");
    sandbox.billpay(&["destroy", "--env", "dev", "--plan-only"]).exits(0).says("--confirm dev");
    // To lift the protection needs the name as well.
    stopped(&sandbox, &["provision", "--env", "dev", "-y"]).says("--confirm dev");
    planned(&sandbox);
    same(&before, &inventory(&sandbox));
    sandbox.billpay(&["destroy", "--env", "dev", "-y", "--confirm", "dev"]).exits(0);
    assert_eq!(sandbox.plan("dev").iter().filter(|change| !change.starts_with("create ")).count(), 0);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn the_flag_of_eks_or_one_tag_protects_the_whole() {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"protected": true}));
    sandbox.provision("dev");
    sandbox.edit("dev", json!({"protected": false}));
    let lifted = ["provision", "--env", "dev", "-y", "--confirm", "dev"];
    sandbox.billpay(&lifted).exits(0);
    sandbox.in_sync("dev");

    let flag = ["eks", "update-cluster-config", "--name", CLUSTER, "--deletion-protection"];
    sandbox.aws(&flag);
    sandbox.aws(&["eks", "wait", "cluster-active", "--name", CLUSTER]);
    let before = inventory(&sandbox);
    stopped(&sandbox, &["destroy", "--env", "dev", "-y"]).says("protected in AWS: eks/cluster");
    stopped(&sandbox, &["provision", "--env", "dev", "-y"]).says("eks/cluster");
    same(&before, &inventory(&sandbox));
    sandbox.billpay(&lifted).exits(0);

    // One tag on whatever is enough; a value that nobody knows protects too.
    let status = sandbox.status("dev");
    for (address, value) in [("iam/role.nodes", "true"), ("network/elastic-ip.nat-a", "please")] {
        let tagger = Tagger::of(address.split(['/', '.']).nth(1).expect("a kind"));
        let resource = at(&status, address);
        let mut tags = tagger.read(&sandbox, tagger.name(&resource));
        tags.insert("billpay:protected".to_string(), value.to_string());
        tagger.write(&sandbox, tagger.name(&resource), &tags);
        let before = inventory(&sandbox);
        stopped(&sandbox, &["destroy", "--env", "dev", "-y"]).says(&format!("protected in AWS: {address}"));
        stopped(&sandbox, &["provision", "--env", "dev", "-y"]).says("--confirm dev");
        same(&before, &inventory(&sandbox));
        sandbox.billpay(&lifted).exits(0);
    }
    sandbox.in_sync("dev");
    sandbox.billpay(&["destroy", "--env", "dev", "-y"]).exits(0).says("nothing of it is left");
}

/// Runs billpay where there are no specs.
fn without_specs(sandbox: &Sandbox, args: &[&str], specs: Option<&Path>) -> Run {
    let nowhere = TempDir::new().expect("a folder without specs, in and above it");
    let mut command = sandbox.billpay_command(args);
    command.current_dir(nowhere.path());
    if let Some(specs) = specs {
        command.env("BILLPAY_SPECS", specs);
    }
    Run::new(args, command.output().expect("billpay can be run"))
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_plan_file_brings_no_access_along() {
    let sandbox = Sandbox::new();
    sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr", "--out", "plan.json"]).exits(0);
    let file = sandbox.path("plan.json").to_string_lossy().into_owned();
    let apply = ["provision", "--env", "dev", "--plan-file", &file, "-y"];
    let from_plan = [&apply[..], &["--spec-from-plan"]].concat();
    let before = inventory(&sandbox);
    let nowhere = Path::new("/nowhere");
    without_specs(&sandbox, &apply, Some(nowhere)).exits(1);
    without_specs(&sandbox, &from_plan, Some(nowhere)).exits(1);
    without_specs(&sandbox, &apply, None).exits(1).says("--spec-from-plan");
    same(&before, &inventory(&sandbox));
    without_specs(&sandbox, &from_plan, None).exits(0).says("4 created");

    // A plan whose spec gives somebody the cluster.
    sandbox.provision("dev");
    let access = json!({"principal": "arn:aws:iam::{account}:role/Somebody", "policy": "cluster-admin"});
    sandbox.edit("dev", json!({"cluster": {"access": {"somebody": access}}}));
    sandbox.billpay(&["provision", "--env", "dev", "--out", &file]).exits(0).says("1 to create");
    let before = inventory(&sandbox);
    let run = without_specs(&sandbox, &from_plan, None).exits(1);
    run.says("not allowed: eks/access-entry.somebody");
    // And one that hides it.
    let text = std::fs::read_to_string(&file).expect("the plan");
    let mut forged: Value = serde_json::from_str(&text).expect("JSON");
    let changes = forged["plan"]["changes"].as_array_mut().expect("changes");
    changes.retain(|change| change["address"] != "eks/access-entry.somebody");
    std::fs::write(&file, forged.to_string()).expect("a file that can be written");
    without_specs(&sandbox, &from_plan, None).exits(1);
    same(&before, &inventory(&sandbox));
}
