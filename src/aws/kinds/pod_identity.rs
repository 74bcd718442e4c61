//! EKS Pod Identity associations: which role the pods of a service account take.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_eks::types::{PodIdentityAssociation, PodIdentityAssociationSummary as Summary};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::Tags;
use serde::{Deserialize, Serialize};

use super::addresses;
use super::support::{eks, named, owned};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Optional, expect_created};

pub struct PodIdentity;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    cluster: String,
    namespace: String,
    service_account: String,
    role_arn: String,
    tags: Tags,
}

/// The key of the load balancer controller's role and association.
const CONTROLLER: &str = "load-balancer-controller";

/// Returns namespace and service account of the pods at an association's address.
fn pod(env: &Environment, key: &str) -> (String, String) {
    match key {
        CONTROLLER => ("kube-system".to_string(), format!("aws-{CONTROLLER}")),
        service => (names::namespace(env), service.to_string()),
    }
}

#[async_trait]
impl Kind for PodIdentity {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "pod-identity",
        component: "eks",
        aws_type: "AWS::EKS::PodIdentityAssociation",
        immutable: &["cluster", "namespace", "service_account"],
        gives_access: &["role_arn", "namespace", "service_account"],
        stands_on: &[Base::parent("cluster"), Base::used("role")],
        constraints: &[Constraint::Unique(&["cluster", "namespace", "service_account"])],
        create_first: false,
        named: true,
        global: false,
        holds_data: false,
        usual: Usual::QUICK,
    };
    /// The name is namespace and service account, of which a cluster has one association.
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        let (namespace, account) = pod(env, address.key());
        let computed = format!("{namespace}/{account}");
        if address.key() == CONTROLLER { Fit::nameless(name, &computed) } else { Fit::whole(name, &computed) }
    }

    /// One for each service, whose service account bears its name, and the controller's.
    /// Those of add-ons belong to the add-ons.
    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |key: &str, name: String, role: Address| {
            let (address, (namespace, service_account)) = (addresses::pod_identity(key), pod(env, key));
            let attrs = Attrs {
                cluster: names::cluster(env),
                namespace,
                service_account,
                role_arn: names::role_arn(env, &name),
                tags: tags(env, &address, key),
            };
            Desire::new(address, attrs).after([addresses::cluster(), role])
        };
        let mut wanted: Vec<_> = env
            .services
            .keys()
            .map(|service| {
                let (role, name) = (addresses::role_of_service(service), names::service_role(env, service));
                desire(service, name, role)
            })
            .collect();
        if env.cluster.load_balancer_controller {
            let (role, name) = (addresses::role(CONTROLLER), names::cluster_role(env, CONTROLLER));
            wanted.push(desire(CONTROLLER, name, role));
        }
        wanted
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let cluster = &names::cluster(cx.env);
        let listed = list(cx, cluster, look.only.and(look.wanted.first()).map(|(_, wanted)| wanted)).await?;
        let own = listed.into_iter().filter(|summary| !made_by_addon(summary));
        let ids = own.filter_map(|summary| summary.association_id);
        let associations = named::details(ids, |id| async move { describe(cx, cluster, &id).await }).await?;
        let found = associations.into_iter().filter_map(|association| {
            let tags = eks::tags(association.tags.clone());
            let wanted = look.wanted(|wanted| {
                association.namespace() == Some(&wanted.namespace)
                    && association.service_account() == Some(&wanted.service_account)
            });
            let wanted = wanted.map(|(address, _)| address);
            let (id, namespace) = (association.association_id.clone()?, association.namespace.clone()?);
            let name = format!("{namespace}/{}", association.service_account().unwrap_or_default());
            let identity = Identity::new(&id, &tags).named(&name);
            let (address, ownership) = cx.owner_of::<PodIdentity>(&identity, wanted, look.only)?;
            Some(found_of(cx, address, association)?.owned(ownership))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let (attrs, call) = (new.attrs, "eks:CreatePodIdentityAssociation");
        let made = cx
            .aws
            .eks
            .create_pod_identity_association()
            .cluster_name(&attrs.cluster)
            .namespace(&attrs.namespace)
            .service_account(&attrs.service_account)
            .role_arn(&attrs.role_arn)
            .client_request_token(new.token)
            .set_tags(eks::to_tags(&attrs.tags))
            .send()
            .await
            .at(call)?;
        let found = made.association.and_then(|association| found_of(cx, new.address, association));
        Ok(Found { attrs, ..expect_created(found, call)? })
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        if found.attrs.role_arn != wanted.role_arn {
            let call = cx.aws.eks.update_pod_identity_association().cluster_name(&found.attrs.cluster);
            let call = call.association_id(&found.id).role_arn(&wanted.role_arn);
            call.send().await.at("eks:UpdatePodIdentityAssociation")?;
        }
        eks::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (cluster, id) = (&found.attrs.cluster, &found.id);
        let Some(live) = describe(cx, cluster, id).await? else { return Ok(Progress::Done) };
        let tags = eks::tags(live.tags);
        let call = "eks:DeletePodIdentityAssociation";
        owned::prove_deletable(cx, &found.address, id, &tags, permit, call)?;
        let call = cx.aws.eks.delete_pod_identity_association().cluster_name(cluster);
        call.association_id(id).send().await.at("eks:DeletePodIdentityAssociation")?;
        Ok(Progress::Done)
    }
}

/// Returns true if an add-on made it for itself. An emulator says of the others that nobody ("") did.
fn made_by_addon(summary: &Summary) -> bool {
    summary.owner_arn().is_some_and(|owner| !owner.is_empty())
}

/// Lists the associations of a cluster, or the one of a service account.
async fn list(cx: Context<'_>, cluster: &str, only: Option<&Attrs>) -> Result<Vec<Summary>, Failure> {
    let mut call = cx.aws.eks.list_pod_identity_associations().cluster_name(cluster);
    if let Some(wanted) = only {
        call = call.namespace(&wanted.namespace).service_account(&wanted.service_account);
    }
    let read = async {
        let listed = call.into_paginator().items().send().try_collect().await;
        Ok(listed.at("eks:ListPodIdentityAssociations").optional()?.unwrap_or_default())
    };
    if only.is_some() { read.await } else { cx.once("pod identities", read).await }
}

/// The associations that add-ons made for themselves, by their ids.
pub async fn of_addons(
    cx: Context<'_>,
    cluster: &str,
) -> Result<BTreeMap<String, PodIdentityAssociation>, Failure> {
    let listed = list(cx, cluster, None).await?;
    let ids = listed.into_iter().filter(made_by_addon).filter_map(|summary| summary.association_id);
    let associations = named::details(ids, |id| async move { describe(cx, cluster, &id).await }).await?;
    Ok(associations.into_iter().filter_map(|one| Some((one.association_id.clone()?, one))).collect())
}

pub async fn describe(
    cx: Context<'_>,
    cluster: &str,
    id: &str,
) -> Result<Option<PodIdentityAssociation>, Failure> {
    let call = cx.aws.eks.describe_pod_identity_association().cluster_name(cluster).association_id(id);
    let answer = call.send().await.at("eks:DescribePodIdentityAssociation").optional()?;
    Ok(answer.and_then(|answer| answer.association))
}

fn found_of(cx: Context<'_>, address: Address, association: PodIdentityAssociation) -> Option<Found<Attrs>> {
    let attrs = Attrs {
        cluster: association.cluster_name.unwrap_or_default(),
        namespace: association.namespace.unwrap_or_default(),
        service_account: association.service_account.unwrap_or_default(),
        role_arn: association.role_arn.unwrap_or_default(),
        tags: cx.managed(eks::tags(association.tags)),
    };
    let arn = association.association_arn.unwrap_or_default();
    Some(Found::new(address, association.association_id?, attrs).output("arn", arn))
}
