//! Permissions of services and workflows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document;
use crate::environment::{Environment, Service};
use crate::names;
use crate::resource::{ENVIRONMENT_TAG, PROJECT_TAG};
use crate::store::StoreAddress;

/// Permissions of a service: read its own secrets and the buckets that it names, publish the
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
    (!statements.is_empty()).then(|| document(statements))
}

/// Permissions of the workflows of services: push images, reach the cluster, publish documentation; and
/// publish frontends, as long as one of them names no repository. They deploy to the cluster through
/// its access entry, not through IAM.
pub fn github(env: &Environment) -> Value {
    let Environment { account, region, .. } = env;
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
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            "Resource": format!("arn:aws:ecr:{region}:{account}:repository/{}", names::repository_pattern(env)),
            "Condition": of_environment(env),
        }),
        json!({
            "Sid": "ReachCluster",
            "Effect": "Allow",
            "Action": "eks:DescribeCluster",
            "Resource": names::cluster_arn(env),
        }),
    ];
    if env.frontends.values().any(|frontend| frontend.repository.is_none()) {
        statements.extend(invalidation(env));
    }
    statements.extend(publication(env, &names::github_role(env)));
    statements.extend(runs(env));
    document(statements)
}

/// Permissions of the workflows of frontends: publish files and documentation, and make CloudFront forget
/// what it keeps of the files.
pub fn github_frontends(env: &Environment) -> Value {
    let files = publication(env, &names::github_frontends_role(env));
    document(invalidation(env).into_iter().chain(files).chain(runs(env)).collect())
}

/// Statements that keep the environment's locks and journals in the bucket that the spec names, if it names one.
fn runs(env: &Environment) -> Vec<Value> {
    let Some((bucket, folder)) = StoreAddress::of_spec(env).objects(env) else { return vec![] };
    let bucket = names::bucket_arn(&bucket);
    vec![
        json!({
            "Sid": "FindRuns",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": format!("{folder}/*")}},
        }),
        json!({
            "Sid": "KeepRuns",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": format!("{bucket}/{folder}/*"),
        }),
    ]
}

fn invalidation(env: &Environment) -> Vec<Value> {
    vec![
        json!({
            "Sid": "FindDistributions",
            "Effect": "Allow",
            "Action": ["cloudfront:ListDistributions", "cloudfront:ListTagsForResource"],
            "Resource": "*",
        }),
        json!({
            "Sid": "InvalidateDistributions",
            "Effect": "Allow",
            "Action": ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
            "Resource": names::distribution_arn(env, "*"),
            "Condition": of_environment(env),
        }),
    ]
}

/// Statements that bring files to the buckets of a role. Without buckets there is nothing to allow, and IAM
/// refuses a statement without resources.
fn publication(env: &Environment, role: &str) -> Vec<Value> {
    let buckets = names::published_buckets(env, role);
    let buckets: Vec<String> = buckets.iter().map(|bucket| names::bucket_arn(bucket)).collect();
    let objects: Vec<String> = buckets.iter().map(|bucket| format!("{bucket}/*")).collect();
    if buckets.is_empty() {
        return vec![];
    }
    vec![
        json!({
            "Sid": "ListBuckets",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": buckets,
        }),
        json!({
            "Sid": "PublishFiles",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": objects,
        }),
    ]
}

/// Returns the condition that a resource is this environment's by its tags.
fn of_environment(env: &Environment) -> Value {
    json!({"StringEquals": {
        format!("aws:ResourceTag/{PROJECT_TAG}"): env.project,
        format!("aws:ResourceTag/{ENVIRONMENT_TAG}"): env.environment,
    }})
}
