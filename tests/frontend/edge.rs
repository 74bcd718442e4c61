//! CloudFront, as far as a browser sees it: a distribution of the emulated account answered on an
//! origin of its own, with the objects of its bucket and the headers of its policy.

use std::io::Read;
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::Value;
use tiny_http::{Header, Method, Request, Response, StatusCode};

use crate::support::Sandbox;
use crate::support::values::{items, text};

/// An address of this machine where nobody answers yet.
pub struct Origin {
    pub url: String,
    http: Arc<tiny_http::Server>,
}

/// Answers until it is dropped.
pub struct Server {
    http: Arc<tiny_http::Server>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    pub fn new() -> Origin {
        let http = tiny_http::Server::http("127.0.0.1:0").expect("a free port");
        let port = http.server_addr().to_ip().expect("an address").port();
        Origin { url: format!("http://localhost:{port}"), http: Arc::new(http) }
    }

    pub fn serve(self, mut answer: impl FnMut(Request) + Send + 'static) -> Server {
        let http = self.http.clone();
        let thread = std::thread::spawn(move || http.incoming_requests().for_each(&mut answer));
        Server { http: self.http, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.unblock();
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// The distribution of a frontend of dev.
pub struct Distribution {
    config: Value,
    policy: Value,
    /// Where S3 is, and who asks it.
    s3: String,
    account: String,
}

impl Distribution {
    pub fn of(sandbox: &Sandbox, frontend: &str) -> Distribution {
        let id = sandbox.id("dev", &format!("s3-cloudfront/distribution.{frontend}"));
        let config = sandbox.aws(&["cloudfront", "get-distribution-config", "--id", &id]);
        let config = config["DistributionConfig"].clone();
        let id = text(&config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]);
        let policy = sandbox.aws(&["cloudfront", "get-response-headers-policy", "--id", id]);
        let policy = policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"].clone();
        Distribution { config, policy, s3: sandbox.url.clone(), account: sandbox.account.clone() }
    }

    pub fn bucket(&self) -> &str {
        let domain = text(&self.config["Origins"]["Items"][0]["DomainName"]);
        domain.split_once(".s3.").expect("a bucket's domain").0
    }

    pub fn answer(&self, request: Request) {
        let from = request.headers().iter().find(|header| header.field.equiv("Origin"));
        let from = from.map(|header| header.value.as_str().to_string());
        let path = request.url().split('?').next().unwrap_or_default().to_string();
        let mut response = match request.method() {
            Method::Get | Method::Head => self.object(&path),
            _ => Response::from_data(vec![]).with_status_code(403),
        };
        for (name, value) in self.headers(from.as_deref()) {
            response.add_header(header(name, &value));
        }
        // A browser that went away is none of our business.
        let _ = request.respond(response);
    }

    /// An object, or what the distribution answers where there is none.
    fn object(&self, path: &str) -> Response<std::io::Cursor<Vec<u8>>> {
        let root = format!("/{}", text(&self.config["DefaultRootObject"]));
        if let Some(found) = self.get(if path == "/" { &root } else { path }) {
            return found;
        }
        // S3 says that it is forbidden to those who may not list the bucket.
        let pages = items(&self.config["CustomErrorResponses"]["Items"]);
        let page = pages.iter().find(|page| page["ErrorCode"] == 403);
        let found = page.and_then(|page| {
            let code: u16 = text(&page["ResponseCode"]).parse().ok()?;
            Some(self.get(text(&page["ResponsePagePath"]))?.with_status_code(StatusCode(code)))
        });
        found.unwrap_or_else(|| Response::from_data(vec![]).with_status_code(403))
    }

    fn get(&self, path: &str) -> Option<Response<std::io::Cursor<Vec<u8>>>> {
        // The emulator takes the access key for the number of the account.
        let credential = format!("{}/20260101/us-east-1/s3/aws4_request", self.account);
        let signed = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        let asked = ureq::get(format!("{}/{}{path}", self.s3, self.bucket()));
        let mut found = asked.header("Authorization", signed).call().ok()?;
        let mut body = vec![];
        found.body_mut().as_reader().read_to_end(&mut body).expect("an object");
        let mut response = Response::from_data(body);
        for name in ["content-type", "cache-control"] {
            if let Some(value) = found.headers().get(name).and_then(|value| value.to_str().ok()) {
                response.add_header(header(name, value));
            }
        }
        Some(response)
    }

    /// What the policy adds, for pages of some origin.
    fn headers(&self, from: Option<&str>) -> Vec<(&'static str, String)> {
        let security = &self.policy["SecurityHeadersConfig"];
        let mut headers = vec![
            (
                "Content-Security-Policy",
                text(&security["ContentSecurityPolicy"]["ContentSecurityPolicy"]).into(),
            ),
            ("X-Frame-Options", text(&security["FrameOptions"]["FrameOption"]).into()),
            ("Referrer-Policy", text(&security["ReferrerPolicy"]["ReferrerPolicy"]).into()),
            ("X-Content-Type-Options", "nosniff".to_string()),
        ];
        let allowed = items(&self.policy["CorsConfig"]["AccessControlAllowOrigins"]["Items"]);
        if let Some(from) = from.filter(|from| allowed.iter().any(|origin| origin == from)) {
            headers.push(("Access-Control-Allow-Origin", from.to_string()));
            headers.push(("Vary", "Origin".to_string()));
        }
        headers
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap_or_else(|()| panic!("{name}: {value} is no header"))
}
