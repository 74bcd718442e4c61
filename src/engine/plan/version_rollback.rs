//! Versions that go back: what runs on a resource goes back before it, not after.

use std::collections::BTreeMap;

use billpay_model::address::Address;
use serde_json::Value;

use super::{Action, Change, Kinds, Plan};

/// The resources of a plan whose version goes back, with the version they had and the one they will have.
pub struct VersionRollback<'a> {
    bases: BTreeMap<&'a Address, (&'a str, &'a str)>,
}

impl<'a> VersionRollback<'a> {
    pub fn of(plan: &'a Plan) -> VersionRollback<'a> {
        let lowered = |change: &'a Change| {
            let (from, to) = (had(change)?, wanted(change)?);
            let goes_back = change.action == Action::Update && number(to)? < number(from)?;
            goes_back.then_some((&change.address, (from, to)))
        };
        VersionRollback { bases: plan.changes.iter().filter_map(lowered).collect() }
    }

    /// Returns the resource before which a change has to be made: one that goes back from the version that
    /// the changed resource has too, and that this one leaves or goes back with.
    pub fn goes_before(&self, change: &Change, kinds: &Kinds) -> Option<&'a Address> {
        let had = had(change)?;
        let follows = |to: &str| change.action == Action::Delete || wanted(change) == Some(to);
        let stands_on = kinds.get(change.address.kind())?.stands_on;
        let base = self.bases.iter().find(|(base, (from, to))| {
            had == *from && follows(to) && stands_on.iter().any(|on| on.kind == base.kind())
        });
        base.map(|(base, _)| *base)
    }
}

fn had(change: &Change) -> Option<&str> {
    change.observed.as_ref()?.attrs.get("version").and_then(Value::as_str)
}

fn wanted(change: &Change) -> Option<&str> {
    change.desired.as_ref()?.attrs.get("version").and_then(Value::as_str)
}

/// A version of numbers alone, such as `1.36`.
fn number(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}
