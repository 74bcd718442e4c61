//! The permissions boundary: the most that roles of people's code may do.

use serde_json::{Value, json};

use super::document;
use crate::environment::Environment;
use crate::names;
use crate::resource::{ENVIRONMENT_TAG, PROJECT_TAG};

/// The calls that change a role and know its boundary.
const CHANGES_OF_BOUNDED_ROLES: [&str; 5] = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePolicy",
];

/// The most that a role of the environment may ever do, whatever is attached to it. It can't get
/// out of this boundary, become another role, leave the region, or touch what belongs to another
/// environment.
///
/// Of IAM and ECR only what is named is allowed, so that a call that AWS adds is out of reach
/// until somebody has thought about it.
pub fn boundary(env: &Environment) -> Value {
    let Environment { account, region, .. } = env;
    let itself = names::policy_arn(env, &names::boundary(env));
    document(vec![
        json!({
            "Sid": "WhatRolesAreGiven",
            "Effect": "Allow",
            "NotAction": ["ecr:*", "iam:*"],
            "Resource": "*",
        }),
        json!({
            "Sid": "SignInAndLookAround",
            "Effect": "Allow",
            "Action": ["ecr:GetAuthorizationToken", "iam:Get*", "iam:List*", "iam:Simulate*"],
            "Resource": "*",
        }),
        json!({
            "Sid": "ItsOwnRepositories",
            "Effect": "Allow",
            "Action": "ecr:*",
            "Resource": format!("arn:aws:ecr:{region}:{account}:repository/{}", names::repository_pattern(env)),
        }),
        json!({
            "Sid": "RolesInThisBoundary",
            "Effect": "Allow",
            "Action": CHANGES_OF_BOUNDED_ROLES,
            "Resource": "*",
            "Condition": {"ArnEquals": {"iam:PermissionsBoundary": itself}},
        }),
        json!({
            "Sid": "StaysThisRole",
            "Effect": "Deny",
            "Action": ["sts:AssumeRole", "sts:AssumeRoot"],
            "Resource": "*",
        }),
        // What has no tags, or none yet: objects, secrets that people made, EKS's own log groups.
        json!({
            "Sid": "OnlyItsOwnByName",
            "Effect": "Deny",
            "Action": ["eks:*", "logs:*", "s3:*", "secretsmanager:*"],
            "NotResource": own(env),
        }),
        // A `*` goes past slashes: without this, a key of another bucket could look like one of ours.
        json!({
            "Sid": "NoKeyLikeABucket",
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": names::bucket_arn(&format!("*/*{}*", names::bucket_suffix(env))),
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
        // Nodes, and what controllers make: EKS and the AWS Load Balancer Controller tag these, not billpay.
        tagged_otherwise("NoLoadBalancersOfOthers", "elbv2.k8s.aws/cluster", &names::cluster(env)),
        tagged_otherwise("NoNodesOfOthers", "eks:cluster-name", &names::cluster(env)),
        tagged_otherwise("NoOtherEnvironment", ENVIRONMENT_TAG, &env.environment),
        tagged_otherwise("NoOtherProject", PROJECT_TAG, &env.project),
    ])
}

/// The ARNs of what is the environment's by its name.
fn own(env: &Environment) -> Vec<String> {
    let Environment { account, region, project, environment, .. } = env;
    let cluster = names::cluster(env);
    let buckets = names::bucket_arn(&format!("*{}", names::bucket_suffix(env)));
    let eks = format!("arn:aws:eks:{region}:{account}");
    let logs = format!("arn:aws:logs:{region}:{account}:log-group:/aws");
    vec![
        format!("{eks}:cluster/{cluster}"),
        format!("{eks}:*/{cluster}/*"),
        format!("{logs}/cloudtrail/{project}-{environment}:*"),
        format!("{logs}/eks/{cluster}/*"),
        format!("{buckets}/*"),
        buckets,
        names::secret_arn(env, "*"),
    ]
}

/// Denies everything on resources that carry a tag with another value.
fn tagged_otherwise(sid: &str, tag: &str, value: &str) -> Value {
    let tag = format!("aws:ResourceTag/{tag}");
    json!({
        "Sid": sid,
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {tag.as_str(): value}, "Null": {tag.as_str(): "false"}},
    })
}
