//! AWS operation of a request: its name, and if it changes anything.

use super::http::Message;

/// Protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Ec2,
    /// IAM, STS.
    Query,
    /// ECR and the like: the operation is in a header.
    Json,
    /// EKS.
    RestJson,
    /// CloudFront.
    RestXml,
    S3,
}

/// An operation, named as people know it: `ec2 CreateVpc`, `eks POST clusters`.
#[derive(Debug, Clone)]
pub struct Operation {
    pub name: String,
    pub protocol: Protocol,
    pub writes: bool,
}

impl Operation {
    pub fn of(request: &Message) -> Operation {
        let service = service(request);
        if let Some(target) = request.header("x-amz-target") {
            let action = target.rsplit('.').next().unwrap_or(target);
            return Operation {
                name: format!("{service} {action}"),
                protocol: Protocol::Json,
                writes: writes(action),
            };
        }
        if let Some(action) = form_action(request) {
            let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
            return Operation { name: format!("{service} {action}"), protocol, writes: writes(action) };
        }
        let method = request.method();
        let (path, query) = request.target().split_once('?').unwrap_or((request.target(), ""));
        let (protocol, place) = match service {
            "s3" => (Protocol::S3, s3_place(path, query)),
            "cloudfront" => (Protocol::RestXml, rest_place(path)),
            _ => (Protocol::RestJson, rest_place(path)),
        };
        Operation {
            name: format!("{service} {method} {place}"),
            protocol,
            writes: !matches!(method, "GET" | "HEAD"),
        }
    }
}

/// The service that a request is signed for: `Credential=KEY/20261122/us-east-1/ec2/aws4_request`.
fn service(request: &Message) -> &str {
    let signed = request.header("authorization").unwrap_or_default();
    let scope = signed.split("Credential=").nth(1).unwrap_or_default();
    scope.split('/').nth(3).unwrap_or("unsigned")
}

fn form_action(request: &Message) -> Option<&str> {
    let form = request.header("content-type")?.starts_with("application/x-www-form-urlencoded");
    let body = std::str::from_utf8(request.body()).ok().filter(|_| form)?;
    body.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

fn writes(action: &str) -> bool {
    !["Describe", "Get", "List", "BatchGet", "Simulate"].iter().any(|verb| action.starts_with(verb))
}

/// `bucket?versioning`, `object`, or `buckets` for the list of all.
fn s3_place(path: &str, query: &str) -> String {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let bucket = parts.next().unwrap_or_default();
    let object = parts.next().unwrap_or_default();
    let thing = match (bucket, object) {
        ("", _) => "buckets",
        (_, "") => "bucket",
        _ => "object",
    };
    let subresource = query.split('&').find(|part| !part.contains('=') || part.ends_with('='));
    match subresource.map(|part| part.trim_end_matches('=')).filter(|part| !part.is_empty()) {
        Some(part) => format!("{thing}?{part}"),
        None => thing.to_string(),
    }
}

/// `clusters/{}/node-groups/{}`: every second part is the name of something.
fn rest_place(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != "2020-05-31");
    let place: Vec<&str> = parts
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 && part != "supported-versions" { "{}" } else { part })
        .collect();
    place.join("/")
}
