//! Environments in emulated AWS accounts: what people do with them, start to end
//! (`scenarios`), and what every kind of resource has to be able to do (`contract`).
//!
//! The emulators are installed by the tests themselves; `cargo test` alone skips these
//! tests, `cargo test -- --include-ignored` runs them.

mod contract;
mod scenarios;
