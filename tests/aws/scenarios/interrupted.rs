//! Ctrl-C: what is under way is finished, what is left is said, and the next run goes on.

use std::io::{BufRead, BufReader, Read};

use rustix::process::{Pid, Signal, kill_process};

use super::inventory::{inventory, same};
use super::readback::{Look, READS};
use billpay_testkit::{Run, Sandbox};

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
