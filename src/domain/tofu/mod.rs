//! The environment as OpenTofu sees it: how values are written in its language, and what its
//! modules are told.

pub mod hcl;
pub mod inputs;
