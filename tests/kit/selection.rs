//! Selection of tests: skips are printed.

use std::io::Write;

/// Prints, past the capture of the test's output, why a test doesn't run; its caller returns.
///
/// Panics in CI, where everything that tests need has to be there.
#[track_caller]
pub fn skip(why: &str) {
    let is_ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!is_ci, "CI skips no test: {why}");
    skip_even_in_ci(why);
}

/// Does the same as [`skip`] for a test that only runs on request, or that no installation makes possible.
pub fn skip_even_in_ci(why: &str) {
    let test = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why} ({})", test.name().unwrap_or("a test"));
}
