//! Locks of environments: one run changes an environment at a time.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use billpay_engine::engine::Engine;
use billpay_engine::guard::Guard;
use billpay_engine::plan::{Action, Change, Plan};
use billpay_host::pipeline::run_url;
use billpay_host::process::{ProcessIdentity, host_name, user_name};
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::store::{CreateResult, ObjectStore, StoreAddress, folder};
use billpay_state::clock::SystemClock;
use billpay_state::journal::{Intent, Journal, JournalWriter, RunRecord, RunStart, run_name};
use billpay_state::lease::{Lease, LeaseGuard};
use billpay_state::lock::{Holder, Lock, LockError, LockStatus, Timing};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::history::{RunSummary, makes};
use crate::report::Report;
use crate::{Error, Ports};

/// Changes of a run that was cut short that are named.
const SHOWN_CHANGES: usize = 5;

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
    /// Number of its process on that host.
    pub pid: u32,
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
        let Holder { principal, host, run_url, command, since, process, .. } = claim.holder;
        let heartbeat = beat.map(|beat| format!("{:.0}", beat.at));
        let (since, claim) = (format!("{since:.0}"), claim.generation);
        let pid = process.pid;
        LockHolder { principal, host, pid, run_url, command, since, heartbeat, claim, is_gone, broken_by }
    }
}

/// The end of a run from outside: by a person, or by a system that stops it.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// Cancelled when no new work is to begin.
    pub stop: CancellationToken,
    is_applying: Arc<AtomicBool>,
    leases: Arc<Mutex<Vec<Arc<Lease>>>>,
}

impl Interrupt {
    /// Stops the run. Returns when the program may end: once the lock is released, if no plan is being applied; never
    /// while one is, since the run then ends by itself.
    pub async fn stop(&self) {
        self.stop.cancel();
        if self.is_applying.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let leases = std::mem::take(&mut *self.leases());
        for lease in leases {
            // One that was lost is another's already.
            let _ = lease.release().await;
        }
    }

    /// Notes whether changes are being made.
    pub(crate) fn set_applying(&self, is_applying: bool) {
        self.is_applying.store(is_applying, Ordering::SeqCst);
    }

    fn leases(&self) -> MutexGuard<'_, Vec<Arc<Lease>>> {
        self.leases.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A lock that this run has. Dropped, it is released in the background.
pub(crate) struct Hold {
    lease: Arc<Lease>,
    interrupt: Interrupt,
    environment: String,
    facts: Facts,
    holder: Holder,
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

    /// Returns the address of the store that the lock is in, if other machines reach it.
    pub fn shared_store(&self) -> Option<String> {
        self.facts.is_shared().then(|| self.facts.address())
    }

    /// Returns the facts beside which the lock is.
    pub fn facts(&self) -> &Facts {
        &self.facts
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

    /// Writes into the journal what is to be done, before the first call of it.
    pub async fn begin(&self, engine: &dyn Engine, plan: &Plan) -> Result<JournalWriter, Error> {
        let Holder { principal, host, run_url, command, .. } = self.holder.clone();
        let (at, attempts) = (Timestamp::now(), engine.run_id().to_string());
        let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
        let intent = |change: &Change| Intent {
            address: change.address.to_string(),
            action: change.action.name().to_string(),
            id: change.id().map(str::to_string),
        };
        let start = RunStart {
            schema: String::new(),
            run: run_name(at, &attempts),
            claim: self.lease.generation(),
            attempts,
            command,
            principal,
            host,
            run_url,
            version: env!("CARGO_PKG_VERSION").to_string(),
            at,
            intents: changes.map(intent).collect(),
        };
        let begun = self.facts.journal().begin(start).await;
        begun.map_err(|failure| self.facts.error(engine.environment(), failure.into()))
    }

    /// Reads the last run, and reports what it was at, if it was cut short; once.
    pub async fn last_run(&self, observer: &dyn Observer) -> Option<LastRun> {
        let journal = self.facts.journal();
        // That it can't be read says the run's own first write.
        let runs = journal.runs().await.ok()?;
        let last = runs.first()?;
        let record = journal.read(last).await.ok()??;
        if record.end.is_none() {
            observer.note(cut_short(&record));
            // If that can't be written, it is said again.
            let _ = journal.close(last).await;
        }
        Some(LastRun::of(&record))
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
        self.interrupt.leases().retain(|lease| !Arc::ptr_eq(lease, &self.lease));
        let lease = self.lease.clone();
        // One that is released already, or lost, is left alone; without a runtime, it expires.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { lease.release().await });
        }
    }
}

/// The run before this one.
pub(crate) struct LastRun {
    /// Its end; of one that was cut short, the moment at which that was found.
    ended: Timestamp,
    /// Addresses at which it was to make something.
    made: BTreeSet<String>,
}

impl LastRun {
    fn of(record: &RunRecord) -> LastRun {
        let makes = |intent: &&Intent| makes(&intent.action);
        let intents = record.start.intents.iter().filter(makes);
        let ended = record.end.as_ref().map_or_else(Timestamp::now, |end| end.at);
        LastRun { ended, made: intents.map(|intent| intent.address.clone()).collect() }
    }

    /// Returns the time to wait until reads surely show what it made, which takes `lag` after a call: none if a plan makes
    /// nothing where it did.
    pub fn time_to_show(&self, plan: &Plan, lag: Duration) -> Duration {
        let makes = |change: &&Change| matches!(change.action, Action::Create | Action::Replace);
        let is_again = |change: &Change| self.made.contains(&change.address.to_string());
        if !plan.changes.iter().filter(makes).any(is_again) {
            return Duration::ZERO;
        }
        let age = Timestamp::now().duration_since(self.ended);
        // Another machine's clock may be ahead.
        lag.saturating_sub(Duration::try_from(age).unwrap_or_default())
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

/// A time in whole minutes where it is one, else in seconds.
fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// Says what a run without an end was at.
fn cut_short(record: &RunRecord) -> String {
    let RunStart { command, principal, at, intents, .. } = &record.start;
    let open: Vec<String> = RunSummary::open_changes(record)
        .into_iter()
        .map(|change| format!("{} {}", change.action, change.address))
        .collect();
    let done = intents.len() - open.len();
    let open = match open.len() {
        0 => "nothing was left to do".to_string(),
        1..=SHOWN_CHANGES => format!("not known how it ended: {}", open.join(", ")),
        more => {
            let first = open[..SHOWN_CHANGES].join(", ");
            format!("not known how it ended: {first} and {} more", more - SHOWN_CHANGES)
        }
    };
    format!(
        "the last run, `{command}` of {principal} at {at:.0}, was cut short after {done} or more of {} changes; {open}",
        intents.len()
    )
}

/// Makes sure that a lock keeps out others, as far as an environment needs that: says so where only runs on this machine are
/// kept out, and fails if the environment is protected.
pub(crate) fn check_reach(
    ports: &Ports,
    facts: &Facts,
    env: &Environment,
    observer: &dyn Observer,
) -> Result<(), Error> {
    if facts.is_shared() || ports.connector.is_on_this_machine() {
        return Ok(());
    }
    let (name, store) = (env.environment.clone(), facts.address());
    if env.protected {
        return Err(Error::LocalStore { environment: name, store });
    }
    observer.note(format!(
        "the lock of {name} is in {store}, on this machine: a run elsewhere isn't kept out; say `state: s3` in the spec"
    ));
    Ok(())
}

/// Takes the lock of an engine's environment beside some facts, or waits for it. Makes their store first, where billpay is
/// who makes it.
pub(crate) async fn hold(
    facts: Facts,
    engine: &dyn Engine,
    command: &str,
    run: (Duration, &Interrupt),
    observer: &dyn Observer,
) -> Result<Hold, Error> {
    let identity = engine.identity().await?;
    let env = engine.environment();
    let name = &env.environment;
    if facts.make().await.map_err(|failure| facts.error(env, failure.into()))? {
        observer.note(format!("made {} for locks and journals; it stays when {name} goes", facts.address()));
    }
    let holder = Holder {
        id: format!("{:032x}", fastrand::u128(..)),
        principal: identity.arn,
        host: host_name(),
        run_url: run_url(),
        command: command.to_string(),
        since: Timestamp::now(),
        process: ProcessIdentity::own(),
    };
    let (wait, interrupt) = run;
    let tell = |status: &LockStatus| {
        let Holder { principal, host, command, since, .. } = &status.claim.holder;
        observer.note(format!(
            "waiting up to {} for {principal} on {host}, whose `{command}` has {name} since {since:.0}",
            in_words(wait)
        ));
    };
    let taken = facts.lock().acquire(&holder, wait, &tell).await;
    let lease = Arc::new(taken.map_err(|error| facts.error(env, error))?);
    interrupt.leases().push(lease.clone());
    Ok(Hold { lease, interrupt: interrupt.clone(), environment: name.clone(), facts, holder })
}

/// Returns who works on an environment.
///
/// # Errors
/// Fails if the spec is wrong, or the store can't be read.
pub async fn show_lock(ports: &Ports, environment: &str) -> Result<LockReport, Error> {
    let env = ports.load(environment)?.environment;
    let facts = Facts::open(ports, &env).await?;
    let held = facts.lock().show().await.map_err(|error| facts.error(&env, error))?;
    let holder = held.as_ref().map(LockHolder::from);
    Ok(LockReport { environment: env.environment, store: facts.address(), holder })
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
    let facts = Facts::open(ports, &env).await?;
    let lock = facts.lock();
    let fail = |error| facts.error(&env, error);
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
    Ok(LockReport { environment: env.environment.clone(), store: facts.address(), holder: Some(holder) })
}

/// Facts about the runs of an environment: its lock and its journal.
pub(crate) struct Facts {
    objects: Arc<dyn ObjectStore>,
    /// Beginning of the keys.
    folder: String,
}

impl Facts {
    /// Opens the facts in the store of an environment.
    pub async fn open(ports: &Ports, env: &Environment) -> Result<Facts, Error> {
        Facts::open_at(ports, env, None).await
    }

    /// Opens the facts in the store at an address.
    pub async fn open_at(
        ports: &Ports,
        env: &Environment,
        address: Option<&StoreAddress>,
    ) -> Result<Facts, Error> {
        let objects = ports.state.open(env, address).await.map_err(Error::NoStore)?;
        Ok(Facts { objects, folder: folder(env) })
    }

    /// Returns the address of the store.
    pub fn address(&self) -> String {
        self.objects.address()
    }

    pub fn is_shared(&self) -> bool {
        self.objects.is_shared()
    }

    /// Makes the store, where billpay is who makes it.
    pub async fn make(&self) -> Result<bool, Failure> {
        self.objects.make().await
    }

    pub fn lock(&self) -> Lock {
        Lock::new(
            self.objects.clone(),
            format!("{}/lock", self.folder),
            Arc::new(SystemClock),
            Timing::default(),
        )
    }

    pub fn journal(&self) -> Journal {
        Journal::new(self.objects.clone(), format!("{}/runs", self.folder))
    }

    /// Lists the objects of the journal.
    pub async fn list(&self) -> Result<Vec<String>, Failure> {
        let folder = format!("{}/runs/", self.folder);
        let is_part = |key: &String| {
            let name = key.strip_prefix(&folder).and_then(|name| name.split_once('/'));
            name.is_some_and(|(run, part)| {
                !run.is_empty()
                    && (part == "start" || part == "end" || part.starts_with("steps-"))
                    && !part.contains('/')
            })
        };
        Ok(self.objects.list(&folder).await?.into_iter().filter(is_part).collect())
    }

    /// Copies the journal into another store. What is there already stays, and what no journal can hold is left. Returns
    /// the number of objects that were created.
    pub async fn copy_to(&self, other: &Facts) -> Result<usize, Failure> {
        let mut created = 0;
        for key in self.list().await? {
            // One that went meanwhile was too old to be kept.
            let body = match self.objects.read(&key).await {
                Err(failure) if failure.class == FailureClass::Invalid => continue,
                body => body?,
            };
            if let Some(body) = body
                && other.objects.create(&key, &body).await? == CreateResult::Created
            {
                created += 1;
            }
        }
        Ok(created)
    }

    pub fn error(&self, env: &Environment, error: LockError) -> Error {
        let (environment, store) = (env.environment.clone(), self.address());
        match error {
            LockError::Busy { status, waited } => {
                Error::Locked { environment, holder: Box::new(LockHolder::from(&*status)), waited }
            }
            error => Error::Store { store, error: Box::new(error) },
        }
    }
}
