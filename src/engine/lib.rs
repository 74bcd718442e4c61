//! The engine: plans what turns the observed resources into the desired ones, and applies the plan.
//!
//! Planning is pure. The cloud is known only through [`Cloud`](cloud::Cloud), and nothing prints.

mod apply;
pub mod attempts;
pub mod cloud;
pub mod engine;
mod error;
pub mod guard;
pub mod kind;
mod leftovers;
mod native;
pub mod ownership;
pub mod permit;
pub mod plan;
pub mod saved;
mod step;
pub mod store_tag;
mod survey;

pub use apply::{ApplyOptions, FailedStep, Outcome, SkippedStep, apply};
pub use error::Error;
pub use leftovers::{Leftover, Leftovers, leftovers};
pub use native::NativeEngine;
pub use saved::SavedPlan;
pub use survey::{Survey, at_home, survey};
