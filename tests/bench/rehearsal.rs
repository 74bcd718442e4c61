//! Rehearsals of plans, measured: prod with so many services that there are a thousand resources or more.

use std::path::Path;
use std::time::{Duration, Instant};

use billpay_aws::kinds;
use billpay_engine::plan::{Goal, Schedule, Selection, Snapshot, plan, rehearse};
use billpay_model::resource::{Desired, Evidence, Observed, Outputs, resolve};
use billpay_spec::directory::SpecDir;

/// Times of one rehearsal, the middle of several runs.
pub struct Rehearsal {
    pub resources: usize,
    pub what: &'static str,
    pub time: Duration,
}

impl Rehearsal {
    /// Measures plans that create everything, change nothing and delete everything.
    pub fn measure(least: usize) -> Vec<Rehearsal> {
        let desired = desired(least);
        let there = Snapshot { resources: desired.iter().map(observed).collect() };
        let cases = [
            ("from nothing", Goal::Converge, Snapshot::default()),
            ("nothing to do", Goal::Converge, there.clone()),
            ("destroy", Goal::Destroy, there),
        ];
        let kinds = kinds::kinds();
        let measure = |(what, goal, snapshot): (&'static str, Goal, Snapshot)| {
            let plan =
                plan("prod", goal, &Selection::default(), &desired, &snapshot, &kinds).expect("a plan");
            let mut times: Vec<Duration> = (0..9)
                .map(|_| {
                    let begun = Instant::now();
                    let refused = rehearse(&plan, &snapshot, &[], &kinds).expect("an order");
                    let time = begun.elapsed();
                    assert!(refused.is_empty(), "{refused:?}");
                    time
                })
                .collect();
            times.sort();
            Rehearsal { resources: desired.len(), what, time: times[times.len() / 2] }
        };
        cases.into_iter().map(measure).collect()
    }
}

/// Measures how planning and scheduling grow with the resources, and prints it: times, their ratio, and peak memory.
pub fn growth() {
    let kinds = kinds::kinds();
    let measure = |least: usize| {
        let desired = desired(least);
        let snapshot = Snapshot::default();
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let begun = Instant::now();
                let selection = Selection::default();
                let plan =
                    plan("prod", Goal::Converge, &selection, &desired, &snapshot, &kinds).expect("a plan");
                let schedule = Schedule::of(&plan, &snapshot, &kinds).expect("an order");
                assert_eq!(schedule.steps.len(), desired.len());
                begun.elapsed()
            })
            .collect();
        times.sort();
        (desired.len(), times[times.len() / 2], peak_memory())
    };
    println!(
        "\nPlan and schedule in memory, middle of five; limits: three times the resources in 3.3 times the time, 100 MB for a thousand\n"
    );
    println!("{:>10}{:>10}{:>20}", "resources", "ms", "peak memory, MB");
    let sizes = [1000, 3000].map(measure);
    for (resources, time, memory) in sizes {
        println!("{resources:>10}{:>10.1}{:>20.0}", time.as_secs_f64() * 1e3, memory as f64 / 1e3);
    }
    let [(fewer, short, _), (more, long, _)] = sizes;
    println!(
        "{:.2} times the resources: {:.2} times the time",
        more as f64 / fewer as f64,
        long.as_secs_f64() / short.as_secs_f64()
    );
}

/// Returns the peak memory of this process, kB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn desired(least: usize) -> Vec<Desired> {
    let specs = SpecDir::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("environments")).expect("specs");
    let mut env = specs.load("prod", jiff::civil::date(2026, 11, 30)).expect("a spec").environment;
    let service = env.services.values().next().expect("a service").clone();
    for number in 0.. {
        let desired = kinds::desire(&env);
        if desired.len() >= least {
            return desired;
        }
        env.services.extend((0..50).map(|index| (format!("service-{number}-{index}"), service.clone())));
    }
    unreachable!("services are resources")
}

/// A resource as it is there, its address for an id.
fn observed(want: &Desired) -> Observed {
    let id = want.attrs["name"].as_str().map_or_else(|| want.address.to_string(), str::to_string);
    let outputs = Outputs::from([("id".to_string(), want.address.to_string())]);
    let attrs = resolve(&want.attrs, &|address, _| Some(address.to_string()));
    Observed { outputs, evidence: Evidence::Unique, ..Observed::new(want.address.clone(), id, attrs) }
}

/// Prints the times beside their limit.
pub fn print(rehearsals: &[Rehearsal]) {
    let profile = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
    println!(
        "\nRehearsals ({profile} build), milliseconds, middle of several runs; limit 50 in an optimised build\n"
    );
    println!("{:<16}{:>10}{:>10}", "plan", "resources", "ms");
    for one in rehearsals {
        println!("{:<16}{:>10}{:>10.1}", one.what, one.resources, one.time.as_secs_f64() * 1e3);
    }
}
