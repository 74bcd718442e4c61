//! A process in front of an account: a cloud that loses answers, throttles and takes its time,
//! and that tells owners from tags, names and ids as the kinds of AWS do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use billpay_engine::cloud::{Cloud, Create, Inspection, Progress};
use billpay_engine::kind::OnDelete;
use billpay_engine::ownership::{Claim, claim, is_protected, owners};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Goal, Kinds, Plan, Snapshot};
use billpay_model::address::Address;
use billpay_model::caller::CallerIdentity;
use billpay_model::check::Check;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{
    ADDRESS_TAG, ATTEMPT_TAG, Desired, ENVIRONMENT_TAG, Evidence, ID_TAG, Observed, Outputs, REGION_TAG,
    TAGS_OF_OTHERS, Tags, UNCOMPARED_TAGS,
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::account::{Account, Origin, Thing, region_of, thing};
use crate::kinds::{self, GLOBAL, Known, fits, known};

/// Fault of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused before anything was done.
    Throttled,
    /// Done, and the answer never came.
    Lost,
    /// As lost, and reads don't show it for a while.
    Hidden { milliseconds: u64 },
    /// Done, and the process that asked was killed.
    Killed,
}

impl Fault {
    pub fn name(self) -> &'static str {
        match self {
            Fault::Throttled => "throttled",
            Fault::Lost => "lost",
            Fault::Hidden { .. } => "hidden",
            Fault::Killed => "killed",
        }
    }
}

/// A process that works for an environment.
pub struct MemoryCloud {
    pub account: Arc<Account>,
    env: Environment,
    kinds: Kinds,
    desired: Mutex<Vec<Desired>>,
    /// Set where a create call leaves the id too, so that no fault comes between.
    pub writes_ids_at_once: bool,
    /// The random part of its attempts.
    run: String,
    attempts: AtomicU32,
    changes: AtomicU32,
    /// Creates, updates and deletes that were begun.
    operations: AtomicU32,
    faults: Mutex<BTreeMap<u32, Fault>>,
    refused: Mutex<Option<Address>>,
    /// The faults that came to pass.
    pub suffered: Mutex<Vec<Fault>>,
    /// Told when the process is to be killed.
    pub killed: Notify,
}

impl MemoryCloud {
    pub fn new(account: Arc<Account>, env: &Environment, run: &str, desired: Vec<Desired>) -> MemoryCloud {
        MemoryCloud {
            account,
            env: env.clone(),
            kinds: kinds::infos(),
            desired: Mutex::new(desired),
            writes_ids_at_once: false,
            run: run.to_string(),
            attempts: AtomicU32::default(),
            changes: AtomicU32::default(),
            operations: AtomicU32::default(),
            faults: Mutex::default(),
            refused: Mutex::default(),
            suffered: Mutex::default(),
            killed: Notify::new(),
        }
    }

    /// Changes what the spec wants.
    pub fn want(&self, desired: Vec<Desired>) {
        *self.desired.lock().unwrap() = desired;
    }

    /// Faults for the changes to come, by their number from now.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = (usize, Fault)>) {
        let now = self.changes.load(Ordering::Relaxed);
        *self.faults.lock().unwrap() =
            faults.into_iter().map(|(number, fault)| (now + number as u32, fault)).collect();
    }

    /// Returns the number of creates, updates and deletes that were begun.
    pub fn operations(&self) -> u32 {
        self.operations.load(Ordering::Relaxed)
    }

    /// Has every create at an address refused, as wrong.
    pub fn refuse(&self, address: Address) {
        *self.refused.lock().unwrap() = Some(address);
    }

    /// Does a change unless a fault says otherwise; a lost answer comes after the deed, which
    /// returns the key of what it made.
    async fn change<T>(
        &self,
        deed: impl FnOnce() -> Result<(T, Option<String>), Failure>,
    ) -> Result<T, Failure> {
        sleep(Duration::from_millis(50)).await;
        let number = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        let fault = self.faults.lock().unwrap().remove(&number);
        self.suffered.lock().unwrap().extend(fault);
        if fault == Some(Fault::Throttled) {
            return Err(Failure::new(FailureClass::Throttled, "cloud:Change", "slow down"));
        }
        let (result, made) = deed()?;
        match fault {
            Some(Fault::Hidden { milliseconds }) => {
                let later = Instant::now() + Duration::from_millis(milliseconds);
                if let Some(key) = made {
                    self.account.edit(&key, |thing| match known(thing.kind) {
                        // A name that is taken is found by that.
                        Known::Name => {}
                        _ => thing.visible_at = later,
                    });
                }
                Err(Failure::new(FailureClass::Ambiguous, "cloud:Change", "no answer"))
            }
            Some(Fault::Lost) => Err(Failure::new(FailureClass::Ambiguous, "cloud:Change", "no answer")),
            Some(Fault::Killed) => {
                self.killed.notify_one();
                std::future::pending().await
            }
            _ => Ok(result),
        }
    }

    /// Everything of an environment in its region, or what is at one address.
    pub fn look(&self, env: &Environment, wanted: &[Desired], only: Option<&Address>) -> Vec<Observed> {
        let now = Instant::now();
        let is_here = |thing: &&Thing| {
            let is_here = thing.region == env.region || thing.region == GLOBAL;
            is_here && now >= thing.visible_at && only.is_none_or(|only| only.kind() == thing.kind)
        };
        let mut found: Vec<Observed> = self.account.read(|things| {
            things.filter(is_here).flat_map(|thing| self.read(env, thing, wanted, only)).collect()
        });
        found.sort_by(|a, b| (&a.address, &a.id).cmp(&(&b.address, &b.id)));
        found
    }

    /// A thing as its kind reports it: once for each owner.
    fn read(
        &self,
        env: &Environment,
        thing: &Thing,
        wanted: &[Desired],
        only: Option<&Address>,
    ) -> Vec<Observed> {
        let is_named = known(thing.kind) == Known::Name;
        let tag = |key: &str| thing.tags.get(key).map(String::as_str);
        let wants_name =
            |want: &&Desired| want.address.kind() == thing.kind && want.attrs["name"] == thing.id;
        let wanted = wanted.iter().find(|want| is_named && wants_name(want)).map(|want| &want.address);
        let is_asked_for = match only {
            Some(_) if is_named => wanted.is_some(),
            Some(only) => tag(ADDRESS_TAG) == Some(&only.to_string()),
            None => true,
        };
        if !is_asked_for || (!is_named && tag(ENVIRONMENT_TAG) != Some(&env.environment)) {
            return vec![];
        }
        let mut identity = billpay_engine::ownership::Identity::new(&thing.id, &thing.tags);
        identity.is_unique = is_own_reference(env, thing);
        if is_named {
            identity = identity.named(&thing.id);
        }
        let mut owners = owners(env, &self.kinds[thing.kind], &identity, &fits, wanted, only);
        if thing.kind != "bucket" {
            // Most kinds report the name that is taken before the copy that takes it.
            owners.drain(..owners.len().saturating_sub(1));
        }
        let observed = owners.into_iter().map(|(address, ownership)| Observed {
            outputs: Outputs::from([("id".to_string(), thing.key.clone())]),
            status: thing.status(),
            owner: ownership.owner,
            evidence: ownership.evidence,
            attempt: ownership.attempt,
            store: ownership.store,
            protected: ownership.protected,
            ..Observed::new(address, &thing.id, attrs(env, thing))
        });
        observed.collect()
    }

    /// Makes a thing, or returns what the same client token made before.
    fn make(&self, env: &Environment, create: &Create) -> Result<Thing, Failure> {
        let (address, attrs) = (&create.desired.address, &create.desired.attrs);
        let kind = kinds::KINDS.iter().find(|(kind, _)| *kind == address.kind()).expect("a kind").0;
        let region = region_of(kind, &env.region);
        let token = token(env, create);
        let repeats = match known(kind) {
            Known::Token => format!("{token}{attrs}"),
            _ => token.clone(),
        };
        if matches!(known(kind), Known::Token | Known::Reference) {
            let made = self.account.tokens.lock().unwrap().get(&repeats).cloned();
            if let Some(made) = made.and_then(|key| self.account.get(&key)).filter(Thing::stays) {
                // Tags that were taken off since gave it away.
                return match claim(env, &made.tags) {
                    // A reference that is used again must ask for the same.
                    Claim::Ours(found) if found == *address && self::attrs(env, &made) == *attrs => Ok(made),
                    Claim::Ours(found) if found == *address => {
                        Err(Failure::new(FailureClass::Exists, "cloud:Create", "the reference is taken"))
                    }
                    _ => Err(Failure::new(FailureClass::Lagging, "cloud:Create", "the token is spent")),
                };
            }
        }
        let (key, id) = self.account.next_id(kind, region, attrs["name"].as_str());
        if self.account.get(&key).is_some() {
            return Err(Failure::new(FailureClass::Exists, "cloud:Create", "taken"));
        }
        let mut made = thing(key.clone(), id, kind, region, Origin::of(env));
        made.attrs = attrs.clone();
        made.tags = made
            .attrs
            .as_object_mut()
            .and_then(|attrs| attrs.remove("tags"))
            .map(read_tags)
            .unwrap_or_default();
        made.ready_at += Duration::from_secs(kinds::seconds(kind).into());
        match known(kind) {
            Known::Id => {
                let count = self.attempts.fetch_add(1, Ordering::Relaxed);
                made.tags.insert(ATTEMPT_TAG.to_string(), format!("{}-{count}", self.run));
            }
            Known::Reference => made.reference = Some(token),
            Known::Token | Known::Name => {}
        }
        if matches!(known(kind), Known::Token | Known::Reference) {
            self.account.tokens.lock().unwrap().insert(repeats, key);
        }
        // A gateway or a table always stands on ours, which proves one that was killed before its id
        // was written; these here may stand on nothing.
        if (self.writes_ids_at_once && has_id_tag(kind)) || matches!(known(kind), Known::Token) {
            made.tags.insert(ID_TAG.to_string(), made.id.clone());
        }
        self.account.create(&Origin::of(env), made.clone());
        Ok(made)
    }

    /// Changes one thing, by the key that its outputs hold.
    async fn edit(
        &self,
        env: &Environment,
        found: &Observed,
        edit: impl FnOnce(&mut Thing),
    ) -> Result<(), Failure> {
        self.change(|| match self.account.update(&Origin::of(env), &found.outputs["id"], edit) {
            true => Ok(((), None)),
            false => Err(Failure::new(FailureClass::NotFound, "cloud:Update", "not there")),
        })
        .await
    }
}

/// Returns whether a kind's resources are told their own id.
fn has_id_tag(kind: &str) -> bool {
    !matches!(known(kind), Known::Name)
}

/// The client token of a create call.
fn token(env: &Environment, create: &Create) -> String {
    format!(
        "{}{}/{}/",
        own_tokens(env, &env.region, &create.desired.address),
        create.generation,
        create.spent
    )
}

/// Returns the beginning of the client tokens of an address.
fn own_tokens(env: &Environment, region: &str, address: &Address) -> String {
    let Environment { account, project, environment, .. } = env;
    format!("{account}/{project}/{region}/{environment}/{address}/")
}

fn is_own_reference(env: &Environment, thing: &Thing) -> bool {
    let Some(reference) = &thing.reference else { return false };
    let region = thing.tags.get(REGION_TAG).unwrap_or(&env.region);
    claim(env, &thing.tags)
        .address()
        .is_some_and(|address| reference.starts_with(&own_tokens(env, region, address)))
}

/// The attributes of a thing as kinds compare them, with the tags that are managed.
fn attrs(env: &Environment, thing: &Thing) -> Value {
    let is_ignored = |key: &str| {
        let of_others = TAGS_OF_OTHERS.iter().any(|prefix| key.starts_with(prefix));
        let by_spec = env.ignored_tags.iter().any(|prefix| key.starts_with(prefix.as_str()));
        UNCOMPARED_TAGS.contains(&key) || of_others || by_spec
    };
    let mut attrs = thing.attrs.clone();
    let tags: Tags = thing.tags.clone().into_iter().filter(|(key, _)| !is_ignored(key)).collect();
    attrs["tags"] = json!(tags);
    attrs
}

fn read_tags(tags: Value) -> Tags {
    serde_json::from_value(tags).unwrap_or_default()
}

#[async_trait]
impl Cloud for MemoryCloud {
    fn environment(&self) -> &Environment {
        &self.env
    }

    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn desire(&self) -> Vec<Desired> {
        self.desired.lock().unwrap().clone()
    }

    fn adapt(&self, wanted: &Desired, _: &Observed) -> Desired {
        wanted.clone()
    }

    fn refuse(&self, _: &Observed, _: &Desired) -> Option<String> {
        None
    }

    fn run_id(&self) -> &str {
        &self.run
    }

    fn is_own_attempt(&self, attempt: &str) -> bool {
        attempt.rsplit_once('-').is_some_and(|(run, count)| {
            run == self.run
                && count.parse().is_ok_and(|count: u32| count < self.attempts.load(Ordering::Relaxed))
        })
    }

    fn tag_commands(&self, found: &Observed, tags: &Tags) -> Vec<String> {
        tags.iter().map(|(key, value)| format!("{} {key}={value}", found.outputs["id"])).collect()
    }

    async fn observe_region(&self, region: &str) -> Result<Snapshot, Vec<Failure>> {
        let there = Environment { region: region.to_string(), ..self.env.clone() };
        let mut resources = self.look(&there, &[], None);
        resources.retain(|found| !kinds::is_global(found.address.kind()));
        Ok(Snapshot { resources })
    }

    async fn sweep(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        self.observe(desired).await
    }

    /// Every environment of the histories has something global, which says where it lives.
    async fn find_elsewhere(&self) -> Result<BTreeMap<String, BTreeSet<Address>>, Vec<Failure>> {
        Ok(BTreeMap::new())
    }

    async fn identity(&self) -> Result<CallerIdentity, Failure> {
        Ok(CallerIdentity { account: "123456789012".into(), arn: "me".into() })
    }

    async fn observe(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        sleep(Duration::from_millis(50)).await;
        Ok(Snapshot { resources: self.look(&self.env, desired, None) })
    }

    async fn find(&self, desired: &Desired) -> Result<Vec<Observed>, Failure> {
        sleep(Duration::from_millis(50)).await;
        let found = self.look(&self.env, std::slice::from_ref(desired), Some(&desired.address));
        Ok(found.into_iter().filter(|found| found.address == desired.address).collect())
    }

    async fn create(&self, create: &Create) -> Result<Observed, Failure> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        let env = &self.env;
        let desired = &create.desired;
        if self.refused.lock().unwrap().as_ref() == Some(&desired.address) {
            return Err(Failure::new(FailureClass::Invalid, "cloud:Create", "not like this"));
        }
        let made = self.change(|| self.make(env, create).map(|made| (made.clone(), Some(made.key)))).await?;
        if has_id_tag(made.kind) && !made.tags.contains_key(ID_TAG) {
            let write = || {
                self.account.update(&Origin::of(env), &made.key, |thing| {
                    thing.tags.insert(ID_TAG.to_string(), made.id.clone());
                });
                Ok(((), None))
            };
            // The SDK sends this call again.
            while self.change(write).await.is_err() {}
        }
        Ok(Observed {
            outputs: Outputs::from([("id".to_string(), made.key.clone())]),
            status: made.status(),
            generation: create.generation,
            evidence: Evidence::Unique,
            ..Observed::new(desired.address.clone(), &made.id, desired.attrs.clone())
        })
    }

    /// Attributes first, then tags: two calls, either of which may fail.
    async fn update(&self, found: &Observed, wanted: &Desired) -> Result<Progress, Failure> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        let env = &self.env;
        let without_tags = |attrs: &Value| {
            let mut attrs = attrs.clone();
            attrs.as_object_mut().and_then(|attrs| attrs.remove("tags"));
            attrs
        };
        let (had, wants) = (without_tags(&found.attrs), without_tags(&wanted.attrs));
        if had != wants {
            self.edit(env, found, |thing| thing.attrs = wants).await?;
        }
        let (had, wants) = (read_tags(found.attrs["tags"].clone()), read_tags(wanted.attrs["tags"].clone()));
        let mut set: Tags =
            wants.iter().filter(|(key, value)| had.get(*key) != Some(*value)).map(own).collect();
        let unset: BTreeSet<&String> = had.keys().filter(|key| !wants.contains_key(*key)).collect();
        let writes_id = has_id_tag(found.address.kind());
        if writes_id && wants.contains_key(ADDRESS_TAG) && found.evidence != Evidence::Unique {
            set.insert(ID_TAG.to_string(), found.id.clone());
        }
        if !set.is_empty() || !unset.is_empty() {
            self.edit(env, found, |thing| {
                thing.tags.extend(set);
                thing.tags.retain(|key, _| !unset.contains(key));
            })
            .await?;
        }
        Ok(Progress::Done)
    }

    async fn delete(&self, found: &Observed, _: Goal, permit: &Permit) -> Result<Progress, Failure> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        let env = &self.env;
        let (kind, key) = (found.address.kind(), &found.outputs["id"]);
        let Some(live) = self.account.get(key) else {
            sleep(Duration::from_millis(50)).await;
            return Ok(Progress::Done);
        };
        let invalid = |why: &str| Err(Failure::new(FailureClass::Invalid, "cloud:Delete", why));
        if matches!(known(kind), Known::Name | Known::Reference) {
            match claim(env, &live.tags) {
                Claim::Ours(address) | Claim::Legacy { address, .. } if address == found.address => {}
                _ => return invalid("it no longer carries the tags of its address"),
            }
            if is_protected(&live.tags) && !permit.is_confirmed() {
                return invalid("it has been protected since");
            }
        }
        let bases = self.kinds[kind].stands_on.iter();
        let holds = bases.into_iter().any(|on| on.kind == kind && on.on_delete == OnDelete::Refused);
        let stands = |other: &Thing| other.key != *key && other.stands_on(&live);
        if holds && self.account.read(|things| things.filter(|other| stands(other)).count() > 0) {
            sleep(Duration::from_millis(50)).await;
            return Err(Failure::new(FailureClass::InUse, "cloud:Delete", "something stands on it"));
        }
        let seconds = kinds::seconds(kind);
        self.change(|| {
            self.account.delete(&Origin::of(env), key, Duration::from_secs(seconds.into()));
            Ok((if seconds == 0 { Progress::Done } else { Progress::Underway }, None))
        })
        .await
    }

    async fn inspect(&self, _: &Plan) -> Result<Inspection, Vec<Failure>> {
        Ok(Inspection::default())
    }

    async fn diagnose(&self) -> Vec<Check> {
        vec![]
    }
}

fn own((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
