//! Messages about specs that are wrong, and the reading of those that are right.

mod bytes;
mod cases;
mod clashes;
mod directory;
mod platform;
mod round_trip;
mod state;

use billpay_model::findings::{Findings, SourceFile};
use billpay_spec::{LoadedEnvironment, Sources, load};
use jiff::civil::{Date, date};

/// The day on which all tests run.
const TODAY: Date = date(2026, 11, 22);

/// A small, complete spec, but for the environment's name.
const BASE: &str = include_str!("base.yaml");

/// Loads `<name>.yaml` over [`BASE`].
fn load_over_base(name: &str, text: impl Into<Vec<u8>>) -> Result<LoadedEnvironment, Findings> {
    load(
        &Sources {
            shared: Some(SourceFile::new("shared.yaml", BASE)),
            entries: vec![],
            environment: SourceFile::new(format!("{name}.yaml"), text.into()),
        },
        TODAY,
    )
}
