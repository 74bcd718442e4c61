//! A bucket of S3 as a store of facts about runs.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use billpay_model::environment::Environment;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::names;
use billpay_model::store::{CreateResult, ObjectStore};

use crate::kinds::kind::Context;
use crate::kinds::{bucket, bucket_policy};
use crate::{Aws, Explain, Optional};

/// Largest object that is read, bytes.
const MAX_BYTES: i64 = 1 << 20;

/// A bucket in the account and region of an environment, and the beginning of the keys in it.
pub struct StateBucket {
    aws: Aws,
    env: Environment,
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
    /// Account that must own it.
    owner: String,
}

impl StateBucket {
    /// Names a bucket. Nothing is read or written when it is another account's than the environment's.
    pub fn new(aws: Aws, env: &Environment, bucket: &str, prefix: &str) -> StateBucket {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        StateBucket { aws, env: env.clone(), bucket: bucket.to_string(), prefix, owner: env.account.clone() }
    }

    /// Returns whether billpay makes the bucket: the one that all environments of a project in the account and region
    /// share.
    fn is_own(&self) -> bool {
        self.bucket == names::runs_bucket(&self.env)
    }

    /// Returns whether a failure says that the bucket is not there yet, where nobody else would make it.
    fn is_not_made(&self, failure: &Failure) -> bool {
        self.is_own() && failure.code == "NoSuchBucket"
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

#[async_trait]
impl ObjectStore for StateBucket {
    fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_string()
    }

    fn is_shared(&self) -> bool {
        true
    }

    /// The policy comes last, so that one which is there says that all settings are.
    async fn make(&self) -> Result<bool, Failure> {
        if !self.is_own() {
            return Ok(false);
        }
        let cx = Context::plain(&self.aws, &self.env);
        let policy = self.aws.s3.get_bucket_policy().bucket(&self.bucket).expected_bucket_owner(&self.owner);
        let is_there = match policy.send().await.at("s3:GetBucketPolicy") {
            Ok(_) => return bucket::check_shared(cx, &self.bucket).await.map(|_| false),
            Err(failure) if failure.code == "NoSuchBucketPolicy" => true,
            Err(failure) if failure.code == "NoSuchBucket" => false,
            Err(failure) => return Err(failure),
        };
        bucket::make_shared(cx, &self.bucket, is_there).await?;
        bucket_policy::put_tls_only(cx, &self.bucket).await?;
        Ok(true)
    }

    async fn create(&self, key: &str, body: &[u8]) -> Result<CreateResult, Failure> {
        let put = self.aws.s3.put_object().bucket(&self.bucket).key(self.key(key)).if_none_match("*");
        let put = put.expected_bucket_owner(&self.owner).body(ByteStream::from(body.to_vec()));
        match put.send().await.at("s3:PutObject") {
            Ok(_) => Ok(CreateResult::Created),
            Err(failure) if failure.code == "PreconditionFailed" => Ok(CreateResult::Exists),
            Err(failure) => Err(failure),
        }
    }

    async fn write(&self, key: &str, body: &[u8]) -> Result<(), Failure> {
        let put = self.aws.s3.put_object().bucket(&self.bucket).key(self.key(key));
        let put = put.expected_bucket_owner(&self.owner).body(ByteStream::from(body.to_vec()));
        put.send().await.at("s3:PutObject").map(drop)
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let call = "s3:GetObject";
        let get = self.aws.s3.get_object().bucket(&self.bucket).key(self.key(key));
        let got = match get.expected_bucket_owner(&self.owner).send().await.at(call) {
            Err(failure) if failure.code == "NoSuchKey" || self.is_not_made(&failure) => return Ok(None),
            got => got?,
        };
        if got.content_length.is_some_and(|length| length > MAX_BYTES) {
            return Err(Failure::new(
                FailureClass::Invalid,
                call,
                format!("{key} is too large for an object"),
            ));
        }
        let body = got.body.collect().await;
        let body = body.map_err(|error| {
            Failure::new(FailureClass::Ambiguous, call, format!("the answer broke off: {error}"))
        })?;
        Ok(Some(body.to_vec()))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let list = self.aws.s3.list_objects_v2().bucket(&self.bucket).prefix(self.key(prefix));
        let mut pages = list.expected_bucket_owner(&self.owner).into_paginator().send();
        let mut keys = vec![];
        while let Some(page) = pages.next().await {
            let objects = match page.at("s3:ListBucket") {
                Err(failure) if self.is_not_made(&failure) => return Ok(vec![]),
                page => page?.contents.unwrap_or_default(),
            };
            let found = objects.into_iter().filter_map(|object| object.key);
            keys.extend(found.filter_map(|key| key.strip_prefix(&self.prefix).map(str::to_string)));
        }
        keys.sort();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), Failure> {
        let delete = self.aws.s3.delete_object().bucket(&self.bucket).key(self.key(key));
        delete.expected_bucket_owner(&self.owner).send().await.at("s3:DeleteObject").optional().map(drop)
    }
}
