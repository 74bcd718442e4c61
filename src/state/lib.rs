//! Facts about runs and people: who works on an environment. No fact about a resource is here: losing it loses none.

pub mod clock;
pub mod directory;
pub mod journal;
pub mod lease;
pub mod lock;
