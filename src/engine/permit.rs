//! Protection: what a protected environment allows, and the permit to do more.

use std::collections::BTreeSet;

use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::resource::{Observed, Owner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::Snapshot;

/// The things that protect an environment: any one of them is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Protection {
    /// Set where the spec says `protected: true`.
    pub spec: bool,
    /// Resources that are protected by their tags or by AWS itself.
    pub resources: BTreeSet<Address>,
}

impl Protection {
    /// Gathers what protects an environment. `snapshot` is settled.
    pub fn of(env: &Environment, snapshot: &Snapshot) -> Protection {
        // Also what is left alone under another name: a change of the spec lifts no protection.
        let guards = |one: &&Observed| one.protected && !matches!(one.owner, Owner::Foreign { .. });
        let guarded = snapshot.resources.iter().filter(guards);
        Protection { spec: env.protected, resources: guarded.map(|one| one.address.clone()).collect() }
    }

    /// Returns whether nothing protects the environment.
    pub fn is_none(&self) -> bool {
        !self.spec && self.resources.is_empty()
    }
}

/// The permission to delete, replace or empty resources of one environment.
///
/// Only this module makes one: where nothing protects the environment, from the typed name of a
/// protected one, or for what this process itself made in excess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    is_confirmed: bool,
}

impl Permit {
    /// Returns a permit where nothing protects the environment.
    pub fn unprotected(protection: &Protection) -> Option<Permit> {
        protection.is_none().then_some(Permit { is_confirmed: false })
    }

    /// Returns a permit for a person who typed the environment's name.
    pub fn confirmed(env: &Environment, typed: &str) -> Option<Permit> {
        (typed == env.environment).then_some(Permit { is_confirmed: true })
    }

    /// Returns a permit to delete what is settled to be a second resource that a create call made whose answer got lost.
    pub fn for_duplicate(found: &Observed) -> Option<Permit> {
        matches!(found.owner, Owner::Duplicate { .. }).then_some(Permit { is_confirmed: true })
    }

    /// Returns a permit to delete a second resource that a create call of this process made.
    pub fn for_own_attempt(found: &Observed, is_own_attempt: impl Fn(&str) -> bool) -> Option<Permit> {
        let own = found.attempt.as_deref().is_some_and(is_own_attempt);
        own.then_some(Permit { is_confirmed: true })
    }

    /// Returns whether the permit covers what AWS itself, or a tag set since the plan, protects.
    pub fn is_confirmed(&self) -> bool {
        self.is_confirmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_protected_resource_protects_the_environment() {
        let guarded = Protection { spec: false, resources: ["network/vpc".parse().unwrap()].into() };
        assert_eq!(Permit::unprotected(&guarded), None);
        assert_eq!(Permit::unprotected(&Protection { spec: true, ..Protection::default() }), None);
        assert!(Permit::unprotected(&Protection::default()).is_some_and(|permit| !permit.is_confirmed()));
    }
}
