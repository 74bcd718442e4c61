//! OpenTofu's resources, as billpay's own engine sees them: the same, but for what is listed here.

use std::collections::BTreeSet;

use billpay_testkit::Sandbox;
use billpay_testkit::values::{items, text};

/// Something that billpay would still do after OpenTofu made an environment.
pub struct Difference {
    /// Of the resource, as billpay names it.
    pub address: &'static str,
    /// The attribute that differs; empty where the whole resource is not there for billpay.
    pub field: &'static str,
    /// Cause, and the reason for which it stays so.
    pub cause: &'static str,
}

const GITHUB: Difference = Difference {
    address: "iam/oidc-provider.github",
    field: "",
    cause: "an environment claims the shared provider with a tag `billpay:claim/<project>/<environment>`, which only \
            billpay sets: OpenTofu's code for the account doesn't know who uses it",
};

const DELETION_PROTECTION: Difference = Difference {
    address: "eks/cluster",
    field: "deletion_protection",
    cause: "the provider 5.100 has no argument for it; Terragrunt's prevent_destroy stands in",
};

/// An environment, how many of its resources are as billpay wants them, and which are not.
pub struct Expected {
    pub env: &'static str,
    pub same: usize,
    pub differences: &'static [Difference],
}

pub const DEV: Expected = Expected { env: "dev", same: 61, differences: &[GITHUB] };
pub const STAGING: Expected = Expected { env: "staging", same: 63, differences: &[GITHUB] };
pub const PROD: Expected = Expected { env: "prod", same: 69, differences: &[GITHUB, DELETION_PROTECTION] };
/// As `prod`, when its spec doesn't protect it.
pub const PROD_UNPROTECTED: Expected = Expected { env: "prod", same: 70, differences: &[GITHUB] };
/// `dev` with all that can be switched on.
pub const EVERYTHING: Expected = Expected { env: "dev", same: 67, differences: &[GITHUB] };

/// Makes sure that billpay's plan has the listed differences, all of them and no others, and
/// that it compared the rest.
#[track_caller]
pub fn are(expected: &Expected, sandbox: &Sandbox) {
    let Expected { env, same, differences } = expected;
    let plan = sandbox.json(&["plan", "--env", env]);
    let mut found = BTreeSet::new();
    for change in items(&plan["changes"]).iter().filter(|change| change["action"] != "no-op") {
        let address = text(&change["address"]);
        match items(&change["fields"]) {
            [] => drop(found.insert((address, ""))),
            fields => found.extend(fields.iter().map(|field| (address, text(&field["path"])))),
        }
    }
    let listed: BTreeSet<_> = differences.iter().map(|one| (one.address, one.field)).collect();
    let more: Vec<_> = found.difference(&listed).collect();
    assert!(more.is_empty(), "{env}: differences that are not listed: {more:#?}\n{:#}", plan["changes"]);
    let stale = differences.iter().filter(|one| !found.contains(&(one.address, one.field)));
    let stale: Vec<_> = stale.map(|one| format!("{} {}: {}", one.address, one.field, one.cause)).collect();
    assert!(stale.is_empty(), "{env}: listed, and no longer so: {stale:#?}");
    assert_eq!(plan["conflicts"], serde_json::json!([]), "{env}");
    // A plan that compared nothing would have no differences either.
    let unchanged = items(&plan["changes"]).iter().filter(|change| change["action"] == "no-op").count();
    assert_eq!(unchanged, *same, "{env}: resources that are as billpay wants them");
    println!("{env}: {unchanged} resources as billpay wants them, {} listed differences", found.len());
}
