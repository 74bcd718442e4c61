//! Writes values as YAML, so that every reader, of YAML 1.1 or 1.2, reads back the same values: no
//! text can leave its quotes, and none is taken for a number, a date or a tag.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// A value as a document.
pub fn document(value: &Value) -> String {
    format!("{}\n", block(value, 0))
}

/// A value whose first line stands in a line indented by `indent` spaces: what has entries
/// takes a line for each.
pub fn block(value: &Value, indent: usize) -> String {
    let mut text = String::new();
    write_block(&mut text, value, indent);
    text
}

/// A value in one line. It is JSON too.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", string(key), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text in double quotes. It is a string of JSON too.
pub fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // What YAML doesn't print, what breaks lines in it, and what turns the order of
            // the characters around for people.
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// A value with its keys, at whatever depth, in their order, and not in that of whoever made it.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(entries) => {
            let entries: BTreeMap<String, Value> =
                entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(entries.into_iter().collect())
        }
        single => single,
    }
}

fn write_block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    let _ = write!(out, "\n{:indent$}", "");
                }
                out.push_str(&scalar(key));
                out.push(':');
                write_under(out, value, indent);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    let _ = write!(out, "\n{:indent$}", "");
                }
                out.push_str("- ");
                write_block(out, item, indent + 2);
            }
        }
        Value::String(text) => out.push_str(&scalar(text)),
        other => out.push_str(&flow(other)),
    }
}

/// The value of a key: behind it, or in the lines below it.
fn write_under(out: &mut String, value: &Value, indent: usize) {
    let below = match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if below {
        let _ = write!(out, "\n{:1$}", "", indent + 2);
    } else {
        out.push(' ');
    }
    write_block(out, value, indent + 2);
}

/// A text without quotes where every reader of YAML takes it for a text, and this one.
fn scalar(text: &str) -> String {
    if is_plain(text) || is_amount(text) { text.to_string() } else { string(text) }
}

fn is_plain(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_./@: ".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(inner)
        && !text.contains(": ")
        && !text.contains("  ")
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// Returns true if a text is an amount with its unit, such as `500m` or `1Gi`: a number to nobody.
fn is_amount(text: &str) -> bool {
    let units = ["m", "Ki", "Mi", "Gi", "Ti"];
    let number = units.iter().find_map(|unit| text.strip_suffix(unit));
    number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// Words that some version of YAML takes for something else than a text.
const RESERVED: [&str; 12] =
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan", "undefined"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_entries_takes_a_line_for_each() {
        let value = json!({"b": [{"x": 1, "y": "a b"}, []], "a": {"k": {}, "on": "yes"}, "n": null});
        let text = "a:\n  k: {}\n  \"on\": \"yes\"\nb:\n  - x: 1\n    \"y\": a b\n  - []\n\"n\": null";
        assert_eq!(block(&sorted(value), 0), text);
    }

    #[test]
    fn what_could_be_read_as_something_else_is_quoted() {
        for text in
            ["", "1e3", "0x1f", "2026-11-22", "- a", "a: b", "a #b", "*a", "no", "~", "a:", " a", "1:20"]
        {
            assert_eq!(block(&json!(text), 0), string(text), "{text}");
        }
        for text in ["group:default/platform-team", "a b", "api.v1/x_y", "/payments", "500m", "1Gi"] {
            assert_eq!(block(&json!(text), 0), text);
        }
    }
}
