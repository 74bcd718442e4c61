//! The vocabulary of billpay: what an environment is, and how its resources are named and described.
//!
//! Pure: no file, clock, network or process.

pub mod access;
pub mod address;
pub mod caller;
pub mod check;
pub mod connect;
pub mod environment;
pub mod event;
pub mod failure;
pub mod findings;
pub mod hex;
pub mod limits;
pub mod local;
pub mod names;
pub mod plural;
pub mod resource;
pub mod site;
pub mod store;
