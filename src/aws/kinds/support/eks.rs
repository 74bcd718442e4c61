//! Shared by the EKS kinds: reading many things at once, results of updates, tags.

use std::collections::HashMap;

use aws_sdk_eks::types::{Update, UpdateStatus};
use billpay_engine::cloud::Progress;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{Condition, ConditionReason, Status, Tags};

use super::ec2::Refs;
use super::named;
use super::owned::TagChanges;
use crate::kinds::kind::{Context, Found};
use crate::{Explain, Optional};

/// The ids of a set, for a call.
pub fn ids(refs: &Refs) -> Option<Vec<String>> {
    Some(refs.values().map(|id| id.text().to_string()).collect())
}

/// The tags of something that was found.
pub fn tags(found: Option<HashMap<String, String>>) -> Tags {
    found.unwrap_or_default().into_iter().collect()
}

/// Tags for a call.
pub fn to_tags(tags: &Tags) -> Option<HashMap<String, String>> {
    Some(tags.clone().into_iter().collect())
}

/// Makes the tags of a resource what they should be.
pub async fn retag<A>(
    cx: Context<'_>,
    resource: &Found<A>,
    found: &Tags,
    wanted: &Tags,
) -> Result<(), Failure> {
    let arn = resource.arn();
    let set = async |set: Tags| {
        let call = cx.aws.eks.tag_resource().resource_arn(arn).set_tags(to_tags(&set));
        call.send().await.at("eks:TagResource").map(drop)
    };
    let unset = async |unset| {
        let call = cx.aws.eks.untag_resource().resource_arn(arn).set_tag_keys(Some(unset));
        call.send().await.at("eks:UntagResource").map(drop)
    };
    TagChanges::new(found, wanted).apply(set, unset).await
}

/// Returns the names of a cluster's node groups, whoever made them; none where there is no cluster.
pub async fn node_groups(cx: Context<'_>, cluster: &str) -> Result<Vec<String>, Failure> {
    let pages = cx.aws.eks.list_nodegroups().cluster_name(cluster).into_paginator().items().send();
    let names = pages.try_collect().await;
    Ok(names.at("eks:ListNodegroups").optional()?.unwrap_or_default())
}

/// Returns the names of a cluster's Fargate profiles, whoever made them; none where there is no cluster.
pub async fn fargate_profiles(cx: Context<'_>, cluster: &str) -> Result<Vec<String>, Failure> {
    let pages = cx.aws.eks.list_fargate_profiles().cluster_name(cluster).into_paginator().items().send();
    let names = pages.try_collect().await;
    Ok(names.at("eks:ListFargateProfiles").optional()?.unwrap_or_default())
}

/// Returns the progress of an update.
pub fn progress(update: Option<Update>, call: &str) -> Result<Progress, Failure> {
    let Some(update) = update else { return Ok(Progress::Underway) };
    match update.status {
        Some(UpdateStatus::Successful) => Ok(Progress::Done),
        Some(UpdateStatus::Failed | UpdateStatus::Cancelled) => {
            Err(Failure::new(FailureClass::Other, call, why(&update)))
        }
        _ => Ok(Progress::Underway),
    }
}

/// Returns the reason for which an update failed, in EKS's words.
fn why(update: &Update) -> String {
    let kind = update.r#type.as_ref().map_or("update", |kind| kind.as_str());
    let errors = update.errors().iter().filter_map(|error| {
        let code = error.error_code.as_ref().map(|code| code.as_str());
        Some(format!("{}: {}", code?, error.error_message().unwrap_or_default()))
    });
    let errors: Vec<String> = errors.collect();
    match errors.is_empty() {
        true => format!("{kind} failed"),
        false => format!("{kind} failed: {}", errors.join("; ")),
    }
}

/// Subject of updates: a cluster, or a node group or an add-on of it.
#[derive(Clone, Copy)]
pub enum UpdateTarget<'a> {
    Cluster,
    NodeGroup(&'a str),
    Addon(&'a str),
}

/// Adds the outcome of its updates to something that is ready. A cluster can say `ACTIVE` while one is
/// under way, and says nothing of one that failed; so whoever waits for one asks for them too.
pub async fn settle<A>(
    cx: Context<'_>,
    cluster: &str,
    of: UpdateTarget<'_>,
    found: Found<A>,
) -> Result<Found<A>, Failure> {
    if found.status != Status::Ready {
        return Ok(found);
    }
    let updates = history(cx, cluster, of).await?;
    if updates.iter().any(|update| update.status == Some(UpdateStatus::InProgress)) {
        return Ok(found.status(Status::Pending));
    }
    let latest = updates.iter().max_by_key(|update| update.created_at.map(|at| at.as_nanos()));
    Ok(match latest.filter(|update| update.status == Some(UpdateStatus::Failed)) {
        Some(failed) => found.condition(ConditionReason::UpdateFailed, why(failed)),
        None => found,
    })
}

/// Checks that the latest update of something did not fail.
pub fn check_update<A>(found: &Found<A>, call: &str) -> Result<(), Failure> {
    match &found.condition {
        Some(Condition { reason: ConditionReason::UpdateFailed, message }) => {
            Err(Failure::new(FailureClass::Other, call, message.clone()))
        }
        _ => Ok(()),
    }
}

/// Reads all updates of something that EKS still knows.
pub async fn history(cx: Context<'_>, cluster: &str, of: UpdateTarget<'_>) -> Result<Vec<Update>, Failure> {
    let (node_group, addon) = match of {
        UpdateTarget::Cluster => (None, None),
        UpdateTarget::NodeGroup(name) => (Some(name.to_string()), None),
        UpdateTarget::Addon(name) => (None, Some(name.to_string())),
    };
    let call = cx.aws.eks.list_updates().name(cluster);
    let call = call.set_nodegroup_name(node_group.clone()).set_addon_name(addon.clone());
    let ids = call.into_paginator().items().send().try_collect().await;
    let ids = ids.at("eks:ListUpdates").optional()?.unwrap_or_default();
    named::details(ids, |id| {
        let call = cx.aws.eks.describe_update().name(cluster).update_id(id);
        let call = call.set_nodegroup_name(node_group.clone()).set_addon_name(addon.clone());
        async move {
            let answer = call.send().await.at("eks:DescribeUpdate").optional()?;
            Ok(answer.and_then(|answer| answer.update))
        }
    })
    .await
}
