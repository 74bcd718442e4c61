//! A private bucket: a frontend's files, or whatever else the spec wants one for.

use async_trait::async_trait;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{KindInfo, Usual};
use billpay_engine::ownership::{Claim, Fit, Identity, Ownership, claim};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Attachment, Goal};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::resource::{Owner, PROJECT_TAG, Tags};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::addresses;
use super::support::bucket_lifecycle::{self, Rule};
use super::support::named::{self, Built};
use super::support::s3::{self, Candidate};
use super::support::{bucket_contents, owned};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New, OwnResources, attachment, tags};
use crate::{Explain, Lagging, Optional};

pub struct Bucket;

/// Days that replaced objects of locks and journals stay.
const RUN_VERSIONS_DAYS: u32 = 30;

/// Days that a frontend's replaced files stay, so that a page that a browser still shows
/// keeps its scripts, and a bad upload can be undone.
const FRONTEND_OLD_VERSIONS_DAYS: u32 = 30;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Attrs {
    name: String,
    encryption: String,
    bucket_key: bool,
    versioning: bool,
    /// All four of S3's switches against public access are on.
    public_access_blocked: bool,
    ownership: String,
    lifecycle: Vec<Rule>,
    tags: Tags,
}

#[async_trait]
impl Kind for Bucket {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "bucket",
        component: "s3-cloudfront",
        aws_type: "AWS::S3::Bucket",
        immutable: &[],
        stands_on: &[],
        constraints: &[],
        create_first: false,
        named: true,
        global: false,
        holds_data: true,
        gives_access: &["public_access_blocked"],
        usual: Usual { create: 3, update: 1, delete: 5 },
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        let key = address.key();
        match env.frontends.get(key) {
            Some(frontend) if frontend.bucket.is_some() => {
                Fit::nameless(name, &names::frontend_bucket(env, key))
            }
            // A frontend or a bucket that left the spec had one of these two names.
            _ if name == names::frontend_bucket(env, key) => Fit::Whole,
            _ => Fit::whole(name, &names::other_bucket(env, key)),
        }
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let frontends = env
            .frontends
            .keys()
            .map(|frontend| (frontend, names::frontend_bucket(env, frontend), FRONTEND_OLD_VERSIONS_DAYS));
        let others = env
            .buckets
            .iter()
            .map(|(name, bucket)| (name, names::other_bucket(env, name), bucket.expire_old_versions_days));
        let desire = |(key, name, days): (&String, String, u32)| {
            let address = addresses::bucket(key);
            let tags = tags(env, &address, &name);
            Desire::new(address, private(name, days, tags))
        };
        frontends.chain(others).map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let candidates = match (look.only, look.wanted) {
            (Some(_), [(_, attrs)]) => vec![Candidate::named(&attrs.name)],
            _ => s3::candidates(cx).await?,
        };
        let look = &look;
        named::details(candidates, |candidate| describe(cx, look, candidate)).await
    }

    /// In us-east-1, S3 answers "created" for a bucket that its owner has already, so only
    /// looking first keeps us from taking over somebody's.
    async fn attachments(
        &self,
        cx: Context<'_>,
        leaving: &[Found<Attrs>],
        _own: &OwnResources,
    ) -> Result<Vec<Attachment>, Failure> {
        if cx.goal == Goal::Destroy {
            return Ok(vec![]);
        }
        let read = leaving.iter().map(|bucket| async {
            let is_empty = bucket_contents::is_empty(cx, &bucket.id).await?;
            let (id, what) = (format!("s3://{}", bucket.id), "objects, or versions of some");
            Ok::<_, Failure>((!is_empty).then(|| attachment::<Bucket>(&bucket.id, id, what)))
        });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        let (call, attrs) = ("s3:CreateBucket", new.attrs);
        if s3::read_tags(cx, &attrs.name).await?.is_some() {
            return Err(Failure::new(FailureClass::Exists, call, "there is a bucket of this name already"));
        }
        make(cx, &attrs).await?;
        // The tags once more: not every S3 that isn't AWS's takes them from the create call.
        let fresh =
            Attrs { name: attrs.name.clone(), ownership: attrs.ownership.clone(), ..Attrs::default() };
        settle(cx, &fresh, &attrs).await.lagging()?;
        Ok(found(cx, new.address, attrs))
    }

    async fn update(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        wanted: &Attrs,
    ) -> Result<Progress, Failure> {
        settle(cx, &found.attrs, wanted).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let call = "s3:DeleteBucket";
        let Some(tags) = s3::read_tags(cx, &found.id).await? else { return Ok(Progress::Done) };
        owned::prove_deletable(cx, &found.address, &found.id, &tags, permit, call)?;
        if cx.goal == Goal::Destroy {
            bucket_contents::remove(cx, &found.id).await?;
        }
        let request = cx.aws.s3.delete_bucket().bucket(&found.id).expected_bucket_owner(&cx.env.account);
        match request.send().await.at(call) {
            Err(failure) if failure.class == FailureClass::InUse && cx.goal == Goal::Converge => {
                Err(Failure {
                    // Trying again doesn't help, so this is not `InUse`.
                    class: FailureClass::Invalid,
                    message: format!(
                        "{} still holds objects, which don't go when it leaves the spec: empty it yourself \
                     (all versions), or put it back into the spec",
                        found.id
                    ),
                    ..failure
                })
            }
            other => other.map(|_| Progress::Done),
        }
    }
}

/// A private bucket, encrypted and with versions.
fn private(name: String, old_versions_days: u32, tags: Tags) -> Attrs {
    Attrs {
        name,
        encryption: ServerSideEncryption::Aes256.to_string(),
        bucket_key: true,
        versioning: true,
        public_access_blocked: true,
        ownership: ObjectOwnership::BucketOwnerEnforced.to_string(),
        lifecycle: vec![Rule::tidy(old_versions_days)],
        tags,
    }
}

/// Makes the bucket in which the environments of a project keep their locks and journals, or goes on with one that was
/// begun.
///
/// # Errors
/// Fails if a call does, or the bucket that is there doesn't carry the project's tag.
pub(crate) async fn make_shared(cx: Context<'_>, name: &str, is_there: bool) -> Result<(), Failure> {
    let mut tags = cx.env.tags.clone();
    tags.insert("Name".to_string(), name.to_string());
    tags.insert(PROJECT_TAG.to_string(), cx.env.project.clone());
    let wanted = private(name.to_string(), RUN_VERSIONS_DAYS, tags);
    let mut has = Attrs { name: name.to_string(), ownership: wanted.ownership.clone(), ..Attrs::default() };
    if is_there {
        let tags = check_shared(cx, name).await?;
        has = Attrs { tags, ..settings(cx, name).await? };
    } else {
        match make(cx, &wanted).await {
            // Another run makes it at the same time, with the same settings.
            Err(failure) if failure.code == "BucketAlreadyOwnedByYou" => {}
            made => made?,
        }
    }
    settle(cx, &has, &wanted).await
}

/// Reads the tags of the bucket in which the environments of a project keep their locks and journals.
///
/// # Errors
/// Fails if the call does, or the bucket doesn't carry the project's tag.
pub(crate) async fn check_shared(cx: Context<'_>, name: &str) -> Result<Tags, Failure> {
    let tags = s3::read_tags(cx, name).await?.unwrap_or_default();
    if tags.get(PROJECT_TAG) != Some(&cx.env.project) {
        let why = format!("{name} is there, and doesn't carry {PROJECT_TAG}: empty and delete it, or tag it");
        return Err(Failure::new(FailureClass::Invalid, "s3:CreateBucket", why));
    }
    Ok(tags)
}

/// Creates a bucket, with tags and without other settings.
async fn make(cx: Context<'_>, attrs: &Attrs) -> Result<(), Failure> {
    let call = "s3:CreateBucket";
    let place =
        (cx.aws.region != "us-east-1").then(|| BucketLocationConstraint::from(cx.aws.region.as_str()));
    let configuration = CreateBucketConfiguration::builder()
        .set_location_constraint(place)
        .set_tags(Some(s3::s3_tags(&attrs.tags)?))
        .build();
    cx.aws
        .s3
        .create_bucket()
        .bucket(&attrs.name)
        .object_ownership(ObjectOwnership::from(attrs.ownership.as_str()))
        .create_bucket_configuration(configuration)
        .send()
        .await
        .at(call)
        .map(drop)
}

fn found(cx: Context<'_>, address: Address, attrs: Attrs) -> Found<Attrs> {
    Found::new(address, attrs.name.clone(), attrs.clone())
        .output("arn", names::bucket_arn(&attrs.name))
        .output("domain_name", names::bucket_domain(cx.env, &attrs.name))
}

/// Whose a bucket is and, if it is ours, how it is set up.
async fn describe(
    cx: Context<'_>,
    look: &Look<'_, Attrs>,
    candidate: Candidate,
) -> Result<Vec<Found<Attrs>>, Failure> {
    let name = candidate.name;
    let wanted = look.wanted(|attrs| attrs.name == name).map(|(address, _)| address);
    let foreign = |evidence: String| {
        let attrs = Attrs { name: name.clone(), ..Attrs::default() };
        let ownership = Ownership::of(Owner::Foreign { evidence });
        wanted.map(|address| found(cx, address.clone(), attrs).owned(ownership)).into_iter().collect()
    };
    if let Some(region) = candidate.elsewhere {
        return Ok(match lives_there(cx, &name, &region).await? {
            Some(address) => {
                let attrs = Attrs { name: name.clone(), ..Attrs::default() };
                vec![found(cx, address, attrs).owned(Ownership::of(Owner::Elsewhere { region }))]
            }
            None => foreign(format!("it is in {region}")),
        });
    }
    // At the same time: of what may be ours by its name, hardly anything isn't.
    let (tags, settings) = futures::join!(s3::read_tags(cx, &name), settings(cx, &name));
    let tags = match tags {
        Ok(Some(tags)) => tags,
        Ok(None) => return Ok(vec![]),
        // Bucket names are global. One that our own list shows must be readable; of one
        // that we only asked for by name we learn no more than that it is there.
        Err(failure) if look.only.is_some() && failure.class == FailureClass::Denied => {
            return Ok(foreign("it belongs to another account, or may not be read by this role".to_string()));
        }
        Err(failure) if failure.code == "PermanentRedirect" => {
            return Ok(foreign("it is in another region".to_string()));
        }
        Err(failure) => return Err(failure),
    };
    let owners = cx.owned::<Bucket>(&Identity::new(&name, &tags).named(&name), wanted, look.only);
    let ours = |ownership: &Ownership| matches!(ownership.owner, Owner::Ours | Owner::Legacy { .. });
    let attrs = match owners.iter().any(|(_, ownership)| ours(ownership)) {
        true => Attrs { tags: cx.managed(tags), ..settings? },
        false => Attrs { name: name.clone(), tags: cx.managed(tags), ..Attrs::default() },
    };
    let found = |(at, ownership)| found(cx, at, attrs.clone()).owned(ownership);
    Ok(owners.into_iter().map(found).collect())
}

/// Returns the address of a bucket in another region, if it is this environment's: then the
/// environment lives there.
async fn lives_there(cx: Context<'_>, name: &str, region: &str) -> Result<Option<Address>, Failure> {
    let there = cx.aws.in_region(region);
    let Some(tags) = s3::read_tags(Context { aws: &there, reads: None, ..cx }, name).await? else {
        return Ok(None);
    };
    let address = match claim(cx.env, &tags) {
        Claim::Elsewhere { address, region: told } if told == region => address,
        // The old tags name no region, so that the name has to hold the project.
        Claim::Legacy { address, .. } if Bucket::fits(cx.env, &address, name) == Fit::Whole => address,
        _ => return Ok(None),
    };
    let is_bucket =
        address.kind() == Bucket::INFO.name && Bucket::fits(cx.env, &address, name) != Fit::Differs;
    Ok(is_bucket.then_some(address))
}

/// Reads the settings of a bucket, apart from its tags. Fails with `NotFound` if it is gone.
async fn settings(cx: Context<'_>, name: &str) -> Result<Attrs, Failure> {
    let s3 = &cx.aws.s3;
    let encryption = async {
        let answer = s3.get_bucket_encryption().bucket(name).send().await;
        unset(answer.at("s3:GetEncryptionConfiguration"))
    };
    let versioning =
        async { s3.get_bucket_versioning().bucket(name).send().await.at("s3:GetBucketVersioning") };
    let public = async {
        let answer = s3.get_public_access_block().bucket(name).send().await;
        unset(answer.at("s3:GetBucketPublicAccessBlock"))
    };
    let ownership = async {
        let answer = s3.get_bucket_ownership_controls().bucket(name).send().await;
        unset(answer.at("s3:GetBucketOwnershipControls"))
    };
    let lifecycle = async {
        let answer = s3.get_bucket_lifecycle_configuration().bucket(name).send().await;
        unset(answer.at("s3:GetLifecycleConfiguration"))
    };
    let (encryption, versioning, public, ownership, lifecycle) =
        futures::try_join!(encryption, versioning, public, ownership, lifecycle)?;
    let encryption = encryption.and_then(|answer| answer.server_side_encryption_configuration);
    let encryption = encryption.and_then(|rules| rules.rules.into_iter().next());
    let algorithm =
        encryption.as_ref().and_then(|rule| rule.apply_server_side_encryption_by_default.as_ref());
    let public = public.and_then(|answer| answer.public_access_block_configuration);
    let ownership = ownership.and_then(|answer| answer.ownership_controls);
    Ok(Attrs {
        name: name.to_string(),
        encryption: algorithm.map(|by| by.sse_algorithm.to_string()).unwrap_or_default(),
        bucket_key: encryption.as_ref().and_then(|rule| rule.bucket_key_enabled).unwrap_or(false),
        versioning: versioning.status == Some(BucketVersioningStatus::Enabled),
        public_access_blocked: public.is_some_and(|block| {
            [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ]
            .iter()
            .all(|on| *on == Some(true))
        }),
        ownership: ownership
            .and_then(|controls| controls.rules.into_iter().next())
            .map(|rule| rule.object_ownership.to_string())
            .unwrap_or_default(),
        lifecycle: bucket_lifecycle::read(lifecycle.and_then(|answer| answer.rules)),
        tags: Tags::new(),
    })
}

/// A setting that a bucket may not have; that the bucket itself is gone stays a failure.
fn unset<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure) if failure.code == "NoSuchBucket" => Err(failure),
        answer => answer.optional(),
    }
}

/// Sets what differs, one setting after the other: S3 refuses two at once on one bucket.
async fn settle(cx: Context<'_>, has: &Attrs, wanted: &Attrs) -> Result<(), Failure> {
    let (s3, name) = (&cx.aws.s3, &wanted.name);
    if !has.public_access_blocked && wanted.public_access_blocked {
        let call = s3.put_public_access_block().bucket(name);
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        call.public_access_block_configuration(block).send().await.at("s3:PutBucketPublicAccessBlock")?;
    }
    if has.tags != wanted.tags {
        s3::write_tags(cx, name, &has.tags, &wanted.tags).await?;
    }
    if has.ownership != wanted.ownership {
        let at = "s3:PutBucketOwnershipControls";
        let ownership = ObjectOwnership::from(wanted.ownership.as_str());
        let rule = OwnershipControlsRule::builder().object_ownership(ownership).build().built(at)?;
        let controls = OwnershipControls::builder().rules(rule).build().built(at)?;
        s3.put_bucket_ownership_controls().bucket(name).ownership_controls(controls).send().await.at(at)?;
    }
    if (&has.encryption, has.bucket_key) != (&wanted.encryption, wanted.bucket_key) {
        let at = "s3:PutEncryptionConfiguration";
        let algorithm = ServerSideEncryption::from(wanted.encryption.as_str());
        let by = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).build().built(at)?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by)
            .bucket_key_enabled(wanted.bucket_key)
            .build();
        let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build().built(at)?;
        let call = s3.put_bucket_encryption().bucket(name);
        call.server_side_encryption_configuration(rules).send().await.at(at)?;
    }
    if has.versioning != wanted.versioning {
        let status = match wanted.versioning {
            true => BucketVersioningStatus::Enabled,
            false => BucketVersioningStatus::Suspended,
        };
        let versioning = VersioningConfiguration::builder().status(status).build();
        let call = s3.put_bucket_versioning().bucket(name).versioning_configuration(versioning);
        call.send().await.at("s3:PutBucketVersioning")?;
    }
    if has.lifecycle != wanted.lifecycle {
        let at = "s3:PutLifecycleConfiguration";
        let rules = bucket_lifecycle::write(&wanted.lifecycle)?;
        let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().built(at)?;
        let call = s3.put_bucket_lifecycle_configuration().bucket(name);
        call.lifecycle_configuration(rules).send().await.at(at)?;
    }
    Ok(())
}
