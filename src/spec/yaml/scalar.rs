//! Scalars without quotes: the core schema of YAML 1.2, where `on` and `no` are text.

use serde_json::Number;

/// Meaning of a scalar that has neither quotes nor a tag.
#[derive(Debug, Clone, PartialEq)]
pub enum Plain {
    Null,
    Bool(bool),
    Number(Number),
    /// `.inf`, `.nan`, or a number too large for a float: JSON has none for it.
    NotFinite,
    Text,
}

/// Resolves a scalar that has neither quotes nor a tag.
pub fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Plain::NotFinite,
        _ if matches!(text.strip_prefix(['-', '+']).unwrap_or(text), ".inf" | ".Inf" | ".INF") => {
            Plain::NotFinite
        }
        _ => number(text),
    }
}

fn number(text: &str) -> Plain {
    let number = |float| Number::from_f64(float).map_or(Plain::NotFinite, Plain::Number);
    for (prefix, bits) in [("0x", 4), ("0o", 3)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let radix = 1 << bits;
            return match u64::from_str_radix(digits, radix) {
                _ if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) => Plain::Text,
                Ok(whole) => Plain::Number(whole.into()),
                Err(_) => number(rounded(digits, bits)),
            };
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or_default();
    let looks_like_one = mantissa.contains(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    if !looks_like_one {
        return Plain::Text;
    }
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    match whole {
        Ok(whole) => Plain::Number(whole),
        Err(_) => text.parse().map_or(Plain::Text, number),
    }
}

/// The float nearest to a number of many digits, each of so many bits.
fn rounded(digits: &str, bits: i32) -> f64 {
    let (mut first, mut left) = (0_u128, 0_i32);
    for digit in digits.chars().filter_map(|c| c.to_digit(1 << bits)) {
        if first >> 64 == 0 {
            first = (first << bits) | u128::from(digit);
        } else {
            // Past the digits of a float it only matters whether there is anything.
            first |= u128::from(digit != 0);
            left = left.saturating_add(bits);
        }
    }
    first as f64 * 2_f64.powi(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_those_that_javascript_reads() {
        for (text, json) in [
            ("0xffffffffffffffff", "18446744073709551615"),
            ("0x1000000000000080", "1152921504606847104"),
            ("0xfffffffffffffffffffff", "1.9342813113834067e25"),
            // Half way between two floats, and a little more.
            ("0x100000000000008000000000000", "2.028240960365167e31"),
            ("0x100000000000008000000000001", "2.0282409603651675e31"),
            ("0o7777777777777777777777777", "3.777893186295716e22"),
        ] {
            let Plain::Number(number) = plain(text) else { panic!("{text} is a number") };
            assert_eq!(number.to_string().replace("e+", "e"), json, "{text}");
        }
        let long = "1".repeat(500);
        for text in ["1e400", "-1e400", &long, &format!("0x{long}"), ".inf", ".nan"] {
            assert_eq!(plain(text), Plain::NotFinite, "{text}");
        }
        for text in ["0x", "0x+1", "0o8", "-0x1", "1e", "1e3.5", "1-2", ".", "+", "-.nan"] {
            assert_eq!(plain(text), Plain::Text, "{text}");
        }
    }
}
