//! billpay: one spec per environment in, a running platform out.

pub mod adapter;
pub mod domain;
pub mod kinds;
pub mod ops;
