//! The kinds of resources: one file each, and one line in a registry.

pub mod aws;
mod kind;

pub use crate::domain::ownership::{Fit, Identity, Ownership};
pub use kind::{AnyKind, Context, Desire, Found, Kind, Look, New, OwnResources, attachment};
