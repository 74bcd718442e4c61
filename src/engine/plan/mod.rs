//! The plan: what has to change so that the cloud is what the spec says.
//!
//! [`plan`] is a pure function: the same spec and the same snapshot give the same plan,
//! byte for byte. Applying a plan decides nothing more.

mod conflict;
mod detail;
mod diff;
mod mentions;
mod model;
mod rehearsal;
mod schedule;
mod unique_key;
mod version_rollback;
mod widening;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use conflict::{Conflict, root_conflicts};
pub use detail::{Detail, Difference, details};
pub use diff::{FieldChange, fields as differences, statements};
pub use model::{Attachment, Blocker, Model, Obstacle, Refusal};
pub use rehearsal::rehearse;
pub use schedule::{Schedule, Step, Work, stands_on};
pub use widening::widens_access;

use super::kind::{KindInfo, OnDelete};
use super::ownership::{ForeignResource, foreign_resources};
use billpay_model::address::Address;
use billpay_model::resource::{
    Desired, Evidence, Observed, Outputs, Owner, PROTECTED_TAG, Status, mentions, resolve,
};

/// The facts about every kind, by its name.
pub type Kinds = BTreeMap<&'static str, KindInfo>;

/// Action on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    NoOp,
    Create,
    Update,
    Replace,
    Delete,
}

impl Action {
    /// Returns the name of the action, as plans have it.
    pub fn name(self) -> &'static str {
        match self {
            Action::NoOp => "no-op",
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete => "delete",
        }
    }
}

/// Reason of a change; shown to people, never decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub enum Reason {
    /// The spec has it and the cloud doesn't.
    Missing,
    /// Attributes differ.
    Differs,
    /// These attributes differ and can't be changed in place.
    Immutable { fields: Vec<String> },
    /// An earlier run was cut short: it is waited for.
    Unfinished,
    /// It is in a failed state that AWS doesn't leave by itself.
    Failed,
    /// It is on its way out.
    BeingDeleted,
    /// The spec no longer has it.
    NotInSpec,
    /// A second one at the same address, made by this process after a lost response.
    Duplicate { of: String },
    /// Another one of ours at the same address is nearer to the spec: an earlier run was cut short
    /// between making a replacement and deleting what it replaces.
    Superseded { by: String },
    /// A person kept it among several at the address: its id is written onto it.
    Kept,
    /// A person kept another one at the address: the tags come off this one.
    Released { of: String },
    /// The environment is being destroyed.
    Destroy,
    /// It goes with what it is part of, which is replaced.
    GoesWith { base: Address },
    /// Its base is replaced under the same name, and can't go before it.
    StandsOn { base: Address },
}

/// One resource of a plan and what is done about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The attributes that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<Desired>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Set where somebody may do more afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub widens_access: bool,
}

impl Change {
    /// Returns the id of the resource today, if it is there.
    pub fn id(&self) -> Option<&str> {
        self.observed.as_ref().map(|observed| observed.id.as_str())
    }

    /// Returns whether the change only takes the environment's tags off something that was not kept.
    pub fn is_release(&self) -> bool {
        matches!(self.reason, Some(Reason::Released { .. }))
    }

    /// Returns whether the change takes off the tag or the flag of AWS that protects the resource.
    fn lifts_protection(&self) -> bool {
        let tag = format!("tags.{PROTECTED_TAG}");
        self.fields.iter().any(|field| match field.path.as_str() {
            "deletion_protection" => field.to == Value::Bool(false),
            path => path == tag && field.to != "true",
        })
    }

    /// Returns the parts that two plans have to agree on to do the same thing to this resource.
    fn essence(&self) -> (&Address, Action, Option<&str>, &[FieldChange], Option<&Value>) {
        let wanted = match self.action {
            Action::NoOp | Action::Delete => None,
            _ => self.desired.as_ref().map(|desired| &desired.attrs),
        };
        (&self.address, self.action, self.id(), &self.fields, wanted)
    }
}

/// Everything that was found in an environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    pub resources: Vec<Observed>,
}

/// Components that a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// Only these; empty for all.
    pub only: BTreeSet<String>,
    /// All but these.
    pub exclude: BTreeSet<String>,
}

impl Selection {
    pub fn has(&self, address: &Address) -> bool {
        let component = address.component();
        (self.only.is_empty() || self.only.contains(component)) && !self.exclude.contains(component)
    }

    pub fn is_everything(&self) -> bool {
        self.only.is_empty() && self.exclude.is_empty()
    }
}

/// Goal of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The cloud is what the spec says.
    Converge,
    /// Nothing of the environment is left.
    Destroy,
}

/// Changes of one environment, resource by resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub environment: String,
    pub goal: Goal,
    pub selection: Selection,
    /// Sorted by address; resources that stay as they are included.
    pub changes: Vec<Change>,
    pub conflicts: Vec<Conflict>,
    /// Resources that carry the environment's tags and are left alone.
    #[serde(rename = "strangers", default)]
    pub foreign_resources: Vec<ForeignResource>,
}

/// Numbers of resources that a plan touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    pub no_op: usize,
}

impl Counts {
    pub fn changes(&self) -> usize {
        self.create + self.update + self.replace + self.delete
    }
}

impl Plan {
    pub fn counts(&self) -> Counts {
        Counts::of(&self.changes)
    }

    pub fn is_empty(&self) -> bool {
        self.counts().changes() == 0
    }

    /// Returns the resources that the plan deletes, replaces or stops protecting: all that a
    /// protected environment does not allow without a permit.
    pub fn protected_changes(&self) -> BTreeSet<&Address> {
        let harmful = self.changes.iter().filter(|change| match (change.action, &change.observed) {
            (Action::Delete | Action::Replace, _) => !matches!(change.reason, Some(Reason::Duplicate { .. })),
            (Action::Update, Some(observed)) => observed.protected && change.lifts_protection(),
            // A new one under another name turns over to it what the old one, left alone, lives on.
            (Action::Create, _) => self.foreign_resources.iter().any(|one| one.address == change.address),
            _ => false,
        });
        harmful.map(|change| &change.address).collect()
    }

    /// The changes of each component, in the order of the components' names.
    pub fn by_component(&self) -> BTreeMap<&str, Vec<&Change>> {
        let mut components: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
        for change in &self.changes {
            components.entry(change.address.component()).or_default().push(change);
        }
        components
    }

    /// The outputs of everything that stays: what is replaced or made will have new ones.
    pub fn known_outputs(&self, snapshot: &Snapshot) -> BTreeMap<Address, Outputs> {
        let ours = snapshot.resources.iter().filter(|observed| observed.owner == Owner::Ours);
        let mut outputs: BTreeMap<Address, Outputs> =
            ours.map(|observed| (observed.address.clone(), observed.outputs.clone())).collect();
        for change in &self.changes {
            match (change.action, &change.observed) {
                _ if change.is_release() => {}
                (Action::NoOp | Action::Update, Some(observed)) => {
                    outputs.insert(change.address.clone(), observed.outputs.clone());
                }
                (Action::Replace | Action::Create, _) => drop(outputs.remove(&change.address)),
                _ => {}
            }
        }
        outputs
    }

    /// The addresses whose changes are not the same in `other`.
    pub fn differs_from(&self, other: &Plan) -> BTreeSet<Address> {
        let ours: Vec<_> = self.changes.iter().map(Change::essence).collect();
        let theirs: Vec<_> = other.changes.iter().map(Change::essence).collect();
        let only_ours = ours.iter().filter(|change| !theirs.contains(change));
        let only_theirs = theirs.iter().filter(|change| !ours.contains(change));
        only_ours.chain(only_theirs).map(|(address, ..)| (*address).clone()).collect()
    }
}

impl Counts {
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Counts {
        let mut counts = Counts::default();
        for change in changes {
            match change.action {
                Action::NoOp => counts.no_op += 1,
                Action::Create => counts.create += 1,
                Action::Update => counts.update += 1,
                Action::Replace => counts.replace += 1,
                Action::Delete => counts.delete += 1,
            }
        }
        counts
    }
}

/// The resources of the spec go round in a circle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("resources need one another in a circle: {}", display_cycle(.0))]
pub struct Cycle(pub Vec<Address>);

fn display_cycle(addresses: &[Address]) -> String {
    let names: Vec<String> = addresses.iter().map(Address::to_string).collect();
    names.join(" → ")
}

/// Works out what has to change.
///
/// `desired` is empty of nothing the spec has, whatever the selection; `snapshot` holds all that was observed,
/// [settled](super::ownership::settle).
///
/// # Errors
/// Fails if resources need one another in a circle.
pub fn plan(
    environment: &str,
    goal: Goal,
    selection: &Selection,
    desired: &[Desired],
    snapshot: &Snapshot,
    kinds: &Kinds,
) -> Result<Plan, Cycle> {
    let released = snapshot.resources.iter().filter(|one| matches!(one.owner, Owner::Released { .. }));
    let kept = released.map(|one| one.address.clone()).collect();
    let mut planner = Planner {
        goal,
        selection,
        kinds,
        kept,
        decided: BTreeMap::new(),
        replaced: vec![],
        changes: vec![],
        conflicts: vec![],
    };
    let mut ours: BTreeMap<&Address, Vec<&Observed>> = BTreeMap::new();
    let mut foreign: BTreeMap<&Address, &Observed> = BTreeMap::new();
    for observed in &snapshot.resources {
        match &observed.owner {
            Owner::Ours => ours.entry(&observed.address).or_default().push(observed),
            Owner::Foreign { .. } => drop(foreign.insert(&observed.address, observed)),
            Owner::Duplicate { of } => {
                planner.delete(observed, None, Reason::Duplicate { of: of.clone() });
            }
            Owner::Released { of } => planner.release(observed, of.clone()),
            Owner::Legacy { .. }
            | Owner::Elsewhere { .. }
            | Owner::Copy { .. }
            | Owner::Guest { .. }
            | Owner::Undecided => {}
        }
    }
    for want in in_order(desired)? {
        let found = ours.remove(&want.address).unwrap_or_default();
        planner.decide(want, found, foreign.get(&want.address).copied());
    }
    for (_, found) in ours {
        for observed in found {
            let reason = if goal == Goal::Destroy { Reason::Destroy } else { Reason::NotInSpec };
            planner.delete(observed, None, reason);
        }
    }
    planner.check_selection(desired, snapshot);
    let Planner { mut changes, conflicts, .. } = planner;
    for change in &mut changes {
        let kind = kinds.get(change.address.kind());
        change.widens_access = kind.is_none_or(|kind| widens_access(change, kind));
    }
    changes.sort_by(|a, b| (&a.address, a.id()).cmp(&(&b.address, b.id())));
    let mut foreign_resources = foreign_resources(snapshot);
    for foreign in &mut foreign_resources {
        let kind = kinds.get(foreign.address.kind());
        let takes_along = |change: &&Change| {
            let on_delete = kind.and_then(|kind| kind.on_delete_of(change.address.kind()));
            matches!(change.action, Action::Delete | Action::Replace) && on_delete == Some(OnDelete::Cascades)
        };
        foreign.goes_with = changes.iter().find(takes_along).map(|change| change.address.clone());
    }
    let (environment, selection) = (environment.to_string(), selection.clone());
    Ok(Plan { environment, goal, selection, changes, conflicts, foreign_resources })
}

/// Sorts what is wanted so that each comes after all it needs.
fn in_order(desired: &[Desired]) -> Result<Vec<&Desired>, Cycle> {
    let by_address: BTreeMap<&Address, &Desired> = desired.iter().map(|want| (&want.address, want)).collect();
    let mut order = Vec::with_capacity(desired.len());
    let mut done: BTreeSet<&Address> = BTreeSet::new();
    for want in by_address.values() {
        visit(want, &by_address, &mut done, &mut vec![], &mut order)?;
    }
    Ok(order)
}

fn visit<'a>(
    want: &'a Desired,
    all: &BTreeMap<&'a Address, &'a Desired>,
    done: &mut BTreeSet<&'a Address>,
    path: &mut Vec<Address>,
    order: &mut Vec<&'a Desired>,
) -> Result<(), Cycle> {
    if done.contains(&want.address) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|address| *address == want.address) {
        let mut circle = path[start..].to_vec();
        circle.push(want.address.clone());
        return Err(Cycle(circle));
    }
    path.push(want.address.clone());
    for need in want.needs() {
        if let Some(needed) = all.get(&need) {
            visit(needed, all, done, path, order)?;
        }
    }
    path.pop();
    done.insert(&want.address);
    order.push(want);
    Ok(())
}

struct Planner<'a> {
    goal: Goal,
    selection: &'a Selection,
    kinds: &'a Kinds,
    /// Addresses at which a person kept one of several.
    kept: BTreeSet<Address>,
    /// Resources that stay or are changed in place, so that references to them can be resolved.
    decided: BTreeMap<Address, &'a Observed>,
    /// Resources that are replaced.
    replaced: Vec<&'a Observed>,
    changes: Vec<Change>,
    conflicts: Vec<Conflict>,
}

impl<'a> Planner<'a> {
    fn decide(&mut self, want: &Desired, found: Vec<&'a Observed>, foreign: Option<&Observed>) {
        if self.goal == Goal::Destroy {
            found.into_iter().for_each(|observed| self.delete(observed, Some(want), Reason::Destroy));
            return;
        }
        let wanted = resolve(&want.attrs, &|address, output| {
            self.decided.get(address).and_then(|observed| observed.outputs.get(output).cloned())
        });
        let Some(best) = self.nearest(&wanted, &found) else {
            if let Some(Observed { id, owner: Owner::Foreign { evidence }, .. }) = foreign {
                let (address, id, evidence) = (want.address.clone(), id.clone(), evidence.clone());
                self.conflicts.push(Conflict::NotOurs { address, id, evidence, key: String::new() });
            }
            self.push(want, None, Action::Create, Some(Reason::Missing), vec![]);
            return;
        };
        for other in found.into_iter().filter(|other| other.id != best.id) {
            self.delete(other, None, Reason::Superseded { by: best.id.clone() });
        }
        let info = &self.kinds[want.address.kind()];
        let fields = diff::fields(&wanted, &best.attrs, info.immutable);
        let immutable: Vec<String> = fields.iter().filter(|f| f.replaces).map(|f| f.path.clone()).collect();
        if let Some(base) = self.taken_along(best) {
            let reason = Reason::GoesWith { base: base.address.clone() };
            self.push(want, None, Action::Create, Some(reason), vec![]);
            return;
        }
        let (action, reason) = match best.status {
            Status::Failed => (Action::Replace, Some(Reason::Failed)),
            Status::Deleting => (Action::Replace, Some(Reason::BeingDeleted)),
            _ if !immutable.is_empty() => (Action::Replace, Some(Reason::Immutable { fields: immutable })),
            _ if let Some(base) = self.stays_on(best, &wanted) => {
                (Action::Replace, Some(Reason::StandsOn { base: base.address.clone() }))
            }
            _ if !fields.is_empty() => (Action::Update, Some(Reason::Differs)),
            Status::Pending => (Action::Update, Some(Reason::Unfinished)),
            Status::Ready if self.kept.contains(&want.address) && best.evidence != Evidence::Unique => {
                (Action::Update, Some(Reason::Kept))
            }
            Status::Ready => (Action::NoOp, None),
        };
        match action {
            Action::Replace if self.selection.has(&want.address) => self.replaced.push(best),
            _ => drop(self.decided.insert(want.address.clone(), best)),
        }
        self.push(want, Some(best), action, reason, fields);
    }

    /// Returns what is replaced and takes a resource along when it goes.
    fn taken_along(&self, found: &Observed) -> Option<&'a Observed> {
        let bases = self.replaced.iter().copied();
        bases.into_iter().find(|base| self.reacts(found, base, OnDelete::Cascades) && found.mentions(base))
    }

    /// Returns what is replaced and can't go because a resource names it today and later.
    fn stays_on(&self, found: &Observed, wanted: &Value) -> Option<&'a Observed> {
        let bases = self.replaced.iter().copied();
        bases.into_iter().find(|base| {
            self.reacts(found, base, OnDelete::Refused)
                && found.mentions(base)
                && mentions(wanted, &base.outputs)
        })
    }

    fn reacts(&self, found: &Observed, base: &Observed, on_delete: OnDelete) -> bool {
        self.kinds[found.address.kind()].on_delete_of(base.address.kind()) == Some(on_delete)
    }

    /// Returns the one of ours at an address that is nearest to what is wanted.
    fn nearest(&self, wanted: &Value, found: &[&'a Observed]) -> Option<&'a Observed> {
        found.iter().copied().min_by_key(|observed| {
            let info = &self.kinds[observed.address.kind()];
            let fields = diff::fields(wanted, &observed.attrs, info.immutable);
            let replaced = fields.iter().filter(|field| field.replaces).count();
            let doomed = matches!(observed.status, Status::Failed | Status::Deleting);
            (doomed, replaced, observed.status != Status::Ready, fields.len(), observed.id.clone())
        })
    }

    fn delete(&mut self, observed: &Observed, desired: Option<&Desired>, reason: Reason) {
        if !self.selection.has(&observed.address) {
            return;
        }
        self.changes.push(Change {
            address: observed.address.clone(),
            action: Action::Delete,
            reason: Some(reason),
            fields: vec![],
            desired: desired.cloned(),
            observed: Some(observed.clone()),
            widens_access: false,
        });
    }

    /// Takes the environment's tags off a resource, and leaves it alone otherwise.
    fn release(&mut self, observed: &Observed, of: String) {
        let mut attrs = observed.attrs.clone();
        if let Some(tags) = attrs.get_mut("tags").and_then(Value::as_object_mut) {
            tags.retain(|key, _| !key.starts_with("billpay:"));
        }
        if self.selection.has(&observed.address) {
            self.changes.push(Change {
                address: observed.address.clone(),
                action: Action::Update,
                reason: Some(Reason::Released { of }),
                fields: diff::fields(&attrs, &observed.attrs, &[]),
                desired: Some(Desired { address: observed.address.clone(), attrs, after: BTreeSet::new() }),
                observed: Some(observed.clone()),
                widens_access: false,
            });
        }
    }

    fn push(
        &mut self,
        want: &Desired,
        observed: Option<&Observed>,
        action: Action,
        reason: Option<Reason>,
        fields: Vec<FieldChange>,
    ) {
        if self.selection.has(&want.address) {
            self.changes.push(Change {
                address: want.address.clone(),
                action,
                reason,
                fields,
                desired: Some(want.clone()),
                observed: observed.cloned(),
                widens_access: false,
            });
        }
    }

    /// A selection must not tear what it leaves out from what it changes.
    fn check_selection(&mut self, desired: &[Desired], snapshot: &Snapshot) {
        if self.selection.is_everything() {
            return;
        }
        self.conflicts.retain(|conflict| self.selection.has(conflict.address()));
        let ours = || snapshot.resources.iter().filter(|observed| observed.owner == Owner::Ours);
        let there: BTreeSet<&Address> = ours().map(|observed| &observed.address).collect();
        for want in
            desired.iter().filter(|want| self.goal == Goal::Converge && self.selection.has(&want.address))
        {
            for need in
                want.needs().into_iter().filter(|need| !self.selection.has(need) && !there.contains(need))
            {
                self.conflicts.push(Conflict::NeedsExcluded { address: want.address.clone(), needs: need });
            }
        }
        let leaving: Vec<&Observed> = self
            .changes
            .iter()
            .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
            .filter_map(|change| change.observed.as_ref())
            .collect();
        for observed in leaving {
            for other in ours().filter(|other| !self.selection.has(&other.address)) {
                if schedule::stands_on(other, observed, self.kinds) {
                    self.conflicts.push(Conflict::StoodOnByExcluded {
                        address: observed.address.clone(),
                        by: other.address.clone(),
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
