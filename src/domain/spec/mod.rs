//! The spec of an environment: its types, how it is read, layered and checked.
//!
//! [`load`] turns the text of a few files, `shared.yaml`, single services and frontends, and
//! `<environment>.yaml`, into an [`Environment`], or into everything that is wrong with them, each [`Problem`](crate::domain::findings::Problem) at its
//! file, line and column. The [`types`] are the only definition: the JSON Schema that
//! editors and [`load`] check against is derived from them.

mod check;
mod clash;
pub(in crate::domain) mod document;
pub mod kubernetes;
mod layers;
mod load;
mod node;
mod parse;
mod path;
mod scalar;
mod schema;
mod shape;
mod show;
mod source;
mod types;

pub use clash::{clashes, clashes_among};
pub use load::{Loaded, Origin, load};
pub use parse::MAX_BYTES;
pub use path::{Path, Step};
pub use schema::published as json_schema;
pub use source::{EntryFile, SECTIONS, Sources};
pub use types::*;
