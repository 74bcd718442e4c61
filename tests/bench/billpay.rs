//! billpay, measured.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use billpay_testkit::proxy::{Calls, Proxy};
use billpay_testkit::{Emulator, Sandbox};

/// One run of a program.
pub struct Measured {
    pub begun: Instant,
    pub wall: Duration,
    pub calls: Calls,
    /// Most memory that the process itself had, in MB.
    pub peak_mb: f64,
    pub stdout: String,
}

impl Measured {
    /// Runs a command to its end; says what it said if that wasn't a good one.
    pub fn of(mut command: Command, proxy: &Proxy) -> Result<Measured, String> {
        proxy.take_calls();
        let begun = Instant::now();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.expect("a program that can be run");
        let pid = child.id();
        let watch = thread::spawn(move || watch_memory(pid));
        let output = child.wait_with_output().expect("a program that was started");
        let wall = begun.elapsed();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let peak_mb = watch.join().expect("a reading of the memory");
        if !output.status.success() {
            return Err(format!("{command:?} failed:\n{stdout}\n{stderr}"));
        }
        Ok(Measured { begun, wall, calls: proxy.take_calls(), peak_mb, stdout })
    }

    /// A figure of what `--output json` printed.
    pub fn figure(&self, name: &str) -> f64 {
        let value: Value = serde_json::from_str(&self.stdout).expect("a run in JSON");
        value[name].as_f64().unwrap_or_else(|| panic!("a run says its `{name}`"))
    }
}

/// The life of an environment, each call so much slower.
pub struct Life {
    /// The plan that an apply begins with: nothing is there.
    pub first_plan: Measured,
    pub apply: Measured,
    pub no_op_plan: Measured,
    pub destroy: Measured,
}

impl Life {
    pub fn measure(env: &str, delay: Duration) -> Life {
        let emulator = Emulator::ministack();
        let proxy = Proxy::before(&emulator.url);
        let sandbox = Sandbox::of_account(proxy.url(), &emulator.fresh_account());
        proxy.delay(delay);
        let run = |args: &[&str]| {
            let all = [args, &["--env", env, "--output", "json"]].concat();
            Measured::of(sandbox.billpay_command(&all), &proxy).unwrap_or_else(|why| panic!("{why}"))
        };
        let first_plan = run(&["plan"]);
        let apply = run(&["provision", "--auto-approve"]);
        sandbox.in_sync(env);
        // Three times, as it is short; the median of the three.
        let mut plans = vec![run(&["plan"]), run(&["plan"]), run(&["plan"])];
        plans.sort_by_key(|plan| plan.wall);
        let no_op_plan = plans.swap_remove(1);
        let destroy = run(&["destroy", "--auto-approve", "--confirm", env]);
        Life { first_plan, apply, no_op_plan, destroy }
    }
}

/// No-op plans of dev and prod: the calls of each, by name.
pub fn plans_of_prod() -> Measured {
    Life::measure("prod", Duration::ZERO).no_op_plan
}

/// Measures `billpay --help`, twenty times, sorted.
pub fn start_up_times() -> Vec<Duration> {
    let once = || {
        let begun = Instant::now();
        let mut help = Command::new(env!("CARGO_BIN_EXE_billpay"));
        let output = help.arg("--help").output().expect("billpay can be run");
        assert!(output.status.success());
        begun.elapsed()
    };
    let mut times: Vec<Duration> = (0..20).map(|_| once()).collect();
    times.sort();
    times
}

/// Follows the high-water mark of a process's memory until it ends.
fn watch_memory(pid: u32) -> f64 {
    let mut kilobytes = 0.0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        // A process that has ended has no memory any more.
        let Some(mark) = mark else { return kilobytes / 1024.0 };
        kilobytes = mark.trim().trim_end_matches(" kB").parse().unwrap_or(kilobytes);
        thread::sleep(Duration::from_millis(10));
    }
}
