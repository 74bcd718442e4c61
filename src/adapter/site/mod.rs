//! Sites on disk, and the buckets that they are brought to.

mod bucket;
mod folder;
mod types;

pub use bucket::SiteBucket;
pub use folder::{SiteError, read};
pub use types::content_type;
