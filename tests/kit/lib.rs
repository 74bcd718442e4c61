//! Kit of the tests: emulated AWS accounts, the real program run against them, other people's programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use billpay_model::environment::Environment;
use billpay_spec::directory::SpecDir;
pub mod aws_cli;
pub mod debian;
pub mod emulator;
pub mod evaluator;
pub mod install;
pub mod npm;
pub mod programs;
pub mod proxy;
pub mod reports;
pub mod sandbox;
pub mod selection;
pub mod values;

pub use emulator::{Emulator, access_key};
pub use sandbox::{Run, Sandbox};
pub use selection::{skip, skip_even_in_ci};

/// Returns the directory of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's directory")
}

/// Returns the path of the program that Cargo built for this test.
pub fn program() -> OsString {
    std::env::var_os("CARGO_BIN_EXE_billpay").expect("Cargo names the program to tests of the root package")
}

/// Reads an environment of this repository, as it was on a fixed day.
pub fn example(name: &str) -> Environment {
    let specs = SpecDir::open(project().join("environments")).expect("the repository's specs");
    let today = "2026-11-22".parse().expect("a date");
    specs.load(name, today).expect("the repository's spec is sound").environment
}
