//! A cluster's way back to the minor version before.

use serde_json::{Value, json};

use billpay_testkit::values::{items, text};
use billpay_testkit::{Sandbox, access_key};

const CLUSTER: &str = "billpay-cluster-dev";

/// dev, made at 1.35 and upgraded to 1.36.
fn upgraded() -> Sandbox {
    let sandbox = Sandbox::new();
    to(&sandbox, "1.35");
    sandbox.provision("dev");
    to(&sandbox, "1.36");
    sandbox.provision("dev");
    sandbox
}

fn to(sandbox: &Sandbox, version: &str) {
    sandbox.edit("dev", json!({"cluster": {"version": version}}));
}

/// Sets what only time and EKS's own checks bring about.
fn set_up(sandbox: &Sandbox, state: &Value) {
    let url = format!("{}/clusters/{CLUSTER}/test-state", sandbox.url);
    let scope = format!("{}/20261130/us-east-1/eks/aws4_request", access_key(&sandbox.account));
    let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    ureq::post(&url).header("Authorization", &signed).send(state.to_string()).expect("it is set");
}

fn versions(sandbox: &Sandbox) -> [String; 2] {
    let cluster = sandbox.aws(&["eks", "describe-cluster", "--name", CLUSTER]);
    let group = ["eks", "describe-nodegroup", "--cluster-name", CLUSTER, "--nodegroup-name", "billpay-nodes"];
    let group = sandbox.aws(&group);
    [&cluster["cluster"], &group["nodegroup"]].map(|found| text(&found["version"]).to_string())
}

/// The version changes of the cluster, or of its node group, by their types.
fn updates(sandbox: &Sandbox, of: &[&str]) -> Vec<String> {
    let list = [&["eks", "list-updates", "--name", CLUSTER], of].concat();
    let ids = sandbox.aws(&list)["updateIds"].clone();
    let one = |id: &Value| {
        let call = [&["eks", "describe-update", "--name", CLUSTER, "--update-id", text(id)], of].concat();
        text(&sandbox.aws(&call)["update"]["type"]).to_string()
    };
    let kinds = items(&ids).iter().map(one).filter(|kind| kind.starts_with("Version"));
    kinds.collect()
}

/// No command changes anything, and all of them say why.
fn is_refused(sandbox: &Sandbox, words: &[&str]) {
    for command in [
        &["plan", "--env", "dev"][..],
        &["provision", "--env", "dev", "--auto-approve"],
        &["provision", "--env", "dev", "--auto-approve", "--only", "eks"],
    ] {
        let run = sandbox.billpay(command).exits(1);
        words.iter().fold(run, |run, word| run.says(word));
    }
    assert_eq!(versions(sandbox), ["1.36", "1.36"], "nothing was changed");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_cluster_goes_back_within_a_week_nodes_first_and_add_ons_last() {
    let sandbox = upgraded();
    let add_on = |build: &str| json!({"cluster": {"addons": {"kube-proxy": {"version": build}}}});
    sandbox.edit("dev", add_on("v1.36.2-eksbuild.2"));
    sandbox.provision("dev");
    set_up(&sandbox, &json!({"age": 6 * 24 * 3600}));

    to(&sandbox, "1.35");
    sandbox.edit("dev", add_on("v1.35.2-eksbuild.2"));
    let plan = sandbox.plan("dev");
    assert_eq!(
        plan,
        ["update eks/addon.kube-proxy", "update eks/cluster", "update eks/node-group.billpay-nodes"]
    );
    let run =
        sandbox.billpay(&["provision", "--env", "dev", "--auto-approve", "--parallelism", "1"]).exits(0);
    assert_eq!(versions(&sandbox), ["1.35", "1.35"]);
    assert_eq!(updates(&sandbox, &[]), ["VersionUpdate", "VersionRollback"]);
    // The local AWS refuses a control plane below its nodes, so these were first.
    let told = format!("{}{}", run.stdout, run.stderr);
    let at = |what: &str| told.rfind(what).unwrap_or_else(|| panic!("no {what} in {told}"));
    assert!(at("node-group.billpay-nodes") < at("addon.kube-proxy"), "{told}");
    sandbox.in_sync("dev");

    // Once only, and up again as ever.
    to(&sandbox, "1.34");
    sandbox.billpay(&["plan", "--env", "dev"]).exits(1).says("took this cluster back to 1.35 already");
    to(&sandbox, "1.36");
    sandbox.edit("dev", add_on("v1.36.2-eksbuild.2"));
    sandbox.provision("dev");
    assert_eq!(versions(&sandbox), ["1.36", "1.36"]);
    sandbox.in_sync("dev");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_way_back_that_eks_does_not_go_is_refused_before_the_first_change() {
    let sandbox = upgraded();
    to(&sandbox, "1.34");
    is_refused(&sandbox, &["at 1.36", "can't go back to 1.34", "one minor version", "\"1.36\" or later"]);

    to(&sandbox, "1.35");
    let insight = |name: &str, status: &str| {
        json!({"id": name, "name": name, "category": "ROLLBACK_READINESS", "kubernetesVersion": "1.35",
               "insightStatus": {"status": status, "reason": "two add-ons are too new"}})
    };
    let found = [insight("EKS add-on version compatibility", "ERROR"), insight("Deprecated APIs", "WARNING")];
    set_up(&sandbox, &json!({"insights": found}));
    is_refused(
        &sandbox,
        &["EKS add-on version compatibility (two add-ons are too new)", "solve these first"],
    );
    set_up(
        &sandbox,
        &json!({"insights": [insight("Kubelet version skew", "WARNING")], "age": 8 * 24 * 3600}),
    );
    is_refused(&sandbox, &["was upgraded to 1.36 on", "8 days ago", "within 7"]);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_cluster_that_was_created_at_its_version_does_not_go_back() {
    let sandbox = Sandbox::new();
    to(&sandbox, "1.36");
    sandbox.provision("dev");
    to(&sandbox, "1.35");
    is_refused(&sandbox, &["undoes only an upgrade", "it was created at"]);
}
