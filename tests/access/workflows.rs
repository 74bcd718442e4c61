//! The roles of workflows: each does what its pipeline calls, and not what the other's does.

use billpay_aws::kinds::desire;
use billpay_model::environment::Environment;
use serde_json::json;

use super::documents::{Documents, environment, of_billpay, of_module};
use billpay_testkit::evaluator::{Request, may};
use billpay_testkit::values::text;

const OF_DEV: &[(&str, &str)] =
    &[("aws:ResourceTag/billpay:environment", "dev"), ("aws:ResourceTag/billpay:project", "billpay")];

/// The calls of a pipeline, each with the resource that it is about.
type Calls = &'static [(&'static str, &'static str)];

const REPOSITORY: &str = "arn:aws:ecr:us-east-1:123456789012:repository/billpay-payment-service-dev";
const CLUSTER: &str = "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev";
const DISTRIBUTION: &str = "arn:aws:cloudfront::123456789012:distribution/E1";

/// Calls that deploy a service: amazon-ecr-login, skopeo, `billpay deploy`.
const SERVICE: Calls = &[
    ("ecr:GetAuthorizationToken", "*"),
    ("ecr:BatchCheckLayerAvailability", REPOSITORY),
    ("ecr:InitiateLayerUpload", REPOSITORY),
    ("ecr:UploadLayerPart", REPOSITORY),
    ("ecr:CompleteLayerUpload", REPOSITORY),
    ("ecr:PutImage", REPOSITORY),
    ("ecr:BatchGetImage", REPOSITORY),
    ("eks:DescribeCluster", CLUSTER),
];

/// Calls that deploy a frontend: its files, and what CloudFront keeps of them.
const FRONTEND: Calls = &[
    ("s3:ListBucket", "arn:aws:s3:::billpay-frontend-payment-dev-123456789012"),
    ("s3:PutObject", "arn:aws:s3:::billpay-frontend-payment-dev-123456789012/main.js"),
    ("s3:DeleteObject", "arn:aws:s3:::billpay-feature-flags-dev-123456789012/old.json"),
    ("cloudfront:ListDistributions", "*"),
    ("cloudfront:CreateInvalidation", DISTRIBUTION),
    ("cloudfront:GetInvalidation", DISTRIBUTION),
];

/// Calls that publish documentation, from repositories of services and of frontends.
const DOCS: Calls = &[
    ("s3:ListBucket", "arn:aws:s3:::billpay-techdocs-dev-123456789012"),
    ("s3:PutObject", "arn:aws:s3:::billpay-techdocs-dev-123456789012/default/component/x/index.html"),
    ("s3:DeleteObject", "arn:aws:s3:::billpay-techdocs-dev-123456789012/default/component/x/old.html"),
];

/// Calls that neither makes.
const NOBODY: Calls = &[
    ("iam:PassRole", "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes"),
    ("eks:UpdateClusterConfig", CLUSTER),
    ("eks:CreateAccessEntry", CLUSTER),
    ("ecr:DeleteRepository", REPOSITORY),
    ("ecr:BatchDeleteImage", REPOSITORY),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/jwt/secret-dev-AbCdEf",
    ),
    (
        "logs:GetLogEvents",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/billpay-cluster-dev/cluster:log-stream:audit",
    ),
    ("s3:PutBucketPolicy", "arn:aws:s3:::billpay-frontend-payment-dev-123456789012"),
    ("s3:PutObject", "arn:aws:s3:::billpay-frontend-payment-prod-123456789012/main.js"),
    ("sts:AssumeRole", "arn:aws:iam::123456789012:role/BillPayGitHubActionsRole-dev"),
];

fn split(documents: &Documents) {
    let decide = |role: &str, calls: Calls| -> Vec<bool> {
        let inline = &documents.roles[role].inline;
        let one = |(action, resource): &(&str, &str)| {
            may(inline, &documents.boundary, &Request::new(action, resource, OF_DEV))
        };
        calls.iter().map(one).collect()
    };
    let engine = documents.engine;
    for (role, does, refused) in [("github", SERVICE, FRONTEND), ("github-frontends", FRONTEND, SERVICE)] {
        assert!(decide(role, does).iter().all(|may| *may), "{engine}: {role} does its work");
        assert!(decide(role, DOCS).iter().all(|may| *may), "{engine}: {role} publishes documentation");
        for calls in [refused, NOBODY] {
            let out: Vec<_> = calls.iter().zip(decide(role, calls)).filter(|(_, may)| *may).collect();
            assert!(out.is_empty(), "{engine}: {role} may {out:?}");
        }
    }
    let subjects = |role: &str| {
        documents.roles[role].trust["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"].clone()
    };
    let subject = |repository: &str| format!("repo:billpay/{repository}:environment:dev");
    assert_eq!(
        subjects("github"),
        json!([subject("billpay-platform"), subject("billpay-services")]),
        "{engine}"
    );
    assert_eq!(subjects("github-frontends"), json!([subject("billpay-frontends")]), "{engine}");
}

/// The principals that the cluster lets in.
fn principals(env: &Environment) -> Vec<String> {
    let desired = desire(env);
    let entries = desired.iter().filter(|one| one.address.kind() == "access-entry");
    entries.map(|entry| text(&entry.attrs["principal"]).to_string()).collect()
}

#[test]
fn a_service_deployed_by_the_role_of_frontends_is_refused() {
    let env = environment("dev");
    split(&of_billpay(&env));
    // Neither does the cluster know it.
    assert_eq!(principals(&env), ["arn:aws:iam::123456789012:role/BillPayGitHubActionsRole-dev"]);
}

#[test]
#[ignore = "needs OpenTofu: cargo test -- --include-ignored"]
fn a_service_deployed_by_the_modules_role_of_frontends_is_refused() {
    split(&of_module(&environment("dev")));
}

#[test]
fn ids_are_trusted_beside_names_and_nothing_is_a_pattern() {
    let mut env = environment("prod");
    env.github.organization_id = Some("12".to_string());
    env.github.repository_ids = Some([("billpay-services".to_string(), "34".to_string())].into());
    let admin = env.frontends.get_mut("admin").expect("a frontend");
    admin.repository_id = Some("56".to_string());
    let subjects = |role: &str| {
        let trust = &of_billpay(&env).roles[role].trust["Statement"][0]["Condition"];
        assert_eq!(trust.as_object().map(|all| all.len()), Some(1), "compared exactly: {trust}");
        trust["StringEquals"]["token.actions.githubusercontent.com:sub"].clone()
    };
    assert_eq!(
        subjects("github"),
        json!([
            "repo:billpay/billpay-platform:environment:prod",
            "repo:billpay/billpay-services:environment:prod",
            "repo:billpay@12/billpay-services@34:environment:prod",
        ])
    );
    assert_eq!(
        subjects("github-frontends"),
        json!([
            "repo:billpay/billpay-frontends:environment:prod",
            "repo:billpay@12/billpay-frontends@56:environment:prod",
        ])
    );
}

#[test]
fn a_frontend_without_a_repository_is_deployed_by_the_role_of_services() {
    let mut env = environment("dev");
    env.frontends.get_mut("payment").expect("a frontend").repository = None;
    let documents = of_billpay(&env);
    let role = |key: &str| &documents.roles[key].inline;
    let put = |bucket: &str| {
        let object = format!("arn:aws:s3:::{bucket}-dev-123456789012/x");
        ["github", "github-frontends"]
            .map(|key| may(role(key), &documents.boundary, &Request::new("s3:PutObject", &object, OF_DEV)))
    };
    assert_eq!(put("billpay-frontend-payment"), [true, false]);
    assert_eq!(put("billpay-frontend-admin"), [false, true]);

    for frontend in env.frontends.values_mut() {
        frontend.repository = None;
    }
    assert!(!of_billpay(&env).roles.contains_key("github-frontends"), "nobody could take it");
}
