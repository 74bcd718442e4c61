//! Writes values as YAML that every reader, of YAML 1.1 or 1.2, takes for the same values.

use serde_json::Value;

/// A value as a document.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(entries) if !entries.is_empty() => mapping(value, 0, &mut out),
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut out),
        single => {
            out.push_str(&flow(single));
            out.push('\n');
        }
    }
    out
}

/// The entries of a mapping, a line each; the first line is indented by whoever begins it.
fn mapping(value: &Value, depth: usize, out: &mut String) {
    for (at, (key, value)) in value.as_object().into_iter().flatten().enumerate() {
        if at > 0 {
            indent(depth, out);
        }
        out.push_str(&text(key));
        out.push(':');
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                out.push('\n');
                indent(depth + 1, out);
                mapping(value, depth + 1, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                indent(depth + 1, out);
                list(items, depth + 1, out);
            }
            single => {
                out.push(' ');
                out.push_str(&flow(single));
                out.push('\n');
            }
        }
    }
}

fn list(items: &[Value], depth: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            indent(depth, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(entries) if !entries.is_empty() => mapping(item, depth + 1, out),
            Value::Array(items) if !items.is_empty() => list(items, depth + 1, out),
            single => {
                out.push_str(&flow(single));
                out.push('\n');
            }
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// What stands in one line: single values, and what is empty.
fn flow(value: &Value) -> String {
    match value {
        Value::String(value) => text(value),
        other => other.to_string(),
    }
}

/// A text as it is where nobody can take it for something else, in quotes elsewhere.
fn text(value: &str) -> String {
    if is_plain(value) { value.to_owned() } else { quoted(value) }
}

fn is_plain(value: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_./@:".contains(c);
    let begins = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let ends = value.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    let worded = WORDS.iter().any(|word| value.eq_ignore_ascii_case(word));
    (begins && ends && !worded && value.chars().all(inner)) || is_amount(value)
}

/// Whether a text is an amount with its unit, such as `500m` or `1Gi`: a number to nobody.
fn is_amount(value: &str) -> bool {
    let units = ["m", "Ki", "Mi", "Gi", "Ti"];
    let number = units.iter().find_map(|unit| value.strip_suffix(unit));
    number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// A text in quotes; what can't be seen, or what some readers take for the end of a line, by its number.
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => match u32::from(c) {
                number @ ..=0xFFFF => quoted.push_str(&format!("\\u{number:04X}")),
                number => quoted.push_str(&format!("\\U{number:08X}")),
            },
        }
    }
    quoted.push('"');
    quoted
}
