//! AWS: the registry of its kinds, and the cloud that the engine sees.

mod access_entry;
mod addon;
mod addresses;
pub(crate) mod bucket;
pub(crate) mod bucket_policy;
mod cluster;
mod distribution;
mod elastic_ip;
mod fargate_profile;
mod headers_policy;
mod internet_gateway;
pub mod kind;
mod nat_gateway;
mod node_group;
mod oidc_provider;
mod origin_access_control;
mod pod_identity;
mod policy;
mod repository;
mod role;
mod route_table;
mod s3_endpoint;
mod security_group;
mod subnet;
mod support;
mod vpc;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use billpay_engine::cloud::{Cloud, Create, Inspection, Progress};
use billpay_engine::guard::Guard;
use billpay_engine::kind::KindInfo;
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Action, Change, Goal, Kinds, Plan, Snapshot};
use billpay_model::address::Address;
use billpay_model::caller::CallerIdentity;
use billpay_model::check::Check;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{Desired, Evidence, Observed, Owner, Tags};
use futures::future::join_all;

use crate::kinds::kind::{AnyKind, Context, OwnResources};
use crate::{Aws, credentials_end};
use jiff::Timestamp;
use support::reads::Reads;
use tokio::sync::OnceCell;

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

/// The AWS of one environment.
pub struct AwsCloud {
    aws: Aws,
    env: Environment,
    registry: Vec<&'static dyn AnyKind>,
    kinds: Kinds,
    attempts: Attempts,
    /// Address of the store in which the lock of the environment is, for the tags of what is made.
    store: Mutex<Option<String>>,
    /// Asked for once.
    identity: OnceCell<CallerIdentity>,
}

/// The create calls of this process: a random run id, and a count.
struct Attempts {
    run: String,
    count: AtomicU32,
}

impl Attempts {
    fn new() -> Attempts {
        Attempts { run: format!("{:016x}", fastrand::u64(..)), count: AtomicU32::new(0) }
    }

    /// Names the next create call.
    fn next(&self) -> String {
        format!("{}-{}", self.run, self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn has(&self, attempt: &str) -> bool {
        attempt.split_once('-').is_some_and(|(run, count)| {
            run == self.run
                && count.parse().is_ok_and(|count: u32| count < self.count.load(Ordering::Relaxed))
        })
    }
}

impl AwsCloud {
    pub fn new(aws: Aws, env: Environment) -> AwsCloud {
        AwsCloud::of(aws, env, |_| true)
    }

    /// Only some kinds: for an AWS that lacks the calls of the others.
    pub fn of(aws: Aws, env: Environment, has: impl Fn(&KindInfo) -> bool) -> AwsCloud {
        let registry: Vec<_> = REGISTRY.iter().copied().filter(|kind| has(&kind.info())).collect();
        let kinds = registry.iter().map(|kind| kind.info()).map(|info| (info.name, info)).collect();
        let (attempts, store, identity) = (Attempts::new(), Mutex::default(), OnceCell::new());
        AwsCloud { aws, env, registry, kinds, attempts, store, identity }
    }

    /// Lists the resources of every kind; thoroughly, also those under names that can't be ours.
    async fn look(&self, desired: &[Desired], is_thorough: bool) -> Result<Snapshot, Vec<Failure>> {
        let reads = &Reads::default();
        let lists = join_all(self.registry.iter().map(|kind| async move {
            let wanted: Vec<Desired> =
                desired.iter().filter(|want| want.address.kind() == kind.info().name).cloned().collect();
            let cx = Context { is_thorough, reads: Some(reads), ..self.context() };
            kind.observe(cx, &wanted, None).await
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

    fn context(&self) -> Context<'_> {
        Context { aws: &self.aws, env: &self.env, goal: Goal::Converge, is_thorough: false, reads: None }
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

/// Adapts what the spec wants to what AWS never changes about a resource that is there. Needs no
/// connection.
pub fn adapt(wanted: &Desired, found: &Observed) -> Desired {
    kind(&found.address).map_or_else(|_| wanted.clone(), |kind| kind.adapt(wanted, found))
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
impl Cloud for AwsCloud {
    fn environment(&self) -> &Environment {
        &self.env
    }

    fn guard(&self, guard: Arc<dyn Guard>) {
        self.aws.gate.set(guard);
    }

    fn set_store(&self, address: Option<String>) {
        *self.store.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = address;
    }

    fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn desire(&self) -> Vec<Desired> {
        let has = |want: &Desired| self.kinds.contains_key(want.address.kind());
        desire(&self.env).into_iter().filter(has).collect()
    }

    fn adapt(&self, wanted: &Desired, found: &Observed) -> Desired {
        adapt(wanted, found)
    }

    fn refuse(&self, found: &Observed, wanted: &Desired) -> Option<String> {
        match kind(&found.address) {
            Ok(kind) => kind.refuse(&self.env, found, wanted),
            Err(failure) => Some(failure.message),
        }
    }

    fn run_id(&self) -> &str {
        &self.attempts.run
    }

    fn is_own_attempt(&self, attempt: &str) -> bool {
        self.attempts.has(attempt)
    }

    fn tag_commands(&self, found: &Observed, tags: &Tags) -> Vec<String> {
        support::tagging::commands(&self.aws.region, found, tags)
    }

    async fn observe_region(&self, region: &str) -> Result<Snapshot, Vec<Failure>> {
        let env = Environment { region: region.to_string(), ..self.env.clone() };
        let there = AwsCloud::of(self.aws.in_region(region), env, |info| {
            self.kinds.contains_key(info.name) && !info.global
        });
        there.look(&[], true).await
    }

    async fn sweep(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        self.look(desired, true).await
    }

    async fn identity(&self) -> Result<CallerIdentity, Failure> {
        self.identity.get_or_try_init(|| self.aws.identity()).await.cloned()
    }

    fn credentials_end(&self) -> Option<Timestamp> {
        credentials_end(|name| std::env::var(name).ok())
    }

    async fn observe(&self, desired: &[Desired]) -> Result<Snapshot, Vec<Failure>> {
        self.look(desired, false).await
    }

    async fn find(&self, desired: &Desired) -> Result<Vec<Observed>, Failure> {
        let address = &desired.address;
        let found =
            kind(address)?.observe(self.context(), std::slice::from_ref(desired), Some(address)).await?;
        Ok(found.into_iter().filter(|observed| observed.address == *address).collect())
    }

    async fn find_elsewhere(&self) -> Result<BTreeMap<String, BTreeSet<Address>>, Vec<Failure>> {
        // What an environment begins with, and what can be made without the rest.
        let begins: Vec<_> =
            self.registry.iter().filter(|kind| ["vpc", "repository"].contains(&kind.info().name)).collect();
        if begins.is_empty() {
            return Ok(BTreeMap::new());
        }
        let regions = support::ec2::regions(self.context()).await.map_err(|failure| vec![failure])?;
        let others: Vec<String> = regions.into_iter().filter(|region| *region != self.env.region).collect();
        let looks = others.iter().flat_map(|region| begins.iter().map(move |kind| (region, kind)));
        let looks = join_all(looks.map(|(region, kind)| async move {
            let there = self.aws.in_region(region);
            let env = Environment { region: region.clone(), ..self.env.clone() };
            let cx =
                Context { aws: &there, env: &env, goal: Goal::Converge, is_thorough: false, reads: None };
            (region, kind.observe(cx, &[], None).await)
        }));
        let (mut regions, mut failures) = (BTreeMap::<String, BTreeSet<Address>>::new(), vec![]);
        for (region, found) in looks.await {
            match found {
                Ok(found) => {
                    let is_proven = |one: &Observed| {
                        let is_claimed = one.owner == Owner::Ours || one.owner.is_legacy();
                        is_claimed && one.evidence >= Evidence::Name
                    };
                    for one in found.into_iter().filter(is_proven) {
                        regions.entry(region.clone()).or_default().insert(one.address);
                    }
                }
                // What this role may not even read, it has not made either.
                Err(failure) if failure.class == FailureClass::Denied => {}
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() { Ok(regions) } else { Err(failures) }
    }

    async fn create(&self, create: &Create) -> Result<Observed, Failure> {
        let store = self.store.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let create = Create { desired: create.desired.with_store(store.as_deref()), ..create.clone() };
        let made =
            kind(&create.desired.address)?.create(self.context(), &create, self.attempts.next()).await?;
        Ok(made.without_store())
    }

    async fn update(&self, found: &Observed, wanted: &Desired) -> Result<Progress, Failure> {
        kind(&found.address)?.update(self.context(), found, wanted).await
    }

    async fn inspect(&self, plan: &Plan) -> Result<Inspection, Vec<Failure>> {
        let cx = Context { goal: plan.goal, ..self.context() };
        let own = OwnResources::new(
            plan.changes.iter().filter_map(|change| Some((change.address.kind(), change.id()?))),
        );
        let leaving = |name: &str| -> Vec<&Observed> {
            let leaves = |change: &&Change| matches!(change.action, Action::Delete | Action::Replace);
            let changes = plan.changes.iter().filter(leaves);
            changes
                .filter(|change| change.address.kind() == name)
                .filter_map(|change| change.observed.as_ref())
                .collect()
        };
        let looks = self.registry.iter().map(|kind| (kind, leaving(kind.info().name)));
        let looks = looks.filter(|(_, leaving)| !leaving.is_empty());
        let looks = join_all(looks.map(|(kind, leaving)| {
            let own = &own;
            async move { kind.attachments(cx, &leaving, own).await }
        }));
        let (looks, rollback, offers, domains, ranges, endpoints) = futures::join!(
            looks,
            support::rollback::refusals(cx, plan),
            support::offers::refusals(cx, plan),
            distribution::refusals(cx, plan),
            subnet::refusals(cx, plan),
            s3_endpoint::refusals(cx, plan)
        );
        let (mut attachments, mut refused, mut failures) = (vec![], vec![], vec![]);
        for look in [rollback, offers, domains, ranges, endpoints] {
            match look {
                Ok(found) => refused.extend(found),
                Err(failure) => failures.push(failure),
            }
        }
        for look in looks {
            match look {
                Ok(found) => attachments.extend(found),
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() { Ok(Inspection { attachments, refused }) } else { Err(failures) }
    }

    async fn diagnose(&self) -> Vec<Check> {
        self.aws.diagnose(&self.env).await
    }

    async fn delete(&self, found: &Observed, goal: Goal, permit: &Permit) -> Result<Progress, Failure> {
        kind(&found.address)?.delete(Context { goal, ..self.context() }, found, permit).await
    }
}
