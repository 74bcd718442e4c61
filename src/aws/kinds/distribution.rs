//! The CloudFront distribution of a frontend.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_cloudfront::types::{
    Distribution as Cf, DistributionConfig, DistributionConfigWithTags, DistributionSummary,
    MinimumProtocolVersion, Tag, TagKeys, Tags as CfTags, ViewerProtocolPolicy,
};

pub use serde_json::Value;

use super::addresses;
use super::support::distribution_config::{self as config, Attrs, Behavior, ErrorPage, Origin};
use super::support::named::{self, Built};
use super::support::owned::{self, TagChanges};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, attachment, tags, token};
use crate::{Explain, Lagging, expect_created};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, Constraint, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity, claim};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Attachment, Change, Plan};
use billpay_model::address::Address;
use billpay_model::environment::{Environment, Frontend};
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{ID_TAG, PROTECTED_TAG, REGION_TAG, Ref, Status, Tags};

pub struct Distribution;

/// CloudFront's own policies, whose ids are the same in every account.
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/// Generations and spent tokens among which a caller reference is looked for. More would only
/// make the proof weaker than it could be.
const GENERATIONS: u32 = 4;
const SPENT: u32 = 8;

const ROOT_OBJECT: &str = "index.html";
/// Paths that name the other files and so must be fresh, or a browser asks for what is gone.
const NEVER_CACHED: [&str; 2] = ["/index.html", "/config.json"];

#[async_trait]
impl Kind for Distribution {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "distribution",
        component: "s3-cloudfront",
        aws_type: "AWS::CloudFront::Distribution",
        immutable: &[],
        gives_access: &["origins", "aliases"],
        stands_on: &[Base::used("bucket"), Base::held("origin-access-control"), Base::held("headers-policy")],
        constraints: &[Constraint::Unique(&["aliases"])],
        create_first: false,
        named: false,
        global: true,
        holds_data: false,
        usual: Usual { create: 240, update: 200, delete: 300 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        Fit::whole(name, &names::own(env, address.key()))
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        // The bucket first: a distribution of a bucket that isn't there would serve
        // whatever somebody else puts under that name.
        let desire = |(frontend, spec): (&String, &Frontend)| {
            Desire::new(addresses::distribution(frontend), wanted(env, frontend, spec))
                .after([addresses::bucket(frontend)])
        };
        env.frontends.iter().map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let candidates = list(cx, &look).await?;
        named::details(candidates, |id| describe(cx, id, look.only)).await
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let call = "cloudfront:CreateDistribution";
        let mut config = DistributionConfig::builder()
            .caller_reference(&new.token)
            .comment(&new.attrs.comment)
            .enabled(new.attrs.enabled)
            .build()
            .built(call)?;
        config::write(&mut config, &new.attrs)?;
        // The tag that is left out is written with the id: a run that is killed in between leaves a
        // difference, and the next one writes both.
        let mut at_first = new.attrs.tags.clone();
        let protected = at_first.remove_entry(PROTECTED_TAG);
        let tags = cf_tags(&at_first)?;
        let with_tags = DistributionConfigWithTags::builder().distribution_config(config).tags(tags).build();
        let request = cx.aws.cloudfront.create_distribution_with_tags();
        let answer = request.distribution_config_with_tags(with_tags).send().await.at(call)?;
        let made = expect_created(answer.distribution, call)?;
        let mut rest = Tags::from([(ID_TAG.to_string(), made.id.clone())]);
        rest.extend(protected);
        let call = cx.aws.cloudfront.tag_resource().resource(&made.arn).tags(cf_tags(&rest)?);
        call.send().await.at("cloudfront:TagResource").lagging()?;
        Ok(found(new.address, &made, new.attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        let (cloudfront, arn) = (&cx.aws.cloudfront, found.arn());
        let set = async |mut set: Tags| {
            // Its caller reference proves it without an id, which may be missing all the same.
            set.insert(ID_TAG.to_string(), found.id.clone());
            let call = cloudfront.tag_resource().resource(arn).tags(cf_tags(&set)?);
            call.send().await.at("cloudfront:TagResource").map(drop)
        };
        let unset = async |unset| {
            let keys = TagKeys::builder().set_items(Some(unset)).build();
            let call = cloudfront.untag_resource().resource(arn).tag_keys(keys);
            call.send().await.at("cloudfront:UntagResource").map(drop)
        };
        let changes = TagChanges::new(&found.attrs.tags, &wanted.tags).with_id(found, &wanted.tags);
        changes.apply(set, unset).await?;
        let same = Attrs { tags: wanted.tags.clone(), ..found.attrs.clone() };
        if same == *wanted {
            return Ok(Progress::Done);
        }
        let (live, version) = get(cx, &found.id).await?;
        let changed = set_to(cx, live, version, |config| config::write(config, wanted)).await?;
        Ok(if deployed(&changed) { Progress::Done } else { Progress::Underway })
    }

    /// Disabled first, then deleted once every edge location has let go of it. Goes on from
    /// whatever of that an earlier run got done.
    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let call = "cloudfront:DeleteDistribution";
        let tags = read_tags(cx, found.arn()).await?;
        owned::prove_deletable(cx, &found.address, &found.id, &tags, permit, call)?;
        let (live, version) = get(cx, &found.id).await?;
        if live.distribution_config.as_ref().is_some_and(|config| config.enabled) {
            let disable = |config: &mut DistributionConfig| {
                config.enabled = false;
                Ok(())
            };
            set_to(cx, live, version, disable).await?;
            return Ok(Progress::Underway);
        }
        if !deployed(&live) {
            return Ok(Progress::Underway);
        }
        cx.aws.cloudfront.delete_distribution().id(&found.id).set_if_match(version).send().await.at(call)?;
        Ok(Progress::Done)
    }
}

fn wanted(env: &Environment, frontend: &str, spec: &Frontend) -> Attrs {
    const ORIGIN: &str = "bucket";
    let (address, name) = (addresses::distribution(frontend), names::own(env, frontend));
    let behavior = |path: &str, cache_policy: &str| Behavior {
        path: path.to_string(),
        origin: ORIGIN.to_string(),
        viewers: ViewerProtocolPolicy::RedirectToHttps.to_string(),
        methods: ["GET", "HEAD", "OPTIONS"].map(String::from).to_vec(),
        compress: true,
        cache_policy: cache_policy.to_string(),
        headers_policy: Ref::id(&addresses::headers_policy(frontend)),
    };
    // S3 answers 403 for what isn't there when the reader may not list the bucket.
    let to_the_app =
        |code| ErrorPage { code, page: format!("/{ROOT_OBJECT}"), answer: "200".to_string(), seconds: 10 };
    let domain = spec.domain.clone().filter(|_| spec.certificate.is_some());
    Attrs {
        comment: name.clone(),
        enabled: true,
        price_class: names::price_class(spec.price_class).to_string(),
        http_version: "http2and3".to_string(),
        ipv6: true,
        root_object: ROOT_OBJECT.to_string(),
        aliases: domain.into_iter().collect(),
        certificate: spec.certificate.clone(),
        minimum_tls: match spec.certificate {
            Some(_) => MinimumProtocolVersion::TlSv122021,
            None => config::OWN_CERTIFICATE_TLS,
        }
        .to_string(),
        origins: vec![Origin {
            id: ORIGIN.to_string(),
            domain: names::bucket_domain(env, &names::frontend_bucket(env, frontend)),
            access_control: Ref::id(&addresses::origin_access_control(frontend)),
        }],
        behaviors: NEVER_CACHED
            .map(|path| behavior(path, CACHING_DISABLED))
            .into_iter()
            .chain([behavior(config::DEFAULT, CACHING_OPTIMIZED)])
            .collect(),
        error_pages: if spec.spa { [403, 404].map(to_the_app).to_vec() } else { vec![] },
        tags: tags(env, &address, &name),
    }
}

/// Returns what CloudFront tells of every distribution of the account.
async fn summaries(cx: Context<'_>) -> Result<Vec<DistributionSummary>, Failure> {
    let pages = cx.aws.cloudfront.list_distributions().into_paginator().items().send();
    pages.try_collect().await.at("cloudfront:ListDistributions")
}

/// The ids of the distributions that could be the environment's: by the comment that we
/// give them, or by a bucket of ours behind them.
async fn list(cx: Context<'_>, look: &Look<'_, Attrs>) -> Result<Vec<String>, Failure> {
    let mut candidates = vec![];
    for summary in summaries(cx).await? {
        let candidate = match (look.only, look.wanted) {
            (Some(_), [(_, wanted)]) => is_like(&summary, wanted),
            _ => cx.is_thorough || could_be_ours(cx.env, &summary),
        };
        if candidate {
            candidates.push(summary.id);
        }
    }
    Ok(candidates)
}

/// Returns which domains of a plan's distributions another one of the account has. Makes a call only
/// where a distribution is to have a domain that it doesn't have yet.
pub async fn refusals(cx: Context<'_>, plan: &Plan) -> Result<Vec<(Address, String)>, Failure> {
    let aliases = |attrs: Option<&Value>| -> BTreeSet<String> {
        let aliases = attrs.and_then(|attrs| attrs.get("aliases")?.as_array()).into_iter().flatten();
        aliases.filter_map(Value::as_str).map(str::to_string).collect()
    };
    let own: BTreeSet<&str> = plan.changes.iter().filter_map(Change::id).collect();
    let wanted = plan.changes.iter().filter(|change| change.address.kind() == Distribution::INFO.name);
    let wanted = wanted.flat_map(|change| {
        let had = aliases(change.observed.as_ref().map(|observed| &observed.attrs));
        let wants = aliases(change.desired.as_ref().map(|desired| &desired.attrs));
        wants.difference(&had).map(|alias| (alias.clone(), &change.address)).collect::<Vec<_>>()
    });
    let wanted: BTreeMap<String, &Address> = wanted.collect();
    if wanted.is_empty() {
        return Ok(vec![]);
    }
    let mut refused = vec![];
    for summary in summaries(cx).await? {
        let has = summary.aliases.iter().flat_map(|aliases| aliases.items.iter().flatten());
        let taken = has.filter_map(|alias| Some((alias, *wanted.get(alias)?)));
        for (alias, address) in taken.filter(|_| !own.contains(summary.id.as_str())) {
            let why = format!(
                "the domain {alias} belongs to the distribution {} ({}), and one may be at one distribution only: \
                 take it off there, or give this environment another `domain`",
                summary.id, summary.comment
            );
            refused.push((address.clone(), why));
        }
    }
    Ok(refused)
}

/// Returns the distributions of others that name one of these ids.
pub async fn attachments<K: Kind>(
    cx: Context<'_>,
    ids: &[String],
    own: &OwnResources,
    named: impl Fn(&DistributionSummary) -> Vec<String>,
) -> Result<Vec<Attachment>, Failure> {
    let mut attachments = vec![];
    for summary in summaries(cx).await?.into_iter().filter(|summary| !own.has_id(&summary.id)) {
        let to = named(&summary).into_iter().filter(|id| ids.contains(id));
        let what = format!("distribution {}", summary.domain_name);
        attachments.extend(to.map(|to| attachment::<K>(to, &summary.id, &what)));
    }
    Ok(attachments)
}

fn is_like(summary: &DistributionSummary, wanted: &Attrs) -> bool {
    let wants = |domain: &str| wanted.origins.iter().any(|origin| origin.domain == domain);
    summary.comment == wanted.comment || origin_domains(summary).any(wants)
}

fn could_be_ours(env: &Environment, summary: &DistributionSummary) -> bool {
    let behind = names::bucket_domain(env, &names::bucket_suffix(env));
    summary.comment.starts_with(&names::own(env, "")) || origin_domains(summary).any(|d| d.ends_with(&behind))
}

fn origin_domains(summary: &DistributionSummary) -> impl Iterator<Item = &str> {
    let origins = summary.origins.iter().flat_map(|origins| &origins.items);
    origins.map(|origin| origin.domain_name.as_str())
}

/// A distribution and how it is set up, if it is ours. Fails with `NotFound` if it is gone.
async fn describe(
    cx: Context<'_>,
    id: String,
    only: Option<&Address>,
) -> Result<Option<Found<Attrs>>, Failure> {
    let arn = names::distribution_arn(cx.env, &id);
    let (tags, (live, _)) = futures::try_join!(read_tags(cx, &arn), get(cx, &id))?;
    let Some(config) = &live.distribution_config else { return Ok(None) };
    let identity = Identity {
        is_unique: is_own_reference(cx.env, &tags, &config.caller_reference),
        ..Identity::new(&id, &tags)
    };
    let Some((address, ownership)) = cx.owner_of::<Distribution>(&identity, None, only) else {
        return Ok(None);
    };
    let attrs = config::read(config, cx.managed(tags));
    Ok(Some(found(address, &live, attrs).owned(ownership)))
}

/// Returns whether a distribution was made by a create call of ours: the caller reference is our
/// client token, can't be changed, and is unique in an account.
fn is_own_reference(env: &Environment, tags: &Tags, reference: &str) -> bool {
    let Some(address) = claim(env, tags).address().cloned() else { return false };
    let region = tags.get(REGION_TAG).unwrap_or(&env.region).clone();
    let env = &Environment { region, ..env.clone() };
    let attempts = (0..GENERATIONS).flat_map(|generation| (0..SPENT).map(move |spent| (generation, spent)));
    attempts.into_iter().any(|(generation, spent)| token(env, &address, generation, spent) == reference)
}

fn found(address: Address, live: &Cf, attrs: Attrs) -> Found<Attrs> {
    Found::new(address, &live.id, attrs)
        .output("arn", &live.arn)
        .output("domain_name", &live.domain_name)
        .status(if deployed(live) { Status::Ready } else { Status::Pending })
}

fn deployed(live: &Cf) -> bool {
    live.status == "Deployed"
}

/// A distribution as it is, with the version that a change has to name.
async fn get(cx: Context<'_>, id: &str) -> Result<(Cf, Option<String>), Failure> {
    let call = "cloudfront:GetDistribution";
    let answer = cx.aws.cloudfront.get_distribution().id(id).send().await.at(call)?;
    let none = || Failure::new(FailureClass::Other, call, "the answer holds no distribution");
    Ok((answer.distribution.ok_or_else(none)?, answer.e_tag))
}

/// Changes what a live configuration holds, and nothing else of it. Refused by CloudFront
/// if somebody changed it since it was read; then all of it is done again.
async fn set_to(
    cx: Context<'_>,
    live: Cf,
    version: Option<String>,
    change: impl FnOnce(&mut DistributionConfig) -> Result<(), Failure>,
) -> Result<Cf, Failure> {
    let call = "cloudfront:UpdateDistribution";
    let mut config = live
        .distribution_config
        .ok_or_else(|| Failure::new(FailureClass::Other, call, "it has no configuration"))?;
    change(&mut config)?;
    let request = cx.aws.cloudfront.update_distribution().id(live.id).set_if_match(version);
    let answer = request.distribution_config(config).send().await.at(call)?;
    answer
        .distribution
        .ok_or_else(|| Failure::new(FailureClass::Ambiguous, call, "the answer does not show what changed"))
}

async fn read_tags(cx: Context<'_>, arn: &str) -> Result<Tags, Failure> {
    let call = cx.aws.cloudfront.list_tags_for_resource().resource(arn);
    let answer = call.send().await.at("cloudfront:ListTagsForResource")?;
    let tags = answer.tags.and_then(|tags| tags.items).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect())
}

fn cf_tags(tags: &Tags) -> Result<CfTags, Failure> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().built("cloudfront:TagResource");
    let tags: Vec<Tag> = tags.iter().map(tag).collect::<Result<_, Failure>>()?;
    Ok(CfTags::builder().set_items(Some(tags)).build())
}
