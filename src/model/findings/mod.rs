//! What is wrong with a file that somebody wrote: where, why, and what to do about it.

mod json;
mod problem;
mod render;
mod source;
mod suggest;

pub use json::from_json;
pub use problem::{Findings, Place, Problem, Related, Severity};
pub use source::{NotUtf8, SourceFile};
pub use suggest::nearest;
