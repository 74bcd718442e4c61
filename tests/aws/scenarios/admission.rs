//! The local AWS answers its own user, and nobody else, and runs no code.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use billpay_testkit::values::{items, text};
use billpay_testkit::{Emulator, Sandbox, access_key};

/// The bytes of a request, and the status and the body that come back.
fn ask(head: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let address = Emulator::ministack().url.trim_start_matches("http://").to_string();
    let mut request = format!("{head} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
    let mut stream = TcpStream::connect(address).expect("it is up");
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

fn signed(key: &str, service: &str) -> String {
    let scope = format!("{key}/20260101/us-east-1/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={:064}", 0)
}

const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn only_who_has_the_users_secret_is_answered() {
    let sandbox = Sandbox::new();
    let own = access_key(&sandbox.account);
    let authorization = |key: &str| signed(key, "sts");
    let (status, answer) = ask("POST /", &[FORM, ("Authorization", &authorization(&own))], WHO);
    assert!(status == 200 && answer.contains(&sandbox.account), "{answer}");
    assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");

    let (account, secret) = own.split_at(12);
    let almost = format!("{account}{}{}", &secret[..63], if secret.ends_with('0') { '1' } else { '0' });
    let shorter = &own[..own.len() - 1];
    for key in [account, &almost, shorter, &secret[..16], "AKIAIOSFODNN7EXAMPLE", "test"] {
        let (status, answer) = ask("POST /", &[FORM, ("Authorization", &authorization(key))], WHO);
        assert!(status == 403 && answer.contains("billpay local env"), "{key}: {answer}");
    }
    let twice = [FORM, ("Authorization", &authorization(account)), ("Authorization", &authorization(&own))];
    assert_eq!(ask("POST /", &twice, WHO).0, 400, "two keys");
    let other = format!("POST /?X-Amz-Credential={account}/20260101/us-east-1/sts/aws4_request");
    assert_eq!(
        ask(&other, &[FORM, ("Authorization", &authorization(&own))], WHO).0,
        403,
        "another key beside"
    );

    // Nothing unsigned, whatever it is called.
    let paths = [
        "POST /",
        "GET /",
        "GET /bucket",
        "GET /_ministack/health",
        "GET /_ministack/ready",
        "POST /_ministack/reset",
        "POST /_ministack/config",
        "GET /_localstack/health",
        "GET /health",
        "OPTIONS /",
        "GET /latest/meta-data/",
        "PUT /bucket",
        "POST /2015-03-31/functions",
        "GET /_billpay/",
        "POST /2015-03-31/functions/f/invocations",
    ];
    for path in paths {
        let (status, answer) = ask(path, &[FORM], WHO);
        assert!(status == 403 && !answer.contains("billpay-"), "{path}: {answer}");
    }
    // Nor ministack's own, for anybody.
    for path in ["GET /_ministack/health", "POST /_ministack/reset", "POST /_ministack/config"] {
        assert_eq!(ask(path, &[("Authorization", &authorization(&own))], "{}").0, 403, "{path}");
    }
    let (status, answer) = ask("GET /_billpay/ready", &[], "");
    assert!(status == 200 && answer.ends_with("\r\n\r\n"), "no question, no proof: {answer}");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn no_web_page_and_no_other_name_is_answered_even_with_the_key() {
    let own = signed(&access_key("210000000001"), "sts");
    let port = Emulator::ministack().url.rsplit(':').next().expect("a port").to_string();
    for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        for host in [host.to_string(), format!("{host}:{port}")] {
            let (status, answer) = ask("POST /", &[FORM, ("Authorization", &own), ("Host", &host)], WHO);
            assert_eq!(status, 200, "{host}: {answer}");
        }
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:4577",
        "bucket.localhost",
        "0.0.0.0",
    ] {
        let (status, answer) = ask("POST /", &[FORM, ("Authorization", &own), ("Host", host)], WHO);
        assert!(status == 403 && answer.contains("under no other name"), "{host}: {answer}");
    }
    for origin in ["https://evil.example", "null", "http://localhost:3000", &Emulator::ministack().url] {
        let (status, answer) = ask("POST /", &[FORM, ("Authorization", &own), ("Origin", origin)], WHO);
        assert!(status == 403 && answer.contains("does not answer web pages"), "{origin}: {answer}");
    }
    let upgrade = [
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    let headers = [&upgrade[..], &[("Connection", "upgrade"), ("Authorization", &own)]].concat();
    assert_ne!(ask("GET /", &headers, "").0, 101);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn nothing_that_runs_code_is_there() {
    let sandbox = Sandbox::new();
    let code = sandbox.path("code.zip");
    // An archive without files.
    fs::write(&code, b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").expect("a file");
    let code = format!("fileb://{}", code.display());
    let role = "arn:aws:iam::123456789012:role/any";
    let refused = |args: &[&str]| {
        let said = sandbox.aws_fails(args);
        assert!(said.contains("UnsupportedOperation"), "aws {}: {said}", args.join(" "));
    };
    let function = ["lambda", "create-function", "--function-name", "f", "--role", role];
    refused(&[&function[..], &["--runtime", "python3.12", "--handler", "f.f", "--zip-file", &code]].concat());
    refused(&["lambda", "invoke", "--function-name", "f", &sandbox.path("out").display().to_string()]);
    refused(&["lambda", "list-functions"]);
    refused(&["lambda", "publish-layer-version", "--layer-name", "l", "--zip-file", &code]);
    refused(&["codebuild", "list-projects"]);
    refused(&["ecs", "list-clusters"]);
    refused(&["stepfunctions", "list-state-machines"]);
    refused(&["ssm", "describe-instance-information"]);
    refused(&["dynamodb", "list-tables"]);
    refused(&["cloudformation", "list-stacks"]);
    refused(&["events", "list-rules"]);

    // The name of the service is not only in the signature.
    let own = signed(&access_key(&sandbox.account), "s3");
    let target = [("Authorization", own.as_str()), ("X-Amz-Target", "AmazonSSM.DescribeParameters")];
    let (status, answer) = ask("POST /", &target, "{}");
    assert!(status == 400 && answer.contains("Unsupported service"), "{answer}");

    // A function of a distribution is kept, but not run.
    let source = sandbox.path("edge.js");
    fs::write(&source, "function handler(event) { return event.request; }").expect("a file");
    let source = format!("fileb://{}", source.display());
    let config = "Comment=,Runtime=cloudfront-js-2.0";
    let create = ["cloudfront", "create-function", "--name", "edge", "--function-config", config];
    let made = sandbox.aws(&[&create[..], &["--function-code", &source]].concat());
    let test = ["cloudfront", "test-function", "--name", "edge", "--if-match", text(&made["ETag"])];
    sandbox.aws_fails(&[&test[..], &["--event-object", "{}"]].concat());
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_function_of_somebody_else_has_a_policy() {
    let sandbox = Sandbox::new();
    let name = ["--function-name", "rotate"];
    let permission = ["--statement-id", "secrets", "--action", "lambda:InvokeFunction", "--principal"];
    let add =
        [&["lambda", "add-permission"], &name[..], &permission, &["secretsmanager.amazonaws.com"]].concat();
    sandbox.aws(&add);
    assert!(sandbox.aws_fails(&add).contains("ResourceConflictException"));
    let policy = sandbox.aws(&[&["lambda", "get-policy"], &name[..]].concat());
    let policy: Value = serde_json::from_str(text(&policy["Policy"])).expect("a policy");
    let statement = &items(&policy["Statement"])[0];
    assert_eq!(statement["Principal"], json!({"Service": "secretsmanager.amazonaws.com"}));
    let arn = format!("arn:aws:lambda:us-east-1:{}:function:rotate", sandbox.account);
    assert_eq!(statement["Resource"], json!(arn));
    let remove =
        [&["lambda", "remove-permission", "--statement-id", "secrets", "--function-name", &arn][..]].concat();
    sandbox.aws(&remove);
    assert!(sandbox.aws_fails(&remove).contains("ResourceNotFoundException"));
    let said = sandbox.aws_fails(&[&["lambda", "get-policy"], &name[..]].concat());
    assert!(said.contains("ResourceNotFoundException"), "{said}");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn keys_and_tokens_that_it_issued_count_in_their_account() {
    let sandbox = Sandbox::new();
    let who = |key: &str, token: &[(&str, &str)]| {
        let own = signed(key, "sts");
        let headers = [&[FORM, ("Authorization", own.as_str())], token].concat();
        ask("POST /", &headers, WHO)
    };
    sandbox.aws(&["iam", "create-user", "--user-name", "robot"]);
    let made = sandbox.aws(&["iam", "create-access-key", "--user-name", "robot"])["AccessKey"].clone();
    let key = text(&made["AccessKeyId"]);
    let (status, answer) = who(key, &[]);
    assert!(status == 200 && answer.contains(&format!("{}:user/robot", sandbox.account)), "{answer}");
    let off =
        ["iam", "update-access-key", "--user-name", "robot", "--status", "Inactive", "--access-key-id", key];
    sandbox.aws(&off);
    assert_eq!(who(key, &[]).0, 403, "switched off");

    let role = format!("arn:aws:iam::{}:role/tests", sandbox.account);
    let session = sandbox.aws(&["sts", "assume-role", "--role-arn", &role, "--role-session-name", "one"]);
    let session = &session["Credentials"];
    let (key, token) = (text(&session["AccessKeyId"]), text(&session["SessionToken"]));
    let (status, answer) = who(key, &[("X-Amz-Security-Token", token)]);
    assert!(status == 200 && answer.contains("assumed-role/tests/one"), "{answer}");
    assert_eq!(who(key, &[]).0, 403, "no token");
    assert_eq!(who(key, &[("X-Amz-Security-Token", "other")]).0, 403, "another token");

    // The registry: what `docker login` sends.
    sandbox.aws(&["ecr", "create-repository", "--repository-name", "in-this-account"]);
    let given = sandbox.aws(&["ecr", "get-authorization-token"])["authorizationData"][0].clone();
    let token = text(&given["authorizationToken"]);
    let catalog = |basic: &str| ask("GET /v2/_catalog", &[("Authorization", &format!("Basic {basic}"))], "");
    let (status, answer) = catalog(token);
    assert!(status == 200 && answer.contains("in-this-account"), "{answer}");
    let other = format!("{}A==", &token[..token.len() - 3]);
    for wrong in [other.as_str(), "QVdTOm1pbmlzdGFjay1hdXRoLXRva2Vu", "QVdTOg==", "!", ""] {
        let (status, answer) = catalog(wrong);
        assert!(status == 401 && answer.contains("www-authenticate: Basic"), "{wrong}: {answer}");
    }
    assert_eq!(ask("GET /v2/", &[], "").0, 401);
    let elsewhere = ask("GET /some-bucket/key", &[("Authorization", &format!("Basic {token}"))], "");
    assert_eq!(elsewhere.0, 403, "a token is for the registry");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_presigned_address_counts_by_its_key() {
    let sandbox = Sandbox::new();
    sandbox.aws(&["s3api", "create-bucket", "--bucket", "presigned"]);
    let file = sandbox.path("file");
    fs::write(&file, "what is in it").expect("a file");
    let body = file.display().to_string();
    sandbox.aws(&["s3api", "put-object", "--bucket", "presigned", "--key", "a b+c", "--body", &body]);
    let own = access_key(&sandbox.account);
    let scope = |key: &str| format!("{key}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request");
    let of = |query: String| ask(&format!("GET /presigned/a%20b%2Bc?{query}"), &[], "");
    for query in
        [format!("X-Amz-Credential={}", scope(&own)), format!("AWSAccessKeyId={own}&Signature=x&Expires=1")]
    {
        let (status, answer) = of(query.clone());
        assert!(status == 200 && answer.contains("what is in it"), "{query}: {answer}");
    }
    let account = &sandbox.account;
    let wrong = [
        format!("X-Amz-Credential={}", scope(account)),
        format!("X-Amz-Credential={}&X-Amz-Credential={}", scope(&own), scope(account)),
        format!("X-Amz-Credential={}&x-amz-credential={}", scope(&own), scope(account)),
        format!("X-Amz-Credential={}&AWSAccessKeyId={account}", scope(&own)),
        format!("AWSAccessKeyId={account}&Signature=x&Expires=1"),
    ];
    for query in wrong {
        assert_eq!(of(query.clone()).0, 403, "{query}");
    }
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn the_server_has_nothing_of_the_users_environment_and_its_files_are_private() {
    let sandbox = Sandbox::new();
    sandbox.aws(&["s3api", "create-bucket", "--bucket", "private-things"]);
    let body = sandbox.path("environments/dev.yaml").display().to_string();
    sandbox.aws(&["s3api", "put-object", "--bucket", "private-things", "--key", "k", "--body", &body]);
    sandbox.aws(&["secretsmanager", "create-secret", "--name", "s", "--secret-string", "hush"]);

    let emulator = Emulator::ministack();
    let mut status = Command::new(env!("CARGO_BIN_EXE_billpay"));
    status.args(["local", "status", "--output", "json"]).env("BILLPAY_LOCAL_STATE", emulator.state());
    let port = emulator.url.rsplit(':').next().expect("a port");
    let output = status.env("BILLPAY_LOCAL_PORT", port).output().expect("billpay can be run").stdout;
    let status: Value = serde_json::from_slice(&output).expect("a status");
    assert_eq!((&status["running"], &status["port_taken"]), (&json!(true), &json!(false)));

    let mut files = 0;
    walk(emulator.state(), &mut |path, mode| {
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        files += 1;
    });
    assert!(files > 5, "state, objects, log and secret");

    let environment = fs::read(format!("/proc/{}/environ", status["pid"])).expect("its environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let names = environment.split('\0').filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let settings = ["BILLPAY_LOCAL_SECRET", "GATEWAY_PORT", "LANG", "S3_DATA_DIR", "STATE_DIR", "TMPDIR"];
    assert_eq!(names, settings);
}

fn walk(folder: &Path, see: &mut dyn FnMut(&Path, u32)) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        // A file that is written anew is renamed: it may be gone by now.
        let Ok(facts) = fs::symlink_metadata(entry.path()) else { continue };
        see(&entry.path(), facts.mode());
        if facts.is_dir() {
            walk(&entry.path(), see);
        }
    }
}
