//! What the AWS Load Balancer Controller may do. It reads broadly; what it changes has to
//! carry its tag with the name of this cluster, so that it can't touch what the controller
//! of another cluster in the account made.

use billpay_model::access::{document, of_environment};
use billpay_model::environment::Environment;
use billpay_model::names;
use serde_json::{Value, json};

/// The inline policy of its role.
pub fn permissions(env: &Environment) -> Value {
    const TAG: &str = "elbv2.k8s.aws/cluster";
    let Environment { account, region, .. } = env;
    let cluster = names::cluster(env);
    let asked = format!("aws:RequestTag/{TAG}");
    let tagged = format!("aws:ResourceTag/{TAG}");
    let groups = format!("arn:aws:ec2:{region}:{account}:security-group/*");
    let balancing = |what: &str| format!("arn:aws:elasticloadbalancing:{region}:{account}:{what}/*");
    let asks_for_it = json!({"StringEquals": {asked.as_str(): cluster}});
    let carries_it = json!({"StringEquals": {tagged.as_str(): cluster}});
    // Changing other tags of its own things is fine, moving them to another cluster isn't.
    let carries_and_keeps_it =
        json!({"StringEquals": {tagged.as_str(): cluster}, "Null": {asked.as_str(): "true"}});
    let everything = ["loadbalancer", "targetgroup", "listener", "listener-rule"].map(balancing);
    document(vec![
        json!({
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        }),
        json!({
            "Effect": "Allow",
            "Action": [
                "acm:DescribeCertificate",
                "acm:ListCertificates",
                "cognito-idp:DescribeUserPoolClient",
                "ec2:DescribeAccountAttributes",
                "ec2:DescribeAddresses",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeCoipPools",
                "ec2:DescribeInstances",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeIpamPools",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeTags",
                "ec2:DescribeVpcPeeringConnections",
                "ec2:DescribeVpcs",
                "ec2:GetCoipPoolUsage",
                "ec2:GetSecurityGroupsForVpc",
                "elasticloadbalancing:DescribeCapacityReservation",
                "elasticloadbalancing:DescribeListenerAttributes",
                "elasticloadbalancing:DescribeListenerCertificates",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeSSLPolicies",
                "elasticloadbalancing:DescribeTags",
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
                "elasticloadbalancing:DescribeTrustStores",
                "iam:GetServerCertificate",
                "iam:ListServerCertificates",
                "shield:DescribeProtection",
                "shield:GetSubscriptionState",
                "wafv2:GetWebACL",
                "wafv2:GetWebACLForResource",
            ],
            "Resource": "*",
        }),
        json!({
            "Effect": "Allow",
            "Action": [
                "shield:CreateProtection",
                "shield:DeleteProtection",
                "wafv2:AssociateWebACL",
                "wafv2:DisassociateWebACL",
            ],
            "Resource": "*",
        }),
        // It opens the cluster's own security groups to its load balancers.
        json!({
            "Effect": "Allow",
            "Action": ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            "Resource": groups,
            "Condition": {"StringEquals": {
                format!("aws:ResourceTag/kubernetes.io/cluster/{cluster}"): ["owned", "shared"],
            }},
        }),
        json!({
            "Effect": "Allow",
            "Action": "ec2:CreateSecurityGroup",
            "Resource": format!("arn:aws:ec2:{region}:{account}:vpc/*"),
            "Condition": of_environment(env),
        }),
        json!({
            "Effect": "Allow",
            "Action": "ec2:CreateSecurityGroup",
            "Resource": groups,
            "Condition": asks_for_it,
        }),
        json!({
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": groups,
            "Condition": {
                "StringEquals": {"ec2:CreateAction": "CreateSecurityGroup", asked.as_str(): cluster},
            },
        }),
        json!({
            "Effect": "Allow",
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Resource": groups,
            "Condition": carries_and_keeps_it,
        }),
        json!({
            "Effect": "Allow",
            "Action": [
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:DeleteSecurityGroup",
                "ec2:RevokeSecurityGroupIngress",
            ],
            "Resource": groups,
            "Condition": carries_it,
        }),
        json!({
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"],
            "Resource": "*",
            "Condition": asks_for_it,
        }),
        json!({
            "Effect": "Allow",
            "Action": "elasticloadbalancing:AddTags",
            "Resource": everything,
            "Condition": {"StringEquals": {
                "elasticloadbalancing:CreateAction": [
                    "CreateListener",
                    "CreateLoadBalancer",
                    "CreateRule",
                    "CreateTargetGroup",
                ],
                asked.as_str(): cluster,
            }},
        }),
        json!({
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            "Resource": everything,
            "Condition": carries_and_keeps_it,
        }),
        json!({
            "Effect": "Allow",
            "Action": [
                "elasticloadbalancing:AddListenerCertificates",
                "elasticloadbalancing:CreateListener",
                "elasticloadbalancing:CreateRule",
                "elasticloadbalancing:DeleteListener",
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:DeleteRule",
                "elasticloadbalancing:DeleteTargetGroup",
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:ModifyCapacityReservation",
                "elasticloadbalancing:ModifyIpPools",
                "elasticloadbalancing:ModifyListener",
                "elasticloadbalancing:ModifyListenerAttributes",
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "elasticloadbalancing:ModifyRule",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:RegisterTargets",
                "elasticloadbalancing:RemoveListenerCertificates",
                "elasticloadbalancing:SetIpAddressType",
                "elasticloadbalancing:SetRulePriorities",
                "elasticloadbalancing:SetSecurityGroups",
                "elasticloadbalancing:SetSubnets",
                "elasticloadbalancing:SetWebAcl",
            ],
            "Resource": everything,
            "Condition": carries_it,
        }),
    ])
}
