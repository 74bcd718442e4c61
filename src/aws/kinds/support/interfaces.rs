//! Network interfaces: what others run in a network, and so keeps it from going.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::NetworkInterface;
use billpay_engine::plan::Attachment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::Tags;

use super::ec2;
use crate::Explain;
use crate::kinds::kind::{Context, Kind, OwnResources, attachment};

/// Most values that a filter of EC2 takes.
const MAX_VALUES: usize = 200;

/// Returns the interfaces of others that match a filter, each attached to what `to` says.
pub async fn attachments<K: Kind>(
    cx: Context<'_>,
    filter: &str,
    values: impl IntoIterator<Item = String>,
    own: &OwnResources,
    to: impl Fn(&NetworkInterface) -> Vec<String>,
) -> Result<Vec<Attachment>, Failure> {
    let values: Vec<String> = values.into_iter().collect();
    let mut found = vec![];
    for values in values.chunks(MAX_VALUES) {
        let filter = aws_sdk_ec2::types::Filter::builder().name(filter).set_values(Some(values.to_vec()));
        let call = cx.aws.ec2.describe_network_interfaces().filters(filter.build());
        let interfaces = call.into_paginator().items().send().try_collect().await;
        found.extend(interfaces.at("ec2:DescribeNetworkInterfaces")?);
    }
    let instances = instances(cx, &found).await?;
    let mut attachments = vec![];
    for interface in &found {
        let owner = owner(cx, interface, &instances);
        let is_own = owner.part_of.as_ref().is_some_and(|(kind, id)| own.has(kind, id));
        if is_own {
            continue;
        }
        let id = interface.network_interface_id.as_deref().unwrap_or_default();
        attachments.extend(to(interface).into_iter().map(|to| attachment::<K>(to, id, &owner.what)));
    }
    Ok(attachments)
}

/// The resource that an interface is a part of.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    /// The kind and the id of what it goes with, where that may be one of the environment's.
    part_of: Option<(&'static str, String)>,
    what: String,
}

fn owner(cx: Context<'_>, interface: &NetworkInterface, instances: &BTreeMap<String, Tags>) -> Owner {
    let description = interface.description.as_deref().unwrap_or_default();
    let cluster = names::cluster(cx.env);
    if let Some(instance) =
        interface.attachment.as_ref().and_then(|attachment| attachment.instance_id.clone())
    {
        let tags = instances.get(&instance);
        let group = tags.and_then(|tags| tags.get("eks:nodegroup-name"));
        let is_here = tags.and_then(|tags| tags.get("eks:cluster-name")) == Some(&cluster);
        // Nobody but AWS writes this tag; the group's own tags can be copied.
        let scaling = tags.and_then(|tags| tags.get("aws:autoscaling:groupName"));
        let is_scaled =
            |group: &&String| scaling.is_some_and(|name| name.starts_with(&format!("eks-{group}-")));
        let part_of = group.filter(|_| is_here).filter(is_scaled);
        let part_of = part_of.map(|group| ("node-group", group.clone()));
        let name = group.or(tags.and_then(|tags| tags.get("Name")));
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        let kind = if group.is_some() { " of node group" } else { "" };
        return Owner { part_of, what: format!("network interface of instance {instance}{kind}{name}") };
    }
    if description == format!("Amazon EKS {cluster}") {
        let what = format!("network interface of cluster {cluster}");
        return Owner { part_of: Some(("cluster", cluster)), what };
    }
    // By their descriptions: AWS's API and its SDK call these types by different names.
    if let Some(gateway) = description.strip_prefix("Interface for NAT Gateway ") {
        let what = format!("network interface of NAT gateway {gateway}");
        return Owner { part_of: Some(("nat-gateway", gateway.to_string())), what };
    }
    if let Some(endpoint) = description.strip_prefix("VPC Endpoint Interface ") {
        return Owner { part_of: None, what: format!("network interface of VPC endpoint {endpoint}") };
    }
    let what = of_others(description);
    if interface.requester_managed == Some(true) && !description.starts_with("ELB ") {
        let what =
            format!("{what}, of a service of AWS; if of a pod on Fargate, `--only eks` takes it along");
        return Owner { part_of: None, what };
    }
    Owner { part_of: None, what }
}

/// Says what the interface of a load balancer or of something else belongs to.
fn of_others(description: &str) -> String {
    match description.strip_prefix("ELB ") {
        // `app/<name>/<hash>`, `net/<name>/<hash>`, or the name of a classic one.
        Some(balancer) => {
            let name = balancer.split('/').nth(1).unwrap_or(balancer);
            format!("network interface of load balancer {name}")
        }
        None if description.is_empty() => "network interface".to_string(),
        None => format!("network interface: {description}"),
    }
}

/// The tags of the instances that interfaces are attached to, by their ids.
async fn instances(
    cx: Context<'_>,
    interfaces: &[NetworkInterface],
) -> Result<BTreeMap<String, Tags>, Failure> {
    let ids: BTreeSet<String> = interfaces
        .iter()
        .filter_map(|interface| interface.attachment.as_ref()?.instance_id.clone())
        .collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let mut tags = BTreeMap::new();
    for ids in ids.chunks(MAX_VALUES) {
        let filter = aws_sdk_ec2::types::Filter::builder().name("instance-id").set_values(Some(ids.to_vec()));
        let call = cx.aws.ec2.describe_instances().filters(filter.build());
        let mut pages = call.into_paginator().items().send();
        while let Some(reservation) = pages.next().await {
            let reservation = reservation.at("ec2:DescribeInstances")?;
            for instance in reservation.instances.unwrap_or_default() {
                tags.insert(instance.instance_id.unwrap_or_default(), ec2::tags(instance.tags));
            }
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_balancers_are_named() {
        assert_eq!(of_others("ELB app/k8s-shop/0f3a"), "network interface of load balancer k8s-shop");
        assert_eq!(of_others("ELB classic"), "network interface of load balancer classic");
        assert_eq!(of_others("Amazon EKS other"), "network interface: Amazon EKS other");
        assert_eq!(of_others(""), "network interface");
    }
}
