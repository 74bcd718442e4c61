//! The internet gateway: the VPC's door to the internet.

use async_trait::async_trait;
use aws_sdk_ec2::types::{InternetGateway as Sdk, ResourceType};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Owner, Ref, Tags};
use serde::{Deserialize, Serialize};

use super::support::ec2;
use super::{addresses, vpc};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Lagging, Optional, expect_created};

pub struct InternetGateway;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    /// The VPC that it is, or is to be, attached to. It can't be changed in place: in the
    /// old VPC, NAT gateways and load balancers have to go before it lets go.
    vpc: Ref,
    /// Set if it is attached: not if a run was cut short after making it.
    attached: bool,
    tags: Tags,
}

impl ec2::TaggedAttrs for Attrs {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[async_trait]
impl Kind for InternetGateway {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "internet-gateway",
        component: "network",
        aws_type: "AWS::EC2::InternetGateway",
        immutable: &["vpc"],
        gives_access: &[],
        stands_on: &[Base::held("vpc")],
        constraints: &[Constraint::Unique(&["vpc"])],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 2, update: 1, delete: 2 },
    };
    fn fits(env: &Environment, _: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, "internet-gateway"))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let address = addresses::internet_gateway();
        let attrs = Attrs {
            vpc: Ref::id(&addresses::vpc()),
            attached: true,
            tags: tags(env, &address, &names::own(env, "internet-gateway")),
        };
        vec![Desire::new(address, attrs)]
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let call = cx.aws.ec2.describe_internet_gateways().set_filters(Some(ec2::filters(cx, look.only)));
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(gateway) = pages.next().await {
            let gateway = gateway.at("ec2:DescribeInternetGateways")?;
            let attached_to = attached_to(&gateway);
            let tags = ec2::tags(gateway.tags);
            let Some(id) = gateway.internet_gateway_id else { continue };
            let identity = Identity::new(&id, &tags);
            let Some((address, ownership)) = cx.owner_of::<InternetGateway>(&identity, None, look.only)
            else {
                continue;
            };
            let attached = attached_to.is_some();
            // One that is attached nowhere is as good as attached to our VPC: a change in place.
            let is_ours = matches!(ownership.owner, Owner::Ours | Owner::Legacy { .. });
            let vpc = match attached_to {
                Some(vpc) => vpc,
                None if !is_ours => String::new(),
                None => vpc::ids(cx).await?.pop().unwrap_or_default(),
            };
            let attrs = Attrs { vpc: vpc.into(), attached, tags: cx.managed(tags) };
            found.push(Found::new(address, id, attrs).owned(ownership));
        }
        Ok(found)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .ec2_once
            .create_internet_gateway()
            .tag_specifications(ec2::attempt_specification(ResourceType::InternetGateway, &new))
            .send()
            .await
            .at("ec2:CreateInternetGateway")?
            .internet_gateway;
        let id = expect_created(made.and_then(|made| made.internet_gateway_id), "ec2:CreateInternetGateway")?;
        attach(cx, &id, new.attrs.vpc.text()).await?;
        ec2::write_id(cx, &id, &new.attrs.tags).await?;
        Ok(Found::new(new.address, id, new.attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        if !found.attrs.attached {
            attach(cx, &found.id, wanted.vpc.text()).await?;
        }
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        if found.attrs.attached {
            let call = cx.aws.ec2.detach_internet_gateway().internet_gateway_id(&found.id);
            let call = call.vpc_id(found.attrs.vpc.text());
            call.send().await.at("ec2:DetachInternetGateway").optional()?;
        }
        let call = cx.aws.ec2.delete_internet_gateway().internet_gateway_id(&found.id);
        call.send().await.at("ec2:DeleteInternetGateway")?;
        Ok(Progress::Done)
    }
}

/// The VPC that a gateway is attached to.
fn attached_to(gateway: &Sdk) -> Option<String> {
    gateway.attachments.iter().flatten().find_map(|attachment| attachment.vpc_id.clone())
}

/// Attaches a gateway. That it is attached already is no failure: the answer to an earlier
/// attempt may have been lost.
async fn attach(cx: Context<'_>, id: &str, vpc: &str) -> Result<(), Failure> {
    let call = cx.aws.ec2.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    let failure = match call.send().await.at("ec2:AttachInternetGateway").lagging() {
        Err(failure) if failure.class == FailureClass::Exists => failure,
        attached => return attached.map(drop),
    };
    let call = cx.aws.ec2.describe_internet_gateways().internet_gateway_ids(id);
    let gateways = call.send().await.at("ec2:DescribeInternetGateways").lagging()?.internet_gateways;
    let there = gateways.iter().flatten().any(|gateway| attached_to(gateway).as_deref() == Some(vpc));
    if there { Ok(()) } else { Err(failure) }
}
