//! Names that the spec wants and somebody else has: refused, with a way out.

use serde_json::{Value, json};

use super::inventory::{inventory, same};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn what_is_somebody_elses_is_refused_with_a_way_out() {
    let sandbox = Sandbox::new();
    let account = sandbox.account.clone();
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let trust = trust.to_string();
    let role = ["--role-name", "billpay-dev-payment-service", "--assume-role-policy-document", &trust];
    sandbox.aws(&[&["iam", "create-role"], &role[..]].concat());
    let bucket = format!("billpay-frontend-payment-dev-{account}");
    sandbox.aws(&["s3api", "create-bucket", "--bucket", &bucket]);
    sandbox.aws(&["ecr", "create-repository", "--repository-name", "billpay-payment-service-dev"]);
    let vpc = sandbox.aws(&["ec2", "create-vpc", "--cidr-block", "10.9.0.0/16"]);
    let vpc = text(&vpc["Vpc"]["VpcId"]).to_string();
    let subnets = [("10.9.1.0/24", "us-east-1a"), ("10.9.2.0/24", "us-east-1b")].map(|(cidr, zone)| {
        let subnet = ["--vpc-id", &vpc, "--cidr-block", cidr, "--availability-zone", zone];
        text(&sandbox.aws(&[&["ec2", "create-subnet"], &subnet[..]].concat())["Subnet"]["SubnetId"])
            .to_string()
    });
    let role = format!("arn:aws:iam::{account}:role/billpay-dev-payment-service");
    let network = format!("subnetIds={}", subnets.join(","));
    let cluster = ["--name", "billpay-cluster-dev", "--role-arn", &role, "--resources-vpc-config", &network];
    // Another environment's, by its tags.
    let tags = ["--tags", "billpay:environment=staging,billpay:address=eks/cluster"];
    sandbox.aws(&[&["eks", "create-cluster"], &cluster[..], &tags].concat());
    sandbox.aws(&["eks", "wait", "cluster-active", "--name", "billpay-cluster-dev"]);
    let control = json!({"Name": "billpay-dev-payment", "SigningProtocol": "sigv4", "SigningBehavior": "always",
                         "OriginAccessControlOriginType": "s3"});
    let control = control.to_string();
    sandbox.aws(&["cloudfront", "create-origin-access-control", "--origin-access-control-config", &control]);
    let before = inventory(&sandbox);

    let taken = [
        "ecr/repository.payment-service",
        "eks/cluster",
        "iam/role.service.payment-service",
        "s3-cloudfront/bucket.payment",
        "s3-cloudfront/origin-access-control.payment",
    ];
    let plan = sandbox.billpay(&["plan", "--env", "dev", "--output", "json"]).exits(1).plan_before_error();
    let mut conflicts: Vec<&str> =
        items(&plan["conflicts"]).iter().map(|one| text(&one["address"])).collect();
    conflicts.sort();
    assert_eq!(conflicts, taken);

    let run = sandbox.billpay(&["provision", "--env", "dev", "--auto-approve"]).exits(1);
    for address in taken {
        assert!(run.stderr.contains(address), "it names {address}: {}", run.stderr);
    }
    let run = run.says("it belongs to the environment `staging`").says("it does not carry billpay's tags");
    run.says("change `cluster.name` in the spec, or delete what has that name").says("billpay:region");
    same(&before, &inventory(&sandbox));

    // They are not ours to destroy either.
    sandbox.destroy("dev");
    same(&before, &inventory(&sandbox));

    // The way out that the message names: whoever may tag it may hand it over.
    let arn = format!("arn:aws:ecr:us-east-1:{account}:repository/billpay-payment-service-dev");
    let ours = [
        "Key=billpay:project,Value=billpay",
        "Key=billpay:environment,Value=dev",
        "Key=billpay:region,Value=us-east-1",
        "Key=billpay:address,Value=ecr/repository.payment-service",
    ];
    sandbox.aws(&[&["ecr", "tag-resource", "--resource-arn", &arn, "--tags"], &ours[..]].concat());
    sandbox.billpay(&["provision", "--env", "dev", "--only", "ecr", "--auto-approve"]).exits(0);
    let adopted =
        sandbox.aws(&["ecr", "describe-repositories", "--repository-names", "billpay-payment-service-dev"]);
    let adopted: &Value = &adopted["repositories"][0];
    assert_eq!(adopted["imageScanningConfiguration"]["scanOnPush"], true, "and then it is as the spec says");
}
