//! A lock made of objects that are created once: `000017` is the seventeenth claim, `000017.beat` its heartbeat,
//! `000017.end` its end. Who creates the next number has the lock.
//!
//! A holder works only until its lease ends, which each heartbeat extends while it has not ended; it never gets it back
//! afterwards. Others wait longer than a lease, by their own clock, for a heartbeat that doesn't change.

use std::sync::Arc;
use std::time::Duration;

use billpay_host::process::ProcessIdentity;
use billpay_model::failure::Failure;
use billpay_model::store::{Creation, Objects};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::lease::Lease;

/// Version of the objects; a claim of another version is refused.
const SCHEMA: &str = "billpay/state/lock/v1";
/// Claims that are kept for people who look, beside the last one.
const KEPT_CLAIMS: u32 = 5;

/// Least number of failures in a row after which a store counts as not to be reached.
const MIN_TRIES: u32 = 15;

/// Times of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// Time for which a heartbeat lets its holder work.
    pub lease: Duration,
    /// Time after which others take a lock whose heartbeat hasn't changed. What it is longer than the lease is left to
    /// calls that were sent before the lease ended.
    pub expiry: Duration,
    /// Time between two looks at a lock that somebody else has.
    pub poll: Duration,
    /// Time for which a store that doesn't answer is asked again.
    pub patience: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        let seconds = Duration::from_secs;
        Timing {
            heartbeat: seconds(5),
            lease: seconds(22),
            expiry: seconds(30),
            poll: seconds(1),
            patience: seconds(60),
        }
    }
}

/// Holder of a lock, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Random, another one for each claim.
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

/// A lock that somebody has, as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub claim: Claim,
    /// The last heartbeat, by the holder's clock.
    pub beat: Option<Beat>,
    /// Set if the holder's process is provably gone: the next run takes the lock at once.
    pub is_gone: bool,
}

/// Reason for which a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("locked by {}", .held.claim.holder.principal)]
    Held { held: Box<Held>, waited: Duration },
    #[error(transparent)]
    Store(#[from] Failure),
    /// Another version of the program wrote what is there.
    #[error("{key} is not of a version that this program knows: {why}")]
    Unknown { key: String, why: String },
}

/// The lock of one environment.
#[derive(Clone)]
pub struct Lock {
    objects: Arc<dyn Objects>,
    /// Beginning of its keys, without the slash.
    prefix: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timing: Timing,
}

/// Heartbeat of a claim as it was first seen, to find out whether its holder lives.
struct Watch {
    generation: u32,
    beat: Option<Vec<u8>>,
    since: Duration,
}

/// Result of one look at the lock.
enum Look {
    Claimed(u32),
    Held(Box<Held>),
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
        objects: Arc<dyn Objects>,
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
        on_wait: &(dyn Fn(&Held) + Send + Sync),
    ) -> Result<Lease, LockError> {
        let begun = self.clock.now();
        let (mut watch, mut attempt, mut failing) = (None, None, None::<(Duration, u32)>);
        let mut is_told = false;
        loop {
            match self.look(holder, &mut watch, &mut attempt).await {
                Ok(Look::Again) => failing = None,
                Ok(Look::Claimed(generation)) => {
                    let began = attempt.map_or(begun, |attempt| attempt.began);
                    self.forget_old_claims(generation).await;
                    return Ok(Lease::start(self.clone(), generation, holder.id.clone(), began));
                }
                Ok(Look::Held(held)) => {
                    failing = None;
                    let waited = self.clock.now().saturating_sub(begun);
                    if waited >= wait {
                        return Err(LockError::Held { held, waited });
                    }
                    if !std::mem::replace(&mut is_told, true) {
                        on_wait(&held);
                    }
                    self.clock.sleep(self.timing.poll.min(wait - waited)).await;
                }
                Err(LockError::Store(failure)) if failure.may_pass() => {
                    let (since, count) = failing.unwrap_or((self.clock.now(), 0));
                    if count >= MIN_TRIES && self.clock.now().saturating_sub(since) > self.timing.patience {
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
                        return Ok(Look::Claimed(last));
                    }
                    self.write_end(last, EndReason::Released, None).await?;
                } else if let Some(held) = self.held(claim, watch).await? {
                    return Ok(Look::Held(held));
                }
                last + 1
            }
        };
        let claim = Claim { schema: SCHEMA.to_string(), generation, holder: holder.clone() };
        *attempt = Some(Attempt { generation, began: self.clock.now() });
        match self.objects.create(&self.key(generation, ""), &bytes(&claim)).await? {
            Creation::Created if self.last_generation().await? > Some(generation) => {
                // It has the number of a claim that has long been forgotten.
                self.objects.delete(&self.key(generation, "")).await?;
            }
            Creation::Exists | Creation::Created => {}
        }
        // The next look finds out whose it is.
        Ok(Look::Again)
    }

    /// Returns whether a claim of one's own was made so lately that its lease has not ended.
    fn is_young(&self, generation: u32, attempt: &Option<Attempt>) -> bool {
        let began = attempt.filter(|attempt| attempt.generation == generation).map(|attempt| attempt.began);
        began.is_some_and(|began| self.clock.now() < began + self.timing.lease)
    }

    /// Returns who has the lock by a claim, or nothing if the next number may be taken.
    async fn held(&self, claim: Claim, watch: &mut Option<Watch>) -> Result<Option<Box<Held>>, LockError> {
        let generation = claim.generation;
        let is_gone = claim.holder.process.is_gone();
        let end = self.end(generation).await?.map(|end| end.reason);
        if is_gone || end == Some(EndReason::Released) {
            return Ok(None);
        }
        // However long the answer takes, it is about a moment after the question.
        let asked = self.clock.now();
        let body = self.objects.read(&self.key(generation, ".beat")).await?;
        let known = watch.take().filter(|watch| watch.generation == generation);
        let known = match end {
            // From a broken lock, only the holder's last calls are waited for.
            Some(EndReason::Broken) => known,
            _ => known.filter(|watch| watch.beat == body),
        };
        let since = known.map_or_else(|| self.clock.now(), |watch| watch.since);
        let beat = body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        *watch = Some(Watch { generation, beat: body, since });
        let limit = match end {
            Some(EndReason::Broken) => 2 * self.timing.heartbeat + (self.timing.expiry - self.timing.lease),
            _ => self.timing.expiry,
        };
        let is_expired = asked.saturating_sub(since) >= limit;
        Ok((!is_expired).then(|| Box::new(Held { claim, beat, is_gone })))
    }

    /// Returns who has the lock.
    ///
    /// # Errors
    /// Fails if the store can't be read, or another version of the program wrote what is there.
    pub async fn show(&self) -> Result<Option<Held>, LockError> {
        let Some(last) = self.last_generation().await? else { return Ok(None) };
        let Some(claim) = self.claim(last).await? else { return Ok(None) };
        if self.end(last).await?.is_some() {
            return Ok(None);
        }
        let body = self.objects.read(&self.key(last, ".beat")).await?;
        let beat = body.and_then(|body| serde_json::from_slice(&body).ok());
        Ok(Some(Held { is_gone: claim.holder.process.is_gone(), claim, beat }))
    }

    /// Takes a claim from its holder, who stops at its next heartbeat.
    ///
    /// # Errors
    /// Fails if the store can't be written.
    pub async fn take_away(&self, claim: &Claim, by: &str) -> Result<(), LockError> {
        self.write_end(claim.generation, EndReason::Broken, Some(by.to_string())).await
    }

    /// Writes a heartbeat, and returns why the claim is no longer its holder's, if it isn't.
    pub(crate) async fn beat(&self, generation: u32, count: u64) -> Result<Option<String>, LockError> {
        let beat = Beat { count, at: Timestamp::now() };
        self.objects.write(&self.key(generation, ".beat"), &bytes(&beat)).await?;
        if let Some(end) = self.end(generation).await? {
            let by = end.by.unwrap_or_else(|| "somebody".to_string());
            return Ok(Some(format!("{by} has broken it")));
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
    ) -> Result<(), LockError> {
        let end = End { schema: SCHEMA.to_string(), reason, at: Timestamp::now(), by };
        self.objects.create(&self.key(generation, ".end"), &bytes(&end)).await?;
        Ok(())
    }

    async fn claim(&self, generation: u32) -> Result<Option<Claim>, LockError> {
        self.object(&self.key(generation, "")).await
    }

    async fn end(&self, generation: u32) -> Result<Option<End>, LockError> {
        self.object(&self.key(generation, ".end")).await
    }

    async fn object<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LockError> {
        #[derive(Deserialize)]
        struct Header {
            schema: String,
        }
        let Some(body) = self.objects.read(key).await? else { return Ok(None) };
        let unknown = |why: String| LockError::Unknown { key: key.to_string(), why };
        let header: Header = serde_json::from_slice(&body).map_err(|error| unknown(error.to_string()))?;
        if header.schema != SCHEMA {
            return Err(unknown(format!("it says `{}`", header.schema)));
        }
        serde_json::from_slice(&body).map(Some).map_err(|error| unknown(error.to_string()))
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
            Some((digits.parse().ok()?, suffix.to_string(), key.clone()))
        }))
    }

    /// Deletes claims that nobody looks at any more; what can't be deleted now is next time.
    async fn forget_old_claims(&self, last: u32) {
        let Ok(objects) = self.generations().await else { return };
        for (_, _, key) in objects.filter(|(generation, ..)| generation + KEPT_CLAIMS < last) {
            let _ = self.objects.delete(&key).await;
        }
    }

    fn key(&self, generation: u32, suffix: &str) -> String {
        format!("{}/{generation:06}{suffix}", self.prefix)
    }
}

/// Plain structs with text keys serialize always.
fn bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
