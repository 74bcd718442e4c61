//! What the EC2 kinds share: finding by tag, tagging in the create call, changing tags.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use crate::adapter::aws::Explain;
use crate::domain::address::Address;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, Tags};
use crate::kinds::Context;

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

/// The id that a create call answered with.
pub fn made(id: Option<String>, call: &str) -> Result<String, Failure> {
    id.ok_or_else(|| Failure::new(FailureClass::Ambiguous, call, "the answer names nothing that was made"))
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
