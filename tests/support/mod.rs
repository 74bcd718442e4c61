//! What the tests share: emulated AWS accounts, and the real program run against them.
//!
//! A test binary takes it in with `#[path = "../support/mod.rs"] mod support;`. Each
//! binary uses only a part of it.
#![allow(dead_code, unused_imports)]

pub mod aws_cli;
pub mod debian;
pub mod emulator;
pub mod evaluator;
pub mod install;
pub mod npm;
pub mod programs;
pub mod proxy;
pub mod sandbox;
pub mod values;

pub use emulator::{Emulator, access_key};
pub use sandbox::{Run, Sandbox};
