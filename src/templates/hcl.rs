//! Writes values as HCL expressions that HCL reads back unchanged: quotes and template sequences are escaped.
//!
//! The layout is that of `tofu fmt`: what has entries takes a line for each, and the equals
//! signs of neighbouring one-line entries stand below one another.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

/// Maximum width of a list in one line, characters.
const MAX_LIST_WIDTH: usize = 80;

/// Words that HCL doesn't accept as bare keys.
const KEYWORDS: [&str; 6] = ["false", "for", "if", "in", "null", "true"];

/// A value as an expression whose first line stands in a line indented by `indent` spaces.
pub fn expression(value: &Value, indent: usize) -> String {
    match value {
        Value::Null => "null".to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => self::number(number),
        Value::String(text) => string(text),
        Value::Array(items) => list(items, indent),
        Value::Object(entries) if entries.is_empty() => "{}".to_string(),
        Value::Object(entries) => {
            format!("{{\n{}{:indent$}}}", attributes(entries, indent + 2), "")
        }
    }
}

/// Entries as lines `key = value`, sorted, each indented by `indent` spaces.
pub fn attributes(entries: &Map<String, Value>, indent: usize) -> String {
    let sorted: BTreeMap<&String, &Value> = entries.iter().collect();
    let written: Vec<(String, String)> =
        sorted.into_iter().map(|(name, value)| (key(name), expression(value, indent))).collect();
    let mut lines = String::new();
    // An entry of several lines ends the group that is aligned.
    for group in written.chunk_by(|(_, a), (_, b)| !a.contains('\n') && !b.contains('\n')) {
        let width = group.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
        for (key, value) in group {
            let _ = writeln!(lines, "{:indent$}{key:width$} = {value}", "");
        }
    }
    lines
}

/// A text in quotes.
pub fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut characters = text.chars().peekable();
    let mut previous = None;
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // `${` and `%{` begin a template; doubled, they don't. Behind another of its kind
            // the doubled sign would be read in pairs, so there it is written by its number.
            '$' | '%' if characters.peek() == Some(&'{') => {
                if previous == Some(character) {
                    let _ = write!(quoted, "\\u{:04X}", u32::from(character));
                } else {
                    quoted.push(character);
                    quoted.push(character);
                }
            }
            // What can't be seen, or turns the text around, is written by its number.
            invisible if is_invisible(invisible) => match u32::from(invisible) {
                number @ ..=0xFFFF => drop(write!(quoted, "\\u{number:04X}")),
                number => drop(write!(quoted, "\\U{number:08X}")),
            },
            visible => quoted.push(visible),
        }
        previous = Some(character);
    }
    quoted.push('"');
    quoted
}

/// Control characters, separators of lines, marks of direction, and the byte order mark.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn key(name: &str) -> String {
    let mut characters = name.chars();
    let begins = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let plain = characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if begins && plain && !KEYWORDS.contains(&name) { name.to_string() } else { string(name) }
}

/// A whole number has no point: `5.0` is 5 to HCL, and so to people.
fn number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// Plain values stand in one line if it isn't too long; else each has a line.
fn list(items: &[Value], indent: usize) -> String {
    let inner = indent + 2;
    let items: Vec<String> = items.iter().map(|item| expression(item, inner)).collect();
    let line = items.join(", ");
    if line.chars().count() <= MAX_LIST_WIDTH && !line.contains('\n') {
        return format!("[{line}]");
    }
    let lines: String = items.iter().map(|item| format!("{:inner$}{item},\n", "")).collect();
    format!("[\n{lines}{:indent$}]", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_leaves_its_quotes() {
        let cases = [
            ("plain", r#""plain""#),
            ("", r#""""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("${x}%{if y}", r#""$${x}%%{if y}""#),
            ("$${x}", r#""$\u0024{x}""#),
            ("$%{x}", r#""$%%{x}""#),
            ("100 % of $5 {", r#""100 % of $5 {""#),
            ("line\nline\r\ttab\u{0}", r#""line\nline\r\ttab\u0000""#),
            ("żółć 支付 🦀", "\"żółć 支付 🦀\""),
            ("\u{202E}evil\u{E0001}", "\"\\u202Eevil\u{E0001}\""),
        ];
        for (text, expected) in cases {
            assert_eq!(string(text), expected);
        }
    }

    #[test]
    fn the_layout_is_that_of_the_formatter() {
        let value = json!({
            "cidr": "10.0.0.0/16",
            "public_subnets": {"a": "10.0.1.0/24"},
            "zone": null,
            "for": [1, 2.0, 2.5, true],
            "needs quotes": {},
            "objects": [{"a": 1}],
        });
        let expected = r#"{
  cidr           = "10.0.0.0/16"
  "for"          = [1, 2, 2.5, true]
  "needs quotes" = {}
  objects = [
    {
      a = 1
    },
  ]
  public_subnets = {
    a = "10.0.1.0/24"
  }
  zone = null
}"#;
        assert_eq!(expression(&value, 0), expected);
        assert_eq!(expression(&json!({}), 4), "{}");
    }
}
