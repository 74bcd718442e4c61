//! The lock, by thousands of histories: stores that lose answers, holders that sleep or are killed. In virtual time.

mod behaviour;
mod faulty;
mod journal;
mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use billpay_host::process::ProcessIdentity;
use billpay_model::store::ObjectStore;
use billpay_state::clock::Clock;
use billpay_state::directory::DirectoryStore;
use billpay_state::lease::Lease;
use billpay_state::lock::{Holder, Lock, LockError, Timing};
use faulty::{Faulty, Memory};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

/// The clock of a machine in virtual time; it goes on while the machine sleeps.
struct Virtual(Instant);

#[async_trait]
impl Clock for Virtual {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        sleep(time).await;
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn lock(objects: Arc<dyn ObjectStore>) -> Lock {
    Lock::new(objects, "123456789012/billpay/dev/lock", Arc::new(Virtual(Instant::now())), Timing::default())
}

/// A holder on another machine.
fn holder(id: u32) -> Holder {
    let process = ProcessIdentity { boot: "another".into(), namespace: "pid:[1]".into(), pid: 1, started: 1 };
    Holder {
        id: format!("holder-{id}"),
        principal: format!("arn:aws:sts::123456789012:assumed-role/runner/{id}"),
        host: "another".into(),
        run_url: None,
        command: "provision".into(),
        since: Timestamp::UNIX_EPOCH,
        process,
    }
}

async fn take(lock: &Lock, id: u32, seconds: u64) -> Result<Lease, LockError> {
    lock.acquire(&holder(id), Duration::from_secs(seconds), &|_| {}).await
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn a_second_one_waits_and_is_told_who_has_it() {
    runtime().block_on(async {
        let objects: Arc<dyn ObjectStore> = Arc::new(Memory::default());
        let first = take(&lock(objects.clone()), 1, 0).await.expect("it is free");
        let waiting = lock(objects.clone());
        let told = Mutex::new(vec![]);
        let tell = |held: &billpay_state::lock::LockStatus| {
            told.lock().unwrap().push(held.claim.holder.principal.clone());
        };
        let refused = waiting.acquire(&holder(2), seconds(60), &tell).await.expect_err("it is held");
        let LockError::Busy { status: held, waited } = refused else { panic!("{refused}") };
        assert_eq!((held.claim.holder, waited), (holder(1), seconds(60)));
        assert_eq!(told.into_inner().unwrap(), [holder(1).principal], "once");
        let (released, second) = tokio::join!(first.release(), take(&waiting, 2, 60));
        released.expect("it was kept");
        assert_eq!(second.expect("it is free").generation(), 2);
    });
}

#[test]
fn a_killed_holder_elsewhere_is_taken_over_after_the_expiry_and_never_before() {
    runtime().block_on(async {
        let objects: Arc<dyn ObjectStore> = Arc::new(Memory::default());
        let first = take(&lock(objects.clone()), 1, 0).await.expect("it is free");
        sleep(seconds(100)).await;
        first.guard().check().expect("it beats");
        drop(first);
        let begun = Instant::now();
        let second = take(&lock(objects), 2, 600).await.expect("it has expired");
        let took = begun.elapsed();
        assert!(took >= seconds(30) && took < seconds(33), "after {took:?}");
        assert_eq!(second.generation(), 2);
    });
}

#[test]
fn a_killed_holder_of_this_machine_is_taken_over_at_once() {
    runtime().block_on(async {
        let objects: Arc<dyn ObjectStore> = Arc::new(Memory::default());
        let own = ProcessIdentity::own();
        let gone =
            Holder { process: ProcessIdentity { started: own.started + 1, ..own.clone() }, ..holder(1) };
        let lock = lock(objects.clone());
        drop(lock.acquire(&gone, Duration::ZERO, &|_| {}).await.expect("it is free"));
        assert!(lock.show().await.unwrap().expect("it is shown").is_gone);
        let alive = Holder { process: own, ..holder(2) };
        let second = lock.acquire(&alive, Duration::ZERO, &|_| {}).await.expect("at once");
        drop(second);
        let refused = take(&lock, 3, 0).await.expect_err("that process lives");
        assert!(matches!(refused, LockError::Busy { .. }), "{refused}");
    });
}

#[test]
fn a_holder_that_slept_finds_that_it_may_not_work() {
    runtime().block_on(async {
        let memory = Arc::new(Memory::default());
        let asleep = Arc::new(Faulty::new(memory.clone(), 1));
        let first = take(&lock(asleep.clone()), 1, 0).await.expect("it is free");
        let guard = first.guard();
        // Nothing of its machine runs: neither its heartbeats nor its work.
        asleep.hang(true);
        let second = take(&lock(memory.clone()), 2, 600).await.expect("it has expired");
        asleep.hang(false);
        let why = guard.check().expect_err("it has lost the lock");
        assert!(why.contains("heartbeat"), "{why}");
        assert!(first.lost().is_cancelled());
        sleep(seconds(60)).await;
        second.guard().check().expect("nobody disturbs it");
        first.release().await.expect_err("it was lost");
        assert!(lock(memory).show().await.unwrap().is_some(), "the second one's");
    });
}

#[test]
fn a_store_that_is_away_for_a_while_costs_no_lock() {
    runtime().block_on(async {
        let memory = Arc::new(Memory::default());
        let away = Arc::new(Faulty::new(memory.clone(), 1));
        let first = take(&lock(away.clone()), 1, 0).await.expect("it is free");
        for _ in 0..20 {
            away.fail(true);
            sleep(seconds(12)).await;
            away.fail(false);
            sleep(seconds(6)).await;
            first.guard().check().expect("a heartbeat came through in time");
        }
        away.fail(true);
        sleep(seconds(26)).await;
        assert!(first.guard().check().is_err(), "longer than a lease");
    });
}

/// Also one that can't read that its lock is broken, and one that waited before.
#[test]
fn a_broken_lock_stops_its_holder_before_anybody_else_begins() {
    for hangs in [false, true] {
        runtime().block_on(async {
            let memory = Arc::new(Memory::default());
            let reached = Arc::new(Faulty::new(memory.clone(), 1));
            let lock = lock(memory);
            let first = take(&self::lock(reached.clone()), 1, 0).await.expect("it is free");
            let guard = first.guard();
            let waiting = async { take(&lock, 2, 600).await.expect("it is free soon") };
            let breaking = async {
                sleep(seconds(11)).await;
                let held = lock.show().await.unwrap().expect("it is held");
                reached.hang(hangs);
                assert!(lock.break_claim(&held.claim, "alice").await.expect("it is broken"));
                assert!(!lock.break_claim(&held.claim, "bob").await.expect("it is broken"), "once");
                let status = lock.show().await.unwrap().expect("it may still work");
                assert_eq!(status.broken_by.as_deref(), Some("alice"));
            };
            let (second, ()) = tokio::join!(waiting, breaking);
            let why = guard.check().expect_err("it was broken");
            assert_eq!(why.contains("heartbeat"), hangs, "{why}");
            second.guard().check().expect("it is the second one's");
        });
    }
}

#[test]
fn a_holder_whose_store_is_deleted_stops() {
    runtime().block_on(async {
        let memory = Arc::new(Memory::default());
        let first = take(&lock(memory.clone()), 1, 0).await.expect("it is free");
        for key in memory.list("").await.unwrap() {
            memory.delete(&key).await.unwrap();
        }
        let second = take(&lock(memory), 2, 0).await.expect("nobody knows of the first one");
        assert_eq!(second.generation(), 1, "numbers begin again");
        sleep(seconds(6)).await;
        assert_eq!(first.guard().check(), Err("somebody has deleted it".to_string()));
        second.guard().check().expect("it is the second one's");
    });
}

#[test]
fn names_that_are_no_claims_are_left_alone() {
    runtime().block_on(async {
        let objects = Arc::new(Memory::default());
        for name in ["17", "+00017", "0000017", "00001x", "000017.x", "notes.txt", "sub/000099"] {
            objects.write(&format!("123456789012/billpay/dev/lock/{name}"), b"x").await.unwrap();
        }
        let lock = lock(objects.clone());
        assert_eq!(take(&lock, 1, 0).await.expect("it is free").generation(), 1);
        let last = format!("123456789012/billpay/dev/lock/{}", u32::MAX);
        let claim = objects.read("123456789012/billpay/dev/lock/000001").await.unwrap().unwrap();
        objects.write(&last, &claim).await.unwrap();
        objects.write(&format!("{last}.end"), ENDED.as_bytes()).await.unwrap();
        let refused = take(&lock, 2, 0).await.expect_err("there is no number left");
        assert!(refused.to_string().contains("no number after it"), "{refused}");
    });
}

#[test]
fn what_is_damaged_is_refused_and_nothing_hangs() {
    let claim = r#"{"schema": "billpay/state/lock/v1", "generation": 1, "holder": {"id": "x"}}"#;
    let forged = claim.replace("\"x\"", r#""x\nhint: run rm -rf""#);
    for body in ["", "{", "7", claim, &forged, "\u{0}\u{1}"] {
        runtime().block_on(async {
            let objects = Arc::new(Memory::default());
            objects.write("123456789012/billpay/dev/lock/000001", body.as_bytes()).await.unwrap();
            let refused = take(&lock(objects), 1, 0).await.expect_err(body);
            assert!(matches!(refused, LockError::Damaged { .. }), "{body}: {refused}");
        });
    }
    // Files that are none: a directory, a link, a pipe.
    let directory = billpay_host::temporary::directory("lock").expect("a directory");
    let folder = directory.path().join("123456789012/billpay/dev/lock");
    let store = || Arc::new(DirectoryStore::at(directory.path()));
    std::fs::create_dir_all(folder.join("000001")).expect("a directory");
    std::os::unix::fs::symlink("/nowhere", folder.join("000002")).expect("a link");
    std::os::unix::fs::symlink(".", folder.join("loop")).expect("a link");
    runtime().block_on(async {
        let refused = take(&lock(store()), 1, 0).await.expect_err("a directory has the name");
        assert!(matches!(refused, LockError::Damaged { .. }), "{refused}");
    });
    std::fs::remove_dir(folder.join("000001")).expect("a directory");
    std::fs::File::create(folder.join("000001"))
        .and_then(|file| file.set_len(3 << 30))
        .expect("a large file");
    runtime().block_on(async {
        let refused = take(&lock(store()), 1, 0).await.expect_err("it is not read");
        assert!(refused.to_string().contains("too large"), "{refused}");
    });
}

const ENDED: &str =
    r#"{"schema": "billpay/state/lock/v1", "reason": "released", "at": "2026-12-01T00:00:00Z"}"#;

#[test]
fn what_a_newer_program_wrote_is_refused() {
    runtime().block_on(async {
        let objects = Arc::new(Memory::default());
        let lock = lock(objects.clone());
        let newer = br#"{"schema": "billpay/state/lock/v2", "anything": true}"#;
        objects.write("123456789012/billpay/dev/lock/000009", newer).await.unwrap();
        let refused = take(&lock, 1, 0).await.expect_err("nobody knows what it means");
        assert!(matches!(refused, LockError::Version { .. }), "{refused}");
        assert!(lock.show().await.is_err());
    });
}

/// Works with the lock as one of several contenders of a round.
async fn worker(id: u32, lock: Lock, asleep: &Faulty, seed: u64, inside: &AtomicI32, counts: &Counts) {
    let mut random = fastrand::Rng::with_seed(seed ^ u64::from(id));
    for turn in 0..3 {
        let name = id * 1000 + turn;
        let lease = match lock.acquire(&holder(name), seconds(3600), &|_| {}).await {
            Ok(lease) => lease,
            Err(error) => panic!("seed {seed}: {name} was refused: {error}"),
        };
        let guard = lease.guard();
        let fate = random.u8(..12);
        let calls = random.u32(1..30);
        for _ in 0..calls {
            // A call that changes something: checked before it is sent, done soon after.
            if guard.check().is_err() {
                counts.add("lost");
                break;
            }
            let others = inside.fetch_add(1, Ordering::SeqCst);
            assert_eq!(others, 0, "seed {seed}: {name} is not alone");
            sleep(Duration::from_millis(random.u64(10..2000))).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            sleep(Duration::from_millis(random.u64(0..4000))).await;
        }
        match fate {
            0 => {
                counts.add("killed");
                drop(lease);
            }
            1 => {
                counts.add("slept");
                asleep.hang(true);
                sleep(seconds(random.u64(5..60))).await;
                asleep.hang(false);
                if lease.guard().check().is_ok() {
                    let others = inside.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(others, 0, "seed {seed}: {name} is not alone after it slept");
                    inside.fetch_sub(1, Ordering::SeqCst);
                } else {
                    counts.add("lost");
                }
                let _ = lease.release().await;
            }
            2 => {
                // Somebody is impatient with whoever has it now.
                if let Ok(Some(status)) = lock.show().await {
                    let _ = lock.break_claim(&status.claim, "somebody").await;
                    counts.add("broken");
                }
                if guard.check().is_ok() {
                    let others = inside.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(others, 0, "seed {seed}: {name} is not alone after it was broken");
                    sleep(Duration::from_millis(500)).await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
                let _ = lease.release().await;
            }
            _ => {
                let _ = lease.release().await;
                counts.add("released");
            }
        }
    }
}

#[derive(Default)]
struct Counts(Mutex<BTreeMap<&'static str, u32>>);

impl Counts {
    fn add(&self, what: &'static str) {
        *self.0.lock().unwrap().entry(what).or_default() += 1;
    }
}

/// Rounds of contenders for one lock, on stores that lose answers, throttle and are slow at random. `BILLPAY_LOCK_ROUNDS`
/// says how many, `BILLPAY_LOCK_SEED` which one alone.
fn contend(rounds: u32, store: impl Fn() -> Arc<dyn ObjectStore>) {
    let setting = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds: Vec<u64> = match setting("BILLPAY_LOCK_SEED") {
        Some(seed) => vec![seed],
        None => (0..setting("BILLPAY_LOCK_ROUNDS").unwrap_or(rounds.into())).collect(),
    };
    let counts = Counts::default();
    let claims = AtomicU32::new(0);
    for seed in &seeds {
        runtime().block_on(async {
            let (objects, inside) = (store(), AtomicI32::new(0));
            let stores: Vec<Arc<Faulty>> = (1..=3)
                .map(|id| {
                    let faulty = Faulty::new(objects.clone(), seed ^ (id << 32));
                    faulty.disturb();
                    Arc::new(faulty)
                })
                .collect();
            let workers = (1..)
                .zip(&stores)
                .map(|(id, store)| worker(id, lock(store.clone()), store, *seed, &inside, &counts));
            futures::future::join_all(workers).await;
            let last = objects.list("123456789012/billpay/dev/lock/").await.expect("a list");
            claims.fetch_add(last.len() as u32, Ordering::Relaxed);
        });
    }
    let counts = counts.0.into_inner().unwrap();
    println!("{} rounds: {counts:?}", seeds.len());
    if seeds.len() >= 100 {
        for situation in ["killed", "slept", "broken", "released", "lost"] {
            assert!(counts.contains_key(situation), "{situation} never came: {counts:?}");
        }
    }
}

#[test]
fn of_contenders_one_at_a_time_has_the_lock() {
    contend(200, || Arc::new(Memory::default()));
}

#[test]
fn of_contenders_for_a_directory_one_at_a_time_has_the_lock() {
    let directory = billpay_host::temporary::directory("lock").expect("a directory");
    let count = AtomicU32::new(0);
    contend(20, || {
        let round = count.fetch_add(1, Ordering::Relaxed);
        Arc::new(DirectoryStore::at(directory.path().join(round.to_string())))
    });
}
