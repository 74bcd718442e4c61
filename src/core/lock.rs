//! Locks of environments: one run changes an environment at a time.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use billpay_engine::engine::Engine;
use billpay_engine::guard::Guard;
use billpay_host::pipeline::run_url;
use billpay_host::process::{ProcessIdentity, host_name, user_name};
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_state::clock::SystemClock;
use billpay_state::lease::{Lease, LeaseGuard};
use billpay_state::lock::{Holder, Lock, LockError, LockStatus, Timing};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::report::Report;
use crate::{Error, Ports};

/// The lock of an environment, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockReport {
    pub environment: String,
    /// Address of the store that it is in.
    pub store: String,
    /// Absent where nobody has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<LockHolder>,
}

impl Report for LockReport {
    const SCHEMA: &str = "billpay/lock/v1";
}

/// A run that has a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockHolder {
    /// ARN of the caller.
    pub principal: String,
    pub host: String,
    /// Address of the pipeline's run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Command that has it: `provision`.
    pub command: String,
    pub since: String,
    /// The last heartbeat, by the holder's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<String>,
    /// Number of its claim.
    pub claim: u32,
    /// Set if its process is provably gone: the next run takes the lock at once.
    pub is_gone: bool,
    /// Name of whoever broke the lock; the next run gets it when the holder has surely stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<String>,
}

impl From<&LockStatus> for LockHolder {
    fn from(status: &LockStatus) -> LockHolder {
        let LockStatus { claim, beat, broken_by, is_gone } = status.clone();
        let Holder { principal, host, run_url, command, since, .. } = claim.holder;
        let heartbeat = beat.map(|beat| format!("{:.0}", beat.at));
        let (since, claim) = (format!("{since:.0}"), claim.generation);
        LockHolder { principal, host, run_url, command, since, heartbeat, claim, is_gone, broken_by }
    }
}

/// The end of a run from outside: by a person, or by a system that stops it.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Cancelled when no new work is to begin.
    pub stop: CancellationToken,
    is_applying: Arc<AtomicBool>,
    lease: Arc<Mutex<Option<Arc<Lease>>>>,
}

impl Interrupt {
    /// Stops the run. Returns when the program may end: once the lock is released, if no plan is being applied; never
    /// while one is, since the run then ends by itself.
    pub async fn stop(&self) {
        self.stop.cancel();
        if self.is_applying.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let lease = self.lease().take();
        if let Some(lease) = lease {
            // One that was lost is another's already.
            let _ = lease.release().await;
        }
    }

    /// Notes whether changes are being made.
    pub(crate) fn set_applying(&self, is_applying: bool) {
        self.is_applying.store(is_applying, Ordering::SeqCst);
    }

    fn lease(&self) -> MutexGuard<'_, Option<Arc<Lease>>> {
        self.lease.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A lock that this run has. Dropped, it is released in the background.
pub(crate) struct Hold {
    lease: Arc<Lease>,
    interrupt: Interrupt,
    environment: String,
}

impl Hold {
    /// Returns the check before each call that changes something.
    pub fn guard(&self) -> Arc<dyn Guard> {
        Arc::new(LockGuard(self.lease.guard()))
    }

    /// Returns a token that is cancelled when the lock is lost.
    pub fn lost(&self) -> CancellationToken {
        self.lease.lost()
    }

    /// Returns why the lock was lost, if it was.
    pub fn loss(&self) -> Option<String> {
        self.lease.guard().check().err()
    }

    /// Fails if the lock was lost.
    pub fn check(&self) -> Result<(), Error> {
        let environment = || self.environment.clone();
        self.loss().map_or(Ok(()), |why| Err(Error::LockLost { environment: environment(), why }))
    }

    /// Releases the lock.
    pub async fn release(self, observer: &dyn Observer) {
        if self.loss().is_none()
            && let Err(why) = self.lease.release().await
        {
            observer.note(format!("the lock was not released, and expires in half a minute: {why}"));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.interrupt.lease().take();
        let lease = self.lease.clone();
        // One that is released already, or lost, is left alone; without a runtime, it expires.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { lease.release().await });
        }
    }
}

struct LockGuard(LeaseGuard);

impl Guard for LockGuard {
    fn may_work(&self) -> bool {
        self.0.check().is_ok()
    }
}

impl Debug for LockGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LockGuard")
    }
}

/// Takes the lock of an engine's environment, or waits for it.
pub(crate) async fn hold(
    ports: &Ports,
    engine: &dyn Engine,
    command: &str,
    wait: Duration,
    interrupt: &Interrupt,
    observer: &dyn Observer,
) -> Result<Hold, Error> {
    let identity = engine.identity().await?;
    let env = engine.environment();
    let (lock, store) = lock(ports, env).await?;
    let holder = Holder {
        id: format!("{:032x}", fastrand::u128(..)),
        principal: identity.arn,
        host: host_name(),
        run_url: run_url(),
        command: command.to_string(),
        since: Timestamp::now(),
        process: ProcessIdentity::own(),
    };
    let name = &env.environment;
    let tell = |status: &LockStatus| {
        let Holder { principal, host, command, since, .. } = &status.claim.holder;
        observer.note(format!(
            "waiting up to {} s for {principal} on {host}, whose `{command}` has {name} since {since:.0}",
            wait.as_secs()
        ));
    };
    let taken = lock.acquire(&holder, wait, &tell).await;
    let lease = Arc::new(taken.map_err(|error| Error::lock(env, store, error))?);
    *interrupt.lease() = Some(lease.clone());
    Ok(Hold { lease, interrupt: interrupt.clone(), environment: env.environment.clone() })
}

/// Returns who works on an environment.
///
/// # Errors
/// Fails if the spec is wrong, or the store can't be read.
pub async fn show_lock(ports: &Ports, environment: &str) -> Result<LockReport, Error> {
    let env = ports.load(environment)?.environment;
    let (lock, store) = lock(ports, &env).await?;
    let held = lock.show().await.map_err(|error| Error::lock(&env, store.clone(), error))?;
    Ok(LockReport { environment: env.environment, store, holder: held.as_ref().map(LockHolder::from) })
}

/// Takes the lock of an environment from its holder, whose principal somebody named. The holder stops within seconds if
/// it still lives; nobody gets the lock before it has surely stopped. With `claim`, only that claim is meant.
///
/// # Errors
/// Fails if somebody else has it, or nobody, or the store can't be written.
pub async fn break_lock(
    ports: &Ports,
    environment: &str,
    principal: &str,
    claim: Option<u32>,
) -> Result<LockReport, Error> {
    let env = ports.load(environment)?.environment;
    let (lock, store) = lock(ports, &env).await?;
    let fail = |error| Error::lock(&env, store.clone(), error);
    let not_locked = || Error::NotLocked { environment: env.environment.clone() };
    let held = lock.show().await.map_err(fail)?.filter(|status| status.broken_by.is_none());
    let held = held.ok_or_else(not_locked)?;
    let mut holder = LockHolder::from(&held);
    if holder.principal != principal || claim.is_some_and(|claim| claim != holder.claim) {
        let typed = principal.to_string();
        return Err(Error::OtherHolder { environment: env.environment, typed, holder: Box::new(holder) });
    }
    let by = format!("{} on {}", user_name(), host_name());
    if !lock.break_claim(&held.claim, &by).await.map_err(fail)? {
        return Err(not_locked());
    }
    holder.broken_by = Some(by);
    Ok(LockReport { environment: env.environment, store, holder: Some(holder) })
}

/// Returns the lock of an environment, and the address of its store.
async fn lock(ports: &Ports, env: &Environment) -> Result<(Lock, String), Error> {
    let objects = ports.state.open(env).await?;
    let store = objects.address();
    let prefix = format!("{}/{}/{}/lock", env.account, env.project, env.environment);
    Ok((Lock::new(objects, prefix, Arc::new(SystemClock), Timing::default()), store))
}

impl Error {
    fn lock(env: &Environment, store: String, error: LockError) -> Error {
        let environment = env.environment.clone();
        match error {
            LockError::Busy { status, waited } => {
                Error::Locked { environment, holder: Box::new(LockHolder::from(&*status)), waited }
            }
            error => Error::Store { store, error: Box::new(error) },
        }
    }
}
