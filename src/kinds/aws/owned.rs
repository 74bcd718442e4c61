//! Whose something is that AWS knows by a name: shared by the kinds that are found by name.

use crate::domain::address::Address;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::resource::{Owner, Tags};
use crate::kinds::Context;

/// The address and owner of something found, by its tags.
///
/// `wanted` is the address that wants its name, if one does; `only` the one that is looked
/// for, if it is only one. `None` for what is neither ours nor in our way.
pub fn claim(
    cx: Context<'_>,
    tags: &Tags,
    wanted: Option<&Address>,
    only: Option<&Address>,
) -> Option<(Address, Owner)> {
    match cx.address_of(tags) {
        Some(address) if only.is_none_or(|only| *only == address) => Some((address, Owner::Ours)),
        _ => wanted.map(|address| (address.clone(), cx.owner(address, tags))),
    }
}

/// Proves, just before something is deleted by its name, that it is still ours: since the
/// plan was made, somebody may have deleted it and made their own under the same name.
pub fn prove(cx: Context<'_>, address: &Address, id: &str, tags: &Tags, call: &str) -> Result<(), Failure> {
    match cx.address_of(tags) {
        Some(found) if found == *address => Ok(()),
        _ => {
            let why = format!("{id} no longer carries the tags of {address}, so it is left alone");
            Err(Failure::new(FailureClass::Invalid, call, why))
        }
    }
}

/// What has to be set and what removed to make tags what they should be.
pub fn tag_changes(found: &Tags, wanted: &Tags) -> (Tags, Vec<String>) {
    let differs = |(key, value): &(&String, &String)| found.get(*key) != Some(*value);
    let set = wanted.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
    let unset = found.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
    (set, unset)
}
