//! Addresses of stores: where locks and journals may be.

use billpay_model::environment::Environment;
use billpay_model::store::StoreAddress;

#[test]
fn what_could_be_misread_is_no_address_of_a_store() {
    let env = billpay_testkit::example("dev");
    let long = format!("s3://bucket/{}", "a".repeat(300));
    for text in [
        "",
        "s4",
        "relative/path",
        "s3://",
        "s3://ab",
        "s3://Upper/x",
        "s3://bucket//x",
        "s3://bucket/.x",
        "s3://bucket/x y",
        "s3://bucket/123456789012/billpay/dev",
        &long,
    ] {
        assert_eq!(StoreAddress::parse(text, &env), None, "{text}");
        let spec = Environment { state: Some(text.to_string()), ..env.clone() };
        assert_ne!(StoreAddress::of_spec(&spec), StoreAddress::Local, "{text}");
    }
}

#[test]
fn a_bucket_of_the_environment_is_no_store_of_it() {
    let env = billpay_testkit::example("dev");
    let refusal = |text: &str| StoreAddress::parse(text, &env).expect("an address").refusal(&env);
    assert!(refusal("s3://billpay-frontend-admin-dev-123456789012/x").is_some());
    for text in ["s3", "local", "/tmp/x", "s3://acme-runs", "s3://acme-runs-123456789012/billpay"] {
        assert_eq!(refusal(text), None, "{text}");
    }
}
