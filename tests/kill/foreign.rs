//! Resources of others in the account, some of them under names that look like ours.

use serde_json::json;

use super::account::Account;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// Puts it there. None of it is ours: an environment of another name, or no tag of ours.
pub fn put(account: &Account) {
    for (name, environment) in [("billpay-dev-vpc", "development"), ("somebodys", "dev-2")] {
        account.query(
            "ec2",
            "CreateVpc",
            &[
                ("CidrBlock", "10.0.0.0/16"),
                ("TagSpecification.1.ResourceType", "vpc"),
                ("TagSpecification.1.Tag.1.Key", "Name"),
                ("TagSpecification.1.Tag.1.Value", name),
                ("TagSpecification.1.Tag.2.Key", "billpay:environment"),
                ("TagSpecification.1.Tag.2.Value", environment),
            ],
        );
    }
    account.query(
        "ec2",
        "AllocateAddress",
        &[
            ("Domain", "vpc"),
            ("TagSpecification.1.ResourceType", "elastic-ip"),
            ("TagSpecification.1.Tag.1.Key", "billpay:address"),
            ("TagSpecification.1.Tag.1.Value", "network/elastic-ip.a"),
        ],
    );
    for role in ["billpay-dev-reporting", "BillPayGitHubActionsRole-dev2"] {
        account.query(
            "iam",
            "CreateRole",
            &[("RoleName", role), ("Path", "/"), ("AssumeRolePolicyDocument", TRUST)],
        );
    }
    for repository in ["billpay-legacy-dev", "payment-service"] {
        account.ecr("CreateRepository", json!({"repositoryName": repository}));
    }
    let bucket = format!("/billpay-archive-dev-{}", account.number);
    account.rest("s3", "PUT", &bucket, "");
    account.rest("s3", "PUT", &format!("{bucket}/keep.txt"), "keep me");
}
