//! Ownership: which of the resources that carry an environment's tags billpay made.
//!
//! Tags are easily copied, by hand, by a module or by a restore. [`claim`] reads them; [`settle`]
//! weighs them against names, ids and neighbours over everything that was observed. Whatever it
//! can't decide becomes a conflict, and what is not ours is never changed or deleted.

mod owners;

use std::collections::{BTreeMap, BTreeSet};

pub use owners::{Fit, Fits, Identity, Ownership, owners};

use super::plan::{Conflict, Kinds, Snapshot, stands_on};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::{
    ADDRESS_TAG, ENVIRONMENT_TAG, Evidence, Observed, Owner, PROJECT_TAG, PROTECTED_TAG, REGION_TAG, Tags,
};

/// The statement that a resource's tags make about its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// All four tags are this environment's.
    Ours(Address),
    /// The tags of version 0.1: environment and address, but not project and region both.
    Legacy { address: Address, has_region: bool },
    /// This environment's, in another region.
    Elsewhere { address: Address, region: String },
    /// Another environment's or project's.
    Others { evidence: String },
    /// Nothing that names an environment and an address.
    Nothing,
}

impl Claim {
    /// The address that the tags give the resource in this environment, in whatever region.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Claim::Ours(address) | Claim::Legacy { address, .. } | Claim::Elsewhere { address, .. } => {
                Some(address)
            }
            Claim::Others { .. } | Claim::Nothing => None,
        }
    }
}

/// Reads the owner from tags.
pub fn claim(env: &Environment, tags: &Tags) -> Claim {
    let tag = |key: &str| tags.get(key).map(String::as_str);
    let (project, environment, region) = (tag(PROJECT_TAG), tag(ENVIRONMENT_TAG), tag(REGION_TAG));
    if let Some(project) = project.filter(|project| *project != env.project) {
        let environment = environment.map(|name| format!(" (environment `{name}`)")).unwrap_or_default();
        return Claim::Others { evidence: format!("it belongs to the project `{project}`{environment}") };
    }
    if let Some(environment) = environment.filter(|environment| *environment != env.environment) {
        return Claim::Others { evidence: format!("it belongs to the environment `{environment}`") };
    }
    let Some(address) = environment.and_then(|_| tag(ADDRESS_TAG)?.parse().ok()) else {
        return Claim::Nothing;
    };
    match region {
        Some(region) if region != env.region => Claim::Elsewhere { address, region: region.to_string() },
        Some(_) if project.is_some() => Claim::Ours(address),
        region => Claim::Legacy { address, has_region: region.is_some() },
    }
}

/// Returns whether tags protect a resource. A value that is neither `true` nor `false` does.
pub fn is_protected(tags: &Tags) -> bool {
    tags.get(PROTECTED_TAG).is_some_and(|value| value != "false")
}

/// A resource that billpay did not make and leaves alone, although it concerns the environment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ForeignResource {
    pub address: Address,
    pub id: String,
    /// Relation to the environment: the rest of a sentence that begins with its id.
    pub evidence: String,
    /// Resource whose delete takes it along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_with: Option<Address>,
}

/// The parts of a snapshot that concern the environment and are not billpay's.
pub fn foreign_resources(snapshot: &Snapshot) -> Vec<ForeignResource> {
    let foreign_resources = snapshot.resources.iter().filter_map(|observed| {
        let address = &observed.address;
        let evidence = match &observed.owner {
            Owner::Copy { evidence, .. } => format!("carries the tags of {address}, and {evidence}"),
            Owner::Guest { access } => format!("may use the cluster, and is not in the spec: {access}"),
            _ => return None,
        };
        Some(ForeignResource { address: address.clone(), id: observed.id.clone(), evidence, goes_with: None })
    });
    foreign_resources.collect()
}

/// The regions other than the spec's that this environment lives in, with what was found of it there.
pub fn elsewhere(snapshot: &Snapshot) -> BTreeMap<String, BTreeSet<Address>> {
    let mut regions: BTreeMap<String, BTreeSet<Address>> = BTreeMap::new();
    for observed in &snapshot.resources {
        if let Owner::Elsewhere { region } = &observed.owner {
            regions.entry(region.clone()).or_default().insert(observed.address.clone());
        }
    }
    regions
}

/// Decides what of a snapshot is ours.
///
/// `keep` holds the ids that a person chose among several at one address; `is_lost` recognises what a create call of
/// billpay made whose answer nobody got. Returns the conflicts that are left; they name
/// resources that only a person can assign.
pub fn settle(
    snapshot: &mut Snapshot,
    kinds: &Kinds,
    keep: &BTreeSet<String>,
    is_lost: IsLost<'_>,
) -> Vec<Conflict> {
    let accepted = Settlement::of(snapshot, kinds, keep, is_lost).accepted;
    // Of several accepted ones any will do: they are named to people only.
    let chosen: BTreeMap<Address, String> = accepted
        .iter()
        .map(|&index| &snapshot.resources[index])
        .map(|observed| (observed.address.clone(), observed.id.clone()))
        .collect();
    // What a resource of ours uses does not go as a second one.
    let is_used = |one: &Observed| {
        accepted.iter().any(|&index| {
            let user = &snapshot.resources[index];
            user.address != one.address && stands_on(user, one, kinds)
        })
    };
    let lost: BTreeSet<String> = snapshot
        .resources
        .iter()
        .filter(|one| is_lost(one) && !is_used(one))
        .map(|one| one.id.clone())
        .collect();
    let mut open: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    for (index, observed) in snapshot.resources.iter_mut().enumerate() {
        if !is_candidate(observed) {
            continue;
        }
        if accepted.contains(&index) {
            observed.owner = Owner::Ours;
            continue;
        }
        let Some(of) = chosen.get(&observed.address).cloned() else {
            open.entry(observed.address.clone()).or_default().push(index);
            continue;
        };
        observed.owner = if keep.contains(&of) {
            Owner::Released { of }
        } else if lost.contains(&observed.id) {
            Owner::Duplicate { of }
        } else {
            let evidence = format!("a second one beside {of}, which the rest of the environment uses");
            Owner::Copy { evidence, region: None }
        };
    }
    let undecided: Vec<usize> = open.values().flatten().copied().collect();
    let conflicts = open.into_iter().map(|(address, indices)| conflict(address, &indices, snapshot, kinds));
    let conflicts = conflicts.collect();
    undecided.into_iter().for_each(|index| snapshot.resources[index].owner = Owner::Undecided);
    conflicts
}

/// Returns whether the tags make a resource this environment's in the spec's region.
fn is_candidate(observed: &Observed) -> bool {
    matches!(observed.owner, Owner::Ours | Owner::Legacy { .. })
}

/// The conflict at an address where nothing could be accepted.
fn conflict(address: Address, indices: &[usize], snapshot: &Snapshot, kinds: &Kinds) -> Conflict {
    let found: Vec<&Observed> = indices.iter().map(|&index| &snapshot.resources[index]).collect();
    let id = found[0].id.clone();
    match found.as_slice() {
        [only] => {
            let is_named = kinds[address.kind()].global && only.evidence >= Evidence::Name;
            if is_named && matches!(only.owner, Owner::Legacy { has_region: false }) {
                Conflict::NoRegion { address, id, commands: vec![] }
            } else {
                Conflict::Unproven { address, id, key: String::new(), commands: vec![] }
            }
        }
        several => {
            let ids = several.iter().map(|observed| observed.id.clone()).collect();
            Conflict::Several { address, ids }
        }
    }
}

/// Recognises what a create call made whose answer nobody got.
type IsLost<'a> = &'a dyn Fn(&Observed) -> bool;

struct Settlement<'a> {
    resources: &'a [Observed],
    kinds: &'a Kinds,
    is_lost: IsLost<'a>,
    accepted: BTreeSet<usize>,
}

impl<'a> Settlement<'a> {
    fn of(
        snapshot: &'a Snapshot,
        kinds: &'a Kinds,
        keep: &BTreeSet<String>,
        is_lost: IsLost<'a>,
    ) -> Settlement<'a> {
        let resources = snapshot.resources.as_slice();
        let mut groups: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        for (index, observed) in resources.iter().enumerate().filter(|(_, one)| is_candidate(one)) {
            groups.entry(&observed.address).or_default().push(index);
        }
        let mut settlement = Settlement { resources, kinds, is_lost, accepted: BTreeSet::new() };
        // What is accepted proves its neighbours, so this goes round until nothing is added.
        loop {
            let open =
                groups.values().filter(|group| group.iter().all(|one| !settlement.accepted.contains(one)));
            let chosen: Vec<usize> = open.flat_map(|group| settlement.choose(group, keep)).collect();
            let chosen = if chosen.is_empty() {
                groups.values().filter_map(|group| settlement.first_lost(group)).collect()
            } else {
                chosen
            };
            if chosen.is_empty() {
                return settlement;
            }
            settlement.accepted.extend(chosen);
        }
    }

    /// The ones of a group that are proven ours by now: one, or all of those that can be nobody
    /// else's, such as the old and the new one of a replacement that was cut short.
    fn choose(&self, group: &[usize], keep: &BTreeSet<String>) -> Vec<usize> {
        let picked = |pick: &dyn Fn(usize) -> bool| -> Vec<usize> {
            group.iter().copied().filter(|&index| pick(index)).collect()
        };
        let only = |picked: Vec<usize>| if picked.len() == 1 { picked } else { vec![] };
        let kept = only(picked(&|index| keep.contains(&self.resources[index].id)));
        if !kept.is_empty() {
            return kept;
        }
        let is_unique = |index: usize| self.resources[index].evidence == Evidence::Unique;
        let unique = picked(&|index| is_unique(index) && self.is_here(index));
        match (unique.as_slice(), group) {
            ([_], _) => unique,
            // A replacement that was cut short leaves the old one beside the new one.
            ([first, ..], _) if self.is_made_first(*first) => unique,
            ([], [_]) => picked(&|index| self.is_proven(index)),
            ([], _) => only(picked(&|index| self.is_proven(index) && self.is_connected(index))),
            (several, _) => only(several.iter().copied().filter(|&index| self.is_connected(index)).collect()),
        }
    }

    /// Returns the first of several that create calls of billpay made, none of which got its answer: nothing else tells
    /// them apart, and nobody uses any of them.
    fn first_lost(&self, group: &[usize]) -> Option<usize> {
        let is_lost = |index: &usize| {
            let found = &self.resources[*index];
            found.evidence >= Evidence::Name && (self.is_lost)(found)
        };
        let is_open = group.len() > 1 && group.iter().all(|index| !self.accepted.contains(index));
        let first = group.iter().min_by_key(|&&index| &self.resources[index].attempt);
        first.copied().filter(|_| is_open && group.iter().all(is_lost))
    }

    fn is_proven(&self, index: usize) -> bool {
        let proven = match self.resources[index].evidence {
            Evidence::Nothing => false,
            Evidence::Part => self.is_connected(index),
            Evidence::Name => !self.is_unmarked(index) || self.is_connected(index),
            Evidence::Unique => true,
        };
        proven && self.is_here(index)
    }

    /// Returns whether a resource lacks the marks that billpay's own engine left on its neighbours:
    /// then it may be a copy, and only its connections prove it.
    fn is_unmarked(&self, index: usize) -> bool {
        let is_marked_kind =
            |one: &Observed| self.kinds.get(one.address.kind()).is_some_and(|kind| !kind.named);
        let observed = &self.resources[index];
        observed.owner == Owner::Ours
            && observed.attempt.is_none()
            && is_marked_kind(observed)
            && self.resources.iter().any(|one| one.evidence == Evidence::Unique && is_marked_kind(one))
    }

    fn is_made_first(&self, index: usize) -> bool {
        self.kinds.get(self.resources[index].address.kind()).is_some_and(|kind| kind.create_first)
    }

    /// Returns whether the environment that a resource belongs to lives in the spec's region. A
    /// global resource of version 0.1 doesn't say; then what is in the region has to, or what it is
    /// connected with and is known to be here.
    fn is_here(&self, index: usize) -> bool {
        let observed = &self.resources[index];
        if !matches!(observed.owner, Owner::Legacy { has_region: false }) || !self.is_global(observed) {
            return true;
        }
        self.accepted.iter().any(|&other| {
            let other = &self.resources[other];
            let anchors = ["vpc", "cluster", "bucket"].contains(&other.address.kind());
            anchors || self.touches(other, observed)
        })
    }

    fn is_global(&self, observed: &Observed) -> bool {
        self.kinds.get(observed.address.kind()).is_some_and(|kind| kind.global)
    }

    fn is_connected(&self, index: usize) -> bool {
        let observed = &self.resources[index];
        self.accepted.iter().any(|&other| {
            let other = &self.resources[other];
            other.address != observed.address && self.touches(other, observed)
        })
    }

    /// Returns whether one of two resources stands on the other.
    fn touches(&self, one: &Observed, other: &Observed) -> bool {
        stands_on(one, other, self.kinds) || stands_on(other, one, self.kinds)
    }
}

#[cfg(test)]
mod tests;
