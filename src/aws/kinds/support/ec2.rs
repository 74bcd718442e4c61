//! Shared by the EC2 kinds: finding by tag, tagging in the create call, changing tags.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use billpay_engine::ownership::Identity;
use billpay_model::address::Address;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::hex::hex;
use billpay_model::resource::{
    ADDRESS_TAG, ATTEMPT_TAG, ENVIRONMENT_TAG, Evidence, ID_TAG, Owner, PROTECTED_TAG, Ref, Tags,
    UNCOMPARED_TAGS,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::owned::TagChanges;
use crate::kinds::kind::{Context, Found, Kind, New};
use crate::{Explain, Lagging};

/// A set of our own resources in an attribute, by their keys (`public-a`). As a plain list
/// its order would be that of ids, which nobody knows before they are there, and the same
/// set would look different in the next plan.
pub type Refs = BTreeMap<String, Ref>;

/// The evidence for resources that were found, and their keys, by their ids. While one is replaced,
/// two have the same key.
pub type Keys = BTreeMap<String, (Evidence, String)>;

/// The set that an attribute wants.
pub fn refs(addresses: impl IntoIterator<Item = Address>) -> Refs {
    addresses.into_iter().map(|address| (address.key().to_string(), Ref::id(&address))).collect()
}

/// The set that was found; what isn't ours, or is a second one in the set, has its id for a key. Of
/// two with one key, the better proven has it.
pub fn found_refs(ids: impl IntoIterator<Item = String>, keys: &Keys) -> Refs {
    let mut ids: Vec<String> = ids.into_iter().collect();
    ids.sort_by_key(|id| (Reverse(keys.get(id).map(|(evidence, _)| *evidence)), id.clone()));
    let mut refs = Refs::new();
    for id in ids {
        let key = keys.get(&id).map(|(_, key)| key).filter(|key| !refs.contains_key(*key));
        refs.insert(key.unwrap_or(&id).clone(), id.into());
    }
    refs
}

/// The ids that are in one set and not in another, whatever their keys.
pub fn beyond<'a>(these: &'a Refs, those: &Refs) -> Vec<&'a str> {
    these.values().filter(|id| !those.values().any(|other| other == *id)).map(Ref::text).collect()
}

/// Returns the regions that are enabled for the account.
pub async fn regions(cx: Context<'_>) -> Result<Vec<String>, Failure> {
    let answer = cx.aws.ec2.describe_regions().send().await.at("ec2:DescribeRegions")?;
    Ok(answer.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name).collect())
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

/// The tags of something that is to be made, for its create call: all but the one that
/// [`write_id`] adds. A run that is killed in between leaves a difference, and the next one
/// writes both.
pub fn tag_specification(resource: ResourceType, tags: &Tags) -> TagSpecification {
    let tags = tags.iter().filter(|(key, _)| *key != PROTECTED_TAG).map(|(key, value)| tag(key, value));
    TagSpecification::builder().resource_type(resource).set_tags(Some(tags.collect())).build()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// The tags of something that is to be made by a call without a client token: the call's own
/// name beside the others, so that a second one is recognised after a lost response.
pub fn attempt_specification<A: TaggedAttrs>(resource: ResourceType, new: &New<A>) -> TagSpecification {
    let mut tags = new.attrs.tags().clone();
    tags.insert(ATTEMPT_TAG.to_string(), new.attempt.clone());
    tag_specification(resource, &tags)
}

/// Attributes with tags.
pub trait TaggedAttrs {
    fn tags(&self) -> &Tags;
}

/// Writes a resource's own id onto it, so that copies of its tags are recognised, and the tag that
/// its create call left out.
pub async fn write_id(cx: Context<'_>, id: &str, tags: &Tags) -> Result<(), Failure> {
    let protected = tags.get(PROTECTED_TAG).map(|value| tag(PROTECTED_TAG, value));
    let tags = [tag(ID_TAG, id)].into_iter().chain(protected);
    let call = cx.aws.ec2.create_tags().resources(id).set_tags(Some(tags.collect()));
    call.send().await.at("ec2:CreateTags").lagging()?;
    Ok(())
}

/// The keys of the environment's resources of a kind, by their ids.
pub fn keys<K: Kind>(
    cx: Context<'_>,
    found: impl Iterator<Item = (Option<String>, Option<Vec<Tag>>)>,
) -> Keys {
    found
        .filter_map(|(id, found)| {
            let (id, tags) = (id?, tags(found));
            let (address, ownership) = cx.owner_of::<K>(&Identity::new(&id, &tags), None, None)?;
            let ours = matches!(ownership.owner, Owner::Ours | Owner::Legacy { .. });
            ours.then(|| (id, (ownership.evidence, address.key().to_string())))
        })
        .collect()
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
    hex(&Sha256::digest(identity.as_bytes()))
}

/// Number of spent tokens that are passed over before the engine is asked to look again.
pub const ATTEMPTS: u32 = 8;

/// The failure of a create whose tokens are all spent.
pub fn spent(call: &str) -> Failure {
    Failure::new(FailureClass::Lagging, call, "EC2 still answers with ones that were deleted before")
}

/// Makes the tags of a resource what they should be: sets what differs, removes what is too many,
/// and writes its id where nothing else proves that it is ours.
pub async fn retag<A>(
    cx: Context<'_>,
    resource: &Found<A>,
    found: &Tags,
    wanted: &Tags,
) -> Result<(), Failure> {
    let mut changes = TagChanges::new(found, wanted).with_id(resource, wanted);
    // What is no longer the environment's keeps nothing of how it came to be.
    if changes.unset.iter().any(|key| key == ADDRESS_TAG) {
        changes.unset.extend(UNCOMPARED_TAGS.map(String::from));
    }
    let (ec2, id) = (&cx.aws.ec2, resource.id.as_str());
    let set = async |set: Tags| {
        let tags = set.iter().map(|(key, value)| tag(key, value)).collect();
        ec2.create_tags().resources(id).set_tags(Some(tags)).send().await.at("ec2:CreateTags").map(drop)
    };
    let unset = async |unset: Vec<String>| {
        let tags = unset.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        ec2.delete_tags().resources(id).set_tags(Some(tags)).send().await.at("ec2:DeleteTags").map(drop)
    };
    changes.apply(set, unset).await
}
