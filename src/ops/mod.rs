//! The use cases: options in, a value out, events on the way. They know the cloud only
//! through [`Provider`](crate::domain::port::Provider) and never print.

pub mod apply;
pub mod docs;
pub mod doctor;
mod error;
mod leftovers;
pub mod saved;
pub mod scaffold;
mod step;
mod survey;

pub use apply::{ApplyOptions, Outcome, apply};
pub use error::Error;
pub use leftovers::{Leftover, Leftovers, leftovers};
pub use saved::SavedPlan;
pub use survey::{Survey, at_home, survey};
