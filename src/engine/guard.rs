//! The check before each call that changes something.

use std::fmt::Debug;

/// Says whether a run may still change something: the holder of a lock may, until it is lost.
pub trait Guard: Debug + Send + Sync {
    /// Returns whether the next call may be sent. Makes no call.
    fn may_work(&self) -> bool;
}

/// Guard that allows every call, for runs without a lock.
#[derive(Debug, Clone, Copy)]
pub struct AlwaysAllow;

impl Guard for AlwaysAllow {
    fn may_work(&self) -> bool {
        true
    }
}
