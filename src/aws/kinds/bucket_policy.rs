//! The policy of a bucket: over TLS only and, for a frontend, readable by its distribution.

use async_trait::async_trait;
use billpay_engine::cloud::Progress;
use billpay_engine::kind::{Base, KindInfo, Usual};
use billpay_engine::ownership::{Fit, Identity};
use billpay_engine::permit::Permit;
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::{Owner, Ref};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::support::named;
use super::support::s3::{self, Candidate};
use super::support::{iam, owned};
use super::{addresses, bucket};
use crate::kinds::kind::{Context, Desire, Found, Kind, Look, New};
use crate::{Explain, Lagging, Optional};

pub struct BucketPolicy;

/// A policy has no tags: it is whose the bucket is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attrs {
    bucket: Ref,
    document: Value,
}

#[async_trait]
impl Kind for BucketPolicy {
    type Attrs = Attrs;

    const INFO: KindInfo = KindInfo {
        name: "bucket-policy",
        component: "s3-cloudfront",
        aws_type: "AWS::S3::BucketPolicy",
        immutable: &["bucket"],
        gives_access: &["document"],
        stands_on: &[Base::parent("bucket"), Base::used("distribution")],
        constraints: &[],
        create_first: false,
        named: true,
        global: false,
        holds_data: false,
        usual: Usual::QUICK,
    };
    fn fits(env: &Environment, address: &Address, name: &str) -> Fit {
        bucket::Bucket::fits(env, &addresses::bucket(address.key()), name)
    }

    fn desire(&self, env: &Environment) -> Vec<Desire<Attrs>> {
        let frontends = env.frontends.keys().map(|frontend| {
            let bucket = names::frontend_bucket(env, frontend);
            (frontend, vec![tls_only(&bucket), read_by_distribution(&bucket, frontend)])
        });
        let others = env.buckets.keys().map(|name| (name, vec![tls_only(&names::other_bucket(env, name))]));
        let desire = |(key, statements): (&String, Vec<Value>)| {
            let attrs = Attrs { bucket: Ref::id(&addresses::bucket(key)), document: document(statements) };
            Desire::new(addresses::bucket_policy(key), attrs)
        };
        frontends.chain(others).map(desire).collect()
    }

    async fn observe(&self, cx: Context<'_>, look: Look<'_, Attrs>) -> Result<Vec<Found<Attrs>>, Failure> {
        let candidates = match (look.only, look.wanted) {
            (Some(_), [(_, Attrs { bucket: Ref::Known(bucket), .. })]) => vec![Candidate::named(bucket)],
            _ => s3::candidates(cx).await?,
        };
        let here = candidates.into_iter().filter(|candidate| candidate.elsewhere.is_none());
        named::details(here, |candidate| describe(cx, candidate.name, look.only)).await
    }

    async fn create(&self, cx: Context<'_>, new: New<Attrs>) -> Result<Found<Attrs>, Failure> {
        put(cx, &new.attrs).await.lagging()?;
        let bucket = new.attrs.bucket.text().to_string();
        Ok(Found::new(new.address, bucket, new.attrs))
    }

    async fn update(&self, cx: Context<'_>, _: &Found<Attrs>, wanted: &Attrs) -> Result<Progress, Failure> {
        put(cx, wanted).await?;
        Ok(Progress::Done)
    }

    async fn delete(
        &self,
        cx: Context<'_>,
        found: &Found<Attrs>,
        permit: &Permit,
    ) -> Result<Progress, Failure> {
        let call = "s3:DeleteBucketPolicy";
        let Some(tags) = s3::read_tags(cx, &found.id).await? else { return Ok(Progress::Done) };
        let bucket = addresses::bucket(found.address.key());
        owned::prove_deletable(cx, &bucket, &found.id, &tags, permit, call)?;
        let owner = &cx.env.account;
        cx.aws
            .s3
            .delete_bucket_policy()
            .bucket(&found.id)
            .expected_bucket_owner(owner)
            .send()
            .await
            .at(call)?;
        Ok(Progress::Done)
    }
}

/// The policy of a bucket, if the bucket is ours and has one.
async fn describe(
    cx: Context<'_>,
    bucket: String,
    only: Option<&Address>,
) -> Result<Option<Found<Attrs>>, Failure> {
    let policy = async {
        let answer = cx.aws.s3.get_bucket_policy().bucket(&bucket).send().await;
        answer.at("s3:GetBucketPolicy").optional()
    };
    // At the same time: of what may be ours by its name, hardly anything isn't.
    let (tags, policy) = futures::join!(s3::read_tags(cx, &bucket), policy);
    let Some(tags) = tags? else { return Ok(None) };
    let only = only.map(|only| addresses::bucket(only.key()));
    let identity = Identity::new(&bucket, &tags).named(&bucket);
    let Some((owner, ownership)) = cx.owner_of::<bucket::Bucket>(&identity, None, only.as_ref()) else {
        return Ok(None);
    };
    if !matches!(ownership.owner, Owner::Ours | Owner::Legacy { .. }) {
        return Ok(None);
    }
    let Some(text) = policy?.and_then(|answer| answer.policy) else { return Ok(None) };
    let attrs = Attrs { bucket: bucket.clone().into(), document: iam::document(&text) };
    Ok(Some(Found::new(addresses::bucket_policy(owner.key()), bucket, attrs).owned(ownership)))
}

async fn put(cx: Context<'_>, attrs: &Attrs) -> Result<(), Failure> {
    let call = cx.aws.s3.put_bucket_policy().bucket(attrs.bucket.text());
    let call = call.expected_bucket_owner(&cx.env.account).policy(attrs.document.to_string());
    call.send().await.at("s3:PutBucketPolicy")?;
    Ok(())
}

/// A policy in the form that [`access::normal`](billpay_model::access::normal) gives what is found: sets are sorted lists.
fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Sets the policy of a bucket that belongs to no environment: over TLS only.
///
/// # Errors
/// Fails if the call does.
pub(crate) async fn put_tls_only(cx: Context<'_>, bucket: &str) -> Result<(), Failure> {
    put(cx, &Attrs { bucket: bucket.into(), document: document(vec![tls_only(bucket)]) }).await
}

/// Nobody, not even the account's own, may use the bucket over a connection in the clear.
fn tls_only(bucket: &str) -> Value {
    let arn = names::bucket_arn(bucket);
    json!({
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*"],
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
    })
}

/// CloudFront may read, but only for this one distribution: without the condition anybody's
/// distribution could show what is in the bucket.
fn read_by_distribution(bucket: &str, frontend: &str) -> Value {
    json!({
        "Sid": "ReadByDistribution",
        "Effect": "Allow",
        "Principal": {"Service": ["cloudfront.amazonaws.com"]},
        "Action": ["s3:GetObject"],
        "Resource": [format!("{}/*", names::bucket_arn(bucket))],
        "Condition": {
            "StringEquals": {"AWS:SourceArn": [Ref::output(&addresses::distribution(frontend), "arn")]},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_in_the_form_that_is_compared() {
        let mut read = read_by_distribution("b", "payment");
        read["Condition"]["StringEquals"]["AWS:SourceArn"][0] =
            json!("arn:aws:cloudfront::1:distribution/E1");
        let document = document(vec![tls_only("b"), read]);
        assert_eq!(billpay_model::access::normal(document.clone()), document);
    }
}
