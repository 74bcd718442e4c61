//! One contract for every kind of resource, driven through the library as the program
//! drives it: create → observe → the plan is empty → change → update → empty → delete → gone.
//!
//! [`cases::CASES`] says per kind how the spec changes it. A kind of the registry without a
//! case fails the test, and so does a case without a kind.

mod cases;
mod moto;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use billpay::adapter::aws::{Aws, Endpoint};
use billpay::app::App;
use billpay::domain::address::Address;
use billpay::domain::plan::{Action, Goal, Plan, Selection, Snapshot, plan};
use billpay::domain::port::{Event, Provider, Reporter};
use billpay::domain::resource::{Desired, Observed, Status, resolve};
use billpay::domain::spec::Environment;
use billpay::kinds::aws::AwsProvider;
use billpay::ops::{Applied, apply};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::support::{Emulator, Sandbox};
use cases::{CASES, Case, Change};

#[test]
#[ignore = "needs the emulators: cargo test -- --include-ignored"]
fn every_kind_keeps_the_contract_in_ministack() {
    let emulator = Emulator::ministack();
    let broken = run(CASES.iter().collect(), |_| {
        let account = emulator.fresh_account();
        let (access_key, secret_key) = (account.clone(), "test".to_string());
        (account, Endpoint { url: emulator.url.clone(), access_key, secret_key })
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
    let kinds: BTreeSet<&str> = billpay::kinds::aws::kinds().into_keys().collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|case| case.kind).collect();
    let missing: Vec<&&str> = kinds.difference(&cases).collect();
    assert!(missing.is_empty(), "say in tests/aws/contract/cases.rs how the spec changes {missing:?}");
    for case in CASES {
        assert!(kinds.contains(case.kind), "there is no kind `{}`", case.kind);
        let info = &billpay::kinds::aws::kinds()[case.kind];
        let replaces = !matches!(case.replace, Change::Never(_));
        assert!(!replaces || !info.immutable.is_empty(), "{}: nothing of it is immutable", case.kind);
    }
}

/// What went wrong, by kind.
type Broken = BTreeMap<&'static str, String>;

fn report(broken: &Broken) -> String {
    broken.iter().map(|(kind, why)| format!("\n  {kind}: {why}")).collect()
}

/// Puts kinds to the test, some at a time, each in an account of its own that `account` gives.
fn run(cases: Vec<&'static Case>, account: impl Fn(&str) -> (String, Endpoint)) -> Broken {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let few = Arc::new(Semaphore::new(4));
    runtime.expect("a runtime").block_on(async {
        let checks: Vec<_> = cases
            .into_iter()
            .map(|case| {
                let (few, (account, endpoint)) = (few.clone(), account(case.kind));
                let check = async move {
                    let _one = few.acquire().await.expect("a turn");
                    let check =
                        tokio::time::timeout(case.patience, Trial::run(case, &account, &endpoint)).await;
                    check.unwrap_or_else(|_| panic!("it took longer than {:?}", case.patience));
                };
                (case.kind, tokio::spawn(check))
            })
            .collect();
        let mut broken = Broken::new();
        for (kind, check) in checks {
            if let Err(error) = check.await {
                let panic = error.into_panic();
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
                broken.insert(kind, text.unwrap_or_default());
            }
        }
        broken
    })
}

/// One kind in one account.
struct Trial {
    case: &'static Case,
    provider: AwsProvider,
    env: Environment,
}

impl Trial {
    async fn run(case: &'static Case, account: &str, endpoint: &Endpoint) {
        let mut env = dev(account, endpoint);
        (case.given)(&mut env);
        let provider = AwsProvider::new(Aws::connect(&env.region, Some(endpoint)).await);
        let mut trial = Trial { case, provider, env };
        trial.prepare().await;
        trial.create().await;
        trial.change_tags().await;
        trial.update().await;
        trial.replace().await;
        trial.delete().await;
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

    /// What can't be changed in place is replaced, and the plan says why.
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
        let all = self.provider.desire(&self.env);
        let by_address: BTreeMap<&Address, &Desired> = all.iter().map(|want| (&want.address, want)).collect();
        let mut open: Vec<&Address> =
            all.iter().map(|want| &want.address).filter(|address| self.is_ours(address)).collect();
        let mut closure = BTreeSet::new();
        while let Some(address) = open.pop() {
            if closure.insert(address) {
                let needs = by_address[address].needs();
                open.extend(
                    needs.iter().filter_map(|need| by_address.get_key_value(need)).map(|(need, _)| *need),
                );
            }
        }
        let keep =
            |want: &&Desired| closure.contains(&want.address) && (itself || !self.is_ours(&want.address));
        let kept: Vec<Desired> = all.iter().filter(keep).cloned().collect();
        assert!(!itself || kept.iter().any(|want| self.is_ours(&want.address)), "dev wants none");
        kept
    }

    async fn observe(&self) -> Snapshot {
        let all = self.provider.desire(&self.env);
        self.provider
            .observe(&self.env, &all)
            .await
            .unwrap_or_else(|failures| panic!("observe: {failures:#?}"))
    }

    /// Everything of the kind that is there.
    async fn found(&self) -> Vec<Observed> {
        self.observe().await.resources.into_iter().filter(|one| self.is_ours(&one.address)).collect()
    }

    async fn ids(&self) -> BTreeMap<Address, String> {
        self.found().await.into_iter().map(|one| (one.address, one.id)).collect()
    }

    /// What is there at one address, asked for with references resolved, as a step does.
    async fn find(&self, address: &Address) -> Vec<Observed> {
        let snapshot = self.observe().await;
        let want = self.ours(self.provider.desire(&self.env)).find(|want| want.address == *address);
        let mut want = want.unwrap_or_else(|| panic!("nobody wants {address}"));
        want.attrs = resolve(&want.attrs, &|link, output| {
            let found = snapshot.resources.iter().find(|one| one.address == *link)?;
            found.outputs.get(output).cloned()
        });
        self.provider
            .find(&self.env, &want)
            .await
            .unwrap_or_else(|failure| panic!("find {address}: {failure}"))
    }

    fn plan(&self, goal: Goal, desired: &[Desired], snapshot: &Snapshot) -> Plan {
        let everything = Selection::default();
        let made = plan(&self.env.environment, goal, &everything, desired, snapshot, self.provider.kinds());
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
        let options = Applied { parallelism: 8, stop: CancellationToken::new() };
        let outcome = apply(&self.provider, &self.env, plan, snapshot, &options, &Silent).await;
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
        let changed = self.provider.update(&self.env, &found, &other).await;
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

/// The spec of dev, for an account.
fn dev(account: &str, endpoint: &Endpoint) -> Environment {
    let sandbox = Sandbox::of_account(&endpoint.url, account);
    App::new(Some(sandbox.specs()), false).load("dev").expect("the spec of dev").environment
}

struct Silent;

impl Reporter for Silent {
    fn report(&self, _: Event) {}
}
