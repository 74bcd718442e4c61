//! A cloud in memory that has AWS's own kinds and keeps to the rules of the rehearsal's model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use billpay_aws::kinds;
use billpay_engine::cloud::{Cloud, Create, Inspection, Progress};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Attachment, Goal, Kinds, Model, Plan, Snapshot};
use billpay_model::address::Address;
use billpay_model::caller::CallerIdentity;
use billpay_model::check::Check;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Desired, Evidence, Observed, Outputs, Owner, Tags, for_each_link};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Fault of one changing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFault {
    /// The process is killed before the call is sent.
    KilledBefore,
    /// The call is carried out, and the process is killed.
    KilledAfter,
    /// The call is carried out, and the answer never comes.
    Lost,
    /// The call is refused for now.
    Throttled,
    /// The service fails before anything is done.
    Error,
}

/// AWS's own kinds over a model of its rules. Nothing goes wrong in it but what the rules forbid, and one fault.
pub struct RuleCloud<'a> {
    pub env: Environment,
    pub kinds: &'a Kinds,
    model: Mutex<Model<'a>>,
    pub attachments: Vec<Attachment>,
    pub serial: AtomicUsize,
    /// The outputs that the spec refers to.
    referred: Mutex<BTreeMap<Address, BTreeSet<String>>>,
    /// Order of the work: how long calls take is derived from it.
    pub seed: AtomicU32,
    /// The changes that the rules forbade.
    pub forbidden: AtomicUsize,
    /// Changing calls that were begun.
    pub calls: AtomicUsize,
    /// The fault, and the number of the call that it befalls, from 1.
    pub fault: Mutex<Option<(usize, CallFault)>>,
    /// Told when the process is to be killed.
    pub killed: Notify,
}

impl<'a> RuleCloud<'a> {
    pub fn new(
        env: &Environment,
        kinds: &'a Kinds,
        resources: Vec<Observed>,
        attachments: Vec<Attachment>,
        seed: u32,
        serial: usize,
    ) -> RuleCloud<'a> {
        let model = Mutex::new(Model::new(kinds, resources, &attachments));
        let (seed, serial) = (AtomicU32::new(seed), AtomicUsize::new(serial));
        RuleCloud {
            env: env.clone(),
            kinds,
            model,
            attachments,
            serial,
            seed,
            referred: Mutex::default(),
            forbidden: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            fault: Mutex::default(),
            killed: Notify::new(),
        }
    }

    /// Carries out a call unless the fault says otherwise.
    async fn call<T>(&self, deed: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        self.pause().await;
        let this = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let fault = self.fault.lock().unwrap().take_if(|(nth, _)| *nth == this);
        let fail = |class: FailureClass| Err(Failure::new(class, "cloud:Change", "a fault"));
        match fault.map(|(_, fault)| fault) {
            None => deed(),
            Some(CallFault::Throttled) => fail(FailureClass::Throttled),
            Some(CallFault::Error) => fail(FailureClass::Ambiguous),
            Some(CallFault::Lost) => deed().and_then(|_| fail(FailureClass::Ambiguous)),
            Some(fault) => {
                if fault == CallFault::KilledAfter {
                    let _ = deed();
                }
                self.killed.notify_one();
                std::future::pending().await
            }
        }
    }

    /// The same account for a run that must not change this one.
    pub fn copy(&self) -> RuleCloud<'a> {
        let (seed, serial) = (self.seed.load(Ordering::Relaxed), self.serial.load(Ordering::Relaxed));
        RuleCloud::new(&self.env, self.kinds, self.resources(), self.attachments.clone(), seed, serial)
    }

    pub fn resources(&self) -> Vec<Observed> {
        self.model.lock().unwrap().resources().cloned().collect()
    }

    async fn pause(&self) {
        let seed = self.seed.fetch_add(0x9e37_79b9, Ordering::Relaxed);
        sleep(Duration::from_millis(u64::from(seed.wrapping_mul(0x85eb_ca6b) >> 20))).await;
    }

    fn forbid(&self, call: &str) -> Failure {
        self.forbidden.fetch_add(1, Ordering::Relaxed);
        Failure::new(FailureClass::InUse, call, "the rules forbid it")
    }
}

/// The outputs of a resource that something may refer to.
fn outputs(env: &Environment, address: &Address, id: &str, wanted: &BTreeSet<String>) -> Outputs {
    let mut outputs: Outputs =
        wanted.iter().map(|output| (output.clone(), format!("{id}.{output}"))).collect();
    outputs.insert("id".to_string(), id.to_string());
    match address.kind() {
        "role" => drop(outputs.insert("arn".to_string(), names::role_arn(env, id))),
        "policy" => drop(outputs.insert("arn".to_string(), names::policy_arn(env, id))),
        _ => {}
    }
    outputs
}

#[async_trait]
impl Cloud for RuleCloud<'_> {
    fn environment(&self) -> &Environment {
        &self.env
    }

    fn kinds(&self) -> &Kinds {
        self.kinds
    }

    /// Policies are left out: they are long, and no rule of the model is about them.
    fn desire(&self) -> Vec<Desired> {
        let mut desired = kinds::desire(&self.env);
        for want in &mut desired {
            let attrs = want.attrs.as_object_mut().expect("attributes");
            attrs.retain(|name, _| !["document", "inline", "tags", "trust"].contains(&name.as_str()));
        }
        desired
    }

    fn adapt(&self, wanted: &Desired, found: &Observed) -> Desired {
        kinds::adapt(wanted, found)
    }

    fn refuse(&self, _: &Observed, _: &Desired) -> Option<String> {
        None
    }

    fn run_id(&self) -> &str {
        "run"
    }

    fn is_own_attempt(&self, _: &str) -> bool {
        false
    }

    fn tag_commands(&self, _: &Observed, _: &Tags) -> Vec<String> {
        vec![]
    }

    async fn sweep(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        self.observe(desired).await
    }

    async fn observe_region(&self, _: &str) -> Result<Snapshot, Vec<Failure>> {
        Ok(Snapshot::default())
    }

    async fn identity(&self) -> Result<CallerIdentity, Failure> {
        Ok(CallerIdentity { account: "123456789012".into(), arn: "me".into() })
    }

    /// A resource that AWS knows by a name is ours under the name that the spec gives, and told otherwise.
    async fn observe(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        let name = |address: &Address| {
            let want = desired.iter().find(|want| want.address == *address)?;
            want.attrs["name"].as_str()
        };
        let mut resources = self.resources();
        let mut referred: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
        for want in desired {
            for_each_link(&want.attrs, &mut |link, output| {
                referred.entry(link).or_default().insert(output);
            });
        }
        *self.referred.lock().unwrap() = referred;
        for found in &mut resources {
            let is_named = self.kinds[found.address.kind()].named;
            if is_named
                && found.attrs["name"].is_string()
                && name(&found.address).is_some_and(|name| name != found.id)
            {
                let evidence = "it has another name".to_string();
                found.owner = Owner::Copy { evidence, region: None };
            }
        }
        Ok(Snapshot { resources })
    }

    async fn find(&self, desired: &Desired) -> Result<Vec<Observed>, Failure> {
        let model = self.model.lock().unwrap();
        Ok(model.resources().filter(|one| one.address == desired.address).cloned().collect())
    }

    async fn find_elsewhere(&self) -> Result<BTreeMap<String, BTreeSet<Address>>, Vec<Failure>> {
        Ok(BTreeMap::new())
    }

    async fn create(&self, create: &Create) -> Result<Observed, Failure> {
        let Desired { address, attrs, .. } = &create.desired;
        let kind = &self.kinds[address.kind()];
        let id = match attrs["name"].as_str() {
            Some(name) if kind.named => name.to_string(),
            _ if kind.named => format!("{}-{}", address.key(), create.generation),
            _ => format!("{}-{:03}", address.kind(), self.serial.fetch_add(1, Ordering::Relaxed)),
        };
        let referred = self.referred.lock().unwrap().get(address).cloned().unwrap_or_default();
        let outputs = outputs(&self.env, address, &id, &referred);
        let new = Observed {
            outputs,
            generation: create.generation,
            evidence: Evidence::Unique,
            ..Observed::new(address.clone(), id, attrs.clone())
        };
        let create = || {
            let mut model = self.model.lock().unwrap();
            if kind.named && model.has(address, &new.id) {
                return Err(Failure::new(FailureClass::Exists, "cloud:Create", "taken"));
            }
            model.create(new.clone()).map_err(|_| self.forbid("cloud:Create"))?;
            Ok(new.clone())
        };
        self.call(create).await
    }

    async fn update(&self, found: &Observed, wanted: &Desired) -> Result<Progress, Failure> {
        let update = || {
            let mut model = self.model.lock().unwrap();
            if !model.has(&found.address, &found.id) {
                return Err(Failure::new(FailureClass::NotFound, "cloud:Update", "not there"));
            }
            let changed = Observed { attrs: wanted.attrs.clone(), ..found.clone() };
            model.update(changed).map_err(|_| self.forbid("cloud:Update"))?;
            Ok(Progress::Done)
        };
        self.call(update).await
    }

    async fn inspect(&self, _: &Plan) -> Result<Inspection, Vec<Failure>> {
        Ok(Inspection { attachments: self.attachments.clone(), refused: vec![] })
    }

    async fn diagnose(&self) -> Vec<Check> {
        vec![]
    }

    async fn delete(&self, found: &Observed, _: Goal, _: &Permit) -> Result<Progress, Failure> {
        let delete = || {
            let mut model = self.model.lock().unwrap();
            // What is gone is deleted.
            if model.has(&found.address, &found.id) {
                model.delete(&found.address, &found.id).map_err(|_| self.forbid("cloud:Delete"))?;
            }
            Ok(Progress::Done)
        };
        self.call(delete).await
    }
}
