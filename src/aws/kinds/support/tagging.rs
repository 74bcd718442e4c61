//! Lines of the AWS CLI that tag a resource, for people who hand one over to an environment.

use billpay_model::names;
use billpay_model::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, Observed, PROJECT_TAG, REGION_TAG, Tags};

/// Returns the lines that write `tags` onto what was found, beside the tags that it has.
pub fn commands(region: &str, found: &Observed, tags: &Tags) -> Vec<String> {
    let id = quoted(&found.id);
    let arn = quoted(found.outputs.get("arn").map(String::as_str).unwrap_or(&found.id));
    let pairs: Vec<String> =
        tags.iter().map(|(key, value)| format!("Key={key},Value={}", quoted(value))).collect();
    let pairs = pairs.join(" ");
    let json = serde_json::json!(
        tags.iter().map(|(key, value)| serde_json::json!({"Key": key, "Value": value})).collect::<Vec<_>>()
    );
    let iam = |call: &str, by: &str, what: &str| vec![format!("aws iam {call} {by} {what} --tags {pairs}")];
    match found.address.kind() {
        "role" => iam("tag-role", "--role-name", &id),
        "policy" => iam("tag-policy", "--policy-arn", &arn),
        // The environments of an account share it: a claim stands for the tags.
        "oidc-provider" if found.address.component() == "iam" => {
            let claim = found.outputs.get("claim").map(String::as_str).unwrap_or_default();
            let pair = format!("Key={claim},Value={region}");
            let call = "aws iam tag-open-id-connect-provider --open-id-connect-provider-arn";
            vec![format!("{call} {arn} --tags {}", quoted(&pair))]
        }
        "oidc-provider" => iam("tag-open-id-connect-provider", "--open-id-connect-provider-arn", &arn),
        "distribution" => {
            let items = quoted(&serde_json::json!({"Items": json}).to_string());
            vec![format!("aws cloudfront tag-resource --resource {arn} --tags {items}")]
        }
        "origin-access-control" => {
            marked("origin-access-control", "OriginAccessControl", "Description", found, tags)
        }
        "headers-policy" => {
            marked("response-headers-policy", "ResponseHeadersPolicy", "Comment", found, tags)
        }
        "repository" => {
            vec![format!("aws ecr tag-resource --region {region} --resource-arn {arn} --tags {pairs}")]
        }
        "bucket" | "bucket-policy" => {
            let filter = quoted(&format!("{{TagSet: (.TagSet + {json})}}"));
            vec![
                format!("aws s3api get-bucket-tagging --bucket {id} | jq {filter} > tags.json"),
                format!("aws s3api put-bucket-tagging --bucket {id} --tagging file://tags.json"),
            ]
        }
        "cluster" | "node-group" | "addon" | "access-entry" | "pod-identity" | "fargate-profile" => {
            let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let pairs = quoted(&pairs.join(","));
            vec![format!("aws eks tag-resource --region {region} --resource-arn {arn} --tags {pairs}")]
        }
        _ => vec![format!("aws ec2 create-tags --region {region} --resources {id} --tags {pairs}")],
    }
}

/// The lines that rewrite the text in which CloudFront's untagged resources name their owner.
fn marked(call: &str, object: &str, field: &str, found: &Observed, tags: &Tags) -> Vec<String> {
    let (id, address) = (quoted(&found.id), &found.address);
    let get = |tag: &str| tags.get(tag).cloned().unwrap_or_default();
    let old = ["description", "comment"].iter().find_map(|name| found.attrs.get(*name)?.as_str());
    let environment = super::named::read_mark(old.unwrap_or_default()).remove(ENVIRONMENT_TAG);
    let environment = environment.unwrap_or_default();
    let owner = format!("{}/{environment}/{}", get(PROJECT_TAG), get(REGION_TAG));
    let mark = format!("{}={owner} {ADDRESS_TAG}={address}", names::OWNER_MARK);
    let config = format!("{object}Config");
    let filter = quoted(&format!(".{object}.{config} + {{{field}: {}}}", serde_json::json!(mark)));
    let option = call.to_string() + "-config";
    vec![
        format!("aws cloudfront get-{call} --id {id} > found.json"),
        format!("jq {filter} found.json > config.json"),
        format!(
            "aws cloudfront update-{call} --id {id} --if-match \"$(jq -r .ETag found.json)\" --{option} file://config.json"
        ),
    ]
}

/// A word as a shell takes it, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
