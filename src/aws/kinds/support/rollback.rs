//! EKS's way back: a control plane is taken back by one minor version, within seven days of its upgrade.

use aws_sdk_eks::types::{
    Category, InsightStatusValue, InsightSummary, InsightsFilter, Update, UpdateParamType, UpdateStatus,
    UpdateType,
};
use billpay_engine::plan::{Action, Change, Plan};
use billpay_model::address::Address;
use billpay_model::failure::Failure;
use futures::try_join;
use jiff::Timestamp;

use super::cluster_calls::is_one_back;
use super::eks::{self, UpdateTarget};
use crate::Explain;
use crate::kinds::kind::Context;
use crate::kinds::{addresses, node_group};

/// Days after the upgrade in which EKS takes a control plane back.
const WINDOW_DAYS: i64 = 7;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Returns why a plan can't take the cluster back to its spec's version. Makes calls only where the spec's
/// version is one minor lower; more than that is refused without any.
pub async fn refusals(cx: Context<'_>, plan: &Plan) -> Result<Vec<(Address, String)>, Failure> {
    let address = addresses::cluster();
    let change = plan.changes.iter().find(|change| change.address == address);
    let Some((change, (from, to))) = change.and_then(|change| Some((change, lowered(change)?))) else {
        return Ok(vec![]);
    };
    let name = change.id().unwrap_or_default();
    let (updates, insights, others) = try_join!(
        eks::history(cx, name, UpdateTarget::Cluster),
        insights(cx, name),
        others(cx, plan, name, to)
    )?;
    let refusal = judge(&updates, from, to, Timestamp::now().as_second())
        .or(others)
        .or_else(|| blocked(&insights, to, takes_nodes_back(plan, to)));
    Ok(refusal.map(|why| (address, why)).into_iter().collect())
}

/// Returns the versions, from and to, of a change that takes a cluster back by one minor.
fn lowered(change: &Change) -> Option<(&str, &str)> {
    let observed = change.observed.as_ref().filter(|_| change.action == Action::Update)?;
    let from = observed.attrs.get("version")?.as_str()?;
    let to = change.desired.as_ref()?.attrs.get("version")?.as_str()?;
    is_one_back(from, to).then_some((from, to))
}

/// Returns whether the plan leaves no node group above a version.
fn takes_nodes_back(plan: &Plan, to: &str) -> bool {
    let groups = plan.changes.iter().filter(|change| change.address.kind() == node_group::KIND);
    let mut wanted = groups.filter_map(|change| change.desired.as_ref());
    wanted.all(|wanted| wanted.attrs.get("version").and_then(|version| version.as_str()) == Some(to))
}

/// Returns why node groups that the environment did not make keep a cluster from going back: EKS wants all
/// nodes at the version first.
async fn others(cx: Context<'_>, plan: &Plan, cluster: &str, to: &str) -> Result<Option<String>, Failure> {
    let groups = plan.changes.iter().filter(|change| change.address.kind() == node_group::KIND);
    let own: Vec<&str> = groups.filter_map(Change::id).collect();
    let names = eks::node_groups(cx, cluster).await?;
    let mut newer = vec![];
    for name in names.into_iter().filter(|name| !own.contains(&name.as_str())) {
        let call = cx.aws.eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(&name);
        let group = call.send().await.at("eks:DescribeNodegroup")?.nodegroup;
        if group.and_then(|group| group.version).as_deref() != Some(to) {
            newer.push(name);
        }
    }
    Ok((!newer.is_empty()).then(|| {
        format!(
            "EKS takes the cluster back to {to} only after all nodes, and the environment did not make {}: bring it \
             to {to} first, or delete it",
            newer.join(", ")
        )
    }))
}

/// Returns the insights of EKS that keep a cluster from going back.
async fn insights(cx: Context<'_>, cluster: &str) -> Result<Vec<InsightSummary>, Failure> {
    let filter = InsightsFilter::builder()
        .categories(Category::RollbackReadiness)
        .statuses(InsightStatusValue::Error)
        .statuses(InsightStatusValue::UnknownValue)
        .build();
    let call = cx.aws.eks.list_insights().cluster_name(cluster).filter(filter);
    call.into_paginator().items().send().try_collect().await.at("eks:ListInsights")
}

/// Returns why EKS would not take a cluster back, by its updates; `now` in seconds since 1970.
fn judge(updates: &[Update], from: &str, to: &str, now: i64) -> Option<String> {
    let of = |kind: UpdateType| updates.iter().filter(move |update| update.r#type.as_ref() == Some(&kind));
    let at = |update: &Update| update.created_at.map_or(0, |at| at.secs());
    if of(UpdateType::VersionRollback).any(|update| update.status == Some(UpdateStatus::InProgress)) {
        return None;
    }
    let is_done = |update: &&Update| update.status == Some(UpdateStatus::Successful);
    let latest = |kind| of(kind).filter(is_done).max_by_key(|update| at(update));
    let (upgrade, rollback) = (latest(UpdateType::VersionUpdate), latest(UpdateType::VersionRollback));
    let stays = format!("set cluster.version to \"{from}\" or later");
    if rollback
        .is_some_and(|rollback| version(rollback) == Some(from) && at(rollback) >= upgrade.map_or(0, at))
    {
        return Some(format!(
            "EKS took this cluster back to {from} already, and does so once after an upgrade; {stays}"
        ));
    }
    let Some(upgrade) = upgrade.filter(|update| version(update) == Some(from)) else {
        return Some(format!(
            "EKS undoes only an upgrade, and knows of no upgrade of this cluster to {from}: it was created at \
             {from}, or upgraded long ago; {stays}"
        ));
    };
    let age = now - at(upgrade);
    (age > WINDOW_DAYS * DAY).then(|| {
        let day = Timestamp::from_second(at(upgrade)).map(|at| at.strftime("%Y-%m-%d").to_string());
        format!(
            "the cluster was upgraded to {from} on {}, {} days ago, and EKS takes it back to {to} within \
             {WINDOW_DAYS}; {stays}",
            day.unwrap_or_default(),
            age / DAY
        )
    })
}

fn version(update: &Update) -> Option<&str> {
    let is_version =
        |param: &&aws_sdk_eks::types::UpdateParam| param.r#type == Some(UpdateParamType::Version);
    update.params().iter().find(is_version)?.value()
}

/// Returns the insights that block the way back, by their names. Where the plan takes all nodes back first,
/// one about the version of their kubelet will be gone by then; EKS checks again before it begins.
fn blocked(insights: &[InsightSummary], to: &str, nodes_go_first: bool) -> Option<String> {
    // What EKS can't tell blocks like what it knows to be wrong.
    let is_passed = |insight: &InsightSummary| {
        let status = insight.insight_status().and_then(|status| status.status());
        matches!(status, Some(InsightStatusValue::Passing | InsightStatusValue::Warning))
    };
    let is_of_others = |insight: &InsightSummary| {
        insight.category().is_some_and(|category| *category != Category::RollbackReadiness)
    };
    let is_about_nodes = |insight: &InsightSummary| {
        insight.name().is_some_and(|name| name.to_lowercase().starts_with("kubelet"))
    };
    let blocking = insights
        .iter()
        .filter(|insight| !is_passed(insight) && !is_of_others(insight))
        .filter(|insight| !(nodes_go_first && is_about_nodes(insight)));
    let told = blocking.map(|insight| {
        let reason = insight.insight_status().and_then(|status| status.reason());
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{}{reason}", insight.name().unwrap_or_default())
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| {
        format!(
            "EKS's insights keep the cluster from going back to {to}: {}; solve these first",
            told.join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::primitives::DateTime;
    use aws_sdk_eks::types::{InsightStatus, UpdateParam};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn update(kind: UpdateType, status: UpdateStatus, version: &str, days_ago: i64) -> Update {
        let param = UpdateParam::builder().r#type(UpdateParamType::Version).value(version).build();
        let at = DateTime::from_secs(NOW - days_ago * DAY);
        Update::builder().r#type(kind).status(status).params(param).created_at(at).build()
    }

    #[test]
    fn a_cluster_goes_back_once_within_seven_days_of_its_upgrade() {
        use UpdateStatus::{Cancelled, Failed, InProgress, Successful};
        use UpdateType::{ConfigUpdate, VersionRollback, VersionUpdate};
        let cases: [(&[Update], &str); 9] = [
            (&[update(VersionUpdate, Successful, "1.36", 6)], ""),
            (&[update(VersionUpdate, Successful, "1.36", 7)], ""),
            (&[update(VersionUpdate, Successful, "1.36", 8)], "8 days ago"),
            (&[], "it was created at 1.36"),
            (&[update(ConfigUpdate, Successful, "1.36", 1)], "it was created at 1.36"),
            (&[update(VersionUpdate, Failed, "1.36", 1)], "it was created at 1.36"),
            (
                &[
                    update(VersionUpdate, Successful, "1.36", 5),
                    update(VersionRollback, Cancelled, "1.35", 4),
                ],
                "",
            ),
            (
                &[
                    update(VersionUpdate, Successful, "1.36", 5),
                    update(VersionRollback, InProgress, "1.35", 4),
                ],
                "",
            ),
            // Taken back from 1.37 to 1.36: the upgrade to 1.36 before that is no way back.
            (
                &[
                    update(VersionUpdate, Successful, "1.36", 6),
                    update(VersionUpdate, Successful, "1.37", 5),
                    update(VersionRollback, Successful, "1.36", 4),
                ],
                "once after an upgrade",
            ),
        ];
        for (updates, expected) in cases {
            let told = judge(updates, "1.36", "1.35", NOW).unwrap_or_default();
            assert!(told.contains(expected) && told.is_empty() == expected.is_empty(), "{told}: {expected}");
        }
        let twice =
            [update(VersionUpdate, Successful, "1.36", 5), update(VersionRollback, Successful, "1.35", 4)];
        assert!(judge(&twice, "1.35", "1.34", NOW).is_some_and(|why| why.contains("already")));
    }

    #[test]
    fn insights_that_are_errors_block_it_by_their_names() {
        let insight = |name: &str, category: Category, status: InsightStatusValue| {
            let status = InsightStatus::builder().status(status).reason("it is so").build();
            InsightSummary::builder().name(name).category(category).insight_status(status).build()
        };
        let found = [
            insight("Kubelet version skew", Category::RollbackReadiness, InsightStatusValue::Error),
            insight("Add-on versions", Category::RollbackReadiness, InsightStatusValue::Warning),
            insight("Deprecated APIs", Category::UpgradeReadiness, InsightStatusValue::Error),
        ];
        assert_eq!(blocked(&found, "1.35", true), None);
        let told = blocked(&found, "1.35", false).unwrap_or_default();
        assert!(told.contains("1.35: Kubelet version skew (it is so);"), "{told}");
        let add_ons = [insight("Add-on versions", Category::RollbackReadiness, InsightStatusValue::Error)];
        assert!(blocked(&add_ons, "1.35", true).is_some());
        let unclear =
            [insight("Add-on versions", Category::RollbackReadiness, InsightStatusValue::UnknownValue)];
        assert!(blocked(&unclear, "1.35", true).is_some(), "what EKS can't tell blocks");
        assert!(blocked(&[InsightSummary::builder().name("new").build()], "1.35", true).is_some());
    }
}
