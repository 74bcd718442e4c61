//! Brings a built documentation site to the bucket that the portal reads it from.

use std::collections::BTreeMap;

use billpay_model::failure::Failure;
use billpay_model::site::{SiteFile, SitePlan, SiteStore, plan};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::{INDEX, METADATA};

/// Maximum number of parallel writes.
const MAX_PARALLEL_WRITES: usize = 24;
/// Maximum number of keys that one call deletes.
const MAX_DELETED_KEYS: usize = 1000;

/// Error of publishing a site.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The site has no page that the portal would show.
    #[error("the site has no {missing}")]
    NotASite { missing: &'static str },
    /// A call failed; what was written so far does no harm, and the next run goes on from it.
    #[error("{failure}")]
    Failed { failure: Failure, uploaded: usize },
}

/// Files that were published, or that a preview would publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishReport {
    pub uploaded: Vec<String>,
    pub uploaded_bytes: u64,
    pub unchanged: usize,
    pub deleted: Vec<String>,
}

/// Makes the objects under `prefix` equal to the site; `done` is called for each written file.
///
/// # Errors
/// Fails before the first change if the files have no start page or metadata, or the store can't be listed;
/// later, if an object can't be written or deleted.
pub async fn publish(
    store: &dyn SiteStore,
    files: &[SiteFile],
    prefix: &str,
    dry_run: bool,
    done: &(dyn Fn(&str) + Sync),
) -> Result<PublishReport, PublishError> {
    let by_path: BTreeMap<&str, &SiteFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    for missing in [INDEX, METADATA] {
        if !by_path.contains_key(missing) {
            return Err(PublishError::NotASite { missing });
        }
    }
    let failed = |uploaded| move |failure| PublishError::Failed { failure, uploaded };
    let stored = store.list(prefix).await.map_err(failed(0))?;
    let plan = plan(files, &stored, prefix, &[METADATA]);
    if dry_run {
        return Ok(summarize(plan, &by_path));
    }
    let mut uploaded = 0;
    for step in &plan.upload {
        let uploads = step.iter().filter_map(|path| by_path.get(path.as_str()));
        let mut uploads = stream::iter(uploads)
            .map(|file| async move {
                store.put(&format!("{prefix}{}", file.path), file).await.map(|()| file.path.as_str())
            })
            .buffer_unordered(MAX_PARALLEL_WRITES);
        while let Some(path) = uploads.try_next().await.map_err(failed(uploaded))? {
            uploaded += 1;
            done(path);
        }
    }
    for batch in plan.delete.chunks(MAX_DELETED_KEYS) {
        store.delete(batch).await.map_err(failed(uploaded))?;
    }
    Ok(summarize(plan, &by_path))
}

fn summarize(plan: SitePlan, files: &BTreeMap<&str, &SiteFile>) -> PublishReport {
    let uploaded: Vec<String> = plan.upload.into_iter().flatten().collect();
    let size = |path: &String| files.get(path.as_str()).map_or(0, |file| file.size);
    PublishReport {
        uploaded_bytes: uploaded.iter().map(size).sum(),
        uploaded,
        unchanged: plan.unchanged.len(),
        deleted: plan.delete,
    }
}
