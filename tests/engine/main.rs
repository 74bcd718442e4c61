//! The engine over many histories: whatever goes wrong on the way, one more run converges,
//! nothing is there twice, and nothing is left in the end; and what is not ours stays as it is.

mod account;
mod cloud;
mod edits;
mod every_call;
mod histories;
mod kinds;
mod people;
mod records;
mod rules;
mod spec;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use account::Account;
use billpay_engine::attempts::OpenAttempts;
use billpay_engine::guard::{AlwaysAllow, Guard};
use billpay_engine::plan::{Goal, Selection};
use billpay_engine::{ApplyOptions, Error, Outcome, apply, survey};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::event::Silent;
use billpay_model::resource::Desired;
use billpay_spec::directory::SpecDir;
use cloud::{Fault, MemoryCloud};
use proptest::prelude::*;
use spec::{Sketch, desired, sketches};
use tokio_util::sync::CancellationToken;

fn dev() -> Environment {
    let specs = SpecDir::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("environments")).unwrap();
    specs.load("dev", jiff::civil::date(2026, 11, 22)).unwrap().environment
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// A process alone in an account of its own, where no owner is ever in doubt.
fn alone(env: &Environment, desired: Vec<Desired>) -> MemoryCloud {
    let mut cloud = MemoryCloud::new(Arc::new(Account::default()), env, "run", desired);
    cloud.writes_ids_at_once = true;
    cloud
}

fn three_kinds() -> impl Strategy<Value = &'static str> + 'static {
    prop_oneof![3 => Just("vpc"), 1 => Just("nat-gateway"), 2 => Just("bucket")]
}

fn faults() -> impl Strategy<Value = BTreeMap<usize, Fault>> {
    let fault = prop_oneof![Just(Fault::Throttled), Just(Fault::Lost), Just(Fault::Killed)];
    proptest::collection::btree_map(1usize..20, fault, 0..6)
}

/// Result of a run.
enum Ran {
    Through(Outcome),
    Killed,
    /// Old and new resources wait for one another: refused before anything was changed.
    Refused,
}

async fn run(cloud: &MemoryCloud, goal: Goal) -> Ran {
    run_guarded(cloud, goal, Arc::new(AlwaysAllow)).await
}

async fn run_guarded(cloud: &MemoryCloud, goal: Goal, guard: Arc<dyn Guard>) -> Ran {
    let work = async {
        let survey = survey(cloud, &BTreeSet::new(), &OpenAttempts::default()).await.unwrap();
        let proposal = survey.plan(cloud, goal, &Selection::default()).await.unwrap();
        let options = ApplyOptions::new(8, CancellationToken::new(), guard);
        match apply(cloud, &proposal, &options, &Silent).await {
            Ok(outcome) => Ran::Through(outcome),
            Err(Error::Cycle(_)) => Ran::Refused,
            Err(error) => panic!("{error}: {error:?}"),
        }
    };
    tokio::select! {
        ran = work => ran,
        () = cloud.killed.notified() => Ran::Killed,
    }
}

/// Runs with faults, again if it was killed, and then finds nothing to do. Says whether it
/// got there: a change that can't be ordered is refused, and then nothing has happened.
async fn converge(cloud: &MemoryCloud, goal: Goal, faults: &BTreeMap<usize, Fault>) -> bool {
    cloud.set_faults(faults.clone());
    loop {
        let before = cloud.account.inventory();
        match run(cloud, goal).await {
            Ran::Through(_) => break,
            Ran::Killed => {}
            Ran::Refused => {
                assert_eq!(cloud.account.inventory(), before);
                return false;
            }
        }
    }
    let survey = survey(cloud, &BTreeSet::new(), &OpenAttempts::default()).await.unwrap();
    let plan = survey.plan(cloud, goal, &Selection::default()).await.unwrap().plan;
    assert!(plan.is_empty(), "still to do: {:#?}", plan.changes);
    true
}

/// Guard of a lock that is lost after so many questions.
#[derive(Debug)]
struct LostAfter(AtomicU32);

impl Guard for LostAfter {
    fn may_work(&self) -> bool {
        let LostAfter(left) = self;
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

fn once_each(desired: &[Desired]) -> BTreeMap<Address, usize> {
    desired.iter().map(|want| (want.address.clone(), 1)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_well(
        first in sketches(three_kinds(), 12), second in sketches(three_kinds(), 12),
        during_creation in faults(), during_change in faults(), during_destruction in faults(),
    ) {
        let env = dev();
        runtime().block_on(async {
            let (first, second) = (desired(&env, &first), desired(&env, &second));
            let cloud = alone(&env, first.clone());
            assert!(converge(&cloud, Goal::Converge, &during_creation).await);
            assert_eq!(cloud.account.inventory(), once_each(&first));
            cloud.want(second.clone());
            if converge(&cloud, Goal::Converge, &during_change).await {
                assert_eq!(cloud.account.inventory(), once_each(&second));
            }
            assert!(converge(&cloud, Goal::Destroy, &during_destruction).await);
            assert_eq!(cloud.account.inventory(), BTreeMap::new());
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_that_lost_its_lock_begins_nothing(
        first in sketches(three_kinds(), 12), second in sketches(three_kinds(), 12),
        faults in faults(), calls in 0u32..20, goal in prop_oneof![Just(Goal::Converge), Just(Goal::Destroy)],
        writes_ids_at_once: bool,
    ) {
        let env = dev();
        runtime().block_on(async {
            let mut cloud = alone(&env, desired(&env, &first));
            assert!(converge(&cloud, Goal::Converge, &BTreeMap::new()).await);
            // Else, owners may be in doubt afterwards, which a person decides.
            cloud.writes_ids_at_once = writes_ids_at_once;
            cloud.want(desired(&env, &second));
            // A process that is killed begins nothing anyway; what is hidden is made a second time.
            let hidden = |fault| if fault == Fault::Killed { Fault::Hidden { milliseconds: 4000 } } else { fault };
            cloud.set_faults(faults.into_iter().map(|(at, fault)| (at, hidden(fault))));
            let before = cloud.operations();
            if let Ran::Through(outcome) = run_guarded(&cloud, goal, Arc::new(LostAfter(calls.into()))).await {
                let begun = cloud.operations() - before;
                assert!(begun <= calls, "{begun} after {calls} questions");
                assert!(outcome.failed.is_empty(), "what is kept back has not failed: {:?}", outcome.failed);
                cloud.set_faults([]);
                let has_hidden = cloud.suffered.lock().unwrap().iter().any(|fault| matches!(fault, Fault::Hidden { .. }));
                assert!(!writes_ids_at_once || has_hidden || converge(&cloud, goal, &BTreeMap::new()).await);
            }
        });
    }
}

#[test]
fn a_stopped_run_says_what_is_left_and_the_next_one_goes_on() {
    let env = dev();
    runtime().block_on(async {
        let sketches =
            [Sketch::new("vpc", &[]), Sketch::new("nat-gateway", &[0]), Sketch::new("bucket", &[1])];
        let wanted = desired(&env, &sketches);
        let cloud = alone(&env, wanted.clone());
        let before = survey(&cloud, &BTreeSet::new(), &OpenAttempts::default()).await.unwrap();
        let proposal = before.plan(&cloud, Goal::Converge, &Selection::default()).await.unwrap();
        let stop = CancellationToken::new();
        let options = ApplyOptions::new(8, stop.clone(), Arc::new(AlwaysAllow));
        let stopping = async {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(apply(&cloud, &proposal, &options, &Silent), stopping);
        let outcome = outcome.unwrap();
        assert!(outcome.interrupted);
        assert_eq!(outcome.done, [wanted[0].address.clone()]);
        let left: BTreeSet<&Address> = outcome.left.iter().collect();
        assert_eq!(left, [&wanted[1].address, &wanted[2].address].into());
        assert!(converge(&cloud, Goal::Converge, &BTreeMap::new()).await);
        assert_eq!(cloud.account.inventory(), once_each(&wanted));
    });
}

#[test]
fn a_replacement_that_was_not_begun_is_left_once() {
    let env = dev();
    runtime().block_on(async {
        let (made, other) = (Sketch::new("vpc", &[]), Sketch { shape: 1, ..Sketch::new("vpc", &[]) });
        let cloud = alone(&env, desired(&env, &[made]));
        assert!(converge(&cloud, Goal::Converge, &BTreeMap::new()).await);
        let wanted = desired(&env, &[other]);
        cloud.want(wanted.clone());
        let before = survey(&cloud, &BTreeSet::new(), &OpenAttempts::default()).await.unwrap();
        let proposal = before.plan(&cloud, Goal::Converge, &Selection::default()).await.unwrap();
        let stop = CancellationToken::new();
        stop.cancel();
        let options = ApplyOptions::new(8, stop, Arc::new(AlwaysAllow));
        let outcome = apply(&cloud, &proposal, &options, &Silent).await.unwrap();
        assert_eq!(outcome.left, [wanted[0].address.clone()]);
    });
}

#[test]
fn a_failure_stops_only_what_depends_on_it() {
    let env = dev();
    runtime().block_on(async {
        let wanted = desired(
            &env,
            &[
                Sketch::new("bucket", &[]),
                Sketch::new("vpc", &[0]),
                Sketch::new("vpc", &[]),
                Sketch::new("nat-gateway", &[2]),
            ],
        );
        let cloud = alone(&env, wanted.clone());
        cloud.refuse(wanted[0].address.clone());
        let Ran::Through(outcome) = run(&cloud, Goal::Converge).await else { panic!("it runs through") };
        assert_eq!(outcome.failed.iter().map(|step| &step.address).collect::<Vec<_>>(), [&wanted[0].address]);
        assert_eq!(
            outcome.skipped.iter().map(|step| &step.because).collect::<Vec<_>>(),
            [&wanted[0].address]
        );
        assert_eq!(outcome.done.len(), 2);
    });
}
