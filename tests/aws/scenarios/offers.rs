//! Zones and instance types that the region doesn't offer.

use serde_json::json;

use billpay_testkit::Sandbox;
use billpay_testkit::values::items;

/// No command changes anything, and all of them say why.
fn is_refused(sandbox: &Sandbox, words: &[&str]) {
    for command in [&["plan", "--env", "dev"][..], &["provision", "--env", "dev", "--auto-approve"]] {
        let run = sandbox.billpay(command).exits(1);
        words.iter().fold(run, |run, word| run.says(word));
    }
}

fn networks(sandbox: &Sandbox) -> usize {
    let filter = ["--filters", "Name=tag:billpay:environment,Values=dev"];
    items(&sandbox.aws(&[&["ec2", "describe-vpcs"], &filter[..]].concat())["Vpcs"]).len()
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn zones_and_types_that_are_not_offered_are_refused_before_the_first_change() {
    let sandbox = Sandbox::new();
    for (change, words) in [
        (
            json!({"network": {"zone_letters": ["a", "z"]}}),
            &[
                "no zone us-east-1z",
                "choose among us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f with",
            ][..],
        ),
        (
            json!({"network": {"zone_letters": ["a", "e"]}}),
            &[
                "no control plane into us-east-1e (use1-az3",
                "network.zone_letters",
                "t3.medium is not offered in us-east-1e",
            ],
        ),
        (
            json!({"network": {"zone_letters": []}, "cluster": {"nodes": {"billpay-nodes": {"type": "p5.48xlarge"}}}}),
            &["p5.48xlarge is not offered in us-east-1a, but in us-east-1b"],
        ),
        (
            json!({"cluster": {"nodes": {"billpay-nodes": {"type": "t3.medum"}}}}),
            &["does not offer the instance type t3.medum", "t3.large, t3.medium, t3.micro"],
        ),
        (
            json!({"cluster": {"nodes": {"billpay-nodes": {"type": "x9.large"}}}}),
            &["does not offer the instance type x9.large, nor any other type of its family"],
        ),
    ] {
        sandbox.edit("dev", change);
        is_refused(&sandbox, words);
        assert_eq!(networks(&sandbox), 0, "nothing was made");
    }
    // What is made already is changed only to what is offered.
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"type": "t3.medium"}}}}));
    sandbox.provision("dev");
    sandbox.in_sync("dev");
    sandbox.edit("dev", json!({"cluster": {"nodes": {"billpay-nodes": {"type": "p5.48xlarge"}}}}));
    is_refused(&sandbox, &["p5.48xlarge is not offered in us-east-1a"]);
}
