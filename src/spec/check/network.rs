//! Address ranges and zones.

use billpay_model::environment::{Environment, Nat, Network};
use ipnet::Ipv4Net;

use super::{Finding, Spot, item, value};

const PUBLIC: [&str; 2] = ["network", "public_subnets"];
const PRIVATE: [&str; 2] = ["network", "private_subnets"];

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let network = &env.network;
    let mut found = range(value(["network", "cidr"]), network.cidr, "VPC");
    found.extend(subnets(network));
    found.extend(zones(network));
    let endpoint = &env.cluster.endpoint;
    for (index, cidr) in endpoint.public_cidrs.iter().enumerate() {
        found.extend(host_bits(item(["cluster", "endpoint", "public_cidrs"], index), *cidr));
    }
    if endpoint.public && endpoint.public_cidrs.is_empty() {
        let spot = value(["cluster", "endpoint", "public_cidrs"]);
        found.push(
            Finding::error("open-endpoint", spot, "the endpoint is public, but no range may reach it")
                .help("AWS takes an empty list for 0.0.0.0/0: name the ranges, or say `public: false`"),
        );
    }
    if network.nat == Nat::None && !env.cluster.nodes.is_empty() {
        found.push(
            Finding::warning(
                "no-nat",
                value(["network", "nat"]),
                "without NAT, nodes in private subnets reach no registry and no AWS API",
            )
            .help("`single` is enough outside prod"),
        );
    }
    found
}

/// Checks a range that AWS makes a VPC or subnet of.
fn range(spot: Spot, cidr: Ipv4Net, what: &str) -> Vec<Finding> {
    let length = cidr.prefix_len();
    let mut found = host_bits(spot.clone(), cidr);
    if !(16..=28).contains(&length) {
        let size = if length < 16 { "larger" } else { "smaller" };
        let message = format!("`{cidr}` is {size} than AWS allows for a {what}");
        found.push(Finding::error("range-size", spot, message).help("allowed: /16 to /28"));
    }
    found
}

fn host_bits(spot: Spot, cidr: Ipv4Net) -> Vec<Finding> {
    if cidr == cidr.trunc() {
        return Vec::new();
    }
    let message = format!("`{cidr}` is an address in a range, not a range");
    vec![Finding::error("host-bits", spot, message).help(format!("the range is {}", cidr.trunc()))]
}

fn subnets(network: &Network) -> Vec<Finding> {
    let public = network
        .public_subnets
        .iter()
        .enumerate()
        .map(|(index, cidr)| (item(PUBLIC, index), cidr.trunc(), *cidr));
    let private = network
        .private_subnets
        .iter()
        .enumerate()
        .map(|(index, cidr)| (item(PRIVATE, index), cidr.trunc(), *cidr));
    let all: Vec<(Spot, Ipv4Net, Ipv4Net)> = public.chain(private).collect();
    let vpc = network.cidr.trunc();
    let mut found = Vec::new();
    for (index, (spot, cidr, written)) in all.iter().enumerate() {
        found.extend(range(spot.clone(), *written, "subnet"));
        if !vpc.contains(cidr) {
            found.push(
                Finding::error(
                    "outside-vpc",
                    spot.clone(),
                    format!("the subnet {cidr} is not inside the VPC"),
                )
                .related(
                    value(["network", "cidr"]),
                    format!("the VPC is {} to {}", vpc.network(), vpc.broadcast()),
                ),
            );
        }
        for (other_spot, other, _) in &all[..index] {
            if cidr.contains(other) || other.contains(cidr) {
                let message = match cidr == other {
                    true => format!("the subnet {cidr} is there twice"),
                    false => format!("the subnets {other} and {cidr} overlap"),
                };
                found.push(
                    Finding::error("overlap", spot.clone(), message)
                        .label(format!("{} to {}", cidr.network(), cidr.broadcast()))
                        .related(other_spot.clone(), format!("{} to {}", other.network(), other.broadcast())),
                );
            }
        }
    }
    found
}

fn zones(network: &Network) -> Vec<Finding> {
    let mut found = Vec::new();
    let zones = usize::from(network.zones);
    for (path, ranges) in [(PUBLIC, &network.public_subnets), (PRIVATE, &network.private_subnets)] {
        if ranges.len() < zones {
            let message =
                format!("{zones} zones need {zones} ranges in `{}`, and there are {}", path[1], ranges.len());
            found.push(
                Finding::error("too-few-ranges", value(path), message)
                    .related(value(["network", "zones"]), "as many are needed")
                    .help("one range a zone, in order"),
            );
        }
    }
    let letters = &network.zone_letters;
    if !letters.is_empty() && letters.len() < zones {
        let message = format!("{zones} zones need {zones} letters, and there are {}", letters.len());
        found.push(
            Finding::error("too-few-letters", value(["network", "zone_letters"]), message)
                .related(value(["network", "zones"]), "as many are needed")
                .help("`[]` takes the region's first zones"),
        );
    }
    for (index, letter) in letters.iter().enumerate() {
        if let Some(first) = letters[..index].iter().position(|other| other == letter) {
            found.push(
                Finding::error(
                    "duplicate",
                    item(["network", "zone_letters"], index),
                    format!("zone `{letter}` is there twice"),
                )
                .related(item(["network", "zone_letters"], first), "first here"),
            );
        }
    }
    found
}
