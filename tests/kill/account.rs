//! An account, spoken to in plain HTTP: what is in it is read and put there by none of our code.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use billpay_testkit::access_key;

pub struct Account {
    pub number: String,
    url: String,
    agent: Agent,
}

impl Account {
    pub fn new(url: &str, number: &str) -> Account {
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        Account { number: number.to_string(), url: url.to_string(), agent: config.build().into() }
    }

    /// A call of EC2, IAM or STS; the answer is XML.
    pub fn query(&self, service: &str, action: &str, fields: &[(&str, &str)]) -> String {
        let version = if service == "ec2" { "2016-11-15" } else { "2010-05-08" };
        let mut form = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            form.push_str(&format!("&{name}={}", encode(value)));
        }
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.call(service, "POST", "/", &kind, &form)
    }

    /// A call of ECR; the answer is JSON.
    pub fn ecr(&self, action: &str, body: Value) -> String {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{action}");
        let kind = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        self.call("ecr", "POST", "/", &kind, &body.to_string())
    }

    /// A call of S3, EKS or CloudFront.
    pub fn rest(&self, service: &str, method: &str, path: &str, body: &str) -> String {
        self.call(service, method, path, &[], body)
    }

    fn call(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        // The emulators don't check signatures.
        let scope = format!("{}/20260101/us-east-1/{service}/aws4_request", access_key(&self.number));
        let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={:064}", 0);
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        request = request.header("authorization", signed).header("x-amz-date", "20260101T000000Z");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let what = || format!("{service} {method} {path} {body}");
        let answer: Result<Response<Body>, ureq::Error> = match method {
            "GET" => self.agent.run(request.body(()).expect("a request")),
            _ => self.agent.run(request.body(body.to_string()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{}: {error}", what()));
        let text = answer.body_mut().read_to_string().expect("an answer in text");
        // Only "there is none" may be answered: it is part of what is there.
        let status = answer.status().as_u16();
        let none = status == 404 || text.contains("PolicyNotFoundException");
        assert!(status < 300 || none, "{}: {status}: {text}", what());
        text
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}
