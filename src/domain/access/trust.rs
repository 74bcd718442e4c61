//! Trust policies of the roles.

use serde_json::{Value, json};

use super::document;
use crate::domain::names::{self, GITHUB_ISSUER};
use crate::domain::spec::Environment;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::spec::example;

    #[test]
    fn workflows_get_in_by_exact_audience_and_subject_only() {
        let trust = trust_github(&example("prod"), names::github_subjects(&example("prod")));
        let statements = trust["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1);
        let conditions = statements[0]["Condition"].as_object().unwrap();
        assert_eq!(conditions.keys().collect::<Vec<_>>(), ["StringEquals"]);
        let exact = &conditions["StringEquals"];
        assert_eq!(exact[format!("{GITHUB_ISSUER}:aud")], json!(["sts.amazonaws.com"]));
        let subjects = exact[format!("{GITHUB_ISSUER}:sub")].as_array().unwrap();
        assert_eq!(subjects.len(), 2);
        for subject in subjects.iter().map(|subject| subject.as_str().unwrap()) {
            assert!(subject.starts_with("repo:billpay/billpay-"), "{subject}");
            assert!(subject.ends_with(":environment:prod"), "{subject}");
            assert!(!subject.contains(['*', '?']), "{subject}");
        }
    }
}
