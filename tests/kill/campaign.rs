//! One fault after the other, spread evenly over the life of an environment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::account::Account;
use super::foreign;
use super::inventory::Inventory;
use super::phase::Phase;
use billpay_testkit::proxy::{Fault, Proxy};
use billpay_testkit::selection::number;
use billpay_testkit::{Emulator, Run, Sandbox};

/// Points in each phase.
const POINTS: usize = 20;
/// Points that are tried unless `POINTS` says how many.
const SAMPLE: usize = 5;
/// Accounts that are worked on at once.
const LANES: usize = 3;
/// No run takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// A life in which nothing goes wrong: how many changes each phase makes, and what is there after it.
static UNDISTURBED: LazyLock<[(usize, Inventory); 3]> = LazyLock::new(|| {
    let life = Life::begin();
    let others = Inventory::of(&life.account);
    let phases = Phase::ALL.map(|phase| {
        phase.prepare(&life.sandbox);
        life.proxy.take_calls();
        life.run(phase).exits(0);
        let changes = life.proxy.take_calls().writes();
        println!("undisturbed  {:<9}  {changes} changes", phase.name());
        (changes, Inventory::of(&life.account))
    });
    let left = phases[2].1.differences(&others);
    assert!(left.is_empty(), "left over (+) or taken from others (-):\n{}", left.join("\n"));
    phases
});

/// Tries every point with one of the faults, in turn, and shows a line for each.
pub fn run(what: &str, faults: &[Fault]) {
    LazyLock::force(&UNDISTURBED);
    let points = sample();
    println!("{what}: {} of {POINTS} points; POINTS={POINTS} tries all, SEED=N others", points.len());
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(vec![]));
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(&point) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    failures.lock().unwrap().extend(live(what, point, faults));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let list = failures.join("\n\n");
    assert!(
        failures.is_empty(),
        "{} of {} points:\n\n{list}",
        failures.len(),
        points.len() * Phase::ALL.len()
    );
}

/// Lives that are tried in a hostile cloud unless `LIVES` says how many.
const LIVES: u64 = 2;
/// Runs of one phase that may fail or be killed before one comes to its end.
const MAX_RUNS: usize = 8;

/// Takes accounts through their lives while reads lag, resources take their time, one changing call in twelve goes
/// wrong, and runs are killed.
pub fn hostile() {
    LazyLock::force(&UNDISTURBED);
    let first = number("SEED", 0).unwrap_or(1);
    let seeds: Vec<u64> = (first..).take(number("LIVES", 1).unwrap_or(LIVES) as usize).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(vec![]));
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| hostile_life(seed))) {
                        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                        failures.lock().unwrap().push(format!("SEED={seed} LIVES=1: {text}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} lives:\n\n{}", failures.len(), seeds.len(), failures.join("\n\n"));
}

fn hostile_life(seed: u64) {
    let lag = Duration::from_millis(1500);
    let life = Life::begin();
    let mut random = fastrand::Rng::with_seed(seed);
    for (index, phase) in Phase::ALL.into_iter().enumerate() {
        let (changes, after) = &UNDISTURBED[index];
        phase.prepare(&life.sandbox);
        life.proxy.lag(lag);
        life.proxy.transitions(Duration::from_millis(700));
        life.proxy.trouble(seed + index as u64, 12);
        let mut runs = vec![];
        loop {
            // The first two are killed somewhere, unless they are through before.
            let fault = if random.bool() { Fault::Kill } else { Fault::KillBefore };
            match runs.len() {
                0 | 1 => life.proxy.break_change(1 + random.usize(..*changes), fault),
                _ => life.proxy.break_nothing(),
            }
            let run = life.run(phase);
            life.proxy.wait_until_idle();
            runs.push(run.code);
            if run.code == 0 {
                break;
            }
            if runs.len() > 2 || (run.code == -1 && !life.proxy.struck()) {
                println!("hostile, seed {seed}  {}: {}\n{}", phase.name(), run.stdout, run.stderr);
            }
            assert!(runs.len() < MAX_RUNS, "{} ended with {runs:?}: {run:#?}", phase.name());
        }
        life.proxy.calm();
        thread::sleep(lag);
        // What showed too late for the run that made it twice.
        let settling = life.run(phase).exits(0);
        if phase != Phase::Destroy {
            life.sandbox.in_sync("dev");
        }
        println!(
            "hostile, seed {seed}  {:<9}  ended with {runs:?}; afterwards {}",
            phase.name(),
            if settling.stdout.contains("Nothing") { "nothing was left to do" } else { "something was" }
        );
        let differences = Inventory::of(&life.account).differences(after);
        assert!(differences.is_empty(), "after {}:\n{}", phase.name(), differences.join("\n"));
    }
}

/// Returns the points that are tried: some of them, the same for the same seed, or all.
fn sample() -> Vec<usize> {
    let mut points: Vec<usize> = (0..POINTS).collect();
    fastrand::Rng::with_seed(number("SEED", 0).unwrap_or(13)).shuffle(&mut points);
    points.truncate(number("POINTS", 1).map_or(SAMPLE, |count| count as usize));
    points
}

/// Takes one account through its life; returns what went wrong, after which it is given up.
fn live(what: &str, point: usize, faults: &[Fault]) -> Option<String> {
    let life = Life::begin();
    for (index, phase) in Phase::ALL.into_iter().enumerate() {
        let (changes, after) = &UNDISTURBED[index];
        let nth = 1 + point * (changes - 1) / (POINTS - 1);
        let fault = faults[(point + index) % faults.len()];
        let name = format!("{what}  {:<9}  {fault:?} at change {nth:>3} of {changes}", phase.name());
        let begun = Instant::now();
        let tried = catch_unwind(AssertUnwindSafe(|| {
            phase.prepare(&life.sandbox);
            life.suffer(phase, nth, fault);
            if phase != Phase::Destroy {
                life.sandbox.in_sync("dev");
            }
            let differences = Inventory::of(&life.account).differences(after);
            assert!(
                differences.is_empty(),
                "more (+) or less (-) than expected:\n{}",
                differences.join("\n")
            );
        }));
        let seconds = begun.elapsed().as_secs_f64();
        match tried {
            Ok(()) => println!("{name}  ok  {seconds:.1} s"),
            Err(panic) => {
                println!("{name}  WRONG  {seconds:.1} s");
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or(panic.downcast_ref::<&str>().map(|text| text.to_string()));
                return Some(format!("{name}: {}", text.unwrap_or_default()));
            }
        }
    }
    None
}

/// An account with what others have in it, and the program in front of a proxy.
struct Life {
    account: Account,
    proxy: Proxy,
    sandbox: Sandbox,
}

impl Life {
    fn begin() -> Life {
        let emulator = Emulator::ministack();
        let account = Account::new(&emulator.url, &emulator.fresh_account());
        foreign::put(&account);
        let proxy = Proxy::before(&emulator.url);
        let sandbox = Sandbox::of_account(proxy.url(), &account.number);
        Life { account, proxy, sandbox }
    }

    /// Runs a phase in which one change goes wrong, and once more if it was killed.
    fn suffer(&self, phase: Phase, nth: usize, fault: Fault) {
        self.proxy.break_change(nth, fault);
        let run = self.run(phase);
        assert!(self.proxy.struck(), "it made fewer than {nth} changes and was never disturbed: {run:#?}");
        self.proxy.break_nothing();
        self.proxy.wait_until_idle();
        if matches!(fault, Fault::Kill | Fault::KillBefore) {
            run.exits(-1);
            self.run(phase).exits(0);
        } else {
            run.exits(0);
        }
    }

    /// Runs a phase to its end, or until somebody kills it.
    fn run(&self, phase: Phase) -> Run {
        let child = self.sandbox.start(phase.args());
        self.proxy.victim(child.id());
        let output = wait(child);
        Run::new(phase.args(), output)
    }
}

/// Waits for a run to end; kills one that hangs.
fn wait(child: Child) -> std::process::Output {
    let (pid, ended) = (child.id(), Arc::new(AtomicBool::new(false)));
    let watched = ended.clone();
    thread::spawn(move || {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(200));
            if watched.load(Ordering::SeqCst) {
                return;
            }
        }
        eprintln!("a run hangs and is killed");
        if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    let output = child.wait_with_output().expect("a run that was started");
    ended.store(true, Ordering::SeqCst);
    output
}
