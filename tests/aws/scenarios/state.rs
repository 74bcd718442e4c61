//! The store of locks and journals in the account: who makes it, what its address is for, and its move.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use billpay_testkit::proxy::{Fault, Proxy};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Run, Sandbox};
use serde_json::{Value, json};

const PROVISION: &[&str] = &["provision", "--env", "dev", "--auto-approve"];
/// Components that are made in a second.
const FEW: &[&str] = &["--only", "network,ecr"];

/// Name of the bucket that `state: s3` means.
fn bucket(sandbox: &Sandbox) -> String {
    format!("billpay-run-state-{}-us-east-1", sandbox.account)
}

/// Runs `billpay` with the store of the spec, or that of `BILLPAY_STATE`.
fn billpay(sandbox: &Sandbox, state: Option<&Path>, args: &[&str]) -> Run {
    let mut command = sandbox.billpay_command(args);
    command.env_remove("BILLPAY_STATE");
    if let Some(state) = state {
        command.env("BILLPAY_STATE", state);
    }
    Run::new(args, command.output().expect("billpay can be run"))
}

/// Returns the tag `billpay:state` of everything that has it, by the AWS CLI.
fn tagged(sandbox: &Sandbox) -> Vec<String> {
    let vpcs = sandbox.aws(&["ec2", "describe-vpcs", "--filters", "Name=tag:billpay:environment,Values=dev"]);
    let repositories = sandbox.aws(&["ecr", "describe-repositories"]);
    let mut found: Vec<String> = items(&vpcs["Vpcs"]).iter().filter_map(|vpc| tag(&vpc["Tags"])).collect();
    for repository in items(&repositories["repositories"]) {
        let arn = text(&repository["repositoryArn"]);
        let tags = sandbox.aws(&["ecr", "list-tags-for-resource", "--resource-arn", arn]);
        found.extend(tag(&tags["tags"]));
    }
    found
}

fn tag(tags: &Value) -> Option<String> {
    let tag = items(tags).iter().find(|tag| tag["Key"] == "billpay:state")?;
    Some(text(&tag["Value"]).to_string())
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn provision_makes_the_store_of_the_spec_and_destroy_leaves_it() {
    let sandbox = Sandbox::new();
    let (name, address) = (bucket(&sandbox), format!("s3://{}", bucket(&sandbox)));
    // Nobody has worked yet, and reading makes nothing.
    billpay(&sandbox, None, &["history", "--env", "dev"]).exits(0).says("No run has changed dev");
    billpay(&sandbox, None, &["lock", "show", "--env", "dev"]).exits(0).says("Nobody works on dev");
    assert!(sandbox.aws_fails(&["s3api", "head-bucket", "--bucket", &name]).contains("404"));

    billpay(&sandbox, None, &[PROVISION, FEW].concat()).exits(0);
    let of_bucket = |call: &str| sandbox.aws(&["s3api", call, "--bucket", &name]);
    assert_eq!(of_bucket("get-bucket-versioning")["Status"], "Enabled");
    let block = &of_bucket("get-public-access-block")["PublicAccessBlockConfiguration"];
    assert!(block.as_object().expect("switches").values().all(|on| on == true), "{block}");
    let policy = of_bucket("get-bucket-policy")["Policy"].clone();
    assert!(text(&policy).contains("aws:SecureTransport"), "{policy}");
    let rules = &of_bucket("get-bucket-encryption")["ServerSideEncryptionConfiguration"]["Rules"];
    assert_eq!(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    assert_eq!(
        items(&of_bucket("get-bucket-tagging")["TagSet"])
            .iter()
            .filter(|tag| tag["Key"] == "billpay:project")
            .count(),
        1
    );

    let tags = tagged(&sandbox);
    assert!(tags.len() > 4 && tags.iter().all(|tag| *tag == address), "{tags:?}");
    billpay(&sandbox, None, &[PROVISION, FEW].concat()).exits(0).says("Nothing to do.");
    let shown =
        billpay(&sandbox, None, &["state", "show", "--env", "dev", "--output", "json"]).exits(0).json();
    assert_eq!((&shown["store"], &shown["tags"]), (&json!(address), &json!([address])));
    billpay(&sandbox, None, &["destroy", "--env", "dev", "--auto-approve"])
        .exits(0)
        .says("nothing of it is left")
        .says(&format!("{address} stays"));
    let shown = billpay(&sandbox, None, &["history", "--env", "dev", "--output", "json"]).exits(0).json();
    assert_eq!(items(&shown["runs"]).len(), 2);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_run_with_another_store_is_refused_until_the_state_is_moved() {
    let sandbox = Sandbox::new();
    let (elsewhere, address) = (sandbox.path("elsewhere"), format!("s3://{}", bucket(&sandbox)));
    billpay(&sandbox, None, &[PROVISION, FEW].concat()).exits(0);
    let here = Some(elsewhere.as_path());
    for args in [&[PROVISION, FEW].concat()[..], &["destroy", "--env", "dev", "--auto-approve"]] {
        billpay(&sandbox, here, args)
            .exits(4)
            .says(&format!("error: the lock of dev is in {address}, not in "))
            .says("billpay state move --env dev");
    }
    billpay(&sandbox, here, &["plan", "--env", "dev"]).exits(0).says("can't be applied from here");
    assert!(tagged(&sandbox).len() > 4);

    billpay(&sandbox, here, &["state", "move", "--env", "dev"])
        .exits(0)
        .says(&format!("copied from {address}"))
        .says("The spec says ");
    assert_eq!(tagged(&sandbox), Vec::<String>::new(), "a local store writes no tag");
    let history = billpay(&sandbox, here, &["history", "--env", "dev", "--output", "json"]).exits(0).json();
    assert_eq!(items(&history["runs"]).len(), 1, "the journal came along");
    billpay(&sandbox, here, &[PROVISION, FEW].concat()).exits(0).says("Nothing to do.");

    billpay(&sandbox, here, &["state", "move", "--env", "dev", "--to", "s3"]).exits(0);
    assert!(tagged(&sandbox).iter().all(|tag| *tag == address));
    billpay(&sandbox, None, &["state", "move", "--env", "dev", "--to", "s3://"])
        .exits(1)
        .says("`s3://` is no address of a store");
}

/// Killed at one change after the other, also while it takes the locks: nobody may work before the next move has
/// finished it.
#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_move_that_was_killed_is_finished_by_the_next() {
    let sandbox = Sandbox::new();
    billpay(&sandbox, None, &[PROVISION, FEW].concat()).exits(0);
    let elsewhere = sandbox.path("elsewhere");
    let to = elsewhere.to_str().expect("text");
    for (nth, is_last) in [(1, false), (3, false), (6, false), (7, true)] {
        let proxy = Proxy::before(&sandbox.url);
        proxy.break_change(nth, Fault::Kill);
        let mut command = sandbox.billpay_command(&["state", "move", "--env", "dev", "--to", to]);
        command.env_remove("BILLPAY_STATE").env("AWS_ENDPOINT_URL", proxy.url());
        let mut moving =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("billpay can be run");
        proxy.victim(moving.id());
        let ended = moving.wait().expect("its end");
        proxy.wait_until_idle();
        assert_eq!(ended.signal(), Some(9), "at change {nth}");
        // A resource that still has the tag keeps out whoever works with the new store.
        let shown = billpay(&sandbox, None, &["state", "show", "--env", "dev", "--output", "json"]).json();
        let code = if items(&shown["tags"]).is_empty() { 0 } else { 4 };
        billpay(&sandbox, Some(&elsewhere), &[PROVISION, FEW].concat()).exits(code);
        if is_last {
            billpay(&sandbox, None, &["state", "move", "--env", "dev", "--to", to]).exits(0);
        }
    }
    assert_eq!(tagged(&sandbox), Vec::<String>::new());
    billpay(&sandbox, Some(&elsewhere), &[PROVISION, FEW].concat()).exits(0).says("Nothing to do.");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_store_that_is_lost_is_no_loss_of_a_resource() {
    let sandbox = Sandbox::new();
    let name = bucket(&sandbox);
    let state = "s3://billpay-own-store/runs";
    sandbox.aws(&["s3api", "create-bucket", "--bucket", "billpay-own-store"]);
    sandbox.edit("dev", json!({"state": state}));
    billpay(&sandbox, None, &[PROVISION, FEW].concat()).exits(0);
    sandbox.aws(&["s3", "rm", "--recursive", "--only-show-errors", "s3://billpay-own-store"]);
    sandbox.aws(&["s3api", "delete-bucket", "--bucket", "billpay-own-store"]);
    billpay(&sandbox, None, PROVISION)
        .exits(1)
        .says("the store of locks at s3://billpay-own-store/runs can't be used");
    sandbox.edit("dev", json!({"state": "s3"}));
    billpay(&sandbox, None, &["state", "move", "--env", "dev"]).exits(1).says("NoSuchBucket");
    billpay(&sandbox, None, &["state", "move", "--env", "dev", "--lost"]).exits(0).says(&name);
    billpay(&sandbox, None, &[PROVISION, FEW].concat()).exits(0).says("Nothing to do.");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn two_first_runs_make_one_store_and_a_bucket_of_others_is_left_alone() {
    let sandbox = Sandbox::new();
    let args = [PROVISION, FEW].concat();
    let runs = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| billpay(&sandbox, None, &args)));
        both.map(|run| run.join().expect("a run"))
    });
    let [one, other] = runs;
    one.exits(0);
    other.exits(0);
    let history = billpay(&sandbox, None, &["history", "--env", "dev", "--output", "json"]).exits(0).json();
    assert_eq!(items(&history["runs"]).len(), 1, "one of them had nothing to do");

    let sandbox = Sandbox::new();
    let name = bucket(&sandbox);
    sandbox.aws(&["s3api", "create-bucket", "--bucket", &name]);
    billpay(&sandbox, None, &args).exits(1).says("doesn't carry billpay:project");
    assert!(
        sandbox.aws_fails(&["s3api", "get-bucket-policy", "--bucket", &name]).contains("NoSuchBucketPolicy")
    );
}

/// Returns the files below a directory that hold a text.
fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let entries =
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| match path.is_dir() {
        true => files_with(&path, text),
        false => {
            let bytes = std::fs::read(&path).expect("a file that can be read");
            let has = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            if has { vec![path.display().to_string()] } else { vec![] }
        }
    });
    found.collect()
}

/// A token that everything that billpay starts from knows: it is in nothing that a run says or keeps.
#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn no_secret_is_said_or_kept() {
    const CANARY: &str = "canary-5d1f0c7e9b";
    let sandbox = Sandbox::new();
    let state = sandbox.path("state");
    let run = |args: &[&str]| {
        let mut command = sandbox.billpay_command(args);
        for name in
            ["AWS_SESSION_TOKEN", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "BILLPAY_GIT_TOKEN"]
        {
            command.env(name, CANARY);
        }
        let output = command.env("BILLPAY_STATE", &state).output().expect("billpay can be run");
        let run = Run::new(args, output).exits(0);
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "{}: {run:?}", args.join(" "));
    };
    for verbosity in ["-q", "-v", "-vv"] {
        run(&["provision", "--env", "dev", "--out", "plan.json", verbosity]);
        run(&["provision", "--env", "dev", "--auto-approve", verbosity, "--events", "events.jsonl"]);
        run(&["history", "--env", "dev", verbosity]);
        run(&["destroy", "--env", "dev", "--auto-approve", verbosity]);
    }
    assert!(state.is_dir());
    let whole = sandbox.path("");
    assert_eq!(files_with(&whole, CANARY), Vec::<String>::new());
    assert!(!files_with(&whole, "provision").is_empty(), "the journal is among the files");
}
