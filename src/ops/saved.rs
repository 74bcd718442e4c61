//! Saved plans: applied exactly as they were reviewed, or refused.

use serde::{Deserialize, Serialize};

use crate::domain::plan::Plan;
use crate::domain::port::Provider;
use crate::domain::spec::Environment;

use super::{Error, Survey, survey};

/// Version of the file format; a file of another version is refused.
pub const FORMAT: u32 = 1;

/// A plan as it is written to a file, with the spec that it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    pub format: u32,
    /// The spec at the time; the plan is applied for this one, whatever the files say today.
    pub spec: Environment,
    pub plan: Plan,
}

impl SavedPlan {
    pub fn new(spec: &Environment, plan: &Plan) -> SavedPlan {
        SavedPlan { format: FORMAT, spec: spec.clone(), plan: plan.clone() }
    }

    /// Looks at the cloud again and makes sure that the same plan would come out today.
    pub async fn recheck(&self, provider: &dyn Provider) -> Result<Survey, Error> {
        let survey = survey(provider, &self.spec).await?;
        let today = survey.plan(provider, &self.spec, self.plan.goal, &self.plan.selection)?;
        let differs = self.plan.differs_from(&today);
        if differs.is_empty() { Ok(survey) } else { Err(Error::StalePlan(differs)) }
    }
}
