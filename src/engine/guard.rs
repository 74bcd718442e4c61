//! The check before each call that changes something.

use std::fmt::Debug;

/// Says whether a run may still change something: the holder of a lock may, until it is lost.
pub trait Guard: Debug + Send + Sync {
    /// Returns whether the next call may be sent. Makes no call.
    fn may_work(&self) -> bool;
}

/// Guard of a run that nothing can take the right from.
#[derive(Debug, Clone, Copy)]
pub struct Unguarded;

impl Guard for Unguarded {
    fn may_work(&self) -> bool {
        true
    }
}
