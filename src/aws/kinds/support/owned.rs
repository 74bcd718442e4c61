//! Proofs of ownership just before a change, and changes of tags: shared by the kinds that AWS
//! knows by a name.

use billpay_engine::ownership::{Claim, claim, is_protected};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{ADDRESS_TAG, Evidence, ID_TAG, Tags};

use crate::kinds::kind::{Context, Found};

/// Checks that the tags still make a resource this environment's: since the plan was made,
/// somebody may have deleted it and made their own under the same name.
pub fn prove(cx: Context<'_>, address: &Address, id: &str, tags: &Tags, call: &str) -> Result<(), Failure> {
    match claim(cx.env, tags) {
        Claim::Ours(found) | Claim::Legacy { address: found, .. } if found == *address => Ok(()),
        _ => {
            let why = format!("{id} no longer carries the tags of {address}, so it is left alone");
            Err(Failure::new(FailureClass::Invalid, call, why))
        }
    }
}

/// [`prove`] before a delete, which also checks that the resource has not been protected since the plan.
pub fn prove_deletable(
    cx: Context<'_>,
    address: &Address,
    id: &str,
    tags: &Tags,
    permit: &Permit,
    call: &str,
) -> Result<(), Failure> {
    prove(cx, address, id, tags, call)?;
    check_protection(is_protected(tags), id, permit, call)
}

/// Checks that a resource is not protected, or that somebody has confirmed its delete.
pub fn check_protection(is_protected: bool, id: &str, permit: &Permit, call: &str) -> Result<(), Failure> {
    if is_protected && !permit.is_confirmed() {
        let why = format!("{id} has been protected since the plan was made, so it is left alone");
        return Err(Failure::new(FailureClass::Invalid, call, why));
    }
    Ok(())
}

/// Difference between the tags of a resource, or the labels, and those that it should have.
pub struct TagChanges {
    pub set: Tags,
    pub unset: Vec<String>,
}

impl TagChanges {
    pub fn new(found: &Tags, wanted: &Tags) -> TagChanges {
        let differs = |(key, value): &(&String, &String)| found.get(*key) != Some(*value);
        let set = wanted.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
        let unset = found.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
        TagChanges { set, unset }
    }

    /// Adds the resource's own id to the tags that are set, unless it is proven to be ours already.
    pub fn with_id<A>(mut self, resource: &Found<A>, wanted: &Tags) -> TagChanges {
        let is_kept = wanted.contains_key(ADDRESS_TAG);
        if is_kept && resource.ownership.evidence != Evidence::Unique {
            self.set.insert(ID_TAG.to_string(), resource.id.clone());
        }
        self
    }

    /// Makes the two calls of a service, each if it has something to change.
    pub async fn apply<S, U>(
        self,
        set: impl FnOnce(Tags) -> S,
        unset: impl FnOnce(Vec<String>) -> U,
    ) -> Result<(), Failure>
    where
        S: Future<Output = Result<(), Failure>>,
        U: Future<Output = Result<(), Failure>>,
    {
        if !self.set.is_empty() {
            set(self.set).await?;
        }
        if !self.unset.is_empty() {
            unset(self.unset).await?;
        }
        Ok(())
    }
}
