//! The engine: plans what turns the observed resources into the desired ones, and applies the plan.
//!
//! Planning is pure. Applying knows the cloud only through [`Provider`](cloud::Provider), and never prints.

mod apply;
pub mod cloud;
mod error;
pub mod kind;
mod leftovers;
pub mod ownership;
pub mod permit;
pub mod plan;
pub mod saved;
mod step;
mod survey;

pub use apply::{ApplyOptions, FailedStep, Outcome, SkippedStep, apply};
pub use error::Error;
pub use leftovers::{Leftover, Leftovers, leftovers};
pub use saved::SavedPlan;
pub use survey::{Survey, at_home, survey};
