//! The use cases of billpay: each takes a request and [`Ports`], reports progress to an observer, and returns a typed
//! report. Nothing here prints, and no adapter is named.

pub mod approval;
pub mod config;
pub mod docs;
pub mod doctor;
mod error;
pub mod graph;
pub mod history;
pub mod kubernetes;
pub mod local;
pub mod lock;
pub mod plan;
mod ports;
pub mod provision;
pub mod report;
pub mod scaffold;
pub mod state;
pub mod status;
pub mod trees;

pub use error::Error;
pub use ports::Ports;
