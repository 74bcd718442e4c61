//! The origin access control of a frontend: how CloudFront signs its requests to the bucket.

use async_trait::async_trait;
use aws_sdk_cloudfront::types::{
    DistributionSummary, OriginAccessControlConfig, OriginAccessControlOriginTypes as OriginType,
    OriginAccessControlSigningBehaviors as Behavior, OriginAccessControlSigningProtocols as Protocol,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::Fit;
use billpay_engine::permit::Permit;
use billpay_engine::plan::Attachment;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use serde::{Deserialize, Serialize};

use super::support::named::{self, Built};
use super::support::owned;
use super::{addresses, distribution};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources};
use crate::{Explain, expect_created};

pub struct OriginAccessControl;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    /// Carries whose it is, for want of tags.
    description: String,
    origin: String,
    signing: String,
    protocol: String,
}

#[async_trait]
impl Kind for OriginAccessControl {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "origin-access-control",
        component: "s3-cloudfront",
        aws_type: "AWS::CloudFront::OriginAccessControl",
        immutable: &[],
        gives_access: &[],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: true,
        global: true,
        holds_data: false,
        usual: Usual::QUICK,
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let desire = |frontend: &String| {
            let address = addresses::origin_access_control(frontend);
            let attrs = Attrs {
                name: names::own(env, frontend),
                description: names::mark(env, &address),
                origin: OriginType::S3.to_string(),
                signing: Behavior::Always.to_string(),
                protocol: Protocol::Sigv4.to_string(),
            };
            Desire::new(address, attrs)
        };
        env.frontends.keys().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let call = "cloudfront:ListOriginAccessControls";
        let mut pages = cx.aws.cloudfront.list_origin_access_controls().into_paginator().send();
        let mut found = vec![];
        while let Some(page) = pages.next().await {
            let list = page.at(call)?.origin_access_control_list;
            for control in list.and_then(|list| list.items).unwrap_or_default() {
                let attrs = Attrs {
                    name: control.name,
                    description: control.description,
                    origin: control.origin_access_control_origin_type.to_string(),
                    signing: control.signing_behavior.to_string(),
                    protocol: control.signing_protocol.to_string(),
                };
                let wanted = look.wanted(|want| want.name == attrs.name).map(|(address, _)| address);
                let Attrs { name, description, .. } = &attrs;
                let owners =
                    named::marked_owners::<Self>(cx, &control.id, name, description, wanted, look.only);
                for (address, ownership) in owners {
                    found.push(Found::new(address, &control.id, attrs.clone()).owned(ownership));
                }
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
        let ids: Vec<String> = leaving.iter().map(|one| one.id.clone()).collect();
        let named = |summary: &DistributionSummary| {
            let origins = summary.origins.iter().flat_map(|origins| origins.items.iter());
            origins.filter_map(|origin| origin.origin_access_control_id.clone()).collect()
        };
        distribution::attachments::<OriginAccessControl>(cx, &ids, own, named).await
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let call = "cloudfront:CreateOriginAccessControl";
        let config = config(&new.attrs, call)?;
        let request = cx.aws.cloudfront.create_origin_access_control().origin_access_control_config(config);
        let made = expect_created(request.send().await.at(call)?.origin_access_control, call)?;
        Ok(Found::new(new.address, made.id, new.attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let call = "cloudfront:UpdateOriginAccessControl";
        let version = proven_version(cx, found, call).await?;
        let request = cx.aws.cloudfront.update_origin_access_control().id(&found.id).set_if_match(version);
        request.origin_access_control_config(config(wanted, call)?).send().await.at(call)?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        let call = "cloudfront:DeleteOriginAccessControl";
        let version = proven_version(cx, found, call).await?;
        let request = cx.aws.cloudfront.delete_origin_access_control().id(&found.id).set_if_match(version);
        request.send().await.at(call)?;
        Ok(Progress::Done)
    }
}

fn config(attrs: &Attrs, call: &str) -> Result<OriginAccessControlConfig, Failure> {
    OriginAccessControlConfig::builder()
        .name(&attrs.name)
        .description(&attrs.description)
        .origin_access_control_origin_type(OriginType::from(attrs.origin.as_str()))
        .signing_behavior(Behavior::from(attrs.signing.as_str()))
        .signing_protocol(Protocol::from(attrs.protocol.as_str()))
        .build()
        .built(call)
}

/// The version that a change has to name, of a control that is proven to be ours still.
async fn proven_version(
    cx: Context<'_>,
    found: &Found<Attrs>,
    call: &str,
) -> Result<Option<String>, Failure> {
    let request = cx.aws.cloudfront.get_origin_access_control().id(&found.id);
    let answer = request.send().await.at("cloudfront:GetOriginAccessControl")?;
    let config = answer.origin_access_control.and_then(|control| control.origin_access_control_config);
    let description = config.and_then(|config| config.description).unwrap_or_default();
    owned::prove(cx, &found.address, &found.id, &named::read_mark(&description), call)?;
    Ok(answer.e_tag)
}
