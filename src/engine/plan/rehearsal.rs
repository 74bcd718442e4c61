//! The rehearsal: a plan walked through, in its order, over a model of what is there.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::address::Address;
use billpay_model::resource::{Desired, Observed, Outputs, Owner, Status, for_each_link, resolve_from};
use serde_json::Value;

use super::model::{Attachment, Model};
use super::{Blocker, Change, Conflict, Cycle, Kinds, Obstacle, Plan, Refusal, Schedule, Snapshot, Work};

/// Finds the changes of a plan that AWS would refuse, so that the plan could not be finished.
///
/// Of two changes of which one is refused because the other one is, only the other one is returned.
///
/// # Errors
/// Fails if steps wait for one another in a circle and nothing shows why.
pub fn rehearse(
    plan: &Plan,
    snapshot: &Snapshot,
    attachments: &[Attachment],
    kinds: &Kinds,
) -> Result<Vec<Conflict>, Cycle> {
    let walk = |schedule: &Schedule| Rehearsal::new(plan, snapshot, attachments, kinds).run(schedule);
    let schedule = Schedule::of(plan, snapshot, kinds);
    let refused = schedule.as_ref().map(walk);
    if matches!(&refused, Ok(refused) if refused.is_empty()) {
        return Ok(vec![]);
    }
    // To make room first was the last resort: the reason for it tells more than what came of it.
    let reason = walk(&Schedule::regardless_of_unique_keys(plan, snapshot, kinds)?);
    match refused {
        Ok(refused) if reason.is_empty() => Ok(refused),
        Err(_) if reason.is_empty() => schedule.map(|_| vec![]),
        _ => Ok(reason),
    }
}

struct Rehearsal<'a> {
    plan: &'a Plan,
    model: Model<'a>,
    /// The outputs of everything that is there by now.
    outputs: BTreeMap<Address, Outputs>,
    /// The outputs that something refers to.
    referred: BTreeMap<Address, BTreeSet<String>>,
}

impl<'a> Rehearsal<'a> {
    fn new(
        plan: &'a Plan,
        snapshot: &Snapshot,
        attachments: &[Attachment],
        kinds: &'a Kinds,
    ) -> Rehearsal<'a> {
        let is_here = |one: &&Observed| {
            let goes_by_itself = one.status == Status::Deleting && one.owner != Owner::Ours;
            !matches!(one.owner, Owner::Elsewhere { .. }) && !goes_by_itself
        };
        let resources = snapshot.resources.iter().filter(is_here).cloned();
        let mut referred: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
        for desired in plan.changes.iter().filter_map(|change| change.desired.as_ref()) {
            for_each_link(&desired.attrs, &mut |link, output| {
                referred.entry(link).or_default().insert(output);
            });
        }
        let model = Model::new(kinds, resources, attachments);
        Rehearsal { plan, model, outputs: plan.known_outputs(snapshot), referred }
    }

    fn run(mut self, schedule: &Schedule) -> Vec<Conflict> {
        let mut refused: BTreeMap<(Address, Work), (Option<String>, Refusal)> = BTreeMap::new();
        for index in schedule.order() {
            let step = &schedule.steps[index];
            let change = &self.plan.changes[step.change];
            if let Err(refusal) = self.step(change, step.work) {
                let key = (change.address.clone(), step.work);
                refused.insert(key, (change.id().map(str::to_string), refusal));
            }
        }
        roots(refused)
    }

    fn step(&mut self, change: &Change, work: Work) -> Result<(), Refusal> {
        match (work, &change.desired, &change.observed) {
            (Work::Delete, _, Some(observed)) => self.model.delete(&observed.address, &observed.id),
            (Work::Update, Some(desired), Some(observed)) => {
                let changed = Observed { attrs: self.resolved(desired), ..observed.clone() };
                self.model.update(changed)
            }
            (Work::Create, Some(desired), old) => {
                let new = self.new_resource(desired, old.as_ref());
                self.outputs.insert(desired.address.clone(), new.outputs.clone());
                self.model.create(new)
            }
            _ => Ok(()),
        }
    }

    /// Makes up what a create call leaves. Its id is nobody else's; a name gives it the outputs of
    /// what had that name before.
    fn new_resource(&self, desired: &Desired, old: Option<&Observed>) -> Observed {
        let attrs = self.resolved(desired);
        let address = desired.address.clone();
        let name = attrs["name"].as_str();
        let mut outputs = match old {
            Some(old) if name.is_some() && old.attrs["name"].as_str() == name => old.outputs.clone(),
            _ => Outputs::new(),
        };
        for output in self.referred.get(&address).into_iter().flatten() {
            outputs.entry(output.clone()).or_insert_with(|| format!("{address}:{output}"));
        }
        Observed { outputs, ..Observed::new(address, "", attrs) }
    }

    fn resolved(&self, desired: &Desired) -> Value {
        resolve_from(&desired.attrs, &self.outputs)
    }
}

/// Leaves out what is refused only because of something else that is refused, too, and names only
/// blockers that are not.
fn roots(refused: BTreeMap<(Address, Work), (Option<String>, Refusal)>) -> Vec<Conflict> {
    let addresses: BTreeSet<&Address> = refused.keys().map(|(address, _)| address).collect();
    let is_root = |address: &Address, blocker: &Blocker| {
        blocker.address.as_ref().is_none_or(|other| other == address || !addresses.contains(other))
    };
    let conflict = |address: &Address, id: &Option<String>, obstacle: &Obstacle, blockers: Vec<Blocker>| {
        let (address, id, obstacle) = (address.clone(), id.clone(), obstacle.clone());
        Conflict::CannotEnd { address, id, obstacle, blockers }
    };
    let mut roots = vec![];
    for ((address, _), (id, Refusal { obstacle, blockers })) in &refused {
        let own: Vec<Blocker> = blockers.iter().filter(|one| is_root(address, one)).cloned().collect();
        if blockers.is_empty() || !own.is_empty() {
            roots.push(conflict(address, id, obstacle, own));
        }
    }
    if roots.is_empty() {
        // What blocks each other in a circle has no root.
        let all = refused.iter();
        roots.extend(all.map(|((address, _), (id, refusal))| {
            conflict(address, id, &refusal.obstacle, refusal.blockers.clone())
        }));
    }
    roots
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
