//! Looking: what the spec wants, what is there, and what would have to change.

use std::collections::BTreeSet;

use billpay_model::caller::CallerIdentity;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Desired, ID_TAG, Observed, Owner, PROJECT_TAG, REGION_TAG, resolve_from};

use super::Error;
use crate::attempts::OpenAttempts;
use crate::cloud::{Cloud, Inspection};
use crate::engine::Proposal;
use crate::ownership::{elsewhere, settle};
use crate::plan::{Action, Conflict, Goal, Plan, Selection, Snapshot, plan, rehearse, root_conflicts};

/// An environment as it should be and as it is.
#[derive(Debug, Clone)]
pub struct Survey {
    pub identity: CallerIdentity,
    pub desired: Vec<Desired>,
    /// Everything that was observed, its owners settled.
    pub snapshot: Snapshot,
    /// Resources whose owner only a person can decide.
    pub conflicts: Vec<Conflict>,
    /// Ids that a person chose among several resources at one address.
    pub keep: BTreeSet<String>,
    /// Create calls of earlier runs that were known.
    pub open: OpenAttempts,
}

/// Reads everything there is of an environment, and makes sure that account and region are the right ones.
///
/// `keep` holds the ids that a person chose among several resources at one address, `open` create calls of earlier runs.
///
/// # Errors
/// Fails if the cloud can't be read, the credentials are for another account, resources of the environment are
/// in another region, or an id of `keep` is none of a found resource.
pub async fn survey(
    cloud: &dyn Cloud,
    keep: &BTreeSet<String>,
    open: &OpenAttempts,
) -> Result<Survey, Error> {
    let desired = cloud.desire();
    let (identity, snapshot) = futures::join!(cloud.identity(), cloud.observe(&desired));
    finish(cloud, (keep, open), desired, identity, snapshot).await
}

/// Reads what a destroy left, also under names that can't be the environment's own.
///
/// # Errors
/// Fails as [`survey`] does.
pub async fn sweep(cloud: &dyn Cloud) -> Result<Survey, Error> {
    let desired = cloud.desire();
    let (identity, snapshot) = futures::join!(cloud.identity(), cloud.sweep(&desired));
    finish(cloud, (&BTreeSet::new(), &OpenAttempts::default()), desired, identity, snapshot).await
}

/// Looks around in other regions where nothing was found in the environment's own, settles the owners of what was found,
/// and adapts what is wanted to it.
///
/// # Errors
/// Fails as [`survey`] does.
async fn finish(
    cloud: &dyn Cloud,
    (keep, open): (&BTreeSet<String>, &OpenAttempts),
    mut desired: Vec<Desired>,
    identity: Result<CallerIdentity, Failure>,
    snapshot: Result<Snapshot, Vec<Failure>>,
) -> Result<Survey, Error> {
    let identity = at_home(identity, cloud.environment())?;
    let mut snapshot = snapshot.map_err(Error::Observe)?;
    let mut regions = elsewhere(&snapshot);
    let is_of_region = |found: &Observed| {
        let kind = cloud.kinds().get(found.address.kind());
        (found.owner == Owner::Ours || found.owner.is_legacy()) && kind.is_some_and(|kind| !kind.global)
    };
    if !snapshot.resources.iter().any(is_of_region) {
        regions.append(&mut cloud.find_elsewhere().await.map_err(Error::Observe)?);
    }
    if !regions.is_empty() {
        return Err(Error::LivesElsewhere { expected: cloud.environment().region.clone(), regions });
    }
    let unknown: Vec<String> =
        keep.iter().filter(|id| !snapshot.resources.iter().any(|found| found.id == **id)).cloned().collect();
    if !unknown.is_empty() {
        return Err(Error::NothingToKeep(unknown));
    }
    let lost = open.resources(&snapshot);
    let is_lost = |found: &Observed| {
        found.attempt.as_deref().is_some_and(|attempt| cloud.is_own_attempt(attempt))
            || lost.contains(&found.id)
    };
    let mut conflicts = settle(&mut snapshot, cloud.kinds(), keep, &is_lost);
    for want in &mut desired {
        let mut found = snapshot.resources.iter().filter(|one| one.address == want.address);
        if let Some(found) = found.find(|one| one.owner == Owner::Ours) {
            *want = cloud.adapt(want, found);
        }
    }
    for conflict in &mut conflicts {
        hand_over(conflict, cloud, &snapshot);
    }
    Ok(Survey { identity, desired, snapshot, conflicts, keep: keep.clone(), open: open.clone() })
}

/// Puts the commands into a conflict that a person solves by tagging.
fn hand_over(conflict: &mut Conflict, cloud: &dyn Cloud, snapshot: &Snapshot) {
    let (Conflict::Unproven { id, commands, .. } | Conflict::NoRegion { id, commands, .. }) = conflict else {
        return;
    };
    let Some(found) = snapshot.resources.iter().find(|found| found.id == *id) else { return };
    let env = cloud.environment();
    let mut tags = vec![(PROJECT_TAG, &env.project), (REGION_TAG, &env.region)];
    // Where no name tells, only the id shows that these tags were meant for this very resource.
    if !cloud.kinds()[found.address.kind()].named {
        tags.push((ID_TAG, &found.id));
    }
    let tags = tags.into_iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    *commands = cloud.tag_commands(found, &tags);
}

/// Makes sure that whoever calls is in the environment's account.
///
/// # Errors
/// Fails if the identity could not be read, or is of another account.
pub fn at_home(
    identity: Result<CallerIdentity, Failure>,
    env: &Environment,
) -> Result<CallerIdentity, Error> {
    let identity = identity.map_err(|failure| Error::Observe(vec![failure]))?;
    if identity.account != env.account {
        let CallerIdentity { account: actual, arn } = identity;
        return Err(Error::WrongAccount { expected: env.account.clone(), actual, arn });
    }
    Ok(identity)
}

impl Survey {
    /// Plans what has to change to reach a goal, and rehearses it: what could not be finished is a
    /// conflict.
    ///
    /// # Errors
    /// Fails if the cloud can't be asked about the changes, or resources or steps need one another in a circle.
    pub async fn plan(self, cloud: &dyn Cloud, goal: Goal, selection: &Selection) -> Result<Proposal, Error> {
        let mut plan = self.plan_offline(cloud, goal, selection)?;
        // As long as nobody knows whose something is, what is done about it may change.
        if !plan.conflicts.iter().any(Conflict::is_about_owner) {
            self.rehearse(cloud, &mut plan).await?;
        }
        let Survey { identity, snapshot, keep, open, .. } = self;
        Ok(Proposal { identity, snapshot, keep, open, plan })
    }

    /// Adds to a plan the conflicts that keep it from being finished.
    async fn rehearse(&self, cloud: &dyn Cloud, plan: &mut Plan) -> Result<(), Error> {
        let Inspection { attachments, refused } = cloud.inspect(plan).await.map_err(Error::Observe)?;
        let refused = refused.into_iter().map(|(address, why)| Conflict::Refused { address, why });
        let rehearsed = rehearse(plan, &self.snapshot, &attachments, cloud.kinds())?;
        for conflict in refused.chain(rehearsed) {
            // What is told about a resource once needs no second reason.
            if !plan.conflicts.iter().any(|other| other.address() == conflict.address()) {
                plan.conflicts.push(conflict);
            }
        }
        Ok(())
    }

    /// Plans what has to change to reach a goal, without asking the cloud whether that can end.
    ///
    /// # Errors
    /// Fails if resources need one another in a circle.
    pub fn plan_offline(&self, cloud: &dyn Cloud, goal: Goal, selection: &Selection) -> Result<Plan, Error> {
        let env = cloud.environment();
        let mut plan = plan(&env.environment, goal, selection, &self.desired, &self.snapshot, cloud.kinds())?;
        let selected = self.conflicts.iter().filter(|conflict| selection.has(conflict.address()));
        let conflicts = plan.conflicts.drain(..).chain(selected.cloned()).collect();
        plan.conflicts = root_conflicts(conflicts, &self.desired);
        for conflict in &mut plan.conflicts {
            if let Conflict::NotOurs { address, key, .. } | Conflict::Unproven { address, key, .. } = conflict
            {
                *key = names::key(env, address);
            }
        }
        let outputs = plan.known_outputs(&self.snapshot);
        for change in &plan.changes {
            let (Action::Update | Action::Replace, Some(found), Some(wanted)) =
                (change.action, &change.observed, &change.desired)
            else {
                continue;
            };
            let attrs = resolve_from(&wanted.attrs, &outputs);
            if let Some(why) = cloud.refuse(found, &Desired { attrs, ..wanted.clone() }) {
                plan.conflicts.push(Conflict::Refused { address: change.address.clone(), why });
            }
        }
        Ok(plan)
    }
}
