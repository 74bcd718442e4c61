//! Who may do what: the trust policies and permissions of the environment's roles, as
//! JSON documents in the one way of writing them that [`super::iam::normal`] defines.

use serde_json::{Value, json};

use super::iam::normal;
use crate::domain::names;
use crate::domain::resource::ENVIRONMENT_TAG;
use crate::domain::spec::Environment;

/// Host of GitHub's OIDC issuer.
pub const GITHUB: &str = "token.actions.githubusercontent.com";
/// Who tokens are for that AWS STS takes.
pub const STS_AUDIENCE: &str = "sts.amazonaws.com";

fn policy(statements: Vec<Value>) -> Value {
    normal(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Lets an AWS service take the role.
pub fn trust_service(service: &str) -> Value {
    policy(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    })])
}

/// Lets pods of this environment's cluster take the role through EKS Pod Identity. Without
/// the conditions any cluster of the account could.
pub fn trust_pods(env: &Environment) -> Value {
    policy(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": env.account},
            "ArnEquals": {"aws:SourceArn": names::cluster_arn(env)},
        },
    })])
}

/// Lets EKS run pods of this environment's Fargate profiles.
pub fn trust_fargate(env: &Environment) -> Value {
    let profiles =
        format!("arn:aws:eks:{}:{}:fargateprofile/{}/*", env.region, env.account, names::cluster(env));
    policy(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": "eks-fargate-pods.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": profiles}},
    })])
}

/// Lets workflows take the role: those of the named repositories only, and only in the
/// GitHub environment of the same name as ours, whose protection rules thereby hold.
/// Audience and subjects are compared exactly; a pattern would let strangers in.
pub fn trust_github(env: &Environment) -> Value {
    let github = &env.github;
    let subject = |repository: &String| {
        format!("repo:{}/{repository}:environment:{}", github.organization, env.environment)
    };
    let subjects: Vec<String> = github.repositories.iter().map(subject).collect();
    policy(vec![json!({
        "Effect": "Allow",
        "Principal": {"Federated": names::oidc_provider_arn(env, GITHUB)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{GITHUB}:aud"): STS_AUDIENCE,
            format!("{GITHUB}:sub"): subjects,
        }},
    })])
}

/// What a service may do: read its own secrets, publish the platform's metrics.
/// `None` for a service that needs nothing.
pub fn service(env: &Environment, secrets: &[String]) -> Option<Value> {
    let mut statements = vec![];
    if !secrets.is_empty() {
        let arns: Vec<String> = secrets.iter().map(|name| names::secret_arn(env, name)).collect();
        statements.push(json!({
            "Sid": "ReadItsSecrets",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": arns,
        }));
    }
    let namespaces: Vec<&String> = env.monitoring.metrics.keys().collect();
    if !namespaces.is_empty() {
        statements.push(json!({
            "Sid": "PublishMetrics",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": namespaces}},
        }));
    }
    (!statements.is_empty()).then(|| policy(statements))
}

/// What workflows may do: bring images, files and releases into this environment. They
/// deploy to the cluster through its access entry, not through IAM.
pub fn github(env: &Environment) -> Value {
    let Environment { account, region, environment, project, .. } = env;
    let of_environment = json!({"StringEquals": {format!("aws:ResourceTag/{ENVIRONMENT_TAG}"): environment}});
    let buckets: Vec<String> = env
        .frontends
        .keys()
        .map(|name| names::frontend_bucket(env, name))
        .chain(env.buckets.keys().map(|name| names::other_bucket(env, name)))
        .map(|bucket| format!("arn:aws:s3:::{bucket}"))
        .collect();
    let objects: Vec<String> = buckets.iter().map(|bucket| format!("{bucket}/*")).collect();
    let roles = ["cluster", "nodes"].map(|role| names::role_arn(env, &names::cluster_role(env, role)));
    let mut statements = vec![
        json!({
            "Sid": "SignInToRegistry",
            "Effect": "Allow",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        }),
        // By name and by tag, so that the policy neither grows with the services nor
        // takes in a look-alike.
        json!({
            "Sid": "PushImages",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImageScanFindings",
                "ecr:DescribeImages",
                "ecr:DescribeRepositories",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:ListImages",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            "Resource": format!(
                "arn:aws:ecr:{region}:{account}:repository/{project}-*{}",
                names::repository_suffix(env)
            ),
            "Condition": of_environment,
        }),
        json!({
            "Sid": "FindDistributions",
            "Effect": "Allow",
            "Action": ["cloudfront:ListDistributions", "cloudfront:ListTagsForResource"],
            "Resource": "*",
        }),
        json!({
            "Sid": "InvalidateDistributions",
            "Effect": "Allow",
            "Action": [
                "cloudfront:CreateInvalidation",
                "cloudfront:GetDistribution",
                "cloudfront:GetInvalidation",
                "cloudfront:ListInvalidations",
            ],
            "Resource": format!("arn:aws:cloudfront::{account}:distribution/*"),
            "Condition": of_environment,
        }),
        json!({
            "Sid": "ReachCluster",
            "Effect": "Allow",
            "Action": "eks:DescribeCluster",
            "Resource": names::cluster_arn(env),
        }),
        json!({
            "Sid": "ReadClusterLogs",
            "Effect": "Allow",
            "Action": ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
            "Resource": format!(
                "arn:aws:logs:{region}:{account}:log-group:/aws/eks/{}/*",
                names::cluster(env)
            ),
        }),
        json!({
            "Sid": "PassClusterRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": roles,
            "Condition": {
                "StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "eks.amazonaws.com"]},
            },
        }),
    ];
    if !buckets.is_empty() {
        statements.push(json!({
            "Sid": "ListBuckets",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": buckets,
        }));
        statements.push(json!({
            "Sid": "PublishFiles",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": objects,
        }));
    }
    policy(statements)
}

/// What no role of the environment may ever do, whatever is attached to it: make users or
/// keys, lift this boundary, leave the region, touch what belongs to another environment.
pub fn boundary(env: &Environment) -> Value {
    let itself = names::policy_arn(env, &names::boundary(env));
    policy(vec![
        json!({"Sid": "WhatRolesAreGiven", "Effect": "Allow", "Action": "*", "Resource": "*"}),
        json!({
            "Sid": "NoUsersAndNoKeys",
            "Effect": "Deny",
            "Action": [
                "iam:AddUserToGroup",
                "iam:AttachUserPolicy",
                "iam:CreateAccessKey",
                "iam:CreateLoginProfile",
                "iam:CreateServiceSpecificCredential",
                "iam:CreateUser",
                "iam:PutUserPolicy",
                "iam:UpdateAccessKey",
                "iam:UpdateLoginProfile",
                "iam:UploadSSHPublicKey",
                "iam:UploadSigningCertificate",
            ],
            "Resource": "*",
        }),
        json!({
            "Sid": "NoWayAroundThis",
            "Effect": "Deny",
            "Action": [
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
            ],
            "Resource": itself,
        }),
        json!({
            "Sid": "NoRoleWithoutThis",
            "Effect": "Deny",
            "Action": ["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"],
            "Resource": "*",
        }),
        // Services without a region of their own are left out; their calls go to us-east-1.
        json!({
            "Sid": "OnlyThisRegion",
            "Effect": "Deny",
            "NotAction": [
                "budgets:*",
                "ce:*",
                "cloudfront:*",
                "health:*",
                "iam:*",
                "route53:*",
                "shield:*",
                "sts:*",
                "support:*",
            ],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": env.region}},
        }),
        json!({
            "Sid": "NoOtherEnvironment",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {format!("aws:ResourceTag/{ENVIRONMENT_TAG}"): env.environment},
                "Null": {format!("aws:ResourceTag/{ENVIRONMENT_TAG}"): "false"},
            },
        }),
    ])
}

/// What the AWS Load Balancer Controller may do. It reads broadly; what it changes has to
/// carry its tag with the name of this cluster, so that it can't touch what the controller
/// of another cluster in the account made.
pub fn load_balancer_controller(env: &Environment) -> Value {
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
    let everything = ["loadbalancer", "targetgroup", "listener", "listener-rule"].map(|what| balancing(what));
    policy(vec![
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
            "Condition": {
                "StringEquals": {format!("aws:ResourceTag/{ENVIRONMENT_TAG}"): env.environment},
            },
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
