//! A plan that was reviewed is applied as it was reviewed, or not at all.

use serde_json::{Value, json};

use super::inventory::{inventory, same};
use billpay_testkit::Sandbox;
use billpay_testkit::values::items;

fn repositories(sandbox: &Sandbox) -> Vec<Value> {
    items(&sandbox.aws(&["ecr", "describe-repositories"])["repositories"]).to_vec()
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_saved_plan_is_applied_exactly() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    let save = ["provision", "--env", "dev", "--only", "ecr", "--out", "plan.json"];
    sandbox.billpay(&save).exits(0).says("4 to create");
    sandbox.billpay(&[&save[..], &["--detailed-exitcode"]].concat()).exits(2);
    same(&empty, &inventory(&sandbox));

    // What nobody has reviewed is not done, and what was reviewed isn't done for another spec.
    sandbox.edit("dev", json!({"services": {"late-service": {"replicas": 1, "cpu": "1", "memory": "1Gi", "needs": [], "port": 80}}}));
    let apply = ["provision", "--env", "dev", "--plan-file", "plan.json", "--auto-approve"];
    let refused = sandbox.billpay(&apply).exits(1).says("made from another spec than there is now");
    refused.says("`services.late-service` has changed since");
    same(&empty, &inventory(&sandbox));
    sandbox.rewrite("dev", |spec| {
        spec["services"].as_object_mut().expect("services").remove("late-service");
    });
    sandbox.billpay(&apply).exits(0).says("4 created");
    assert_eq!(repositories(&sandbox).len(), 4, "and nothing else");

    // A second time it no longer fits: the repositories are there.
    let again = sandbox.billpay(&apply).exits(1).says("the saved plan no longer fits what is there");
    again.says("ecr/repository.payment-service has changed since");
    assert_eq!(repositories(&sandbox).len(), 4);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_saved_plan_is_refused_when_the_cloud_has_changed() {
    let sandbox = Sandbox::new();
    sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr", "--auto-approve"]).exits(0);
    sandbox.edit("dev", json!({"registry": {"keep_images": 10}}));
    let save = ["provision", "--env", "dev", "--only", "ecr", "--out", "plan.json"];
    sandbox.billpay(&save).exits(0).says("4 to update");

    let scanning = [
        "--repository-name",
        "billpay-user-service-dev",
        "--image-scanning-configuration",
        "scanOnPush=false",
    ];
    sandbox.aws(&[&["ecr", "put-image-scanning-configuration"], &scanning[..]].concat());
    let before = inventory(&sandbox);
    let apply = ["provision", "--env", "dev", "--plan-file", "plan.json", "--auto-approve"];
    let refused = sandbox.billpay(&apply).exits(1);
    assert!(refused.stderr.contains("ecr/repository.user-service has changed since"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("backend-api"), "only what has changed is named: {}", refused.stderr);
    refused.says("make a new plan");
    same(&before, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_saved_plan_is_for_its_environment_only() {
    let sandbox = Sandbox::new();
    sandbox.billpay(&["provision", "--env", "dev", "--out", "plan.json"]).exits(0);
    let run =
        sandbox.billpay(&["provision", "--env", "staging", "--plan-file", "plan.json", "--auto-approve"]);
    run.exits(1).says("the saved plan is for `dev`, not for `staging`");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_plan_file_never_destroys() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    sandbox.billpay(&["provision", "--env", "dev", "--out", "plan.json"]).exits(0);
    let file = sandbox.path("plan.json");
    let mut forged: Value =
        serde_json::from_str(&std::fs::read_to_string(&file).expect("the plan")).expect("JSON");
    let destroy = sandbox.json(&["plan", "--env", "dev", "--destroy"]);
    forged["plan"]["goal"] = json!("destroy");
    forged["plan"]["changes"] = destroy["changes"].clone();
    std::fs::write(&file, forged.to_string()).expect("a file that can be written");
    let run = sandbox.billpay(&["provision", "--env", "dev", "--plan-file", "plan.json", "--auto-approve"]);
    run.exits(1).says("the saved plan is one to destroy the environment");
    sandbox.in_sync("dev");
}
