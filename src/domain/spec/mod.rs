//! The spec of an environment: its types, how it is read, layered and checked.
//!
//! [`load`] turns the text of a few files, `shared.yaml`, single services and frontends, and
//! `<environment>.yaml`, into an [`Environment`], or into everything that is wrong with them, each [`Problem`](crate::domain::findings::Problem) at its
//! file, line and column. The [`types`] are the only definition: the JSON Schema that
//! editors and [`load`] check against is derived from them.

pub(in crate::domain) mod amount;
mod check;
mod clash;
pub(in crate::domain) mod document;
pub(in crate::domain) mod instance_types;
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
mod types;

pub use clash::{clashes, clashes_among};
pub use load::{Loaded, Origin, load};
pub use parse::MAX_BYTES;
pub use path::{Path, Step};
pub use schema::published as json_schema;
pub use source::{EntryFile, SECTIONS, Sources};
pub use types::*;

/// An environment of this repository, for unit tests.
#[cfg(test)]
pub fn example(name: &str) -> Environment {
    use crate::domain::findings::SourceFile;
    let text = match name {
        "dev" => include_str!("../../../environments/dev.yaml"),
        "prod" => include_str!("../../../environments/prod.yaml"),
        other => panic!("no example {other}"),
    };
    let sources = Sources {
        shared: Some(SourceFile::new("shared.yaml", include_str!("../../../environments/shared.yaml"))),
        entries: vec![],
        environment: SourceFile::new(format!("{name}.yaml"), text),
    };
    let today = "2026-11-22".parse().expect("a date");
    load(&sources, today).expect("the repository's spec is sound").environment
}
