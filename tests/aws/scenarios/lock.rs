//! The lock of an environment: in a directory, and in a bucket that several machines share.

#[path = "../../lock/behaviour.rs"]
mod behaviour;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use billpay_aws::state_bucket::StateBucket;
use billpay_aws::{Aws, Endpoint};
use billpay_host::process::ProcessIdentity;
use billpay_model::environment::Environment;
use billpay_model::store::ObjectStore;
use billpay_state::clock::Clock;
use billpay_state::lock::{Holder, Lock, Timing};
use billpay_testkit::proxy::Proxy;
use billpay_testkit::values::{items, text};
use billpay_testkit::{Emulator, Run, Sandbox};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};

const PROVISION: &[&str] = &["provision", "--env", "dev", "--auto-approve"];

/// A bucket of an account in ministack.
async fn bucket(emulator: &Emulator, account: &str, name: &str) -> StateBucket {
    let (access_key, secret_key) = (billpay_testkit::access_key(account), "test".to_string());
    let endpoint = Endpoint { url: emulator.url.clone(), access_key, secret_key };
    let aws = Aws::connect("us-east-1", Some(&endpoint)).await;
    aws.s3.create_bucket().bucket(name).send().await.expect("a bucket");
    let env = Environment { account: account.to_string(), ..billpay_testkit::example("dev") };
    StateBucket::new(aws, &env, name, "/locks")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_bucket_is_a_store_of_its_account() {
    let emulator = Emulator::ministack();
    let account = emulator.fresh_account();
    runtime().block_on(async {
        let store = bucket(emulator, &account, &format!("state-{account}")).await;
        assert_eq!(store.address(), format!("s3://state-{account}/locks"));
        behaviour::behaves(&store).await;
    });
}

/// The clock of this machine, for locks that live for parts of a second.
struct RealClock(Instant);

#[async_trait]
impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Rounds of contenders for one lock in a bucket; `BILLPAY_LOCK_ROUNDS` says how many.
#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn of_contenders_for_a_bucket_one_at_a_time_has_the_lock() {
    let rounds = std::env::var("BILLPAY_LOCK_ROUNDS").map_or(10, |text| text.parse().expect("a number"));
    let emulator = Emulator::ministack();
    let account = emulator.fresh_account();
    let milliseconds = Duration::from_millis;
    let timing = Timing {
        heartbeat: milliseconds(250),
        lease: milliseconds(1100),
        expiry: milliseconds(1500),
        poll: milliseconds(50),
        retry_timeout: Duration::from_secs(60),
    };
    runtime().block_on(async {
        let store: Arc<dyn ObjectStore> =
            Arc::new(bucket(emulator, &account, &format!("lock-{account}")).await);
        for round in 0..rounds {
            let inside = Arc::new(AtomicI32::new(0));
            let works = (0..4).map(|id: u32| {
                let (store, inside) = (store.clone(), inside.clone());
                tokio::spawn(async move {
                    let clock = Arc::new(RealClock(Instant::now()));
                    let lock = Lock::new(store, format!("{round}/lock"), clock, timing);
                    let lease =
                        lock.acquire(&holder(id), Duration::from_secs(60), &|_| {}).await.expect("its turn");
                    for _ in 0..5 {
                        lease.guard().check().expect("it beats");
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "{id} is not alone");
                        tokio::time::sleep(milliseconds(20)).await;
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                    // One in four is killed.
                    if id == 3 { drop(lease) } else { lease.release().await.expect("it was kept") }
                })
            });
            for work in futures::future::join_all(works).await {
                work.expect("a contender");
            }
        }
    });
}

/// A holder on another machine.
fn holder(id: u32) -> Holder {
    let process = ProcessIdentity { boot: "another".into(), namespace: "pid:[1]".into(), pid: 1, started: 1 };
    Holder {
        id: format!("holder-{id}-{}", fastrand::u64(..)),
        principal: format!("runner-{id}"),
        host: "another".into(),
        run_url: None,
        command: "provision".into(),
        since: Timestamp::now(),
        process,
    }
}

/// Returns the directory of the sandbox's locks of dev, by default.
fn locks(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(format!(".local/state/billpay/state/{}/billpay/dev/lock", sandbox.account))
}

/// Starts a provision behind a slow proxy, and waits until it changes something.
fn started(sandbox: &Sandbox, proxy: &Proxy, environment: &[(&str, &str)]) -> Child {
    proxy.delay(Duration::from_millis(150));
    let mut command = sandbox.billpay_command(PROVISION);
    command.env("AWS_ENDPOINT_URL", proxy.url()).envs(environment.iter().copied());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("billpay can be run");
    let begun = Instant::now();
    while !proxy.calls().iter().any(|call| call.writes && call.name.starts_with("ec2 ")) {
        assert!(begun.elapsed() < Duration::from_secs(120), "it changes nothing");
        sleep(Duration::from_millis(20));
    }
    proxy.delay(Duration::from_millis(400));
    child
}

fn ended(child: Child) -> Run {
    Run::new(PROVISION, child.wait_with_output().expect("its end"))
}

fn exists(path: &Path) -> bool {
    fs::exists(path).is_ok_and(|exists| exists)
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn the_second_of_two_runs_waits_and_has_nothing_to_do() {
    let sandbox = Sandbox::new();
    let proxy = Proxy::before(&sandbox.url);
    let first = started(&sandbox, &proxy, &[]);
    assert!(exists(&locks(&sandbox).join("000001")));
    let refused = sandbox.billpay(&[PROVISION, &["--lock-timeout", "0s"]].concat()).exits(1);
    refused
        .says("error: dev is locked\n")
        .says("runs `provision` since")
        .says("billpay lock break --env dev");
    let json = sandbox.json(&["lock", "show", "--env", "dev"]);
    assert_eq!(
        (&json["holder"]["command"], &json["holder"]["is_gone"]),
        (&"provision".into(), &false.into())
    );
    // Who only reads waits for nobody.
    sandbox.plan("dev");
    let second = sandbox.billpay(PROVISION).exits(0);
    second.says("Nothing to do.");
    ended(first).exits(0).says("62 created, 0 updated, 0 deleted");
    sandbox.in_sync("dev");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn two_runs_with_one_bucket_work_one_after_the_other() {
    let sandbox = Sandbox::new();
    let name = format!("state-{}", sandbox.account);
    sandbox.aws(&["s3api", "create-bucket", "--bucket", &name]);
    let state = format!("s3://{name}/runs");
    let proxy = Proxy::before(&sandbox.url);
    let first = started(&sandbox, &proxy, &[("BILLPAY_STATE", &state)]);
    let with_state = |args: &[&str]| {
        let output = sandbox.billpay_command(args).env("BILLPAY_STATE", &state).output();
        Run::new(args, output.expect("billpay can be run"))
    };
    with_state(&[PROVISION, &["--lock-timeout", "0s"]].concat()).exits(1).says("error: dev is locked\n");
    with_state(&["lock", "show", "--env", "dev"]).exits(0).says(&state);
    with_state(PROVISION).exits(0).says("Nothing to do.");
    ended(first).exits(0);
    // A bucket that isn't there, or is another account's, is no store.
    let args = &["lock", "show", "--env", "dev"];
    let mut elsewhere = sandbox.billpay_command(args);
    let output = elsewhere.env("BILLPAY_STATE", "s3://nobody-has-this-bucket").output();
    Run::new(args, output.expect("billpay can be run")).exits(1).says("can't be used").says("s3:ListBucket");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_killed_run_holds_up_nobody() {
    let sandbox = Sandbox::new();
    let proxy = Proxy::before(&sandbox.url);
    let mut first = started(&sandbox, &proxy, &[]);
    first.kill().expect("it is running");
    first.wait().expect("its end");
    sandbox.billpay(&["lock", "show", "--env", "dev"]).exits(0).says("its process is gone");
    let next = sandbox.billpay(&[PROVISION, &["--lock-timeout", "0s"]].concat()).exits(0);
    next.says("the last run, `provision` of ").says(" of 62 changes; not known how it ended: create ");
    sandbox.in_sync("dev");
    let runs = sandbox.json(&["history", "--env", "dev"]);
    let states: Vec<&str> = items(&runs["runs"]).iter().filter_map(|run| run["state"].as_str()).collect();
    assert_eq!(states, ["done", "cut-short"]);
    let last = text(&runs["runs"][0]["run"]);
    let run = sandbox.billpay(&["history", "--env", "dev", last]).exits(0);
    run.says("done in ").says("✓ network/").says("create ");
}

/// A run whose machine sleeps for longer than its lease: another one takes over, and it changes nothing more.
#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_run_that_slept_changes_nothing_after_another_took_over() {
    let sandbox = Sandbox::new();
    let proxy = Proxy::before(&sandbox.url);
    let first = started(&sandbox, &proxy, &[]);
    let pid = Pid::from_child(&first);
    kill_process(pid, Signal::STOP).expect("it is running");
    let begun = Instant::now();
    sandbox.billpay(PROVISION).exits(0);
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(25), "it was taken over after {waited:?}");
    // What was under way when it fell asleep has arrived.
    proxy.take_calls();
    kill_process(pid, Signal::CONT).expect("it is there");
    let run = ended(first).exits(3);
    run.says("The lock was lost: ").says("Another run may be at work.");
    let writes: Vec<String> =
        proxy.take_calls().0.into_iter().filter(|call| call.writes).map(|call| call.name).collect();
    assert!(writes.is_empty(), "it went on after it had lost its lock: {writes:?}");
    sandbox.in_sync("dev");
}

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn a_broken_lock_stops_the_run_that_had_it() {
    let sandbox = Sandbox::new();
    let proxy = Proxy::before(&sandbox.url);
    let first = started(&sandbox, &proxy, &[]);
    proxy.delay(Duration::from_secs(3));
    let holder = sandbox.json(&["lock", "show", "--env", "dev"])["holder"]["principal"].clone();
    let holder = holder.as_str().expect("a name");
    let wrong = sandbox.billpay(&["lock", "break", "--env", "dev", "--holder", "arn:aws:iam::1:user/x"]);
    wrong.exits(4).says("`arn:aws:iam::1:user/x` doesn't have the lock of dev");
    sandbox.billpay(&["lock", "break", "--env", "dev"]).exits(4).says("there is no terminal to ask on");
    sandbox.billpay(&["lock", "break", "--env", "dev", "--holder", holder]).exits(0);
    ended(first).exits(3).says("The lock was lost: ").says("has broken it");
    sandbox.provision("dev");
    sandbox.in_sync("dev");
}
