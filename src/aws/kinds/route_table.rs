//! The route tables: one for all public subnets, one for each private subnet.
//!
//! Every zone has a private table of its own even where all of them lead to one NAT
//! gateway, so that going from one gateway to one a zone, and back, only changes a route.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, Route, RouteOrigin, RouteState, RouteTable as Sdk};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Ref, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::addresses::{self, Side};
use super::subnet;
use super::support::ec2;
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Lagging, Optional, expect_created};

pub struct RouteTable;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    vpc: Ref,
    /// Targets of the routes, by range. The route inside the VPC and those of
    /// gateway endpoints are not among them: AWS makes and removes these.
    routes: BTreeMap<String, Ref>,
    /// The subnets that use the table.
    subnets: ec2::Refs,
    tags: Tags,
}

const EVERYWHERE: &str = "0.0.0.0/0";

#[async_trait]
impl Kind for RouteTable {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "route-table",
        component: "network",
        aws_type: "AWS::EC2::RouteTable",
        immutable: &["vpc"],
        gives_access: &[],
        // Not on subnets: an association goes with its subnet. Were a subnet to wait for its
        // table, one that moves to another zone with its range would never make room.
        stands_on: &[Base::held("vpc"), Base::used("internet-gateway"), Base::used("nat-gateway")],
        constraints: &[],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 2, update: 1, delete: 2 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |address: Address, target: Option<Address>, subnets: Vec<Address>| {
            let attrs = Attrs {
                vpc: Ref::id(&addresses::vpc()),
                routes: target.iter().map(|target| (EVERYWHERE.to_string(), Ref::id(target))).collect(),
                subnets: ec2::refs(subnets),
                tags: tags(env, &address, &names::own(env, address.key())),
            };
            Desire::new(address, attrs)
        };
        let public = desire(
            addresses::public_route_table(),
            Some(addresses::internet_gateway()),
            addresses::subnets(env, Side::Public),
        );
        let private = names::zone_letters(env).into_iter().map(|zone| {
            let subnet = addresses::subnet(Side::Private, &zone);
            desire(
                addresses::private_route_table(&zone),
                addresses::nat_gateway_of_zone(env, &zone),
                vec![subnet],
            )
        });
        [public].into_iter().chain(private).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let (tables, keys) = try_join!(list(cx, look.only), subnet::keys(cx))?;
        let found = tables.into_iter().filter_map(|table| {
            let routes = table.routes.iter().flatten().filter_map(route).collect();
            let subnets = ec2::found_refs(subnets(&table).into_keys(), &keys);
            let tags = ec2::tags(table.tags);
            let id = table.route_table_id?;
            let (address, ownership) =
                cx.owner_of::<RouteTable>(&Identity::new(&id, &tags), None, look.only)?;
            let vpc = table.vpc_id.unwrap_or_default().into();
            let attrs = Attrs { vpc, routes, subnets, tags: cx.managed(tags) };
            Some(Found::new(address, id, attrs).owned(ownership))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .ec2_once
            .create_route_table()
            .vpc_id(new.attrs.vpc.text())
            .client_token(ec2::token(&new, 0))
            .tag_specifications(ec2::tag_specification(ResourceType::RouteTable, &new.attrs.tags))
            .send()
            .await
            .at("ec2:CreateRouteTable")
            .lagging()?
            .route_table;
        // The answer doesn't say whether it is about a table that was deleted since: then
        // what follows finds nothing, and the engine comes again with another token.
        let id = expect_created(made.and_then(|table| table.route_table_id), "ec2:CreateRouteTable")?;
        for (destination, target) in &new.attrs.routes {
            add_route(cx, &id, destination, target.text()).await?;
        }
        for subnet in new.attrs.subnets.values() {
            associate(cx, &id, subnet.text()).await?;
        }
        ec2::write_id(cx, &id, &new.attrs.tags).await?;
        Ok(Found::new(new.address, id, new.attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        for (destination, target) in &wanted.routes {
            match found.attrs.routes.get(destination) {
                Some(old) if old == target => {}
                Some(_) => replace_route(cx, &found.id, destination, target.text()).await?,
                None => add_route(cx, &found.id, destination, target.text()).await?,
            }
        }
        for destination in found.attrs.routes.keys().filter(|key| !wanted.routes.contains_key(*key)) {
            remove_route(cx, &found.id, destination).await?;
        }
        for subnet in ec2::beyond(&wanted.subnets, &found.attrs.subnets) {
            associate(cx, &found.id, subnet).await?;
        }
        let left = ec2::beyond(&found.attrs.subnets, &wanted.subnets);
        if !left.is_empty() {
            disassociate(cx, &found.id, |subnet| left.contains(&subnet)).await?;
        }
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        if !found.attrs.subnets.is_empty() {
            disassociate(cx, &found.id, |_| true).await?;
        }
        let call = cx.aws.ec2.delete_route_table().route_table_id(&found.id);
        call.send().await.at("ec2:DeleteRouteTable")?;
        Ok(Progress::Done)
    }
}

/// A route of ours as an attribute shows it; nothing for those that AWS keeps itself.
fn route(route: &Route) -> Option<(String, Ref)> {
    let destination =
        route.destination_cidr_block.as_deref().or(route.destination_ipv6_cidr_block.as_deref())?;
    let targets = [
        &route.nat_gateway_id,
        &route.gateway_id,
        &route.transit_gateway_id,
        &route.vpc_peering_connection_id,
        &route.egress_only_internet_gateway_id,
        &route.local_gateway_id,
        &route.carrier_gateway_id,
        &route.core_network_arn,
        &route.instance_id,
        &route.network_interface_id,
    ];
    let target = targets.into_iter().flatten().find(|target| !target.is_empty());
    let target = target.map(String::as_str).unwrap_or_default();
    // Those that a VPN gateway announces can't be removed one by one either.
    let announced = route.origin == Some(RouteOrigin::EnableVgwRoutePropagation);
    if target == "local" || target.starts_with("vpce-") || announced {
        return None;
    }
    let target = match route.state {
        Some(RouteState::Blackhole) => format!("{target} (leads nowhere)"),
        _ => target.to_string(),
    };
    Some((destination.to_string(), target.into()))
}

/// The subnets that use a table, each with the id of its association.
fn subnets(table: &Sdk) -> BTreeMap<String, String> {
    let associations = table.associations.iter().flatten();
    let subnets = associations.filter_map(|association| {
        Some((association.subnet_id.clone()?, association.route_table_association_id.clone()?))
    });
    subnets.collect()
}

async fn list(cx: Context<'_>, only: Option<&Address>) -> Result<Vec<Sdk>, Failure> {
    let call = cx.aws.ec2.describe_route_tables().set_filters(Some(ec2::filters(cx, only)));
    let read =
        async { call.into_paginator().items().send().try_collect().await.at("ec2:DescribeRouteTables") };
    if only.is_some() { read.await } else { cx.once("route tables", read).await }
}

/// The keys of the environment's route tables, by their ids.
pub async fn keys(cx: Context<'_>) -> Result<ec2::Keys, Failure> {
    let tables = list(cx, None).await?.into_iter();
    Ok(ec2::keys::<RouteTable>(cx, tables.map(|table| (table.route_table_id, table.tags))))
}

/// Sets the target of a route call: internet and NAT gateways are the only ones of ours.
macro_rules! to {
    ($call:expr, $target:expr) => {
        if $target.starts_with("nat-") { $call.nat_gateway_id($target) } else { $call.gateway_id($target) }
    };
}

/// Makes a route, or changes the one that is there: an earlier answer may have been lost.
async fn add_route(cx: Context<'_>, table: &str, destination: &str, target: &str) -> Result<(), Failure> {
    let call = cx.aws.ec2.create_route().route_table_id(table).destination_cidr_block(destination);
    match to!(call, target).send().await.at("ec2:CreateRoute").lagging() {
        Err(failure) if failure.class == FailureClass::Exists => {
            replace_route(cx, table, destination, target).await
        }
        made => made.map(drop),
    }
}

async fn replace_route(cx: Context<'_>, table: &str, destination: &str, target: &str) -> Result<(), Failure> {
    let call = cx.aws.ec2.replace_route().route_table_id(table).destination_cidr_block(destination);
    to!(call, target).send().await.at("ec2:ReplaceRoute").lagging()?;
    Ok(())
}

async fn remove_route(cx: Context<'_>, table: &str, destination: &str) -> Result<(), Failure> {
    let call = cx.aws.ec2.delete_route().route_table_id(table);
    let call = if destination.contains(':') {
        call.destination_ipv6_cidr_block(destination)
    } else {
        call.destination_cidr_block(destination)
    };
    call.send().await.at("ec2:DeleteRoute").optional().map(drop)
}

/// Has a subnet use a table, also where it uses another one today: it is never without.
async fn associate(cx: Context<'_>, table: &str, subnet: &str) -> Result<(), Failure> {
    let call = cx.aws.ec2.associate_route_table().route_table_id(table).subnet_id(subnet);
    let failure = match call.send().await.at("ec2:AssociateRouteTable").lagging() {
        Err(failure) if failure.class == FailureClass::Exists => failure,
        made => return made.map(drop),
    };
    let filter = ec2::filter("association.subnet-id", subnet);
    let call = cx.aws.ec2.describe_route_tables().filters(filter);
    let tables = call.send().await.at("ec2:DescribeRouteTables")?.route_tables.unwrap_or_default();
    let Some((used, association)) =
        tables.iter().find_map(|used| Some((used, subnets(used).remove(subnet)?)))
    else {
        return Err(Failure { class: FailureClass::Lagging, ..failure });
    };
    if used.route_table_id.as_deref() == Some(table) {
        return Ok(());
    }
    let call = cx.aws.ec2.replace_route_table_association().association_id(association).route_table_id(table);
    call.send().await.at("ec2:ReplaceRouteTableAssociation").lagging()?;
    Ok(())
}

/// Has the chosen subnets use a table no longer.
async fn disassociate(cx: Context<'_>, table: &str, chosen: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let call = cx.aws.ec2.describe_route_tables().route_table_ids(table);
    let tables = call.send().await.at("ec2:DescribeRouteTables")?.route_tables.unwrap_or_default();
    for (subnet, association) in tables.iter().flat_map(subnets) {
        if chosen(&subnet) {
            let call = cx.aws.ec2.disassociate_route_table().association_id(association);
            // Where its subnet has gone, it has too.
            call.send().await.at("ec2:DisassociateRouteTable").optional()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_our_routes_and_not_those_of_aws() {
        let to = |target: &str| Route::builder().destination_cidr_block("0.0.0.0/0").gateway_id(target);
        assert_eq!(route(&to("igw-1").build()), Some(("0.0.0.0/0".into(), "igw-1".into())));
        assert_eq!(route(&to("local").build()), None);
        assert_eq!(route(&to("vpce-1").build()), None);
        assert_eq!(route(&Route::builder().destination_prefix_list_id("pl-1").build()), None);
    }

    #[test]
    fn a_route_to_what_is_gone_is_not_as_wanted() {
        let route_to_gone = Route::builder().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1");
        let (_, target) = route(&route_to_gone.state(RouteState::Blackhole).build()).unwrap();
        assert_ne!(target, "nat-1".into());
    }
}
