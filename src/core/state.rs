//! The store of facts about runs: where it is, and its move to another place.

use std::collections::BTreeSet;
use std::time::Duration;

use billpay_engine::attempts::OpenAttempts;
use billpay_engine::engine::{Engine, PlanOptions};
use billpay_engine::plan::{Goal, Selection, Snapshot};
use billpay_engine::store_tag::stores;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_model::failure::Failure;
use billpay_model::store::StoreAddress;
use billpay_state::lock::LockError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lock::{Facts, Hold, Interrupt, LockHolder, check_reach, hold};
use crate::report::Report;
use crate::{Error, Ports};

/// The store of an environment's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateReport {
    pub environment: String,
    /// Address of the store that runs from here use.
    pub store: String,
    /// Set if other machines reach it.
    pub is_shared: bool,
    /// Store that the spec names: `local`, or a bucket.
    pub spec: String,
    /// Stores that the environment's resources name in their tags.
    pub tags: BTreeSet<String>,
    /// Number of runs in its journal.
    pub runs: usize,
    /// Whoever works on the environment, by the lock in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<LockHolder>,
}

impl Report for StateReport {
    const SCHEMA: &str = "billpay/state/v1";
}

/// Request to move the facts about an environment to another store.
#[derive(Debug, Clone)]
pub struct MoveRequest {
    pub environment: String,
    /// Address of the new store; without one, that of the runs from here.
    pub to: Option<String>,
    /// Address of an old store that the resources don't name, as they name no directory.
    pub from: Option<String>,
    /// Set if the old store is gone, and what was in it.
    pub is_lost: bool,
    /// Time for which the locks are waited for.
    pub lock_timeout: Duration,
    pub interrupt: Interrupt,
}

/// Result of moving the facts about an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoveReport {
    pub environment: String,
    /// Stores that the facts were in.
    pub from: BTreeSet<String>,
    pub to: String,
    /// Set if other machines reach it.
    pub is_shared: bool,
    /// Number of objects that were copied.
    pub objects: usize,
    /// Number of resources whose tags were changed.
    pub resources: usize,
    /// Store that the spec names, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
}

impl Report for MoveReport {
    const SCHEMA: &str = "billpay/state-move/v1";
}

/// Fails if resources of the environment say that its lock is in another store.
pub(crate) fn check_store(env: &Environment, snapshot: &Snapshot, facts: &Facts) -> Result<(), Error> {
    let store = facts.address();
    let named: Vec<String> = stores(snapshot).into_iter().filter(|named| *named != store).collect();
    if named.is_empty() {
        return Ok(());
    }
    Err(Error::OtherStore { environment: env.environment.clone(), store, named })
}

/// Returns where the facts about an environment are, and what its resources say about that.
///
/// # Errors
/// Fails if the spec is wrong, or the cloud or the store can't be read.
pub async fn show_state(
    ports: &Ports,
    environment: &str,
    observer: &dyn Observer,
) -> Result<StateReport, Error> {
    let env = ports.load(environment)?.environment;
    let facts = Facts::open(ports, &env).await?;
    let fail = |error| facts.error(&env, error);
    let held = facts.lock().show().await.map_err(fail)?;
    let runs = facts.journal().runs().await.map_err(|failure| fail(failure.into()))?;
    let engine = ports.engine(&env, observer).await?;
    let snapshot = look(engine.as_ref(), observer).await?;
    Ok(StateReport {
        environment: env.environment.clone(),
        store: facts.address(),
        is_shared: facts.is_shared(),
        spec: StoreAddress::of_spec(&env).to_string(),
        tags: stores(&snapshot),
        runs: runs.len(),
        holder: held.as_ref().map(LockHolder::from),
    })
}

/// Moves the facts about an environment to another store: takes the locks in both, copies the journal, and writes the new
/// address into the tags of the environment's resources. What is in the old store stays there. One that was cut short is
/// finished by the next one.
///
/// # Errors
/// Fails if the address is none, somebody works on the environment, or a store or the cloud can't be read or written.
pub async fn move_state(
    ports: &Ports,
    request: &MoveRequest,
    observer: &dyn Observer,
) -> Result<MoveReport, Error> {
    let env = ports.load(&request.environment)?.environment;
    let parse =
        |text: &String| StoreAddress::parse(text, &env).ok_or_else(|| Error::StoreAddress(text.clone()));
    let target = request.to.as_ref().map(parse).transpose()?;
    let new = Facts::open_at(ports, &env, target.as_ref()).await?;
    let to = new.address();
    let engine = ports.engine(&env, observer).await?;
    let engine = engine.as_ref();
    let named: BTreeSet<String> =
        stores(&look(engine, observer).await?).into_iter().filter(|named| *named != to).collect();
    let open = async |address: StoreAddress| Facts::open_at(ports, &env, Some(&address)).await;
    let mut old = vec![];
    for text in &named {
        // Nothing but a bucket is ever written there.
        let address = StoreAddress::parse(text, &env).filter(|_| text.starts_with("s3://"));
        match (address, request.is_lost) {
            (Some(address), false) => old.push(open(address).await?),
            (None, false) => return Err(Error::StoreTag(text.clone())),
            (Some(address), true) => check_lost(&open(address).await?, &env).await?,
            // Whatever else is in the tag, there is nothing to be lost.
            (None, true) => {}
        }
    }
    if let Some(from) = &request.from {
        old.push(open(parse(from)?).await?);
    } else if named.is_empty() && !request.is_lost {
        // Then runs from here used the store that they use now, or their own directory until the spec was changed.
        old.push(Facts::open(ports, &env).await?);
        let own = open(StoreAddress::Local).await?;
        if !own.list().await.map_err(|failure| own.error(&env, failure.into()))?.is_empty() {
            old.push(own);
        }
    }
    let mut seen = BTreeSet::from([to.clone()]);
    old.retain(|facts| seen.insert(facts.address()));
    let from: BTreeSet<String> = named.into_iter().chain(old.iter().map(Facts::address)).collect();
    let lock = async |facts: Facts| {
        let run = (request.lock_timeout, &request.interrupt);
        hold(facts, engine, "state move", run, observer).await
    };
    check_reach(ports, &new, &env, observer)?;
    let new = lock(new).await?;
    let mut held: Vec<Hold> = vec![];
    for facts in old {
        held.push(lock(facts).await?);
    }
    let report = carry_over(engine, &env, &held, &new, from, observer).await;
    for hold in held {
        hold.release(observer).await;
    }
    new.release(observer).await;
    report
}

/// Makes sure that a store is gone: one that can be read isn't, and of one that can't be asked nobody knows.
async fn check_lost(facts: &Facts, env: &Environment) -> Result<(), Error> {
    match facts.lock().show().await {
        Err(LockError::Store(failure)) if failure.code == "NoSuchBucket" => Ok(()),
        Err(error @ LockError::Store(_)) => Err(facts.error(env, error)),
        _ => Err(Error::OldStoreThere(facts.address())),
    }
}

/// Copies the facts and changes the tags, while the locks in the old stores and in the new one are held.
async fn carry_over(
    engine: &dyn Engine,
    env: &Environment,
    old: &[Hold],
    new: &Hold,
    from: BTreeSet<String>,
    observer: &dyn Observer,
) -> Result<MoveReport, Error> {
    let to = new.facts().address();
    let mut objects = 0;
    for hold in old {
        let fail = |failure: Failure| hold.facts().error(env, failure.into());
        objects += observer.wait("copying", hold.facts().copy_to(new.facts())).await.map_err(fail)?;
    }
    // Again, since somebody may have worked on it until the locks were taken.
    let snapshot = look(engine, observer).await?;
    let unknown: Vec<String> =
        stores(&snapshot).into_iter().filter(|named| *named != to && !from.contains(named)).collect();
    if !unknown.is_empty() {
        return Err(Error::OtherStore { environment: env.environment.clone(), store: to, named: unknown });
    }
    for hold in old.iter().chain([new]) {
        hold.check()?;
    }
    let address = new.shared_store();
    let write = engine.write_store(&snapshot, address.as_deref(), new.guard());
    let resources = observer.wait("writing tags", write).await?;
    let spec = StoreAddress::of_spec(env).to_string();
    let spec = match &address {
        Some(address) => Some(spec).filter(|spec| spec != address),
        None => Some(spec).filter(|spec| spec != "local"),
    };
    let (environment, is_shared) = (env.environment.clone(), address.is_some());
    Ok(MoveReport { environment, from, to, is_shared, objects, resources, spec })
}

/// Reads what is there of the environment.
async fn look(engine: &dyn Engine, observer: &dyn Observer) -> Result<Snapshot, Error> {
    let (selection, keep, open) = (Selection::default(), BTreeSet::new(), OpenAttempts::default());
    let options = PlanOptions { goal: Goal::Converge, selection, keep, open };
    Ok(observer.wait("reading what is there", engine.plan(&options)).await?.snapshot)
}
