//! The EKS cluster of an environment.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_eks::types::builders::VpcConfigRequestBuilder;
use aws_sdk_eks::types::{
    AuthenticationMode, Cluster as Described, ClusterStatus, CreateAccessConfigRequest, LogType, SupportType,
    UpdateAccessConfigRequest, UpgradePolicyRequest, VpcConfigRequest,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::Attachment;
use billpay_model::address::Address;
use billpay_model::environment::{ClusterLog, Environment, Support};
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Ref, Status, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::addresses::{self, Side};
use super::subnet;
use super::support::cluster_calls::{logging, modes, versions};
use super::support::ec2::{self, Keys, Refs};
use super::support::eks::{self, UpdateTarget};
use super::support::named;
use super::support::owned;
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, attachment, tags};
use crate::{Explain, Optional, expect_created};

pub struct Cluster;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    /// Kubernetes version; goes up, one minor at a time, or back by one.
    version: String,
    role_arn: String,
    /// All of the environment's: load balancers and nodes are put into these.
    subnets: Refs,
    security_groups: Vec<Ref>,
    endpoint: Endpoint,
    /// Control-plane logs that go to CloudWatch, sorted.
    logs: Vec<String>,
    authentication_mode: String,
    support: String,
    deletion_protection: bool,
    tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Endpoint {
    public: bool,
    private: bool,
    /// Sorted; empty where there is no public endpoint.
    public_cidrs: Vec<String>,
}

impl Attrs {
    /// Not every region of EKS says these; what isn't said is no difference.
    fn fill(&mut self, wanted: &Attrs) {
        for (found, wanted) in [
            (&mut self.authentication_mode, &wanted.authentication_mode),
            (&mut self.support, &wanted.support),
        ] {
            if found.is_empty() {
                found.clone_from(wanted);
            }
        }
    }
}

fn log_type(log: &ClusterLog) -> LogType {
    match log {
        ClusterLog::Api => LogType::Api,
        ClusterLog::Audit => LogType::Audit,
        ClusterLog::Authenticator => LogType::Authenticator,
        ClusterLog::ControllerManager => LogType::ControllerManager,
        ClusterLog::Scheduler => LogType::Scheduler,
    }
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.into_iter().collect();
    texts.sort();
    texts.dedup();
    texts
}

#[async_trait]
impl Kind for Cluster {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "cluster",
        component: "eks",
        aws_type: "AWS::EKS::Cluster",
        // Nothing is so dear as a replaced cluster: a version is never a reason.
        immutable: &["role_arn"],
        stands_on: &[Base::used("role"), Base::held("subnet"), Base::held("security-group")],
        constraints: &[
            Constraint::Bound { through: "subnets", attribute: "vpc" },
            Constraint::Bound { through: "subnets", attribute: "zone" },
        ],
        create_first: false,
        named: true,
        global: false,
        holds_data: false,
        gives_access: &["endpoint", "authentication_mode", "role_arn"],
        usual: Usual { create: 540, update: 540, delete: 240 },
    };
    fn fits(env: &Environment, _: &Address, name: &str) -> Fit {
        Fit::nameless(name, &names::cluster(env))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let address = addresses::cluster();
        let spec = &env.cluster;
        let name = names::cluster(env);
        let subnets = [Side::Private, Side::Public].map(|side| addresses::subnets(env, side));
        let cidrs = spec.endpoint.public_cidrs.iter().map(|cidr| cidr.trunc().to_string());
        let attrs = Attrs {
            version: spec.version.clone(),
            role_arn: names::role_arn(env, &names::cluster_role(env, "cluster")),
            subnets: ec2::refs(subnets.concat()),
            security_groups: vec![Ref::id(&addresses::cluster_security_group())],
            endpoint: Endpoint {
                public: spec.endpoint.public,
                private: true,
                public_cidrs: if spec.endpoint.public { sorted(cidrs) } else { vec![] },
            },
            logs: sorted(spec.logs.iter().map(|log| log_type(log).as_str().to_string())),
            authentication_mode: AuthenticationMode::Api.as_str().to_string(),
            support: match spec.support {
                Support::Standard => SupportType::Standard.as_str().to_string(),
                Support::Extended => SupportType::Extended.as_str().to_string(),
            },
            deletion_protection: env.protected,
            tags: tags(env, &address, &name),
            name,
        };
        vec![Desire::new(address, attrs).after([addresses::role("cluster")])]
    }

    /// A cluster stays in the zones that it was made in. Its nodes may be in others.
    fn adapt(&self, mut wanted: Attrs, found: &Attrs) -> Attrs {
        let zones = zones(&found.subnets);
        if zones.is_subset(&self::zones(&wanted.subnets)) {
            wanted.subnets.retain(|key, _| zones.contains(zone(key)));
        }
        wanted
    }

    fn refuse(&self, _: &Environment, found: &Attrs, wanted: &Attrs) -> Option<String> {
        versions(&found.version, &wanted.version).err().map(|failure| failure.message)
    }

    /// Clusters can't be filtered by tag. The names of the environment's, also of one from
    /// before `cluster.name` was changed, end like all its names.
    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let clusters = async {
            let names = match (look.only, look.wanted.first()) {
                (Some(_), Some((_, wanted))) => vec![wanted.name.clone()],
                _ => list(cx).await?,
            };
            named::details(names, |name| async move { describe(cx, &name).await }).await
        };
        let (clusters, keys) = try_join!(clusters, subnet::keys(cx))?;
        let mut found = vec![];
        for cluster in clusters {
            let tags = eks::tags(cluster.tags.clone());
            let wanted = look.wanted(|wanted| cluster.name() == Some(&wanted.name));
            let named = wanted.map(|(address, _)| address);
            let name = cluster.name().unwrap_or_default().to_string();
            let identity = Identity::new(&name, &tags).named(&name);
            let Some((address, ownership)) = cx.owner_of::<Cluster>(&identity, named, look.only) else {
                continue;
            };
            let mut read = read(cx, cluster, &keys);
            if let Some((_, wanted)) = wanted {
                read.attrs.fill(wanted);
            }
            let protects = read.attrs.deletion_protection;
            let cluster = found_of(address, read).owned(ownership).protected(protects);
            found.push(match look.only {
                Some(_) => eks::settle(cx, &name, UpdateTarget::Cluster, cluster).await?,
                None => cluster,
            });
        }
        Ok(found)
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        let mut attachments = vec![];
        for cluster in leaving {
            let name = cluster.id.as_str();
            let (groups, profiles) = try_join!(eks::node_groups(cx, name), eks::fargate_profiles(cx, name))?;
            let of = |names: Vec<String>, kind: &'static str, what: &'static str| {
                let others = names.into_iter().filter(move |id| !own.has(kind, id));
                others.map(move |id| attachment::<Cluster>(name, id, what))
            };
            attachments.extend(of(groups, "node-group", "node group that the environment did not make"));
            attachments.extend(of(
                profiles,
                "fargate-profile",
                "Fargate profile that the environment did not make",
            ));
        }
        Ok(attachments)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let attrs = new.attrs;
        // Left to itself, EKS puts these three in unmanaged; the spec's add-ons would have
        // to take them over.
        let addons = &cx.env.cluster.addons;
        let managed = ["vpc-cni", "kube-proxy", "coredns"].iter().all(|addon| addons.contains_key(*addon));
        let made = cx
            .aws
            .eks
            .create_cluster()
            .name(&attrs.name)
            .version(&attrs.version)
            .role_arn(&attrs.role_arn)
            .resources_vpc_config(network(&attrs, endpoint(&attrs.endpoint)).build())
            .logging(logging(&[], &attrs.logs))
            .access_config(
                CreateAccessConfigRequest::builder()
                    .authentication_mode(attrs.authentication_mode.as_str().into())
                    .bootstrap_cluster_creator_admin_permissions(false)
                    .build(),
            )
            .upgrade_policy(upgrade_policy(&attrs))
            .deletion_protection(attrs.deletion_protection)
            .bootstrap_self_managed_addons(!managed)
            .client_request_token(new.token)
            .set_tags(eks::to_tags(&attrs.tags))
            .send()
            .await
            .at("eks:CreateCluster")?;
        let cluster = expect_created(made.cluster, "eks:CreateCluster")?;
        let read = Read { attrs, ..read(cx, cluster, &Keys::new()) };
        Ok(found_of(new.address, read))
    }

    /// EKS takes one kind of change at a time. While it works on one, the cluster is
    /// pending; the next is begun when the cluster has been seen ready again.
    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let call = "eks:UpdateClusterConfig";
        eks::check_update(found, call)?;
        let had = &found.attrs;
        let steps = versions(&had.version, &wanted.version)?;
        eks::retag(cx, found, &had.tags, &wanted.tags).await?;

        let update = || cx.aws.eks.update_cluster_config().name(&found.id);
        let mut changes = vec![];
        if had.deletion_protection != wanted.deletion_protection {
            changes.push(update().deletion_protection(wanted.deletion_protection));
        }
        if had.authentication_mode != wanted.authentication_mode {
            changes.extend(modes(&had.authentication_mode, &wanted.authentication_mode).into_iter().map(
                |mode| {
                    let config = UpdateAccessConfigRequest::builder().authentication_mode(mode).build();
                    update().access_config(config)
                },
            ));
        }
        if had.endpoint != wanted.endpoint {
            changes.push(update().resources_vpc_config(endpoint(&wanted.endpoint).build()));
        }
        if (&had.subnets, &had.security_groups) != (&wanted.subnets, &wanted.security_groups) {
            let config = network(wanted, VpcConfigRequest::builder());
            changes.push(update().resources_vpc_config(config.build()));
        }
        if had.logs != wanted.logs {
            changes.push(update().logging(logging(&had.logs, &wanted.logs)));
        }
        if had.support != wanted.support {
            changes.push(update().upgrade_policy(upgrade_policy(wanted)));
        }
        for change in changes {
            if eks::progress(change.send().await.at(call)?.update, call)? == Progress::Underway {
                return Ok(Progress::Underway);
            }
        }
        let call = "eks:UpdateClusterVersion";
        for version in steps {
            let step = cx.aws.eks.update_cluster_version().name(&found.id).version(version);
            if eks::progress(step.send().await.at(call)?.update, call)? == Progress::Underway {
                return Ok(Progress::Underway);
            }
        }
        Ok(Progress::Done)
    }

    /// Lifts EKS's own protection where a person has confirmed the delete; the cluster is deleted
    /// when it is ready again.
    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (name, call) = (&found.id, "eks:DeleteCluster");
        let Some(live) = describe(cx, name).await? else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, name, &eks::tags(live.tags), permit, call)?;
        if live.deletion_protection == Some(true) {
            owned::check_protection(true, name, permit, call)?;
            let lift = cx.aws.eks.update_cluster_config().name(name).deletion_protection(false);
            lift.send().await.at("eks:UpdateClusterConfig")?;
            return Ok(Progress::Underway);
        }
        cx.aws.eks.delete_cluster().name(name).send().await.at(call)?;
        Ok(Progress::Underway)
    }
}

/// The letter of a subnet's zone, by its key: `private-a`.
fn zone(key: &str) -> &str {
    key.rsplit('-').next().unwrap_or_default()
}

fn zones(subnets: &Refs) -> BTreeSet<String> {
    subnets.keys().map(|key| zone(key).to_string()).collect()
}

/// The names of the clusters that may be the environment's: of an account's many, only
/// those that end like all its names do have to be described.
async fn list(cx: Context<'_>) -> Result<Vec<String>, Failure> {
    let pages = cx.aws.eks.list_clusters().into_paginator().items().send();
    let names = pages.try_collect().await;
    let suffix = format!("-{}", cx.env.environment);
    let could_be_ours = |name: &String| cx.is_thorough || name.ends_with(&suffix);
    Ok(names.at("eks:ListClusters")?.into_iter().filter(could_be_ours).collect())
}

async fn describe(cx: Context<'_>, name: &str) -> Result<Option<Described>, Failure> {
    let answer = cx.aws.eks.describe_cluster().name(name).send().await.at("eks:DescribeCluster");
    Ok(answer.optional()?.and_then(|answer| answer.cluster))
}

/// A cluster as it was read.
struct Read {
    attrs: Attrs,
    status: Status,
    outputs: Vec<(&'static str, Option<String>)>,
}

fn read(cx: Context<'_>, cluster: Described, keys: &Keys) -> Read {
    let status = match cluster.status {
        Some(ClusterStatus::Active) => Status::Ready,
        Some(ClusterStatus::Deleting) => Status::Deleting,
        Some(ClusterStatus::Failed) => Status::Failed,
        _ => Status::Pending,
    };
    let issuer = cluster.identity.and_then(|identity| identity.oidc?.issuer);
    let host = issuer.as_ref().and_then(|issuer| Some(issuer.split_once("://")?.1.to_string()));
    let network = cluster.resources_vpc_config;
    let outputs = vec![
        ("name", cluster.name.clone()),
        ("arn", cluster.arn),
        ("version", cluster.version.clone()),
        ("endpoint", cluster.endpoint),
        ("ca", cluster.certificate_authority.and_then(|authority| authority.data)),
        ("issuer", issuer),
        ("issuer_host", host),
        ("security_group", network.as_ref().and_then(|network| network.cluster_security_group_id.clone())),
    ];
    let logs = cluster.logging.and_then(|logging| logging.cluster_logging).unwrap_or_default();
    let logs = logs.into_iter().filter(|setup| setup.enabled == Some(true));
    let logs = logs.flat_map(|setup| setup.types.unwrap_or_default());
    let access = cluster.access_config.and_then(|access| access.authentication_mode);
    let support = cluster.upgrade_policy.and_then(|policy| policy.support_type);
    let (subnets, groups, endpoint) = match network {
        Some(network) => {
            let public = network.endpoint_public_access;
            let cidrs = network.public_access_cidrs.unwrap_or_default();
            let endpoint = Endpoint {
                public,
                private: network.endpoint_private_access,
                public_cidrs: if public { sorted(cidrs) } else { vec![] },
            };
            (network.subnet_ids.unwrap_or_default(), network.security_group_ids.unwrap_or_default(), endpoint)
        }
        None => (vec![], vec![], Endpoint { public: false, private: false, public_cidrs: vec![] }),
    };
    let attrs = Attrs {
        name: cluster.name.unwrap_or_default(),
        version: cluster.version.unwrap_or_default(),
        role_arn: cluster.role_arn.unwrap_or_default(),
        subnets: ec2::found_refs(subnets, keys),
        security_groups: sorted(groups).into_iter().map(Ref::from).collect(),
        endpoint,
        logs: sorted(logs.map(|log| log.as_str().to_string())),
        authentication_mode: access.map(|mode| mode.as_str().to_string()).unwrap_or_default(),
        support: support.map(|support| support.as_str().to_string()).unwrap_or_default(),
        deletion_protection: cluster.deletion_protection.unwrap_or_default(),
        tags: cx.managed(eks::tags(cluster.tags)),
    };
    Read { attrs, status, outputs }
}

fn found_of(address: Address, read: Read) -> Found<Attrs> {
    let known = read.outputs.into_iter().filter_map(|(output, value)| Some((output, value?)));
    let id = read.attrs.name.clone();
    known.fold(Found::new(address, id, read.attrs).status(read.status), |found, (output, value)| {
        found.output(output, value)
    })
}

fn endpoint(wanted: &Endpoint) -> VpcConfigRequestBuilder {
    let config = VpcConfigRequest::builder()
        .endpoint_public_access(wanted.public)
        .endpoint_private_access(wanted.private);
    match wanted.public {
        true => config.set_public_access_cidrs(Some(wanted.public_cidrs.clone())),
        false => config,
    }
}

fn network(wanted: &Attrs, config: VpcConfigRequestBuilder) -> VpcConfigRequestBuilder {
    let groups = wanted.security_groups.iter().map(|group| group.text().to_string());
    config.set_subnet_ids(eks::ids(&wanted.subnets)).set_security_group_ids(Some(groups.collect()))
}

fn upgrade_policy(wanted: &Attrs) -> UpgradePolicyRequest {
    UpgradePolicyRequest::builder().support_type(wanted.support.as_str().into()).build()
}
