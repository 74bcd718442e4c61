//! The owner of one found resource: its tags weighed against its kind, name and id.

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::{ATTEMPT_TAG, Evidence, ID_TAG, Owner, PROJECT_TAG, STATE_TAG, Tags};

use super::{Claim, claim, is_protected};
use crate::kind::KindInfo;

/// The facts of a found resource that tell its owner.
pub struct Identity<'a> {
    pub id: &'a str,
    /// The name that AWS knows it by; without one, its `Name` tag counts.
    pub name: Option<&'a str>,
    pub tags: &'a Tags,
    /// Set where something that can't be copied shows that billpay made it.
    pub is_unique: bool,
}

impl<'a> Identity<'a> {
    pub fn new(id: &'a str, tags: &'a Tags) -> Identity<'a> {
        Identity { id, name: None, tags, is_unique: false }
    }

    /// Sets the name that AWS knows it by.
    pub fn named(self, name: &'a str) -> Identity<'a> {
        Identity { name: Some(name), ..self }
    }

    /// The name that AWS knows it by, or else that of its `Name` tag.
    fn name(&self) -> Option<&'a str> {
        self.name.or(self.tags.get("Name").map(String::as_str))
    }
}

/// The relation of a name to the one that billpay computes for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// They are equal, and the name holds project and environment.
    Whole,
    /// They are equal, and the name holds no project: other projects may compute the same.
    Nameless,
    Differs,
}

impl Fit {
    /// Compares a name that holds project and environment.
    pub fn whole(name: &str, computed: &str) -> Fit {
        if name == computed { Fit::Whole } else { Fit::Differs }
    }

    /// Compares a name that holds no project.
    pub fn nameless(name: &str, computed: &str) -> Fit {
        if name == computed { Fit::Nameless } else { Fit::Differs }
    }
}

/// The owner of a found resource, and the evidence for it.
#[derive(Debug, Clone)]
pub struct Ownership {
    pub owner: Owner,
    pub evidence: Evidence,
    pub attempt: Option<String>,
    /// Address of the store that the tags name.
    pub store: Option<String>,
    pub protected: bool,
}

impl Ownership {
    /// Returns an owner that needs no evidence.
    pub fn of(owner: Owner) -> Ownership {
        Ownership { owner, evidence: Evidence::Unique, attempt: None, store: None, protected: false }
    }
}

/// Compares a name with the one that billpay computes for an address of a kind in an environment.
pub type Fits<'a> = &'a dyn Fn(&Environment, &Address, &str) -> Fit;

/// Returns the owners of a found resource of a kind, each with the address it is reported at.
///
/// `wanted` is
/// the address that wants the resource's name, if one does; `only` the one that is looked for, if it
/// is only one. Empty for what is neither ours nor in our way; two entries for a resource of ours
/// whose name another address wants.
pub fn owners(
    env: &Environment,
    info: &KindInfo,
    found: &Identity<'_>,
    fits: Fits<'_>,
    wanted: Option<&Address>,
    only: Option<&Address>,
) -> Vec<(Address, Ownership)> {
    let claim = match claim(env, found.tags) {
        Claim::Legacy { address, has_region } => match other_project(env, info, found, fits, &address) {
            Some(project) => Claim::Others { evidence: format!("it belongs to the project `{project}`") },
            None => Claim::Legacy { address, has_region },
        },
        claim => claim,
    };
    let mut owners = vec![];
    if let Some(address) = claim.address().filter(|address| only.is_none_or(|only| only == *address)) {
        owners.push((address.clone(), judge(env, info, found, fits, &claim, address)));
    }
    let is_settled = |(address, ownership): &(Address, Ownership)| {
        Some(address) == wanted && !matches!(ownership.owner, Owner::Copy { .. })
    };
    if let Some(address) = wanted.filter(|_| !owners.iter().any(is_settled)) {
        let evidence = match &claim {
            Claim::Others { evidence } => evidence.clone(),
            Claim::Nothing => "it does not carry billpay's tags".to_string(),
            Claim::Elsewhere { region, .. } => format!("its tags say that it is in {region}"),
            Claim::Ours(other) | Claim::Legacy { address: other, .. } if other != address => {
                format!("it is this environment's {other}")
            }
            Claim::Ours(_) | Claim::Legacy { .. } => "its tags are a copy".to_string(),
        };
        owners.retain(|(other, _)| other != address);
        let owner = Owner::Foreign { evidence };
        owners.push((address.clone(), Ownership { owner, ..judge(env, info, found, fits, &claim, address) }));
    }
    owners
}

/// Weighs the tags of a resource against its kind, name and id.
fn judge(
    env: &Environment,
    info: &KindInfo,
    found: &Identity<'_>,
    fits: Fits<'_>,
    claim: &Claim,
    address: &Address,
) -> Ownership {
    let tags = found.tags;
    let [attempt, store] = [ATTEMPT_TAG, STATE_TAG].map(|key| tags.get(key).cloned());
    let copy = |evidence: String| Owner::Copy { evidence, region: None };
    let of_kind = info.name == address.kind();
    let fit = match found.name() {
        Some(name) if of_kind => fits(env, address, name),
        _ => Fit::Differs,
    };
    let id_tag = tags.get(ID_TAG).map(String::as_str);
    let is_unique = id_tag == Some(found.id) || found.is_unique;
    let owner = match claim {
        _ if !of_kind => copy(format!("it is no {}", address.kind())),
        _ if info.named && fit == Fit::Differs => {
            copy(format!("the {} of the environment has another name", address.name()))
        }
        // A copy shows nothing about where the environment lives, nor what names no project.
        Claim::Elsewhere { region, .. }
            if info.global && (fit != Fit::Differs || (is_unique && tags.contains_key(PROJECT_TAG))) =>
        {
            Owner::Elsewhere { region: region.clone() }
        }
        Claim::Elsewhere { region, .. } => Owner::Copy {
            evidence: format!("its tags say that it is in {region}"),
            region: Some(region.clone()),
        },
        _ => match id_tag.filter(|id| *id != found.id) {
            Some(original) => copy(format!("its tags are those of {original}")),
            None => match claim {
                Claim::Legacy { has_region, .. } => Owner::Legacy { has_region: *has_region },
                _ => Owner::Ours,
            },
        },
    };
    let evidence = match (&owner, fit) {
        (Owner::Ours, _) if is_unique || info.named => Evidence::Unique,
        (_, Fit::Whole) => Evidence::Name,
        (Owner::Ours, Fit::Nameless) => Evidence::Name,
        (_, Fit::Nameless) => Evidence::Part,
        // An attempt is copied as easily as the other tags, and who may copy tags may also make
        // something that stands on ours.
        (_, Fit::Differs) => Evidence::Nothing,
    };
    Ownership { owner, evidence, attempt, store, protected: is_protected(tags) }
}

/// Returns the other project that a resource with the tags of version 0.1 belongs to by its name:
/// the one whose environment of the same name would call it so.
fn other_project(
    env: &Environment,
    info: &KindInfo,
    found: &Identity<'_>,
    fits: Fits<'_>,
    address: &Address,
) -> Option<String> {
    let name = found.name()?;
    if info.name != address.kind() || fits(env, address, name) != Fit::Differs {
        return None;
    }
    let ends = name.char_indices().filter(|(_, c)| *c == '-').map(|(end, _)| end);
    let mut projects = ends.map(|end| name[..end].to_string()).filter(|project| *project != env.project);
    projects.find(|project| {
        let theirs = Environment { project: project.clone(), ..env.clone() };
        fits(&theirs, address, name) == Fit::Whole
    })
}
