//! Random histories of two projects with two environments each, in two regions of one account.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use billpay_engine::plan::Goal;
use billpay_model::environment::Environment;
use billpay_testkit::selection::number;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::cloud::Fault;
use crate::kinds::{GLOBAL, KINDS};
use crate::people::{self, act, acts, plant_version_0_1};
use crate::spec::{Sketch, sketches};
use crate::world::{Counts, Home, Trouble, World, is_own};

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

#[derive(Debug, Clone)]
enum Step {
    Provision {
        who: usize,
        spec: Option<Vec<Sketch>>,
        protected: Option<bool>,
        trouble: Trouble,
    },
    Destroy {
        who: usize,
        trouble: Trouble,
    },
    Together {
        who: usize,
        other: usize,
    },
    /// The spec names the other region.
    Move {
        who: usize,
    },
    /// Version 0.1 makes an environment where there is none.
    Old {
        who: usize,
        spec: Vec<Sketch>,
    },
    Person {
        who: usize,
        act: people::Act,
    },
}

#[derive(Debug, Clone)]
struct History {
    /// The regions of the four environments, by number.
    regions: Vec<usize>,
    /// Set where both projects call their clusters the same.
    is_same_cluster: bool,
    first: Vec<Sketch>,
    steps: Vec<Step>,
}

/// Some resources of all kinds. One is a role: an environment that has nothing global doesn't show
/// in which region it lives, and no environment of a real spec is like that.
fn specs() -> impl Strategy<Value = Vec<Sketch>> {
    let kind = (0..KINDS.len() + 3).prop_map(|number| KINDS.get(number).map_or("vpc", |kind| kind.0));
    sketches(kind, 6).prop_map(|mut sketches| {
        sketches.push(Sketch::new("role", &[]));
        sketches
    })
}

fn troubles() -> impl Strategy<Value = Trouble> {
    let fault = prop_oneof![
        2 => Just(Fault::Throttled),
        2 => Just(Fault::Lost),
        // The engine looks for some 2.5 seconds before it makes another one.
        2 => Just(Fault::Hidden { milliseconds: 2_700 }),
        2 => Just(Fault::Hidden { milliseconds: 5_000 }),
        3 => Just(Fault::Killed),
    ];
    let faults = prop_oneof![
        2 => Just(BTreeMap::new()),
        1 => proptest::collection::btree_map(1usize..12, fault, 1..5),
    ];
    let keeps = proptest::option::weighted(0.7, any::<usize>());
    (faults, any::<bool>(), any::<bool>(), keeps).prop_map(|(faults, is_hasty, confirms, keeps)| Trouble {
        faults,
        is_hasty,
        confirms,
        keeps,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    // One environment has most of it, so that things meet.
    let who = || prop_oneof![5 => Just(0usize), 1 => Just(1), 2 => Just(2), 1 => Just(3)];
    let protected = prop_oneof![5 => Just(None), 1 => any::<bool>().prop_map(Some)];
    prop_oneof![
        8 => (who(), proptest::option::weighted(0.5, specs()), protected, troubles()).prop_map(
            |(who, spec, protected, trouble)| Step::Provision { who, spec, protected, trouble }
        ),
        2 => (who(), troubles()).prop_map(|(who, trouble)| Step::Destroy { who, trouble }),
        1 => (0usize..2, 2usize..4).prop_map(|(who, other)| Step::Together { who, other }),
        1 => who().prop_map(|who| Step::Move { who }),
        1 => (who(), specs()).prop_map(|(who, spec)| Step::Old { who, spec }),
        9 => (who(), acts()).prop_map(|(who, act)| Step::Person { who, act }),
    ]
}

fn histories() -> impl Strategy<Value = History> {
    let regions = proptest::collection::vec(prop_oneof![3 => Just(0usize), 1 => Just(1)], 4);
    (regions, any::<bool>(), specs(), proptest::collection::vec(steps(), 2..10)).prop_map(
        |(regions, is_same_cluster, first, steps)| History { regions, is_same_cluster, first, steps },
    )
}

/// The two projects' environments, `acme` having the longer name of the other for a beginning.
fn homes(history: &History, base: &Environment) -> Vec<Home> {
    let names = [("acme", "dev"), ("acme", "qa"), ("acme-two", "dev"), ("acme-two", "qa")];
    let home = |(index, (project, environment)): (usize, (&str, &str))| {
        let mut env = base.clone();
        (env.project, env.environment) = (project.to_string(), environment.to_string());
        env.region = REGIONS[history.regions[index]].to_string();
        env.protected = false;
        env.cluster.name = if history.is_same_cluster { "shared" } else { project }.to_string();
        Home { env, sketches: history.first.clone() }
    };
    names.into_iter().enumerate().map(home).collect()
}

async fn live(history: &History, base: &Environment, counts: &Counts) {
    let mut world = World::new(homes(history, base), counts);
    let calm = Trouble { faults: BTreeMap::new(), is_hasty: false, confirms: false, keeps: None };
    world.work(0, Goal::Converge, &calm).await;
    for step in &history.steps {
        match step {
            Step::Provision { who, spec, protected, trouble } => {
                let home = &mut world.homes[*who];
                home.sketches.clone_from(spec.as_ref().unwrap_or(&home.sketches.clone()));
                home.env.protected = protected.unwrap_or(home.env.protected);
                world.work(*who, Goal::Converge, trouble).await;
            }
            Step::Destroy { who, trouble } => {
                if world.work(*who, Goal::Destroy, trouble).await {
                    world.work(*who, Goal::Destroy, &calm).await;
                }
            }
            Step::Together { who, other } => world.work_together(*who, *other).await,
            Step::Move { who } => {
                move_away(&mut world, *who, &calm).await;
            }
            Step::Old { who, spec } => {
                let home = &mut world.homes[*who];
                let is_there =
                    |env: &Environment| world.account.alive().iter().any(|thing| is_own(&thing.origin, env));
                if !is_there(&home.env) {
                    home.sketches.clone_from(spec);
                    plant_version_0_1(&world.account, &home.env, spec);
                    counts.add("environments of version 0.1", 1);
                    if world.work(*who, Goal::Converge, &calm).await {
                        counts.add("environments of version 0.1 taken over at once", 1);
                    }
                }
            }
            Step::Person { who, act: done } => {
                let home = &world.homes[*who];
                let done = act(&world.account, done, &home.env, &home.sketches, REGIONS);
                counts.add(format!("people {}", done.unwrap_or("found nothing to do it to")), 1);
            }
        }
    }
}

/// Changes the region of a spec and provisions: refused as long as anything of the environment
/// stands in the old one.
async fn move_away(world: &mut World<'_>, who: usize, calm: &Trouble) {
    let old = world.homes[who].env.clone();
    let alive = world.account.alive();
    let mut own = alive.iter().filter(|thing| is_own(&thing.origin, &old)).peekable();
    let is_there = own.peek().is_some();
    // Excluded: an environment of which nothing global is left doesn't show where it lives. Its
    // things in the old region stay as they are, and a second one arises.
    let shows = own.any(|thing| thing.region == GLOBAL && thing.address().is_some());
    if is_there && !shows {
        world.counts.add("excluded: nothing global shows the region", 1);
        return;
    }
    let region = if old.region == REGIONS[0] { REGIONS[1] } else { REGIONS[0] };
    world.homes[who].env.region = region.to_string();
    let went = world.work(who, Goal::Converge, calm).await;
    if is_there {
        assert!(!went, "it lives in {} and was provisioned in {region}", old.region);
        world.homes[who].env = old;
    } else {
        world.counts.add("environments moved to another region", 1);
    }
}

/// Every situation that a thousand histories have to come to.
const SITUATIONS: &[&str] = &[
    "answers: handed over",
    "answers: one of several kept",
    "answers: tags taken off",
    "conflict: no region",
    "conflict: not ours",
    "conflict: several",
    "conflict: unproven",
    "deletes",
    "destroys that came to an end",
    "environments moved to another region",
    "environments of version 0.1 taken over at once",
    "excluded: lone indistinguishable copy",
    "fault hidden",
    "fault killed",
    "fault lost",
    "fault throttled",
    "people changed a Name",
    "people copied all tags",
    "people copied all tags but the id",
    "people copied all tags into another region",
    "people copied default tags",
    "people copied tags onto another kind",
    "people copied tags without the region",
    "people copied the two old tags",
    "people deleted one of ours",
    "people gave one of ours away",
    "people protected something",
    "people took a name",
    "people took some tags off one of ours",
    "permits given",
    "provisions that converged",
    "refused: conflicts",
    "refused: lives elsewhere",
    "refused: protected",
    "releases",
    "runs at the same time",
    "runs of protected environments",
    "second ones of earlier runs that were deleted",
    "second ones that a run deleted itself",
    "second ones that a run left and reported",
    "strangers",
    "stood in the way: something foreign stands on ours",
];

/// Histories are dealt out to this many generators, each with a seed of its own.
const SHARDS: u8 = 8;

/// Lives through one share of the histories. Returns why one of them failed.
fn share<S: Strategy>(
    shard: u8,
    cases: u32,
    histories: &S,
    counts: &Counts,
    live: impl Fn(S::Value, &Counts),
) -> Option<String> {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[shard; 32]);
    let ended = TestRunner::new_with_rng(config, rng).run(histories, |history| {
        counts.add("histories", 1);
        live(history, counts);
        Ok(())
    });
    ended.err().map(|error| error.to_string())
}

/// Lives through as many histories as `HISTORIES` says; without it 1,000 in CI, where they have to come to every one
/// of the situations, and 200 elsewhere. The same number is the same histories.
pub fn in_shards<S: Strategy>(
    histories: impl Fn() -> S + Sync,
    situations: &[&str],
    live: impl Fn(S::Value, &Counts) + Sync,
) {
    let default = if std::env::var_os("CI").is_some() { 1_000 } else { 200 };
    let count = number("HISTORIES", u64::from(SHARDS)).unwrap_or(default);
    let cases = u32::try_from(count).expect("fewer histories");
    let (live, histories, next, all) =
        (&live, &histories, &AtomicU8::new(0), &Mutex::new((Counts::default(), None)));
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(move || {
                loop {
                    let shard = next.fetch_add(1, Ordering::Relaxed);
                    if shard >= SHARDS {
                        break;
                    }
                    let counts = Counts::default();
                    let failure = share(shard, cases / u32::from(SHARDS), &histories(), &counts, live);
                    let mut all = all.lock().unwrap();
                    all.0.merge(&counts);
                    all.1 = all.1.take().or(failure);
                }
            });
        }
    });
    let (counts, failure) = &*all.lock().unwrap();
    println!("{}{:>8.1}  seconds", counts.report(), begun.elapsed().as_secs_f64());
    assert!(failure.is_none(), "{}", failure.as_deref().unwrap_or_default());
    for situation in situations.iter().filter(|_| cases >= 1_000) {
        assert!(counts.get(situation) > 0, "no history came to this: {situation}");
    }
}

#[test]
fn what_is_not_ours_stays_as_it_is() {
    let mut base = crate::dev();
    // Cloned often, and not what these resources come from.
    (base.services, base.frontends, base.secrets) = Default::default();
    in_shards(histories, SITUATIONS, |history, counts| {
        crate::runtime().block_on(live(&history, &base, counts));
    });
}
