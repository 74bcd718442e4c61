//! The spec of an environment: its types, how it is read, layered and checked.

mod types;

pub use types::*;
