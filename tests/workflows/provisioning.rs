//! The actions of the infrastructure pipeline with the real program, against a local AWS.

use std::fs;

use serde_json::{Value, json};

use crate::action::{Ran, Runner};
use crate::root;
use billpay_testkit::Sandbox;

/// A runner on which the program is installed, and that has access to an account.
fn runner(sandbox: &Sandbox) -> Runner {
    let mut runner = Runner::new();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_billpay"), runner.path("bin/billpay")).expect("billpay");
    let command = sandbox.command("billpay");
    for (name, value) in command.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str(), value.and_then(|value| value.to_str())) {
            runner.set(name, value);
        }
    }
    runner.set("BILLPAY_SPECS", &sandbox.specs().display().to_string());
    runner
}

fn plan(runner: &Runner) -> Ran {
    runner.run("plan", &[("environment", "dev")])
}

fn apply(runner: &Runner, file: &str) -> Ran {
    runner.run("apply", &[("environment", "dev"), ("plan-file", file)])
}

/// Returns the summary of a reviewed plan.
fn written_down(runner: &Runner) -> String {
    runner.script("infrastructure.yml", "prepare", "Write down what the file says", &[]).succeeds();
    fs::read_to_string(runner.path("temp/billpay-plan/reviewed.txt")).expect("what the file says")
}

#[test]
#[ignore = "full tier: installs an AWS emulator"]
fn what_was_planned_is_applied_exactly_or_not_at_all() {
    let sandbox = Sandbox::new();
    let runner = runner(&sandbox);
    let planned = plan(&runner).succeeds();
    assert_eq!(planned.output("changes"), "true");
    let text = fs::read_to_string(planned.output("text-file")).expect("the plan as text");
    assert!(text.contains("Plan: ") && text.contains("+ vpc") && !text.contains('\u{1b}'), "{text}");
    assert!(!text.contains("::group::") && !text.contains("::error"), "{text}");
    let file =
        runner.file("reviewed.json", fs::read(runner.path("temp/billpay-plan/plan.json")).expect("the plan"));
    // The pipeline asks the file itself what there is to apply.
    assert!(written_down(&runner).contains("\ncreate network/vpc\n"));
    let saved: Value = serde_json::from_str(&fs::read_to_string(&file).expect("the plan")).expect("JSON");
    let changes = saved["plan"]["changes"].as_array().expect("changes");
    assert!(changes.iter().any(|change| change["action"] != "no-op"));
    apply(&runner, &file).succeeds();
    sandbox.in_sync("dev");
    assert_eq!(plan(&runner).succeeds().output("changes"), "false");
    assert_eq!(written_down(&runner), "");
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"max": 9}}}}));
    assert_eq!(plan(&runner).succeeds().output("changes"), "true");
    assert_eq!(written_down(&runner), "update eks/node-group.billpay-nodes\n    scaling.max: 4 → 9\n");
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"max": 4}}}}));

    // The same plan again: the environment has changed since.
    let refused = apply(&runner, &file).fails("The plan was not applied");
    assert!(refused.said.contains("Actions > infrastructure dev > Run workflow"), "{}", refused.said);
    assert!(
        runner.summary().contains("it plans again, shows that plan, and applies it once"),
        "{}",
        runner.summary()
    );
    sandbox.in_sync("dev");
}

#[test]
#[ignore = "full tier: installs an AWS emulator"]
fn a_plan_that_somebody_made_up_is_refused() {
    let sandbox = Sandbox::new();
    let runner = runner(&sandbox);
    plan(&runner).succeeds();
    let text = fs::read_to_string(runner.path("temp/billpay-plan/plan.json")).expect("the plan");
    let reviewed: Value = serde_json::from_str(&text).expect("JSON");
    let refused = |why: &str, change: &dyn Fn(&mut Value)| {
        let mut forged = reviewed.clone();
        change(&mut forged);
        assert_ne!(forged, reviewed, "{why}");
        let file = runner.file("forged.json", forged.to_string());
        let ran = apply(&runner, &file);
        assert_ne!(ran.code, 0, "{why}: {}", ran.said);
    };
    refused("another goal", &|it| it["plan"]["goal"] = json!("destroy"));
    refused("a part of the environment", &|it| it["plan"]["selection"]["only"] = json!(["network"]));
    refused("another spec", &|it| it["spec"]["network"]["cidr"] = json!("10.1.0.0/16"));
    refused("another attribute", &|it| {
        let changes = it["plan"]["changes"].as_array_mut().expect("changes");
        let vpc = changes.iter_mut().find(|change| change["address"] == "network/vpc").expect("a network");
        vpc["desired"]["attrs"]["cidr"] = json!("10.1.0.0/16");
    });
    refused("a change that is missing", &|it| {
        it["plan"]["changes"].as_array_mut().expect("changes").pop();
    });
    assert!(sandbox.status("dev").iter().all(|resource| resource["id"].is_null()), "something was made");
    let file = runner.file("reviewed.json", text);
    apply(&runner, &file).succeeds();

    // A plan to destroy what there is, exactly as billpay would make it.
    let mut forged = reviewed;
    let destroy = sandbox.json(&["plan", "--env", "dev", "--destroy"]);
    forged["plan"]["goal"] = json!("destroy");
    forged["plan"]["changes"] = destroy["changes"].clone();
    let file = runner.file("forged.json", forged.to_string());
    apply(&runner, &file).fails("is not one for the whole environment");
    sandbox.in_sync("dev");
}

#[test]
#[ignore = "full tier: installs an AWS emulator"]
fn a_plan_that_fails_says_why_in_its_text() {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"min": 50}}}}));
    let runner = runner(&sandbox);
    let planned = plan(&runner).fails("`min` is 50");
    assert_eq!(planned.output("changes"), "");
    let text = fs::read_to_string(planned.output("text-file")).expect("why there is no plan");
    assert!(text.contains("`min` is 50") && !text.lines().any(|line| line.starts_with("::")), "{text}");
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn the_names_of_an_environment_are_those_that_the_program_gives() {
    let runner = Runner::new();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_billpay"), runner.path("bin/billpay")).expect("billpay");
    let specs = root().join("environments").display().to_string();
    let given = [("environment", "dev"), ("specs", specs.as_str())];
    let ran = runner.run("names", &[&given[..], &[("service", "payment-service")]].concat()).succeeds();
    assert_eq!(
        ["region", "role", "registry", "repository"].map(|name| ran.output(name)),
        [
            "us-east-1",
            "arn:aws:iam::123456789012:role/BillPayGitHubActionsRole-dev",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "billpay-payment-service-dev",
        ]
    );
    let ran = runner.run("names", &[&given[..], &[("frontend", "admin")]].concat()).succeeds();
    assert_eq!(ran.output("role"), "arn:aws:iam::123456789012:role/BillPayGitHubActionsRole-frontends-dev");
    let missing = runner.run("names", &[&given[..], &[("frontend", "nothing")]].concat());
    missing.fails("environments/frontends/nothing.yaml to the platform repository");
}
