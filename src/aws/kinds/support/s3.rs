//! Shared by the S3 kinds: buckets that may be the environment's, and their tags.

use aws_sdk_s3::types::{Tag, Tagging};
use billpay_model::failure::Failure;
use billpay_model::names;
use billpay_model::resource::Tags;

use super::named::Built;
use crate::kinds::kind::Context;
use crate::{Explain, Optional};

/// A bucket by name, and what is known of it from its name's entry in the list.
#[derive(Clone)]
pub struct Candidate {
    pub name: String,
    /// The region that the list gives it, where that isn't ours.
    pub elsewhere: Option<String>,
}

impl Candidate {
    pub fn named(name: &str) -> Candidate {
        Candidate { name: name.to_string(), elsewhere: None }
    }
}

/// The account's buckets whose names could be the environment's. All of the account's are
/// listed, because a frontend may give its bucket any name; the end is always ours.
pub async fn candidates(cx: Context<'_>) -> Result<Vec<Candidate>, Failure> {
    cx.once("buckets", list(cx)).await
}

async fn list(cx: Context<'_>) -> Result<Vec<Candidate>, Failure> {
    let suffix = names::bucket_suffix(cx.env);
    let mut pages = cx.aws.s3.list_buckets().into_paginator().page_size(1000).send();
    let mut candidates = vec![];
    while let Some(page) = pages.next().await {
        for bucket in page.at("s3:ListAllMyBuckets")?.buckets.unwrap_or_default() {
            let elsewhere = bucket.bucket_region.filter(|region| *region != cx.aws.region);
            match bucket.name {
                Some(name) if cx.is_thorough || name.ends_with(&suffix) => {
                    candidates.push(Candidate { name, elsewhere })
                }
                _ => {}
            }
        }
    }
    Ok(candidates)
}

/// The tags of a bucket; `None` if there is no such bucket.
pub async fn read_tags(cx: Context<'_>, bucket: &str) -> Result<Option<Tags>, Failure> {
    let read = async {
        match cx.aws.s3.get_bucket_tagging().bucket(bucket).send().await.at("s3:GetBucketTagging") {
            Ok(answer) => Ok(Some(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
            Err(failure) if failure.code == "NoSuchTagSet" => Ok(Some(Tags::new())),
            Err(failure) => Err(failure).optional(),
        }
    };
    cx.once(format!("tags of bucket {bucket}"), read).await
}

/// Makes a bucket's tags what they should be, where it `has` others. S3 only takes all of them at once, so those
/// that are not ours to manage are read and written back.
pub async fn write_tags(cx: Context<'_>, bucket: &str, has: &Tags, wanted: &Tags) -> Result<(), Failure> {
    let mut tags = read_tags(cx, bucket).await?.unwrap_or_default();
    let managed = cx.managed(tags.clone());
    tags.retain(|key, _| !managed.contains_key(key) && !has.contains_key(key) && !key.starts_with("aws:"));
    tags.extend(wanted.clone());
    let tagging =
        Tagging::builder().set_tag_set(Some(s3_tags(&tags)?)).build().built("s3:PutBucketTagging")?;
    cx.aws.s3.put_bucket_tagging().bucket(bucket).tagging(tagging).send().await.at("s3:PutBucketTagging")?;
    Ok(())
}

pub fn s3_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().built("s3:PutBucketTagging");
    tags.iter().map(tag).collect()
}
