//! What a YAML scalar means: the core schema of YAML 1.2, where `on` and `no` are text.

use serde_json::Number;
use serde_yaml::granit_parser::{ScalarStyle, Tag};

use super::node::Content;

/// Resolves a scalar, or says why its tag is refused.
pub(super) fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Content, String> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => plain(text),
            _ => Content::Text(text.to_owned()),
        });
    };
    let content = match tag.core_suffix() {
        Some("str") => Content::Text(text.to_owned()),
        Some("null" | "bool" | "int" | "float") => plain(text),
        _ => return Err(unknown_tag(tag)),
    };
    let fits = match (tag.core_suffix(), &content) {
        (Some("null"), content) => *content == Content::Null,
        (Some("bool"), content) => matches!(content, Content::Bool(_)),
        (Some("int"), Content::Number(number)) => !number.is_f64(),
        (Some("float"), content) => matches!(content, Content::Number(_)),
        (Some("int"), _) => false,
        _ => true,
    };
    if fits { Ok(content) } else { Err(format!("`{text}` is not what its tag `{}` says", tag.original())) }
}

pub(super) fn unknown_tag(tag: &Tag) -> String {
    format!("the tag `{}` has no meaning in a spec", tag.original())
}

/// Resolves a scalar that has neither quotes nor a tag.
pub(super) fn plain(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = digits.strip_prefix('+').map_or(digits, |_| "");
            return u64::from_str_radix(digits, radix).ok().map(Number::from);
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or_default();
    let looks_like_one = mantissa.contains(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    if !looks_like_one {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    let float = text.parse::<f64>().ok()?;
    // 3.0 is a whole number, for JSON Schema as for people.
    let whole = float as i64;
    if whole as f64 == float && float.abs() < 9e15 { Some(whole.into()) } else { Number::from_f64(float) }
}
