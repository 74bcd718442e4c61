//! Limits of IAM, and that no statement is wider than its purpose.

use billpay_model::access::{INLINE, MANAGED, TRUST, size};
use billpay_model::names::ROLE;

use super::documents::{environment, of_billpay};
use billpay_testkit::values::texts;

#[test]
fn no_role_may_change_everything() {
    let documents = of_billpay(&environment("prod"));
    for statement in documents.roles.values().flat_map(|role| &role.inline) {
        for statement in statement["Statement"].as_array().expect("statements") {
            for action in texts(&statement["Action"]) {
                assert!(!action.contains('*'), "{action}");
                let (service, name) = action.split_once(':').expect("an action");
                let reads = ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb));
                let anything = texts(&statement["Resource"]).contains("*");
                let bounded = !anything || !statement["Condition"].is_null();
                // AWS gives them no resources to bound them by.
                let boundless = ["wafv2", "shield"].contains(&service);
                assert!(reads || bounded || boundless, "{action} on anything");
            }
        }
    }
}

#[test]
fn documents_stay_within_the_limits_of_iam() {
    for name in ["dev", "staging", "prod"] {
        let documents = of_billpay(&environment(name));
        assert!(size(&documents.boundary) <= MANAGED);
        for (key, role) in &documents.roles {
            let inline: usize = role.inline.iter().map(size).sum();
            assert!(inline <= INLINE, "{key}: {inline}");
            assert!(size(&role.trust) <= TRUST && role.name.len() <= ROLE.longest, "{key}");
        }
    }
}

/// Nothing in the boundary is as many as the spec likes: the longest names still fit.
#[test]
fn the_boundary_fits_with_the_longest_names() {
    let mut env = environment("prod");
    env.project = "p".repeat(16);
    env.environment = "e".repeat(12);
    env.cluster.name = "c".repeat(87);
    env.region = "ap-southeast-1".to_string();
    let size = size(&of_billpay(&env).boundary);
    assert!(size <= MANAGED, "{size}");
}
