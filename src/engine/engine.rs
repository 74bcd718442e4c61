//! The port to an engine, which plans and applies a whole environment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use billpay_model::caller::CallerIdentity;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use jiff::Timestamp;

use crate::attempts::OpenAttempts;
use crate::guard::Guard;
use crate::plan::{Goal, Plan, Selection, Snapshot};
use crate::{ApplyOptions, Error, Leftovers, Outcome};

/// Options of [`Engine::plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOptions {
    pub goal: Goal,
    pub selection: Selection,
    /// Ids that a person chose among several resources at one address.
    pub keep: BTreeSet<String>,
    /// Create calls of earlier runs whose results nobody knows.
    pub open: OpenAttempts,
}

/// A plan with everything that it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub identity: CallerIdentity,
    /// Everything that was observed, its owners settled.
    pub snapshot: Snapshot,
    /// Ids that were kept among several resources at one address.
    pub keep: BTreeSet<String>,
    /// Create calls of earlier runs that were known.
    pub open: OpenAttempts,
    pub plan: Plan,
}

/// Plans, applies and destroys one environment. It orders its own work.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The environment that it is bound to.
    fn environment(&self) -> &Environment;

    /// Returns the random id of this process, which its create calls carry.
    fn run_id(&self) -> &str;

    /// Returns the caller, who is in the environment's account.
    ///
    /// # Errors
    /// Fails if the credentials are missing, wrong, or those of another account.
    async fn identity(&self) -> Result<CallerIdentity, Error>;

    /// Looks at the environment, works out what has to change to reach a goal, and rehearses it: what could not be
    /// finished is a conflict. Changes nothing.
    ///
    /// # Errors
    /// Fails if the cloud can't be read, the credentials are for another account, the environment lives in another
    /// region, an id to keep is none of a found resource, or resources need one another in a circle.
    async fn plan(&self, options: &PlanOptions) -> Result<Proposal, Error>;

    /// Returns the time that a plan usually takes: that of its longest chain of steps.
    ///
    /// # Errors
    /// Fails if steps need one another in a circle.
    fn usual_time(&self, proposal: &Proposal) -> Result<Duration, Error>;

    /// Returns the moment at which the caller's credentials end, if it is known and nothing refreshes them.
    fn credentials_end(&self) -> Option<Timestamp>;

    /// Applies a plan. Everything after the first change is in the outcome, not an error.
    ///
    /// # Errors
    /// Fails before the first change if the plan has conflicts, or needs a permit that isn't given.
    async fn apply(
        &self,
        proposal: &Proposal,
        options: &ApplyOptions,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error>;

    /// Writes the address of a store into the tags of the environment's resources; with `None`, takes it off. Returns
    /// the number of resources that were changed.
    ///
    /// # Errors
    /// Fails with every resource that can't be changed, once all others are.
    async fn write_store(
        &self,
        snapshot: &Snapshot,
        address: Option<&str>,
        guard: Arc<dyn Guard>,
    ) -> Result<usize, Error>;

    /// Looks for what a destroy left of the environment.
    ///
    /// # Errors
    /// Fails if anything can't be read, for then nobody can say that nothing is left.
    async fn leftovers(&self, destroyed: &Proposal) -> Result<Leftovers, Error>;
}
