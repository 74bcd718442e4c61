//! EKS Fargate profiles: pods of some namespaces run without nodes.

use async_trait::async_trait;
use aws_sdk_eks::types::{FargateProfile as Described, FargateProfileSelector, FargateProfileStatus};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Status, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::addresses::{self, Side};
use super::subnet;
use super::support::ec2::{self, Keys, Refs};
use super::support::{eks, named, owned};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Optional, expect_created};

pub struct FargateProfile;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    cluster: String,
    role_arn: String,
    subnets: Refs,
    /// Sorted.
    namespaces: Vec<String>,
    tags: Tags,
}

#[async_trait]
impl Kind for FargateProfile {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "fargate-profile",
        component: "eks",
        aws_type: "AWS::EKS::FargateProfile",
        immutable: &["cluster", "role_arn", "subnets", "namespaces"],
        gives_access: &["role_arn"],
        stands_on: &[Base::held("cluster"), Base::used("role"), Base::held("subnet")],
        constraints: &[],
        create_first: false,
        named: true,
        global: false,
        holds_data: false,
        usual: Usual { create: 120, update: 1, delete: 120 },
    };
    fn fits(_: &Environment, address: &Address, name: &str) -> Fit {
        Fit::nameless(name, address.key())
    }

    /// EKS makes and deletes one profile of a cluster at a time, so they stand in a row.
    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |(name, spec): (&String, &billpay_model::environment::FargateProfile)| {
            let address = addresses::fargate_profile(name);
            let mut namespaces = spec.namespaces.clone();
            namespaces.sort();
            namespaces.dedup();
            let attrs = Attrs {
                cluster: names::cluster(env),
                role_arn: names::role_arn(env, &names::cluster_role(env, "fargate")),
                subnets: ec2::refs(addresses::subnets(env, Side::Private)),
                namespaces,
                tags: tags(env, &address, name),
            };
            Desire::new(address, attrs)
                .after([addresses::cluster(), addresses::role("fargate")])
                .after(addresses::route_tables(env))
        };
        let mut wanted: Vec<Desire<Attrs>> = env.cluster.fargate.iter().map(desire).collect();
        for index in 1..wanted.len() {
            let before = wanted[index - 1].address.clone();
            wanted[index].after.insert(before);
        }
        wanted
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let cluster = &names::cluster(cx.env);
        let names = match look.only {
            Some(only) => vec![only.key().to_string()],
            None => eks::fargate_profiles(cx, cluster).await?,
        };
        if names.is_empty() {
            return Ok(vec![]);
        }
        let profiles = named::details(names, |name| async move { describe(cx, cluster, &name).await });
        let (profiles, keys) = try_join!(profiles, subnet::keys(cx))?;
        let found = profiles.into_iter().filter_map(|profile| {
            let tags = eks::tags(profile.tags.clone());
            let wanted = look.wanted.iter().map(|(address, _)| address);
            let wanted = wanted.into_iter().find(|want| profile.fargate_profile_name() == Some(want.key()));
            let name = profile.fargate_profile_name().unwrap_or_default();
            let identity = Identity::new(name, &tags).named(name);
            let (address, ownership) = cx.owner_of::<FargateProfile>(&identity, wanted, look.only)?;
            Some(found_of(cx, address, profile, &keys).owned(ownership))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let attrs = new.attrs;
        let selectors = attrs
            .namespaces
            .iter()
            .map(|namespace| FargateProfileSelector::builder().namespace(namespace).build());
        let made = cx
            .aws
            .eks
            .create_fargate_profile()
            .cluster_name(&attrs.cluster)
            .fargate_profile_name(new.address.key())
            .pod_execution_role_arn(&attrs.role_arn)
            .set_subnets(eks::ids(&attrs.subnets))
            .set_selectors(Some(selectors.collect()))
            .client_request_token(new.token)
            .set_tags(eks::to_tags(&attrs.tags))
            .send()
            .await
            .at("eks:CreateFargateProfile")?;
        let profile = expect_created(made.fargate_profile, "eks:CreateFargateProfile")?;
        Ok(Found { attrs, ..found_of(cx, new.address, profile, &Keys::new()) })
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        eks::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (cluster, name, call) = (&found.attrs.cluster, &found.id, "eks:DeleteFargateProfile");
        let Some(live) = describe(cx, cluster, name).await? else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, name, &eks::tags(live.tags), permit, call)?;
        if live.status != Some(FargateProfileStatus::Deleting) {
            let delete = cx.aws.eks.delete_fargate_profile().cluster_name(cluster);
            delete.fargate_profile_name(name).send().await.at(call)?;
        }
        Ok(Progress::Underway)
    }
}

async fn describe(cx: Context<'_>, cluster: &str, name: &str) -> Result<Option<Described>, Failure> {
    let call = cx.aws.eks.describe_fargate_profile().cluster_name(cluster).fargate_profile_name(name);
    let answer = call.send().await.at("eks:DescribeFargateProfile").optional()?;
    Ok(answer.and_then(|answer| answer.fargate_profile))
}

fn found_of(cx: Context<'_>, address: Address, profile: Described, keys: &Keys) -> Found<Attrs> {
    let selectors = profile.selectors.unwrap_or_default().into_iter();
    let mut namespaces: Vec<String> = selectors.filter_map(|selector| selector.namespace).collect();
    namespaces.sort();
    let attrs = Attrs {
        cluster: profile.cluster_name.unwrap_or_default(),
        role_arn: profile.pod_execution_role_arn.unwrap_or_default(),
        subnets: ec2::found_refs(profile.subnets.unwrap_or_default(), keys),
        namespaces,
        tags: cx.managed(eks::tags(profile.tags)),
    };
    let status = match profile.status {
        Some(FargateProfileStatus::Active) => Status::Ready,
        Some(FargateProfileStatus::Deleting) => Status::Deleting,
        Some(FargateProfileStatus::CreateFailed | FargateProfileStatus::DeleteFailed) => Status::Failed,
        _ => Status::Pending,
    };
    let name = profile.fargate_profile_name.unwrap_or_default();
    let arn = profile.fargate_profile_arn.unwrap_or_default();
    Found::new(address, name, attrs).status(status).output("arn", arn)
}
