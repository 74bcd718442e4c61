//! Changes on disk, one at a time, each of which can be undone.

use std::io;

/// Why a run doesn't go on.
#[derive(Debug)]
pub enum Halt {
    /// As if the system had refused it: the run undoes what it did.
    Fail(io::Error),
    /// As if the process had been killed: nothing more happens.
    Kill,
}

/// Is asked before each change on disk.
pub trait Steps {
    fn before(&mut self, doing: &str) -> Result<(), Halt>;
}

/// Goes on, always.
pub(super) struct All;

impl Steps for All {
    fn before(&mut self, _: &str) -> Result<(), Halt> {
        Ok(())
    }
}
