//! Effects of our actions, seen from outside: on GitHub, on the runner, at an address.

use std::fs;
use std::process::Command;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::action::{COMMIT, Ran, Runner, written_by};

const HEAD: &str = "2222222222222222222222222222222222222222";
const ARCHIVE: &str = "billpay-x86_64-unknown-linux-gnu.tar.gz";
const BOT: &str = "github-actions[bot]";

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A runner, and a release with a program that says its arguments.
fn with_release() -> Runner {
    let runner = Runner::new();
    let program = "#!/usr/bin/env bash\n\
                   [[ \"$1\" != --version ]] || { echo 'billpay 0.1.0'; exit; }\n\
                   printf '<%s>\\n' \"$@\" >> \"$RUNNER_TEMP/arguments\"\n\
                   cat \"$RUNNER_TEMP/says\" 2> /dev/null || true\n\
                   exit \"$(cat \"$RUNNER_TEMP/code\" 2> /dev/null || echo 0)\"\n";
    let file = runner.file("packed/billpay", program);
    let made = Command::new("chmod").args(["755", &file]).status().expect("chmod can be run");
    assert!(made.success());
    let releases = runner.path("github/releases/v0.1.0");
    fs::create_dir_all(&releases).expect("a folder");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(releases.join(ARCHIVE)).arg("-C").arg(runner.path("packed")).arg("billpay");
    assert!(tar.status().expect("tar can be run").success());
    let sum = digest(&fs::read(releases.join(ARCHIVE)).expect("the archive"));
    fs::write(releases.join("SHA256SUMS"), format!("{sum}  {ARCHIVE}\n")).expect("the checksums");
    runner.give_github("attestations", &json!([attested(&sum, "refs/tags/v0.1.0")]));
    runner
}

fn attested(sum: &str, from: &str) -> Value {
    json!({
        "digest": sum, "repository": "billpay/billpay", "ref": from,
        "signer": "billpay/billpay/.github/workflows/release.yml",
    })
}

fn log(runner: &Runner) -> String {
    fs::read_to_string(runner.path("github/log")).unwrap_or_default()
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_release_is_installed_and_downloaded_once() {
    let runner = with_release();
    let ran = runner.run("billpay", &[]).succeeds();
    assert_eq!(ran.output("version"), "0.1.0");
    assert!(ran.said.contains("billpay 0.1.0"));
    // Again, with what the cache kept: checked, and not downloaded.
    fs::write(runner.path("github/log"), "").expect("an empty log");
    runner.run("billpay", &[("version", "0.1.0")]).succeeds();
    let log = log(&runner);
    assert!(!log.contains(ARCHIVE) && log.contains("download SHA256SUMS") && log.contains("verify"), "{log}");
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn an_archive_that_was_tampered_with_is_refused() {
    let runner = with_release();
    let archive = runner.path("github/releases/v0.1.0").join(ARCHIVE);
    let mut bytes = fs::read(&archive).expect("the archive");
    bytes.push(0);
    fs::write(&archive, bytes).expect("another archive");
    runner.run("billpay", &[]).fails("is not what its checksum says: nothing was installed");
    assert!(!runner.path("path").exists(), "something was put on the path");
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_poisoned_cache_is_replaced() {
    let runner = with_release();
    runner.run("billpay", &[]).succeeds();
    runner.file(&format!("tools/billpay/0.1.0/x86_64-unknown-linux-gnu/{ARCHIVE}"), "not what was released");
    fs::write(runner.path("github/log"), "").expect("an empty log");
    runner.run("billpay", &[]).succeeds();
    assert!(log(&runner).contains(&format!("download {ARCHIVE}")));
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_release_that_others_built_is_refused_unless_told_otherwise() {
    let runner = with_release();
    // Of the right repository and workflow, but from a branch.
    let sum = digest(&fs::read(runner.path("github/releases/v0.1.0").join(ARCHIVE)).expect("the archive"));
    runner.give_github("attestations", &json!([attested(&sum, "refs/heads/main")]));
    runner.run("billpay", &[]).fails("was not built by the release workflow of billpay/billpay at v0.1.0");
    runner.run("billpay", &[("verify-attestation", "no")]).fails("was not built by the release workflow");
    let ran = runner.run("billpay", &[("verify-attestation", "false")]).succeeds();
    assert!(ran.said.contains("was not verified, as asked"));
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_version_that_is_none_and_a_release_without_our_archive_are_refused() {
    let runner = with_release();
    runner.run("billpay", &[("version", "v1; touch here")]).fails("is no version of billpay");
    runner.run("billpay", &[("version", "../../x")]).fails("is no version of billpay");
    runner.file("github/releases/v0.1.0/SHA256SUMS", format!("{}  other.tar.gz\n", "0".repeat(64)));
    runner.run("billpay", &[]).fails("has no checksum of billpay-x86_64-unknown-linux-gnu.tar.gz");
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn arguments_reach_billpay_as_they_are() {
    let runner = with_release();
    runner.file("temp/says", "{\"a\": \"b\\nc\"}\n");
    let args = "plan\n--env\n$(touch injected) `touch injected`; touch injected\n* \"q\" 'r'\n";
    let ran = runner.run("billpay", &[("args", args)]).succeeds();
    let got = fs::read_to_string(runner.path("temp/arguments")).expect("the arguments");
    assert_eq!(got, "<plan>\n<--env>\n<$(touch injected) `touch injected`; touch injected>\n<* \"q\" 'r'>\n");
    assert!(!runner.path("injected").exists());
    assert_eq!((ran.output("exit-code"), ran.output("json")), ("0", "{\"a\":\"b\\nc\"}"));
    runner.file("temp/code", "2");
    assert_eq!(
        runner.run("billpay", &[("args", "plan"), ("exit-codes", "0 2")]).succeeds().output("exit-code"),
        "2"
    );
    assert_eq!(runner.run("billpay", &[("args", "plan")]).code, 2);
    // What is no JSON, and more than one, is no output.
    runner.file("temp/says", "{}\njson=1\n");
    assert_eq!(runner.run("billpay", &[("args", "plan"), ("exit-codes", "2")]).succeeds().output("json"), "");
}

/// Runs the action that reports.
fn report(runner: &Runner, text: &str, inputs: &[(&str, &str)]) -> Ran {
    let file = runner.file("plan.txt", text);
    runner.run("report", &[&[("title", "Plan: dev"), ("text-file", file.as_str())], inputs].concat())
}

fn comment(runner: &Runner, text: &str) -> Ran {
    report(runner, text, &[("to", "comment"), ("key", "plan dev"), ("pull-request", "7")])
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_pull_request_has_one_comment_for_each_environment() {
    let runner = Runner::new();
    // Others may write what they like, our marker too.
    let theirs = json!([
        written_by("mallory", 1, "<!-- billpay: plan dev -->\nfake"),
        written_by(BOT, 2, "something else"),
        written_by(BOT, 3, "see <!-- billpay: plan dev -->"),
        written_by("alice", 4, "looks good"),
    ]);
    runner.give_github("comments", &theirs);
    comment(&runner, "1 to create").succeeds();
    comment(&runner, "2 to create").succeeds();
    report(&runner, "3 to create", &[("to", "comment"), ("key", "plan prod"), ("pull-request", "7")])
        .succeeds();
    let comments = runner.github("comments");
    assert_eq!(comments[..4], *theirs.as_array().expect("a list"));
    let bodies: Vec<&str> =
        comments[4..].iter().map(|comment| comment["body"].as_str().expect("a body")).collect();
    assert_eq!(bodies.len(), 2, "{bodies:#?}");
    assert!(
        bodies[0].starts_with("<!-- billpay: plan dev -->\n### Plan: dev\n")
            && bodies[0].contains("2 to create")
    );
    assert!(!bodies[0].contains("1 to create"));
    assert!(bodies[1].starts_with("<!-- billpay: plan prod -->\n") && bodies[1].contains("3 to create"));
    assert!(bodies[0].contains("https://github.com/acme/platform/actions/runs/77"));
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_hostile_plan_stays_in_its_fence() {
    let runner = Runner::new();
    let hostile = "a\n```\n# out?\n`````` and ~~~\r```\r\n\u{1b}[31m</details> @everyone $(id) \"q\" \\ %0A::error::x\n";
    comment(&runner, hostile).succeeds();
    let comments = runner.github("comments");
    let body = comments[0]["body"].as_str().expect("a body");
    let fences: Vec<usize> = body
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("```````"))
        .map(|(number, _)| number)
        .collect();
    assert_eq!(fences.len(), 2, "{body}");
    let inside: Vec<&str> = body.lines().skip(fences[0] + 1).take(fences[1] - fences[0] - 1).collect();
    let expected = "a\n```\n# out?\n`````` and ~~~```\n[31m</details> @everyone $(id) \"q\" \\ %0A::error::x";
    assert_eq!(inside.join("\n"), expected);
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_long_plan_is_cut_and_says_where_the_rest_is() {
    let runner = Runner::new();
    let long: String = (0..20_000).map(|line| format!("+ größe-{line}\n")).collect();
    comment(&runner, &long).succeeds();
    let comments = runner.github("comments");
    let body = comments[0]["body"].as_str().expect("a body");
    assert!(body.chars().count() < 65_536);
    assert!(body.contains("\n+ größe-0\n") && !body.contains("größe-19999") && !body.contains('\u{fffd}'));
    let cut =
        format!("\n```\n\nThis is the beginning of {} bytes: [the run](https://github.com/acme", long.len());
    assert!(body.contains(&cut), "{}", &body[body.len() - 300..]);
    // One endless line is cut too.
    comment(&runner, &"ü`".repeat(60_000)).succeeds();
    assert!(
        runner.github("comments")[0]["body"]
            .as_str()
            .expect("a body")
            .contains("This is the beginning of 180000 bytes")
    );
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn drift_opens_one_issue_and_closes_it() {
    let runner = Runner::new();
    let pull = json!({"pull_request": {"url": "u"}});
    let mut mine = written_by(BOT, 1, "<!-- billpay: drift dev -->\na pull request");
    mine["pull_request"] = pull["pull_request"].clone();
    let there = json!([
        mine,
        written_by("mallory", 2, "<!-- billpay: drift dev -->\nfake"),
        written_by(BOT, 3, "other")
    ]);
    runner.give_github("issues", &there);
    let drift = |text: &str, close: &str| {
        report(&runner, text, &[("to", "issue"), ("key", "drift dev"), ("close", close)]).succeeds();
        runner.github("issues")[3..].to_vec()
    };
    assert!(drift("nothing", "true").is_empty(), "nothing to close, nothing to open");
    drift("1 to update", "false");
    let issues = drift("2 to update", "false");
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0]["title"], "Plan: dev");
    assert!(issues[0]["body"].as_str().expect("a body").contains("2 to update"));
    assert_eq!(drift("nothing", "true")[0]["state"], "closed");
    assert_eq!(runner.github("comments").len(), 1, "it says why it is closed");
    // The next drift is a new one.
    let issues = drift("3 to update", "false");
    assert_eq!((issues.len(), &issues[1]["state"]), (2, &json!("open")));
    assert_eq!(runner.github("issues")[..3], *there.as_array().expect("a list"));
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_plan_is_applied_under_the_name_that_was_approved_and_says_why_it_was_not() {
    for (code, said) in [
        (0, ""),
        (1, "The plan was not applied"),
        (3, "A part of the plan was applied"),
        (4, "stopped by a protection, a limit or an approval"),
    ] {
        let runner = Runner::new();
        runner.program("billpay", &format!("#!/bin/sh\necho \"called: $*\"\nexit {code}\n"));
        let plan =
            json!({"plan": {"goal": "converge", "selection": {"only": [], "exclude": []}}}).to_string();
        let file = runner.file("plan.json", plan);
        let ran = runner.run("apply", &[("environment", "prod"), ("plan-file", &file)]);
        assert_eq!(ran.code, code, "{}", ran.said);
        let call = format!("called: provision --env prod --plan-file {file} --auto-approve --confirm prod\n");
        assert!(ran.said.contains(&call) && ran.said.contains(said), "{}", ran.said);
        assert!(said.is_empty() || runner.summary().contains(said), "{}", runner.summary());
    }
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_reviewed_file_is_written_down_with_all_that_it_makes_and_on_lines_of_its_own() {
    let runner = Runner::new();
    let entry = json!({"principal": "arn:aws:iam::1:role/x", "policies": {"arn:admin": []}});
    let changes = json!([
        {"address": "eks/access-entry.x", "action": "create", "desired": {"attrs": entry}},
        {"address": "iam/role.x", "action": "update", "fields": [{"path": "inline.a\n::b", "from": null, "to": "c\nd"}]},
        {"address": "network/vpc", "action": "no-op"},
    ]);
    std::fs::create_dir_all(runner.path("temp/billpay-plan")).expect("a folder");
    runner.file("temp/billpay-plan/plan.json", json!({"plan": {"changes": changes}}).to_string());
    runner.script("infrastructure.yml", "prepare", "Write down what the file says", &[]).succeeds();
    let text = std::fs::read_to_string(runner.path("temp/billpay-plan/reviewed.txt")).expect("a text");
    assert_eq!(
        text,
        "create eks/access-entry.x\n    principal: \"arn:aws:iam::1:role/x\"\n    policies: {\"arn:admin\":[]}\n\
         update iam/role.x\n    inline.a\\n::b: null → \"c\\nd\"\n"
    );
}

/// A merged pull request with the artifact of its plan.
fn with_plan() -> (Runner, Value, Value) {
    let runner = Runner::new();
    let pull = json!({
        "number": 7, "merged_at": "2026-11-22T10:00:00Z", "merge_commit_sha": COMMIT,
        "base": {"ref": "main"}, "head": {"sha": HEAD, "repo": {"full_name": "acme/platform"}},
    });
    let artifact = json!({
        "id": 9, "name": format!("billpay-plan-dev-{HEAD}"), "expired": false, "created_at": "2026-11-22T09:00:00Z",
        "workflow_run": {"id": 5, "head_sha": HEAD, "repository_id": 1, "head_repository_id": 1},
    });
    runner.give_github("pulls", &json!([pull]));
    runner.give_github("artifacts", &json!([artifact]));
    let ours = ".github/workflows/infrastructure-dev.yml";
    runner.give_github(
        "runs",
        &json!({
            "5": {"event": "pull_request", "path": ours},
            "6": {"event": "pull_request", "path": ours},
            "8": {"event": "push", "path": ours},
            "9": {"event": "pull_request", "path": ".github/workflows/other.yml"},
        }),
    );
    (runner, pull, artifact)
}

fn find(runner: &Runner) -> Ran {
    runner.run("find-plan", &[("environment", "dev")]).succeeds()
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn the_plan_of_the_merged_pull_request_is_found() {
    let (runner, _, artifact) = with_plan();
    let ran = find(&runner);
    assert_eq!(
        (ran.output("found"), ran.output("artifact-id"), ran.output("run-id"), ran.output("pull-request")),
        ("true", "9", "5", "7")
    );
    // The newest, where the job ran twice.
    let mut newer = artifact.clone();
    newer["id"] = json!(11);
    newer["created_at"] = json!("2026-11-22T09:30:00Z");
    newer["workflow_run"]["id"] = json!(6);
    runner.give_github("artifacts", &json!([artifact, newer]));
    assert_eq!(find(&runner).output("artifact-id"), "11");
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_plan_of_something_else_is_not_taken() {
    let (runner, pull, artifact) = with_plan();
    let not = |why: &str, file: &str, original: &Value, change: &dyn Fn(&mut Value)| {
        let mut changed = original.clone();
        change(&mut changed);
        runner.give_github(file, &json!([changed]));
        let ran = find(&runner);
        assert_eq!(ran.output("found"), "false", "{why}: {}", ran.said);
        assert!(ran.said.contains("planning anew"), "{why}: {}", ran.said);
        assert_eq!(ran.output("artifact-id"), "", "{why}");
        runner.give_github(file, &json!([original]));
    };
    let other = "3333333333333333333333333333333333333333";
    not("an artifact of another commit", "artifacts", &artifact, &|it| {
        it["workflow_run"]["head_sha"] = json!(other)
    });
    not("an artifact of another environment", "artifacts", &artifact, &|it| {
        it["name"] = json!(format!("billpay-plan-prod-{HEAD}"));
    });
    not("an artifact of a fork", "artifacts", &artifact, &|it| {
        it["workflow_run"]["head_repository_id"] = json!(2)
    });
    not("an artifact of another workflow", "artifacts", &artifact, &|it| it["workflow_run"]["id"] = json!(9));
    not("an artifact of a push", "artifacts", &artifact, &|it| it["workflow_run"]["id"] = json!(8));
    not("an artifact that is gone", "artifacts", &artifact, &|it| it["expired"] = json!(true));
    not("a plan of an earlier commit", "pulls", &pull, &|it| it["head"]["sha"] = json!(other));
    not("a pull request that isn't merged", "pulls", &pull, &|it| it["merged_at"] = Value::Null);
    not("a pull request into another branch", "pulls", &pull, &|it| it["base"]["ref"] = json!("next"));
    not("a pull request merged as another commit", "pulls", &pull, &|it| {
        it["merge_commit_sha"] = json!(other)
    });
    not("a pull request of a fork", "pulls", &pull, &|it| {
        it["head"]["repo"]["full_name"] = json!("mallory/platform")
    });
    not("a pull request of a fork that is gone", "pulls", &pull, &|it| it["head"]["repo"] = Value::Null);
    runner.give_github("pulls", &json!([]));
    assert_eq!(find(&runner).output("found"), "false", "a direct push");
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn names_come_out_of_the_spec() {
    let runner = Runner::new();
    runner.program(
        "billpay",
        "#!/usr/bin/env bash\necho \"$*\" >> \"$RUNNER_TEMP/asked\"\ncat \"$RUNNER_TEMP/config\"\n",
    );
    let config = json!({
        "names": {
            "region": "eu-central-1", "github_role_arn": "arn:aws:iam::123456789012:role/R",
            "registry": "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
            "services": {"payment-service": {"repository": "billpay-payment-service-dev", "role_arn": "arn:aws:iam::123456789012:role/R", "url": "https://api.example.com/payments"}},
            "frontends": {
                "admin": {"bucket": "billpay-frontend-admin", "role_arn": "arn:aws:iam::123456789012:role/R-frontends", "url": null},
            },
        },
    });
    runner.file("temp/config", config.to_string());
    let ran = runner.run("names", &[("environment", "dev"), ("service", "payment-service")]).succeeds();
    assert_eq!(
        ["region", "role", "repository", "url"].map(|name| ran.output(name)),
        [
            "eu-central-1",
            "arn:aws:iam::123456789012:role/R",
            "billpay-payment-service-dev",
            "https://api.example.com/payments",
        ]
    );
    let ran = runner.run("names", &[("environment", "dev"), ("frontend", "admin")]).succeeds();
    assert_eq!((ran.output("url"), ran.output("repository")), ("", ""));
    assert_eq!(ran.output("role"), "arn:aws:iam::123456789012:role/R-frontends");
    let ran = runner.run("names", &[("environment", "dev")]).succeeds();
    assert_eq!(
        ran.output("role"),
        "arn:aws:iam::123456789012:role/R",
        "without either, the role of services"
    );
    let asked = fs::read_to_string(runner.path("temp/asked")).expect("what was asked");
    assert!(
        asked.lines().all(|line| line == "config --env dev --specs environments --output json"),
        "{asked}"
    );
    runner.run("names", &[("environment", "dev"), ("service", "ledger")]).fails(
        "merge the pull request that brings environments/services/ledger.yaml to the platform repository",
    );
    let mut two = config;
    two["names"]["region"] = json!("a\nrole=b");
    runner.file("temp/config", two.to_string());
    runner.run("names", &[("environment", "dev")]).fails("has more than one line");
}

/// An address that gives these answers one after the other, the last one for ever.
fn serve(answers: &[&str]) -> (String, std::sync::Arc<tiny_http::Server>, JoinHandle<usize>) {
    let server = std::sync::Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a server"));
    let url = format!("http://{}/version", server.server_addr());
    let answers: Vec<String> = answers.iter().map(|answer| answer.to_string()).collect();
    let serving = server.clone();
    let thread = std::thread::spawn(move || {
        let mut asked = 0;
        for request in serving.incoming_requests() {
            let answer = &answers[asked.min(answers.len() - 1)];
            let status = if answer == "503" { 503 } else { 200 };
            let _ = request.respond(tiny_http::Response::from_string(answer).with_status_code(status));
            asked += 1;
        }
        asked
    });
    (url, server, thread)
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_deployment_is_verified_when_nothing_else_answers_any_more() {
    let mut runner = Runner::new();
    runner.set("PAUSE", "0.05");
    let new = format!("{{\"commit\": \"{COMMIT}\"}}");
    let (url, server, thread) = serve(&[
        "503",
        "{\"commit\": \"0\"}",
        &new,
        &new,
        "{\"commit\": \"0\"}",
        "no JSON",
        &new,
        &new,
        &new,
        "503",
    ]);
    let ran = runner.run("verify", &[("url", &url), ("commit", COMMIT), ("seconds", "60")]).succeeds();
    assert!(ran.said.contains(&format!("answers from {COMMIT}")));
    server.unblock();
    assert_eq!(thread.join().expect("the server"), 9);
}

#[test]
#[ignore = "full tier: runs the actions' scripts, with jq"]
fn a_deployment_that_does_not_come_up_fails_and_says_what_answered() {
    let mut runner = Runner::new();
    runner.set("PAUSE", "0.05");
    let (url, server, thread) = serve(&["{\"commit\": \"0ld\\n::error::injected\"}"]);
    let ran = runner
        .run("verify", &[("url", &url), ("commit", COMMIT), ("seconds", "1")])
        .fails("after 1 s: commit 0ld");
    assert!(!ran.said.lines().any(|line| line.starts_with("::error::injected")), "{}", ran.said);
    server.unblock();
    thread.join().expect("the server");
    runner
        .run("verify", &[("url", "http://127.0.0.1:9/version"), ("commit", COMMIT), ("seconds", "1")])
        .fails("is not served from");
    let ran = runner.run("verify", &[("url", ""), ("commit", COMMIT)]).succeeds();
    assert!(ran.said.contains("::notice::nothing was verified"));
}
