//! Ctrl-C: what is under way is finished, what is left is said, and the next run goes on.

use std::io::{BufRead, BufReader, Read};

use rustix::process::{Pid, Signal, kill_process};

use super::inventory::{inventory, same};
use super::readback::{Look, READS};
use billpay_testkit::proxy::{Fault, Proxy};
use billpay_testkit::values::{items, text};
use billpay_testkit::{Run, Sandbox};
use serde_json::{Value, json};

/// Runs `billpay`, and sends it a signal as soon as it has finished with `count` resources.
fn interrupted(sandbox: &Sandbox, args: &[&str], count: usize, signal: Signal) -> Run {
    let mut child = sandbox.start(args);
    let mut stderr = BufReader::new(child.stderr.take().expect("its standard error"));
    let mut said = String::new();
    while said.matches('✓').count() < count {
        let read = stderr.read_line(&mut said).expect("its progress");
        assert!(read > 0, "it ended before it had finished {count} resources:\n{said}");
    }
    let pid = Pid::from_child(&child);
    kill_process(pid, signal).expect("it is still running");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("the rest of its progress");
    let output = child.wait_with_output().expect("its end");
    let mut run = Run::new(args, output);
    run.stderr = said + &rest;
    run
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_interrupted_provision_says_what_is_left_and_the_next_run_converges() {
    let sandbox = Sandbox::new();
    // One at a time, so that something is left for sure.
    let args = ["provision", "--env", "dev", "--auto-approve", "--parallelism", "1"];
    let run = interrupted(&sandbox, &args, 5, Signal::INT).exits(130);
    let run = run.says("Interrupted after ").says(" done, ").says(" is left\n");
    run.says("Run the same command again: it goes on from here.");

    sandbox.provision("dev");
    sandbox.in_sync("dev");
    let look = Look::at(&sandbox);
    let kinds = billpay_aws::kinds::kinds();
    let reads = READS.iter().filter(|(kind, _)| kinds.contains_key(kind));
    let mut seen: Vec<String> = reads.flat_map(|(_, read)| read(&look)).collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "nothing is there twice");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn an_interrupted_destroy_goes_on_where_it_was() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    sandbox.provision("dev");
    let args = ["destroy", "--env", "dev", "--auto-approve", "--parallelism", "1"];
    let run = interrupted(&sandbox, &args, 5, Signal::TERM).exits(130);
    run.says("Run the same command again: it goes on from here.");
    sandbox.destroy("dev").says("nothing of it is left");
    same(&empty, &inventory(&sandbox));
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_killed_provision_leaves_nothing_that_the_next_run_does_not_find() {
    let sandbox = Sandbox::new();
    let empty = inventory(&sandbox);
    for count in [3, 20, 45] {
        let args = ["provision", "--env", "dev", "--auto-approve"];
        interrupted(&sandbox, &args, count, Signal::KILL).exits(-1);
        sandbox.provision("dev");
        sandbox.in_sync("dev");
        sandbox.destroy("dev").says("nothing of it is left");
        same(&empty, &inventory(&sandbox));
    }
}

/// Kills a run right after its call to create the VPC was carried out, before it wrote the id onto it. Returns the VPC.
fn killed_at_its_vpc(sandbox: &Sandbox) -> Value {
    for nth in 1..10 {
        let proxy = Proxy::before(&sandbox.url);
        proxy.break_change(nth, Fault::Kill);
        let args = ["provision", "--env", "dev", "--auto-approve", "--only", "network", "--parallelism", "1"];
        let mut command = sandbox.billpay_command(&args);
        let output = std::process::Stdio::null;
        let command = command.env("AWS_ENDPOINT_URL", proxy.url()).stdout(output()).stderr(output());
        let mut run = command.spawn().expect("billpay can be run");
        proxy.victim(run.id());
        run.wait().expect("its end");
        proxy.wait_until_idle();
        let vpcs = vpcs(sandbox);
        if let [vpc] = vpcs.as_slice()
            && !tags(vpc).iter().any(|tag| tag["Key"] == "billpay:id")
        {
            return vpc.clone();
        }
        assert!(vpcs.is_empty(), "it was not killed at the call that made its VPC: {vpcs:?}");
    }
    panic!("no VPC was made");
}

fn vpcs(sandbox: &Sandbox) -> Vec<Value> {
    let filter = "Name=tag:billpay:environment,Values=dev";
    items(&sandbox.aws(&["ec2", "describe-vpcs", "--filters", filter])["Vpcs"]).to_vec()
}

fn tags(vpc: &Value) -> Vec<Value> {
    items(&vpc["Tags"]).to_vec()
}

/// Makes a second VPC with the tags of one, and its attempt changed.
fn second(sandbox: &Sandbox, vpc: &Value, attempt: impl Fn(&str) -> String) {
    let mut tags = tags(vpc);
    for tag in tags.iter_mut().filter(|tag| tag["Key"] == "billpay:attempt") {
        tag["Value"] = json!(attempt(text(&tag["Value"])));
    }
    let tags = json!([{"ResourceType": "vpc", "Tags": tags}]).to_string();
    let block = text(&vpc["CidrBlock"]);
    sandbox.aws(&["ec2", "create-vpc", "--cidr-block", block, "--tag-specifications", &tags]);
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn what_a_killed_run_made_twice_is_removed_without_asking() {
    let sandbox = Sandbox::new();
    let vpc = killed_at_its_vpc(&sandbox);
    // Another call of the same run, whose answer got lost.
    second(&sandbox, &vpc, |attempt| {
        attempt.rsplit_once('-').map(|(run, _)| format!("{run}-99")).expect("a count")
    });
    let args = ["provision", "--env", "dev", "--auto-approve", "--only", "network"];
    sandbox.billpay(&args).exits(0).says("1 deleted");
    assert_eq!(vpcs(&sandbox).len(), 1);
    sandbox.billpay(&args).exits(0).says("Nothing to do.");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_copy_of_what_a_killed_run_made_is_nobodys_to_delete() {
    let sandbox = Sandbox::new();
    let vpc = killed_at_its_vpc(&sandbox);
    second(&sandbox, &vpc, str::to_string);
    let args = ["provision", "--env", "dev", "--auto-approve", "--only", "network"];
    sandbox.billpay(&args).exits(1).says("network/vpc");
    assert_eq!(vpcs(&sandbox).len(), 2);
    // A run that no journal has might be anybody's.
    second(&sandbox, &vpc, |_| "0123456789abcdef-0".to_string());
    sandbox.billpay(&args).exits(1).says("network/vpc");
    assert_eq!(vpcs(&sandbox).len(), 3);
}
