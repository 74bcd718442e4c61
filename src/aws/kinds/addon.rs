//! The EKS add-ons of the cluster.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_eks::types::{
    Addon as Described, AddonPodIdentityAssociations, AddonStatus, PodIdentityAssociation, ResolveConflicts,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Status, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::support::eks::{self, UpdateTarget};
use super::support::named;
use super::support::owned;
use super::{addresses, pod_identity};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Optional, expect_created};

pub struct Addon;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    cluster: String,
    /// Left out, the version is EKS's choice and stays what it is.
    version: Option<String>,
    /// ARNs of the roles that the add-on's service accounts take, by their names.
    pod_identity: BTreeMap<String, String>,
    tags: Tags,
}

/// Service accounts of add-ons that need a role, and the keys of their roles.
const ROLES: [(&str, &str, &str); 2] =
    [("vpc-cni", "aws-node", "vpc-cni"), ("aws-ebs-csi-driver", "ebs-csi-controller-sa", "ebs-csi")];

#[async_trait]
impl Kind for Addon {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "addon",
        component: "eks",
        aws_type: "AWS::EKS::Addon",
        immutable: &["cluster"],
        gives_access: &["pod_identity"],
        stands_on: &[Base::parent("cluster"), Base::used("role")],
        constraints: &[],
        create_first: false,
        named: true,
        global: false,
        holds_data: false,
        usual: Usual { create: 45, update: 60, delete: 20 },
    };
    fn fits(_: &Environment, address: &Address, name: &str) -> Fit {
        Fit::nameless(name, address.key())
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |(name, spec): (&String, &billpay_model::environment::Addon)| {
            let address = addresses::addon(name);
            let roles: Vec<_> = ROLES.into_iter().filter(|(addon, ..)| addon == name).collect();
            let arn = |key: &str| names::role_arn(env, &names::cluster_role(env, key));
            let attrs = Attrs {
                cluster: names::cluster(env),
                version: spec.version.clone(),
                pod_identity: roles.iter().map(|(_, account, key)| (account.to_string(), arn(key))).collect(),
                tags: tags(env, &address, name),
            };
            let desire = Desire::new(address, attrs)
                .after([addresses::cluster()])
                .after(roles.iter().map(|(.., key)| addresses::role(key)));
            match addresses::BEFORE_NODES.contains(&name.as_str()) {
                true => desire,
                false => desire.after(addresses::node_groups(env)).after(addresses::fargate_profiles(env)),
            }
        };
        env.cluster.addons.iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let cluster = &names::cluster(cx.env);
        let addons = async {
            let names = match look.only {
                Some(only) => vec![only.key().to_string()],
                None => list(cx, cluster).await?,
            };
            named::details(names, |name| async move { describe(cx, cluster, &name).await }).await
        };
        // The roles of all of them are read beside them, not after them.
        let known = async {
            match look.only {
                Some(_) => Ok(BTreeMap::new()),
                None => pod_identity::of_addons(cx, cluster).await,
            }
        };
        let (addons, known) = try_join!(addons, known)?;
        let mut found = vec![];
        for addon in addons {
            let roles = roles(cx, cluster, addon.pod_identity_associations(), &known).await?;
            let name = addon.addon_name().unwrap_or_default().to_string();
            let wanted = look.wanted.iter().find(|(address, _)| address.key() == name);
            let tags = eks::tags(addon.tags.clone());
            let wanted_address = wanted.map(|(address, _)| address);
            let identity = Identity::new(&name, &tags).named(&name);
            let Some((address, ownership)) = cx.owner_of::<Addon>(&identity, wanted_address, look.only)
            else {
                continue;
            };
            let pinned = wanted.is_none_or(|(_, wanted)| wanted.version.is_some());
            let addon = found_of(cx, address, addon, roles, pinned).owned(ownership);
            found.push(match look.only {
                Some(_) => eks::settle(cx, cluster, UpdateTarget::Addon(&name), addon).await?,
                None => addon,
            });
        }
        Ok(found)
    }

    /// A new cluster may have the same thing unmanaged, which the add-on takes over.
    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let attrs = new.attrs;
        let made = cx
            .aws
            .eks
            .create_addon()
            .cluster_name(&attrs.cluster)
            .addon_name(new.address.key())
            .set_addon_version(attrs.version.clone())
            .resolve_conflicts(ResolveConflicts::Overwrite)
            .set_pod_identity_associations(associations(&attrs)?.filter(|list| !list.is_empty()))
            .client_request_token(new.token)
            .set_tags(eks::to_tags(&attrs.tags))
            .send()
            .await
            .at("eks:CreateAddon")?;
        let addon = expect_created(made.addon, "eks:CreateAddon")?;
        let found = found_of(cx, new.address, addon, BTreeMap::new(), true);
        Ok(Found { attrs, ..found })
    }

    /// Keeps what people have set inside the add-on since.
    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let call = "eks:UpdateAddon";
        eks::check_update(found, call)?;
        let had = &found.attrs;
        eks::retag(cx, found, &had.tags, &wanted.tags).await?;
        if (&had.version, &had.pod_identity) == (&wanted.version, &wanted.pod_identity) {
            return Ok(Progress::Done);
        }
        let change = cx
            .aws
            .eks
            .update_addon()
            .cluster_name(&had.cluster)
            .addon_name(&found.id)
            .set_addon_version(wanted.version.clone())
            .set_pod_identity_associations(associations(wanted)?)
            .resolve_conflicts(ResolveConflicts::Preserve);
        eks::progress(change.send().await.at(call)?.update, call)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (cluster, name, call) = (&found.attrs.cluster, &found.id, "eks:DeleteAddon");
        let Some(live) = describe(cx, cluster, name).await? else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, name, &eks::tags(live.tags), permit, call)?;
        if live.status != Some(AddonStatus::Deleting) {
            cx.aws.eks.delete_addon().cluster_name(cluster).addon_name(name).send().await.at(call)?;
        }
        Ok(Progress::Underway)
    }
}

async fn list(cx: Context<'_>, cluster: &str) -> Result<Vec<String>, Failure> {
    let pages = cx.aws.eks.list_addons().cluster_name(cluster).into_paginator().items().send();
    let names = pages.try_collect().await;
    Ok(names.at("eks:ListAddons").optional()?.unwrap_or_default())
}

async fn describe(cx: Context<'_>, cluster: &str, name: &str) -> Result<Option<Described>, Failure> {
    let call = cx.aws.eks.describe_addon().cluster_name(cluster).addon_name(name);
    let answer = call.send().await.at("eks:DescribeAddon").optional()?;
    Ok(answer.and_then(|answer| answer.addon))
}

/// The roles of an add-on's service accounts; the add-on itself only names associations.
async fn roles(
    cx: Context<'_>,
    cluster: &str,
    associations: &[String],
    known: &BTreeMap<String, PodIdentityAssociation>,
) -> Result<BTreeMap<String, String>, Failure> {
    let ids = associations.iter().filter_map(|arn| Some(arn.rsplit_once('/')?.1.to_string()));
    let read = named::details(ids, |id| async move {
        let association = match known.get(&id) {
            Some(association) => Some(association.clone()),
            None => pod_identity::describe(cx, cluster, &id).await?,
        };
        Ok(association.and_then(|association| Some((association.service_account?, association.role_arn?))))
    });
    Ok(read.await?.into_iter().collect())
}

/// `pinned`: whether the spec says which version it wants; if not, none is a difference.
fn found_of(
    cx: Context<'_>,
    address: Address,
    addon: Described,
    roles: BTreeMap<String, String>,
    pinned: bool,
) -> Found<Attrs> {
    // What failed to update, or lacks nodes to run on, is still there and can be updated.
    let status = match addon.status {
        Some(AddonStatus::Active | AddonStatus::Degraded | AddonStatus::UpdateFailed) => Status::Ready,
        Some(AddonStatus::Deleting) => Status::Deleting,
        Some(AddonStatus::CreateFailed | AddonStatus::DeleteFailed) => Status::Failed,
        _ => Status::Pending,
    };
    let attrs = Attrs {
        cluster: addon.cluster_name.unwrap_or_default(),
        version: addon.addon_version.clone().filter(|_| pinned),
        pod_identity: roles,
        tags: cx.managed(eks::tags(addon.tags)),
    };
    let mut found = Found::new(address, addon.addon_name.unwrap_or_default(), attrs).status(status);
    for (output, value) in [("arn", addon.addon_arn), ("version", addon.addon_version)] {
        if let Some(value) = value {
            found = found.output(output, value);
        }
    }
    found
}

fn associations(wanted: &Attrs) -> Result<Option<Vec<AddonPodIdentityAssociations>>, Failure> {
    let association = |(account, role): (&String, &String)| {
        AddonPodIdentityAssociations::builder().service_account(account).role_arn(role).build()
    };
    let associations: Result<Vec<_>, _> = wanted.pod_identity.iter().map(association).collect();
    let invalid = |error| Failure::new(FailureClass::Invalid, "billpay", format!("{error}"));
    Ok(Some(associations.map_err(invalid)?))
}
