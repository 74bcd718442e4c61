//! YAML: one reader for every file that people write, and the writer.
//!
//! [`read`] makes a tree of places, styles and tags of a text, in time and memory linear in its length: aliases share
//! what they stand for, and what they would unfold to is counted before anybody unfolds it. Whoever calls it makes
//! values of its own of the tree: a spec, a template of the portal, settings of MkDocs. [`from_str`] makes
//! any type of serde of it.

mod de;
mod node;
mod read;
mod scalar;
mod write;

pub use de::{Error, from_str, values};
pub use node::{Content, Entry, Mark, Node};
pub use read::{Limits, Read, read};
pub use scalar::{Plain, plain};
pub use write::{block, document, flow, sorted, string};
