//! Numbers of things in words.

/// Returns a number and a noun, in the plural where it is not one: `3 files`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {}", of(number, noun))
}

/// Returns a noun for a number of things: `file`, `files`.
pub fn of(number: usize, noun: &str) -> String {
    if number == 1 { noun.to_string() } else { format!("{noun}s") }
}
