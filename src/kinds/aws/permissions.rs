//! Who may do what: the trust policies and permissions of the environment's roles, as
//! JSON documents in the one way of writing them that [`super::iam::normal`] defines.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::iam::normal;
use crate::domain::names;
use crate::domain::resource::{ENVIRONMENT_TAG, PROJECT_TAG};
use crate::domain::spec::{Environment, Service};

pub use crate::domain::names::GITHUB_ISSUER as GITHUB;
/// Who tokens are for that AWS STS takes.
pub const STS_AUDIENCE: &str = "sts.amazonaws.com";

/// A policy document of these statements.
pub fn policy(statements: Vec<Value>) -> Value {
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
    policy(vec![json!({
        "Effect": "Allow",
        "Principal": {"Federated": names::oidc_provider_arn(env, GITHUB)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{GITHUB}:aud"): STS_AUDIENCE,
            format!("{GITHUB}:sub"): names::github_subjects(env),
        }},
    })])
}

/// What a service may do: read its own secrets and the buckets that it names, publish the
/// platform's metrics. `None` for a service that needs nothing.
pub fn service(env: &Environment, service: &Service) -> Option<Value> {
    let mut statements = vec![];
    let secrets = service.secrets.as_deref().unwrap_or_default();
    if !secrets.is_empty() {
        let arns: Vec<String> = secrets.iter().map(|name| names::secret_arn(env, name)).collect();
        statements.push(json!({
            "Sid": "ReadItsSecrets",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": arns,
        }));
    }
    let buckets: BTreeSet<String> =
        service.buckets.iter().flatten().map(|name| names::other_bucket(env, name)).collect();
    if !buckets.is_empty() {
        let arns = buckets.iter().map(|bucket| names::bucket_arn(bucket));
        statements.push(json!({
            "Sid": "ReadItsBuckets",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": arns.flat_map(|arn| [arn.clone(), format!("{arn}/*")]).collect::<Vec<_>>(),
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
    let Environment { account, region, .. } = env;
    let of_environment = of_environment(env);
    let buckets: Vec<String> =
        names::published_buckets(env).iter().map(|bucket| names::bucket_arn(bucket)).collect();
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
            "Resource": format!("arn:aws:ecr:{region}:{account}:repository/{}", names::repository_pattern(env)),
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
        tagged_otherwise("NoOtherEnvironment", ENVIRONMENT_TAG, &env.environment),
        tagged_otherwise("NoOtherProject", PROJECT_TAG, &env.project),
    ])
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

/// Returns the condition that a resource is this environment's by its tags.
pub fn of_environment(env: &Environment) -> Value {
    json!({"StringEquals": {
        format!("aws:ResourceTag/{PROJECT_TAG}"): env.project,
        format!("aws:ResourceTag/{ENVIRONMENT_TAG}"): env.environment,
    }})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::spec::example;
    use crate::kinds::aws::{desire, load_balancer_controller};

    /// prod, with everything that gives a role.
    fn prod() -> Environment {
        example("prod")
    }

    #[test]
    fn workflows_get_in_by_exact_audience_and_subject_only() {
        let trust = trust_github(&prod());
        let statements = trust["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1);
        let conditions = statements[0]["Condition"].as_object().unwrap();
        assert_eq!(conditions.keys().collect::<Vec<_>>(), ["StringEquals"]);
        let exact = &conditions["StringEquals"];
        assert_eq!(exact[format!("{GITHUB}:aud")], json!(["sts.amazonaws.com"]));
        let subjects = exact[format!("{GITHUB}:sub")].as_array().unwrap();
        assert_eq!(subjects.len(), 3);
        for subject in subjects.iter().map(|subject| subject.as_str().unwrap()) {
            assert!(subject.starts_with("repo:billpay/billpay-"), "{subject}");
            assert!(subject.ends_with(":environment:prod"), "{subject}");
            assert!(!subject.contains(['*', '?']), "{subject}");
        }
    }

    #[test]
    fn services_read_their_own_secrets_and_buckets_only() {
        let env = prod();
        let mut spec = env.services["backend-api"].clone();
        spec.secrets = Some(vec!["billpay/jwt/secret".to_string()]);
        spec.buckets = Some(vec!["techdocs".to_string()]);
        let document = service(&env, &spec).unwrap();
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/jwt/secret-prod-??????";
        assert_eq!(document["Statement"][0]["Resource"], json!([arn]));
        let bucket = "arn:aws:s3:::billpay-techdocs-prod-123456789012";
        assert_eq!(document["Statement"][1]["Resource"], json!([bucket, format!("{bucket}/*")]));
        let namespaces = &document["Statement"][2]["Condition"]["StringEquals"]["cloudwatch:namespace"];
        assert_eq!(*namespaces, json!(["BillPay/Backend", "BillPay/Frontend"]));

        let mut quiet = env;
        quiet.monitoring.metrics.clear();
        (spec.secrets, spec.buckets) = (None, Some(vec![]));
        assert_eq!(service(&quiet, &spec), None);
    }

    #[test]
    fn no_role_may_change_everything() {
        let env = prod();
        for document in [github(&env), load_balancer_controller::permissions(&env)] {
            for statement in document["Statement"].as_array().unwrap() {
                let actions = statement["Action"].as_array().unwrap();
                for action in actions.iter().map(|action| action.as_str().unwrap()) {
                    assert!(!action.contains('*'), "{action}");
                    let (_, name) = action.split_once(':').unwrap();
                    let reads = ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
                    let bounded = statement["Resource"] != json!(["*"]) || !statement["Condition"].is_null();
                    let of_others = action.starts_with("wafv2:") || action.starts_with("shield:");
                    assert!(reads || bounded || of_others, "{action} on anything");
                }
            }
        }
    }

    /// IAM counts characters without white space: 10,240 for all inline policies of a role,
    /// 6,144 for a managed policy, 2,048 (by default) for a trust policy.
    #[test]
    fn documents_stay_within_the_limits_of_iam() {
        let env = prod();
        let size = |document: &Value| document.to_string().split_whitespace().map(str::len).sum::<usize>();
        assert!(size(&boundary(&env)) <= 6144);
        let roles = desire(&env).into_iter().filter(|desired| desired.address.kind() == "role");
        let mut count = 0;
        for role in roles {
            let inline: usize = role.attrs["inline"].as_object().unwrap().values().map(size).sum();
            assert!(inline <= 10240, "{}: {inline}", role.address);
            assert!(size(&role.attrs["trust"]) <= 2048, "{}", role.address);
            count += 1;
        }
        assert_eq!(count, 10);
    }
}
