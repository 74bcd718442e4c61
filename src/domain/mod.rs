//! What billpay is about, without the world: no I/O, clock, randomness or SDK.

pub mod access;
pub mod address;
pub mod catalog;
pub mod docs;
pub mod failure;
pub mod findings;
pub mod hex;
pub mod kind;
pub mod manifests;
pub mod names;
pub mod ownership;
pub mod permit;
pub mod plan;
pub mod port;
pub mod resource;
pub mod site;
pub mod spec;
pub mod template;
pub mod tofu;
pub mod tree;
pub mod workflow_rights;
pub mod yaml;
