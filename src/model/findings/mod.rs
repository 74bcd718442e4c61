//! Problems of a file that somebody wrote: place, cause and cure.

mod json;
mod problem;
mod render;
mod source;
mod suggest;

pub use json::from_json;
pub use problem::{Findings, Place, Problem, RelatedPlace, Severity};
pub use source::{SourceFile, Utf8Problem};
pub use suggest::nearest;
