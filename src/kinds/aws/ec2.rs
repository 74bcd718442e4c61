//! What the EC2 kinds share: finding by tag, tagging in the create call, changing tags.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::adapter::aws::Explain;
use crate::domain::address::Address;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, Ref, Tags};
use crate::kinds::{Context, New};

/// A set of our own resources in an attribute, by their keys (`public-a`). As a plain list
/// its order would be that of ids, which nobody knows before they are there, and the same
/// set would look different in the next plan.
pub type Refs = BTreeMap<String, Ref>;

/// The keys of resources that were found, by their ids.
pub type Keys = BTreeMap<String, String>;

/// The set that an attribute wants.
pub fn refs(addresses: impl IntoIterator<Item = Address>) -> Refs {
    addresses.into_iter().map(|address| (address.key().to_string(), Ref::id(&address))).collect()
}

/// The set that was found; what isn't ours, or is a second one, has its id for a key.
pub fn found_refs(ids: impl IntoIterator<Item = String>, keys: &Keys) -> Refs {
    let mut refs = Refs::new();
    for id in ids {
        let key = keys.get(&id).filter(|key| !refs.contains_key(*key)).unwrap_or(&id).clone();
        refs.insert(key, id.into());
    }
    refs
}

/// The ids that are in one set and not in another, whatever their keys.
pub fn beyond<'a>(these: &'a Refs, those: &Refs) -> Vec<&'a str> {
    these.values().filter(|id| !those.values().any(|other| other == *id)).map(Ref::text).collect()
}

/// Filters for one list call: everything of a kind in the environment, or just one address.
pub fn filters(cx: Context<'_>, only: Option<&Address>) -> Vec<Filter> {
    let mut filters = vec![filter(&format!("tag:{ENVIRONMENT_TAG}"), &cx.env.environment)];
    if let Some(address) = only {
        filters.push(filter(&format!("tag:{ADDRESS_TAG}"), &address.to_string()));
    }
    filters
}

pub fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// The tags of something that is to be made, for its create call.
pub fn tag_specification(resource: ResourceType, tags: &Tags) -> TagSpecification {
    let tags = tags.iter().map(|(key, value)| tag(key, value));
    TagSpecification::builder().resource_type(resource).set_tags(Some(tags.collect())).build()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// The tags of something that was found.
pub fn tags(found: Option<Vec<Tag>>) -> Tags {
    found
        .unwrap_or_default()
        .into_iter()
        .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
        .collect()
}

/// The client token of a create, its `attempt`-th (from 0).
///
/// EC2 keeps a token for about a day. In that time it refuses the same token with other
/// parameters (a VPC made anew has another id), so what is asked for is part of it; and it
/// answers with what the token made although that is deleted since, so there are more.
pub fn token<A: Serialize>(new: &New<A>, attempt: u32) -> String {
    let asked = serde_json::to_string(&new.attrs).unwrap_or_default();
    let identity = format!("{}/{attempt}/{asked}", new.token);
    Sha256::digest(identity.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many spent tokens are passed over before the engine is asked to look again.
pub const ATTEMPTS: u32 = 8;

/// The failure of a create whose tokens are all spent.
pub fn spent(call: &str) -> Failure {
    Failure::new(FailureClass::Lagging, call, "EC2 still answers with ones that were deleted before")
}

/// What a create call answered with.
pub fn made<T>(made: Option<T>, call: &str) -> Result<T, Failure> {
    made.ok_or_else(|| Failure::new(FailureClass::Ambiguous, call, "the answer names nothing that was made"))
}

/// Makes the tags of a resource what they should be: sets what differs, removes what is too many.
pub async fn retag(cx: Context<'_>, id: &str, found: &Tags, wanted: &Tags) -> Result<(), Failure> {
    let differs = |(key, value): &(&String, &String)| found.get(*key) != Some(*value);
    let set: Vec<Tag> = wanted.iter().filter(differs).map(|(key, value)| tag(key, value)).collect();
    let unset: Vec<Tag> = found
        .keys()
        .filter(|key| !wanted.contains_key(*key))
        .map(|key| Tag::builder().key(key).build())
        .collect();
    if !set.is_empty() {
        cx.aws.ec2.create_tags().resources(id).set_tags(Some(set)).send().await.at("ec2:CreateTags")?;
    }
    if !unset.is_empty() {
        cx.aws.ec2.delete_tags().resources(id).set_tags(Some(unset)).send().await.at("ec2:DeleteTags")?;
    }
    Ok(())
}
