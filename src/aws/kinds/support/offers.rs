//! Zones and instance types that EC2 offers, and zones in which EKS puts no control plane.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    AvailabilityZone, AvailabilityZoneState, Filter, InstanceTypeOffering, LocationType,
};
use billpay_engine::plan::{Action, Change, Plan};
use billpay_model::address::Address;
use billpay_model::failure::Failure;
use billpay_model::findings::nearest;
use billpay_model::names;
use futures::try_join;
use serde_json::Value;

use crate::Explain;
use crate::kinds::kind::Context;
use crate::kinds::node_group;

/// Zones, by their ids, in which EKS puts no control plane, as its network requirements named them in
/// `TABLE_DATE`. The id is the same in every account; which letter a zone has is not.
const NO_CONTROL_PLANE: [&str; 3] = ["use1-az3", "usw1-az2", "cac1-az3"];
const TABLE_DATE: &str = "November 2026";

/// Returns why what a plan makes can't be made where the spec puts it. Makes calls only where the plan
/// creates or replaces subnets, the cluster or node groups.
pub async fn refusals(cx: Context<'_>, plan: &Plan) -> Result<Vec<(Address, String)>, Failure> {
    let needs = Needs::of(cx, plan);
    if needs.is_empty() {
        return Ok(vec![]);
    }
    let (zones, offerings) = try_join!(zones(cx), offerings(cx, &needs))?;
    Ok(judge(&needs, &Offers::new(&zones, &offerings)))
}

/// Resources that a plan makes, as far as zones and instance types matter to it.
struct Needs {
    region: String,
    /// The zones of the environment.
    zones: Vec<String>,
    /// New subnets and their zones.
    subnets: Vec<(Address, String)>,
    /// The cluster, if it is new.
    cluster: Option<Address>,
    /// New node groups and their instance types.
    groups: Vec<(Address, Vec<String>)>,
}

impl Needs {
    fn of(cx: Context<'_>, plan: &Plan) -> Needs {
        let region = cx.env.region.clone();
        let zones = names::zone_letters(cx.env).iter().map(|letter| format!("{region}{letter}")).collect();
        let made = |change: &&Change| matches!(change.action, Action::Create | Action::Replace);
        let attr = |change: &Change, name: &str| change.desired.as_ref()?.attrs.get(name).cloned();
        let of = |kind: &'static str| {
            plan.changes.iter().filter(made).filter(move |change| change.address.kind() == kind)
        };
        let subnets = of("subnet")
            .filter_map(|change| Some((change.address.clone(), attr(change, "zone")?.as_str()?.to_string())));
        let groups = of(node_group::KIND).filter_map(|change| {
            let types = attr(change, "instance_types")?;
            let types = types.as_array()?.iter().filter_map(Value::as_str).map(str::to_string).collect();
            Some((change.address.clone(), types))
        });
        let cluster = of("cluster").map(|change| change.address.clone()).next();
        Needs { zones, subnets: subnets.collect(), cluster, groups: groups.collect(), region }
    }

    fn is_empty(&self) -> bool {
        self.subnets.is_empty() && self.cluster.is_none() && self.groups.is_empty()
    }

    /// The families of the instance types, as patterns.
    fn families(&self) -> BTreeSet<String> {
        let types = self.groups.iter().flat_map(|(_, types)| types);
        types.filter_map(|name| Some(format!("{}.*", name.split_once('.')?.0))).collect()
    }
}

async fn zones(cx: Context<'_>) -> Result<Vec<AvailabilityZone>, Failure> {
    let filter = Filter::builder().name("zone-type").values("availability-zone").build();
    let answer = cx.aws.ec2.describe_availability_zones().filters(filter).send().await;
    Ok(answer.at("ec2:DescribeAvailabilityZones")?.availability_zones.unwrap_or_default())
}

/// Reads the zones of all types of the families that are wanted.
async fn offerings(cx: Context<'_>, needs: &Needs) -> Result<Vec<InstanceTypeOffering>, Failure> {
    let families = needs.families();
    if families.is_empty() {
        return Ok(vec![]);
    }
    let filter = Filter::builder().name("instance-type").set_values(Some(families.into_iter().collect()));
    let call = cx.aws.ec2.describe_instance_type_offerings().location_type(LocationType::AvailabilityZone);
    let pages = call.filters(filter.build()).into_paginator().items().send();
    pages.try_collect().await.at("ec2:DescribeInstanceTypeOfferings")
}

/// Zones and instance types that EC2 offers in a region.
#[derive(Default)]
struct Offers {
    /// The ids of zones, by their names.
    zones: BTreeMap<String, String>,
    /// The zones of instance types.
    types: BTreeMap<String, BTreeSet<String>>,
}

impl Offers {
    fn new(zones: &[AvailabilityZone], offerings: &[InstanceTypeOffering]) -> Offers {
        let mut offers = Offers::default();
        for zone in zones.iter().filter(|zone| zone.state != Some(AvailabilityZoneState::Unavailable)) {
            let id = zone.zone_id.clone().unwrap_or_default();
            offers.zones.insert(zone.zone_name.clone().unwrap_or_default(), id);
        }
        for offering in offerings {
            let (Some(name), Some(zone)) = (&offering.instance_type, &offering.location) else { continue };
            offers.types.entry(name.as_str().to_string()).or_default().insert(zone.clone());
        }
        offers
    }

    fn takes_control_plane(&self, zone: &str) -> bool {
        self.zones.get(zone).is_none_or(|id| !NO_CONTROL_PLANE.contains(&id.as_str()))
    }

    /// The zones that a cluster can be in.
    fn usable(&self) -> String {
        let usable = self.zones.keys().filter(|zone| self.takes_control_plane(zone)).cloned();
        listed(usable)
    }
}

fn listed(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// Returns what EC2 or EKS does not offer, zone by zone and type by type.
fn judge(needs: &Needs, offers: &Offers) -> Vec<(Address, String)> {
    let mut refused = vec![];
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let of_cluster =
        needs.cluster.iter().flat_map(|cluster| needs.zones.iter().map(move |zone| (cluster, zone)));
    let placed = needs.subnets.iter().map(|(subnet, zone)| (subnet, zone));
    for (address, zone) in placed.chain(of_cluster) {
        let choose = format!("choose among {} with network.zone_letters", offers.usable());
        let why = match offers.zones.get(zone) {
            None => format!("{} has no zone {zone} for this account: {choose}", needs.region),
            Some(id) if !offers.takes_control_plane(zone) => {
                format!(
                    "EKS puts no control plane into {zone} ({id}, as AWS said it in {TABLE_DATE}): {choose}"
                )
            }
            Some(_) => continue,
        };
        if told.insert(zone) {
            refused.push((address.clone(), why));
        }
    }
    for (address, types) in &needs.groups {
        for name in types {
            let why = lacking(name, needs, offers);
            refused.extend(why.map(|why| (address.clone(), why)));
        }
    }
    refused
}

/// Returns why nodes of a type can't run in all zones of the environment.
fn lacking(name: &str, needs: &Needs, offers: &Offers) -> Option<String> {
    let Some(zones) = offers.types.get(name) else {
        let others = match offers.types.keys().filter(|other| family(other) == family(name)).cloned() {
            others if others.clone().next().is_none() => "nor any other type of its family".to_string(),
            others => format!("of its family there are {}", listed(others)),
        };
        let meant = nearest(name, offers.types.keys().map(String::as_str));
        let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
        return Some(format!("{} does not offer the instance type {name}{meant}, {others}", needs.region));
    };
    let missing: Vec<String> = needs
        .zones
        .iter()
        .filter(|zone| offers.zones.contains_key(*zone) && !zones.contains(*zone))
        .cloned()
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the instance type {name} is not offered in {}, but in {}: choose another `type`, or other zones \
             with network.zone_letters",
            listed(missing),
            listed(zones.iter().cloned())
        )
    })
}

fn family(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers() -> Offers {
        let zones = [("a", "use1-az1"), ("b", "use1-az2"), ("e", "use1-az3")];
        let zones = zones.map(|(letter, id)| (format!("us-east-1{letter}"), id.to_string()));
        let types = [("t3.medium", "abe"), ("t3.large", "abe"), ("p5.48xlarge", "b")];
        let types = types.map(|(name, letters)| {
            (name.to_string(), letters.chars().map(|letter| format!("us-east-1{letter}")).collect())
        });
        Offers { zones: zones.into(), types: types.into() }
    }

    fn needs(letters: &str, subnets: bool, cluster: bool, types: &[&str]) -> Needs {
        let zones: Vec<String> = letters.chars().map(|letter| format!("us-east-1{letter}")).collect();
        let subnet = |(letter, zone): (char, &String)| {
            let sides = ["private", "public"];
            sides.map(|side| (Address::of("network", "subnet", format!("{side}-{letter}")), zone.clone()))
        };
        let made: Vec<_> = letters.chars().zip(&zones).flat_map(subnet).collect();
        Needs {
            region: "us-east-1".to_string(),
            subnets: if subnets { made } else { vec![] },
            zones,
            cluster: cluster.then(|| Address::only("eks", "cluster")),
            groups: types
                .iter()
                .map(|name| (Address::of("eks", "node-group", "n"), vec![name.to_string()]))
                .collect(),
        }
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        let cases: [(Needs, &[(&str, &str)]); 8] = [
            (needs("ab", true, true, &["t3.medium"]), &[]),
            (
                needs("az", true, true, &[]),
                &[(
                    "network/subnet.private-z",
                    "no zone us-east-1z for this account: choose among us-east-1a, us-east-1b with",
                )],
            ),
            (
                needs("ae", true, true, &[]),
                &[(
                    "network/subnet.private-e",
                    "no control plane into us-east-1e (use1-az3, as AWS said it in",
                )],
            ),
            // The subnets are there already, from elsewhere or from an earlier run.
            (needs("ae", false, true, &[]), &[("eks/cluster", "us-east-1e (use1-az3")]),
            (needs("ae", false, false, &["t3.medium"]), &[]),
            (
                needs("ab", false, false, &["p5.48xlarge"]),
                &[("eks/node-group.n", "p5.48xlarge is not offered in us-east-1a, but in us-east-1b")],
            ),
            (
                needs("ab", false, false, &["t3.huge"]),
                &[("eks/node-group.n", "of its family there are t3.large, t3.medium")],
            ),
            (
                needs("ab", false, false, &["x9.large"]),
                &[("eks/node-group.n", "nor any other type of its family")],
            ),
        ];
        for (needs, expected) in cases {
            let refused = judge(&needs, &offers());
            assert_eq!(refused.len(), expected.len(), "{refused:?}");
            for ((address, why), (expected, words)) in refused.iter().zip(expected) {
                assert_eq!(address.to_string(), *expected);
                assert!(why.contains(words), "{words} is not in {why}");
            }
        }
    }
}
