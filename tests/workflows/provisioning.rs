//! The actions of the infrastructure pipeline with the real program, against a local AWS.

use std::fs;

use serde_json::json;

use crate::action::{Ran, Runner};
use crate::support::Sandbox;

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
    // The pipeline asks the file itself whether there is something to apply.
    let saved: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).expect("the plan")).expect("JSON");
    let changes = saved["plan"]["changes"].as_array().expect("changes");
    assert!(changes.iter().any(|change| change["action"] != "no-op"));
    apply(&runner, &file).succeeds();
    sandbox.in_sync("dev");
    assert_eq!(plan(&runner).succeeds().output("changes"), "false");

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
fn a_plan_that_fails_says_why_in_its_text() {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"min": 50}}}}));
    let runner = runner(&sandbox);
    let planned = plan(&runner).fails("`min` is 50");
    assert_eq!(planned.output("changes"), "");
    let text = fs::read_to_string(planned.output("text-file")).expect("why there is no plan");
    assert!(text.contains("`min` is 50") && !text.lines().any(|line| line.starts_with("::")), "{text}");
}
