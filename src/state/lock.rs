//! A lock made of objects that are created once: `000017` is the seventeenth claim, `000017.beat` its heartbeat,
//! `000017.end` its end. Who creates the next number has the lock.
//!
//! A holder works only until its lease ends, which each heartbeat extends while it has not ended; it never gets it back
//! afterwards. Others wait longer than a lease, by their own clock, for a heartbeat that doesn't change, or after the lock
//! was broken.

use std::sync::Arc;
use std::time::Duration;

use billpay_host::process::ProcessIdentity;
use billpay_model::failure::Failure;
use billpay_model::store::{CreateResult, ObjectStore};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Clock;
use crate::lease::Lease;

/// Version of the objects; a claim of another version is refused.
const SCHEMA: &str = "billpay/state/lock/v1";
/// Old claims that are kept beside the last one, so that nobody who is slow takes a number that was used.
const KEPT_CLAIMS: u32 = 5;
/// Consecutive failures before the store counts as unreachable.
const MIN_FAILURES: u32 = 15;

/// Consecutive looks at a lock that changes meanwhile.
const MAX_CHANGES: u32 = 100;

/// Times of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// Time for which a heartbeat lets its holder work.
    pub lease: Duration,
    /// Time after which others take a lock whose heartbeat hasn't changed. Must exceed `lease`; the difference covers
    /// calls already in flight.
    pub expiry: Duration,
    /// Time between two looks at a lock that somebody else has.
    pub poll: Duration,
    /// Time for which a store that doesn't answer is asked again.
    pub retry_timeout: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        let seconds = Duration::from_secs;
        Timing {
            heartbeat: seconds(5),
            lease: seconds(22),
            expiry: seconds(30),
            poll: seconds(1),
            retry_timeout: seconds(60),
        }
    }
}

/// Holder of a lock, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Random, another one for each time that a lock is waited for.
    pub id: String,
    /// ARN of the caller.
    pub principal: String,
    pub host: String,
    /// Address of the pipeline's run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Command that needs the lock: `provision`.
    pub command: String,
    pub since: Timestamp,
    pub process: ProcessIdentity,
}

/// A claim of a lock, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub schema: String,
    pub generation: u32,
    pub holder: Holder,
}

/// End of a claim, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub schema: String,
    pub reason: EndReason,
    pub at: Timestamp,
    /// ARN or name of whoever broke it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl End {
    fn author(self) -> String {
        self.by.unwrap_or_else(|| "somebody".to_string())
    }
}

/// Reason for which a claim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The holder was done.
    Released,
    /// A person took it from the holder.
    Broken,
}

/// Heartbeat of a holder, as it is stored. Others only compare it with the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    pub count: u64,
    pub at: Timestamp,
}

/// Status of a lock that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockStatus {
    pub claim: Claim,
    /// The last heartbeat, by the holder's clock.
    pub beat: Option<Beat>,
    /// Name of whoever broke it; the holder may still be at its last calls.
    pub broken_by: Option<String>,
    /// Set if the holder's process is provably gone: the next run takes the lock at once.
    pub is_gone: bool,
}

/// Reason for which a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("locked by {}", .status.claim.holder.principal)]
    Busy { status: Box<LockStatus>, waited: Duration },
    #[error(transparent)]
    Store(#[from] Failure),
    /// Another version of the program wrote what is there.
    #[error("{key} was written by another version of billpay: it is `{schema}`")]
    Version { key: String, schema: String },
    #[error("{key} is damaged: {why}")]
    Damaged { key: String, why: String },
}

/// The lock of one environment.
#[derive(Clone)]
pub struct Lock {
    objects: Arc<dyn ObjectStore>,
    /// Beginning of its keys, without the slash.
    prefix: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timing: Timing,
}

/// A claim as it was first seen, to find out whether its holder may still work.
struct Watch {
    generation: u32,
    is_broken: bool,
    beat: Option<Vec<u8>>,
    since: Duration,
}

/// Result of one look at the lock.
enum Look {
    /// This one has it, by the claim of this number.
    Own(u32),
    Other(Box<LockStatus>),
    /// Something changed meanwhile.
    Again,
}

/// A create call whose claim may be there.
#[derive(Clone, Copy)]
struct Attempt {
    generation: u32,
    began: Duration,
}

impl Lock {
    pub fn new(
        objects: Arc<dyn ObjectStore>,
        prefix: impl Into<String>,
        clock: Arc<dyn Clock>,
        timing: Timing,
    ) -> Lock {
        Lock { objects, prefix: prefix.into(), clock, timing }
    }

    /// Takes the lock, or waits for it for at most `wait`; `on_wait` is called once, with whoever has it.
    ///
    /// # Errors
    /// Fails if somebody else has it for that long, if the store can't be used, or if another version of the program
    /// wrote what is there.
    pub async fn acquire(
        &self,
        holder: &Holder,
        wait: Duration,
        on_wait: &(dyn Fn(&LockStatus) + Send + Sync),
    ) -> Result<Lease, LockError> {
        let begun = self.clock.now();
        let (mut watch, mut attempt, mut failing) = (None, None, None::<(Duration, u32)>);
        let (mut has_notified, mut again) = (false, 0);
        loop {
            match self.look(holder, &mut watch, &mut attempt).await {
                Ok(Look::Again) => {
                    failing = None;
                    again += 1;
                    if again > MAX_CHANGES {
                        let why = "what is in it is no claim, or changes all the time".to_string();
                        return Err(LockError::Damaged { key: self.prefix.clone(), why });
                    }
                    self.clock.sleep(self.timing.poll / 10).await;
                }
                Ok(Look::Own(generation)) => {
                    let began = attempt.map_or(begun, |attempt| attempt.began);
                    let lease = Lease::start(self.clone(), generation, holder.id.clone(), began);
                    let lock = self.clone();
                    tokio::spawn(async move { lock.forget_old_claims(generation).await });
                    return Ok(lease);
                }
                Ok(Look::Other(status)) => {
                    (failing, again) = (None, 0);
                    let waited = self.clock.now().saturating_sub(begun);
                    if waited >= wait {
                        return Err(LockError::Busy { status, waited });
                    }
                    if !std::mem::replace(&mut has_notified, true) {
                        on_wait(&status);
                    }
                    self.clock.sleep(self.timing.poll.min(wait - waited)).await;
                }
                Err(LockError::Store(failure)) if failure.may_pass() => {
                    let (since, count) = failing.unwrap_or((self.clock.now(), 0));
                    if count >= MIN_FAILURES
                        && self.clock.now().saturating_sub(since) > self.timing.retry_timeout
                    {
                        return Err(failure.into());
                    }
                    failing = Some((since, count + 1));
                    self.clock.sleep(self.timing.poll).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks at the lock, and claims it if nobody has it.
    async fn look(
        &self,
        holder: &Holder,
        watch: &mut Option<Watch>,
        attempt: &mut Option<Attempt>,
    ) -> Result<Look, LockError> {
        let generation = match self.last_generation().await? {
            None => 1,
            Some(last) => {
                let Some(claim) = self.claim(last).await? else { return Ok(Look::Again) };
                if claim.holder.id == holder.id {
                    if self.end(last).await?.is_none() && self.is_young(last, attempt) {
                        return Ok(Look::Own(last));
                    }
                    self.write_end(last, EndReason::Released, None).await?;
                } else if let Some(status) = self.status_of(claim, watch).await? {
                    return Ok(Look::Other(status));
                }
                let full = || LockError::Damaged {
                    key: self.key(last, ""),
                    why: "there is no number after it".to_string(),
                };
                last.checked_add(1).ok_or_else(full)?
            }
        };
        let claim = Claim { schema: SCHEMA.to_string(), generation, holder: holder.clone() };
        // An earlier create of this number may have been carried out, too.
        let earlier = attempt.filter(|attempt| attempt.generation == generation);
        *attempt = earlier.or(Some(Attempt { generation, began: self.clock.now() }));
        match self.objects.create(&self.key(generation, ""), &bytes(&claim)).await? {
            CreateResult::Created if self.last_generation().await? > Some(generation) => {
                // It has the number of a claim that has long been forgotten.
                self.objects.delete(&self.key(generation, "")).await?;
            }
            CreateResult::Exists | CreateResult::Created => {}
        }
        // The next look finds out whose it is.
        Ok(Look::Again)
    }

    /// Returns whether a claim of one's own was made so lately that most of its lease is left.
    fn is_young(&self, generation: u32, attempt: &Option<Attempt>) -> bool {
        let began = attempt.filter(|attempt| attempt.generation == generation).map(|attempt| attempt.began);
        began.is_some_and(|began| self.clock.now() < began + self.timing.lease / 2)
    }

    /// Returns who has the lock by a claim, or nothing if the next number may be taken.
    async fn status_of(
        &self,
        claim: Claim,
        watch: &mut Option<Watch>,
    ) -> Result<Option<Box<LockStatus>>, LockError> {
        let generation = claim.generation;
        let is_gone = claim.holder.process.is_gone();
        let end = self.end(generation).await?;
        if is_gone || end.as_ref().is_some_and(|end| end.reason == EndReason::Released) {
            return Ok(None);
        }
        // However long the answer takes, it is about a moment after the question.
        let asked = self.clock.now();
        let body = self.objects.read(&self.key(generation, ".beat")).await?;
        // A holder that can't read that its lock is broken may work until its lease ends, and heartbeats say no more.
        let is_broken = end.is_some();
        let is_same = |watch: &Watch| {
            watch.generation == generation
                && watch.is_broken == is_broken
                && (is_broken || watch.beat == body)
        };
        let known = watch.take().filter(is_same);
        let since = known.map_or_else(|| self.clock.now(), |watch| watch.since);
        let beat = body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        *watch = Some(Watch { generation, is_broken, beat: body, since });
        let is_expired = asked.saturating_sub(since) >= self.timing.expiry;
        let broken_by = end.map(End::author);
        Ok((!is_expired).then(|| Box::new(LockStatus { claim, beat, broken_by, is_gone })))
    }

    /// Returns who has the lock, or had it until somebody broke it.
    ///
    /// # Errors
    /// Fails if the store can't be read, or another version of the program wrote what is there.
    pub async fn show(&self) -> Result<Option<LockStatus>, LockError> {
        let Some(last) = self.last_generation().await? else { return Ok(None) };
        let Some(claim) = self.claim(last).await? else { return Ok(None) };
        let end = self.end(last).await?;
        if end.as_ref().is_some_and(|end| end.reason == EndReason::Released) {
            return Ok(None);
        }
        let body = self.objects.read(&self.key(last, ".beat")).await?;
        let beat = body.and_then(|body| serde_json::from_slice(&body).ok());
        let broken_by = end.map(End::author);
        Ok(Some(LockStatus { is_gone: claim.holder.process.is_gone(), claim, beat, broken_by }))
    }

    /// Takes a claim from its holder, who stops at its next heartbeat, or when its lease ends. Returns false if the claim
    /// had ended already.
    ///
    /// # Errors
    /// Fails if the store can't be written.
    pub async fn break_claim(&self, claim: &Claim, by: &str) -> Result<bool, LockError> {
        let written = self.write_end(claim.generation, EndReason::Broken, Some(by.to_string())).await?;
        Ok(written == CreateResult::Created)
    }

    /// Writes a heartbeat, and returns why the claim is no longer its holder's, if it isn't.
    pub(crate) async fn beat(
        &self,
        generation: u32,
        holder: &str,
        count: u64,
    ) -> Result<Option<String>, LockError> {
        if self.claim(generation).await?.is_none_or(|claim| claim.holder.id != holder) {
            return Ok(Some("somebody has deleted it".to_string()));
        }
        let beat = Beat { count, at: Timestamp::now() };
        self.objects.write(&self.key(generation, ".beat"), &bytes(&beat)).await?;
        match self.end(generation).await? {
            Some(end) if end.reason == EndReason::Broken => {
                return Ok(Some(format!("{} has broken it", end.author())));
            }
            Some(_) => return Ok(Some("it was released".to_string())),
            None => {}
        }
        match self.last_generation().await? {
            Some(last) if last > generation => {
                let holder = self.claim(last).await?.map(|claim| claim.holder.principal);
                Ok(Some(format!("{} has taken it", holder.unwrap_or_else(|| "somebody".to_string()))))
            }
            _ => Ok(None),
        }
    }

    pub(crate) async fn write_end(
        &self,
        generation: u32,
        reason: EndReason,
        by: Option<String>,
    ) -> Result<CreateResult, LockError> {
        let end = End { schema: SCHEMA.to_string(), reason, at: Timestamp::now(), by };
        Ok(self.objects.create(&self.key(generation, ".end"), &bytes(&end)).await?)
    }

    async fn claim(&self, generation: u32) -> Result<Option<Claim>, LockError> {
        let claim: Option<Claim> = self.object(&self.key(generation, "")).await?;
        // The key counts, whatever is written in it.
        Ok(claim.map(|claim| Claim { generation, ..claim }))
    }

    async fn end(&self, generation: u32) -> Result<Option<End>, LockError> {
        self.object(&self.key(generation, ".end")).await
    }

    async fn object<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LockError> {
        let Some(body) = self.objects.read(key).await? else { return Ok(None) };
        let damaged = |why: String| LockError::Damaged { key: key.to_string(), why };
        let value: Value =
            serde_json::from_slice(&body).map_err(|_| damaged("it is no object of a lock".to_string()))?;
        let schema = value["schema"].as_str().unwrap_or_default();
        if schema != SCHEMA {
            let schema = schema.escape_debug().to_string();
            return Err(match value.get("schema") {
                Some(_) => LockError::Version { key: key.to_string(), schema },
                None => damaged("it is no object of a lock".to_string()),
            });
        }
        // What is in it is shown to people line by line.
        if has_control(&value) {
            return Err(damaged("it holds control characters".to_string()));
        }
        serde_json::from_value(value).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Returns the number of the last claim.
    async fn last_generation(&self) -> Result<Option<u32>, LockError> {
        Ok(self
            .generations()
            .await?
            .filter_map(|(generation, suffix, _)| suffix.is_empty().then_some(generation))
            .max())
    }

    /// Lists the objects: generation, suffix and key of each.
    async fn generations(&self) -> Result<impl Iterator<Item = (u32, String, String)>, LockError> {
        let prefix = format!("{}/", self.prefix);
        let keys = self.objects.list(&prefix).await?;
        Ok(keys.into_iter().filter_map(move |key| {
            let name = key.strip_prefix(&prefix)?;
            let (digits, suffix) = name.split_at(name.find('.').unwrap_or(name.len()));
            let generation: u32 = digits.parse().ok()?;
            // Another way to write the number is no claim.
            (digits == format!("{generation:06}")).then(|| (generation, suffix.to_string(), key.clone()))
        }))
    }

    /// Deletes claims that nobody looks at any more; what can't be deleted now is next time.
    async fn forget_old_claims(&self, last: u32) {
        let Ok(objects) = self.generations().await else { return };
        for (_, _, key) in objects.filter(|(generation, ..)| *generation < last.saturating_sub(KEPT_CLAIMS)) {
            let _ = self.objects.delete(&key).await;
        }
    }

    fn key(&self, generation: u32, suffix: &str) -> String {
        format!("{}/{generation:06}{suffix}", self.prefix)
    }
}

/// Returns whether a text in a value has a control character.
pub(crate) fn has_control(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(char::is_control),
        Value::Array(values) => values.iter().any(has_control),
        Value::Object(fields) => fields.values().any(has_control),
        _ => false,
    }
}

/// Plain structs with text keys serialize always.
fn bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
