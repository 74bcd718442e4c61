//! The port to a cloud, which the crate `aws` and the tests implement.
//!
//! Planning never waits for anything; the futures here are what applying and observing wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use billpay_model::address::Address;
use billpay_model::caller::CallerIdentity;
use billpay_model::check::Check;
use billpay_model::connect::ConnectError;
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_model::failure::Failure;
use billpay_model::resource::{Desired, Observed, Tags};
use jiff::Timestamp;

use super::guard::Guard;
use super::permit::Permit;
use super::plan::{Attachment, Goal, Kinds, Plan, Snapshot};

/// A call of [`Cloud::create`]: everything about the resource is known.
#[derive(Debug, Clone)]
pub struct Create {
    pub desired: Desired,
    /// Number of times that the resource was made before; part of its identity.
    pub generation: u32,
    /// Number of client tokens that turned out to be spent on something that is gone.
    pub spent: u32,
}

/// State of a change when the call that made it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Done,
    /// AWS goes on working: look again until it is ready, or gone. What is to go and is
    /// found ready is deleted again: that was a first step.
    Underway,
}

/// Facts about the changes of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// Things of others that keep resources from being deleted.
    pub attachments: Vec<Attachment>,
    /// Changes that can't be made, and the reasons.
    pub refused: Vec<(Address, String)>,
}

/// The cloud of one environment: AWS, or one in memory for tests.
///
/// Bound to an environment, because names and tags in the cloud follow from the spec.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The environment that it is bound to.
    fn environment(&self) -> &Environment;

    /// Sets the check before every call that changes something, also before one that is sent again.
    fn guard(&self, _guard: Arc<dyn Guard>) {}

    /// Sets the address of the shared store in which the lock of the environment is: what is made carries it as a tag.
    fn set_store(&self, _address: Option<String>) {}

    /// The facts about the kinds of resources that it can make.
    fn kinds(&self) -> &Kinds;

    /// Every resource that the environment should have.
    fn desire(&self) -> Vec<Desired>;

    /// Adapts what the spec wants to what the cloud never changes about the one that is there.
    fn adapt(&self, wanted: &Desired, found: &Observed) -> Desired;

    /// Returns why a planned change must not be carried out; `None` for nearly all. What can't be
    /// decoded is refused.
    fn refuse(&self, found: &Observed, wanted: &Desired) -> Option<String>;

    /// Returns the random id of this process, which its create calls carry.
    fn run_id(&self) -> &str;

    /// Returns whether a create call that a resource names was sent by this process.
    fn is_own_attempt(&self, attempt: &str) -> bool;

    /// Returns the lines of the AWS CLI that write tags onto a resource which carries other tags.
    fn tag_commands(&self, found: &Observed, tags: &Tags) -> Vec<String>;

    /// Reads everything that carries the environment's tags or names, whatever it is called.
    ///
    /// # Errors
    /// Fails with every call that failed.
    async fn sweep(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>>;

    /// Reads everything that carries the environment's tags in another region.
    ///
    /// # Errors
    /// Fails with every call that failed.
    async fn observe_region(&self, region: &str) -> Result<Snapshot, Vec<Failure>>;

    /// Returns the caller's identity.
    ///
    /// # Errors
    /// Fails if the call does, as without credentials.
    async fn identity(&self) -> Result<CallerIdentity, Failure>;

    /// Returns the moment at which the caller's credentials end, if it is known and nothing refreshes them.
    fn credentials_end(&self) -> Option<Timestamp> {
        None
    }

    /// Everything that is there, in a number of calls that hardly depends on how much that is.
    ///
    /// # Errors
    /// Fails with every call that failed.
    async fn observe(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>>;

    /// All that is there at one address: nothing, one, or (after a lost answer) several.
    ///
    /// # Errors
    /// Fails if a call does.
    async fn find(&self, desired: &Desired) -> Result<Vec<Observed>, Failure>;

    /// Finds the other regions in which this environment has a network or repositories, with what was found there. A
    /// region that the caller may not read is left out.
    ///
    /// # Errors
    /// Fails with every call that failed.
    async fn find_elsewhere(&self) -> Result<BTreeMap<String, BTreeSet<Address>>, Vec<Failure>>;

    /// Makes a resource and says what it made.
    ///
    /// # Errors
    /// Fails with `Exists` rather than taking over, and if a call does.
    async fn create(&self, create: &Create) -> Result<Observed, Failure>;

    /// Changes what was found into what is wanted.
    ///
    /// # Errors
    /// Fails if a call does, or what was found is no longer ours.
    async fn update(&self, found: &Observed, wanted: &Desired) -> Result<Progress, Failure>;

    /// Looks up what only the cloud knows about the changes of a plan: what others attached to what it
    /// deletes or replaces, and whether there is what it makes. Makes no call for a plan that does neither.
    ///
    /// # Errors
    /// Fails with every call that failed.
    async fn inspect(&self, plan: &Plan) -> Result<Inspection, Vec<Failure>>;

    /// Region, clock and quotas, as far as they can be seen: for people whose run fails.
    async fn diagnose(&self) -> Vec<Check>;

    /// Deletes what was found, after proving once more that it is ours. What holds people's
    /// data goes only when the environment is destroyed, never because the spec changed.
    ///
    /// # Errors
    /// Fails if a call does, or what was found is no longer ours or is protected without a permit.
    async fn delete(&self, found: &Observed, goal: Goal, permit: &Permit) -> Result<Progress, Failure>;
}

/// Connects to clouds.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Returns the facts about the kinds of resources that can be made; makes no call.
    fn kinds(&self) -> Kinds;

    /// Returns whether the cloud is one on this machine, with nothing in it that others use.
    fn is_on_this_machine(&self) -> bool;

    /// Returns every resource that an environment should have; makes no call.
    fn desire(&self, env: &Environment) -> Vec<Desired>;

    /// Connects to the cloud of an environment.
    ///
    /// # Errors
    /// Fails if there is no such cloud here: the local one that doesn't start, for example.
    async fn connect(
        &self,
        env: &Environment,
        observer: &dyn Observer,
    ) -> Result<Box<dyn Cloud>, ConnectError>;
}
