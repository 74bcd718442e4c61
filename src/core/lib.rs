//! The use cases of billpay, without a command line.

pub mod app;
pub mod doctor;
pub mod kubernetes;
