//! An environment is made from nothing, whole, and made only once.

use std::collections::BTreeSet;

use serde_json::json;

use super::readback::{Look, READS};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, tags, text};

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn provision_makes_dev_from_nothing_and_the_aws_cli_reads_each_thing_back() {
    let sandbox = Sandbox::new();
    let wanted = sandbox.plan("dev");
    assert!(wanted.iter().all(|change| change.starts_with("create ")), "{wanted:?}");
    sandbox.provision("dev").says(&format!("{} created, 0 updated, 0 deleted", wanted.len()));

    let status = sandbox.status("dev");
    let not_ready: Vec<_> = status.iter().filter(|resource| resource["state"] != "ready").collect();
    assert!(not_ready.is_empty(), "{not_ready:#?}");
    let there: BTreeSet<String> =
        status.iter().map(|resource| text(&resource["address"]).to_string()).collect();
    assert_eq!(there.len(), wanted.len());

    let look = Look::at(&sandbox);
    let kinds = billpay_aws::kinds::kinds();
    let reads = READS.iter().filter(|(kind, _)| kinds.contains_key(kind));
    let seen: Vec<String> = reads.flat_map(|(_, read)| read(&look)).collect();
    let once: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(once.len(), seen.len(), "something is there twice: {seen:#?}");
    assert_eq!(once, there, "the AWS CLI sees (left) what `billpay status` lists (right)");

    sandbox.in_sync("dev");
    sandbox.provision("dev").says("Nothing to do");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn options_that_dev_leaves_out_are_made_too() {
    let sandbox = Sandbox::new();
    let certificate =
        format!("arn:aws:acm:us-east-1:{}:certificate/12345678-1234-1234-1234-123456789012", sandbox.account);
    let engineer = format!("arn:aws:iam::{}:role/PlatformEngineer", sandbox.account);
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": sandbox.account}, "Action": "sts:AssumeRole"}]});
    let trust = trust.to_string();
    sandbox.aws(&[
        "iam",
        "create-role",
        "--role-name",
        "PlatformEngineer",
        "--assume-role-policy-document",
        &trust,
    ]);
    sandbox.edit(
        "dev",
        json!({
            "network": {"nat": "none", "s3_endpoint": false},
            "cluster": {
                "endpoint": {"public": false},
                "nodes": {"spot": {"type": "t3.large", "min": 1, "max": 3, "capacity": "spot", "disk": 30,
                                   "labels": {"kind": "batch"}}},
                "fargate": {"jobs": {"namespaces": ["billpay-jobs"]}},
                "access": {"platform": {"principal": engineer, "policy": "cluster-admin"}},
            },
            "frontends": {"payment": {"domain": "payments.dev.billpay.com", "certificate": certificate}},
        }),
    );
    sandbox.provision("dev");
    sandbox.in_sync("dev");

    let cluster = "billpay-cluster-dev";
    let gateways = sandbox.aws(&["ec2", "describe-nat-gateways"]);
    assert_eq!(gateways["NatGateways"], json!([]), "no NAT gateway was asked for");
    let endpoints = sandbox.aws(&["ec2", "describe-vpc-endpoints"]);
    assert_eq!(endpoints["VpcEndpoints"], json!([]), "no endpoint was asked for");

    let about = sandbox.aws(&["eks", "describe-cluster", "--name", cluster]);
    assert_eq!(about["cluster"]["resourcesVpcConfig"]["endpointPublicAccess"], false);

    let groups = sandbox.aws(&["eks", "list-nodegroups", "--cluster-name", cluster]);
    let spot = items(&groups["nodegroups"]).iter().map(text).find(|name| name.starts_with("spot"));
    let spot = spot.unwrap_or_else(|| panic!("a group of spot nodes: {groups}"));
    let group =
        sandbox.aws(&["eks", "describe-nodegroup", "--cluster-name", cluster, "--nodegroup-name", spot]);
    assert_eq!(group["nodegroup"]["capacityType"], "SPOT");
    assert_eq!(group["nodegroup"]["labels"]["kind"], "batch");

    let profiles = sandbox.aws(&["eks", "list-fargate-profiles", "--cluster-name", cluster]);
    let profile = text(&profiles["fargateProfileNames"][0]);
    let about = ["--cluster-name", cluster, "--fargate-profile-name", profile];
    let profile = sandbox.aws(&[&["eks", "describe-fargate-profile"], &about[..]].concat());
    assert_eq!(profile["fargateProfile"]["selectors"][0]["namespace"], "billpay-jobs");
    assert_eq!(tags(&profile["fargateProfile"]["tags"])["billpay:environment"], "dev");

    let about = ["--cluster-name", cluster, "--principal-arn", &engineer];
    let policies = sandbox.aws(&[&["eks", "list-associated-access-policies"], &about[..]].concat());
    let policy = &policies["associatedAccessPolicies"][0];
    assert!(text(&policy["policyArn"]).ends_with("/AmazonEKSClusterAdminPolicy"), "{policies}");
    assert_eq!(policy["accessScope"]["type"], "cluster");

    let config = super::readback::distribution(&Look::at(&sandbox), "payment")["DistributionConfig"].clone();
    assert_eq!(config["Aliases"]["Items"], json!(["payments.dev.billpay.com"]));
    assert_eq!(config["ViewerCertificate"]["ACMCertificateArn"], certificate.as_str());
    assert_eq!(config["ViewerCertificate"]["MinimumProtocolVersion"], "TLSv1.2_2021");

    sandbox.destroy("dev");
    let kept = sandbox.aws(&["iam", "get-role", "--role-name", "PlatformEngineer"]);
    assert_eq!(kept["Role"]["RoleName"], "PlatformEngineer", "it was there before, and stays");
}
