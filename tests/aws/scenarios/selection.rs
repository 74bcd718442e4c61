//! A part of an environment: `--only` and `--exclude`.

use std::collections::BTreeSet;

use billpay_testkit::Sandbox;
use billpay_testkit::values::text;

/// The components that have something that is ready.
fn there(sandbox: &Sandbox) -> BTreeSet<String> {
    let status = sandbox.status("dev");
    let ready = status.iter().filter(|resource| resource["state"] == "ready");
    ready
        .map(|resource| text(&resource["address"]).split('/').next().unwrap_or_default().to_string())
        .collect()
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_environment_is_made_and_unmade_component_by_component() {
    let sandbox = Sandbox::new();
    let provision = |selection: &[&str]| {
        sandbox.billpay(&[&["provision", "--env", "dev", "--auto-approve"], selection].concat())
    };
    // The cluster needs what isn't there: refused before anything is made.
    let refused = provision(&["--only", "eks"]).exits(1);
    refused.says("eks/cluster needs ").says("include the component `network`");
    assert!(there(&sandbox).is_empty());

    provision(&["--only", "network"]).exits(0);
    assert_eq!(there(&sandbox), BTreeSet::from(["network".to_string()]));
    provision(&["--only", "ecr,iam"]).exits(0);
    provision(&["--exclude", "s3-cloudfront"]).exits(0);
    assert_eq!(there(&sandbox), ["network", "ecr", "eks", "iam"].map(String::from).into());
    provision(&[]).exits(0);
    sandbox.in_sync("dev");

    let destroy = |selection: &[&str]| {
        sandbox.billpay(&[&["destroy", "--env", "dev", "--auto-approve"], selection].concat())
    };
    let refused = destroy(&["--only", "network"]).exits(1);
    refused.says("can't go while ").says("include the component `eks`");
    sandbox.in_sync("dev");
    destroy(&["--only", "s3-cloudfront"]).exits(0);
    assert_eq!(there(&sandbox), ["network", "ecr", "eks", "iam"].map(String::from).into());
    destroy(&["--exclude", "network"]).exits(0);
    assert_eq!(there(&sandbox), BTreeSet::from(["network".to_string()]));
    destroy(&[]).exits(0);
    assert!(there(&sandbox).is_empty());
}
