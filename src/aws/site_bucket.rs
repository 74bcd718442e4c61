//! A bucket of S3 that sites are brought to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use billpay_model::caller::CallerIdentity;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::site::{SiteFile, SiteStore, StoredFile};

use crate::{Aws, Explain};

/// A bucket, and who must own it.
pub struct SiteBucket {
    aws: Aws,
    name: String,
    /// Nothing is read or written when the bucket is another account's.
    owner: Option<String>,
}

impl SiteBucket {
    pub fn new(aws: Aws, name: String, owner: Option<String>) -> SiteBucket {
        SiteBucket { aws, name, owner }
    }
}

#[async_trait]
impl SiteStore for SiteBucket {
    async fn identity(&self) -> Result<CallerIdentity, Failure> {
        self.aws.identity().await
    }

    async fn list(&self, prefix: &str) -> Result<BTreeMap<String, StoredFile>, Failure> {
        let list = self.aws.s3.list_objects_v2().bucket(&self.name).prefix(prefix);
        let list = list.set_expected_bucket_owner(self.owner.clone());
        let mut pages = list.into_paginator().send();
        let mut stored = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for object in page.at("s3:ListBucket")?.contents.unwrap_or_default() {
                let (Some(key), Some(etag)) = (object.key, object.e_tag) else { continue };
                let size = object.size.unwrap_or_default().try_into().unwrap_or_default();
                stored.insert(key, StoredFile { size, etag: etag.trim_matches('"').to_string() });
            }
        }
        Ok(stored)
    }

    async fn put(&self, key: &str, file: &SiteFile) -> Result<(), Failure> {
        let call = "s3:PutObject";
        let bytes = tokio::fs::read(&file.from).await.map_err(|error| {
            Failure::new(FailureClass::Other, call, format!("{}: {error}", file.from.display()))
        })?;
        let put = self.aws.s3.put_object().bucket(&self.name).key(key).body(ByteStream::from(bytes));
        let put = put.set_content_type(file.content_type.map(str::to_string));
        put.set_expected_bucket_owner(self.owner.clone()).send().await.at(call)?;
        Ok(())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), Failure> {
        let call = "s3:DeleteObject";
        let wrong = |error| Failure::new(FailureClass::Invalid, call, format!("{error}"));
        let objects: Result<Vec<_>, Failure> =
            keys.iter().map(|key| ObjectIdentifier::builder().key(key).build().map_err(wrong)).collect();
        let delete = Delete::builder().set_objects(Some(objects?)).quiet(true).build().map_err(wrong)?;
        let request = self.aws.s3.delete_objects().bucket(&self.name).delete(delete);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await.at(call)?;
        match answer.errors.unwrap_or_default().into_iter().next() {
            None => Ok(()),
            Some(error) => {
                let code = error.code.unwrap_or_default();
                let class = if code == "AccessDenied" { FailureClass::Denied } else { FailureClass::Busy };
                let message =
                    format!("{}: {}", error.key.unwrap_or_default(), error.message.unwrap_or_default());
                Err(Failure { code, ..Failure::new(class, call, message) })
            }
        }
    }
}
