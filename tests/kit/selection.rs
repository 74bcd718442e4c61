//! Selection of tests and of their cases: skips are printed, and a selector that selects nothing is an error.

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

/// Returns the names that an environment variable selects: all, if it is unset or empty.
///
/// Panics, naming them all, if it selects none. `is_match` takes the variable's value and a name.
#[track_caller]
pub fn select<'a>(variable: &str, names: &[&'a str], is_match: impl Fn(&str, &str) -> bool) -> Vec<&'a str> {
    let value = std::env::var(variable).unwrap_or_default();
    let selected = |name: &&&str| value.is_empty() || is_match(&value, name);
    let selected: Vec<&str> = names.iter().filter(selected).copied().collect();
    assert!(!selected.is_empty(), "{variable}={value} selects none of: {}", names.join(", "));
    selected
}

/// Returns the number in an environment variable, if it is set.
///
/// Panics if it isn't a number from `least` on.
#[track_caller]
pub fn number(variable: &str, least: u64) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok().filter(|number| *number >= least);
    Some(number.unwrap_or_else(|| panic!("{variable}={text} is no number from {least} on")))
}
