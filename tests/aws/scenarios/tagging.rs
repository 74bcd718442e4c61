//! Tags of every kind of resource, read and written by the AWS CLI.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use billpay_testkit::Sandbox;
use billpay_testkit::values::{tags, text};

pub type Tags = BTreeMap<String, String>;

/// The service that holds the tags of a resource, and the name by which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagger {
    /// By id.
    Ec2,
    /// By name.
    Role,
    /// By name.
    Bucket,
    /// The others by ARN.
    Policy,
    Provider,
    Repository,
    Distribution,
    Eks,
    /// No tags: a text in the description says what they would.
    Mark,
}

impl Tagger {
    /// The service that tags a kind.
    pub fn of(kind: &str) -> Tagger {
        match kind {
            "role" => Tagger::Role,
            "policy" => Tagger::Policy,
            "oidc-provider" => Tagger::Provider,
            "repository" => Tagger::Repository,
            "bucket" | "bucket-policy" => Tagger::Bucket,
            "distribution" => Tagger::Distribution,
            "headers-policy" | "origin-access-control" => Tagger::Mark,
            "access-entry" | "addon" | "cluster" | "fargate-profile" | "node-group" | "pod-identity" => {
                Tagger::Eks
            }
            _ => Tagger::Ec2,
        }
    }

    /// Returns the name of a resource of `status` that this service takes.
    pub fn name(self, resource: &Value) -> &str {
        match self {
            Tagger::Ec2 | Tagger::Role | Tagger::Bucket | Tagger::Mark => text(&resource["id"]),
            _ => text(&resource["outputs"]["arn"]),
        }
    }

    /// Reads the tags of a resource, those of AWS left out.
    pub fn read(self, sandbox: &Sandbox, name: &str) -> Tags {
        let filter = format!("Name=resource-id,Values={name}");
        let (call, list): (&[&str], &str) = match self {
            Tagger::Ec2 => (&["ec2", "describe-tags", "--filters", &filter], "/Tags"),
            Tagger::Role => (&["iam", "list-role-tags", "--role-name", name], "/Tags"),
            Tagger::Policy => (&["iam", "list-policy-tags", "--policy-arn", name], "/Tags"),
            Tagger::Provider => {
                let call = "get-open-id-connect-provider";
                (&["iam", call, "--open-id-connect-provider-arn", name], "/Tags")
            }
            Tagger::Repository => (&["ecr", "list-tags-for-resource", "--resource-arn", name], "/tags"),
            Tagger::Bucket => (&["s3api", "get-bucket-tagging", "--bucket", name], "/TagSet"),
            Tagger::Distribution => {
                (&["cloudfront", "list-tags-for-resource", "--resource", name], "/Tags/Items")
            }
            Tagger::Eks => (&["eks", "list-tags-for-resource", "--resource-arn", name], "/tags"),
            Tagger::Mark => return Tags::new(),
        };
        let answer = sandbox.aws(call);
        let mut found = tags(answer.pointer(list).unwrap_or(&Value::Null));
        found.retain(|key, _| !key.starts_with("aws:"));
        found
    }

    /// Gives a resource exactly these tags.
    pub fn write(self, sandbox: &Sandbox, name: &str, wanted: &Tags) {
        let had = if self == Tagger::Bucket { Tags::new() } else { self.read(sandbox, name) };
        let unset: Vec<&str> =
            had.keys().filter(|key| !wanted.contains_key(*key)).map(String::as_str).collect();
        if !unset.is_empty() {
            self.remove(sandbox, name, &unset);
        }
        let list: Vec<Value> =
            wanted.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let list = json!(list);
        let pairs = list.to_string();
        let items = json!({"Items": list}).to_string();
        let set = json!({"TagSet": list}).to_string();
        let map = json!(wanted).to_string();
        let call: &[&str] = match self {
            Tagger::Ec2 => &["ec2", "create-tags", "--resources", name, "--tags", &pairs],
            Tagger::Role => &["iam", "tag-role", "--role-name", name, "--tags", &pairs],
            Tagger::Policy => &["iam", "tag-policy", "--policy-arn", name, "--tags", &pairs],
            Tagger::Provider => {
                let call = "tag-open-id-connect-provider";
                &["iam", call, "--open-id-connect-provider-arn", name, "--tags", &pairs]
            }
            Tagger::Repository => &["ecr", "tag-resource", "--resource-arn", name, "--tags", &pairs],
            Tagger::Bucket => &["s3api", "put-bucket-tagging", "--bucket", name, "--tagging", &set],
            Tagger::Distribution => &["cloudfront", "tag-resource", "--resource", name, "--tags", &items],
            Tagger::Eks => &["eks", "tag-resource", "--resource-arn", name, "--tags", &map],
            Tagger::Mark => panic!("{name} has no tags"),
        };
        sandbox.aws(call);
    }

    fn remove(self, sandbox: &Sandbox, name: &str, keys: &[&str]) {
        let pairs: Vec<Value> = keys.iter().map(|key| json!({"Key": key})).collect();
        let pairs = json!(pairs).to_string();
        let json_keys = json!({"Items": keys}).to_string();
        let call: Vec<&str> = match self {
            Tagger::Ec2 => vec!["ec2", "delete-tags", "--resources", name, "--tags", &pairs],
            Tagger::Role => vec!["iam", "untag-role", "--role-name", name, "--tag-keys"],
            Tagger::Policy => vec!["iam", "untag-policy", "--policy-arn", name, "--tag-keys"],
            Tagger::Provider => {
                let call = "untag-open-id-connect-provider";
                vec!["iam", call, "--open-id-connect-provider-arn", name, "--tag-keys"]
            }
            Tagger::Repository => vec!["ecr", "untag-resource", "--resource-arn", name, "--tag-keys"],
            Tagger::Distribution => {
                vec!["cloudfront", "untag-resource", "--resource", name, "--tag-keys", &json_keys]
            }
            Tagger::Eks => vec!["eks", "untag-resource", "--resource-arn", name, "--tag-keys"],
            Tagger::Bucket | Tagger::Mark => panic!("{name}: its tags are written whole"),
        };
        let lists = call.last() == Some(&"--tag-keys");
        sandbox.aws(&[call.as_slice(), if lists { keys } else { &[] }].concat());
    }
}

/// Returns the resource of an environment at an address, as `status` shows it.
pub fn at(status: &[Value], address: &str) -> Value {
    let found = status.iter().find(|resource| resource["address"] == address);
    found.unwrap_or_else(|| panic!("there is no {address}")).clone()
}

/// Returns the text of a CloudFront resource that has no tags.
pub fn mark(sandbox: &Sandbox, kind: &str, id: &str) -> String {
    let (call, field) = match kind {
        "headers-policy" => {
            ("get-response-headers-policy", "/ResponseHeadersPolicy/ResponseHeadersPolicyConfig/Comment")
        }
        _ => ("get-origin-access-control", "/OriginAccessControl/OriginAccessControlConfig/Description"),
    };
    let found = sandbox.aws(&["cloudfront", call, "--id", id]);
    text(found.pointer(field).unwrap_or(&Value::Null)).to_string()
}

/// Rewrites the text of a CloudFront resource that has no tags.
pub fn write_mark(sandbox: &Sandbox, kind: &str, id: &str, mark: &str) {
    let (what, object, field) = match kind {
        "headers-policy" => ("response-headers-policy", "ResponseHeadersPolicy", "Comment"),
        _ => ("origin-access-control", "OriginAccessControl", "Description"),
    };
    let get = format!("get-{what}");
    let found = sandbox.aws(&["cloudfront", &get, "--id", id]);
    let mut config = found[object][format!("{object}Config")].clone();
    config[field] = json!(mark);
    let (update, option, config) = (format!("update-{what}"), format!("--{what}-config"), config.to_string());
    let version = text(&found["ETag"]);
    sandbox.aws(&["cloudfront", &update, "--id", id, "--if-match", version, &option, &config]);
}
