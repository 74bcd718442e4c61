//! Facts about dev's IAM that the AWS CLI has to show; the rest of [`super::readback`].

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::readback::{CLUSTER, Look, address, describe_cluster};
use billpay_testkit::evaluator::{Request, everything, may};
use billpay_testkit::values::{items, only, tags, text, texts};

pub fn policies(look: &Look) -> Vec<String> {
    let arn = format!("arn:aws:iam::{}:policy/billpay-dev-boundary", look.sandbox.account);
    let policy = look.aws(&["iam", "get-policy", "--policy-arn", &arn]);
    let version = text(&policy["Policy"]["DefaultVersionId"]);
    let version = look.aws(&["iam", "get-policy-version", "--policy-arn", &arn, "--version-id", version]);
    let boundary = &version["PolicyVersion"]["Document"];
    let role = format!("arn:aws:iam::{}:role/any", look.sandbox.account);
    for forbidden in ["iam:CreateUser", "iam:CreateAccessKey", "iam:DeleteRolePermissionsBoundary"] {
        let call = Request::new(forbidden, &role, &[("iam:PermissionsBoundary", &arn)]);
        assert!(!may(&[everything()], boundary, &call), "the boundary forbids {forbidden}");
    }
    let bounded = Request::new("iam:CreateRole", &role, &[("iam:PermissionsBoundary", &arn)]);
    assert!(may(&[everything()], boundary, &bounded), "a role in the same boundary can be made");
    vec![address(&look.aws(&["iam", "list-policy-tags", "--policy-arn", &arn])["Tags"])]
}

/// The one statement of a role's trust policy.
fn trust(role: &Value) -> Value {
    let statements = items(&role["AssumeRolePolicyDocument"]["Statement"]);
    assert_eq!(statements.len(), 1, "{}: {statements:?}", role["RoleName"]);
    statements[0].clone()
}

pub fn roles(look: &Look) -> Vec<String> {
    let account = &look.sandbox.account;
    let cluster_arn = format!("arn:aws:eks:us-east-1:{account}:cluster/{CLUSTER}");
    let names = look.aws(&["iam", "list-roles"]);
    let names = items(&names["Roles"])
        .iter()
        .map(|role| text(&role["RoleName"]))
        .filter(|name| name.starts_with("billpay-dev-") || name.starts_with("BillPayGitHubActionsRole-"));
    let check = |name: &str| {
        let role = look.aws(&["iam", "get-role", "--role-name", name])["Role"].clone();
        let address = address(&role["Tags"]);
        let trust = trust(&role);
        assert_eq!(trust["Effect"], "Allow", "{address}");
        let principal = &trust["Principal"];
        match address.as_str() {
            "iam/role.cluster" => assert_eq!(only(&principal["Service"]), "eks.amazonaws.com"),
            "iam/role.nodes" => assert_eq!(only(&principal["Service"]), "ec2.amazonaws.com"),
            "iam/role.github" | "iam/role.github-frontends" => {
                let provider =
                    format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com");
                assert_eq!(only(&principal["Federated"]), provider);
                assert_eq!(role["MaxSessionDuration"], 3600);
                let exact = &trust["Condition"]["StringEquals"];
                assert_eq!(only(&exact["token.actions.githubusercontent.com:aud"]), "sts.amazonaws.com");
                let repositories: &[&str] = match address.as_str() {
                    "iam/role.github" => &["billpay-platform", "billpay-services"],
                    _ => &["billpay-frontends"],
                };
                let subjects: Vec<String> = repositories
                    .iter()
                    .map(|repository| format!("repo:billpay/{repository}:environment:dev"))
                    .collect();
                assert_eq!(
                    texts(&exact["token.actions.githubusercontent.com:sub"]),
                    subjects.iter().map(String::as_str).collect(),
                    "exactly these repositories, and only in the GitHub environment dev"
                );
                assert_eq!(trust["Condition"].as_object().map(|all| all.len()), Some(1), "no patterns");
            }
            _ => {
                assert_eq!(only(&principal["Service"]), "pods.eks.amazonaws.com", "{address}");
                let source = &trust["Condition"]["ArnEquals"]["aws:SourceArn"];
                assert_eq!(only(source), cluster_arn, "{address}: only pods of this cluster");
            }
        }
        if address.starts_with("iam/role.service.") || address.starts_with("iam/role.github") {
            let boundary = text(&role["PermissionsBoundary"]["PermissionsBoundaryArn"]).to_string();
            assert!(boundary.ends_with(":policy/billpay-dev-boundary"), "{address}: {boundary}");
        }
        for inline in items(&look.aws(&["iam", "list-role-policies", "--role-name", name])["PolicyNames"]) {
            let about = ["--role-name", name, "--policy-name", text(inline)];
            let policy = look.aws(&[&["iam", "get-role-policy"], &about[..]].concat());
            for statement in items(&policy["PolicyDocument"]["Statement"]) {
                let actions = &statement["Action"];
                let wide = texts(actions).into_iter().find(|action| action.ends_with('*'));
                let allows = statement["Effect"] == "Allow" && address != "iam/role.load-balancer-controller";
                assert!(!allows || wide.is_none(), "{address} may do {wide:?}");
            }
        }
        let attached = look.aws(&["iam", "list-attached-role-policies", "--role-name", name]);
        let attached: BTreeSet<&str> =
            items(&attached["AttachedPolicies"]).iter().map(|policy| text(&policy["PolicyName"])).collect();
        match address.as_str() {
            "iam/role.cluster" => assert_eq!(attached, BTreeSet::from(["AmazonEKSClusterPolicy"])),
            "iam/role.nodes" => assert!(attached.contains("AmazonEKSWorkerNodePolicy"), "{attached:?}"),
            "iam/role.vpc-cni" => assert_eq!(attached, BTreeSet::from(["AmazonEKS_CNI_Policy"])),
            _ => assert!(attached.is_empty(), "{address}: {attached:?}"),
        }
        address
    };
    names.map(check).collect()
}

pub fn oidc_providers(look: &Look) -> Vec<String> {
    let listed = look.aws(&["iam", "list-open-id-connect-providers"]);
    let issuer = text(&describe_cluster(look)["identity"]["oidc"]["issuer"]).to_string();
    let check = |provider: &Value| {
        let arn = text(&provider["Arn"]);
        let found = look.aws(&["iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", arn]);
        assert_eq!(found["ClientIDList"], json!(["sts.amazonaws.com"]), "{arn}");
        if arn.ends_with("/token.actions.githubusercontent.com") {
            // One provider serves all environments of an account, so it carries the claims of each.
            let tags = tags(&found["Tags"]);
            let claims = tags
                .iter()
                .any(|(key, value)| key.contains("billpay") && format!("{key}={value}").contains("dev"));
            assert!(claims, "{arn} says that dev uses it: {tags:?}");
            return "iam/oidc-provider.github".to_string();
        }
        assert!(issuer.ends_with(arn.split_once(":oidc-provider/").expect("an ARN").1), "{arn} for {issuer}");
        address(&found["Tags"])
    };
    items(&listed["OpenIDConnectProviderList"]).iter().map(check).collect()
}
