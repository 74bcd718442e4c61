//! Shows what there is of an environment, and where it differs from its spec.

use std::collections::BTreeSet;

use billpay_engine::ownership::ForeignResource;
use billpay_engine::plan::{Action, Change, Conflict, Counts, FieldChange, Goal, Selection};
use billpay_model::address::Address;
use billpay_model::event::Observer;
use billpay_model::resource::{Condition, Outputs, Owner, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{PlanSource, Target};
use crate::report::Report;
use crate::{Error, Ports};

/// Resources of an environment beside its spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatusReport {
    pub environment: String,
    pub account: String,
    pub region: String,
    /// ARN of the caller.
    pub identity: String,
    /// Numbers of resources that `billpay provision` would touch.
    pub counts: Counts,
    pub resources: Vec<ResourceStatus>,
    pub conflicts: Vec<Conflict>,
    /// Resources that carry the environment's tags and are left alone.
    #[serde(rename = "strangers", default)]
    pub foreign_resources: Vec<ForeignResource>,
}

impl Report for StatusReport {
    const SCHEMA: &str = "billpay/status/v1";
}

/// One resource beside its spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceStatus {
    pub address: Address,
    pub state: State,
    pub id: Option<String>,
    /// Attributes that differ.
    pub fields: Vec<FieldChange>,
    pub outputs: Option<Outputs>,
    pub condition: Option<Condition>,
    pub count: Option<i32>,
}

/// State of a resource in one or two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum State {
    #[serde(rename = "missing")]
    Missing,
    #[serde(rename = "not ours")]
    NotOurs,
    #[serde(rename = "failed")]
    Failed,
    #[serde(rename = "being deleted")]
    Deleting,
    #[serde(rename = "in progress")]
    Pending,
    #[serde(rename = "ready")]
    Ready,
    #[serde(rename = "not in the spec")]
    NotInSpec,
    #[serde(rename = "differs")]
    Differs,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Missing => "missing",
            State::NotOurs => "not ours",
            State::Failed => "failed",
            State::Deleting => "being deleted",
            State::Pending => "in progress",
            State::Ready => "ready",
            State::NotInSpec => "not in the spec",
            State::Differs => "differs",
        }
    }

    fn of(change: &Change) -> State {
        match (&change.observed, change.action) {
            (None, _) => State::Missing,
            (Some(observed), _) if matches!(observed.owner, Owner::Foreign { .. }) => State::NotOurs,
            (Some(observed), _) if observed.status == Status::Failed => State::Failed,
            (Some(observed), _) if observed.status == Status::Deleting => State::Deleting,
            (Some(observed), _) if observed.status == Status::Pending => State::Pending,
            (Some(_), Action::NoOp) => State::Ready,
            (Some(_), Action::Delete) => State::NotInSpec,
            (Some(_), _) => State::Differs,
        }
    }
}

/// Looks at an environment.
///
/// # Errors
/// Fails if the spec is wrong, or the cloud can't be read or is another account's.
pub async fn status(
    ports: &Ports,
    environment: &str,
    observer: &dyn Observer,
) -> Result<StatusReport, Error> {
    let source = PlanSource::Spec { selection: Selection::default(), keep: BTreeSet::new() };
    let target = Target::open(ports, environment, &source, Goal::Converge, observer).await?;
    let proposal = target.propose(ports, observer).await?;
    let (env, plan) = (target.engine.environment(), proposal.plan);
    let resource = |change: Change| {
        let (state, id) = (State::of(&change), change.id().map(str::to_string));
        let observed = change.observed;
        ResourceStatus {
            state,
            id,
            address: change.address,
            fields: change.fields,
            condition: observed.as_ref().and_then(|observed| observed.condition.clone()),
            count: observed.as_ref().and_then(|observed| observed.count),
            outputs: observed.map(|observed| observed.outputs),
        }
    };
    let counts = plan.counts();
    Ok(StatusReport {
        environment: env.environment.clone(),
        account: env.account.clone(),
        region: env.region.clone(),
        identity: proposal.identity.arn,
        counts,
        resources: plan.changes.into_iter().map(resource).collect(),
        conflicts: plan.conflicts,
        foreign_resources: plan.foreign_resources,
    })
}
