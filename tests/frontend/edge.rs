//! CloudFront, as far as a browser sees it: a distribution of the emulated account, with the objects
//! of its bucket and the headers of its policy.

use std::io::Read;

use serde_json::Value;

use crate::http::{Answer, Request};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Sandbox, access_key};

/// The distribution of a frontend of dev.
pub struct Distribution {
    config: Value,
    policy: Value,
    /// Address of S3, and the account that asks it.
    s3: String,
    access_key: String,
}

impl Distribution {
    pub fn of(sandbox: &Sandbox, frontend: &str) -> Distribution {
        let id = sandbox.id("dev", &format!("s3-cloudfront/distribution.{frontend}"));
        let config = sandbox.aws(&["cloudfront", "get-distribution-config", "--id", &id]);
        let config = config["DistributionConfig"].clone();
        let id = text(&config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]);
        let policy = sandbox.aws(&["cloudfront", "get-response-headers-policy", "--id", id]);
        let policy = policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"].clone();
        Distribution { config, policy, s3: sandbox.url.clone(), access_key: access_key(&sandbox.account) }
    }

    pub fn bucket(&self) -> &str {
        let domain = text(&self.config["Origins"]["Items"][0]["DomainName"]);
        domain.split_once(".s3.").expect("a bucket's domain").0
    }

    pub fn answer(&self, request: &Request) -> Answer {
        let mut answer = match request.method.as_str() {
            "GET" | "HEAD" => self.object(&request.path),
            _ => Answer { status: 403, ..Answer::default() },
        };
        answer.headers.extend(self.headers(request.origin.as_deref()));
        answer
    }

    /// An object, or what the distribution answers where there is none.
    fn object(&self, path: &str) -> Answer {
        let root = format!("/{}", text(&self.config["DefaultRootObject"]));
        if let Some(found) = self.get(if path == "/" { &root } else { path }) {
            return found;
        }
        // S3 says that it is forbidden to those who may not list the bucket.
        let pages = items(&self.config["CustomErrorResponses"]["Items"]);
        let page = pages.iter().find(|page| page["ErrorCode"] == 403);
        let page = page.and_then(|page| {
            let status = text(&page["ResponseCode"]).parse().ok()?;
            Some(Answer { status, ..self.get(text(&page["ResponsePagePath"]))? })
        });
        page.unwrap_or(Answer { status: 403, ..Answer::default() })
    }

    fn get(&self, path: &str) -> Option<Answer> {
        let credential = format!("{}/20260101/us-east-1/s3/aws4_request", self.access_key);
        let signed = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        let asked = ureq::get(format!("{}/{}{path}", self.s3, self.bucket()));
        let mut found = asked.header("Authorization", signed).call().ok()?;
        let mut body = vec![];
        found.body_mut().as_reader().read_to_end(&mut body).expect("an object");
        let header = |name| Some((name, found.headers().get(name)?.to_str().ok()?.to_string()));
        let headers = ["content-type", "cache-control"].into_iter().filter_map(header).collect();
        Some(Answer { status: 200, headers, body })
    }

    /// Returns the headers that the policy adds, for pages of some origin.
    fn headers(&self, from: Option<&str>) -> Vec<(&'static str, String)> {
        let security = &self.policy["SecurityHeadersConfig"];
        let policy = &security["ContentSecurityPolicy"]["ContentSecurityPolicy"];
        let mut headers = vec![
            ("content-security-policy", text(policy).to_string()),
            ("x-frame-options", text(&security["FrameOptions"]["FrameOption"]).to_string()),
            ("referrer-policy", text(&security["ReferrerPolicy"]["ReferrerPolicy"]).to_string()),
            ("x-content-type-options", "nosniff".to_string()),
        ];
        let allowed = items(&self.policy["CorsConfig"]["AccessControlAllowOrigins"]["Items"]);
        if let Some(from) = from.filter(|from| allowed.iter().any(|origin| origin == from)) {
            headers
                .extend([("access-control-allow-origin", from.to_string()), ("vary", "Origin".to_string())]);
        }
        headers
    }
}
