//! Approval of plans: who is asked, and what an answer allows.

use std::io;

use billpay_engine::permit::Permit;
use billpay_model::environment::Environment;

use crate::Error;
use crate::plan::PlanReport;

/// Answer to the question whether a plan may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// The name of the environment as somebody typed it, which a protected one needs.
    Name(String),
    /// Nobody can be asked.
    Unattended,
}

/// Decides whether a plan is applied: a person at a terminal, or flags.
pub trait Approver: Send + Sync {
    /// Looks at a plan that changes something and can be applied. A protected environment's plan may need the
    /// environment's name: see [`PlanReport::protection`]. May block its thread for as long as a person thinks: the
    /// runtime needs another one, on which the lock is kept.
    ///
    /// # Errors
    /// Fails if the answer can't be read.
    fn approve(&self, plan: &PlanReport) -> Result<Answer, io::Error>;
}

/// Asks whether a plan may be applied. Returns the permit that a typed name gave, if one was typed.
///
/// # Errors
/// Fails if the answer is no, if nobody can be asked, or if a protected environment's name is needed and wasn't typed.
pub(crate) fn permit(
    env: &Environment,
    plan: &PlanReport,
    approver: &dyn Approver,
) -> Result<Option<Permit>, Error> {
    let environment = env.environment.clone();
    match (approver.approve(plan)?, &plan.protection) {
        (Answer::Name(typed), _) => match Permit::confirmed(env, &typed) {
            Some(permit) => Ok(Some(permit)),
            None => Err(Error::WrongName { typed, environment }),
        },
        (Answer::Yes | Answer::Unattended, Some(protection)) => Err(protection.error(environment).into()),
        (Answer::Yes, None) => Ok(None),
        (Answer::Unattended, None) => Err(Error::Unattended { environment }),
        (Answer::No, _) => Err(Error::Declined),
    }
}
