//! Addresses of pages in AWS's console.

use std::fmt::Write;

use billpay_model::environment::Environment;
use billpay_model::names;

pub fn cluster(env: &Environment) -> String {
    page(env, &format!("eks/clusters/{}", encoded(&names::cluster(env))), "")
}

pub fn repository(env: &Environment, service: &str) -> String {
    let repository = encoded(&names::repository(env, service));
    page(env, &format!("ecr/repositories/private/{}/{repository}", env.account), "")
}

pub fn bucket(env: &Environment, bucket: &str) -> String {
    page(env, &format!("s3/buckets/{}", encoded(bucket)), "")
}

pub fn secret(env: &Environment, secret: &str) -> String {
    let name = encoded(&names::secret(env, secret));
    page(env, "secretsmanager/secret", &format!("&name={name}"))
}

pub fn dashboard(env: &Environment) -> String {
    let name = encoded(&names::namespace(env));
    page(env, "cloudwatch/home", &format!("#dashboards/dashboard/{name}"))
}

/// CloudFront is in no region, and gives its distributions names that no spec knows.
pub fn distributions() -> String {
    "https://console.aws.amazon.com/cloudfront/v4/home#/distributions".to_string()
}

fn page(env: &Environment, path: &str, rest: &str) -> String {
    let region = encoded(&env.region);
    format!("https://{region}.console.aws.amazon.com/{path}?region={region}{rest}")
}

/// Returns true if a text is the name of a host, so that it can stand in an address.
pub fn is_host(text: &str) -> bool {
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    text.len() <= 253 && text.split('.').all(label)
}

/// A text as a part of an address.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
