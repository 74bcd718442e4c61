//! The boundary holds a role to which somebody attached everything, and lets the environment's own
//! roles do what they are for.

use super::documents::{Documents, environment, of_billpay, of_module};
use billpay_testkit::evaluator::{Request, everything, may};

const ACCOUNT: &str = "123456789012";

/// A call of a bounded role of dev: action, resource, what AWS knows of it.
type Call = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const BOUNDARY: &str = "iam:PermissionsBoundary";
const OURS: (&str, &str) = (BOUNDARY, "arn:aws:iam::123456789012:policy/billpay-dev-boundary");
const PRODS: (&str, &str) = (BOUNDARY, "arn:aws:iam::123456789012:policy/billpay-prod-boundary");
const OF_PROD: (&str, &str) = ("aws:ResourceTag/billpay:environment", "prod");
const OF_DEV: (&str, &str) = ("aws:ResourceTag/billpay:environment", "dev");
const OF_BILLPAY: (&str, &str) = ("aws:ResourceTag/billpay:project", "billpay");
const OF_LEDGER: (&str, &str) = ("aws:ResourceTag/billpay:project", "ledger");

const NODE_OF_PROD: (&str, &str) = ("aws:ResourceTag/eks:cluster-name", "billpay-cluster-prod");
const BALANCER_OF_PROD: (&str, &str) = ("aws:ResourceTag/elbv2.k8s.aws/cluster", "billpay-cluster-prod");
const INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/i-0a";
const BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop/0a";

const ROLE: &str = "arn:aws:iam::123456789012:role/new";
const ADMIN: &str = "arn:aws:iam::123456789012:role/admin";
const USER: &str = "arn:aws:iam::123456789012:user/eve";
const GROUP: &str = "arn:aws:iam::123456789012:group/admins";
const POLICY: &str = "arn:aws:iam::123456789012:policy/others";
const ITSELF: &str = "arn:aws:iam::123456789012:policy/billpay-dev-boundary";
const OIDC: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const SAML: &str = "arn:aws:iam::123456789012:saml-provider/eve";
const PROFILE: &str = "arn:aws:iam::123456789012:instance-profile/nodes";
const LINKED: &str = "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/x";

const ESCAPES: &[Call] = &[
    // A role without this boundary, or with another one.
    ("iam:CreateRole", ROLE, &[]),
    ("iam:CreateRole", ROLE, &[PRODS]),
    ("iam:AttachRolePolicy", ADMIN, &[]),
    ("iam:AttachRolePolicy", ADMIN, &[PRODS]),
    ("iam:PutRolePolicy", ADMIN, &[]),
    ("iam:PutRolePolicy", ADMIN, &[PRODS]),
    ("iam:DetachRolePolicy", ADMIN, &[]),
    ("iam:DeleteRolePolicy", ADMIN, &[]),
    ("iam:UpdateAssumeRolePolicy", ADMIN, &[]),
    ("iam:UpdateAssumeRolePolicy", ROLE, &[OURS]),
    ("iam:UpdateRole", ADMIN, &[]),
    ("iam:DeleteRole", ADMIN, &[]),
    ("iam:TagRole", ROLE, &[]),
    ("iam:UntagRole", ROLE, &[]),
    // The boundary itself: of a role, and the document.
    ("iam:DeleteRolePermissionsBoundary", ROLE, &[]),
    ("iam:DeleteRolePermissionsBoundary", ROLE, &[OURS]),
    ("iam:PutRolePermissionsBoundary", ROLE, &[]),
    ("iam:PutRolePermissionsBoundary", ROLE, &[OURS]),
    ("iam:PutRolePermissionsBoundary", ROLE, &[PRODS]),
    ("iam:CreatePolicyVersion", ITSELF, &[]),
    ("iam:SetDefaultPolicyVersion", ITSELF, &[]),
    ("iam:DeletePolicyVersion", ITSELF, &[]),
    ("iam:DeletePolicy", ITSELF, &[]),
    // Policies that hang on others.
    ("iam:CreatePolicy", POLICY, &[]),
    ("iam:CreatePolicyVersion", POLICY, &[]),
    ("iam:SetDefaultPolicyVersion", POLICY, &[]),
    ("iam:AttachGroupPolicy", GROUP, &[]),
    ("iam:PutGroupPolicy", GROUP, &[]),
    ("iam:AttachUserPolicy", USER, &[]),
    ("iam:AttachUserPolicy", USER, &[OURS]),
    ("iam:PutUserPolicy", USER, &[OURS]),
    ("iam:DeleteUserPermissionsBoundary", USER, &[]),
    ("iam:PutUserPermissionsBoundary", USER, &[OURS]),
    // People and their keys.
    ("iam:CreateUser", USER, &[]),
    ("iam:CreateUser", USER, &[OURS]),
    ("iam:CreateAccessKey", USER, &[]),
    ("iam:UpdateAccessKey", USER, &[]),
    ("iam:CreateLoginProfile", USER, &[]),
    ("iam:UpdateLoginProfile", USER, &[]),
    ("iam:CreateServiceSpecificCredential", USER, &[]),
    ("iam:ResetServiceSpecificCredential", USER, &[]),
    ("iam:UploadSSHPublicKey", USER, &[]),
    ("iam:UploadSigningCertificate", USER, &[]),
    ("iam:DeactivateMFADevice", USER, &[]),
    ("iam:CreateVirtualMFADevice", "arn:aws:iam::123456789012:mfa/eve", &[]),
    ("iam:CreateGroup", GROUP, &[]),
    ("iam:AddUserToGroup", GROUP, &[]),
    // Nodes and load balancers of another environment's cluster, which carry no tag of billpay's.
    ("ec2:TerminateInstances", INSTANCE, &[NODE_OF_PROD]),
    ("ssm:SendCommand", INSTANCE, &[NODE_OF_PROD]),
    ("elasticloadbalancing:DeleteLoadBalancer", BALANCER, &[BALANCER_OF_PROD]),
    // Strangers let in, and what lets them in.
    ("iam:CreateOpenIDConnectProvider", OIDC, &[]),
    ("iam:UpdateOpenIDConnectProviderThumbprint", OIDC, &[]),
    ("iam:AddClientIDToOpenIDConnectProvider", OIDC, &[]),
    ("iam:DeleteOpenIDConnectProvider", OIDC, &[]),
    ("iam:CreateSAMLProvider", SAML, &[]),
    ("iam:UpdateSAMLProvider", SAML, &[]),
    ("iam:UploadServerCertificate", "arn:aws:iam::123456789012:server-certificate/x", &[]),
    ("iam:UpdateAccountPasswordPolicy", "*", &[]),
    ("iam:CreateAccountAlias", "*", &[]),
    ("iam:SetSecurityTokenServicePreferences", "*", &[]),
    // Another role, by way of a service or at once.
    ("iam:PassRole", ADMIN, &[("iam:PassedToService", "ec2.amazonaws.com")]),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/billpay-dev-eks-nodes", &[OF_DEV, OF_BILLPAY]),
    ("iam:CreateInstanceProfile", PROFILE, &[]),
    ("iam:AddRoleToInstanceProfile", PROFILE, &[]),
    ("iam:RemoveRoleFromInstanceProfile", PROFILE, &[]),
    ("iam:CreateServiceLinkedRole", LINKED, &[]),
    ("iam:DeleteServiceLinkedRole", LINKED, &[]),
    ("sts:AssumeRole", ADMIN, &[]),
    ("sts:AssumeRole", "arn:aws:iam::210987654321:role/theirs", &[]),
    ("sts:AssumeRoot", "arn:aws:iam::123456789012:root", &[]),
    // What AWS may think of next.
    ("iam:GrantEverythingToEverybody", ROLE, &[OURS]),
    ("iam:GrantEverythingToEverybody", "*", &[]),
    // Other environments' things: without tags by their names, with tags by these, too.
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/jwt/secret-prod-AbCdEf",
        &[],
    ),
    (
        "secretsmanager:PutSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/jwt/secret-prod-AbCdEf",
        &[OF_DEV],
    ),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:x-dev-AbCdEf",
        &[OF_PROD],
    ),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:root-AbCdEf",
        &[],
    ),
    ("s3:GetObject", "arn:aws:s3:::billpay-frontend-payment-prod-123456789012/index.html", &[]),
    ("s3:PutObject", "arn:aws:s3:::billpay-frontend-payment-prod-123456789012/index.html", &[]),
    (
        "s3:PutObject",
        "arn:aws:s3:::billpay-frontend-payment-prod-123456789012/x-dev-123456789012/evil.js",
        &[],
    ),
    ("s3:PutObject", "arn:aws:s3:::billpay-frontend-payment-prod-123456789012/x-dev-123456789012", &[]),
    ("s3:ListBucket", "arn:aws:s3:::billpay-frontend-payment-prod-123456789012", &[]),
    ("s3:PutBucketPolicy", "arn:aws:s3:::billpay-techdocs-staging-123456789012", &[]),
    ("s3:GetObject", "arn:aws:s3:::billpay-tofu-state-123456789012-us-east-1/prod/iam/tofu.tfstate", &[]),
    ("s3:DeleteObject", "arn:aws:s3:::billpay-prod-audit-123456789012/log", &[]),
    ("s3:GetObject", "arn:aws:s3:us-east-1:123456789012:accesspoint/prod/object/x", &[]),
    ("ecr:PutImage", "arn:aws:ecr:us-east-1:123456789012:repository/billpay-backend-api-prod", &[]),
    ("ecr:PutImage", "arn:aws:ecr:us-east-1:123456789012:repository/billpay-x-dev", &[OF_DEV, OF_LEDGER]),
    ("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:123456789012:repository/ledger-api-dev", &[]),
    ("ecr:PutRegistryPolicy", "*", &[]),
    ("ecr:PutReplicationConfiguration", "*", &[]),
    ("eks:CreateAccessEntry", "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-prod", &[]),
    (
        "eks:AssociateAccessPolicy",
        "arn:aws:eks:us-east-1:123456789012:access-entry/billpay-cluster-prod/role/123456789012/eve/1",
        &[],
    ),
    ("eks:DeleteNodegroup", "arn:aws:eks:us-east-1:123456789012:nodegroup/billpay-cluster-prod/nodes/1", &[]),
    ("eks:CreateCluster", "arn:aws:eks:us-east-1:123456789012:cluster/miner", &[]),
    (
        "logs:GetLogEvents",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/billpay-cluster-prod/cluster:log-stream:audit",
        &[],
    ),
    (
        "logs:DeleteLogGroup",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/billpay-prod:*",
        &[],
    ),
    ("logs:PutResourcePolicy", "*", &[]),
    ("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:123456789012:instance/i-1", &[OF_PROD, OF_BILLPAY]),
    ("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:123456789012:instance/i-1", &[OF_DEV, OF_LEDGER]),
    ("cloudfront:CreateInvalidation", "arn:aws:cloudfront::123456789012:distribution/E1", &[OF_PROD]),
    // Another region, where nobody looks.
    (
        "ec2:RunInstances",
        "arn:aws:ec2:eu-west-1:123456789012:instance/*",
        &[("aws:RequestedRegion", "eu-west-1")],
    ),
    ("dynamodb:CreateTable", "*", &[("aws:RequestedRegion", "ap-south-1")]),
];

/// Calls that must go on working for a role that was given it.
const ALLOWED: &[Call] = &[
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/jwt/secret-dev-AbCdEf",
        &[OF_DEV, OF_BILLPAY],
    ),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:billpay/jwt/secret-dev-AbCdEf",
        &[],
    ),
    ("s3:GetObject", "arn:aws:s3:::billpay-techdocs-dev-123456789012/default/component/x/index.html", &[]),
    ("s3:ListBucket", "arn:aws:s3:::billpay-techdocs-dev-123456789012", &[]),
    ("s3:PutObject", "arn:aws:s3:::billpay-feature-flags-dev-123456789012/flags.json", &[]),
    ("s3:DeleteObject", "arn:aws:s3:::billpay-frontend-payment-dev-123456789012/main.js", &[]),
    ("cloudwatch:PutMetricData", "*", &[("cloudwatch:namespace", "BillPay/Backend")]),
    ("ecr:GetAuthorizationToken", "*", &[]),
    (
        "ecr:PutImage",
        "arn:aws:ecr:us-east-1:123456789012:repository/billpay-backend-api-dev",
        &[OF_DEV, OF_BILLPAY],
    ),
    (
        "ecr:BatchGetImage",
        "arn:aws:ecr:us-east-1:123456789012:repository/billpay-backend-api-dev",
        &[OF_DEV, OF_BILLPAY],
    ),
    (
        "eks:DescribeCluster",
        "arn:aws:eks:us-east-1:123456789012:cluster/billpay-cluster-dev",
        &[OF_DEV, OF_BILLPAY],
    ),
    (
        "eks:DescribeNodegroup",
        "arn:aws:eks:us-east-1:123456789012:nodegroup/billpay-cluster-dev/nodes/1",
        &[],
    ),
    (
        "logs:GetLogEvents",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/eks/billpay-cluster-dev/cluster:log-stream:api",
        &[],
    ),
    (
        "logs:PutLogEvents",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/billpay-dev:log-stream:x",
        &[],
    ),
    ("cloudfront:ListDistributions", "*", &[]),
    (
        "cloudfront:CreateInvalidation",
        "arn:aws:cloudfront::123456789012:distribution/E1",
        &[OF_DEV, OF_BILLPAY],
    ),
    (
        "cloudfront:CreateInvalidation",
        "arn:aws:cloudfront::123456789012:distribution/E1",
        &[OF_DEV, OF_BILLPAY, ("aws:RequestedRegion", "eu-west-1")],
    ),
    ("xray:PutTraceSegments", "*", &[]),
    ("sts:GetCallerIdentity", "*", &[]),
    ("iam:GetRole", ROLE, &[]),
    ("iam:ListRoles", "*", &[]),
    ("iam:SimulatePrincipalPolicy", ROLE, &[]),
    ("iam:CreateRole", ROLE, &[OURS]),
    ("iam:AttachRolePolicy", ROLE, &[OURS]),
    ("iam:PutRolePolicy", ROLE, &[OURS]),
    ("iam:DetachRolePolicy", ROLE, &[OURS]),
    ("iam:DeleteRolePolicy", ROLE, &[OURS]),
];

fn holds(documents: &Documents) {
    let engine = documents.engine;
    let decide = |(action, resource, context): &Call| {
        may(&[everything()], &documents.boundary, &Request::new(action, resource, context))
    };
    let out: Vec<&Call> = ESCAPES.iter().filter(|call| decide(call)).collect();
    assert!(out.is_empty(), "{engine}: ways out of the boundary: {out:#?}");
    let kept: Vec<&Call> = ALLOWED.iter().filter(|call| !decide(call)).collect();
    assert!(kept.is_empty(), "{engine}: what the environment's own roles need: {kept:#?}");
    for (key, role) in
        documents.roles.iter().filter(|(key, _)| key.starts_with("service.") || key.starts_with("github"))
    {
        assert!(role.bounded, "{engine}: {key}");
    }
}

/// Every service reads exactly what its spec names, and no more of its environment.
fn services_do_their_work(documents: &Documents) {
    let role = &documents.roles["service.payment-service"];
    let secret = |name: &str| {
        let arn = format!("arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{name}-AbCdEf");
        may(
            &role.inline,
            &documents.boundary,
            &Request::new("secretsmanager:GetSecretValue", &arn, &[OF_DEV]),
        )
    };
    assert!(secret("billpay/api/keys-dev") && secret("billpay/database/credentials-dev"));
    assert!(!secret("billpay/jwt/secret-dev") && !secret("billpay/api/keys-prod"));
    let metrics =
        Request::new("cloudwatch:PutMetricData", "*", &[("cloudwatch:namespace", "BillPay/Backend")]);
    assert!(may(&role.inline, &documents.boundary, &metrics));
}

#[test]
fn a_bounded_role_with_all_rights_stays_inside() {
    let documents = of_billpay(&environment("dev"));
    holds(&documents);
    services_do_their_work(&documents);
}

#[test]
#[ignore = "needs OpenTofu: cargo test -- --include-ignored"]
fn a_bounded_role_of_the_module_with_all_rights_stays_inside() {
    let documents = of_module(&environment("dev"));
    holds(&documents);
    services_do_their_work(&documents);
}
