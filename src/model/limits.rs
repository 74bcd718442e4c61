//! Limits of what a template from somebody else may cost.

/// Steps that rendering one text may take: no honest template comes near, and an endless
/// loop ends within a second or so.
pub const FUEL: u64 = 5_000_000;

/// Times the steps of one text that all texts of a project may take.
pub const TEXTS: u64 = 20;

/// Most bytes that one file may become.
pub const MAX_FILE_BYTES: usize = 64 << 20;
