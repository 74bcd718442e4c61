//! The VPC of an environment.

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Vpc as Sdk, VpcAttributeName, VpcState};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_engine::plan::Attachment;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Status, Tags};
use serde::{Deserialize, Serialize};

use super::addresses;
use super::support::{ec2, vpc_contents};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, tags};
use crate::{Explain, Lagging, Optional, expect_created};

pub struct Vpc;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    cidr: String,
    /// Instances get host names; private endpoints and EKS need them.
    dns_hostnames: bool,
    tags: Tags,
}

impl ec2::TaggedAttrs for Attrs {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

#[async_trait]
impl Kind for Vpc {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "vpc",
        component: "network",
        aws_type: "AWS::EC2::VPC",
        immutable: &["cidr"],
        gives_access: &[],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: false,
        global: false,
        holds_data: false,
        usual: Usual { create: 2, update: 1, delete: 1 },
    };
    fn fits(env: &Environment, _: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, "vpc"))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let address = addresses::vpc();
        let attrs = Attrs {
            cidr: env.network.cidr.to_string(),
            dns_hostnames: true,
            tags: tags(env, &address, &names::own(env, "vpc")),
        };
        vec![Desire::new(address, attrs)]
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let mut found = vec![];
        for vpc in list(cx, look.only).await? {
            let tags = ec2::tags(vpc.tags);
            let Some(id) = vpc.vpc_id else { continue };
            let identity = Identity::new(&id, &tags);
            let Some((address, ownership)) = cx.owner_of::<Vpc>(&identity, None, look.only) else { continue };
            // It may have gone since the list was made.
            let Some(dns_hostnames) = has_dns_hostnames(cx, &id).await.optional()? else { continue };
            let attrs =
                Attrs { cidr: vpc.cidr_block.unwrap_or_default(), dns_hostnames, tags: cx.managed(tags) };
            found.push(Found::new(address, id, attrs).status(status(vpc.state.as_ref())).owned(ownership));
        }
        Ok(found)
    }

    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        let ids: Vec<String> = leaving.iter().map(|vpc| vpc.id.clone()).collect();
        let attached = vpc_contents::read(cx, &ids).await?;
        Ok(attached.into_iter().filter(|attachment| !own.has_id(&attachment.id)).collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let made = cx
            .aws
            .ec2_once
            .create_vpc()
            .cidr_block(&new.attrs.cidr)
            .tag_specifications(ec2::attempt_specification(ResourceType::Vpc, &new))
            .send()
            .await
            .at("ec2:CreateVpc")?
            .vpc;
        let status = status(made.as_ref().and_then(|vpc| vpc.state.as_ref()));
        let id = expect_created(made.and_then(|vpc| vpc.vpc_id), "ec2:CreateVpc")?;
        set_dns_hostnames(cx, &id, new.attrs.dns_hostnames).await?;
        ec2::write_id(cx, &id, &new.attrs.tags).await?;
        Ok(Found::new(new.address, id, new.attrs).status(status))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        if found.attrs.dns_hostnames != wanted.dns_hostnames {
            set_dns_hostnames(cx, &found.id, wanted.dns_hostnames).await?;
        }
        ec2::retag(cx, found, &found.attrs.tags, &wanted.tags).await?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        cx.aws.ec2.delete_vpc().vpc_id(&found.id).send().await.at("ec2:DeleteVpc")?;
        Ok(Progress::Done)
    }
}

fn status(state: Option<&VpcState>) -> Status {
    if state == Some(&VpcState::Pending) { Status::Pending } else { Status::Ready }
}

async fn list(cx: Context<'_>, only: Option<&Address>) -> Result<Vec<Sdk>, Failure> {
    let call = cx.aws.ec2.describe_vpcs().set_filters(Some(ec2::filters(cx, only)));
    call.into_paginator().items().send().try_collect().await.at("ec2:DescribeVpcs")
}

/// The ids of the environment's VPCs: one, or two after a create whose answer was lost.
pub async fn ids(cx: Context<'_>) -> Result<Vec<String>, Failure> {
    Ok(list(cx, None).await?.into_iter().filter_map(|vpc| vpc.vpc_id).collect())
}

async fn has_dns_hostnames(cx: Context<'_>, id: &str) -> Result<bool, Failure> {
    let call = cx.aws.ec2.describe_vpc_attribute().vpc_id(id).attribute(VpcAttributeName::EnableDnsHostnames);
    let attribute = call.send().await.at("ec2:DescribeVpcAttribute")?.enable_dns_hostnames;
    Ok(attribute.and_then(|value| value.value).unwrap_or(false))
}

async fn set_dns_hostnames(cx: Context<'_>, id: &str, on: bool) -> Result<(), Failure> {
    let value = AttributeBooleanValue::builder().value(on).build();
    let call = cx.aws.ec2.modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(value);
    call.send().await.at("ec2:ModifyVpcAttribute").lagging()?;
    Ok(())
}
