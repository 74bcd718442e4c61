//! Makers of look-alikes: one resource of each kind, made by the AWS CLI as anybody makes it.
//!
//! Each returns the id that AWS gave it and the name under which its tags are written.

use serde_json::{Value, json};

use super::tagging::Tags;
use billpay_testkit::Sandbox;
use billpay_testkit::values::text;

/// An account with somebody's network in it, beside a running environment.
pub struct World<'a> {
    sandbox: &'a Sandbox,
    account: &'a str,
    vpc: String,
    subnets: [String; 2],
    /// Subnets of ours, which nodes in our cluster need.
    ours: Vec<String>,
    role: String,
}

const CLUSTER: &str = "billpay-cluster-dev";

type Made = (String, String);

impl World<'_> {
    pub fn new<'a>(sandbox: &'a Sandbox, status: &[Value]) -> World<'a> {
        let vpc = sandbox.aws(&["ec2", "create-vpc", "--cidr-block", "10.60.0.0/16"]);
        let vpc = text(&vpc["Vpc"]["VpcId"]).to_string();
        let subnets = [("10.60.1.0/24", "us-east-1a"), ("10.60.2.0/24", "us-east-1b")].map(|(cidr, zone)| {
            let subnet = ["--vpc-id", &vpc, "--cidr-block", cidr, "--availability-zone", zone];
            let subnet = sandbox.aws(&[&["ec2", "create-subnet"], &subnet[..]].concat());
            text(&subnet["Subnet"]["SubnetId"]).to_string()
        });
        let trust = trust();
        let role = ["--role-name", "somebody", "--assume-role-policy-document", &trust];
        let role = sandbox.aws(&[&["iam", "create-role"], &role[..]].concat());
        let is_private = |one: &&Value| text(&one["address"]).starts_with("network/subnet.private-");
        let ours = status.iter().filter(is_private).map(|one| text(&one["id"]).to_string()).collect();
        let role = text(&role["Role"]["Arn"]).to_string();
        World { sandbox, account: &sandbox.account, vpc, subnets, ours, role }
    }

    fn aws(&self, args: &[&str]) -> Value {
        self.sandbox.aws(args)
    }

    /// Returns whether an entry of the inventory is of our cluster.
    pub fn is_in_cluster(&self, key: &str) -> bool {
        key.contains(CLUSTER)
    }

    /// Deletes the nodes and the profile in our cluster that are not ours.
    pub fn empty_cluster(&self) {
        let of = ["--cluster-name", CLUSTER];
        self.aws(&[&["eks", "delete-nodegroup", "--nodegroup-name", "theirs-nodes"], &of[..]].concat());
        self.aws(
            &[&["eks", "delete-fargate-profile", "--fargate-profile-name", "theirs-jobs"], &of[..]].concat(),
        );
        self.aws(
            &[&["eks", "wait", "nodegroup-deleted", "--nodegroup-name", "theirs-nodes"], &of[..]].concat(),
        );
        let wait = ["eks", "wait", "fargate-profile-deleted", "--fargate-profile-name", "theirs-jobs"];
        self.aws(&[&wait, &of[..]].concat());
    }
}

fn trust() -> String {
    let service =
        json!({"Service": ["ec2.amazonaws.com", "eks.amazonaws.com", "eks-fargate-pods.amazonaws.com"]});
    let statement = json!({"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// The id of something just made, which its tags are written under too.
fn id(answer: &Value, path: &str) -> Made {
    let id = text(answer.pointer(path).unwrap_or(&Value::Null)).to_string();
    assert_ne!(id, "", "{path}: {answer:#}");
    (id.clone(), id)
}

pub fn elastic_ip(world: &World<'_>, _: &Tags) -> Made {
    id(&world.aws(&["ec2", "allocate-address", "--domain", "vpc"]), "/AllocationId")
}

pub fn internet_gateway(world: &World<'_>, _: &Tags) -> Made {
    id(&world.aws(&["ec2", "create-internet-gateway"]), "/InternetGateway/InternetGatewayId")
}

pub fn nat_gateway(world: &World<'_>, tags: &Tags) -> Made {
    let (address, _) = elastic_ip(world, tags);
    let made = world.aws(&[
        "ec2",
        "create-nat-gateway",
        "--subnet-id",
        &world.subnets[0],
        "--allocation-id",
        &address,
    ]);
    let (id, _) = id(&made, "/NatGateway/NatGatewayId");
    world.aws(&["ec2", "wait", "nat-gateway-available", "--nat-gateway-ids", &id]);
    (id.clone(), id)
}

pub fn route_table(world: &World<'_>, _: &Tags) -> Made {
    id(&world.aws(&["ec2", "create-route-table", "--vpc-id", &world.vpc]), "/RouteTable/RouteTableId")
}

pub fn s3_endpoint(world: &World<'_>, _: &Tags) -> Made {
    let service = ["--vpc-id", &world.vpc, "--service-name", "com.amazonaws.us-east-1.s3"];
    id(&world.aws(&[&["ec2", "create-vpc-endpoint"], &service[..]].concat()), "/VpcEndpoint/VpcEndpointId")
}

pub fn security_group(world: &World<'_>, _: &Tags) -> Made {
    let group = ["--group-name", "theirs", "--description", "theirs", "--vpc-id", &world.vpc];
    id(&world.aws(&[&["ec2", "create-security-group"], &group[..]].concat()), "/GroupId")
}

pub fn subnet(world: &World<'_>, _: &Tags) -> Made {
    let subnet = ["--vpc-id", &world.vpc, "--cidr-block", "10.60.9.0/24"];
    id(&world.aws(&[&["ec2", "create-subnet"], &subnet[..]].concat()), "/Subnet/SubnetId")
}

pub fn vpc(world: &World<'_>, _: &Tags) -> Made {
    id(&world.aws(&["ec2", "create-vpc", "--cidr-block", "10.61.0.0/16"]), "/Vpc/VpcId")
}

pub fn repository(world: &World<'_>, _: &Tags) -> Made {
    let name = "billpay-theirs-dev";
    let made = world.aws(&["ecr", "create-repository", "--repository-name", name]);
    (name.to_string(), text(&made["repository"]["repositoryArn"]).to_string())
}

/// A bucket with a file in it.
fn bucket_called(world: &World<'_>, name: &str) -> Made {
    let file = world.sandbox.path(name);
    std::fs::write(&file, "theirs\n").expect("a file");
    world.aws(&["s3api", "create-bucket", "--bucket", name]);
    let object = ["--key", "theirs.txt", "--body", &file.to_string_lossy()];
    world.aws(&[&["s3api", "put-object", "--bucket", name], &object[..]].concat());
    (name.to_string(), name.to_string())
}

pub fn bucket(world: &World<'_>, _: &Tags) -> Made {
    bucket_called(world, &format!("theirs-dev-{}", world.account))
}

pub fn bucket_policy(world: &World<'_>, _: &Tags) -> Made {
    let made = bucket_called(world, &format!("guarded-dev-{}", world.account));
    let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
        "Resource": format!("arn:aws:s3:::{}/*", made.0)});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    world.aws(&["s3api", "put-bucket-policy", "--bucket", &made.0, "--policy", &policy]);
    made
}

pub fn distribution(world: &World<'_>, _: &Tags) -> Made {
    let config = json!({"CallerReference": "theirs", "Comment": "billpay-dev-theirs", "Enabled": true,
        "Origins": {"Quantity": 1, "Items": [{"Id": "s3", "DomainName": "theirs.s3.us-east-1.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""}}]},
        "DefaultCacheBehavior": {"TargetOriginId": "s3", "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}});
    let made =
        world.aws(&["cloudfront", "create-distribution", "--distribution-config", &config.to_string()]);
    let id = text(&made["Distribution"]["Id"]).to_string();
    world.aws(&["cloudfront", "wait", "distribution-deployed", "--id", &id]);
    (id, text(&made["Distribution"]["ARN"]).to_string())
}

/// The text that stands for tags: today's, or that of version 0.1.
pub fn mark(tags: &Tags) -> String {
    let tag = |key: &str| tags.get(key).cloned();
    let address = tag("billpay:address").unwrap_or_default();
    let environment = tag("billpay:environment").unwrap_or_default();
    match (tag("billpay:project"), tag("billpay:region")) {
        (Some(project), Some(region)) => {
            format!("billpay:owner={project}/{environment}/{region} billpay:address={address}")
        }
        _ => format!("billpay:environment={environment} billpay:address={address}"),
    }
}

pub fn headers_policy(world: &World<'_>, tags: &Tags) -> Made {
    let frame = json!({"FrameOption": "DENY", "Override": true});
    let config = json!({"Name": "billpay-dev-theirs", "Comment": mark(tags),
        "SecurityHeadersConfig": {"FrameOptions": frame}});
    let call = ["create-response-headers-policy", "--response-headers-policy-config", &config.to_string()];
    id(&world.aws(&[&["cloudfront"], &call[..]].concat()), "/ResponseHeadersPolicy/Id")
}

pub fn access_control(world: &World<'_>, tags: &Tags) -> Made {
    let config = json!({"Name": "billpay-dev-theirs", "Description": mark(tags), "SigningProtocol": "sigv4",
        "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"});
    let call = ["create-origin-access-control", "--origin-access-control-config", &config.to_string()];
    id(&world.aws(&[&["cloudfront"], &call[..]].concat()), "/OriginAccessControl/Id")
}

pub fn oidc_provider(world: &World<'_>, _: &Tags) -> Made {
    let provider = ["--url", "https://tokens.theirs.example", "--client-id-list", "sts.amazonaws.com"];
    let thumbprint = ["--thumbprint-list", "ffffffffffffffffffffffffffffffffffffffff"];
    let call = [&["iam", "create-open-id-connect-provider"], &provider[..], &thumbprint].concat();
    id(&world.aws(&call), "/OpenIDConnectProviderArn")
}

pub fn policy(world: &World<'_>, _: &Tags) -> Made {
    let statement = json!({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let policy = ["--policy-name", "billpay-dev-theirs", "--policy-document", &document];
    id(&world.aws(&[&["iam", "create-policy"], &policy[..]].concat()), "/Policy/Arn")
}

pub fn role(world: &World<'_>, _: &Tags) -> Made {
    let trust = trust();
    let role = ["--role-name", "theirs-role", "--assume-role-policy-document", &trust];
    id(&world.aws(&[&["iam", "create-role"], &role[..]].concat()), "/Role/RoleName")
}

pub fn cluster(world: &World<'_>, _: &Tags) -> Made {
    let network = format!("subnetIds={}", world.subnets.join(","));
    let cluster = ["--name", "theirs-dev", "--role-arn", &world.role, "--resources-vpc-config", &network];
    let made = world.aws(&[&["eks", "create-cluster"], &cluster[..]].concat());
    world.aws(&["eks", "wait", "cluster-active", "--name", "theirs-dev"]);
    ("theirs-dev".to_string(), text(&made["cluster"]["arn"]).to_string())
}

pub fn access_entry(world: &World<'_>, _: &Tags) -> Made {
    // EKS makes one for the role of nodes and profiles by itself, so this is another's.
    let principal = format!("arn:aws:iam::{}:role/visitor", world.account);
    let visitor = ["--role-name", "visitor", "--assume-role-policy-document", &trust()];
    world.aws(&[&["iam", "create-role"], &visitor[..]].concat());
    let entry = ["--cluster-name", CLUSTER, "--principal-arn", &principal];
    let made = world.aws(&[&["eks", "create-access-entry"], &entry[..]].concat());
    (principal, text(&made["accessEntry"]["accessEntryArn"]).to_string())
}

pub fn addon(world: &World<'_>, _: &Tags) -> Made {
    let name = "aws-efs-csi-driver";
    let addon = ["--cluster-name", CLUSTER, "--addon-name", name];
    let made = world.aws(&[&["eks", "create-addon"], &addon[..]].concat());
    world.aws(&[&["eks", "wait", "addon-active"], &addon[..]].concat());
    (name.to_string(), text(&made["addon"]["addonArn"]).to_string())
}

pub fn fargate_profile(world: &World<'_>, _: &Tags) -> Made {
    let profile = ["--cluster-name", CLUSTER, "--fargate-profile-name", "theirs-jobs"];
    let selectors = ["--pod-execution-role-arn", &world.role, "--selectors", "namespace=theirs"];
    let subnets = [&["--subnets"], &texts(&world.ours)[..]].concat();
    let made = world.aws(&[&["eks", "create-fargate-profile"], &profile[..], &selectors, &subnets].concat());
    world.aws(&[&["eks", "wait", "fargate-profile-active"], &profile[..]].concat());
    ("theirs-jobs".to_string(), text(&made["fargateProfile"]["fargateProfileArn"]).to_string())
}

pub fn node_group(world: &World<'_>, _: &Tags) -> Made {
    let group = ["--cluster-name", CLUSTER, "--nodegroup-name", "theirs-nodes"];
    let role = ["--node-role", &world.role, "--scaling-config", "minSize=1,maxSize=1,desiredSize=1"];
    let subnets = [&["--subnets"], &texts(&world.ours)[..]].concat();
    let made = world.aws(&[&["eks", "create-nodegroup"], &group[..], &role, &subnets].concat());
    world.aws(&[&["eks", "wait", "nodegroup-active"], &group[..]].concat());
    ("theirs-nodes".to_string(), text(&made["nodegroup"]["nodegroupArn"]).to_string())
}

pub fn pod_identity(world: &World<'_>, _: &Tags) -> Made {
    let account = ["--namespace", "theirs", "--service-account", "theirs", "--role-arn", &world.role];
    let call = ["eks", "create-pod-identity-association", "--cluster-name", CLUSTER];
    let made = world.aws(&[&call, &account[..]].concat());
    let arn = text(&made["association"]["associationArn"]).to_string();
    (id(&made, "/association/associationId").0, arn)
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}
