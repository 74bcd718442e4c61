//! Conflicts: what keeps a plan from being applied.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use billpay_model::resource::Desired;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Blocker, Obstacle};

/// Something that keeps the plan from being applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Conflict {
    /// The name is taken by something that isn't ours; `key` is the key of the spec that gives it.
    NotOurs { address: Address, id: String, evidence: String, key: String },
    /// The resource carries the tags of version 0.1, and nothing else shows that billpay made it.
    /// `key` is the key of the spec that gives its name; `commands` hand it over to the environment.
    Unproven { address: Address, id: String, key: String, commands: Vec<String> },
    /// The resource is in no region, its tags name none, and nothing shows that the environment
    /// lives in the spec's. `commands` add the region.
    NoRegion { address: Address, id: String, commands: Vec<String> },
    /// Several resources carry the tags of one address, and nothing shows which is ours.
    Several { address: Address, ids: Vec<String> },
    /// The resource that is there can't, or mustn't, become what the spec wants.
    Refused { address: Address, why: String },
    /// AWS would refuse the change, after others have been made.
    CannotEnd {
        address: Address,
        /// The id of what is there today.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        obstacle: Obstacle,
        blockers: Vec<Blocker>,
    },
    /// It needs something that isn't there and that the selection leaves out.
    NeedsExcluded { address: Address, needs: Address },
    /// Something that the selection leaves out stands on it.
    StoodOnByExcluded { address: Address, by: Address },
}

impl Conflict {
    /// Returns whether a resource of somebody else, or of nobody knows whom, is in the way.
    pub fn is_about_owner(&self) -> bool {
        matches!(
            self,
            Conflict::NotOurs { .. }
                | Conflict::Unproven { .. }
                | Conflict::NoRegion { .. }
                | Conflict::Several { .. }
        )
    }

    /// The address that the conflict is about.
    pub fn address(&self) -> &Address {
        match self {
            Conflict::NotOurs { address, .. }
            | Conflict::Unproven { address, .. }
            | Conflict::NoRegion { address, .. }
            | Conflict::Several { address, .. }
            | Conflict::Refused { address, .. }
            | Conflict::CannotEnd { address, .. }
            | Conflict::NeedsExcluded { address, .. }
            | Conflict::StoodOnByExcluded { address, .. } => address,
        }
    }
}

/// Leaves out the conflicts that follow from another one: where a cluster is somebody else's, so
/// is all that is in it.
pub fn root_conflicts(conflicts: Vec<Conflict>, desired: &[Desired]) -> Vec<Conflict> {
    let taken: BTreeSet<Address> = conflicts
        .iter()
        .filter(|conflict| conflict.is_about_owner())
        .map(|conflict| conflict.address().clone())
        .collect();
    let follows = |address: &Address| {
        let want = desired.iter().find(|want| want.address == *address);
        want.is_some_and(|want| want.needs().iter().any(|need| taken.contains(need)))
    };
    let is_root = |conflict: &Conflict| !conflict.is_about_owner() || !follows(conflict.address());
    conflicts.into_iter().filter(is_root).collect()
}
