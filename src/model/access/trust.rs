//! Trust policies of the roles.

use serde_json::{Value, json};

use super::document;
use crate::environment::Environment;
use crate::names::{self, GITHUB_ISSUER};

/// Audience of the tokens that AWS STS takes.
pub const STS_AUDIENCE: &str = "sts.amazonaws.com";

/// Lets an AWS service take the role.
pub fn trust_service(service: &str) -> Value {
    document(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    })])
}

/// Lets pods of this environment's cluster take the role through EKS Pod Identity. Without
/// the conditions any cluster of the account could.
pub fn trust_pods(env: &Environment) -> Value {
    document(vec![json!({
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
    document(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": "eks-fargate-pods.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": profiles}},
    })])
}

/// Lets workflows take the role: those of the subjects only, which are repositories in the
/// GitHub environment of the same name as ours, whose protection rules thereby hold.
/// Audience and subjects are compared exactly; a pattern would let strangers in.
pub fn trust_github(env: &Environment, subjects: Vec<String>) -> Value {
    document(vec![json!({
        "Effect": "Allow",
        "Principal": {"Federated": names::oidc_provider_arn(env, GITHUB_ISSUER)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{GITHUB_ISSUER}:aud"): STS_AUDIENCE,
            format!("{GITHUB_ISSUER}:sub"): subjects,
        }},
    })])
}
