//! The spec of an environment: its types, how it is read, layered and checked.
//!
//! [`load`] turns the text of a few files, `shared.yaml`, single services and frontends, and
//! `<environment>.yaml`, into an [`Environment`], or into everything that is wrong with them, each [`Problem`](billpay_model::findings::Problem) at its
//! file, line and column. The [`types`] are the only definition: the JSON Schema that
//! editors and [`load`] check against is derived from them.

pub mod amount;
mod check;
mod clash;
pub mod directory;
pub mod document;
pub mod instance_types;
pub mod kubernetes;
mod layers;
mod load;
mod node;
mod parse;
mod path;
mod schema;
mod shape;
mod show;
mod source;
pub mod yaml;

pub use clash::{clashes, clashes_among};
pub use load::{LoadedEnvironment, Origin, load};
pub use parse::MAX_BYTES;
pub use path::{Path, Step};
pub use schema::published as json_schema;
pub use source::{EntryFile, SECTIONS, Sources};
