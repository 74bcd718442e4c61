//! Roles of services and workflows: exactly these resources, audiences and subjects.

use billpay_model::access::{boundary, load_balancer_controller, service, trust_github};
use billpay_model::names::{self, GITHUB_ISSUER};
use billpay_testkit::example;
use serde_json::json;

#[test]
fn services_read_their_own_secrets_and_buckets_only() {
    let env = example("prod");
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

#[test]
fn no_placeholder_is_left_in_a_policy() {
    let env = example("prod");
    for document in [boundary(&env), load_balancer_controller(&env)] {
        let text = document.to_string();
        assert!(text.contains(&env.account) || text.contains(&env.region), "{text}");
        assert!(!text.replace("${aws:", "").contains("${"), "{text}");
    }
}
