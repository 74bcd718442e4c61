//! A cloud in memory and in virtual time, which loses answers, throttles and takes its time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use billpay::domain::address::Address;
use billpay::domain::failure::{Failure, FailureClass};
use billpay::domain::kind::{KindInfo, Usual};
use billpay::domain::plan::{Goal, Kinds, Snapshot};
use billpay::domain::port::{Check, Create, Identity, Progress, Provider};
use billpay::domain::resource::{Desired, Observed, Outputs, Owner, Status};
use billpay::domain::spec::Environment;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// What goes wrong with one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused before anything was done.
    Throttled,
    /// Done, and the answer never came.
    Lost,
    /// Done, and the process that asked was killed.
    Killed,
}

#[derive(Debug, Clone)]
struct Thing {
    observed: Observed,
    ready_at: Instant,
    /// When it is gone, once it is being deleted.
    gone_at: Option<Instant>,
}

/// The cloud. What exists survives whoever asked for it.
pub struct Cloud {
    kinds: Kinds,
    desired: Mutex<Vec<Desired>>,
    things: Mutex<BTreeMap<String, Thing>>,
    changes: Mutex<usize>,
    faults: Mutex<BTreeMap<usize, Fault>>,
    refused: Mutex<Option<Address>>,
    /// Told when the process is to be killed.
    pub killed: Notify,
}

impl Cloud {
    pub fn new(desired: Vec<Desired>) -> Cloud {
        let kind = |name, immutable, create_first, seconds| KindInfo {
            name,
            component: "house",
            aws_type: "",
            immutable,
            gives_access: &[],
            stands_on: &["quick", "slow", "named"],
            create_first,
            usual: Usual { create: seconds, update: 1, delete: seconds },
        };
        let kinds = [
            kind("quick", &["shape"] as &[_], true, 1),
            kind("slow", &["shape"], true, 300),
            kind("named", &["shape"], false, 5),
        ];
        Cloud {
            kinds: kinds.into_iter().map(|kind| (kind.name, kind)).collect(),
            desired: Mutex::new(desired),
            things: Mutex::default(),
            changes: Mutex::default(),
            faults: Mutex::default(),
            refused: Mutex::default(),
            killed: Notify::new(),
        }
    }

    /// Changes what the spec wants.
    pub fn want(&self, desired: Vec<Desired>) {
        *self.desired.lock().unwrap() = desired;
    }

    /// Faults for the changes to come, by their number from now.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = (usize, Fault)>) {
        let now = *self.changes.lock().unwrap();
        *self.faults.lock().unwrap() =
            faults.into_iter().map(|(number, fault)| (now + number, fault)).collect();
    }

    /// Has every create at an address refused, as wrong.
    pub fn refuse(&self, address: Address) {
        *self.refused.lock().unwrap() = Some(address);
    }

    /// How many things there are at each address.
    pub fn inventory(&self) -> BTreeMap<Address, usize> {
        let mut count = BTreeMap::new();
        for thing in self.alive() {
            *count.entry(thing.address).or_default() += 1;
        }
        count
    }

    fn alive(&self) -> Vec<Observed> {
        let now = Instant::now();
        let things = self.things.lock().unwrap();
        let seen = things.values().filter(|thing| thing.gone_at.is_none_or(|gone| now < gone)).map(|thing| {
            let status = match thing.gone_at {
                Some(_) => Status::Deleting,
                None if now < thing.ready_at => Status::Pending,
                None => Status::Ready,
            };
            Observed { status, ..thing.observed.clone() }
        });
        seen.collect()
    }

    /// Does a change unless a fault says otherwise; a lost answer comes after the deed.
    async fn change<T>(&self, deed: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        sleep(Duration::from_millis(50)).await;
        let number = {
            let mut changes = self.changes.lock().unwrap();
            *changes += 1;
            *changes
        };
        let fault = self.faults.lock().unwrap().remove(&number);
        if fault == Some(Fault::Throttled) {
            return Err(Failure::new(FailureClass::Throttled, "cloud:Change", "slow down"));
        }
        let result = deed();
        match fault {
            Some(Fault::Lost) => Err(Failure::new(FailureClass::Ambiguous, "cloud:Change", "no answer")),
            Some(Fault::Killed) => {
                self.killed.notify_one();
                std::future::pending().await
            }
            _ => result,
        }
    }

    fn takes(&self, kind: &str) -> Duration {
        if kind == "slow" { Duration::from_secs(300) } else { Duration::ZERO }
    }
}

#[async_trait]
impl Provider for Cloud {
    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn desire(&self, _: &Environment) -> Vec<Desired> {
        self.desired.lock().unwrap().clone()
    }

    fn refuse(&self, _: &Environment, _: &Observed, _: &Desired) -> Option<String> {
        None
    }

    async fn identity(&self) -> Result<Identity, Failure> {
        Ok(Identity { account: "123456789012".into(), arn: "me".into() })
    }

    async fn observe(&self, _: &Environment, _: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        sleep(Duration::from_millis(50)).await;
        Ok(Snapshot { resources: self.alive() })
    }

    async fn find(&self, _: &Environment, desired: &Desired) -> Result<Vec<Observed>, Failure> {
        sleep(Duration::from_millis(50)).await;
        Ok(self.alive().into_iter().filter(|found| found.address == desired.address).collect())
    }

    async fn create(&self, _: &Environment, create: &Create) -> Result<Observed, Failure> {
        let desired = &create.desired;
        let kind = desired.address.kind();
        if self.refused.lock().unwrap().as_ref() == Some(&desired.address) {
            return Err(Failure::new(FailureClass::Invalid, "cloud:Create", "not like this"));
        }
        self.change(|| {
            let mut things = self.things.lock().unwrap();
            let id = match kind {
                "named" => desired.address.to_string(),
                _ => format!("{}#{}", desired.address, things.len()),
            };
            let now = Instant::now();
            if things.get(&id).is_some_and(|thing| thing.gone_at.is_none_or(|gone| now < gone)) {
                return Err(Failure::new(FailureClass::Exists, "cloud:Create", "taken"));
            }
            let takes = self.takes(kind);
            let observed = Observed {
                address: desired.address.clone(),
                id: id.clone(),
                attrs: desired.attrs.clone(),
                outputs: Outputs::from([("id".to_string(), id.clone())]),
                status: if takes.is_zero() { Status::Ready } else { Status::Pending },
                owner: Owner::Ours,
                generation: create.generation,
            };
            things.insert(id, Thing { observed: observed.clone(), ready_at: now + takes, gone_at: None });
            Ok(observed)
        })
        .await
    }

    async fn update(&self, _: &Environment, found: &Observed, wanted: &Desired) -> Result<Progress, Failure> {
        self.change(|| {
            let mut things = self.things.lock().unwrap();
            let thing = things.get_mut(&found.id).filter(|thing| thing.gone_at.is_none());
            let missing = || Failure::new(FailureClass::NotFound, "cloud:Update", "not there");
            thing.ok_or_else(missing)?.observed.attrs = wanted.attrs.clone();
            Ok(Progress::Done)
        })
        .await
    }

    async fn delete(&self, _: &Environment, found: &Observed, _: Goal) -> Result<Progress, Failure> {
        // What has a name of its own can go from under others, as an IAM role can.
        let others = if found.address.kind() == "named" { vec![] } else { self.alive() };
        if others.iter().any(|other| other.id != found.id && other.mentions(found)) {
            return Err(Failure::new(FailureClass::InUse, "cloud:Delete", "something stands on it"));
        }
        let takes = self.takes(found.address.kind());
        self.change(|| {
            let mut things = self.things.lock().unwrap();
            if let Some(thing) = things.get_mut(&found.id) {
                thing.gone_at.get_or_insert(Instant::now() + takes);
            }
            Ok(if takes.is_zero() { Progress::Done } else { Progress::Underway })
        })
        .await
    }

    async fn diagnose(&self, _: &Environment) -> Vec<Check> {
        vec![]
    }
}
