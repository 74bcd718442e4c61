//! Managed policies of our own: documents that several roles share.

use async_trait::async_trait;
use aws_sdk_iam::types::{PolicyUsageType, PolicyVersion};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::Attachment;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::resource::Tags;
use billpay_model::{access, names};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::addresses;
use super::support::iam;
use super::support::owned::{self, TagChanges};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, attachment, tags};
use crate::{Explain, Optional};

pub struct Policy;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    document: Value,
    tags: Tags,
}

/// Number of versions of a policy that IAM keeps; one more is refused until one is deleted.
const VERSIONS: usize = 5;

#[async_trait]
impl Kind for Policy {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "policy",
        component: "iam",
        aws_type: "AWS::IAM::ManagedPolicy",
        immutable: &[],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: true,
        global: true,
        holds_data: false,
        gives_access: &["document"],
        usual: Usual::QUICK,
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    /// The permissions boundary of the roles that run people's code.
    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let address = addresses::policy("boundary");
        let name = names::boundary(env);
        let tags = tags(env, &address, &name);
        vec![Desire::new(address, Attrs { document: access::boundary(env), tags, name })]
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let policies = match (look.only, look.wanted.first()) {
            (Some(_), Some((_, wanted))) => one(cx, &wanted.name).await?.into_iter().collect(),
            _ => all(cx).await?,
        };
        let found = policies.into_iter().filter_map(|(arn, attrs)| {
            let wanted = look.wanted(|wanted| wanted.name == attrs.name).map(|(address, _)| address);
            let identity = Identity::new(&arn, &attrs.tags).named(&attrs.name);
            let (address, ownership) = cx.owner_of::<Policy>(&identity, wanted, look.only)?;
            let attrs = Attrs { tags: cx.managed(attrs.tags), ..attrs };
            let name = attrs.name.clone();
            Some(Found::new(address, &arn, attrs).owned(ownership).output("arn", arn).output("name", name))
        });
        Ok(found.collect())
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        let mut attachments = vec![];
        for policy in leaving {
            let Some(arn) = policy.outputs.get("arn") else { continue };
            for usage in [PolicyUsageType::PermissionsPolicy, PolicyUsageType::PermissionsBoundary] {
                let call = cx.aws.iam.list_entities_for_policy().policy_arn(arn).policy_usage_filter(usage);
                let mut pages = call.into_paginator().send();
                while let Some(page) = pages.next().await {
                    let Some(page) = page.at("iam:ListEntitiesForPolicy").optional()? else { break };
                    let roles = page.policy_roles.into_iter().flatten().filter_map(|role| role.role_name);
                    let users = page.policy_users.into_iter().flatten().filter_map(|user| user.user_name);
                    let groups =
                        page.policy_groups.into_iter().flatten().filter_map(|group| group.group_name);
                    let roles = roles.filter(|role| !own.has("role", role)).map(|name| (name, "role"));
                    let others = users.map(|name| (name, "user")).chain(groups.map(|name| (name, "group")));
                    attachments.extend(roles.chain(others).map(|(id, kind)| {
                        attachment::<Policy>(&policy.id, id, format!("{kind} that has the policy"))
                    }));
                }
            }
        }
        attachments.dedup();
        Ok(attachments)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .iam
            .create_policy()
            .policy_name(&new.attrs.name)
            .policy_document(new.attrs.document.to_string())
            .set_tags(Some(iam::to_tags(&new.attrs.tags)?))
            .send()
            .await
            .at("iam:CreatePolicy")?;
        let arn = made.policy.and_then(|policy| policy.arn);
        let arn = arn.unwrap_or_else(|| names::policy_arn(cx.env, &new.attrs.name));
        let name = new.attrs.name.clone();
        Ok(Found::new(new.address, &arn, new.attrs).output("arn", arn).output("name", name))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let (iam, arn) = (&cx.aws.iam, &found.id);
        if found.attrs.document != wanted.document {
            make_room(cx, arn).await?;
            let call = iam.create_policy_version().policy_arn(arn).set_as_default(true);
            let call = call.policy_document(wanted.document.to_string());
            call.send().await.at("iam:CreatePolicyVersion")?;
        }
        let set = async |set: Tags| {
            let call = iam.tag_policy().policy_arn(arn).set_tags(Some(iam::to_tags(&set)?));
            call.send().await.at("iam:TagPolicy").map(drop)
        };
        let unset = async |unset| {
            let call = iam.untag_policy().policy_arn(arn).set_tag_keys(Some(unset));
            call.send().await.at("iam:UntagPolicy").map(drop)
        };
        TagChanges::new(&found.attrs.tags, &wanted.tags).apply(set, unset).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let arn = &found.id;
        let live = tags_of(cx, arn).await?;
        owned::prove_deletable(cx, &found.address, arn, &live, permit, "iam:DeletePolicy")?;
        let others = versions(cx, arn).await?.into_iter().filter(|version| !version.is_default_version);
        try_join_all(others.map(|version| delete_version(cx, arn, version))).await?;
        cx.aws.iam.delete_policy().policy_arn(arn).send().await.at("iam:DeletePolicy")?;
        Ok(Progress::Done)
    }
}

/// Every policy of the account that carries a name of this environment, with its tags,
/// which come one policy at a time.
async fn all(cx: Context<'_>) -> Result<Vec<(String, Attrs)>, Failure> {
    let prefix = names::own(cx.env, "");
    let pages = iam::everything(cx).await?;
    let policies = pages.into_iter().flat_map(|page| page.policies.unwrap_or_default());
    let ours = policies.filter_map(|policy| {
        let (arn, versions) = (policy.arn?, policy.policy_version_list);
        let name = arn.rsplit('/').next()?.to_string();
        (cx.is_thorough || name.starts_with(&prefix)).then_some((arn, name, versions))
    });
    let read = try_join_all(ours.map(|(arn, name, versions)| async {
        let document = versions.unwrap_or_default().into_iter().find(|version| version.is_default_version);
        let document = document.and_then(|version| version.document).unwrap_or_default();
        let tags = tags_of(cx, &arn).await.optional()?;
        Ok::<_, Failure>(tags.map(|tags| (arn, Attrs { name, document: iam::document(&document), tags })))
    }));
    Ok(read.await?.into_iter().flatten().collect())
}

/// One policy, by its name.
async fn one(cx: Context<'_>, name: &str) -> Result<Option<(String, Attrs)>, Failure> {
    let arn = names::policy_arn(cx.env, name);
    let read = async {
        let policy = cx.aws.iam.get_policy().policy_arn(&arn).send().await.at("iam:GetPolicy")?.policy;
        let version = policy.as_ref().and_then(|policy| policy.default_version_id()).unwrap_or("v1");
        let call = cx.aws.iam.get_policy_version().policy_arn(&arn).version_id(version);
        let version = call.send().await.at("iam:GetPolicyVersion")?.policy_version;
        let document = version.and_then(|version| version.document).unwrap_or_default();
        let tags = iam::tags(policy.and_then(|policy| policy.tags));
        Ok::<_, Failure>(Attrs { name: name.to_string(), document: iam::document(&document), tags })
    };
    Ok(read.await.optional()?.map(|attrs| (arn, attrs)))
}

async fn tags_of(cx: Context<'_>, arn: &str) -> Result<Tags, Failure> {
    let pages = cx.aws.iam.list_policy_tags().policy_arn(arn).into_paginator().items().send();
    let tags = pages.try_collect().await;
    Ok(iam::tags(Some(tags.at("iam:ListPolicyTags")?)))
}

async fn versions(cx: Context<'_>, arn: &str) -> Result<Vec<PolicyVersion>, Failure> {
    let pages = cx.aws.iam.list_policy_versions().policy_arn(arn).into_paginator().items().send();
    pages.try_collect().await.at("iam:ListPolicyVersions")
}

/// Deletes the oldest version that is not in force, if there is no room for another.
async fn make_room(cx: Context<'_>, arn: &str) -> Result<(), Failure> {
    let versions = versions(cx, arn).await?;
    if versions.len() < VERSIONS {
        return Ok(());
    }
    let number = |version: &PolicyVersion| -> u32 {
        version.version_id().and_then(|id| id.trim_start_matches('v').parse().ok()).unwrap_or(u32::MAX)
    };
    let oldest = versions.into_iter().filter(|version| !version.is_default_version).min_by_key(number);
    match oldest {
        Some(version) => delete_version(cx, arn, version).await,
        None => Ok(()),
    }
}

async fn delete_version(cx: Context<'_>, arn: &str, version: PolicyVersion) -> Result<(), Failure> {
    let call = cx.aws.iam.delete_policy_version().policy_arn(arn).set_version_id(version.version_id);
    call.send().await.at("iam:DeletePolicyVersion").optional().map(drop)
}
