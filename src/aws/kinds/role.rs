//! IAM roles: the cluster's, the services', and those that workflows take.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::types::InstanceProfile;
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::{Claim, Fit, Identity, claim};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::{Environment, Service};
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{ADDRESS_TAG, ENVIRONMENT_TAG, Tags};
use billpay_model::{access, names};
use futures::future::try_join_all;
use futures::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::addresses;
use super::support::iam;
use super::support::owned::{self, TagChanges};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Lagging, Optional};

pub struct Role;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    path: String,
    description: String,
    max_session_seconds: i32,
    trust: Value,
    /// ARN of the policy that bounds what the role may do, whatever else allows it.
    boundary: Option<String>,
    /// ARNs of managed policies, sorted.
    managed: Vec<String>,
    /// Inline policies, by name.
    inline: BTreeMap<String, Value>,
    tags: Tags,
}

/// Key of the role that workflows of services take.
pub const GITHUB: &str = "github";
/// Key of the role that workflows of frontends take.
const GITHUB_FRONTENDS: &str = "github-frontends";

/// Returns the names of AWS's own policies for EKS, behind `arn:aws:iam::aws:policy/`.
fn managed(policies: &[&str]) -> Vec<String> {
    policies.iter().map(|policy| format!("arn:aws:iam::aws:policy/{policy}")).collect()
}

/// A role with no permissions yet, an hour's sessions and no boundary.
fn plain(env: &Environment, address: &Address, name: String, description: &str, trust: Value) -> Attrs {
    Attrs {
        path: "/".to_string(),
        description: description.to_string(),
        max_session_seconds: 3600,
        trust,
        boundary: None,
        managed: vec![],
        inline: BTreeMap::new(),
        tags: tags(env, address, &name),
        name,
    }
}

/// A role that the cluster itself needs.
fn for_cluster(env: &Environment, key: &str, description: &str, trust: Value) -> Desire<Attrs> {
    let address = addresses::role(key);
    let attrs = plain(env, &address, names::cluster_role(env, key), description, trust);
    Desire::new(address, attrs)
}

/// A role of people's code: bounded.
fn bounded(env: &Environment, address: Address, attrs: Attrs) -> Desire<Attrs> {
    let boundary = Some(names::policy_arn(env, &names::boundary(env)));
    Desire::new(address, Attrs { boundary, ..attrs }).after([addresses::policy("boundary")])
}

impl Role {
    fn platform(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let with = |mut desire: Desire<Attrs>, policies: &[&str]| {
            desire.attrs.managed = managed(policies);
            desire
        };
        let trust_pods = || access::trust_pods(env);
        let mut roles = vec![
            with(
                for_cluster(
                    env,
                    "cluster",
                    "Lets EKS run the control plane",
                    access::trust_service("eks.amazonaws.com"),
                ),
                &["AmazonEKSClusterPolicy"],
            ),
            with(
                for_cluster(
                    env,
                    "nodes",
                    "Lets nodes join the cluster and pull images",
                    access::trust_service("ec2.amazonaws.com"),
                ),
                &["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"],
            ),
        ];
        let cluster = &env.cluster;
        if cluster.addons.contains_key("vpc-cni") {
            let role = for_cluster(env, "vpc-cni", "Lets the VPC CNI give pods addresses", trust_pods());
            roles.push(with(role, &["AmazonEKS_CNI_Policy"]));
        }
        if cluster.addons.contains_key("aws-ebs-csi-driver") {
            let role = for_cluster(env, "ebs-csi", "Lets the EBS CSI driver make volumes", trust_pods());
            roles.push(with(role, &["service-role/AmazonEBSCSIDriverPolicy"]));
        }
        if !cluster.fargate.is_empty() {
            let trust = access::trust_fargate(env);
            let role = for_cluster(env, "fargate", "Lets EKS run pods on Fargate", trust);
            roles.push(with(role, &["AmazonEKSFargatePodExecutionRolePolicy"]));
        }
        if cluster.load_balancer_controller {
            let mut role = for_cluster(
                env,
                "load-balancer-controller",
                "Lets the AWS Load Balancer Controller make load balancers",
                trust_pods(),
            );
            let document = access::load_balancer_controller(env);
            role.attrs.inline.insert("load-balancing".to_string(), document);
            roles.push(role);
        }
        roles
    }

    fn services(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let role = |(service, spec): (&String, &Service)| {
            let address = addresses::role_of_service(service);
            let name = names::service_role(env, service);
            let description = format!("What {service} may do in AWS");
            let mut attrs = plain(env, &address, name, &description, access::trust_pods(env));
            let document = access::service(env, spec);
            attrs.inline.extend(document.map(|document| ("service".to_string(), document)));
            bounded(env, address, attrs)
        };
        env.services.iter().map(role).collect()
    }

    /// The roles that workflows take. Frontends that name repositories have one of their own.
    fn github(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let role = |key: &str, name: String, purpose: &str, subjects: Vec<String>, deploy: Value| {
            let at = addresses::role(key);
            let description = format!("What GitHub Actions may do {purpose}{}", env.environment);
            let trust = access::trust_github(env, subjects);
            let mut attrs = plain(env, &at, name, &description, trust);
            attrs.max_session_seconds = i32::try_from(env.github.session_seconds).unwrap_or(3600);
            attrs.inline.insert("deploy".to_string(), deploy);
            bounded(env, at, attrs).after([addresses::github_oidc_provider()])
        };
        let services = names::github_subjects(env);
        let frontends = names::github_frontends_subjects(env);
        let mut roles = vec![role(GITHUB, names::github_role(env), "in ", services, access::github(env))];
        if !frontends.is_empty() {
            let name = names::github_frontends_role(env);
            let deploy = access::github_frontends(env);
            roles.push(role(GITHUB_FRONTENDS, name, "with frontends in ", frontends, deploy));
        }
        roles
    }
}

#[async_trait]
impl Kind for Role {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "role",
        component: "iam",
        aws_type: "AWS::IAM::Role",
        immutable: &["path"],
        stands_on: &[Base::held("policy"), Base::used("oidc-provider")],
        constraints: &[],
        create_first: false,
        named: true,
        global: true,
        holds_data: false,
        gives_access: &["trust", "managed", "inline", "boundary"],
        usual: Usual { create: 2, update: 1, delete: 2 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        match address.key() {
            GITHUB => Fit::nameless(name, &names::github_role(env)),
            GITHUB_FRONTENDS => Fit::nameless(name, &names::github_frontends_role(env)),
            key => match key.strip_prefix("service.") {
                Some(service) => Fit::whole(name, &names::service_role(env, service)),
                None => Fit::whole(name, &names::cluster_role(env, key)),
            },
        }
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let mut roles = self.platform(env);
        roles.extend(self.services(env));
        roles.extend(self.github(env));
        roles
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let roles = match (look.only, look.wanted.first()) {
            (Some(_), Some((_, wanted))) => one(cx, &wanted.name).await?.into_iter().collect(),
            _ => all(cx).await?,
        };
        let found = roles.into_iter().filter_map(|mut role| {
            let wanted = look.wanted(|wanted| wanted.name == role.attrs.name).map(|(address, _)| address);
            let identity = Identity::new(&role.attrs.name, &role.attrs.tags).named(&role.attrs.name);
            let (address, ownership) = cx.owner_of::<Role>(&identity, wanted, look.only)?;
            role.attrs.tags = cx.managed(role.attrs.tags);
            let name = role.attrs.name.clone();
            let found = Found::new(address, name.clone(), role.attrs);
            Some(found.owned(ownership).output("name", name).output("arn", role.arn))
        });
        Ok(found.collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let attrs = new.attrs;
        let made = cx
            .aws
            .iam
            .create_role()
            .role_name(&attrs.name)
            .path(&attrs.path)
            .description(&attrs.description)
            .max_session_duration(attrs.max_session_seconds)
            .assume_role_policy_document(attrs.trust.to_string())
            .set_permissions_boundary(attrs.boundary.clone())
            .set_tags(Some(iam::to_tags(&attrs.tags)?))
            .send()
            .await
            .at("iam:CreateRole")
            .lagging()?;
        let arn = made.role.map(|role| role.arn).unwrap_or_default();
        try_join!(
            try_join_all(attrs.managed.iter().map(|policy| attach(cx, &attrs.name, policy))),
            try_join_all(attrs.inline.iter().map(|(name, document)| put(cx, &attrs.name, name, document))),
        )?;
        let name = attrs.name.clone();
        Ok(Found::new(new.address, name.clone(), attrs).output("name", name).output("arn", arn))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let (iam, name, had) = (&cx.aws.iam, &found.id, &found.attrs);
        // What takes rights away goes before what gives some.
        if had.boundary != wanted.boundary {
            match &wanted.boundary {
                Some(arn) => {
                    let call = iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
                    call.send().await.at("iam:PutRolePermissionsBoundary")?;
                }
                None => {
                    let call = iam.delete_role_permissions_boundary().role_name(name);
                    call.send().await.at("iam:DeleteRolePermissionsBoundary")?;
                }
            }
        }
        if had.trust != wanted.trust {
            let call = iam.update_assume_role_policy().role_name(name);
            let call = call.policy_document(wanted.trust.to_string());
            call.send().await.at("iam:UpdateAssumeRolePolicy")?;
        }
        let detached = had.managed.iter().filter(|arn| !wanted.managed.contains(arn));
        let removed = had.inline.keys().filter(|name| !wanted.inline.contains_key(*name));
        try_join!(
            try_join_all(detached.map(|arn| detach(cx, name, arn))),
            try_join_all(removed.map(|inline| remove(cx, name, inline))),
        )?;
        let attached = wanted.managed.iter().filter(|arn| !had.managed.contains(arn));
        let written = wanted.inline.iter().filter(|(name, document)| had.inline.get(*name) != Some(document));
        try_join!(
            try_join_all(attached.map(|arn| attach(cx, name, arn))),
            try_join_all(written.map(|(inline, document)| put(cx, name, inline, document))),
        )?;
        if (&had.description, had.max_session_seconds) != (&wanted.description, wanted.max_session_seconds) {
            let call = iam.update_role().role_name(name).description(&wanted.description);
            let call = call.max_session_duration(wanted.max_session_seconds);
            call.send().await.at("iam:UpdateRole")?;
        }
        let set = async |set: Tags| {
            let call = iam.tag_role().role_name(name).set_tags(Some(iam::to_tags(&set)?));
            call.send().await.at("iam:TagRole").map(drop)
        };
        let unset = async |unset| {
            let call = iam.untag_role().role_name(name).set_tag_keys(Some(unset));
            call.send().await.at("iam:UntagRole").map(drop)
        };
        TagChanges::new(&had.tags, &wanted.tags).apply(set, unset).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let (iam, name) = (&cx.aws.iam, &found.id);
        let role = iam.get_role().role_name(name).send().await.at("iam:GetRole").optional()?;
        let Some(role) = role.and_then(|answer| answer.role) else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, name, &iam::tags(role.tags), permit, "iam:DeleteRole")?;
        clear(cx, name, &found.attrs, &[]).await?;
        let deleted = iam.delete_role().role_name(name).send().await.at("iam:DeleteRole");
        match deleted {
            // Something came since the role was observed, or it is in an instance profile.
            Err(failure) if failure.class == FailureClass::InUse => {
                let profiles =
                    iam.list_instance_profiles_for_role().role_name(name).into_paginator().items().send();
                let profiles = async { profiles.try_collect().await.at("iam:ListInstanceProfilesForRole") };
                let (live, profiles) = try_join!(one(cx, name), profiles)?;
                let Some(live) = live else { return Ok(Progress::Done) };
                owned::prove_deletable(cx, &found.address, name, &live.attrs.tags, permit, "iam:DeleteRole")?;
                clear(cx, name, &live.attrs, &profiles).await?;
                iam.delete_role().role_name(name).send().await.at("iam:DeleteRole")?;
            }
            deleted => drop(deleted?),
        }
        Ok(Progress::Done)
    }
}

/// Takes off a role all that AWS doesn't delete it with.
async fn clear(
    cx: Context<'_>,
    role: &str,
    attrs: &Attrs,
    profiles: &[InstanceProfile],
) -> Result<(), Failure> {
    try_join!(
        try_join_all(attrs.managed.iter().map(|arn| detach(cx, role, arn))),
        try_join_all(attrs.inline.keys().map(|inline| remove(cx, role, inline))),
        try_join_all(profiles.iter().map(|profile| leave(cx, role, &profile.instance_profile_name))),
    )
    .map(drop)
}

/// The roles of an account through which workflows reach environments, of whatever project.
pub struct GithubRoles(Vec<Attrs>);

/// Reads the GitHub roles of the account.
pub async fn github_roles(cx: Context<'_>) -> Result<GithubRoles, Failure> {
    let addresses = [GITHUB, GITHUB_FRONTENDS].map(|key| addresses::role(key).to_string());
    let roles = all(cx).await?.into_iter().map(|role| role.attrs);
    let of_workflows = |role: &Attrs| role.tags.get(ADDRESS_TAG).is_some_and(|tag| addresses.contains(tag));
    Ok(GithubRoles(roles.filter(of_workflows).collect()))
}

impl GithubRoles {
    /// Returns whether a role stands for an environment of this name, of whatever project.
    pub fn stand_in(&self, environment: &str) -> bool {
        self.0.iter().any(|role| role.tags.get(ENVIRONMENT_TAG).is_some_and(|found| found == environment))
    }

    /// Returns whether this environment's own role stands.
    pub fn has_own(&self, cx: Context<'_>) -> bool {
        self.0.iter().any(|role| is_own(cx, role))
    }

    /// Returns whether a role of another project stands for an environment of the same name.
    pub fn has_another(&self, cx: Context<'_>) -> bool {
        let same = |role: &Attrs| role.tags.get(ENVIRONMENT_TAG) == Some(&cx.env.environment);
        self.0.iter().any(|role| same(role) && !is_own(cx, role))
    }
}

/// Returns whether a GitHub role is this environment's. Its name holds no project, and neither do
/// the tags of version 0.1: then the boundary has to be ours.
fn is_own(cx: Context<'_>, role: &Attrs) -> bool {
    let bounded = role.boundary == Some(names::policy_arn(cx.env, &names::boundary(cx.env)));
    [names::github_role(cx.env), names::github_frontends_role(cx.env)].contains(&role.name)
        && match claim(cx.env, &role.tags) {
            Claim::Ours(_) => true,
            Claim::Legacy { .. } => bounded,
            _ => false,
        }
}

/// A role as it was read, with all its tags.
struct Read {
    attrs: Attrs,
    arn: String,
}

/// Every role of the account. Authorization details lack two fields that the plain list has.
async fn all(cx: Context<'_>) -> Result<Vec<Read>, Failure> {
    let list = async {
        let pages = cx.aws.iam.list_roles().max_items(1000).into_paginator().items().send();
        pages.try_collect().await.at("iam:ListRoles")
    };
    let (pages, listed) = try_join!(iam::everything(cx), list)?;
    let listed: BTreeMap<String, _> = listed.into_iter().map(|role| (role.role_name.clone(), role)).collect();
    let details = pages.into_iter().flat_map(|page| page.role_detail_list.unwrap_or_default());
    let read = details.filter_map(|role| {
        let name = role.role_name?;
        let listed = listed.get(&name)?;
        let managed = role.attached_managed_policies.unwrap_or_default();
        let inline = role.role_policy_list.unwrap_or_default();
        let inline =
            inline.into_iter().filter_map(|policy| Some((policy.policy_name?, policy.policy_document?)));
        let attrs = Attrs {
            path: role.path.unwrap_or_default(),
            description: listed.description.clone().unwrap_or_default(),
            max_session_seconds: listed.max_session_duration.unwrap_or(3600),
            trust: iam::document(&role.assume_role_policy_document.unwrap_or_default()),
            boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
            managed: sorted(managed.into_iter().filter_map(|policy| policy.policy_arn)),
            inline: inline.map(|(name, document)| (name, iam::document(&document))).collect(),
            tags: iam::tags(role.tags),
            name,
        };
        Some(Read { attrs, arn: role.arn.unwrap_or_default() })
    });
    Ok(read.collect())
}

/// One role, by its name.
async fn one(cx: Context<'_>, name: &str) -> Result<Option<Read>, Failure> {
    let iam = &cx.aws.iam;
    let role = async {
        let answer = iam.get_role().role_name(name).send().await.at("iam:GetRole")?;
        Ok(answer.role)
    };
    let attached = async {
        let pages = iam.list_attached_role_policies().role_name(name).into_paginator().items().send();
        pages.try_collect().await.at("iam:ListAttachedRolePolicies")
    };
    let inline = async {
        let pages = iam.list_role_policies().role_name(name).into_paginator().items().send();
        let names = pages.try_collect().await;
        let documents = names.at("iam:ListRolePolicies")?.into_iter().map(|policy| async move {
            let call = iam.get_role_policy().role_name(name).policy_name(&policy);
            let answer = call.send().await.at("iam:GetRolePolicy")?;
            Ok::<_, Failure>((policy, iam::document(&answer.policy_document)))
        });
        try_join_all(documents).await
    };
    let read = async { try_join!(role, attached, inline) };
    let Some((role, attached, inline)) = read.await.optional()? else { return Ok(None) };
    Ok(role.map(|role| Read {
        attrs: Attrs {
            name: role.role_name,
            path: role.path,
            description: role.description.unwrap_or_default(),
            max_session_seconds: role.max_session_duration.unwrap_or(3600),
            trust: iam::document(&role.assume_role_policy_document.unwrap_or_default()),
            boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
            managed: sorted(attached.into_iter().filter_map(|policy| policy.policy_arn)),
            inline: inline.into_iter().collect(),
            tags: iam::tags(role.tags),
        },
        arn: role.arn,
    }))
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

async fn attach(cx: Context<'_>, role: &str, policy: &str) -> Result<(), Failure> {
    let call = cx.aws.iam.attach_role_policy().role_name(role).policy_arn(policy);
    call.send().await.at("iam:AttachRolePolicy").lagging()?;
    Ok(())
}

async fn put(cx: Context<'_>, role: &str, name: &str, document: &Value) -> Result<(), Failure> {
    let call = cx.aws.iam.put_role_policy().role_name(role).policy_name(name);
    call.policy_document(document.to_string()).send().await.at("iam:PutRolePolicy").lagging()?;
    Ok(())
}

/// Not there any more is as good as detached.
async fn detach(cx: Context<'_>, role: &str, policy: &str) -> Result<(), Failure> {
    let call = cx.aws.iam.detach_role_policy().role_name(role).policy_arn(policy);
    call.send().await.at("iam:DetachRolePolicy").optional().map(drop)
}

async fn remove(cx: Context<'_>, role: &str, name: &str) -> Result<(), Failure> {
    let call = cx.aws.iam.delete_role_policy().role_name(role).policy_name(name);
    call.send().await.at("iam:DeleteRolePolicy").optional().map(drop)
}

async fn leave(cx: Context<'_>, role: &str, profile: &str) -> Result<(), Failure> {
    let call = cx.aws.iam.remove_role_from_instance_profile().role_name(role).instance_profile_name(profile);
    call.send().await.at("iam:RemoveRoleFromInstanceProfile").optional().map(drop)
}
