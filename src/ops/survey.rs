//! Looking: what the spec wants, what is there, and what would have to change.

use crate::domain::failure::Failure;
use crate::domain::plan::{Action, Conflict, Goal, Plan, Selection, Snapshot, plan};
use crate::domain::port::{Identity, Provider};
use crate::domain::resource::{Desired, resolve};
use crate::domain::spec::Environment;

use super::Error;

/// What an environment should be and what it is.
#[derive(Debug, Clone)]
pub struct Survey {
    pub identity: Identity,
    pub desired: Vec<Desired>,
    pub snapshot: Snapshot,
}

/// Reads everything there is of an environment, and makes sure that the account is the right one.
pub async fn survey(provider: &dyn Provider, env: &Environment) -> Result<Survey, Error> {
    let desired = provider.desire(env);
    let (identity, snapshot) = futures::join!(provider.identity(), provider.observe(env, &desired));
    let identity = at_home(identity, env)?;
    Ok(Survey { identity, desired, snapshot: snapshot.map_err(Error::Observe)? })
}

/// Makes sure that whoever calls is in the environment's account.
pub fn at_home(identity: Result<Identity, Failure>, env: &Environment) -> Result<Identity, Error> {
    let identity = identity.map_err(|failure| Error::Observe(vec![failure]))?;
    if identity.account != env.account {
        let Identity { account: actual, arn } = identity;
        return Err(Error::WrongAccount { expected: env.account.clone(), actual, arn });
    }
    Ok(identity)
}

impl Survey {
    /// What has to change to reach a goal.
    pub fn plan(
        &self,
        provider: &dyn Provider,
        env: &Environment,
        goal: Goal,
        selection: &Selection,
    ) -> Result<Plan, Error> {
        let mut plan =
            plan(&env.environment, goal, selection, &self.desired, &self.snapshot, provider.kinds())?;
        let outputs = plan.known_outputs(&self.snapshot);
        for change in &plan.changes {
            let (Action::Update | Action::Replace, Some(found), Some(wanted)) =
                (change.action, &change.observed, &change.desired)
            else {
                continue;
            };
            let attrs = resolve(&wanted.attrs, &|address, output| outputs.get(address)?.get(output).cloned());
            if let Some(why) = provider.refuse(env, found, &Desired { attrs, ..wanted.clone() }) {
                plan.conflicts.push(Conflict::Refused { address: change.address.clone(), why });
            }
        }
        Ok(plan)
    }
}
