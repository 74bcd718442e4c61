//! The built service as a process, with what billpay gives every container.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::project::{Built, everything, smallest};
use billpay_testkit::{Emulator, access_key, aws_cli};

const BASE: &str = "/invoicing/v1";

/// A started service; stopped when this goes.
pub struct Service {
    process: Child,
    pub port: u16,
    pub management_port: u16,
    log: PathBuf,
}

impl Service {
    /// Starts it with this environment, and nothing of ours beside the path.
    fn start(built: &Built, name: &str, environment: &BTreeMap<String, String>) -> Service {
        let mut java = Command::new("java");
        java.arg("-jar").arg(built.jar()).env_clear();
        java.env("PATH", std::env::var_os("PATH").expect("a path"));
        java.envs(environment);
        Service::run(java, &built.folder.join(format!("target/{name}.log")))
    }

    /// Runs it by a command of one's own, with ports that are free.
    pub fn run(mut command: Command, log: &std::path::Path) -> Service {
        let (port, management_port) = (free_port(), free_port());
        command
            .env("SERVER_PORT", port.to_string())
            .env("MANAGEMENT_SERVER_PORT", management_port.to_string())
            .env("SERVER_ADDRESS", "127.0.0.1")
            .env("MANAGEMENT_SERVER_ADDRESS", "127.0.0.1");
        let file = File::create(log).expect("a log");
        command.stdout(file.try_clone().expect("a log")).stderr(file);
        let process = command.spawn().expect("it can be run");
        Service { process, port, management_port, log: log.to_path_buf() }
    }

    #[track_caller]
    pub fn ready(mut self) -> Service {
        let begun = Instant::now();
        loop {
            let ended = self.process.try_wait().expect("a state");
            assert!(ended.is_none(), "it ended with {ended:?}:\n{}", self.log());
            let health = format!("http://127.0.0.1:{}/actuator/health/readiness", self.management_port);
            if ureq::get(&health).call().is_ok() {
                return self;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "it does not get ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }

    /// Returns the answer, whatever the status.
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().get(format!("http://127.0.0.1:{}{path}", self.port));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.call())
    }

    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = agent().post(format!("http://127.0.0.1:{}{path}", self.port));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send(body))
    }

    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).expect("a signal can be sent");
    }

    fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("a state") {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct Answer {
    pub status: u16,
    kind: String,
    pub text: String,
}

impl Answer {
    fn of(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        let mut answer = answer.expect("an answer");
        let kind =
            answer.headers().get("content-type").map(|kind| kind.to_str().expect("a type").to_string());
        Answer {
            status: answer.status().as_u16(),
            kind: kind.unwrap_or_default(),
            text: answer.body_mut().read_to_string().expect("a text"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    #[track_caller]
    fn is_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.kind, "application/problem+json", "{}", self.text);
        assert_eq!(self.json()["status"], status);
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// Returns the environment variables that billpay gives a container of the service with everything.
pub fn environment() -> BTreeMap<String, String> {
    let all = [
        ("BILLPAY_PROJECT", "billpay"),
        ("BILLPAY_ENVIRONMENT", "dev"),
        ("BILLPAY_SERVICE", "invoice-service"),
        ("BACKEND_API_URL", "http://backend-api"),
        ("PAYMENT_SERVICE_URL", "http://payment-service"),
        ("BILLPAY_DATABASE_CREDENTIALS_SECRET", "billpay/database/credentials-dev"),
        ("BILLPAY_JWT_SECRET_SECRET", "billpay/jwt/secret-dev"),
    ];
    all.map(|(name, value)| (name.to_string(), value.to_string())).into()
}

const INVOICE: &str = r#"{"reference": "order 7", "amount": 1200, "currency": "USD", "due": "2999-01-31"}"#;

#[test]
#[ignore = "full tier: builds the generated service with Maven"]
fn the_generated_services_pass_their_own_tests_without_a_warning() {
    let (all, few) = (everything().passed(), smallest().passed());
    println!("{all} tests passed with everything, {few} of the smallest");
    assert!(all > few && few > 10, "{all}, {few}");
}

#[test]
#[ignore = "full tier: builds the generated service with Maven, and starts it"]
fn the_service_answers_logs_and_traces_as_its_documentation_says() {
    let collector = Collector::start();
    let mut environment = environment();
    environment.insert("MANAGEMENT_OTLP_TRACING_ENDPOINT".into(), collector.url.clone());
    let mut service = Service::start(everything(), "answers", &environment).ready();
    let version = service.get(&format!("{BASE}/version"), &[]).json();
    assert_eq!(
        version,
        serde_json::json!({"service": "invoice-service", "version": "0.1.0", "commit": "0123abcd"})
    );
    let api = service.get(&format!("{BASE}/openapi"), &[]).json();
    assert_eq!(api["servers"][0]["url"], BASE);
    assert!(api["paths"]["/invoices/{id}"].is_object(), "{api}");

    let json = [("Content-Type", "application/json"), ("Idempotency-Key", "order-7-once")];
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let invoices = format!("{BASE}/invoices");
    let made = service.post(&invoices, &[&json[..], &[("traceparent", &parent)]].concat(), INVOICE);
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().expect("an id").to_string();
    assert_eq!(service.get(&format!("{invoices}/{id}"), &[]).json(), made.json());
    assert_eq!(service.post(&invoices, &json, INVOICE).json(), made.json(), "the same key makes nothing new");

    service.get(&format!("{invoices}/not-an-id"), &[]).is_problem(400);
    service.get(&format!("{BASE}/nowhere"), &[]).is_problem(404);
    service.get("/elsewhere", &[]).is_problem(404);
    service.get("/%zz", &[]).is_problem(400);
    service.post(&format!("{BASE}/version"), &[], "").is_problem(405);
    service.get(&invoices, &[("Accept", "text/html")]).is_problem(406);
    service.post(&invoices, &[("Idempotency-Key", "order-7-once")], INVOICE).is_problem(415);
    service.post(&invoices, &json, &INVOICE.replace("1200", "1")).is_problem(422);

    for line in service.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["service"]["name"], "invoice-service", "{line}");
        assert_eq!(line["service"]["environment"], "dev", "{line}");
    }
    let said = service.log();
    let traced = said.lines().find(|line| line.contains(&id)).expect("the invoice is in the log");
    let traced: Value = serde_json::from_str(traced).expect("JSON");
    assert_eq!(traced["traceId"], trace, "{traced}");
    assert!(traced["spanId"].is_string(), "{traced}");

    // Traces that were not sent yet go out at the end: those of callers who had theirs sampled, whatever our own share.
    service.terminate();
    service.wait();
    let sent = collector.stop();
    let contains = |bytes: &[u8]| sent.windows(bytes.len()).any(|window| window == bytes);
    let id = u128::from_str_radix(trace, 16).expect("a number").to_be_bytes();
    assert!(contains(&id), "the trace did not arrive: {}", service.log());
    assert!(contains(b"billpay-dev-invoice-service"), "the name in X-Ray");
}

/// Takes what is sent to it, as a collector of traces does.
struct Collector {
    url: String,
    server: Arc<tiny_http::Server>,
    thread: JoinHandle<Vec<u8>>,
}

impl Collector {
    fn start() -> Collector {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a server"));
        let url = format!("http://{}/v1/traces", server.server_addr());
        let receiving = server.clone();
        let thread = std::thread::spawn(move || {
            let mut all = vec![];
            for mut request in receiving.incoming_requests() {
                request.as_reader().read_to_end(&mut all).expect("a body");
                let _ = request.respond(tiny_http::Response::empty(200));
            }
            all
        });
        Collector { url, server, thread }
    }

    fn stop(self) -> Vec<u8> {
        self.server.unblock();
        self.thread.join().expect("what was sent")
    }
}

#[test]
#[ignore = "full tier: builds the generated service with Maven, and starts it"]
fn an_open_request_is_answered_when_the_service_is_stopped() {
    let environment = BTreeMap::from([
        ("BILLPAY_PROJECT".to_string(), "billpay".to_string()),
        ("BILLPAY_ENVIRONMENT".to_string(), "dev".to_string()),
        ("BILLPAY_SERVICE".to_string(), "ledger".to_string()),
    ]);
    let mut service = Service::start(smallest(), "stopped", &environment).ready();
    let (first, rest) = INVOICE.split_at(20);
    let mut open = TcpStream::connect(("127.0.0.1", service.port)).expect("a connection");
    open.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let length = INVOICE.len();
    write!(
        open,
        "POST /invoices HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Idempotency-Key: still-open\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{first}"
    )
    .expect("half a request is sent");
    // Until the request has been taken: what the server hasn't begun to read is not open.
    while !service.get("/invoices", &[]).text.starts_with('[') {}
    std::thread::sleep(Duration::from_millis(500));
    service.terminate();
    let begun = Instant::now();
    while !service.log().contains("graceful shutdown") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", service.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    open.write_all(rest.as_bytes()).expect("the rest is sent");
    let mut answer = String::new();
    open.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(service.wait().code(), Some(143), "ended by SIGTERM, as Java says it");
}

#[test]
#[ignore = "full tier: builds the generated service with Maven, and starts it beside an emulated AWS"]
fn metrics_arrive_with_the_names_units_and_dimensions_of_the_alarms() {
    let emulator = Emulator::ministack();
    let mut environment = environment();
    let aws = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &emulator.url),
        ("AWS_ACCESS_KEY_ID", &access_key(&emulator.fresh_account())),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]
    .map(|(name, value)| (name.to_string(), value.to_string()));
    environment.extend(aws.clone());
    environment.insert("METRICS_CLOUDWATCH_INTERVAL".into(), "1s".into());
    let account = Account { environment: aws.into() };

    let mut service = Service::start(everything(), "metrics", &environment).ready();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(account.metrics("BillPay/Backend"), Vec::<String>::new(), "nothing was asked, only probed");

    for _ in 0..3 {
        assert_eq!(service.get(&format!("{BASE}/version"), &[]).status, 200);
    }
    let events = r#"{"frontend": "payment", "events": [{"type": "view", "path": "/", "loadMs": 812},
        {"type": "view", "path": "/bills", "loadMs": 200}, {"type": "error"}]}"#;
    let beacon = [("Content-Type", "text/plain;charset=UTF-8")];
    assert_eq!(service.post(&format!("{BASE}/page-metrics"), &beacon, events).status, 204);
    service.post(&format!("{BASE}/page-metrics"), &beacon, "[]").is_problem(400);
    // What was not sent yet goes out at the end.
    service.terminate();
    service.wait();

    let expected = |names: [&str; 3], other: &str| {
        let mut all: Vec<String> = names
            .iter()
            .flat_map(|name| [format!("{name} Environment=dev"), format!("{name} Environment=dev {other}")])
            .collect();
        all.sort();
        all
    };
    let backend = expected(["RequestCount", "ResponseTime", "ErrorRate"], "Service=invoice-service");
    assert_eq!(account.metrics("BillPay/Backend"), backend, "{}", service.log());
    let frontend = expected(["PageViews", "LoadTime", "ErrorRate"], "Frontend=payment");
    assert_eq!(account.metrics("BillPay/Frontend"), frontend, "{}", service.log());

    assert_eq!(account.sum("BillPay/Backend", "RequestCount", "Count"), (5.0, 5.0));
    assert_eq!(account.sum("BillPay/Backend", "ErrorRate", "Percent"), (0.0, 5.0));
    assert_eq!(account.sum("BillPay/Backend", "ResponseTime", "Milliseconds").1, 5.0);
    assert_eq!(account.sum("BillPay/Frontend", "PageViews", "Count"), (2.0, 2.0));
    assert_eq!(account.sum("BillPay/Frontend", "LoadTime", "Milliseconds"), (1010.0, 2.0));
    assert_eq!(account.sum("BillPay/Frontend", "ErrorRate", "Percent"), (100.0, 2.0));
}

/// An emulated account, as the AWS CLI sees it.
struct Account {
    environment: BTreeMap<String, String>,
}

impl Account {
    fn cloudwatch(&self, args: &[&str]) -> Value {
        let args = [&["cloudwatch"], args, &["--output", "json"]].concat();
        let answer = aws_cli::run(&args, &self.environment);
        assert_eq!(answer.code, 0, "aws {}: {}", args.join(" "), answer.err);
        serde_json::from_str(&answer.out).expect("JSON")
    }

    /// Each metric of a namespace with its dimensions.
    fn metrics(&self, namespace: &str) -> Vec<String> {
        let listed = self.cloudwatch(&["list-metrics", "--namespace", namespace]);
        let text = |value: &Value| value.as_str().expect("a text").to_string();
        let mut all = vec![];
        for metric in listed["Metrics"].as_array().expect("a list") {
            let mut words = vec![text(&metric["MetricName"])];
            for dimension in metric["Dimensions"].as_array().expect("a list") {
                words.push(format!("{}={}", text(&dimension["Name"]), text(&dimension["Value"])));
            }
            all.push(words.join(" "));
        }
        all.sort();
        all
    }

    /// The sum of a metric's values and how many there were, over all that the environment's alarm sees in its unit.
    fn sum(&self, namespace: &str, name: &str, unit: &str) -> (f64, f64) {
        let (from, to) = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
        let found = self.cloudwatch(&[
            "get-metric-statistics",
            "--namespace",
            namespace,
            "--metric-name",
            name,
            "--unit",
            unit,
            "--dimensions",
            "Name=Environment,Value=dev",
            "--start-time",
            from,
            "--end-time",
            to,
            "--period",
            "86400",
            "--statistics",
            "Sum",
            "SampleCount",
        ]);
        let points = found["Datapoints"].as_array().expect("a list");
        let add = |key: &str| points.iter().map(|point| point[key].as_f64().expect("a number")).sum();
        (add("Sum"), add("SampleCount"))
    }
}

#[test]
#[ignore = "full tier: builds the generated service with Maven, and starts it"]
fn a_setting_that_is_missing_or_wrong_is_named_and_nothing_starts() {
    for (name, value, words) in [
        ("BILLPAY_ENVIRONMENT", None, &["service.environment", "BILLPAY_ENVIRONMENT is not set"][..]),
        (
            "BACKEND_API_URL",
            Some("backend-api"),
            &["clients.urls[backend-api]", "is not the URL of a service"],
        ),
        ("BILLPAY_JWT_SECRET_SECRET", None, &["secrets.names[billpay/jwt/secret]", "is empty"]),
    ] {
        let mut environment = environment();
        match value {
            Some(value) => environment.insert(name.into(), value.into()),
            None => environment.remove(name),
        };
        let mut service = Service::start(everything(), name, &environment);
        assert_eq!(service.wait().code(), Some(1), "{}", service.log());
        for word in words {
            assert!(service.log().contains(word), "{name}: `{word}` is not in:\n{}", service.log());
        }
    }
}
