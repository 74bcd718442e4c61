//! Create calls of earlier runs whose results nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use billpay_model::address::Address;
use billpay_model::resource::{Observed, Owner};

use crate::plan::Snapshot;

/// Ids of earlier runs by the addresses at which they may have made something that they never heard of: they made
/// something there, and no later run finished the address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenAttempts(BTreeMap<Address, BTreeSet<String>>);

/// Change that a run was to make at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChange {
    pub address: Address,
    /// Set if it had a resource made.
    pub makes: bool,
    pub is_done: bool,
}

impl OpenAttempts {
    /// Gathers what is open from runs, the newest first: the ids that their create calls carry, and their changes.
    pub fn of(runs: impl IntoIterator<Item = (String, Vec<PastChange>)>) -> OpenAttempts {
        let (mut open, mut finished) = (BTreeMap::<Address, BTreeSet<String>>::new(), BTreeSet::new());
        for (run, changes) in runs {
            for PastChange { address, makes, is_done } in changes {
                if makes && !finished.contains(&address) {
                    open.entry(address.clone()).or_default().insert(run.clone());
                }
                if is_done {
                    // It settled what earlier runs left at the address; what it left itself may have shown later.
                    finished.insert(address);
                }
            }
        }
        OpenAttempts(open)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the ids of the resources in a snapshot that such a call made. One whose attempt another resource carries,
    /// too, is none of them: tags are easily copied.
    pub fn resources(&self, snapshot: &Snapshot) -> BTreeSet<String> {
        let mut attempts: BTreeMap<&str, usize> = BTreeMap::new();
        for attempt in snapshot.resources.iter().filter_map(|found| found.attempt.as_deref()) {
            *attempts.entry(attempt).or_default() += 1;
        }
        let is_made = |found: &&Observed| {
            found.attempt.as_deref().is_some_and(|attempt| {
                let run = attempt.rsplit_once('-').map_or(attempt, |(run, _)| run);
                attempts[attempt] == 1 && self.0.get(&found.address).is_some_and(|runs| runs.contains(run))
            })
        };
        snapshot.resources.iter().filter(is_made).map(|found| found.id.clone()).collect()
    }
}

/// Returns whether create calls of earlier runs may explain something in a snapshot that is nobody's.
pub fn are_needed(snapshot: &Snapshot) -> bool {
    let is_open = |found: &Observed| {
        matches!(found.owner, Owner::Copy { .. } | Owner::Undecided) && found.attempt.is_some()
    };
    snapshot.resources.iter().any(is_open)
}
