//! Every changing call of making, changing and destroying dev, disturbed in every way: one more run puts it right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use billpay_engine::attempts::OpenAttempts;
use billpay_engine::guard::AlwaysAllow;
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Goal, Kinds, Plan, Selection};
use billpay_engine::{ApplyOptions, apply, survey};
use billpay_model::address::Address;
use billpay_model::environment::{Environment, Nat};
use billpay_model::event::Silent;
use billpay_model::resource::Observed;
use billpay_testkit::selection::number;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::rules::{CallFault, RuleCloud};

const FAULTS: [CallFault; 5] = [
    CallFault::KilledBefore,
    CallFault::KilledAfter,
    CallFault::Lost,
    CallFault::Throttled,
    CallFault::Error,
];

/// A phase in the life of an environment.
struct Phase {
    name: &'static str,
    env: Environment,
    goal: Goal,
    /// Resources at its begin.
    before: Vec<Observed>,
}

async fn plan(cloud: &RuleCloud<'_>, goal: Goal) -> Plan {
    let survey = survey(cloud, &BTreeSet::new(), &OpenAttempts::default()).await.expect("it can be read");
    survey.plan(cloud, goal, &Selection::default()).await.expect("a plan").plan
}

/// Runs once. Returns whether it came to its end, and was not killed.
async fn run(cloud: &RuleCloud<'_>, goal: Goal, what: &str) -> bool {
    let work = async {
        let survey = survey(cloud, &BTreeSet::new(), &OpenAttempts::default()).await.expect("it can be read");
        let proposal = survey.plan(cloud, goal, &Selection::default()).await.expect("a plan");
        assert!(proposal.plan.conflicts.is_empty(), "{:#?}", proposal.plan.conflicts);
        let options = ApplyOptions {
            permit: Permit::confirmed(&cloud.env, &cloud.env.environment),
            ..ApplyOptions::new(8, CancellationToken::new(), Arc::new(AlwaysAllow))
        };
        let outcome = apply(cloud, &proposal, &options, &Silent).await.expect("it begins");
        let failed: Vec<String> =
            outcome.failed.iter().map(|step| format!("{}: {}", step.address, step.failure)).collect();
        assert!(outcome.is_complete(), "{what}: {failed:#?}");
    };
    tokio::select! {
        () = work => true,
        () = cloud.killed.notified() => false,
    }
}

impl Phase {
    fn cloud<'a>(&self, kinds: &'a Kinds) -> RuleCloud<'a> {
        // Ids that nothing has yet.
        RuleCloud::new(&self.env, kinds, self.before.clone(), vec![], 7, 1000 * (1 + self.before.len()))
    }

    /// Goes through the phase undisturbed. Returns the number of calls, and what is there afterwards.
    async fn undisturbed(&self, kinds: &Kinds) -> (usize, Vec<Observed>) {
        let cloud = self.cloud(kinds);
        assert!(run(&cloud, self.goal, self.name).await);
        (cloud.calls.load(Ordering::Relaxed), cloud.resources())
    }

    /// Goes through the phase with a fault, and once more where that killed it.
    async fn disturbed(&self, kinds: &Kinds, nth: usize, fault: CallFault, end: &[Observed]) {
        let what = format!("{} with {fault:?} at call {nth}", self.name);
        let cloud = self.cloud(kinds);
        *cloud.fault.lock().unwrap() = Some((nth, fault));
        let is_killed = matches!(fault, CallFault::KilledBefore | CallFault::KilledAfter);
        assert_eq!(run(&cloud, self.goal, &what).await, !is_killed, "{what}");
        assert!(cloud.fault.lock().unwrap().is_none(), "{what}: there was no such call");
        if is_killed {
            assert!(run(&cloud, self.goal, &what).await, "{what}");
        }
        assert_eq!(without_ids(&cloud.resources()), without_ids(end), "{what}");
        assert!(plan(&cloud, self.goal).await.is_empty(), "{what}: still to do");
    }
}

/// The attributes of everything that is there, by addresses; ids that AWS makes up differ from run to run.
fn without_ids(resources: &[Observed]) -> BTreeMap<Address, Vec<Value>> {
    let ids: BTreeMap<&str, &Address> = resources
        .iter()
        .flat_map(|found| found.outputs.values().map(move |output| (output.as_str(), &found.address)))
        .collect();
    fn replace(value: &Value, ids: &BTreeMap<&str, &Address>) -> Value {
        match value {
            Value::String(text) => match ids.get(text.as_str()) {
                Some(address) => Value::String(format!("an output of {address}")),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| replace(item, ids)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, field)| (name.clone(), replace(field, ids))).collect()
            }
            other => other.clone(),
        }
    }
    let mut found: BTreeMap<Address, Vec<Value>> = BTreeMap::new();
    for resource in resources {
        found.entry(resource.address.clone()).or_default().push(replace(&resource.attrs, &ids));
    }
    found
}

/// The spec of dev after somebody worked on it: things come, go and change.
fn changed(env: &Environment) -> Environment {
    let mut env = env.clone();
    env.network.nat = Nat::PerZone;
    env.frontends.remove("admin");
    if let Some(service) = env.services.get("user-service").cloned() {
        env.services.insert("ledger".to_string(), service);
    }
    env.services.remove("admin-service");
    for nodes in env.cluster.nodes.values_mut() {
        nodes.max += 1;
    }
    env.registry.keep_images += 1;
    env
}

/// Every call in CI, or with `STRIDE=1`; elsewhere every seventh.
#[test]
fn one_more_run_puts_right_what_any_fault_at_any_call_left() {
    let kinds = &billpay_aws::kinds::kinds();
    let dev = crate::dev();
    let (mut phases, mut work) = (vec![], vec![]);
    crate::runtime().block_on(async {
        let steps = [
            ("provision", dev.clone(), Goal::Converge),
            ("update", changed(&dev), Goal::Converge),
            ("destroy", changed(&dev), Goal::Destroy),
        ];
        let mut before = vec![];
        for (name, env, goal) in steps {
            let phase = Phase { name, env, goal, before };
            let (calls, end) = phase.undisturbed(kinds).await;
            println!("{calls:>6} changing calls to {name}");
            before = end.clone();
            phases.push((phase, calls, end));
        }
    });
    let default = if std::env::var_os("CI").is_some() { 1 } else { 7 };
    let stride = number("STRIDE", 1).unwrap_or(default) as usize;
    for (index, (_, calls, _)) in phases.iter().enumerate() {
        for nth in (1..=*calls).step_by(stride) {
            work.extend(FAULTS.map(|fault| (index, nth, fault)));
        }
    }
    println!("{:>6} faults, at every call of {stride}; STRIDE=1 tries all", work.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let runtime = crate::runtime();
                while let Some(&(index, nth, fault)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (phase, _, end) = &phases[index];
                    runtime.block_on(phase.disturbed(kinds, nth, fault, end));
                }
            });
        }
    });
}
