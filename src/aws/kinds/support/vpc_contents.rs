//! The contents of a VPC that keep it from being deleted, whoever made them.

use aws_sdk_ec2::types::Filter;
use billpay_engine::plan::Attachment;
use billpay_model::failure::Failure;
use billpay_model::names;
use futures::try_join;

use crate::Explain;
use crate::kinds::kind::Context;
use crate::kinds::vpc::Vpc;

/// Reads the subnets, security groups, route tables, gateways and endpoints of some VPCs, but for
/// those that AWS makes and deletes with them.
pub async fn read(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let (subnets, groups, tables, endpoints, gateways, acls, vpns) = try_join!(
        subnets(cx, vpcs),
        security_groups(cx, vpcs),
        route_tables(cx, vpcs),
        endpoints(cx, vpcs),
        gateways(cx, vpcs),
        network_acls(cx, vpcs),
        vpn_gateways(cx, vpcs)
    )?;
    Ok([subnets, groups, tables, endpoints, gateways, acls, vpns].concat())
}

fn filter(name: &str, vpcs: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(vpcs.to_vec())).build()
}

fn attachment(to: Option<String>, id: Option<String>, what: impl Into<String>) -> Attachment {
    crate::kinds::kind::attachment::<Vpc>(to.unwrap_or_default(), id.unwrap_or_default(), what)
}

async fn subnets(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_subnets().filters(filter("vpc-id", vpcs));
    let found = call.into_paginator().items().send().try_collect().await;
    let subnets = found.at("ec2:DescribeSubnets")?.into_iter();
    Ok(subnets.map(|subnet| attachment(subnet.vpc_id, subnet.subnet_id, "subnet")).collect())
}

/// The default group goes with its VPC, and that of the environment's cluster with the cluster.
async fn security_groups(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_security_groups().filters(filter("vpc-id", vpcs));
    let found = call.into_paginator().items().send().try_collect().await;
    let cluster = names::cluster(cx.env);
    let groups = found.at("ec2:DescribeSecurityGroups")?.into_iter().filter(|group| {
        let is_of_cluster = group
            .tags
            .iter()
            .flatten()
            .any(|tag| tag.key() == Some("aws:eks:cluster-name") && tag.value() == Some(&cluster));
        group.group_name() != Some("default") && !is_of_cluster
    });
    let what = |name: Option<String>| format!("security group {}", name.unwrap_or_default());
    Ok(groups.map(|group| attachment(group.vpc_id, group.group_id, what(group.group_name))).collect())
}

/// The main table goes with its VPC.
async fn route_tables(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_route_tables().filters(filter("vpc-id", vpcs));
    let found = call.into_paginator().items().send().try_collect().await;
    let tables = found.at("ec2:DescribeRouteTables")?.into_iter().filter(|table| {
        !table.associations.iter().flatten().any(|association| association.main == Some(true))
    });
    Ok(tables.map(|table| attachment(table.vpc_id, table.route_table_id, "route table")).collect())
}

async fn endpoints(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_vpc_endpoints().filters(filter("vpc-id", vpcs));
    let found = call.into_paginator().items().send().try_collect().await;
    let endpoints = found.at("ec2:DescribeVpcEndpoints")?.into_iter();
    Ok(endpoints
        .map(|endpoint| attachment(endpoint.vpc_id, endpoint.vpc_endpoint_id, "VPC endpoint"))
        .collect())
}

async fn gateways(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_internet_gateways().filters(filter("attachment.vpc-id", vpcs));
    let found = call.into_paginator().items().send().try_collect().await;
    let gateways = found.at("ec2:DescribeInternetGateways")?.into_iter().map(|gateway| {
        let vpc = gateway.attachments.and_then(|attached| attached.into_iter().next()?.vpc_id);
        attachment(vpc, gateway.internet_gateway_id, "internet gateway")
    });
    Ok(gateways.collect())
}

/// The default list goes with its VPC.
async fn network_acls(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_network_acls().filters(filter("vpc-id", vpcs));
    let found = call.into_paginator().items().send().try_collect().await;
    let lists = found.at("ec2:DescribeNetworkAcls")?.into_iter().filter(|list| list.is_default != Some(true));
    Ok(lists.map(|list| attachment(list.vpc_id, list.network_acl_id, "network ACL")).collect())
}

async fn vpn_gateways(cx: Context<'_>, vpcs: &[String]) -> Result<Vec<Attachment>, Failure> {
    let call = cx.aws.ec2.describe_vpn_gateways().filters(filter("attachment.vpc-id", vpcs));
    let found = call.send().await.at("ec2:DescribeVpnGateways")?.vpn_gateways.unwrap_or_default();
    let attached = found.into_iter().filter_map(|gateway| {
        let attachments = gateway.vpc_attachments.into_iter().flatten();
        let vpc = attachments.filter_map(|attached| attached.vpc_id).find(|vpc| vpcs.contains(vpc))?;
        Some(attachment(Some(vpc), gateway.vpn_gateway_id, "VPN gateway"))
    });
    Ok(attached.collect())
}
