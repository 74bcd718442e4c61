//! Destroying takes everything of ours and nothing of others, however alike it looks.

use serde_json::json;

use super::inventory::{inventory, same};
use billpay_testkit::Sandbox;
use billpay_testkit::values::text;

/// Fills an account with what other people have there: some of it unlike ours, and some
/// that a careless name or tag check would take for dev's.
fn others(sandbox: &Sandbox) {
    let account = sandbox.account.clone();
    let aws = |args: &[&str]| sandbox.aws(args);
    let tagged = |kind: &str, tags: &[(&str, &str)]| {
        let tags: Vec<String> =
            tags.iter().map(|(key, value)| format!("{{Key={key},Value={value}}}")).collect();
        format!("ResourceType={kind},Tags=[{}]", tags.join(","))
    };

    // A network of an environment whose name begins like dev's.
    let tags = tagged("vpc", &[("billpay:environment", "devx"), ("billpay:address", "network/vpc")]);
    let vpc = aws(&["ec2", "create-vpc", "--cidr-block", "10.0.0.0/16", "--tag-specifications", &tags]);
    let vpc = text(&vpc["Vpc"]["VpcId"]).to_string();
    let tags =
        tagged("subnet", &[("billpay:environment", "DEV"), ("billpay:address", "network/subnet.public-a")]);
    aws(&[
        "ec2",
        "create-subnet",
        "--vpc-id",
        &vpc,
        "--cidr-block",
        "10.0.1.0/24",
        "--tag-specifications",
        &tags,
    ]);
    let group = ["--group-name", "billpay-dev-services", "--description", "not billpay's", "--vpc-id", &vpc];
    aws(&[&["ec2", "create-security-group"], &group[..]].concat());
    // The environment's tag, but no address: somebody copied a tag.
    let tags = tagged("elastic-ip", &[("billpay:environment", "dev"), ("Name", "billpay-dev-nat-a")]);
    aws(&["ec2", "allocate-address", "--domain", "vpc", "--tag-specifications", &tags]);
    // The names of ours without the tags of ours.
    let tags = tagged("internet-gateway", &[("Name", "billpay-dev-internet-gateway")]);
    aws(&["ec2", "create-internet-gateway", "--tag-specifications", &tags]);
    let tags = tagged("route-table", &[("Name", "billpay-dev-public"), ("owner", "platform-team")]);
    aws(&["ec2", "create-route-table", "--vpc-id", &vpc, "--tag-specifications", &tags]);

    let bucket = format!("billpay-frontend-payment-dev-{account}x");
    aws(&["s3api", "create-bucket", "--bucket", &bucket]);
    let file = sandbox.path("theirs.txt");
    std::fs::write(&file, "theirs\n").expect("a file");
    aws(&[
        "s3api",
        "put-object",
        "--bucket",
        &bucket,
        "--key",
        "theirs.txt",
        "--body",
        &file.to_string_lossy(),
    ]);
    // One that ends like all of dev's.
    aws(&["s3api", "create-bucket", "--bucket", &format!("reports-dev-{account}")]);

    for name in ["billpay-legacy-dev", "billpay-payment-service-devx", "payment-service-dev"] {
        aws(&["ecr", "create-repository", "--repository-name", name]);
    }
    let staging =
        ["Key=billpay:environment,Value=staging", "Key=billpay:address,Value=ecr/repository.legacy"];
    let repository = ["ecr", "create-repository", "--repository-name", "billpay-other-dev", "--tags"];
    aws(&[&repository[..], &staging].concat());

    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let trust = trust.to_string();
    for name in
        ["BillPayGitHubActionsRole-devx", "BillPayGitHubActionsRole", "billpay-dev-nightly", "legacy-cluster"]
    {
        aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust]);
    }
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]});
    let document = document.to_string();
    let policy = ["--policy-name", "billpay-dev-reports", "--policy-document", &document];
    let made = aws(&[&["iam", "create-policy"], &policy[..]].concat());
    let arn = text(&made["Policy"]["Arn"]).to_string();
    aws(&["iam", "attach-role-policy", "--role-name", "billpay-dev-nightly", "--policy-arn", &arn]);
    let thumbprint = "ffffffffffffffffffffffffffffffffffffffff";
    let provider = [
        "--url",
        "https://gitlab.com",
        "--client-id-list",
        "sts.amazonaws.com",
        "--thumbprint-list",
        thumbprint,
    ];
    aws(&[&["iam", "create-open-id-connect-provider"], &provider[..]].concat());

    let zones = ["us-east-1a", "us-east-1b"].map(|zone| {
        let cidr = if zone.ends_with('a') { "10.0.50.0/24" } else { "10.0.60.0/24" };
        let subnet = ["--vpc-id", &vpc, "--cidr-block", cidr, "--availability-zone", zone];
        text(&aws(&[&["ec2", "create-subnet"], &subnet[..]].concat())["Subnet"]["SubnetId"]).to_string()
    });
    let role = format!("arn:aws:iam::{account}:role/legacy-cluster");
    let network = format!("subnetIds={}", zones.join(","));
    // Its name ends like our cluster's.
    let cluster = ["--name", "legacy-dev", "--role-arn", &role, "--resources-vpc-config", &network];
    aws(&[&["eks", "create-cluster"], &cluster[..]].concat());
    aws(&["eks", "wait", "cluster-active", "--name", "legacy-dev"]);

    let control = json!({"Name": "billpay-dev-legacy", "Description": "billpay:environment=devx billpay:address=x/y",
        "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"});
    aws(&[
        "cloudfront",
        "create-origin-access-control",
        "--origin-access-control-config",
        &control.to_string(),
    ]);
    let distribution = json!({"CallerReference": "theirs", "Comment": "billpay dev payment", "Enabled": true,
        "Origins": {"Quantity": 1, "Items": [{"Id": "s3", "DomainName": format!("{bucket}.s3.us-east-1.amazonaws.com"),
            "S3OriginConfig": {"OriginAccessIdentity": ""}}]},
        "DefaultCacheBehavior": {"TargetOriginId": "s3", "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}});
    aws(&["cloudfront", "create-distribution", "--distribution-config", &distribution.to_string()]);
    aws(&["logs", "create-log-group", "--log-group-name", "/aws/eks/billpay-cluster-devx/cluster"]);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn destroy_leaves_nothing_of_ours_and_everything_of_others() {
    let sandbox = Sandbox::new();
    others(&sandbox);
    let before = inventory(&sandbox);

    sandbox.provision("dev");
    sandbox.in_sync("dev");
    let between = inventory(&sandbox);
    let touched: Vec<&String> =
        before.iter().filter(|(key, value)| between.get(*key) != Some(*value)).map(|(key, _)| key).collect();
    assert!(touched.is_empty(), "provision touched what others have: {touched:#?}");
    // Files go with their buckets, also old versions of them.
    let bucket = format!("billpay-frontend-payment-dev-{}", sandbox.account);
    let file = sandbox.path("theirs.txt").to_string_lossy().into_owned();
    for _ in 0..2 {
        sandbox.aws(&["s3api", "put-object", "--bucket", &bucket, "--key", "index.html", "--body", &file]);
    }

    sandbox.destroy("dev").says("nothing of it is left");
    same(&before, &inventory(&sandbox));
    let status = sandbox.status("dev");
    assert!(status.iter().all(|resource| resource["state"] == "missing"), "{status:#?}");

    sandbox.destroy("dev").says("Nothing to do");
    // And once more from the start: nothing that was deleted stands in the way.
    sandbox.provision("dev");
    sandbox.in_sync("dev");
}
