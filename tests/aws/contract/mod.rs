//! One contract for every kind of resource, driven through the library as the program
//! drives it: create → observe → the plan is empty → change → update → empty → delete → gone.
//!
//! [`cases::CASES`] says per kind how the spec changes it. A kind of the registry without a
//! case fails the test, and so does a case without a kind. `KIND=subnet cargo test --test aws
//! -- --include-ignored contract` tries one kind only.

mod cases;
mod moto;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billpay_aws::kinds::{AwsCloud, desire, kinds};
use billpay_aws::{Aws, Endpoint};
use billpay_engine::attempts::OpenAttempts;
use billpay_engine::cloud::Cloud;
use billpay_engine::engine::Proposal;
use billpay_engine::guard::AlwaysAllow;
use billpay_engine::plan::{Action, Goal, Plan, Selection, Snapshot, plan};
use billpay_engine::{ApplyOptions, apply};
use billpay_model::address::Address;
use billpay_model::caller::CallerIdentity;
use billpay_model::environment::Environment;
use billpay_model::event::{Event, Observer};
use billpay_model::resource::{Desired, Observed, Status, resolve};
use billpay_spec::directory::SpecDir;
use cases::{CASES, Case, Change};
use jiff::Zoned;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use billpay_testkit::selection::select;
use billpay_testkit::{Emulator, Sandbox, access_key};

/// Much longer than a kind takes on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn every_kind_keeps_the_contract_in_ministack() {
    let emulator = Emulator::ministack();
    let broken = run(|_| {
        let number = emulator.fresh_account();
        let (access_key, secret_key) = (access_key(&number), "test".to_string());
        let endpoint = Endpoint { url: emulator.url.clone(), access_key, secret_key };
        Account { number, endpoint, patience: PATIENCE }
    });
    for case in CASES {
        for (what, change) in [("updated", &case.update), ("replaced", &case.replace)] {
            if let Change::Never(why) = change {
                println!("{} is never {what}: {why}", case.kind);
            }
        }
    }
    assert!(broken.is_empty(), "{}", report(&broken));
}

#[test]
fn every_kind_has_a_case_in_the_contract() {
    let kinds: BTreeSet<&str> = billpay_aws::kinds::kinds().into_keys().collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|case| case.kind).collect();
    let missing: Vec<&&str> = kinds.difference(&cases).collect();
    assert!(missing.is_empty(), "say in tests/aws/contract/cases.rs how the spec changes {missing:?}");
    for case in CASES {
        assert!(kinds.contains(case.kind), "there is no kind `{}`", case.kind);
        let info = &billpay_aws::kinds::kinds()[case.kind];
        let replaces = !matches!(case.replace, Change::Never(_));
        assert!(!replaces || !info.immutable.is_empty(), "{}: nothing of it is immutable", case.kind);
    }
}

/// Breaches, by kind.
type Broken = BTreeMap<&'static str, Breach>;

/// Breach of the contract by a kind.
#[derive(Debug, Clone)]
struct Breach {
    stage: Stage,
    why: String,
}

/// Stage that a kind has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    Needs,
    Create,
    Tags,
    Update,
    Replace,
    Delete,
}

fn report(broken: &Broken) -> String {
    broken.iter().map(|(kind, breach)| format!("\n  {kind}: {:?}: {}", breach.stage, breach.why)).collect()
}

/// Puts kinds to the test, some at a time, each in an account of its own that `account` gives.
fn run(account: impl Fn(&Case) -> Account) -> Broken {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let few = Arc::new(Semaphore::new(4));
    let cases = selected_cases();
    runtime.expect("a runtime").block_on(async {
        let trials: Vec<_> = cases
            .into_iter()
            .map(|case| {
                let (few, account, log) = (few.clone(), account(case), Log::default());
                let trial = tokio::spawn({
                    let log = log.clone();
                    async move {
                        let _one = few.acquire().await.expect("a turn");
                        let trial = tokio::time::timeout(account.patience, Trial::run(case, &account, &log));
                        trial.await.unwrap_or_else(|_| panic!("not done in {:?}", account.patience));
                    }
                });
                (case.kind, trial, log)
            })
            .collect();
        let mut broken = Broken::new();
        for (kind, trial, log) in trials {
            if let Err(error) = trial.await {
                let panic = error.into_panic();
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
                let why = format!("{}\n    last: {}", text.unwrap_or_default(), log.end());
                broken.insert(kind, Breach { stage: log.stage(), why });
            }
        }
        broken
    })
}

/// Returns the cases that are tried: all, unless `KIND` names one kind.
fn selected_cases() -> Vec<&'static Case> {
    let kinds: Vec<&str> = CASES.iter().map(|case| case.kind).collect();
    let selected = select("KIND", &kinds, str::eq);
    CASES.iter().filter(|case| selected.contains(&case.kind)).collect()
}

/// An account that a kind is tried in.
struct Account {
    number: String,
    endpoint: Endpoint,
    /// Time after which all of it counts as stuck.
    patience: Duration,
}

/// One kind in one account.
struct Trial {
    case: &'static Case,
    aws: Aws,
    /// Kinds that the case needs. What it doesn't need is not looked at: an emulator may lack it.
    needed: BTreeSet<String>,
    env: Environment,
    log: Log,
}

impl Trial {
    async fn run(case: &'static Case, account: &Account, log: &Log) {
        let mut env = dev(account);
        (case.given)(&mut env);
        let aws = Aws::connect(&env.region, Some(&account.endpoint)).await;
        let needed: BTreeSet<String> =
            closure(case, &desire(&env)).iter().map(|address| address.kind().to_string()).collect();
        let mut trial = Trial { case, aws, needed, env, log: log.clone() };
        trial.prepare().await;
        log.reached(Stage::Create);
        trial.create().await;
        log.reached(Stage::Tags);
        trial.change_tags().await;
        log.reached(Stage::Update);
        trial.update().await;
        log.reached(Stage::Replace);
        trial.replace().await;
        log.reached(Stage::Delete);
        trial.delete().await;
    }

    fn cloud(&self) -> AwsCloud {
        AwsCloud::of(self.aws.clone(), self.env.clone(), |info| self.needed.contains(info.name))
    }

    /// Makes what the kind needs, and nothing of the kind itself.
    async fn prepare(&self) {
        self.apply("what it needs", &self.converge(false).await).await;
    }

    /// create → observe → the plan is empty
    async fn create(&self) {
        let plan = self.converge(true).await;
        self.only_ours_changes(&plan, Action::Create);
        self.apply("create", &plan).await;
        let wanted: BTreeSet<Address> = self.ours(self.wanted(true)).map(|want| want.address).collect();
        let found = self.found().await;
        let seen: BTreeSet<Address> = found.iter().map(|one| one.address.clone()).collect();
        assert_eq!(seen, wanted, "create: what is observed is what was made");
        assert_eq!(found.len(), wanted.len(), "create: each once");
        assert!(found.iter().all(|one| one.status == Status::Ready), "create: {found:#?}");
        for one in &found {
            let looked_for = self.find(&one.address).await;
            assert_eq!(looked_for.len(), 1, "create: {} is found alone, too", one.address);
            assert_eq!(looked_for[0].attrs, one.attrs, "create: {} alone and among all", one.address);
            assert_eq!(looked_for[0].outputs.get("id"), one.outputs.get("id"), "create: {}", one.address);
        }
        self.in_sync("create").await;
    }

    /// Tags change in place, whatever the kind.
    async fn change_tags(&mut self) {
        if !self.ours(self.wanted(true)).any(|want| want.attrs.get("tags").is_some()) {
            return;
        }
        let before = self.ids().await;
        self.env.tags.insert("contract".to_string(), "kept".to_string());
        self.env.tags.insert("owner".to_string(), "somebody else".to_string());
        let plan = self.converge(true).await;
        self.has(&plan, "tags", Action::Update);
        self.apply("tags", &plan).await;
        self.in_sync("tags").await;
        self.env.tags.remove("contract");
        self.apply("a tag less", &self.converge(true).await).await;
        self.in_sync("a tag less").await;
        assert_eq!(self.ids().await, before, "tags: nothing is made anew");
    }

    /// change → update → the plan is empty
    async fn update(&mut self) {
        match self.case.update {
            Change::Never(_) => return,
            Change::Spec(change) => change(&mut self.env),
            Change::ByHand(change) => self.by_hand(change).await,
        }
        let before = self.ids().await;
        let plan = self.converge(true).await;
        self.has(&plan, "update", Action::Update);
        let replaced = plan
            .0
            .changes
            .iter()
            .find(|change| self.is_ours(&change.address) && change.action == Action::Replace);
        assert!(replaced.is_none(), "update: {replaced:#?}");
        let updated: Vec<Address> = plan
            .0
            .changes
            .iter()
            .filter(|change| self.is_ours(&change.address) && change.action == Action::Update)
            .map(|change| change.address.clone())
            .collect();
        self.apply("update", &plan).await;
        self.in_sync("update").await;
        let after = self.ids().await;
        for address in updated {
            assert_eq!(after.get(&address), before.get(&address), "update: {address} is the same as before");
        }
    }

    /// Replaces what can't be changed in place; the plan says why.
    async fn replace(&mut self) {
        let Change::Spec(change) = self.case.replace else { return };
        change(&mut self.env);
        let plan = self.converge(true).await;
        self.has(&plan, "replace", Action::Replace);
        for change in plan.0.changes.iter().filter(|change| change.action == Action::Replace) {
            assert!(change.reason.is_some(), "replace: {} says why", change.address);
        }
        self.apply("replace", &plan).await;
        self.in_sync("replace").await;
        let wanted = self.ours(self.wanted(true)).count();
        assert_eq!(self.found().await.len(), wanted, "replace: the old ones are gone");
    }

    /// delete → gone, and nothing is left of the rest either
    async fn delete(&self) {
        let plan = self.converge(false).await;
        self.only_ours_changes(&plan, Action::Delete);
        self.apply("delete", &plan).await;
        let left = self.found().await;
        assert!(left.is_empty(), "delete: {left:#?}");
        for want in self.ours(self.wanted(true)) {
            assert!(self.find(&want.address).await.is_empty(), "delete: {} is still found", want.address);
        }
        let snapshot = self.observe().await;
        let everything = self.plan(Goal::Destroy, &self.wanted(false), &snapshot);
        self.apply("what it needed", &(everything, snapshot)).await;
        let left = self.observe().await;
        assert!(left.resources.is_empty(), "afterwards: {:#?}", left.resources);
    }

    fn is_ours(&self, address: &Address) -> bool {
        address.kind() == self.case.kind
    }

    fn ours(&self, desired: Vec<Desired>) -> impl Iterator<Item = Desired> {
        desired.into_iter().filter(|want| self.is_ours(&want.address))
    }

    /// The resources of the kind and all that they need; or only what they need.
    fn wanted(&self, itself: bool) -> Vec<Desired> {
        let all = self.cloud().desire();
        let closure = closure(self.case, &all);
        let keep =
            |want: &Desired| closure.contains(&want.address) && (itself || !self.is_ours(&want.address));
        let kept: Vec<Desired> = all.into_iter().filter(keep).collect();
        assert!(!itself || kept.iter().any(|want| self.is_ours(&want.address)), "dev wants none");
        kept
    }

    async fn observe(&self) -> Snapshot {
        let cloud = self.cloud();
        cloud.observe(&cloud.desire()).await.unwrap_or_else(|failures| panic!("observe: {failures:#?}"))
    }

    /// Everything of the kind that is there.
    async fn found(&self) -> Vec<Observed> {
        self.observe().await.resources.into_iter().filter(|one| self.is_ours(&one.address)).collect()
    }

    async fn ids(&self) -> BTreeMap<Address, String> {
        self.found().await.into_iter().map(|one| (one.address, one.id)).collect()
    }

    /// Finds the resources at one address, with references resolved, as a step does.
    async fn find(&self, address: &Address) -> Vec<Observed> {
        let snapshot = self.observe().await;
        let want = self.ours(self.cloud().desire()).find(|want| want.address == *address);
        let mut want = want.unwrap_or_else(|| panic!("nobody wants {address}"));
        want.attrs = resolve(&want.attrs, &|link, output| {
            let found = snapshot.resources.iter().find(|one| one.address == *link)?;
            found.outputs.get(output).cloned()
        });
        self.cloud().find(&want).await.unwrap_or_else(|failure| panic!("find {address}: {failure}"))
    }

    fn plan(&self, goal: Goal, desired: &[Desired], snapshot: &Snapshot) -> Plan {
        let everything = Selection::default();
        let made = plan(&self.env.environment, goal, &everything, desired, snapshot, &kinds());
        let plan = made.unwrap_or_else(|cycle| panic!("{cycle}"));
        assert!(plan.conflicts.is_empty(), "{:#?}", plan.conflicts);
        plan
    }

    /// The plan that leads to the kind being there, or to all but the kind being there.
    async fn converge(&self, itself: bool) -> (Plan, Snapshot) {
        let snapshot = self.observe().await;
        (self.plan(Goal::Converge, &self.wanted(itself), &snapshot), snapshot)
    }

    async fn apply(&self, step: &str, (plan, snapshot): &(Plan, Snapshot)) {
        self.log.say(step.to_string());
        let options = ApplyOptions::new(8, CancellationToken::new(), Arc::new(AlwaysAllow));
        let identity = CallerIdentity { account: self.env.account.clone(), arn: "contract".to_string() };
        let (plan, snapshot) = (plan.clone(), snapshot.clone());
        let proposal =
            Proposal { identity, snapshot, keep: BTreeSet::new(), open: OpenAttempts::default(), plan };
        let outcome = apply(&self.cloud(), &proposal, &options, &self.log).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{step}: {error}"));
        let failures: Vec<String> =
            outcome.failed.iter().map(|failed| format!("{}: {}", failed.address, failed.failure)).collect();
        assert!(outcome.is_complete(), "{step}: {failures:#?}");
    }

    async fn in_sync(&self, step: &str) {
        let (plan, _) = self.converge(true).await;
        let changes: Vec<_> = plan.changes.iter().filter(|change| change.action != Action::NoOp).collect();
        let shown: Vec<String> = changes
            .iter()
            .map(|change| {
                format!("{:?} {} {:?} {:?}", change.action, change.address, change.reason, change.fields)
            })
            .collect();
        assert!(plan.is_empty(), "{step}: the plan is not empty afterwards: {shown:#?}");
    }

    /// Changes the attributes of one resource as somebody with a console would.
    async fn by_hand(&self, change: fn(&mut serde_json::Value)) {
        let found = self.found().await.swap_remove(0);
        let mut attrs = found.attrs.clone();
        change(&mut attrs);
        assert_ne!(attrs, found.attrs, "the change by hand changes something");
        let other = Desired { address: found.address.clone(), attrs, after: BTreeSet::new() };
        let changed = self.cloud().update(&found, &other).await;
        changed.unwrap_or_else(|failure| panic!("by hand: {failure}"));
    }

    fn has(&self, (plan, _): &(Plan, Snapshot), step: &str, action: Action) {
        let ours = plan.changes.iter().filter(|change| self.is_ours(&change.address));
        let actions: Vec<String> =
            ours.clone().map(|change| format!("{:?} {}", change.action, change.address)).collect();
        assert!(ours.into_iter().any(|change| change.action == action), "{step}: the plan is {actions:#?}");
    }

    fn only_ours_changes(&self, (plan, _): &(Plan, Snapshot), action: Action) {
        for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
            let expected = change.action == action && self.is_ours(&change.address);
            assert!(
                expected,
                "{action:?}: the plan has {:?} {} {:?}",
                change.action, change.address, change.fields
            );
        }
        assert!(!plan.is_empty(), "{action:?}: the plan is empty");
    }
}

/// The addresses of the resources of a kind and of all that they need.
fn closure(case: &Case, all: &[Desired]) -> BTreeSet<Address> {
    let by_address: BTreeMap<&Address, &Desired> = all.iter().map(|want| (&want.address, want)).collect();
    let ours = all.iter().map(|want| &want.address).filter(|address| address.kind() == case.kind);
    let mut open: Vec<Address> = ours.cloned().collect();
    let mut closure = BTreeSet::new();
    while let Some(address) = open.pop() {
        if let Some(want) = by_address.get(&address)
            && closure.insert(address)
        {
            open.extend(want.needs());
        }
    }
    closure
}

/// The spec of dev, for an account.
fn dev(account: &Account) -> Environment {
    let sandbox = Sandbox::of_account(&account.endpoint.url, &account.number);
    let specs = SpecDir::open(sandbox.specs()).expect("specs");
    specs.load("dev", Zoned::now().date()).expect("the spec of dev").environment
}

/// Log of events, to tell where a kind got stuck.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<(Stage, Vec<String>)>>);

impl Log {
    fn reached(&self, stage: Stage) {
        self.0.lock().expect("the log").0 = stage;
    }

    fn stage(&self) -> Stage {
        self.0.lock().expect("the log").0
    }

    fn say(&self, text: String) {
        self.0.lock().expect("the log").1.push(text);
    }

    fn end(&self) -> String {
        let lines = &self.0.lock().expect("the log").1;
        lines[lines.len().saturating_sub(3)..].join("; ")
    }
}

impl Observer for Log {
    fn observe(&self, event: Event) {
        self.say(match event {
            Event::Started { address, action, .. } => format!("{action} {address} begun"),
            Event::Finished { address, action, .. } => format!("{action} {address} done"),
            Event::Retrying { address, why } => format!("{address}: {why}"),
            other => format!("{other:?}"),
        });
    }
}
