//! Facts about dev that the AWS CLI has to show, kind by kind. None of our code looks here, and what
//! is expected is written out from REQUIREMENTS.md §3 rather than computed.
//!
//! A new kind needs a line in [`READS`], or the test that uses it fails.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::readback_iam::{oidc_providers, policies, roles};
use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, only, tags, text, texts};

/// One look at an account: what was asked once is not asked again.
pub struct Look<'a> {
    pub sandbox: &'a Sandbox,
    seen: RefCell<BTreeMap<String, Value>>,
}

impl<'a> Look<'a> {
    pub fn at(sandbox: &'a Sandbox) -> Look<'a> {
        Look { sandbox, seen: RefCell::default() }
    }

    #[track_caller]
    pub fn aws(&self, args: &[&str]) -> Value {
        let asked = args.join(" ");
        if let Some(answer) = self.seen.borrow().get(&asked) {
            return answer.clone();
        }
        let answer = self.sandbox.aws(args);
        self.seen.borrow_mut().insert(asked, answer.clone());
        answer
    }
}

/// Looks at all resources of a kind with the AWS CLI, makes sure that each is as it should
/// be, and returns the addresses of those that it saw.
type Read = fn(&Look) -> Vec<String>;

pub const READS: &[(&str, Read)] = &[
    ("access-entry", access_entries),
    ("addon", addons),
    ("bucket", buckets),
    ("bucket-policy", bucket_policies),
    ("cluster", cluster),
    ("distribution", distributions),
    ("elastic-ip", elastic_ips),
    ("headers-policy", headers_policies),
    ("internet-gateway", internet_gateway),
    ("nat-gateway", nat_gateways),
    ("node-group", node_groups),
    ("oidc-provider", oidc_providers),
    ("origin-access-control", origin_access_controls),
    ("pod-identity", pod_identities),
    ("policy", policies),
    ("repository", repositories),
    ("role", roles),
    ("route-table", route_tables),
    ("s3-endpoint", s3_endpoint),
    ("security-group", security_groups),
    ("subnet", subnets),
    ("vpc", vpc),
];

pub const CLUSTER: &str = "billpay-cluster-dev";
const SERVICES: [&str; 4] = ["admin-service", "backend-api", "payment-service", "user-service"];
/// Each frontend and its bucket, without environment and account.
const FRONTENDS: [(&str, &str); 3] = [
    ("admin", "billpay-frontend-admin"),
    ("feature-flags", "billpay-feature-flags"),
    ("payment", "billpay-frontend-payment"),
];

/// The address in the tags of something of ours; all our tags have to be there.
#[track_caller]
pub fn address(of: &Value) -> String {
    let tags = tags(of);
    let tag = |key: &str| tags.get(key).map(String::as_str).unwrap_or_default();
    let address = tag("billpay:address").to_string();
    assert_eq!(tag("billpay:environment"), "dev", "{address}: {tags:?}");
    assert_eq!(tag("billpay:project"), "billpay", "{address}: {tags:?}");
    assert_eq!(tag("billpay:region"), "us-east-1", "{address}: {tags:?}");
    assert_eq!(tag("billpay:protected"), "false", "{address}: {tags:?}");
    assert_eq!(tag("owner"), "platform-team", "{address}: {tags:?}");
    assert_eq!(tag("managed-by"), "billpay", "{address}: {tags:?}");
    assert!(!tag("Name").is_empty(), "{address}: {tags:?}");
    address
}

/// A list of EC2's, only what carries the tag of dev.
fn ec2(look: &Look, call: &str, list: &str) -> Vec<Value> {
    let filter = if call == "describe-nat-gateways" { "--filter" } else { "--filters" };
    let answer = look.aws(&["ec2", call, filter, "Name=tag:billpay:environment,Values=dev"]);
    items(&answer[list]).to_vec()
}

fn vpc(look: &Look) -> Vec<String> {
    let vpcs = ec2(look, "describe-vpcs", "Vpcs");
    assert_eq!(vpcs.len(), 1);
    assert_eq!(vpcs[0]["CidrBlock"], "10.0.0.0/16");
    let id = text(&vpcs[0]["VpcId"]);
    let names =
        look.aws(&["ec2", "describe-vpc-attribute", "--vpc-id", id, "--attribute", "enableDnsHostnames"]);
    assert_eq!(names["EnableDnsHostnames"]["Value"], true, "private endpoints and EKS need host names");
    vec![address(&vpcs[0]["Tags"])]
}

fn vpc_id(look: &Look) -> String {
    text(&ec2(look, "describe-vpcs", "Vpcs")[0]["VpcId"]).to_string()
}

fn subnets(look: &Look) -> Vec<String> {
    let expected = [
        ("public-a", "10.0.1.0/24", "us-east-1a", true),
        ("public-b", "10.0.2.0/24", "us-east-1b", true),
        ("private-a", "10.0.10.0/24", "us-east-1a", false),
        ("private-b", "10.0.20.0/24", "us-east-1b", false),
    ];
    let vpc = vpc_id(look);
    let seen = ec2(look, "describe-subnets", "Subnets");
    let check = |subnet: &Value| {
        let address = address(&subnet["Tags"]);
        let found = expected.iter().find(|(name, ..)| address == format!("network/subnet.{name}"));
        let (_, cidr, zone, public) = found.unwrap_or_else(|| panic!("{address} is not expected"));
        assert_eq!(subnet["VpcId"], vpc, "{address}");
        assert_eq!(subnet["CidrBlock"], *cidr, "{address}");
        assert_eq!(subnet["AvailabilityZone"], *zone, "{address}");
        assert_eq!(subnet["MapPublicIpOnLaunch"], *public, "{address}");
        let role = if *public { "kubernetes.io/role/elb" } else { "kubernetes.io/role/internal-elb" };
        assert_eq!(tags(&subnet["Tags"]).get(role).map(String::as_str), Some("1"), "{address}");
        address
    };
    seen.iter().map(check).collect()
}

fn internet_gateway(look: &Look) -> Vec<String> {
    let gateways = ec2(look, "describe-internet-gateways", "InternetGateways");
    assert_eq!(gateways.len(), 1);
    assert_eq!(gateways[0]["Attachments"][0]["VpcId"], vpc_id(look));
    vec![address(&gateways[0]["Tags"])]
}

fn elastic_ips(look: &Look) -> Vec<String> {
    let ips = ec2(look, "describe-addresses", "Addresses");
    assert_eq!(ips.len(), 1, "one NAT gateway, one address");
    assert_eq!(ips[0]["Domain"], "vpc");
    ips.iter().map(|ip| address(&ip["Tags"])).collect()
}

/// The id of the subnet of a name.
fn subnet(look: &Look, name: &str) -> String {
    let subnets = ec2(look, "describe-subnets", "Subnets");
    let named = subnets.iter().find(|subnet| address(&subnet["Tags"]) == format!("network/subnet.{name}"));
    text(&named.unwrap_or_else(|| panic!("no subnet {name}"))["SubnetId"]).to_string()
}

fn nat_gateways(look: &Look) -> Vec<String> {
    let gateways = ec2(look, "describe-nat-gateways", "NatGateways");
    assert_eq!(gateways.len(), 1, "dev has a single one");
    let gateway = &gateways[0];
    assert_eq!(gateway["State"], "available");
    assert_eq!(gateway["SubnetId"], subnet(look, "public-a"), "it is in a public subnet");
    let ips = ec2(look, "describe-addresses", "Addresses");
    assert_eq!(gateway["NatGatewayAddresses"][0]["AllocationId"], ips[0]["AllocationId"]);
    vec![address(&gateway["Tags"])]
}

fn route_tables(look: &Look) -> Vec<String> {
    let tables = ec2(look, "describe-route-tables", "RouteTables");
    let nat = &ec2(look, "describe-nat-gateways", "NatGateways")[0]["NatGatewayId"];
    let internet = &ec2(look, "describe-internet-gateways", "InternetGateways")[0]["InternetGatewayId"];
    let check = |table: &Value| {
        let address = address(&table["Tags"]);
        let out = items(&table["Routes"]).iter().find(|route| route["DestinationCidrBlock"] == "0.0.0.0/0");
        let out = out.unwrap_or_else(|| panic!("{address} leads nowhere"));
        let subnets =
            items(&table["Associations"]).iter().filter_map(|association| association["SubnetId"].as_str());
        let subnets: BTreeSet<String> = subnets.map(str::to_string).collect();
        let expected: &[&str] = match address.as_str() {
            "network/route-table.public" => &["public-a", "public-b"],
            "network/route-table.private-a" => &["private-a"],
            "network/route-table.private-b" => &["private-b"],
            other => panic!("{other} is not expected"),
        };
        assert_eq!(subnets, expected.iter().map(|name| subnet(look, name)).collect(), "{address}");
        match address.as_str() {
            "network/route-table.public" => assert_eq!(&out["GatewayId"], internet, "{address}"),
            _ => assert_eq!(&out["NatGatewayId"], nat, "{address}"),
        }
        address
    };
    tables.iter().map(check).collect()
}

fn s3_endpoint(look: &Look) -> Vec<String> {
    let endpoints = ec2(look, "describe-vpc-endpoints", "VpcEndpoints");
    assert_eq!(endpoints.len(), 1);
    assert_eq!(endpoints[0]["VpcEndpointType"], "Gateway", "free of charge");
    assert_eq!(endpoints[0]["ServiceName"], "com.amazonaws.us-east-1.s3");
    assert_eq!(endpoints[0]["VpcId"], vpc_id(look));
    let tables = ec2(look, "describe-route-tables", "RouteTables");
    let all: BTreeSet<&str> = tables.iter().map(|table| text(&table["RouteTableId"])).collect();
    assert_eq!(texts(&endpoints[0]["RouteTableIds"]), all, "every subnet reaches S3 through it");
    vec![address(&endpoints[0]["Tags"])]
}

fn security_groups(look: &Look) -> Vec<String> {
    let groups = ec2(look, "describe-security-groups", "SecurityGroups");
    let vpc = vpc_id(look);
    let check = |group: &Value| {
        let address = address(&group["Tags"]);
        assert_eq!(group["VpcId"], vpc, "{address}");
        for rule in items(&group["IpPermissions"]) {
            let from_anywhere = items(&rule["IpRanges"]).iter().any(|range| range["CidrIp"] == "0.0.0.0/0");
            let ports = (&rule["FromPort"], &rule["ToPort"]);
            let web = ports == (&json!(80), &json!(80)) || ports == (&json!(443), &json!(443));
            let may = address == "network/security-group.load-balancer" && web;
            assert!(!from_anywhere || may, "{address} lets the internet in: {rule}");
        }
        address
    };
    groups.iter().map(check).collect()
}

pub fn describe_cluster(look: &Look) -> Value {
    look.aws(&["eks", "describe-cluster", "--name", CLUSTER])["cluster"].clone()
}

fn cluster(look: &Look) -> Vec<String> {
    let cluster = describe_cluster(look);
    assert_eq!(cluster["status"], "ACTIVE");
    assert_eq!(cluster["version"], "1.36");
    let network = &cluster["resourcesVpcConfig"];
    let private = ["private-a", "private-b"].map(|name| subnet(look, name));
    for id in &private {
        assert!(texts(&network["subnetIds"]).contains(id.as_str()), "the control plane is in {id}");
    }
    assert_eq!(network["endpointPrivateAccess"], true);
    assert_eq!(network["endpointPublicAccess"], true);
    assert_eq!(network["publicAccessCidrs"], json!(["0.0.0.0/0"]));
    assert_eq!(items(&network["securityGroupIds"]).len(), 1);
    let logs = items(&cluster["logging"]["clusterLogging"]);
    let enabled =
        logs.iter().filter(|setup| setup["enabled"] == true).flat_map(|setup| items(&setup["types"]));
    let enabled: BTreeSet<&str> = enabled.filter_map(Value::as_str).collect();
    assert_eq!(
        enabled,
        BTreeSet::from(["api", "audit", "authenticator", "controllerManager", "scheduler"]),
        "all control-plane logs"
    );
    assert!(text(&cluster["roleArn"]).ends_with(":role/billpay-dev-eks-cluster"), "{}", cluster["roleArn"]);
    assert_eq!(cluster["accessConfig"]["authenticationMode"], "API");
    assert_eq!(
        cluster["upgradePolicy"]["supportType"], "STANDARD",
        "extended support costs six times as much"
    );
    vec![address(&cluster["tags"])]
}

fn node_groups(look: &Look) -> Vec<String> {
    let listed = look.aws(&["eks", "list-nodegroups", "--cluster-name", CLUSTER]);
    assert_eq!(items(&listed["nodegroups"]).len(), 1);
    let name = text(&listed["nodegroups"][0]);
    let group = look.aws(&["eks", "describe-nodegroup", "--cluster-name", CLUSTER, "--nodegroup-name", name]);
    let group = &group["nodegroup"];
    assert!(name.starts_with("billpay-nodes"), "{name}");
    assert_eq!(group["status"], "ACTIVE");
    assert_eq!(group["instanceTypes"], json!(["t3.medium"]));
    assert_eq!(group["capacityType"], "ON_DEMAND");
    assert_eq!(
        (&group["scalingConfig"]["minSize"], &group["scalingConfig"]["maxSize"]),
        (&json!(2), &json!(4))
    );
    assert!(text(&group["nodeRole"]).ends_with(":role/billpay-dev-eks-nodes"), "{}", group["nodeRole"]);
    let private = ["private-a", "private-b"].map(|name| subnet(look, name));
    assert_eq!(texts(&group["subnets"]), private.iter().map(String::as_str).collect(), "nodes are private");
    vec![address(&group["tags"])]
}

fn addons(look: &Look) -> Vec<String> {
    let listed = look.aws(&["eks", "list-addons", "--cluster-name", CLUSTER]);
    let names = texts(&listed["addons"]);
    assert_eq!(
        names,
        BTreeSet::from(["coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"])
    );
    let check = |name: &&str| {
        let addon = look.aws(&["eks", "describe-addon", "--cluster-name", CLUSTER, "--addon-name", name]);
        assert_eq!(addon["addon"]["status"], "ACTIVE", "{name}");
        address(&addon["addon"]["tags"])
    };
    names.iter().map(check).collect()
}

fn access_entries(look: &Look) -> Vec<String> {
    let listed = look.aws(&["eks", "list-access-entries", "--cluster-name", CLUSTER]);
    let check = |principal: &&str| {
        let about = ["--cluster-name", CLUSTER, "--principal-arn", principal];
        let entry = look.aws(&[&["eks", "describe-access-entry"], &about[..]].concat());
        let entry = &entry["accessEntry"];
        let tags = tags(&entry["tags"]);
        // EKS itself makes one for the role of the nodes, without tags of ours.
        tags.contains_key("billpay:address").then(|| address(&entry["tags"]))
    };
    texts(&listed["accessEntries"]).iter().filter_map(check).collect()
}

fn pod_identities(look: &Look) -> Vec<String> {
    let listed = look.aws(&["eks", "list-pod-identity-associations", "--cluster-name", CLUSTER]);
    let check = |association: &Value| {
        let id = text(&association["associationId"]);
        let about = ["--cluster-name", CLUSTER, "--association-id", id];
        let association = look.aws(&[&["eks", "describe-pod-identity-association"], &about[..]].concat());
        let association = &association["association"];
        let address = address(&association["tags"]);
        let role = text(&association["roleArn"]).to_string();
        assert!(role.contains(":role/billpay-dev-"), "{address}: {role}");
        assert!(!text(&association["serviceAccount"]).is_empty(), "{address}");
        address
    };
    // Those of add-ons belong to the add-ons.
    let own =
        items(&listed["associations"]).iter().filter(|association| text(&association["ownerArn"]).is_empty());
    own.map(check).collect()
}

fn repositories(look: &Look) -> Vec<String> {
    let listed = look.aws(&["ecr", "describe-repositories"]);
    let check = |service: &&str| {
        let name = format!("billpay-{service}-dev");
        let found = items(&listed["repositories"]).iter().find(|one| one["repositoryName"] == name.as_str());
        let found = found.unwrap_or_else(|| panic!("no repository {name}"));
        assert_eq!(found["imageTagMutability"], "IMMUTABLE", "{name}");
        assert_eq!(found["imageScanningConfiguration"]["scanOnPush"], true, "{name}");
        let policy = look.aws(&["ecr", "get-lifecycle-policy", "--repository-name", &name]);
        let policy: Value = serde_json::from_str(text(&policy["lifecyclePolicyText"])).expect("a policy");
        let counts: Vec<&Value> =
            items(&policy["rules"]).iter().map(|rule| &rule["selection"]["countNumber"]).collect();
        assert_eq!(counts, [7, 30], "{name}: untagged ones go after a week, 30 tagged ones stay");
        let arn = text(&found["repositoryArn"]);
        address(&look.aws(&["ecr", "list-tags-for-resource", "--resource-arn", arn])["tags"])
    };
    SERVICES.iter().map(check).collect()
}

/// Every bucket of dev with its key.
fn bucket_names(look: &Look) -> Vec<(String, String)> {
    let name = |base: &str| format!("{base}-dev-{}", look.sandbox.account);
    let mut buckets: Vec<(String, String)> =
        FRONTENDS.iter().map(|(key, base)| (key.to_string(), name(base))).collect();
    buckets.push(("techdocs".to_string(), name("billpay-techdocs")));
    buckets
}

fn buckets(look: &Look) -> Vec<String> {
    let check = |(key, name): &(String, String)| {
        let get = |call: &str| look.aws(&["s3api", call, "--bucket", name]);
        let encryption = get("get-bucket-encryption");
        let rule = &encryption["ServerSideEncryptionConfiguration"]["Rules"][0];
        assert_eq!(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "{name}");
        assert_eq!(get("get-bucket-versioning")["Status"], "Enabled", "{name}");
        let blocked = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
        assert_eq!(get("get-public-access-block")["PublicAccessBlockConfiguration"], blocked, "{name}");
        let ownership = get("get-bucket-ownership-controls");
        assert_eq!(
            ownership["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced",
            "{name}"
        );
        let lifecycle = get("get-bucket-lifecycle-configuration");
        let rules = items(&lifecycle["Rules"]).iter().filter(|rule| rule["Status"] == "Enabled");
        let days: Vec<&Value> =
            rules.map(|rule| &rule["NoncurrentVersionExpiration"]["NoncurrentDays"]).collect();
        assert_eq!(days, [30], "{name}: old versions go after a month");
        let address = address(&get("get-bucket-tagging")["TagSet"]);
        assert_eq!(address, format!("s3-cloudfront/bucket.{key}"));
        address
    };
    bucket_names(look).iter().map(check).collect()
}

fn bucket_policies(look: &Look) -> Vec<String> {
    let check = |(key, name): &(String, String)| {
        let policy = look.aws(&["s3api", "get-bucket-policy", "--bucket", name]);
        let policy: Value = serde_json::from_str(text(&policy["Policy"])).expect("a policy");
        let denies_the_clear = items(&policy["Statement"]).iter().any(|statement| {
            statement["Effect"] == "Deny"
                && statement["Principal"] == "*"
                && only(&statement["Condition"]["Bool"]["aws:SecureTransport"]) == "false"
        });
        assert!(denies_the_clear, "{name} answers without TLS: {policy:#}");
        let allowed: Vec<&Value> =
            items(&policy["Statement"]).iter().filter(|statement| statement["Effect"] == "Allow").collect();
        if FRONTENDS.iter().any(|(frontend, _)| frontend == key) {
            assert_eq!(allowed.len(), 1, "{name}: only CloudFront may read");
            assert_eq!(only(&allowed[0]["Principal"]["Service"]), "cloudfront.amazonaws.com", "{name}");
            assert_eq!(only(&allowed[0]["Action"]), "s3:GetObject", "{name}");
            let arn = text(&distribution(look, key)["ARN"]).to_string();
            assert_eq!(
                only(&allowed[0]["Condition"]["StringEquals"]["AWS:SourceArn"]),
                arn,
                "{name}: this one only"
            );
        } else {
            assert!(allowed.is_empty(), "{name} is open to somebody: {policy:#}");
        }
        format!("s3-cloudfront/bucket-policy.{key}")
    };
    bucket_names(look).iter().map(check).collect()
}

/// The distribution whose origin is the bucket of a frontend.
pub fn distribution(look: &Look, frontend: &str) -> Value {
    let (_, base) = FRONTENDS.iter().find(|(key, _)| *key == frontend).expect("a frontend");
    let domain = format!("{base}-dev-{}.s3.us-east-1.amazonaws.com", look.sandbox.account);
    let listed = look.aws(&["cloudfront", "list-distributions"]);
    let all = items(&listed["DistributionList"]["Items"]);
    let ours: Vec<&Value> =
        all.iter().filter(|one| one["Origins"]["Items"][0]["DomainName"] == domain).collect();
    assert_eq!(ours.len(), 1, "{frontend} has one distribution");
    let id = text(&ours[0]["Id"]);
    look.aws(&["cloudfront", "get-distribution", "--id", id])["Distribution"].clone()
}

fn distributions(look: &Look) -> Vec<String> {
    let check = |(key, _): &(&str, &str)| {
        let distribution = distribution(look, key);
        let config = &distribution["DistributionConfig"];
        assert_eq!(distribution["Status"], "Deployed", "{key}");
        assert_eq!(config["Enabled"], true, "{key}");
        assert_eq!(config["PriceClass"], "PriceClass_100", "{key}");
        let behaviors =
            items(&config["CacheBehaviors"]["Items"]).iter().chain([&config["DefaultCacheBehavior"]]);
        for behavior in behaviors {
            let viewers = text(&behavior["ViewerProtocolPolicy"]);
            assert!(
                ["redirect-to-https", "https-only"].contains(&viewers),
                "{key} answers in the clear: {viewers}"
            );
            let headers = headers_policy(look, key);
            assert_eq!(
                behavior["ResponseHeadersPolicyId"], headers["Id"],
                "{key} sends its security headers"
            );
        }
        let control = origin_access_control(look, key);
        assert_eq!(config["Origins"]["Items"][0]["OriginAccessControlId"], control["Id"], "{key}");
        let pages = items(&config["CustomErrorResponses"]["Items"]).iter();
        let fallback: BTreeSet<i64> = pages
            .filter(|page| page["ResponsePagePath"] == "/index.html" && page["ResponseCode"] == "200")
            .filter_map(|page| page["ErrorCode"].as_i64())
            .collect();
        match *key {
            "feature-flags" => assert!(fallback.is_empty(), "{key} is no single-page application"),
            _ => assert!(fallback.contains(&403) || fallback.contains(&404), "{key} lacks the SPA fallback"),
        }
        let arn = text(&distribution["ARN"]);
        let tags = look.aws(&["cloudfront", "list-tags-for-resource", "--resource", arn]);
        let address = address(&tags["Tags"]["Items"]);
        assert_eq!(address, format!("s3-cloudfront/distribution.{key}"));
        address
    };
    FRONTENDS.iter().map(check).collect()
}

fn origin_access_control(look: &Look, frontend: &str) -> Value {
    let listed = look.aws(&["cloudfront", "list-origin-access-controls"]);
    let name = format!("billpay-dev-{frontend}");
    let found =
        items(&listed["OriginAccessControlList"]["Items"]).iter().find(|one| one["Name"] == name.as_str());
    found.unwrap_or_else(|| panic!("no origin access control {name}")).clone()
}

fn origin_access_controls(look: &Look) -> Vec<String> {
    let check = |(key, _): &(&str, &str)| {
        let control = origin_access_control(look, key);
        assert_eq!(control["SigningBehavior"], "always", "{key}");
        assert_eq!(control["SigningProtocol"], "sigv4", "{key}");
        assert_eq!(control["OriginAccessControlOriginType"], "s3", "{key}");
        format!("s3-cloudfront/origin-access-control.{key}")
    };
    FRONTENDS.iter().map(check).collect()
}

fn headers_policy(look: &Look, frontend: &str) -> Value {
    let listed = look.aws(&["cloudfront", "list-response-headers-policies", "--type", "custom"]);
    let name = format!("billpay-dev-{frontend}");
    let all = items(&listed["ResponseHeadersPolicyList"]["Items"])
        .iter()
        .map(|item| &item["ResponseHeadersPolicy"]);
    let mut named = all.filter(|policy| policy["ResponseHeadersPolicyConfig"]["Name"] == name.as_str());
    named.next().unwrap_or_else(|| panic!("no headers policy {name}")).clone()
}

fn headers_policies(look: &Look) -> Vec<String> {
    let check = |(key, _): &(&str, &str)| {
        let policy = headers_policy(look, key);
        let headers = &policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"];
        let seconds = headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"].as_i64().unwrap_or(0);
        assert!(seconds >= 31_536_000, "{key}: HSTS for a year at least, not {seconds} s");
        assert_eq!(headers["FrameOptions"]["FrameOption"], "DENY", "{key}");
        assert_eq!(headers["ContentTypeOptions"]["Override"], true, "{key}: nosniff");
        let policy = text(&headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]).to_string();
        assert!(policy.contains("frame-ancestors 'none'"), "{key}: {policy}");
        format!("s3-cloudfront/headers-policy.{key}")
    };
    FRONTENDS.iter().map(check).collect()
}
