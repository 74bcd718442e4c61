//! Everything that the AWS CLI can see in an account, of the services that billpay uses.

use std::collections::BTreeMap;

use serde_json::Value;

use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// Inventory of an account: kind of thing and id of AWS.
pub type Inventory = BTreeMap<String, Value>;

/// Lists of things: the call, where the list is in its answer, and what identifies one.
const LISTS: &[(&[&str], &str, &str)] = &[
    (&["ec2", "describe-vpcs"], "/Vpcs", "VpcId"),
    (&["ec2", "describe-subnets"], "/Subnets", "SubnetId"),
    (&["ec2", "describe-internet-gateways"], "/InternetGateways", "InternetGatewayId"),
    // AWS shows a deleted gateway for an hour.
    (
        &["ec2", "describe-nat-gateways", "--filter", "Name=state,Values=pending,available,failed"],
        "/NatGateways",
        "NatGatewayId",
    ),
    (&["ec2", "describe-addresses"], "/Addresses", "AllocationId"),
    (&["ec2", "describe-route-tables"], "/RouteTables", "RouteTableId"),
    (&["ec2", "describe-security-groups"], "/SecurityGroups", "GroupId"),
    (&["ec2", "describe-vpc-endpoints"], "/VpcEndpoints", "VpcEndpointId"),
    (&["ec2", "describe-network-interfaces"], "/NetworkInterfaces", "NetworkInterfaceId"),
    (&["ec2", "describe-launch-templates"], "/LaunchTemplates", "LaunchTemplateId"),
    (&["ec2", "describe-volumes"], "/Volumes", "VolumeId"),
    (&["iam", "get-account-authorization-details", "--filter", "Role"], "/RoleDetailList", "RoleName"),
    (&["iam", "list-policies", "--scope", "Local"], "/Policies", "PolicyName"),
    (&["iam", "list-instance-profiles"], "/InstanceProfiles", "InstanceProfileName"),
    (&["iam", "list-users"], "/Users", "UserName"),
    (&["ecr", "describe-repositories"], "/repositories", "repositoryName"),
    (&["s3api", "list-buckets"], "/Buckets", "Name"),
    (&["cloudfront", "list-distributions"], "/DistributionList/Items", "Id"),
    (&["cloudfront", "list-origin-access-controls"], "/OriginAccessControlList/Items", "Id"),
    (&["logs", "describe-log-groups"], "/logGroups", "logGroupName"),
    (&["kms", "list-keys"], "/Keys", "KeyId"),
];

/// A call of the AWS CLI: service, operation, options.
type Call = &'static [&'static str];

/// Names in a list, and the calls that say more about each (`{}` is the name).
const DETAILS: &[(Call, &str, &str, &[Call])] = &[
    (
        &["eks", "list-clusters"],
        "/clusters",
        "",
        &[
            &["eks", "describe-cluster", "--name", "{}"],
            &["eks", "list-nodegroups", "--cluster-name", "{}"],
            &["eks", "list-addons", "--cluster-name", "{}"],
            &["eks", "list-access-entries", "--cluster-name", "{}"],
            &["eks", "list-fargate-profiles", "--cluster-name", "{}"],
            &["eks", "list-pod-identity-associations", "--cluster-name", "{}"],
        ],
    ),
    (
        &["iam", "list-open-id-connect-providers"],
        "/OpenIDConnectProviderList",
        "/Arn",
        &[&["iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", "{}"]],
    ),
    (
        &["cloudfront", "list-response-headers-policies", "--type", "custom"],
        "/ResponseHeadersPolicyList/Items",
        "/ResponseHeadersPolicy/Id",
        &[&["cloudfront", "get-response-headers-policy", "--id", "{}"]],
    ),
    (
        &["s3api", "list-buckets"],
        "/Buckets",
        "/Name",
        &[
            &["s3api", "list-object-versions", "--bucket", "{}"],
            &["s3api", "get-bucket-versioning", "--bucket", "{}"],
            &["s3api", "get-bucket-tagging", "--bucket", "{}"],
            &["s3api", "get-bucket-policy", "--bucket", "{}"],
        ],
    ),
    (
        &["iam", "list-policies", "--scope", "Local"],
        "/Policies",
        "/Arn",
        &[&["iam", "list-policy-tags", "--policy-arn", "{}"]],
    ),
    (
        &["ecr", "describe-repositories"],
        "/repositories",
        "/repositoryArn",
        &[&["ecr", "list-tags-for-resource", "--resource-arn", "{}"]],
    ),
    (
        &["cloudfront", "list-distributions"],
        "/DistributionList/Items",
        "/ARN",
        &[&["cloudfront", "list-tags-for-resource", "--resource", "{}"]],
    ),
];

/// Takes the inventory of an account.
pub fn inventory(sandbox: &Sandbox) -> Inventory {
    std::thread::scope(|scope| {
        let lists: Vec<_> = LISTS.iter().map(|list| scope.spawn(move || listed(sandbox, list))).collect();
        let details: Vec<_> = DETAILS
            .iter()
            .map(|(call, list, name, more)| scope.spawn(move || detailed(sandbox, call, list, name, more)))
            .collect();
        lists
            .into_iter()
            .chain(details)
            .flat_map(|part| part.join().expect("a part of the inventory"))
            .collect()
    })
}

fn listed(sandbox: &Sandbox, (call, list, id): &(&[&str], &str, &str)) -> Inventory {
    let answer = sandbox.aws(call);
    let found = items(answer.pointer(list).unwrap_or(&Value::Null));
    found.iter().map(|item| (format!("{} {}", call[1], text(&item[*id])), item.clone())).collect()
}

fn detailed(sandbox: &Sandbox, call: &[&str], list: &str, name: &str, more: &[&[&str]]) -> Inventory {
    let answer = sandbox.aws(call);
    let names = items(answer.pointer(list).unwrap_or(&Value::Null)).iter();
    let names = names.filter_map(|item| item.pointer(name)).map(text);
    let mut found = Inventory::new();
    for name in names {
        for call in more {
            let call: Vec<&str> = call.iter().map(|word| if *word == "{}" { name } else { *word }).collect();
            found.insert(call[1..].join(" "), sandbox.aws_or_error(&call));
        }
    }
    found
}

/// Makes sure that two inventories are the same, and says what isn't.
#[track_caller]
pub fn same(before: &Inventory, after: &Inventory) {
    let gone: Vec<&String> = before.keys().filter(|key| !after.contains_key(*key)).collect();
    let new: Vec<&String> = after.keys().filter(|key| !before.contains_key(*key)).collect();
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
    for (key, value) in before {
        assert_eq!(after[key], *value, "{key} is not as it was");
    }
}
