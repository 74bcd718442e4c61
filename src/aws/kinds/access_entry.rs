//! EKS access entries: which IAM principals may use the cluster, and how far.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_eks::types::{AccessEntry as Described, AccessScope, AccessScopeType};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity, Ownership};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::{AccessPolicy, Environment};
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Owner, Tags};
use futures::future::try_join_all;
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::support::{eks, named, owned};
use super::{addresses, role};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Lagging, Optional};

pub struct AccessEntry;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    cluster: String,
    principal: String,
    /// EKS access policies by ARN, with the namespaces that each is limited to (sorted);
    /// an empty list is the whole cluster.
    policies: BTreeMap<String, Vec<String>>,
    tags: Tags,
}

/// The key of the entry through which workflows deploy.
const GITHUB: &str = "github";

/// Returns the principal that the spec wants at an entry's key, if it wants one.
fn principal(env: &Environment, key: &str) -> Option<String> {
    let github = || names::role_arn(env, &names::github_role(env));
    let people = env.cluster.access.get(key);
    people
        .map(|access| access.principal.replace("{account}", &env.account))
        .or_else(|| (key == GITHUB).then(github))
}

fn policy_arn(policy: AccessPolicy) -> String {
    format!("arn:aws:eks::aws:cluster-access-policy/{}", names::access_policy(policy))
}

fn entry(
    env: &Environment,
    name: &str,
    principal: String,
    policy: AccessPolicy,
    mut namespaces: Vec<String>,
) -> Desire<Attrs> {
    namespaces.sort();
    namespaces.dedup();
    let address = addresses::access_entry(name);
    let attrs = Attrs {
        cluster: names::cluster(env),
        principal,
        policies: BTreeMap::from([(policy_arn(policy), namespaces)]),
        tags: tags(env, &address, name),
    };
    Desire::new(address, attrs).after([addresses::cluster()])
}

#[async_trait]
impl Kind for AccessEntry {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "access-entry",
        component: "eks",
        aws_type: "AWS::EKS::AccessEntry",
        immutable: &["cluster", "principal"],
        gives_access: &["principal", "policies"],
        stands_on: &[Base::parent("cluster"), Base::used("role")],
        constraints: &[Constraint::Unique(&["cluster", "principal"])],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual::QUICK,
    };
    /// The name is the principal's ARN, which the spec gives: another one is another spec's, and is
    /// replaced.
    fn fits(_: &Environment, _: &Address, _: &str) -> Fit {
        Fit::Nameless
    }

    /// The spec's, and the one through which workflows deploy: edit, in the namespace of
    /// the services only.
    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let wanted = |name: &str, policy, namespaces| {
            principal(env, name).map(|principal| entry(env, name, principal, policy, namespaces))
        };
        let people = env.cluster.access.iter().filter_map(|(name, access)| {
            wanted(name, access.policy, access.namespaces.clone().unwrap_or_default())
        });
        let github = wanted(GITHUB, AccessPolicy::Edit, vec![names::namespace(env)]);
        let github = github.map(|github| github.after([addresses::role(role::GITHUB)]));
        people.chain(github).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let cluster = &names::cluster(cx.env);
        let principals = match (look.only, look.wanted.first()) {
            (Some(_), Some((_, wanted))) => vec![wanted.principal.clone()],
            _ => {
                let pages = cx.aws.eks.list_access_entries().cluster_name(cluster);
                let principals = pages.into_paginator().items().send().try_collect().await;
                principals.at("eks:ListAccessEntries").optional()?.unwrap_or_default()
            }
        };
        let read = |principal: String| async move {
            let both = try_join!(describe(cx, cluster, &principal), policies(cx, cluster, &principal));
            Ok(both.optional()?.and_then(|(entry, policies)| Some((entry?, policies))))
        };
        let entries = named::details(principals, read).await?;
        let found = entries.into_iter().filter_map(|(entry, policies)| {
            let principal = entry.principal_arn.unwrap_or_default();
            let tags = eks::tags(entry.tags);
            let wanted = look.wanted(|wanted| wanted.principal == principal).map(|(address, _)| address);
            let is_unique = wanted.is_some();
            let identity = Identity { is_unique, ..Identity::new(&principal, &tags).named(&principal) };
            let owner = cx.owner_of::<AccessEntry>(&identity, wanted, look.only);
            // EKS makes entries of other types for nodes, and for roles of its own.
            let is_guest = look.only.is_none()
                && entry.r#type.as_deref() == Some("STANDARD")
                && !principal.contains(":role/aws-service-role/");
            let guest = || {
                let access = access(&policies, &entry.kubernetes_groups.clone().unwrap_or_default());
                is_guest
                    .then(|| (addresses::access_entry(&principal), Ownership::of(Owner::Guest { access })))
            };
            let (address, ownership) = owner.or_else(guest)?;
            let (id, cluster) = (principal.clone(), entry.cluster_name.unwrap_or_default());
            let attrs = Attrs { cluster, principal, policies, tags: cx.managed(tags) };
            let arn = entry.access_entry_arn.unwrap_or_default();
            Some(Found::new(address, id, attrs).owned(ownership).output("arn", arn))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let attrs = new.attrs;
        let made = cx
            .aws
            .eks
            .create_access_entry()
            .cluster_name(&attrs.cluster)
            .principal_arn(&attrs.principal)
            .client_request_token(new.token)
            .set_tags(eks::to_tags(&attrs.tags))
            .send()
            .await
            .at("eks:CreateAccessEntry")?;
        try_join_all(attrs.policies.iter().map(|policy| associate(cx, &attrs, policy))).await?;
        let arn = made.access_entry.and_then(|entry| entry.access_entry_arn).unwrap_or_default();
        Ok(Found::new(new.address, attrs.principal.clone(), attrs).output("arn", arn))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let had = &found.attrs;
        // What takes rights away goes before what gives some.
        for policy in had.policies.keys().filter(|policy| !wanted.policies.contains_key(*policy)) {
            let call = cx.aws.eks.disassociate_access_policy().cluster_name(&had.cluster);
            let call = call.principal_arn(&had.principal).policy_arn(policy);
            call.send().await.at("eks:DisassociateAccessPolicy").optional()?;
        }
        let changed = wanted.policies.iter().filter(|(arn, scope)| had.policies.get(*arn) != Some(scope));
        try_join_all(changed.map(|policy| associate(cx, had, policy))).await?;
        eks::retag(cx, found, &had.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (cluster, principal) = (&found.attrs.cluster, &found.id);
        let call = "eks:DeleteAccessEntry";
        let Some(live) = describe(cx, cluster, principal).await? else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, principal, &eks::tags(live.tags), permit, call)?;
        let delete = cx.aws.eks.delete_access_entry().cluster_name(cluster).principal_arn(principal);
        delete.send().await.at(call)?;
        Ok(Progress::Done)
    }
}

/// Says what an entry may do: its policies with their namespaces, and its groups.
fn access(policies: &BTreeMap<String, Vec<String>>, groups: &[String]) -> String {
    let policy = |(arn, namespaces): (&String, &Vec<String>)| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        match namespaces.as_slice() {
            [] => format!("{name} in the whole cluster"),
            some => format!("{name} in {}", some.join(", ")),
        }
    };
    let groups = groups.iter().map(|group| format!("group {group}"));
    let all: Vec<String> = policies.iter().map(policy).chain(groups).collect();
    if all.is_empty() { "no policy".to_string() } else { all.join("; ") }
}

async fn describe(cx: Context<'_>, cluster: &str, principal: &str) -> Result<Option<Described>, Failure> {
    let call = cx.aws.eks.describe_access_entry().cluster_name(cluster).principal_arn(principal);
    let answer = call.send().await.at("eks:DescribeAccessEntry").optional()?;
    Ok(answer.and_then(|answer| answer.access_entry))
}

async fn policies(
    cx: Context<'_>,
    cluster: &str,
    principal: &str,
) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let call = cx.aws.eks.list_associated_access_policies().cluster_name(cluster).principal_arn(principal);
    let policies = call.into_paginator().items().send().try_collect().await;
    let policies = policies.at("eks:ListAssociatedAccessPolicies")?.into_iter().filter_map(|policy| {
        let mut namespaces = policy.access_scope.and_then(|scope| scope.namespaces).unwrap_or_default();
        namespaces.sort();
        Some((policy.policy_arn?, namespaces))
    });
    Ok(policies.collect())
}

/// Associates a policy; one that is associated already gets the scope.
async fn associate(cx: Context<'_>, of: &Attrs, policy: (&String, &Vec<String>)) -> Result<(), Failure> {
    let (arn, namespaces) = policy;
    let scope = match namespaces.is_empty() {
        true => AccessScope::builder().r#type(AccessScopeType::Cluster),
        false => {
            AccessScope::builder().r#type(AccessScopeType::Namespace).set_namespaces(Some(namespaces.clone()))
        }
    };
    let call = cx.aws.eks.associate_access_policy().cluster_name(&of.cluster).principal_arn(&of.principal);
    let call = call.policy_arn(arn).access_scope(scope.build());
    call.send().await.at("eks:AssociateAccessPolicy").lagging()?;
    Ok(())
}
