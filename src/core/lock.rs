//! Locks of environments: one run changes an environment at a time.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use billpay_engine::engine::Engine;
use billpay_engine::guard::Guard;
use billpay_host::pipeline::run_url;
use billpay_host::process::{ProcessIdentity, host_name};
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_state::clock::SystemClock;
use billpay_state::lease::{Lease, LeaseGuard};
use billpay_state::lock::{Held, Holder, Lock, LockError, Timing};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    /// Set if its process is provably gone: the next run takes the lock at once.
    pub is_gone: bool,
}

impl From<&Held> for LockHolder {
    fn from(held: &Held) -> LockHolder {
        let Holder { principal, host, run_url, command, since, .. } = held.claim.holder.clone();
        let heartbeat = held.beat.as_ref().map(|beat| format!("{:.0}", beat.at));
        let (since, is_gone) = (format!("{since:.0}"), held.is_gone);
        LockHolder { principal, host, run_url, command, since, heartbeat, is_gone }
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
    /// Stops the run. Returns when the program may end: at once before a plan is applied, but not before others can have
    /// the lock; never while one is applied, for then the run ends by itself.
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

    /// Notes that changes are being made from now on.
    pub(crate) fn begin(&self) {
        self.is_applying.store(true, Ordering::SeqCst);
    }

    fn lease(&self) -> MutexGuard<'_, Option<Arc<Lease>>> {
        self.lease.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A lock that this run has.
pub(crate) struct Hold {
    lease: Arc<Lease>,
    interrupt: Interrupt,
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

    /// Lets others have the lock.
    pub async fn release(self) {
        self.interrupt.lease().take();
        // One that was lost is another's already.
        let _ = self.lease.release().await;
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
    let tell = |held: &Held| {
        let Holder { principal, host, command, since, .. } = &held.claim.holder;
        observer.note(format!(
            "waiting up to {} s for {principal} on {host}, whose `{command}` has {name} since {since:.0}",
            wait.as_secs()
        ));
    };
    let taken = lock.acquire(&holder, wait, &tell).await;
    let lease = Arc::new(taken.map_err(|error| Error::lock(env, store, error))?);
    *interrupt.lease() = Some(lease.clone());
    Ok(Hold { lease, interrupt: interrupt.clone() })
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

/// Takes the lock of an environment from its holder, whose principal somebody named; the holder stops within seconds if
/// it still lives, and nobody gets the lock before.
///
/// # Errors
/// Fails if somebody else has it, or nobody, or the store can't be written.
pub async fn break_lock(ports: &Ports, environment: &str, principal: &str) -> Result<LockReport, Error> {
    let env = ports.load(environment)?.environment;
    let (lock, store) = lock(ports, &env).await?;
    let fail = |error| Error::lock(&env, store.clone(), error);
    let Some(held) = lock.show().await.map_err(fail)? else {
        return Err(Error::NotLocked { environment: env.environment });
    };
    let holder = LockHolder::from(&held);
    if holder.principal != principal {
        let typed = principal.to_string();
        return Err(Error::OtherHolder { environment: env.environment, typed, holder: Box::new(holder) });
    }
    let by = format!("{} on {}", std::env::var("USER").unwrap_or_else(|_| "somebody".into()), host_name());
    lock.take_away(&held.claim, &by).await.map_err(fail)?;
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
            LockError::Held { held, waited } => {
                Error::Locked { environment, holder: Box::new(LockHolder::from(&*held)), waited }
            }
            error => Error::Store { store, error },
        }
    }
}
