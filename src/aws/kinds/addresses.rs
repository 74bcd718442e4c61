//! The addresses of the resources of every kind: kinds name one another's resources by them.

use billpay_model::address::Address;
use billpay_model::environment::{Environment, Nat};
use billpay_model::names;

/// Add-ons without which nodes don't become ready. All others need nodes to run on.
pub const BEFORE_NODES: [&str; 3] = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];

/// Side of a zone: each has a public and a private subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Routed to the internet gateway: load balancers and NAT gateways.
    Public,
    /// Out through NAT at most: nodes and the cluster's own interfaces.
    Private,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Public => "public",
            Side::Private => "private",
        }
    }
}

/// The address of an access entry.
pub fn access_entry(name: &str) -> Address {
    Address::of("eks", "access-entry", name)
}

/// The address of an add-on.
pub fn addon(name: &str) -> Address {
    Address::of("eks", "addon", name)
}

/// The addresses of the add-ons that have to be there before nodes are.
pub fn addons_before_nodes(env: &Environment) -> Vec<Address> {
    let addons = BEFORE_NODES.into_iter().filter(|name| env.cluster.addons.contains_key(*name));
    addons.map(addon).collect()
}

/// The address of a bucket, by the name of its frontend or its own.
pub fn bucket(name: &str) -> Address {
    Address::of("s3-cloudfront", "bucket", name)
}

/// The address of a bucket's policy, by the name of its frontend or its own.
pub fn bucket_policy(name: &str) -> Address {
    Address::of("s3-cloudfront", "bucket-policy", name)
}

/// The address of an environment's cluster.
pub fn cluster() -> Address {
    Address::only("eks", "cluster")
}

/// The address of a frontend's distribution.
pub fn distribution(frontend: &str) -> Address {
    Address::of("s3-cloudfront", "distribution", frontend)
}

/// The address of the elastic IP of a zone's NAT gateway.
pub fn elastic_ip(zone: &str) -> Address {
    Address::of("network", "elastic-ip", format!("nat-{zone}"))
}

/// The address of a Fargate profile.
pub fn fargate_profile(name: &str) -> Address {
    Address::of("eks", "fargate-profile", name)
}

/// The addresses of all Fargate profiles.
pub fn fargate_profiles(env: &Environment) -> Vec<Address> {
    env.cluster.fargate.keys().map(|name| fargate_profile(name)).collect()
}

/// The address of a frontend's response headers policy.
pub fn headers_policy(frontend: &str) -> Address {
    Address::of("s3-cloudfront", "headers-policy", frontend)
}

/// The address of an environment's internet gateway.
pub fn internet_gateway() -> Address {
    Address::only("network", "internet-gateway")
}

/// The address of a zone's NAT gateway.
pub fn nat_gateway(zone: &str) -> Address {
    Address::of("network", "nat-gateway", zone)
}

/// The letters of the zones that have a NAT gateway.
pub fn nat_zones(env: &Environment) -> Vec<String> {
    let mut zones = names::zone_letters(env);
    zones.truncate(match env.network.nat {
        Nat::None => 0,
        Nat::Single => 1,
        Nat::PerZone => zones.len(),
    });
    zones
}

/// The NAT gateway that a zone uses: its own, or the only one.
pub fn nat_gateway_of_zone(env: &Environment, zone: &str) -> Option<Address> {
    let zones = nat_zones(env);
    zones.iter().find(|own| *own == zone).or(zones.first()).map(|zone| nat_gateway(zone))
}

/// The address of a node group.
pub fn node_group(name: &str) -> Address {
    Address::of("eks", "node-group", name)
}

/// The addresses of all node groups.
pub fn node_groups(env: &Environment) -> Vec<Address> {
    env.cluster.nodes.keys().map(|name| node_group(name)).collect()
}

/// The address of GitHub's provider.
pub fn github_oidc_provider() -> Address {
    Address::of("iam", "oidc-provider", "github")
}

/// The address of the cluster's own provider. It is of the cluster's component: roles come before the cluster and this after it, so that
/// in `iam` it would have the two components need each other.
pub fn cluster_oidc_provider() -> Address {
    Address::of("eks", "oidc-provider", "cluster")
}

/// The address of a frontend's origin access control.
pub fn origin_access_control(frontend: &str) -> Address {
    Address::of("s3-cloudfront", "origin-access-control", frontend)
}

/// The address of a pod identity association.
pub fn pod_identity(key: &str) -> Address {
    Address::of("eks", "pod-identity", key)
}

/// The address of a policy.
pub fn policy(key: &str) -> Address {
    Address::of("iam", "policy", key)
}

/// The address of a service's repository.
pub fn repository(service: &str) -> Address {
    Address::of("ecr", "repository", service)
}

/// The address of a role: `cluster`, `nodes`, `service.payment-service`, `github`,
/// `github-frontends`, …
pub fn role(key: &str) -> Address {
    Address::of("iam", "role", key)
}

/// The address of a service's role.
pub fn role_of_service(service: &str) -> Address {
    role(&format!("service.{service}"))
}

/// The address of the route table of all public subnets.
pub fn public_route_table() -> Address {
    Address::of("network", "route-table", "public")
}

/// The address of the route table of a zone's private subnet.
pub fn private_route_table(zone: &str) -> Address {
    Address::of("network", "route-table", format!("private-{zone}"))
}

/// The addresses of all route tables.
pub fn route_tables(env: &Environment) -> Vec<Address> {
    let zones = names::zone_letters(env);
    [public_route_table()].into_iter().chain(zones.iter().map(|zone| private_route_table(zone))).collect()
}

/// The address of an environment's S3 endpoint.
pub fn s3_endpoint() -> Address {
    Address::only("network", "s3-endpoint")
}

/// The group of the load balancers that the cluster makes.
pub fn load_balancer_security_group() -> Address {
    Address::of("network", "security-group", "load-balancer")
}

/// The group that the cluster's control plane has beside the one that EKS makes.
pub fn cluster_security_group() -> Address {
    Address::of("network", "security-group", "cluster")
}

/// The group of what the services run on.
pub fn services_security_group() -> Address {
    Address::of("network", "security-group", "services")
}

/// The address of a zone's public or private subnet.
pub fn subnet(side: Side, zone: &str) -> Address {
    Address::of("network", "subnet", format!("{}-{zone}", side.name()))
}

/// The addresses of all public or all private subnets, in the order of the zones.
pub fn subnets(env: &Environment, side: Side) -> Vec<Address> {
    names::zone_letters(env).iter().map(|zone| subnet(side, zone)).collect()
}

/// The address of an environment's VPC.
pub fn vpc() -> Address {
    Address::only("network", "vpc")
}
