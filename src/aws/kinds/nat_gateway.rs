//! The NAT gateways: how the private subnets reach the internet. None, one, or one a zone.

use async_trait::async_trait;
use aws_sdk_ec2::types::{NatGateway as Sdk, NatGatewayState, ResourceType};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Ref, Status, Tags};
use serde::{Deserialize, Serialize};

use super::addresses::{self, Side};
use super::support::ec2;
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, tags};
use crate::{Explain, Lagging, expect_created};

pub struct NatGateway;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    subnet: Ref,
    elastic_ip: Ref,
    tags: Tags,
}

#[async_trait]
impl Kind for NatGateway {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "nat-gateway",
        component: "network",
        aws_type: "AWS::EC2::NatGateway",
        immutable: &["subnet", "elastic_ip"],
        gives_access: &[],
        stands_on: &[Base::held("subnet"), Base::held("elastic-ip")],
        constraints: &[Constraint::Unique(&["elastic_ip"])],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 100, update: 1, delete: 60 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, &format!("nat-{}", address.key())))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |zone: &String| {
            let address = addresses::nat_gateway(zone);
            let attrs = Attrs {
                subnet: Ref::id(&addresses::subnet(Side::Public, zone)),
                elastic_ip: Ref::id(&addresses::elastic_ip(zone)),
                tags: tags(env, &address, &names::own(env, &format!("nat-{zone}"))),
            };
            // Without a way out of the VPC a NAT gateway goes into its failed state.
            Desire::new(address, attrs).after([addresses::internet_gateway()])
        };
        addresses::nat_zones(env).iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let call = cx.aws.ec2.describe_nat_gateways().set_filter(Some(ec2::filters(cx, look.only)));
        let mut pages = call.into_paginator().items().send();
        let mut found = vec![];
        while let Some(gateway) = pages.next().await {
            let gateway = gateway.at("ec2:DescribeNatGateways")?;
            // Deleted ones stay in the list for an hour or so, tags and all.
            let Some(status) = status(&gateway) else { continue };
            let elastic_ip = elastic_ip_of(&gateway);
            let tags = ec2::tags(gateway.tags);
            let Some(id) = gateway.nat_gateway_id else { continue };
            let identity = Identity::new(&id, &tags);
            let Some((address, ownership)) = cx.owner_of::<NatGateway>(&identity, None, look.only) else {
                continue;
            };
            let attrs = Attrs {
                subnet: gateway.subnet_id.unwrap_or_default().into(),
                elastic_ip: elastic_ip.into(),
                tags: cx.managed(tags),
            };
            found.push(Found::new(address, id, attrs).status(status).owned(ownership));
        }
        Ok(found)
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        for attempt in 0..ec2::ATTEMPTS {
            let call = cx
                .aws
                .ec2_once
                .create_nat_gateway()
                .subnet_id(new.attrs.subnet.text())
                .allocation_id(new.attrs.elastic_ip.text())
                .client_token(ec2::token(&new, attempt))
                .tag_specifications(ec2::tag_specification(ResourceType::Natgateway, &new.attrs.tags));
            let made = call.send().await.at("ec2:CreateNatGateway").lagging();
            let made = made.map_err(held_address_is_in_use)?.nat_gateway;
            let gateway = expect_created(made, "ec2:CreateNatGateway")?;
            match status(&gateway) {
                None | Some(Status::Deleting | Status::Failed) => continue,
                Some(status) => {
                    let id = expect_created(gateway.nat_gateway_id, "ec2:CreateNatGateway")?;
                    ec2::write_id(cx, &id, &new.attrs.tags).await?;
                    return Ok(Found::new(new.address, id, new.attrs).status(status));
                }
            }
        }
        Err(ec2::spent("ec2:CreateNatGateway"))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        let call = cx.aws.ec2.delete_nat_gateway().nat_gateway_id(&found.id);
        call.send().await.at("ec2:DeleteNatGateway")?;
        Ok(Progress::Underway)
    }
}

/// Returns the status of a gateway; none where it is no more.
fn status(gateway: &Sdk) -> Option<Status> {
    match gateway.state {
        Some(NatGatewayState::Deleted) => None,
        Some(NatGatewayState::Deleting) => Some(Status::Deleting),
        Some(NatGatewayState::Failed) => Some(Status::Failed),
        Some(NatGatewayState::Pending) => Some(Status::Pending),
        _ => Some(Status::Ready),
    }
}

/// An elastic IP that its last gateway hasn't let go of yet is worth waiting for; it does
/// not mean that the gateway to be made is there already.
fn held_address_is_in_use(failure: Failure) -> Failure {
    match failure.code.as_str() {
        "Resource.AlreadyAssociated" => Failure { class: FailureClass::InUse, ..failure },
        _ => failure,
    }
}

/// The elastic IP that a gateway was made with; people may add more.
fn elastic_ip_of(gateway: &Sdk) -> String {
    let addresses = gateway.nat_gateway_addresses.as_deref().unwrap_or_default();
    let primary = addresses.iter().find(|address| address.is_primary == Some(true)).or(addresses.first());
    primary.and_then(|address| address.allocation_id.clone()).unwrap_or_default()
}
