//! YAML as answers are written in it.

use billpay_spec::yaml::{self, Error, Limits};
use serde::de::DeserializeOwned;

/// Limits of a file of answers.
pub const ANSWERS: Limits = Limits::data("a file of answers");

/// Reads YAML 1.2, in which only `true` and `false` are no text: `no` is a country.
///
/// # Errors
/// Fails if the text exceeds the limits, isn't YAML, or doesn't fit `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    yaml::from_str(text, &ANSWERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_in_one_line_with_its_place() {
        for (text, place) in [
            ("a: [\n", "line 1, column 4"),
            ("a: b\n  c: d\n", "line 2, column 4"),
            ("a: 1\na: 2\n", "line 2, column 1"),
            ("a: *x\n", "line 1, column 4"),
            ("a: 1\n---\nb: 1\n", "line 2, column 1"),
        ] {
            let error = from_str::<serde_json::Value>(text).expect_err("it is wrong");
            let why = error.to_string();
            println!("{why}");
            assert!(why.ends_with(place), "{text}: {why}");
            for word in ["\n", "error:", "input>", "Options", "from_str"] {
                assert!(!why.contains(word), "{text}: {why}");
            }
        }
    }
}
