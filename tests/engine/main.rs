//! The engine over many histories: whatever goes wrong on the way, one more run converges,
//! nothing is there twice, and nothing is left in the end.

mod cloud;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use billpay::adapter::specs::SpecDir;
use billpay::domain::address::Address;
use billpay::domain::plan::{Goal, Selection};
use billpay::domain::port::{Event, Reporter};
use billpay::domain::resource::Desired;
use billpay::domain::spec::Environment;
use billpay::ops::{ApplyOptions, Error, Outcome, apply, survey};
use cloud::{Cloud, Fault};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

struct Quiet;

impl Reporter for Quiet {
    fn report(&self, _: Event) {}
}

fn dev() -> Environment {
    let specs = SpecDir::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("environments")).unwrap();
    specs.load("dev", jiff::civil::date(2026, 11, 22)).unwrap().environment
}

/// One resource of a made-up environment: its kind, what it stands on (earlier ones), its shape.
#[derive(Debug, Clone)]
struct Sketch {
    kind: &'static str,
    on: BTreeSet<usize>,
    shape: u8,
    color: u8,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let one = (
        prop_oneof![3 => Just("quick"), 1 => Just("slow"), 2 => Just("named")],
        proptest::collection::btree_set(0usize..12, 0..3),
        0u8..3,
        0u8..3,
    );
    let one = one.prop_map(|(kind, on, shape, color)| Sketch { kind, on, shape, color });
    proptest::collection::vec(one, 1..12)
}

fn faults() -> impl Strategy<Value = BTreeMap<usize, Fault>> {
    let fault = prop_oneof![Just(Fault::Throttled), Just(Fault::Lost), Just(Fault::Killed)];
    proptest::collection::btree_map(1usize..20, fault, 0..6)
}

fn address(index: usize, sketch: &Sketch) -> Address {
    Address::of("house", sketch.kind, format!("n{index}"))
}

fn desired(sketches: &[Sketch]) -> Vec<Desired> {
    let want = |(index, sketch): (usize, &Sketch)| {
        let on: Vec<Value> = sketch
            .on
            .iter()
            .filter(|&&below| below < index)
            .map(|&below| json!({"link": address(below, &sketches[below]), "output": "id"}))
            .collect();
        let attrs = json!({"on": on, "shape": sketch.shape, "color": sketch.color});
        Desired { address: address(index, sketch), attrs, after: BTreeSet::new() }
    };
    sketches.iter().enumerate().map(want).collect()
}

/// How a run ended.
enum Ran {
    Through(Outcome),
    Killed,
    /// Old and new resources wait for one another: refused before anything was changed.
    Refused,
}

async fn run(cloud: &Cloud, env: &Environment, goal: Goal) -> Ran {
    let work = async {
        let survey = survey(cloud, env, &BTreeSet::new()).await.unwrap();
        let plan = survey.plan(cloud, env, goal, &Selection::default()).unwrap();
        let options = ApplyOptions { parallelism: 8, stop: CancellationToken::new(), permit: None };
        match apply(cloud, env, &plan, &survey.snapshot, &options, &Quiet).await {
            Ok(outcome) => Ran::Through(outcome),
            Err(Error::Cycle(_)) => Ran::Refused,
            Err(error) => panic!("{error}"),
        }
    };
    tokio::select! {
        ran = work => ran,
        () = cloud.killed.notified() => Ran::Killed,
    }
}

/// Runs with faults, again if it was killed, and then finds nothing to do. Says whether it
/// got there: a change that can't be ordered is refused, and then nothing has happened.
async fn converge(cloud: &Cloud, env: &Environment, goal: Goal, faults: &BTreeMap<usize, Fault>) -> bool {
    cloud.set_faults(faults.clone());
    loop {
        let before = cloud.inventory();
        match run(cloud, env, goal).await {
            Ran::Through(_) => break,
            Ran::Killed => {}
            Ran::Refused => {
                assert_eq!(cloud.inventory(), before);
                return false;
            }
        }
    }
    let survey = survey(cloud, env, &BTreeSet::new()).await.unwrap();
    let plan = survey.plan(cloud, env, goal, &Selection::default()).unwrap();
    assert!(plan.is_empty(), "still to do: {:#?}", plan.changes);
    true
}

fn once_each(desired: &[Desired]) -> BTreeMap<Address, usize> {
    desired.iter().map(|want| (want.address.clone(), 1)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_well(
        first in sketches(), second in sketches(),
        during_creation in faults(), during_change in faults(), during_destruction in faults(),
    ) {
        let env = dev();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (first, second) = (desired(&first), desired(&second));
            let cloud = Cloud::new(first.clone());
            assert!(converge(&cloud, &env, Goal::Converge, &during_creation).await);
            assert_eq!(cloud.inventory(), once_each(&first));
            cloud.want(second.clone());
            if converge(&cloud, &env, Goal::Converge, &during_change).await {
                assert_eq!(cloud.inventory(), once_each(&second));
            }
            assert!(converge(&cloud, &env, Goal::Destroy, &during_destruction).await);
            assert_eq!(cloud.inventory(), BTreeMap::new());
        });
    }
}

#[test]
fn a_stopped_run_says_what_is_left_and_the_next_one_goes_on() {
    let env = dev();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let sketch =
            |kind, on: &[usize]| Sketch { kind, on: on.iter().copied().collect(), shape: 0, color: 0 };
        let wanted = desired(&[sketch("quick", &[]), sketch("slow", &[0]), sketch("named", &[1])]);
        let cloud = Cloud::new(wanted.clone());
        let before = survey(&cloud, &env, &BTreeSet::new()).await.unwrap();
        let plan = before.plan(&cloud, &env, Goal::Converge, &Selection::default()).unwrap();
        let stop = CancellationToken::new();
        let options = ApplyOptions { parallelism: 8, stop: stop.clone(), permit: None };
        let stopping = async {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            stop.cancel();
        };
        let (outcome, ()) =
            tokio::join!(apply(&cloud, &env, &plan, &before.snapshot, &options, &Quiet), stopping);
        let outcome = outcome.unwrap();
        assert!(outcome.interrupted);
        assert_eq!(outcome.done, [wanted[0].address.clone()]);
        assert_eq!(outcome.left, [wanted[2].address.clone(), wanted[1].address.clone()]);
        assert!(converge(&cloud, &env, Goal::Converge, &BTreeMap::new()).await);
        assert_eq!(cloud.inventory(), once_each(&wanted));
    });
}

#[test]
fn a_failure_stops_only_what_depends_on_it() {
    let env = dev();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let sketch =
            |kind, on: &[usize]| Sketch { kind, on: on.iter().copied().collect(), shape: 0, color: 0 };
        let wanted = desired(&[
            sketch("named", &[]),
            sketch("quick", &[0]),
            sketch("quick", &[]),
            sketch("slow", &[2]),
        ]);
        let cloud = Cloud::new(wanted.clone());
        cloud.refuse(wanted[0].address.clone());
        let Ran::Through(outcome) = run(&cloud, &env, Goal::Converge).await else {
            panic!("it runs through")
        };
        assert_eq!(outcome.failed.iter().map(|step| &step.address).collect::<Vec<_>>(), [&wanted[0].address]);
        assert_eq!(
            outcome.skipped.iter().map(|step| &step.because).collect::<Vec<_>>(),
            [&wanted[0].address]
        );
        assert_eq!(outcome.done.len(), 2);
    });
}
