//! The response headers policy of a frontend: the security headers that browsers get.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_cloudfront::types::{
    DistributionSummary, FrameOptionsList, ReferrerPolicyList, ResponseHeadersPolicy,
    ResponseHeadersPolicyAccessControlAllowHeaders as AllowHeaders,
    ResponseHeadersPolicyAccessControlAllowMethods as AllowMethods,
    ResponseHeadersPolicyAccessControlAllowMethodsValues as AllowMethod,
    ResponseHeadersPolicyAccessControlAllowOrigins as AllowOrigins, ResponseHeadersPolicyConfig as Config,
    ResponseHeadersPolicyContentSecurityPolicy, ResponseHeadersPolicyContentTypeOptions,
    ResponseHeadersPolicyCorsConfig as Cors, ResponseHeadersPolicyFrameOptions,
    ResponseHeadersPolicyReferrerPolicy, ResponseHeadersPolicySecurityHeadersConfig as Security,
    ResponseHeadersPolicyStrictTransportSecurity, ResponseHeadersPolicyType,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::Fit;
use billpay_engine::permit::Permit;
use billpay_engine::plan::Attachment;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use serde::{Deserialize, Serialize};

use super::support::named::{self, Built};
use super::support::owned;
use super::{addresses, distribution};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources};
use crate::{Explain, expect_created};

pub struct HeadersPolicy;

const TWO_YEARS: i32 = 2 * 365 * 24 * 60 * 60;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    /// Carries whose it is, for want of tags.
    comment: String,
    content_security_policy: String,
    frame_options: String,
    referrer_policy: String,
    no_sniff: bool,
    hsts_seconds: i32,
    hsts_subdomains: bool,
    hsts_preload: bool,
    /// Sites whose pages may load the files; with none, there is no CORS at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed_origins: Vec<String>,
    /// Methods that such pages may use: `GET`, `HEAD`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed_methods: Vec<String>,
    /// All of them win over what the bucket itself answers with.
    overrides: bool,
}

#[async_trait]
impl Kind for HeadersPolicy {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "headers-policy",
        component: "s3-cloudfront",
        aws_type: "AWS::CloudFront::ResponseHeadersPolicy",
        immutable: &[],
        gives_access: &["allowed_origins"],
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
        let desire = |(frontend, spec): (&String, &billpay_model::environment::Frontend)| {
            let address = addresses::headers_policy(frontend);
            let attrs = Attrs {
                name: names::own(env, frontend),
                comment: names::mark(env, &address),
                content_security_policy: spec.content_security_policy.clone(),
                frame_options: FrameOptionsList::Deny.to_string(),
                referrer_policy: ReferrerPolicyList::StrictOriginWhenCrossOrigin.to_string(),
                no_sniff: true,
                hsts_seconds: TWO_YEARS,
                hsts_subdomains: true,
                hsts_preload: false,
                allowed_methods: match spec.allowed_origins.as_deref() {
                    None | Some([]) => vec![],
                    Some(_) => vec!["GET".to_string(), "HEAD".to_string()],
                },
                allowed_origins: sorted(spec.allowed_origins.iter().flatten()),
                overrides: true,
            };
            Desire::new(address, attrs)
        };
        env.frontends.iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let mut found = vec![];
        for policy in list(cx).await? {
            let Some(config) = policy.response_headers_policy_config else { continue };
            let attrs = read(&config);
            let wanted = look.wanted(|want| want.name == attrs.name).map(|(address, _)| address);
            let Attrs { name, comment, .. } = &attrs;
            let owners = named::marked_owners::<Self>(cx, &policy.id, name, comment, wanted, look.only);
            for (address, ownership) in owners {
                found.push(Found::new(address, &policy.id, attrs.clone()).owned(ownership));
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
            let behaviors =
                summary.cache_behaviors.iter().flat_map(|behaviors| behaviors.items.iter().flatten());
            let policies = behaviors.map(|behavior| &behavior.response_headers_policy_id);
            let default =
                summary.default_cache_behavior.as_ref().map(|default| &default.response_headers_policy_id);
            policies.chain(default).flatten().cloned().collect()
        };
        distribution::attachments::<HeadersPolicy>(cx, &ids, own, named).await
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let call = "cloudfront:CreateResponseHeadersPolicy";
        let config = Config::builder().name(&new.attrs.name).build().built(call)?;
        let config = write(config, &new.attrs, call)?;
        let request = cx.aws.cloudfront.create_response_headers_policy();
        let made = request.response_headers_policy_config(config).send().await.at(call)?;
        let made = expect_created(made.response_headers_policy, call)?;
        Ok(Found::new(new.address, made.id, new.attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let call = "cloudfront:UpdateResponseHeadersPolicy";
        let (live, version) = proven(cx, found, call).await?;
        let request = cx.aws.cloudfront.update_response_headers_policy().id(&found.id).set_if_match(version);
        request.response_headers_policy_config(write(live, wanted, call)?).send().await.at(call)?;
        Ok(Progress::Done)
    }

    async fn delete(&self, cx: Context<'_>, found: &Found<Attrs>, _: &Permit) -> Result<Progress, Failure> {
        let call = "cloudfront:DeleteResponseHeadersPolicy";
        let (_, version) = proven(cx, found, call).await?;
        let request = cx.aws.cloudfront.delete_response_headers_policy().id(&found.id).set_if_match(version);
        request.send().await.at(call)?;
        Ok(Progress::Done)
    }
}

/// All of the account's own policies; the list holds them whole.
async fn list(cx: Context<'_>) -> Result<Vec<ResponseHeadersPolicy>, Failure> {
    let mut policies = vec![];
    let mut marker = None;
    loop {
        let request = cx.aws.cloudfront.list_response_headers_policies();
        let request = request.r#type(ResponseHeadersPolicyType::Custom).set_marker(marker);
        let answer = request.send().await.at("cloudfront:ListResponseHeadersPolicies")?;
        let Some(list) = answer.response_headers_policy_list else { return Ok(policies) };
        let items = list.items.unwrap_or_default().into_iter();
        policies.extend(items.filter_map(|item| item.response_headers_policy));
        marker = list.next_marker.filter(|next| !next.is_empty());
        if marker.is_none() {
            return Ok(policies);
        }
    }
}

/// A policy as it is, with the version that a change has to name, proven to be ours still.
async fn proven(
    cx: Context<'_>,
    found: &Found<Attrs>,
    call: &str,
) -> Result<(Config, Option<String>), Failure> {
    let get = "cloudfront:GetResponseHeadersPolicy";
    let answer = cx.aws.cloudfront.get_response_headers_policy().id(&found.id).send().await.at(get)?;
    let config = answer.response_headers_policy.and_then(|policy| policy.response_headers_policy_config);
    let Some(config) = config else {
        return Err(Failure::new(FailureClass::Other, get, "the answer holds no policy"));
    };
    owned::prove(
        cx,
        &found.address,
        &found.id,
        &named::read_mark(config.comment().unwrap_or_default()),
        call,
    )?;
    Ok((config, answer.e_tag))
}

/// Texts whose order means nothing, in the one that they are compared in.
fn sorted(texts: impl Iterator<Item = impl ToString>) -> Vec<String> {
    texts.map(|text| text.to_string()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn read(config: &Config) -> Attrs {
    let cors = config.cors_config.as_ref();
    let origins = cors.and_then(|cors| cors.access_control_allow_origins.as_ref());
    let methods = cors.and_then(|cors| cors.access_control_allow_methods.as_ref());
    let attrs = Attrs {
        name: config.name.clone(),
        comment: config.comment.clone().unwrap_or_default(),
        allowed_origins: sorted(origins.iter().flat_map(|origins| &origins.items)),
        allowed_methods: sorted(methods.iter().flat_map(|methods| &methods.items)),
        ..Attrs::default()
    };
    let Some(security) = &config.security_headers_config else { return attrs };
    let csp = security.content_security_policy.as_ref();
    let frame = security.frame_options.as_ref();
    let referrer = security.referrer_policy.as_ref();
    let sniff = security.content_type_options.as_ref();
    let hsts = security.strict_transport_security.as_ref();
    let overrides = [
        csp.map(|csp| csp.r#override),
        frame.map(|frame| frame.r#override),
        referrer.map(|referrer| referrer.r#override),
        sniff.map(|sniff| sniff.r#override),
        hsts.map(|hsts| hsts.r#override),
        cors.map(|cors| cors.origin_override),
    ];
    Attrs {
        content_security_policy: csp.map(|csp| csp.content_security_policy.clone()).unwrap_or_default(),
        frame_options: frame.map(|frame| frame.frame_option.to_string()).unwrap_or_default(),
        referrer_policy: referrer.map(|referrer| referrer.referrer_policy.to_string()).unwrap_or_default(),
        no_sniff: sniff.is_some(),
        hsts_seconds: hsts.map(|hsts| hsts.access_control_max_age_sec).unwrap_or_default(),
        hsts_subdomains: hsts.and_then(|hsts| hsts.include_subdomains).unwrap_or_default(),
        hsts_preload: hsts.and_then(|hsts| hsts.preload).unwrap_or_default(),
        overrides: overrides.iter().all(|by| *by != Some(false)),
        ..attrs
    }
}

/// Puts what we manage into a policy; what else it holds (headers of people's own) stays.
fn write(mut config: Config, attrs: &Attrs, call: &str) -> Result<Config, Failure> {
    let has_csp = !attrs.content_security_policy.is_empty();
    let csp = ResponseHeadersPolicyContentSecurityPolicy::builder()
        .content_security_policy(&attrs.content_security_policy)
        .r#override(attrs.overrides);
    let frame = ResponseHeadersPolicyFrameOptions::builder()
        .frame_option(FrameOptionsList::from(attrs.frame_options.as_str()))
        .r#override(attrs.overrides);
    let referrer = ResponseHeadersPolicyReferrerPolicy::builder()
        .referrer_policy(ReferrerPolicyList::from(attrs.referrer_policy.as_str()))
        .r#override(attrs.overrides);
    let sniff = ResponseHeadersPolicyContentTypeOptions::builder().r#override(attrs.overrides);
    let hsts = ResponseHeadersPolicyStrictTransportSecurity::builder()
        .access_control_max_age_sec(attrs.hsts_seconds)
        .include_subdomains(attrs.hsts_subdomains)
        .preload(attrs.hsts_preload)
        .r#override(attrs.overrides);
    let others = config.security_headers_config.take().and_then(|security| security.xss_protection);
    config.security_headers_config = Some(
        Security::builder()
            .set_content_security_policy(has_csp.then(|| csp.build()).transpose().built(call)?)
            .frame_options(frame.build().built(call)?)
            .referrer_policy(referrer.build().built(call)?)
            .set_content_type_options(attrs.no_sniff.then(|| sniff.build()).transpose().built(call)?)
            .strict_transport_security(hsts.build().built(call)?)
            .set_xss_protection(others)
            .build(),
    );
    config.cors_config = match attrs.allowed_origins.is_empty() {
        true => None,
        false => Some(cors(attrs, call)?),
    };
    config.name = attrs.name.clone();
    config.comment = Some(attrs.comment.clone());
    Ok(config)
}

/// Returns the rights of other sites: load files, and nothing that carries a person's cookies.
fn cors(attrs: &Attrs, call: &str) -> Result<Cors, Failure> {
    let count = |list: &[String]| i32::try_from(list.len()).unwrap_or(i32::MAX);
    let origins = AllowOrigins::builder().set_items(Some(attrs.allowed_origins.clone()));
    let origins = origins.quantity(count(&attrs.allowed_origins));
    let methods = attrs.allowed_methods.iter().map(|method| AllowMethod::from(method.as_str())).collect();
    let methods = AllowMethods::builder().set_items(Some(methods)).quantity(count(&attrs.allowed_methods));
    let headers = AllowHeaders::builder().items("*").quantity(1);
    let cors = Cors::builder()
        .access_control_allow_origins(origins.build().built(call)?)
        .access_control_allow_methods(methods.build().built(call)?)
        .access_control_allow_headers(headers.build().built(call)?)
        .access_control_allow_credentials(false)
        .access_control_max_age_sec(600)
        .origin_override(attrs.overrides);
    cors.build().built(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let attrs = Attrs {
            name: "billpay-dev-payment".to_string(),
            comment: "billpay:environment=dev".to_string(),
            content_security_policy: "default-src 'self'".to_string(),
            frame_options: "DENY".to_string(),
            referrer_policy: "no-referrer".to_string(),
            no_sniff: true,
            hsts_seconds: TWO_YEARS,
            hsts_subdomains: true,
            hsts_preload: false,
            allowed_origins: vec!["https://payments.billpay.com".to_string()],
            allowed_methods: vec!["GET".to_string(), "HEAD".to_string()],
            overrides: true,
        };
        let config = Config::builder().name("other").build().unwrap();
        let read = read(&write(config, &attrs, "test").unwrap());
        assert_eq!(serde_json::to_value(read).unwrap(), serde_json::to_value(attrs).unwrap());
    }
}
