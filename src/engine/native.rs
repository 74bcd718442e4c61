//! The engine that needs no other program: it works on a [`Cloud`] by itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use billpay_model::caller::CallerIdentity;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::engine::{Engine, PlanOptions, Proposal};
use crate::guard::Guard;
use crate::plan::{Schedule, Snapshot};
use crate::{ApplyOptions, Error, Leftovers, Outcome, apply, at_home, leftovers, store_tag, survey};

/// Engine that observes and changes a cloud directly.
pub struct NativeEngine {
    cloud: Box<dyn Cloud>,
}

impl NativeEngine {
    pub fn new(cloud: Box<dyn Cloud>) -> NativeEngine {
        NativeEngine { cloud }
    }
}

#[async_trait]
impl Engine for NativeEngine {
    fn environment(&self) -> &Environment {
        self.cloud.environment()
    }

    fn run_id(&self) -> &str {
        self.cloud.run_id()
    }

    async fn identity(&self) -> Result<CallerIdentity, Error> {
        at_home(self.cloud.identity().await, self.cloud.environment())
    }

    async fn plan(&self, options: &PlanOptions) -> Result<Proposal, Error> {
        let cloud = self.cloud.as_ref();
        survey(cloud, &options.keep, &options.open).await?.plan(cloud, options.goal, &options.selection).await
    }

    fn usual_time(&self, proposal: &Proposal) -> Result<Duration, Error> {
        let schedule = Schedule::of(&proposal.plan, &proposal.snapshot, self.cloud.kinds())?;
        Ok(Duration::from_secs(schedule.critical_path().into()))
    }

    fn credentials_end(&self) -> Option<Timestamp> {
        self.cloud.credentials_end()
    }

    async fn apply(
        &self,
        proposal: &Proposal,
        options: &ApplyOptions,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        apply(self.cloud.as_ref(), proposal, options, observer).await
    }

    async fn write_store(
        &self,
        snapshot: &Snapshot,
        address: Option<&str>,
        guard: Arc<dyn Guard>,
    ) -> Result<usize, Error> {
        self.cloud.guard(guard.clone());
        let written = store_tag::write_store(self.cloud.as_ref(), snapshot, address, guard.as_ref()).await;
        written.map_err(Error::WriteStore)
    }

    async fn leftovers(&self, destroyed: &Proposal) -> Result<Leftovers, Error> {
        leftovers(self.cloud.as_ref(), destroyed).await
    }
}
