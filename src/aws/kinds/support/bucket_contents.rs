//! Emptying a bucket: S3 deletes only empty ones, and a versioned one keeps everything.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use billpay_model::failure::{Failure, FailureClass};
use futures::{StreamExt, TryStreamExt, stream};

use super::named::{self, Built};
use crate::kinds::kind::Context;
use crate::{Explain, Optional};

/// Returns whether a bucket holds no version of any object; one that is gone holds none.
pub async fn is_empty(cx: Context<'_>, bucket: &str) -> Result<bool, Failure> {
    let call = cx.aws.s3.list_object_versions().bucket(bucket).max_keys(1);
    let page = call.send().await.at("s3:ListBucketVersions").optional()?;
    Ok(page.is_none_or(|page| page.versions().is_empty() && page.delete_markers().is_empty()))
}

/// Batches of a thousand that are deleted while the next ones are listed.
const BATCHES_AT_ONCE: usize = 8;

/// Removes every version, every delete marker and every unfinished upload. Cut short, it
/// goes on from what is left.
pub async fn remove(cx: Context<'_>, bucket: &str) -> Result<(), Failure> {
    futures::try_join!(remove_versions(cx, bucket), remove_uploads(cx, bucket))?;
    Ok(())
}

/// Position at which a list that comes in pages goes on: its two markers.
type Marker = (Option<String>, Option<String>);

async fn remove_versions(cx: Context<'_>, bucket: &str) -> Result<(), Failure> {
    let pages = stream::try_unfold(Some(Marker::default()), |marker| async move {
        let Some((key, version)) = marker else { return Ok(None) };
        let list = cx.aws.s3.list_object_versions().bucket(bucket);
        let list = list.set_key_marker(key).set_version_id_marker(version);
        let page = list.send().await.at("s3:ListBucketVersions")?;
        let more = page.is_truncated == Some(true);
        let next = more.then_some((page.next_key_marker, page.next_version_id_marker));
        let versions =
            page.versions.unwrap_or_default().into_iter().map(|found| (found.key, found.version_id));
        let markers =
            page.delete_markers.unwrap_or_default().into_iter().map(|found| (found.key, found.version_id));
        Ok::<_, Failure>(Some((versions.chain(markers).collect::<Vec<_>>(), next)))
    });
    pages.try_for_each_concurrent(BATCHES_AT_ONCE, |batch| delete_batch(cx, bucket, batch)).await
}

async fn delete_batch(
    cx: Context<'_>,
    bucket: &str,
    batch: Vec<(Option<String>, Option<String>)>,
) -> Result<(), Failure> {
    let call = "s3:DeleteObjectVersion";
    if batch.is_empty() {
        return Ok(());
    }
    let objects: Vec<ObjectIdentifier> = batch
        .into_iter()
        .filter_map(|(key, version)| Some((key?, version)))
        .map(|(key, version)| {
            ObjectIdentifier::builder().key(key).set_version_id(version).build().built(call)
        })
        .collect::<Result<_, Failure>>()?;
    let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build().built(call)?;
    let owner = &cx.env.account;
    let request = cx.aws.s3.delete_objects().bucket(bucket).expected_bucket_owner(owner).delete(delete);
    let answer = request.send().await.at(call)?;
    match answer.errors.unwrap_or_default().into_iter().next() {
        None => Ok(()),
        Some(error) => {
            let code = error.code.unwrap_or_default();
            let class = if code == "AccessDenied" { FailureClass::Denied } else { FailureClass::Busy };
            let message = format!("{}: {}", error.key.unwrap_or_default(), error.message.unwrap_or_default());
            Err(Failure { code, ..Failure::new(class, call, message) })
        }
    }
}

async fn remove_uploads(cx: Context<'_>, bucket: &str) -> Result<(), Failure> {
    let mut marker = Marker::default();
    loop {
        let (key, upload) = marker;
        let list = cx.aws.s3.list_multipart_uploads().bucket(bucket);
        let list = list.set_key_marker(key).set_upload_id_marker(upload);
        let page = list.send().await.at("s3:ListBucketMultipartUploads")?;
        let uploads = page.uploads.unwrap_or_default().into_iter();
        let abort = |(key, upload): (String, String)| async move {
            let request = cx.aws.s3.abort_multipart_upload().bucket(bucket).key(key).upload_id(upload);
            request.send().await.at("s3:AbortMultipartUpload").optional().map(drop)
        };
        stream::iter(uploads.filter_map(|upload| Some((upload.key?, upload.upload_id?))))
            .map(abort)
            .buffer_unordered(named::AT_ONCE)
            .try_collect::<()>()
            .await?;
        if page.is_truncated != Some(true) {
            return Ok(());
        }
        marker = (page.next_key_marker, page.next_upload_id_marker);
    }
}
