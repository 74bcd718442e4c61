//! billpay: one spec per environment in, a running platform out.
//!
//! The layers, and who may use whom (`tests/layers` checks it):
//!
//! ```text
//! cli     → ops, domain            parse and show
//! ops     → domain                 the use cases; they see the world only through domain::port
//! kinds   → adapter, domain        the resource types, one file each
//! adapter → domain                 what touches the world
//! domain                           pure: no I/O, clock, randomness or SDK
//! app                              the composition root, which sees everything
//! ```

pub mod adapter;
pub mod app;
pub mod cli;
pub mod domain;
pub mod kinds;
pub mod ops;
