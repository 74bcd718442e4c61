//! Plans an environment: what would have to change.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use billpay_engine::attempts::{self, OpenAttempts};
use billpay_engine::engine::{Engine, PlanOptions, Proposal};
use billpay_engine::permit::Protection;
use billpay_engine::plan::{Counts, Goal, Kinds, Plan, Selection, Snapshot};
use billpay_engine::saved::{MAX_BYTES, SavedPlan};
use billpay_engine::store_tag::stores;
use billpay_host::reading::read_input;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_spec::directory::SpecError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::history::open_attempts;
use crate::lock::Facts;
use crate::report::Report;
use crate::state::check_store;
use crate::{Error, Ports};

/// Origin of a plan.
#[derive(Debug, Clone)]
pub enum PlanSource {
    /// The spec and the cloud as they are now.
    Spec {
        selection: Selection,
        /// Ids to keep where several resources carry the tags of one address.
        keep: BTreeSet<String>,
    },
    /// A saved plan; refused if planning now gives another one.
    File {
        path: PathBuf,
        /// Lets the spec in the plan count where there are no specs.
        allow_own_spec: bool,
    },
}

/// Request to plan an environment.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    pub environment: String,
    pub source: PlanSource,
    pub goal: Goal,
}

/// A plan, and its form for a file.
#[derive(Debug, Clone)]
pub struct PlanResult {
    pub report: PlanReport,
    pub saved: SavedPlan,
}

/// A plan, as people and programs review it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanReport {
    pub account: String,
    pub region: String,
    /// ARN of the caller.
    pub identity: String,
    pub counts: Counts,
    #[serde(flatten)]
    pub plan: Plan,
    /// Set if the plan is applied only after somebody typed the environment's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection: Option<ProtectionReport>,
}

impl Report for PlanReport {
    const SCHEMA: &str = "billpay/plan/v1";
}

/// Protection of an environment, and the changes of a plan that it is against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProtectionReport {
    #[serde(flatten)]
    pub protection: Protection,
    /// Resources that would be deleted, replaced or unprotected.
    pub changes: BTreeSet<Address>,
}

impl ProtectionReport {
    fn of(env: &Environment, plan: &Plan, snapshot: &Snapshot) -> Option<ProtectionReport> {
        let protection = Protection::of(env, snapshot);
        let changes: BTreeSet<Address> = plan.protected_changes().into_iter().cloned().collect();
        let is_needed = !protection.is_none() && !changes.is_empty();
        is_needed.then_some(ProtectionReport { protection, changes })
    }

    pub(crate) fn error(&self, environment: String) -> billpay_engine::Error {
        let ProtectionReport { protection, changes } = self.clone();
        billpay_engine::Error::Protected { environment, protection, changes }
    }
}

impl PlanReport {
    pub(crate) fn new(env: &Environment, proposal: &Proposal) -> PlanReport {
        let Proposal { identity, snapshot, plan, .. } = proposal;
        PlanReport {
            account: env.account.clone(),
            region: env.region.clone(),
            identity: identity.arn.clone(),
            counts: plan.counts(),
            protection: ProtectionReport::of(env, plan, snapshot),
            plan: plan.clone(),
        }
    }
}

/// Plans an environment and changes nothing.
///
/// # Errors
/// Fails if the spec is wrong, the cloud can't be read or is another account's, or a saved plan no longer fits.
pub async fn plan(
    ports: &Ports,
    request: &PlanRequest,
    observer: &dyn Observer,
) -> Result<PlanResult, Error> {
    let target = Target::open(ports, &request.environment, &request.source, request.goal, observer).await?;
    let proposal = target.propose(ports, observer).await?;
    let env = target.engine.environment();
    if !stores(&proposal.snapshot).is_empty()
        && let Err(error) = check_store(env, &proposal.snapshot, &Facts::open(ports, env).await?)
    {
        observer.note(format!("this plan can't be applied from here: {error}"));
    }
    Ok(PlanResult { report: PlanReport::new(env, &proposal), saved: SavedPlan::new(env, &proposal) })
}

/// Saves a plan to a file.
///
/// # Errors
/// Fails if the file can't be written.
pub fn save(path: &Path, saved: &SavedPlan) -> Result<(), Error> {
    let fail = |why: String| Error::SavePlan { path: path.to_owned(), why };
    let text = serde_json::to_string_pretty(saved).map_err(|error| fail(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|error| fail(error.to_string()))
}

/// An environment that is to be planned, and the engine that works on it.
pub(crate) struct Target {
    pub engine: Box<dyn Engine>,
    goal: TargetGoal,
}

enum TargetGoal {
    Options(PlanOptions),
    /// The plan that must come out.
    Saved(Box<SavedPlan>),
}

impl Target {
    /// Reads the spec or the saved plan, and connects.
    pub async fn open(
        ports: &Ports,
        environment: &str,
        source: &PlanSource,
        goal: Goal,
        observer: &dyn Observer,
    ) -> Result<Target, Error> {
        match source {
            PlanSource::Spec { selection, keep } => {
                let loaded = ports.load(environment)?;
                observer.warn(&loaded.warnings);
                check_selection(selection, &ports.connector.kinds())?;
                let engine = ports.engine(&loaded.environment, observer).await?;
                let (selection, keep) = (selection.clone(), keep.clone());
                let options = PlanOptions { goal, selection, keep, open: OpenAttempts::default() };
                Ok(Target { engine, goal: TargetGoal::Options(options) })
            }
            PlanSource::File { path, allow_own_spec } => {
                let saved = read_checked(ports, environment, path, *allow_own_spec)?;
                let engine = ports.engine(&saved.spec, observer).await?;
                Ok(Target { engine, goal: TargetGoal::Saved(Box::new(saved)) })
            }
        }
    }

    /// Looks at the environment and plans it; a saved plan must come out again. Where something may come from a create
    /// call of an earlier run, the journal is asked.
    pub async fn propose(&self, ports: &Ports, observer: &dyn Observer) -> Result<Proposal, Error> {
        let plan = async |open: &OpenAttempts| {
            let engine = self.engine.as_ref();
            let plan = async {
                match &self.goal {
                    TargetGoal::Options(options) => {
                        engine.plan(&PlanOptions { open: open.clone(), ..options.clone() }).await
                    }
                    TargetGoal::Saved(saved) => saved.recheck(engine, open).await,
                }
            };
            observer.wait("reading what is there", plan).await
        };
        let proposal = plan(&OpenAttempts::default()).await;
        let is_open = match &proposal {
            Ok(proposal) => attempts::are_needed(&proposal.snapshot),
            Err(error) => matches!(error, billpay_engine::Error::StalePlan(_)),
        };
        if !is_open {
            return Ok(proposal?);
        }
        let env = self.engine.environment();
        let facts = Facts::open(ports, env).await?;
        let open =
            open_attempts(&facts.journal()).await.map_err(|failure| facts.error(env, failure.into()))?;
        Ok(if open.is_empty() { proposal } else { plan(&open).await }?)
    }
}

/// Reads a saved plan, and makes sure that its spec may be used.
fn read_checked(
    ports: &Ports,
    environment: &str,
    path: &Path,
    allow_own_spec: bool,
) -> Result<SavedPlan, Error> {
    let saved = read(path)?;
    if saved.spec.environment != environment {
        let (expected, actual) = (environment.to_string(), saved.spec.environment);
        return Err(billpay_engine::Error::OtherEnvironment { expected, actual }.into());
    }
    match ports.load(environment) {
        Ok(loaded) => saved.check_spec(&loaded.environment)?,
        Err(SpecError::NoSpecs { .. }) if allow_own_spec && ports.specs.is_none() => {
            saved.check_spec(&ports.check(&saved.spec)?.environment)?;
            saved.check_harmless(&ports.connector.kinds())?;
        }
        Err(error @ SpecError::NoSpecs { .. }) => return Err(Error::OnlySpecOfPlan(error)),
        Err(error) => return Err(error.into()),
    }
    Ok(saved)
}

/// Fails if a selection names a component that there is not.
fn check_selection(selection: &Selection, kinds: &Kinds) -> Result<(), Error> {
    let known: BTreeSet<&str> = kinds.values().map(|kind| kind.component).collect();
    let unknown = |name: &&String| !known.contains(name.as_str());
    match selection.only.iter().chain(&selection.exclude).find(unknown) {
        None => Ok(()),
        Some(name) => Err(Error::UnknownComponent {
            name: name.clone(),
            known: known.into_iter().map(str::to_string).collect(),
        }),
    }
}

fn read(path: &Path) -> Result<SavedPlan, Error> {
    let fail = |why: String| Error::PlanFile { path: path.to_owned(), why };
    let text = File::open(path)
        .and_then(|file| read_input(file, MAX_BYTES))
        .map_err(|error| fail(error.to_string()))?;
    SavedPlan::parse(&text).map_err(fail)
}
