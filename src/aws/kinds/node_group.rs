//! The managed node groups of the cluster.

use async_trait::async_trait;
use aws_sdk_eks::types::{
    AmiTypes, CapacityTypes, Nodegroup, NodegroupScalingConfig, NodegroupStatus, NodegroupUpdateConfig,
    UpdateLabelsPayload,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::{Capacity, Environment};
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{ConditionReason, Status, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::addresses::{self, Side};
use super::subnet;
use super::support::ec2::{self, Keys, Refs};
use super::support::eks::{self, UpdateTarget};
use super::support::named;
use super::support::owned::{self, TagChanges};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Optional, expect_created};

pub struct NodeGroup;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    cluster: String,
    role_arn: String,
    subnets: Refs,
    instance_types: Vec<String>,
    ami_type: String,
    capacity: String,
    disk: i32,
    /// Kubernetes version; follows the cluster's.
    version: String,
    scaling: Scaling,
    labels: Tags,
    max_unavailable_percent: Option<i32>,
    tags: Tags,
}

/// Limits of the number of nodes. The number itself is the autoscaler's business: it is
/// set once, and after that only if it falls outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scaling {
    min: i32,
    max: i32,
}

/// The name of the kind.
pub const KIND: &str = "node-group";

/// Returns the group's name in EKS: its name, then `name-2`, `name-3`, … as it is replaced.
fn physical(name: &str, generation: u32) -> String {
    match generation {
        0 => name.to_string(),
        _ => format!("{name}-{}", generation + 1),
    }
}

/// Returns the number of replacements, from the group's name in EKS.
fn generation(name: &str, physical: &str) -> u32 {
    let number = physical.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')?.parse().ok());
    number.map_or(0, |number: u32| number.saturating_sub(1))
}

/// Returns true if an instance type has a Graviton processor: a1, or a `g` behind the family's
/// number, as in t4g, m7gd and im4gn. The g of g5 stands for graphics.
fn is_arm(instance_type: &str) -> bool {
    let family = instance_type.split('.').next().unwrap_or_default();
    let behind = family.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '-');
    family == "a1" || behind.trim_start_matches(|c: char| c.is_ascii_digit()).contains('g')
}

#[async_trait]
impl Kind for NodeGroup {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: KIND,
        component: "eks",
        aws_type: "AWS::EKS::Nodegroup",
        immutable: &["cluster", "role_arn", "subnets", "instance_types", "ami_type", "capacity", "disk"],
        gives_access: &["role_arn"],
        stands_on: &[Base::held("cluster"), Base::used("role"), Base::held("subnet")],
        constraints: &[],
        create_first: true,
        named: true,
        global: false,
        holds_data: false,
        usual: Usual { create: 150, update: 300, delete: 240 },
    };
    fn fits(_: &Environment, address: &Address, name: &str) -> Fit {
        let key = address.key();
        Fit::nameless(name, &physical(key, generation(key, name)))
    }

    /// Nodes become ready only with a way out to the registries and with the add-ons that
    /// give pods addresses and roles; without them EKS gives up on the group after 20 min.
    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |(name, spec): (&String, &billpay_model::environment::NodeGroup)| {
            let address = addresses::node_group(name);
            let ami = if is_arm(&spec.instance_type) {
                AmiTypes::Al2023Arm64Standard
            } else {
                AmiTypes::Al2023X8664Standard
            };
            let capacity = match spec.capacity {
                Capacity::OnDemand => CapacityTypes::OnDemand,
                Capacity::Spot => CapacityTypes::Spot,
            };
            let attrs = Attrs {
                cluster: names::cluster(env),
                role_arn: names::role_arn(env, &names::cluster_role(env, "nodes")),
                subnets: ec2::refs(addresses::subnets(env, Side::Private)),
                instance_types: vec![spec.instance_type.clone()],
                ami_type: ami.as_str().to_string(),
                capacity: capacity.as_str().to_string(),
                disk: number(spec.disk),
                version: env.cluster.version.clone(),
                scaling: Scaling { min: number(spec.min), max: number(spec.max) },
                labels: spec.labels.clone().unwrap_or_default(),
                max_unavailable_percent: Some(33),
                tags: tags(env, &address, name),
            };
            Desire::new(address, attrs)
                .after([addresses::cluster(), addresses::role("nodes")])
                .after(addresses::addons_before_nodes(env))
                .after(addresses::route_tables(env))
        };
        env.cluster.nodes.iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let cluster = &names::cluster(cx.env);
        let groups = async {
            let names = eks::node_groups(cx, cluster).await?;
            let looked_for = |name: &String| look.only.is_none_or(|only| name.starts_with(only.key()));
            let names = names.into_iter().filter(looked_for);
            named::details(names, |name| async move { describe(cx, cluster, &name).await }).await
        };
        let (groups, keys) = try_join!(groups, subnet::keys(cx))?;
        let mut found = vec![];
        for group in groups {
            let tags = eks::tags(group.tags.clone());
            let name = group.nodegroup_name.clone().unwrap_or_default();
            let wanted = look.wanted.iter().map(|(address, _)| address).find(|want| want.key() == name);
            let identity = Identity::new(&name, &tags).named(&name);
            let Some((address, ownership)) = cx.owner_of::<NodeGroup>(&identity, wanted, look.only) else {
                continue;
            };
            let group = found_of(cx, address, group, &keys).owned(ownership);
            found.push(match look.only {
                Some(_) => eks::settle(cx, cluster, UpdateTarget::NodeGroup(&name), group).await?,
                None => group,
            });
        }
        Ok(found)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let attrs = new.attrs;
        let made = cx
            .aws
            .eks
            .create_nodegroup()
            .cluster_name(&attrs.cluster)
            .nodegroup_name(physical(new.address.key(), new.generation))
            .node_role(&attrs.role_arn)
            .set_subnets(eks::ids(&attrs.subnets))
            .set_instance_types(Some(attrs.instance_types.clone()))
            .ami_type(attrs.ami_type.as_str().into())
            .capacity_type(attrs.capacity.as_str().into())
            .disk_size(attrs.disk)
            .version(&attrs.version)
            .scaling_config(scaling(&attrs.scaling).desired_size(attrs.scaling.min).build())
            .set_labels(eks::to_tags(&attrs.labels))
            .update_config(update_config(&attrs))
            .client_request_token(new.token)
            .set_tags(eks::to_tags(&attrs.tags))
            .send()
            .await
            .at("eks:CreateNodegroup")?;
        let group = expect_created(made.nodegroup, "eks:CreateNodegroup")?;
        Ok(Found { attrs, ..found_of(cx, new.address, group, &Keys::new()) })
    }

    /// EKS takes one kind of change at a time: the next is begun when the group has been
    /// seen ready again.
    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let call = "eks:UpdateNodegroupConfig";
        eks::check_update(found, call)?;
        let had = &found.attrs;
        eks::retag(cx, found, &had.tags, &wanted.tags).await?;

        let (cluster, name) = (&had.cluster, &found.id);
        let mut change = cx.aws.eks.update_nodegroup_config().cluster_name(cluster).nodegroup_name(name);
        let mut changed = false;
        if had.scaling != wanted.scaling {
            let fitting = found.count.map(|count| count.clamp(wanted.scaling.min, wanted.scaling.max));
            let moved = fitting.filter(|fitting| Some(*fitting) != found.count);
            change = change.scaling_config(scaling(&wanted.scaling).set_desired_size(moved).build());
            changed = true;
        }
        if had.labels != wanted.labels {
            let TagChanges { set, unset } = TagChanges::new(&had.labels, &wanted.labels);
            let labels = UpdateLabelsPayload::builder()
                .set_add_or_update_labels(eks::to_tags(&set).filter(|labels| !labels.is_empty()))
                .set_remove_labels(Some(unset).filter(|labels| !labels.is_empty()));
            change = change.labels(labels.build());
            changed = true;
        }
        if had.max_unavailable_percent != wanted.max_unavailable_percent {
            change = change.update_config(update_config(wanted));
            changed = true;
        }
        if changed && eks::progress(change.send().await.at(call)?.update, call)? == Progress::Underway {
            return Ok(Progress::Underway);
        }
        if had.version != wanted.version {
            let call = "eks:UpdateNodegroupVersion";
            let step = cx.aws.eks.update_nodegroup_version().cluster_name(cluster).nodegroup_name(name);
            let step = step.version(&wanted.version).send().await.at(call)?;
            return eks::progress(step.update, call);
        }
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (cluster, name, call) = (&found.attrs.cluster, &found.id, "eks:DeleteNodegroup");
        let Some(live) = describe(cx, cluster, name).await? else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, name, &eks::tags(live.tags), permit, call)?;
        if live.status != Some(NodegroupStatus::Deleting) {
            let delete = cx.aws.eks.delete_nodegroup().cluster_name(cluster).nodegroup_name(name);
            delete.send().await.at(call)?;
        }
        Ok(Progress::Underway)
    }
}

async fn describe(cx: Context<'_>, cluster: &str, name: &str) -> Result<Option<Nodegroup>, Failure> {
    let call = cx.aws.eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
    let answer = call.send().await.at("eks:DescribeNodegroup").optional()?;
    Ok(answer.and_then(|answer| answer.nodegroup))
}

fn found_of(cx: Context<'_>, address: Address, group: Nodegroup, keys: &Keys) -> Found<Attrs> {
    let name = group.nodegroup_name.unwrap_or_default();
    let generation = generation(address.key(), &name);
    let scaling = group.scaling_config;
    let number = |pick: fn(&NodegroupScalingConfig) -> Option<i32>| scaling.as_ref().and_then(pick);
    let mut instance_types = group.instance_types.unwrap_or_default();
    instance_types.sort();
    let update = group.update_config;
    let attrs = Attrs {
        cluster: group.cluster_name.unwrap_or_default(),
        role_arn: group.node_role.unwrap_or_default(),
        subnets: ec2::found_refs(group.subnets.unwrap_or_default(), keys),
        instance_types,
        ami_type: group.ami_type.map(|ami| ami.as_str().to_string()).unwrap_or_default(),
        capacity: group.capacity_type.map(|capacity| capacity.as_str().to_string()).unwrap_or_default(),
        disk: group.disk_size.unwrap_or_default(),
        version: group.version.unwrap_or_default(),
        scaling: Scaling {
            min: number(|scaling| scaling.min_size).unwrap_or_default(),
            max: number(|scaling| scaling.max_size).unwrap_or_default(),
        },
        labels: eks::tags(group.labels),
        max_unavailable_percent: update.and_then(|update| update.max_unavailable_percentage),
        tags: cx.managed(eks::tags(group.tags)),
    };
    // A degraded group still works, and often recovers by itself.
    let status = match group.status {
        Some(NodegroupStatus::Active | NodegroupStatus::Degraded) => Status::Ready,
        Some(NodegroupStatus::Deleting) => Status::Deleting,
        Some(NodegroupStatus::CreateFailed | NodegroupStatus::DeleteFailed) => Status::Failed,
        _ => Status::Pending,
    };
    let mut found = Found::new(address, &name, attrs).status(status).generation(generation);
    if let Some(arn) = group.nodegroup_arn {
        found = found.output("arn", arn);
    }
    found.count = number(|scaling| scaling.desired_size);
    let issues = group.health.and_then(|health| health.issues).unwrap_or_default();
    let issues: Vec<String> = issues
        .iter()
        .filter_map(|issue| Some(format!("{}: {}", issue.code.as_ref()?.as_str(), issue.message.as_ref()?)))
        .collect();
    if !issues.is_empty() {
        found = found.condition(ConditionReason::Degraded, issues.join("; "));
    }
    found.output("name", name)
}

fn scaling(wanted: &Scaling) -> aws_sdk_eks::types::builders::NodegroupScalingConfigBuilder {
    NodegroupScalingConfig::builder().min_size(wanted.min).max_size(wanted.max)
}

fn update_config(wanted: &Attrs) -> NodegroupUpdateConfig {
    NodegroupUpdateConfig::builder().set_max_unavailable_percentage(wanted.max_unavailable_percent).build()
}

/// The spec's limits keep every number far below where this would matter.
fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_read_back_from_names() {
        for (count, name) in [(0, "billpay-nodes"), (1, "billpay-nodes-2"), (11, "billpay-nodes-12")] {
            assert_eq!(physical("billpay-nodes", count), name);
            assert_eq!(generation("billpay-nodes", name), count);
        }
        assert_eq!(generation("nodes", "nodes-blue"), 0);
    }

    #[test]
    fn graviton_is_told_from_graphics() {
        for arm in [
            "t4g.medium",
            "m7gd.large",
            "c6gn.xlarge",
            "im4gn.large",
            "is4gen.medium",
            "a1.large",
            "g5g.xlarge",
        ] {
            assert!(is_arm(arm), "{arm}");
        }
        for x86 in ["t3.medium", "t3a.large", "g5.xlarge", "g4dn.xlarge", "m7i-flex.large", "u-6tb1.metal"] {
            assert!(!is_arm(x86), "{x86}");
        }
    }
}
