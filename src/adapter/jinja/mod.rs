//! What both formats of project templates need of minijinja.

mod fault;
mod output;

pub use fault::{Names, problem};
pub use output::Limited;

/// Steps of the template engine that one text may take: no honest template comes near, and
/// an endless loop ends within a second or so.
pub const FUEL: u64 = 20_000_000;

/// Most bytes that one file may become.
pub const MOST_BYTES: usize = 64 << 20;
