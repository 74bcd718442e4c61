//! Plans an environment: what would have to change.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use billpay_engine::cloud::Provider;
use billpay_engine::permit::Protection;
use billpay_engine::plan::{Counts, Goal, Kinds, Plan, Selection};
use billpay_engine::saved::{MAX_BYTES, SavedPlan};
use billpay_engine::{Survey, survey};
use billpay_host::reading::read_input;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_spec::directory::SpecError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Report;
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
    fn of(env: &Environment, plan: &Plan, survey: &Survey) -> Option<ProtectionReport> {
        let protection = Protection::of(env, &survey.snapshot);
        let changes: BTreeSet<Address> = plan.protected_changes().into_iter().cloned().collect();
        let is_needed = !protection.is_none() && !changes.is_empty();
        is_needed.then_some(ProtectionReport { protection, changes })
    }

    pub(crate) fn error(&self, environment: String) -> billpay_engine::Error {
        let ProtectionReport { protection, changes } = self.clone();
        billpay_engine::Error::Protected { environment, protection, changes }
    }
}

/// A plan with all that it was made from.
pub(crate) struct Draft {
    pub env: Environment,
    pub cloud: Box<dyn Provider>,
    pub survey: Survey,
    pub plan: Plan,
    /// Ids that are kept among several resources at one address.
    pub keep: BTreeSet<String>,
}

impl Draft {
    pub fn report(&self) -> PlanReport {
        PlanReport {
            account: self.env.account.clone(),
            region: self.env.region.clone(),
            identity: self.survey.identity.arn.clone(),
            counts: self.plan.counts(),
            protection: ProtectionReport::of(&self.env, &self.plan, &self.survey),
            plan: self.plan.clone(),
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
    let draft = draft(ports, &request.environment, &request.source, request.goal, observer).await?;
    Ok(PlanResult { report: draft.report(), saved: SavedPlan::new(&draft.env, &draft.plan, &draft.keep) })
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

/// Looks at an environment and plans it.
pub(crate) async fn draft(
    ports: &Ports,
    environment: &str,
    source: &PlanSource,
    goal: Goal,
    observer: &dyn Observer,
) -> Result<Draft, Error> {
    let (selection, keep) = match source {
        PlanSource::Spec { selection, keep } => (selection, keep),
        PlanSource::File { path, allow_own_spec } => {
            return redraft(ports, environment, path, *allow_own_spec, observer).await;
        }
    };
    let loaded = ports.load(environment)?;
    observer.warn(&loaded.warnings);
    let env = loaded.environment;
    let cloud = ports.connector.connect(&env, observer).await?;
    check_selection(selection, cloud.kinds())?;
    let survey = observer.wait("reading what is there", survey(cloud.as_ref(), &env, keep)).await?;
    let plan = survey.plan(cloud.as_ref(), &env, goal, selection).await?;
    Ok(Draft { env, cloud, survey, plan, keep: keep.clone() })
}

/// Plans an environment again as a saved plan did, and makes sure that it is the same plan.
async fn redraft(
    ports: &Ports,
    environment: &str,
    path: &Path,
    allow_own_spec: bool,
    observer: &dyn Observer,
) -> Result<Draft, Error> {
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
    let cloud = ports.connector.connect(&saved.spec, observer).await?;
    let (survey, plan) = observer.wait("reading what is there", saved.recheck(cloud.as_ref())).await?;
    Ok(Draft { env: saved.spec, cloud, survey, plan, keep: saved.keep })
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
