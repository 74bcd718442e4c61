//! Documentation sites as Backstage's TechDocs wants them.

pub mod build;
pub mod content_types;
pub mod entity;
pub mod include;
pub mod mkdocs;
pub mod publish;
mod settings;
pub mod site;
pub mod yaml;

use serde_json::{Map, Value, json};

/// Metadata file of a site, which the portal reads first.
pub const METADATA: &str = "techdocs_metadata.json";
/// First page of a site; without it, the portal takes the site as not built.
pub const INDEX: &str = "index.html";

/// The metadata of a built site, from what the MkDocs plugin wrote: the same keys in the same
/// order as TechDocs' own generator writes.
///
/// # Errors
/// Fails if `written` isn't a JSON object.
pub fn metadata(
    written: &str,
    built_ms: i64,
    files: &[String],
    etag: Option<&str>,
) -> Result<String, serde_json::Error> {
    let mut metadata: Map<String, Value> = serde_json::from_str(written)?;
    metadata.insert("build_timestamp".into(), built_ms.into());
    metadata.insert("files".into(), json!(files));
    if let Some(etag) = etag {
        metadata.insert("etag".into(), etag.into());
    }
    Ok(Value::Object(metadata).to_string() + "\n")
}
