//! AWS: the registry of its kinds, and the provider that the use cases see.

mod access_entry;
mod addon;
mod bucket;
mod bucket_contents;
mod bucket_lifecycle;
mod bucket_policy;
mod cluster;
mod cluster_calls;
mod distribution;
mod distribution_config;
mod ec2;
mod eks;
mod elastic_ip;
mod fargate_profile;
mod headers_policy;
mod iam;
mod internet_gateway;
mod load_balancer_controller;
mod named;
mod nat_gateway;
mod node_group;
mod oidc_provider;
mod origin_access_control;
mod owned;
mod permissions;
mod pod_identity;
mod policy;
mod repository;
mod role;
mod route_table;
mod s3;
mod s3_endpoint;
mod security_group;
mod security_group_rules;
mod subnet;
mod vpc;

use async_trait::async_trait;
use futures::future::join_all;

use super::kind::{AnyKind, Context};
use crate::adapter::aws::Aws;
use crate::domain::address::Address;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::kind::KindInfo;
use crate::domain::plan::{Goal, Kinds, Snapshot};
use crate::domain::port::{Check, Create, Identity, Progress, Provider};
use crate::domain::resource::{Desired, Observed};
use crate::domain::spec::Environment;

/// Every kind of AWS resource. A new kind is its file and one line here.
static REGISTRY: &[&dyn AnyKind] = &[
    // network
    &elastic_ip::ElasticIp,
    &internet_gateway::InternetGateway,
    &nat_gateway::NatGateway,
    &route_table::RouteTable,
    &s3_endpoint::S3Endpoint,
    &security_group::SecurityGroup,
    &subnet::Subnet,
    &vpc::Vpc,
    // ecr
    &repository::Repository,
    // s3-cloudfront
    &bucket::Bucket,
    &bucket_policy::BucketPolicy,
    &distribution::Distribution,
    &headers_policy::HeadersPolicy,
    &origin_access_control::OriginAccessControl,
    // iam
    &oidc_provider::OidcProvider,
    &policy::Policy,
    &role::Role,
    // eks
    &access_entry::AccessEntry,
    &addon::Addon,
    &cluster::Cluster,
    &fargate_profile::FargateProfile,
    &node_group::NodeGroup,
    &pod_identity::PodIdentity,
];

/// AWS as the use cases see it.
pub struct AwsProvider {
    aws: Aws,
    registry: Vec<&'static dyn AnyKind>,
    kinds: Kinds,
}

impl AwsProvider {
    pub fn new(aws: Aws) -> AwsProvider {
        AwsProvider::of(aws, |_| true)
    }

    /// Only some kinds: for an AWS that lacks the calls of the others.
    pub fn of(aws: Aws, has: impl Fn(&KindInfo) -> bool) -> AwsProvider {
        let registry: Vec<_> = REGISTRY.iter().copied().filter(|kind| has(&kind.info())).collect();
        let kinds = registry.iter().map(|kind| kind.info()).map(|info| (info.name, info)).collect();
        AwsProvider { aws, registry, kinds }
    }

    fn context<'a>(&'a self, env: &'a Environment) -> Context<'a> {
        Context { aws: &self.aws, env, goal: Goal::Converge }
    }
}

/// The facts about every kind, by its name. Needs no connection.
pub fn kinds() -> Kinds {
    REGISTRY.iter().map(|kind| kind.info()).map(|info| (info.name, info)).collect()
}

/// Every resource that an environment should have, sorted by address. Needs no connection.
pub fn desire(env: &Environment) -> Vec<Desired> {
    let mut desired: Vec<Desired> = REGISTRY.iter().flat_map(|kind| kind.desire(env)).collect();
    desired.sort_by(|a, b| a.address.cmp(&b.address));
    desired
}

fn kind(address: &Address) -> Result<&'static dyn AnyKind, Failure> {
    let found = REGISTRY.iter().find(|kind| kind.info().name == address.kind());
    found.copied().ok_or_else(|| {
        Failure::new(
            FailureClass::Invalid,
            "billpay",
            format!("{address} is of a kind that this version doesn't know"),
        )
    })
}

#[async_trait]
impl Provider for AwsProvider {
    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn desire(&self, env: &Environment) -> Vec<Desired> {
        let has = |want: &Desired| self.kinds.contains_key(want.address.kind());
        desire(env).into_iter().filter(has).collect()
    }

    fn refuse(&self, env: &Environment, found: &Observed, wanted: &Desired) -> Option<String> {
        kind(&found.address).ok()?.refuse(env, found, wanted)
    }

    async fn identity(&self) -> Result<Identity, Failure> {
        self.aws.identity().await
    }

    async fn observe(&self, env: &Environment, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        let lists = join_all(self.registry.iter().map(|kind| async move {
            let wanted: Vec<Desired> =
                desired.iter().filter(|want| want.address.kind() == kind.info().name).cloned().collect();
            kind.observe(self.context(env), &wanted, None).await
        }));
        let (mut resources, mut failures) = (vec![], vec![]);
        for list in lists.await {
            match list {
                Ok(found) => resources.extend(found),
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() {
            resources.sort_by(|a: &Observed, b| (&a.address, &a.id).cmp(&(&b.address, &b.id)));
            Ok(Snapshot { resources })
        } else {
            Err(failures)
        }
    }

    async fn find(&self, env: &Environment, desired: &Desired) -> Result<Vec<Observed>, Failure> {
        let address = &desired.address;
        let found =
            kind(address)?.observe(self.context(env), std::slice::from_ref(desired), Some(address)).await?;
        Ok(found.into_iter().filter(|observed| observed.address == *address).collect())
    }

    async fn create(&self, env: &Environment, create: &Create) -> Result<Observed, Failure> {
        kind(&create.desired.address)?.create(self.context(env), create).await
    }

    async fn update(
        &self,
        env: &Environment,
        found: &Observed,
        wanted: &Desired,
    ) -> Result<Progress, Failure> {
        kind(&found.address)?.update(self.context(env), found, wanted).await
    }

    async fn diagnose(&self, env: &Environment) -> Vec<Check> {
        self.aws.diagnose(env).await
    }

    async fn delete(&self, env: &Environment, found: &Observed, goal: Goal) -> Result<Progress, Failure> {
        kind(&found.address)?.delete(Context { goal, ..self.context(env) }, found).await
    }
}
