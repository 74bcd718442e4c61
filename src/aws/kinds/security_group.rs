//! The security groups: who may talk to whom inside the VPC.
//!
//! The internet reaches the load balancers, they reach the services, the services reach one
//! another, the cluster's API and, through NAT, AWS. A group names another one only in this
//! direction (cluster → services → load-balancer), and itself by the word `self`: were two
//! groups to name each other, neither could be made first.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, NetworkInterface, ResourceType, SecurityGroup as Sdk};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::Attachment;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Ref, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use super::support::security_group_rules::{Direction, Rule, apply, observed, revoke_all};
use super::support::{ec2, interfaces};
use super::{addresses, vpc};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, attachment, tags};
use crate::{Explain, Lagging, expect_created};

pub struct SecurityGroup;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    vpc: Ref,
    name: String,
    description: String,
    rules: Vec<Rule>,
    tags: Tags,
}

impl ec2::TaggedAttrs for Attrs {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[async_trait]
impl Kind for SecurityGroup {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "security-group",
        component: "network",
        aws_type: "AWS::EC2::SecurityGroup",
        immutable: &["vpc", "name", "description"],
        gives_access: &["rules"],
        // Not one on another: two that name each other (a rule made by hand is enough)
        // would wait for each other for good. A delete revokes such rules instead.
        stands_on: &[Base::held("vpc")],
        constraints: &[Constraint::Unique(&["vpc", "name"])],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 3, update: 2, delete: 2 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let groups = [
            (
                addresses::load_balancer_security_group(),
                "Load balancers of the services",
                load_balancer_rules(env),
            ),
            (addresses::cluster_security_group(), "Control plane of the cluster", cluster_rules(env)),
            (addresses::services_security_group(), "Services on the cluster", services_rules(env)),
        ];
        let desire = |(address, description, mut rules): (Address, &str, Vec<Rule>)| {
            rules.sort();
            let name = names::own(env, address.key());
            let attrs = Attrs {
                vpc: Ref::id(&addresses::vpc()),
                tags: tags(env, &address, &name),
                name,
                description: description.to_string(),
                rules,
            };
            Desire::new(address, attrs)
        };
        groups.into_iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let names = look.wanted.iter().map(|(_, attrs)| attrs.name.clone()).collect();
        let named = Filter::builder().name("group-name").set_values(Some(names)).build();
        let (ours, named) = try_join!(list(cx, ec2::filters(cx, look.only)), list(cx, vec![named]))?;
        let known: BTreeSet<_> = ours.iter().map(|group| group.group_id.clone()).collect();
        let others: Vec<Sdk> = named.into_iter().filter(|group| !known.contains(&group.group_id)).collect();

        let mut found: Vec<Found<Attrs>> = vec![];
        for group in ours {
            found.extend(show(cx, group, None, look.only));
        }
        // A name is taken only inside its VPC, and what is in ours is rarely somebody else's.
        let vpcs = if others.is_empty() { vec![] } else { vpc::ids(cx).await? };
        for group in others {
            let name = group.group_name.clone().unwrap_or_default();
            let in_ours = group.vpc_id.as_ref().is_some_and(|vpc| vpcs.contains(vpc));
            if let Some((address, _)) = look.wanted(|attrs| attrs.name == name).filter(|_| in_ours) {
                found.extend(show(cx, group, Some(address), look.only));
            }
        }
        Ok(found)
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        let ids: Vec<String> = leaving.iter().map(|group| group.id.clone()).collect();
        let groups = |interface: &NetworkInterface| {
            let groups = interface.groups.iter().flatten().filter_map(|group| group.group_id.clone());
            groups.filter(|group| ids.contains(group)).collect()
        };
        let (mut attachments, referring) = try_join!(
            interfaces::attachments::<SecurityGroup>(cx, "group-id", ids.clone(), own, groups),
            referring(cx, &ids),
        )?;
        for group in referring {
            let id = group.group_id.unwrap_or_default();
            if own.has_id(&id) {
                continue;
            }
            let rules =
                group.ip_permissions.iter().flatten().chain(group.ip_permissions_egress.iter().flatten());
            let named: BTreeSet<String> = rules
                .flat_map(|rule| rule.user_id_group_pairs.iter().flatten())
                .filter_map(|pair| pair.group_id.clone())
                .filter(|named| ids.contains(named))
                .collect();
            let what = format!("security group {} with a rule for it", group.group_name.unwrap_or_default());
            attachments.extend(named.into_iter().map(|to| attachment::<SecurityGroup>(to, &id, &what)));
        }
        Ok(attachments)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .ec2_once
            .create_security_group()
            .vpc_id(new.attrs.vpc.text())
            .group_name(&new.attrs.name)
            .description(&new.attrs.description)
            .tag_specifications(ec2::attempt_specification(ResourceType::SecurityGroup, &new))
            .send()
            .await
            .at("ec2:CreateSecurityGroup")
            .lagging()?;
        let id = expect_created(made.group_id, "ec2:CreateSecurityGroup")?;
        apply(cx, &id, &[Rule::made_by_aws()], &new.attrs.rules).await?;
        ec2::write_id(cx, &id, &new.attrs.tags).await?;
        Ok(Found::new(new.address, id, new.attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        apply(cx, &found.id, &found.attrs.rules, &wanted.rules).await?;
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        let delete = async || {
            cx.aws.ec2.delete_security_group().group_id(&found.id).send().await.at("ec2:DeleteSecurityGroup")
        };
        match delete().await {
            Err(failure) if failure.class == FailureClass::InUse => {
                let_go(cx, &found.id).await?;
                delete().await?;
            }
            deleted => drop(deleted?),
        }
        Ok(Progress::Done)
    }
}

fn load_balancer_rules(env: &Environment) -> Vec<Rule> {
    let anywhere = || Ref::from("0.0.0.0/0");
    let mut rules = vec![
        Rule::tcp(Direction::Ingress, 443, anywhere(), "HTTPS from anywhere"),
        Rule::tcp(Direction::Ingress, 80, anywhere(), "HTTP from anywhere, to be sent on to HTTPS"),
    ];
    let vpc = env.network.cidr.to_string();
    let to_services =
        |port| Rule::tcp(Direction::Egress, port, vpc.clone().into(), "Requests to the services");
    rules.extend(ports(env).into_iter().map(to_services));
    rules
}

fn cluster_rules(env: &Environment) -> Vec<Rule> {
    let services = Ref::id(&addresses::services_security_group());
    vec![
        Rule::tcp(Direction::Ingress, 443, services, "Kubernetes API for the services"),
        Rule::all(Direction::Egress, env.network.cidr.to_string().into(), "Nodes and webhooks in the VPC"),
    ]
}

fn services_rules(env: &Environment) -> Vec<Rule> {
    let load_balancer = Ref::id(&addresses::load_balancer_security_group());
    let from_outside =
        |port| Rule::tcp(Direction::Ingress, port, load_balancer.clone(), "Requests from the load balancers");
    let mut rules: Vec<Rule> = ports(env).into_iter().map(from_outside).collect();
    rules.push(Rule::all(Direction::Ingress, "self".into(), "Between the services"));
    rules.push(Rule::all(Direction::Egress, "0.0.0.0/0".into(), "AWS APIs and images, through NAT"));
    rules
}

/// The ports that services listen on.
fn ports(env: &Environment) -> BTreeSet<u16> {
    env.services.values().map(|service| service.port).collect()
}

/// The groups with rules that name one of these.
async fn referring(cx: Context<'_>, ids: &[String]) -> Result<Vec<Sdk>, Failure> {
    let find = |filter: &'static str| async move {
        let filter = Filter::builder().name(filter).set_values(Some(ids.to_vec())).build();
        let call = cx.aws.ec2.describe_security_groups().filters(filter);
        call.into_paginator().items().send().try_collect().await.at("ec2:DescribeSecurityGroups")
    };
    let (mut groups, out) = try_join!(find("ip-permission.group-id"), find("egress.ip-permission.group-id"))?;
    groups.extend(out);
    groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
    groups.dedup_by(|a, b| a.group_id == b.group_id);
    Ok(groups)
}

/// Returns a group as it is compared; `wanted` is the address whose name it has in our VPC.
fn show(
    cx: Context<'_>,
    group: Sdk,
    wanted: Option<&Address>,
    only: Option<&Address>,
) -> Option<Found<Attrs>> {
    let (rules, tags) = (observed(cx, &group), ec2::tags(group.tags));
    let id = group.group_id?;
    let (address, ownership) = cx.owner_of::<SecurityGroup>(&Identity::new(&id, &tags), wanted, only)?;
    let attrs = Attrs {
        vpc: group.vpc_id.unwrap_or_default().into(),
        name: group.group_name.unwrap_or_default(),
        description: group.description.unwrap_or_default(),
        rules,
        tags: cx.managed(tags),
    };
    Some(Found::new(address, id, attrs).owned(ownership))
}

async fn list(cx: Context<'_>, filters: Vec<Filter>) -> Result<Vec<Sdk>, Failure> {
    // A filter without values means all groups of the account to some, none to others.
    if filters.iter().any(|filter| filter.values().is_empty()) {
        return Ok(vec![]);
    }
    let call = cx.aws.ec2.describe_security_groups().set_filters(Some(filters));
    call.into_paginator().items().send().try_collect().await.at("ec2:DescribeSecurityGroups")
}

/// Revokes the rules of our other groups that name this one, which else can't be deleted.
async fn let_go(cx: Context<'_>, id: &str) -> Result<(), Failure> {
    for group in list(cx, ec2::filters(cx, None)).await? {
        let names_it: Vec<Rule> =
            observed(cx, &group).into_iter().filter(|rule| rule.peer.text() == id).collect();
        if let Some(group) = group.group_id {
            revoke_all(cx, &group, &names_it).await?;
        }
    }
    Ok(())
}
