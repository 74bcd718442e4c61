//! Plans that can't be finished are refused before their first call: by every command, with what is
//! in the way by name. The rehearsal's rules are held to those of the local AWS.

use std::time::Duration;

use billpay_aws::kinds::AwsCloud;
use billpay_aws::{Aws, Endpoint};
use billpay_engine::cloud::{Cloud, Progress};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Goal, Model};
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{Desired, Observed, Status};
use billpay_spec::directory::SpecDir;
use serde_json::{Value, json};

use super::inventory::{inventory, same};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// Runs every command that could change something; each has to refuse and to say why.
fn refused(sandbox: &Sandbox, says: &[&str]) {
    let file = sandbox.path("plan.json");
    let out = file.to_string_lossy().into_owned();
    let commands: [&[&str]; 4] = [
        &["plan", "--env", "dev"],
        &["provision", "--env", "dev", "--auto-approve"],
        &["provision", "--env", "dev", "--auto-approve", "--confirm", "dev"],
        &["provision", "--env", "dev", "--plan-only", "--detailed-exitcode", "--out", &out],
    ];
    for command in commands {
        let run = sandbox.billpay(command).exits(1);
        says.iter().fold(run.says("nothing was changed"), |run, expected| run.says(expected));
    }
    assert!(!file.exists(), "a plan that can't be finished was written");
}

fn refused_destroy(sandbox: &Sandbox, says: &[&str]) {
    for command in [
        &["plan", "--env", "dev", "--destroy"][..],
        &["destroy", "--env", "dev", "--auto-approve", "--confirm", "dev"],
    ] {
        let run = sandbox.billpay(command).exits(1);
        says.iter().fold(run, |run, expected| run.says(expected));
    }
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_edit_that_cannot_end_is_refused_before_the_first_change() {
    let sandbox = Sandbox::new();
    let certificate = format!("arn:aws:acm:us-east-1:{}:certificate/0a", sandbox.account);
    let frontend = |domain: &str| json!({"domain": domain, "certificate": certificate});
    let domains = |payment: &str, admin: &str| json!({"frontends": {"payment": frontend(payment), "admin": frontend(admin)}});
    sandbox.edit("dev", domains("a.dev.billpay.com", "b.dev.billpay.com"));
    sandbox.provision("dev");
    let spec = std::fs::read_to_string(sandbox.specs().join("dev.yaml")).expect("a spec");
    let moved = |second: u8| {
        let ranges = |thirds: [u8; 2]| thirds.map(|third| format!("10.{second}.{third}.0/24"));
        let (public, private) = (ranges([1, 2]), ranges([10, 20]));
        json!({"network": {"cidr": format!("10.{second}.0.0/16"), "public_subnets": public, "private_subnets": private}})
    };
    let vpc = sandbox.id("dev", "network/vpc");
    let subnet = sandbox.id("dev", "network/subnet.private-a");
    let other = sandbox.id("dev", "network/subnet.private-b");
    let private = |first: &str, second: &str| json!({"network": {"private_subnets": [first, second]}});
    let cases: [(&str, Value, Vec<&str>); 7] = [
        ("the network moves", moved(1), vec!["eks/cluster (billpay-cluster-dev) can't leave its vpc", &vpc]),
        (
            "two subnets exchange their ranges",
            private("10.0.20.0/24", "10.0.10.0/24"),
            vec!["10.0.20.0/24", &other, "give each a range that nothing uses"],
        ),
        ("a subnet grows", private("10.0.10.0/23", "10.0.20.0/24"), vec!["10.0.10.0/23", &subnet]),
        ("a subnet shrinks", private("10.0.10.0/25", "10.0.20.0/24"), vec!["10.0.10.0/25", &subnet]),
        (
            "a range goes on to the next",
            private("10.0.20.0/24", "10.0.30.0/24"),
            vec!["10.0.20.0/24", &other, "which stays until nothing is in it"],
        ),
        (
            "zones change places",
            json!({"network": {"zone_letters": ["b", "a"]}}),
            vec!["network/subnet.private-a", "network/subnet.private-b"],
        ),
        (
            "two sites exchange their domains",
            domains("b.dev.billpay.com", "a.dev.billpay.com"),
            vec!["`a.dev.billpay.com`", "`b.dev.billpay.com`", "Take it off both and provision"],
        ),
    ];
    let before = inventory(&sandbox);
    for (what, edit, says) in cases {
        println!("{what}");
        sandbox.edit("dev", edit);
        refused(&sandbox, &says);
        std::fs::write(sandbox.specs().join("dev.yaml"), &spec).expect("the spec as it was");
    }
    same(&before, &inventory(&sandbox));
    // The ways that were shown lead there.
    for (first, second) in [("10.0.40.0/24", "10.0.50.0/24"), ("10.0.20.0/24", "10.0.10.0/24")] {
        sandbox.edit("dev", private(first, second));
        sandbox.provision("dev");
        sandbox.in_sync("dev");
    }
    sandbox.edit("dev", domains("c.dev.billpay.com", "d.dev.billpay.com"));
    sandbox.provision("dev");
    sandbox.edit("dev", domains("b.dev.billpay.com", "a.dev.billpay.com"));
    sandbox.provision("dev");
    sandbox.in_sync("dev");
    // One domain is at one distribution, also of two environments.
    let before = inventory(&sandbox);
    sandbox.edit("staging", json!({"frontends": {"payment": frontend("b.dev.billpay.com")}}));
    let run = sandbox.billpay(&["provision", "--env", "staging", "--auto-approve"]).exits(1);
    let run = run.says("the domain b.dev.billpay.com belongs to the distribution");
    run.says("billpay-dev-payment").says("`domain`");
    same(&before, &inventory(&sandbox));
    sandbox.destroy("dev");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_network_without_a_cluster_moves_whole() {
    let sandbox = Sandbox::new();
    let network = ["provision", "--env", "dev", "--only", "network", "--auto-approve"];
    sandbox.billpay(&network).exits(0);
    let before = sandbox.id("dev", "network/vpc");
    sandbox.edit(
        "dev",
        json!({"network": {"cidr": "10.1.0.0/16", "public_subnets": ["10.1.1.0/24", "10.1.2.0/24"],
                           "private_subnets": ["10.1.10.0/24", "10.1.20.0/24"]}}),
    );
    sandbox.billpay(&network).exits(0);
    assert_ne!(sandbox.id("dev", "network/vpc"), before);
    // Nothing stands on these yet, so that they make room for one another.
    sandbox.edit("dev", json!({"network": {"private_subnets": ["10.1.20.0/24", "10.1.10.0/24"]}}));
    sandbox.billpay(&network).exits(0);
    sandbox.billpay(&[&network[..], &["--plan-only", "--detailed-exitcode"]].concat()).exits(0);
    // Somebody's own way to S3 is where ours would be.
    sandbox.edit("dev", json!({"network": {"s3_endpoint": false}}));
    sandbox.billpay(&network).exits(0);
    let (vpc, table) = (sandbox.id("dev", "network/vpc"), sandbox.id("dev", "network/route-table.private-a"));
    let theirs = sandbox.aws(&[
        "ec2",
        "create-vpc-endpoint",
        "--vpc-id",
        &vpc,
        "--service-name",
        "com.amazonaws.us-east-1.s3",
        "--route-table-ids",
        &table,
    ]);
    let theirs = text(&theirs["VpcEndpoint"]["VpcEndpointId"]).to_string();
    sandbox.edit("dev", json!({"network": {"s3_endpoint": true}}));
    refused(&sandbox, &[&table, &theirs]);
    sandbox.aws(&["ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", &theirs]);
    sandbox.billpay(&network).exits(0);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn what_others_attached_is_named_before_anything_is_deleted() {
    let sandbox = Sandbox::new();
    sandbox.provision("dev");
    let aws = |args: &[&str]| sandbox.aws(args);
    let vpc = sandbox.id("dev", "network/vpc");
    let subnet = sandbox.id("dev", "network/subnet.private-a");
    let group = sandbox.id("dev", "network/security-group.services");
    let cluster = "billpay-cluster-dev";

    // A load balancer that a controller made: a group of its own, which ours lets in, and an interface.
    let made = aws(&[
        "ec2",
        "create-security-group",
        "--group-name",
        "k8s-shop",
        "--description",
        "ALB",
        "--vpc-id",
        &vpc,
    ]);
    let theirs = text(&made["GroupId"]).to_string();
    let rule = ["--group-id", &theirs, "--protocol", "tcp", "--port", "8080", "--source-group", &group];
    aws(&[&["ec2", "authorize-security-group-ingress"], &rule[..]].concat());
    let interface = aws(&[
        "ec2",
        "create-network-interface",
        "--subnet-id",
        &subnet,
        "--description",
        "ELB app/k8s-shop/0f3a",
        "--groups",
        &theirs,
    ]);
    let interface = text(&interface["NetworkInterface"]["NetworkInterfaceId"]).to_string();
    let role = format!("arn:aws:iam::{}:role/{}", sandbox.account, sandbox.id("dev", "iam/role.nodes"));
    let by_hand = [
        "--cluster-name",
        cluster,
        "--nodegroup-name",
        "by-hand",
        "--node-role",
        &role,
        "--subnets",
        &subnet,
    ];
    aws(&[&["eks", "create-nodegroup"], &by_hand[..]].concat());

    // An instance, and a NAT gateway in our public subnet.
    let made = aws(&["ec2", "run-instances", "--image-id", "ami-0a", "--subnet-id", &subnet, "--count", "1"]);
    let instance = text(&made["Instances"][0]["InstanceId"]).to_string();
    let public = sandbox.id("dev", "network/subnet.public-a");
    let address = aws(&["ec2", "allocate-address", "--domain", "vpc"]);
    let address = text(&address["AllocationId"]).to_string();
    let gateway = ["--subnet-id", &public, "--allocation-id", &address];
    let made = aws(&[&["ec2", "create-nat-gateway"], &gateway[..]].concat());
    let gateway = text(&made["NatGateway"]["NatGatewayId"]).to_string();

    let before = inventory(&sandbox);
    refused_destroy(
        &sandbox,
        &[
            "eks/cluster (billpay-cluster-dev) can't be deleted while by-hand (node group that the environment did not make) is there",
            &format!("{interface} (network interface of load balancer k8s-shop)"),
            &format!("{theirs} (security group k8s-shop with a rule for it)"),
            &format!("{theirs} (security group k8s-shop)"),
            &format!("network interface of instance {instance}"),
            &format!("network interface of NAT gateway {gateway}"),
            "Service, Ingress or Gateway",
        ],
    );
    same(&before, &inventory(&sandbox));
    // An environment that lives on as it is has nothing to ask.
    sandbox.in_sync("dev");

    aws(&["eks", "delete-nodegroup", "--cluster-name", cluster, "--nodegroup-name", "by-hand"]);
    aws(&["ec2", "delete-network-interface", "--network-interface-id", &interface]);
    aws(&["ec2", "delete-security-group", "--group-id", &theirs]);
    aws(&["ec2", "terminate-instances", "--instance-ids", &instance]);
    aws(&["ec2", "delete-nat-gateway", "--nat-gateway-id", &gateway]);
    aws(&["ec2", "wait", "nat-gateway-deleted", "--nat-gateway-ids", &gateway]);
    aws(&["ec2", "release-address", "--allocation-id", &address]);

    // What others made inside the network, and what they gave the boundary to.
    let made = aws(&["ec2", "create-subnet", "--vpc-id", &vpc, "--cidr-block", "10.0.99.0/24"]);
    let inside = text(&made["Subnet"]["SubnetId"]).to_string();
    let boundary = format!("arn:aws:iam::{}:policy/billpay-dev-boundary", sandbox.account);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}}]})
    .to_string();
    aws(&[
        "iam",
        "create-role",
        "--role-name",
        "by-hand",
        "--assume-role-policy-document",
        &trust,
        "--permissions-boundary",
        &boundary,
    ]);
    refused_destroy(&sandbox, &[&format!("{inside} (subnet)"), "by-hand (role that has the policy)"]);
    aws(&["ec2", "delete-subnet", "--subnet-id", &inside]);
    aws(&["iam", "delete-role", "--role-name", "by-hand"]);

    // Data goes with its environment alone.
    let bucket = format!("billpay-frontend-payment-dev-{}", sandbox.account);
    let file = sandbox.path("index.html");
    std::fs::write(&file, "<p>").expect("a file");
    let file = file.to_string_lossy().into_owned();
    aws(&["s3api", "put-object", "--bucket", &bucket, "--key", "index.html", "--body", &file]);
    aws(&["s3api", "delete-object", "--bucket", &bucket, "--key", "index.html"]);
    sandbox.edit("dev", json!({"frontends": {"payment": null}}));
    refused(&sandbox, &[&format!("s3://{bucket}"), "billpay destroy"]);
    sandbox.destroy("dev");
    let vpcs = sandbox.aws(&["ec2", "describe-vpcs"]);
    assert!(items(&vpcs["Vpcs"]).iter().all(|one| one["VpcId"] != vpc.as_str()), "the VPC is still there");
}

/// Deletes an environment in an order that heeds nothing, and asks the model before each delete.
#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn the_model_refuses_the_deletes_that_the_local_aws_refuses() {
    let sandbox = Sandbox::new();
    sandbox.edit("dev", json!({"cluster": {"fargate": {"jobs": {"namespaces": ["jobs"]}}}}));
    sandbox.provision("dev");
    let specs = SpecDir::open(sandbox.specs()).expect("specs");
    let env = specs.load("dev", jiff::civil::date(2026, 11, 30)).expect("a spec").environment;
    let (access_key, secret_key) = (billpay_testkit::access_key(&sandbox.account), "test".to_string());
    let endpoint = Endpoint { url: sandbox.url.clone(), access_key, secret_key };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let cloud = AwsCloud::new(Aws::connect(&env.region, Some(&endpoint)).await, env);
        let seen = cloud.observe(&cloud.desire()).await.expect("it can be read").resources;
        let mut model = Model::new(cloud.kinds(), seen.clone(), &[]);
        let (mut left, mut refused, mut random) = (seen, 0, fastrand::Rng::with_seed(13));
        while !left.is_empty() {
            let count = left.len();
            random.shuffle(&mut left);
            for one in std::mem::take(&mut left) {
                let expected = model.delete(&one.address, &one.id);
                let deleted = delete(&cloud, &one).await;
                match (&expected, &deleted) {
                    (Ok(()), Ok(())) => {}
                    // The addresses of a NAT gateway hold it, and no attribute says so. The spec orders the two.
                    (Ok(()), Err(failure)) if failure.call == "ec2:DetachInternetGateway" => {
                        model.put(one.clone());
                        left.push(one);
                    }
                    (Err(_), Err(failure)) if failure.class == FailureClass::InUse => {
                        left.push(one);
                        refused += 1;
                    }
                    _ => panic!("{}: the model says {expected:?}, the local AWS {deleted:?}", one.address),
                }
            }
            assert!(left.len() < count, "nothing goes any more: {left:#?}");
        }
        assert!(refused > 10, "only {refused} deletes were refused");
    });
}

/// Deletes one resource, and waits until it is gone.
async fn delete(cloud: &AwsCloud, found: &Observed) -> Result<(), Failure> {
    let permit = Permit::confirmed(cloud.environment(), "dev").expect("a permit");
    let known = Desired { address: found.address.clone(), attrs: found.attrs.clone(), after: [].into() };
    loop {
        if cloud.delete(found, Goal::Destroy, &permit).await? == Progress::Done {
            return Ok(());
        }
        loop {
            let now = cloud.find(&known).await?;
            match now.iter().find(|one| one.id == found.id).map(|one| one.status) {
                None => return Ok(()),
                Some(Status::Ready) => break,
                Some(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
