//! The subnets: in every zone one that the internet reaches and one that it doesn't.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as Sdk, SubnetState};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Action, Attachment, Change, Plan};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Ref, Status, Tags};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::addresses::{self, Side};
use super::support::{ec2, interfaces};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, tags};
use crate::{Explain, Lagging, expect_created};

pub struct Subnet;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    vpc: Ref,
    cidr: String,
    zone: String,
    /// Instances that start in it get a public address.
    public: bool,
    tags: Tags,
}

impl ec2::TaggedAttrs for Attrs {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[async_trait]
impl Kind for Subnet {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "subnet",
        component: "network",
        aws_type: "AWS::EC2::Subnet",
        immutable: &["vpc", "cidr", "zone"],
        gives_access: &[],
        stands_on: &[Base::held("vpc")],
        constraints: &[
            Constraint::Disjoint { range: "cidr", within: "vpc" },
            Constraint::Inside { range: "cidr", within: "vpc", of: "cidr" },
        ],
        // The cluster holds network interfaces in a subnet until it has moved to the new one.
        create_first: true,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 2, update: 1, delete: 1 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let sides =
            [(Side::Public, &env.network.public_subnets), (Side::Private, &env.network.private_subnets)];
        let zones = names::zone_letters(env);
        let mut desires = vec![];
        for (side, ranges) in sides {
            for (zone, cidr) in zones.iter().zip(ranges) {
                let address = addresses::subnet(side, zone);
                let mut tags = tags(env, &address, &names::own(env, address.key()));
                tags.insert(load_balancer_tag(side).to_string(), "1".to_string());
                let attrs = Attrs {
                    vpc: Ref::id(&addresses::vpc()),
                    cidr: cidr.to_string(),
                    zone: format!("{}{zone}", env.region),
                    public: side == Side::Public,
                    tags,
                };
                desires.push(Desire::new(address, attrs));
            }
        }
        desires
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let found = list(cx, look.only).await?.into_iter().filter_map(|subnet| {
            let tags = ec2::tags(subnet.tags);
            let id = subnet.subnet_id?;
            let (address, ownership) = cx.owner_of::<Subnet>(&Identity::new(&id, &tags), None, look.only)?;
            let attrs = Attrs {
                vpc: subnet.vpc_id.unwrap_or_default().into(),
                cidr: subnet.cidr_block.unwrap_or_default(),
                zone: subnet.availability_zone.unwrap_or_default(),
                public: subnet.map_public_ip_on_launch.unwrap_or(false),
                tags: cx.managed(tags),
            };
            Some(Found::new(address, id, attrs).status(status(subnet.state.as_ref())).owned(ownership))
        });
        Ok(found.collect())
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        let ids = leaving.iter().map(|subnet| subnet.id.clone());
        interfaces::attachments::<Subnet>(cx, "subnet-id", ids, own, |interface| {
            interface.subnet_id.clone().into_iter().collect()
        })
        .await
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .ec2_once
            .create_subnet()
            .vpc_id(new.attrs.vpc.text())
            .cidr_block(&new.attrs.cidr)
            .availability_zone(&new.attrs.zone)
            .tag_specifications(ec2::attempt_specification(ResourceType::Subnet, &new))
            .send()
            .await
            .at("ec2:CreateSubnet")
            .lagging()?
            .subnet;
        let status = status(made.as_ref().and_then(|subnet| subnet.state.as_ref()));
        let id = expect_created(made.and_then(|subnet| subnet.subnet_id), "ec2:CreateSubnet")?;
        if new.attrs.public {
            set_public(cx, &id, true).await?;
        }
        ec2::write_id(cx, &id, &new.attrs.tags).await?;
        Ok(Found::new(new.address, id, new.attrs).status(status))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        if found.attrs.public != wanted.public {
            set_public(cx, &found.id, wanted.public).await?;
        }
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        cx.aws.ec2.delete_subnet().subnet_id(&found.id).send().await.at("ec2:DeleteSubnet")?;
        Ok(Progress::Done)
    }
}

/// Returns which new ranges of a plan overlap subnets in the VPC that the environment did not make. Makes a
/// call only where the plan makes subnets in a VPC that is there and stays.
pub async fn refusals(cx: Context<'_>, plan: &Plan) -> Result<Vec<(Address, String)>, Failure> {
    let stays = |change: &&Change| {
        change.address == addresses::vpc() && !matches!(change.action, Action::Replace | Action::Delete)
    };
    let made = |change: &&Change| {
        change.address.kind() == Subnet::INFO.name
            && matches!(change.action, Action::Create | Action::Replace)
    };
    let vpc = plan.changes.iter().find(stays).and_then(Change::id);
    let wanted: Vec<(&Address, Ipv4Net)> = plan
        .changes
        .iter()
        .filter(made)
        .filter_map(|change| {
            let range = change.desired.as_ref()?.attrs.get("cidr")?.as_str()?;
            Some((&change.address, range.parse().ok()?))
        })
        .collect();
    let (Some(vpc), false) = (vpc, wanted.is_empty()) else { return Ok(vec![]) };
    let known: BTreeSet<&str> = plan
        .changes
        .iter()
        .filter_map(Change::id)
        .chain(plan.foreign_resources.iter().map(|foreign| foreign.id.as_str()))
        .collect();
    let call = cx.aws.ec2.describe_subnets().filters(ec2::filter("vpc-id", vpc));
    let mut pages = call.into_paginator().items().send();
    let mut refused = vec![];
    while let Some(subnet) = pages.next().await {
        let subnet = subnet.at("ec2:DescribeSubnets")?;
        let id = subnet.subnet_id.unwrap_or_default();
        let range = subnet.cidr_block.and_then(|range| range.parse::<Ipv4Net>().ok());
        let Some(range) = range.filter(|_| !known.contains(id.as_str())) else { continue };
        let overlaps = |new: &Ipv4Net| new.contains(&range.network()) || range.contains(&new.network());
        for (address, new) in wanted.iter().filter(|(_, new)| overlaps(new)) {
            let why = format!(
                "it can't have {new}: {id}, a subnet that the environment did not make, has {range} in {vpc}. Choose \
                 another range, or delete that subnet"
            );
            refused.push(((*address).clone(), why));
        }
    }
    Ok(refused)
}

/// The tag by which the AWS Load Balancer Controller finds the subnets to use.
fn load_balancer_tag(side: Side) -> &'static str {
    match side {
        Side::Public => "kubernetes.io/role/elb",
        Side::Private => "kubernetes.io/role/internal-elb",
    }
}

fn status(state: Option<&SubnetState>) -> Status {
    match state {
        Some(SubnetState::Pending) => Status::Pending,
        Some(SubnetState::Failed | SubnetState::FailedInsufficientCapacity) => Status::Failed,
        _ => Status::Ready,
    }
}

async fn list(cx: Context<'_>, only: Option<&Address>) -> Result<Vec<Sdk>, Failure> {
    let call = cx.aws.ec2.describe_subnets().set_filters(Some(ec2::filters(cx, only)));
    let read = async { call.into_paginator().items().send().try_collect().await.at("ec2:DescribeSubnets") };
    if only.is_some() { read.await } else { cx.once("subnets", read).await }
}

/// The keys of the environment's subnets, by their ids.
pub async fn keys(cx: Context<'_>) -> Result<ec2::Keys, Failure> {
    let subnets = list(cx, None).await?.into_iter();
    Ok(ec2::keys::<Subnet>(cx, subnets.map(|subnet| (subnet.subnet_id, subnet.tags))))
}

async fn set_public(cx: Context<'_>, id: &str, on: bool) -> Result<(), Failure> {
    let value = AttributeBooleanValue::builder().value(on).build();
    let call = cx.aws.ec2.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value);
    call.send().await.at("ec2:ModifySubnetAttribute").lagging()?;
    Ok(())
}
