//! Errors of planning and applying.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::address::Address;
use billpay_model::failure::Failure;
use billpay_model::resource::STATE_TAG;

use crate::permit::Protection;
use crate::plan::{Conflict, Cycle};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cloud could not be read.
    #[error("could not read what is there")]
    Observe(Vec<Failure>),
    /// Some resources could not be told where the lock of their environment is.
    #[error("could not write the tag {STATE_TAG} everywhere")]
    WriteStore(Vec<Failure>),
    /// The credentials are those of another account.
    #[error("the credentials are for account {actual}, but the environment lives in {expected}")]
    WrongAccount { expected: String, actual: String, arn: String },
    /// The environment lives in another region.
    #[error("the environment lives in {}, not in {expected}", join(.regions.keys()))]
    LivesElsewhere { expected: String, regions: BTreeMap<String, BTreeSet<Address>> },
    /// Ids that were to be kept belong to nothing that was found.
    #[error("no resource of this environment has the id {}", join(.0.iter()))]
    NothingToKeep(Vec<String>),
    /// The environment is protected, and the plan deletes, replaces or unprotects something of it.
    #[error("{environment} is protected")]
    Protected { environment: String, protection: Protection, changes: BTreeSet<Address> },
    /// The plan can't be applied.
    #[error("the plan can't be applied")]
    Conflicts(Vec<Conflict>),
    /// The cloud is no longer what the saved plan was made for.
    #[error("the saved plan no longer fits what is there")]
    StalePlan(BTreeSet<Address>),
    /// The spec is no longer what the saved plan was made from.
    #[error("the saved plan was made from another spec than there is now")]
    OtherSpec(Vec<String>),
    /// The saved plan is one to destroy.
    #[error("the saved plan is one to destroy the environment, and provision doesn't do that")]
    OtherGoal,
    /// The saved plan's own spec, which nobody has checked in, would give access or delete.
    #[error("a plan without specs may only create and update what gives no access")]
    GivesAccess(BTreeSet<Address>),
    /// The saved plan is for another environment.
    #[error("the saved plan is for `{actual}`, not for `{expected}`")]
    OtherEnvironment { expected: String, actual: String },
    #[error(transparent)]
    Cycle(#[from] Cycle),
}

fn join<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(" and ")
}
