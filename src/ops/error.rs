//! What keeps a use case from being done.

use std::collections::BTreeSet;

use crate::domain::address::Address;
use crate::domain::failure::Failure;
use crate::domain::plan::{Conflict, Cycle};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cloud could not be read.
    #[error("could not read what is there")]
    Observe(Vec<Failure>),
    /// The credentials are those of another account.
    #[error("the credentials are for account {actual}, but the environment lives in {expected}")]
    WrongAccount { expected: String, actual: String, arn: String },
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
    /// The saved plan is for another environment.
    #[error("the saved plan is for `{actual}`, not for `{expected}`")]
    OtherEnvironment { expected: String, actual: String },
    #[error(transparent)]
    Cycle(#[from] Cycle),
}
