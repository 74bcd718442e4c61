//! dev, staging and prod side by side in one account.

use super::inventory::{inventory, same};
use billpay_testkit::Sandbox;
use billpay_testkit::values::text;

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn destroying_one_environment_leaves_the_others_whole() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    // Two at once: they share the account's OIDC provider for GitHub.
    std::thread::scope(|scope| {
        scope.spawn(|| sandbox.provision("staging"));
        scope.spawn(|| sandbox.provision("prod"));
    });
    let without_dev = inventory(&sandbox);

    sandbox.provision("dev");
    for env in ["dev", "staging", "prod"] {
        sandbox.in_sync(env);
    }
    sandbox.destroy("dev").says("nothing of it is left");
    same(&without_dev, &inventory(&sandbox));
    for env in ["staging", "prod"] {
        sandbox.in_sync(env);
        let status = sandbox.status(env);
        assert!(status.iter().all(|resource| resource["state"] == "ready"), "{env}: {status:#?}");
    }

    // prod is protected, and the last two leave an account as it was.
    let refused = sandbox.billpay(&["destroy", "--env", "prod", "--auto-approve"]).exits(4);
    refused.says("nothing was changed").says("--confirm prod");
    let wrong = sandbox.billpay(&["destroy", "--env", "prod", "--auto-approve", "--confirm", "dev"]).exits(4);
    wrong.says("`dev` is not the name of the environment");
    sandbox.in_sync("prod");
    sandbox.billpay(&["destroy", "--env", "prod", "--confirm", "prod"]).exits(0);
    sandbox.in_sync("staging");
    sandbox.destroy("staging");
    same(&empty, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn prod_survives_the_loss_of_a_zone() {
    let sandbox = Sandbox::new();
    sandbox.provision("prod");
    let gateways = sandbox.aws(&["ec2", "describe-nat-gateways", "--filter", "Name=state,Values=available"]);
    let subnets = sandbox.aws(&["ec2", "describe-subnets"]);
    let zone = |id: &str| {
        let all = subnets["Subnets"].as_array().expect("subnets");
        text(&all.iter().find(|one| one["SubnetId"] == id).expect("its subnet")["AvailabilityZone"])
            .to_string()
    };
    let gateways = gateways["NatGateways"].as_array().expect("gateways");
    let mut zones: Vec<String> = gateways.iter().map(|one| zone(text(&one["SubnetId"]))).collect();
    zones.sort();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"], "a NAT gateway in each zone");
    let cluster = sandbox.aws(&["eks", "describe-cluster", "--name", "billpay-cluster-prod"]);
    assert_eq!(cluster["cluster"]["deletionProtection"], true, "AWS protects it too");
}
