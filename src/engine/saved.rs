//! Saved plans: applied exactly as they were reviewed, or refused.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Error;
use crate::attempts::OpenAttempts;
use crate::engine::{Engine, PlanOptions, Proposal};
use crate::plan::{Action, Goal, Kinds, Plan};

/// Version of the file format; a file of another version is refused.
pub const FORMAT: u32 = 1;
/// Largest file that is read, bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// A plan as it is written to a file, with the spec that it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    pub format: u32,
    /// The spec at the time; the plan is applied for this one, whatever the files say today.
    pub spec: Environment,
    pub plan: Plan,
    /// Ids that were kept among several resources at one address.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keep: BTreeSet<String>,
}

impl SavedPlan {
    pub fn new(spec: &Environment, proposal: &Proposal) -> SavedPlan {
        let Proposal { plan, keep, .. } = proposal.clone();
        SavedPlan { format: FORMAT, spec: spec.clone(), plan, keep }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Fails with the reason if the text isn't the JSON of a plan, or has another format than this version's.
    pub fn parse(text: &str) -> Result<SavedPlan, String> {
        #[derive(Deserialize)]
        struct PlanHeader {
            format: u32,
        }
        let head: PlanHeader =
            serde_json::from_str(text).map_err(|error| format!("not a saved plan: {error}"))?;
        if head.format != FORMAT {
            return Err(format!("its format is {}, this version reads {FORMAT}", head.format));
        }
        serde_json::from_str(text).map_err(|error| format!("not a whole saved plan: {error}"))
    }

    /// Makes sure that it was made from the spec as it is today: a plan that somebody brings
    /// along, from a pull request for example, can hold no spec that nobody has merged.
    ///
    /// # Errors
    /// Fails with the paths of the values that differ.
    pub fn check_spec(&self, today: &Environment) -> Result<(), Error> {
        let value = |env: &Environment| serde_json::to_value(env).unwrap_or_default();
        let mut changed = vec![];
        differences(&value(&self.spec), &value(today), "", &mut changed);
        if changed.is_empty() { Ok(()) } else { Err(Error::OtherSpec(changed)) }
    }

    /// Makes sure that a plan whose spec nobody has checked in can do no harm: it only creates and
    /// updates, and nothing of kinds that give access.
    ///
    /// # Errors
    /// Fails with the addresses of all other changes.
    pub fn check_harmless(&self, kinds: &Kinds) -> Result<(), Error> {
        let harmful = self.plan.changes.iter().filter(|change| match change.action {
            Action::NoOp => false,
            Action::Delete | Action::Replace => true,
            Action::Create | Action::Update => {
                kinds.get(change.address.kind()).is_none_or(|kind| !kind.gives_access.is_empty())
            }
        });
        let harmful: BTreeSet<Address> = harmful.map(|change| change.address.clone()).collect();
        if harmful.is_empty() { Ok(()) } else { Err(Error::GivesAccess(harmful)) }
    }

    /// Looks at the cloud again and makes sure that the same plan would come out today. That one is what is
    /// to be applied: a file, whoever wrote it, only says which plan was reviewed.
    ///
    /// # Errors
    /// Fails if the plan is one to destroy, if another plan comes out, or as [`Engine::plan`] does.
    pub async fn recheck(&self, engine: &dyn Engine, open: &OpenAttempts) -> Result<Proposal, Error> {
        // Destroying has confirmations of its own, which no file stands in for.
        if self.plan.goal != Goal::Converge {
            return Err(Error::OtherGoal);
        }
        let Plan { goal, selection, .. } = &self.plan;
        let (selection, keep) = (selection.clone(), self.keep.clone());
        let options = PlanOptions { goal: *goal, selection, keep, open: open.clone() };
        let today = engine.plan(&options).await?;
        let differs = self.plan.differs_from(&today.plan);
        if differs.is_empty() { Ok(today) } else { Err(Error::StalePlan(differs)) }
    }
}

/// The paths of the values in which two specs differ; a mapping that only one has counts whole.
fn differences(then: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let keys: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |side: &Map<String, Value>| side.get(key).cloned().unwrap_or_default();
                differences(&of(then), &of(now), &below, found);
            }
        }
        _ if then == now => {}
        _ => found.push(path.to_string()),
    }
}
