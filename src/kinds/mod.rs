//! The kinds of resources: one file each, and one line in a registry.

pub mod aws;
mod kind;

pub use kind::{AnyKind, Context, Desire, Fit, Found, Identity, Kind, Look, New, Ownership};
