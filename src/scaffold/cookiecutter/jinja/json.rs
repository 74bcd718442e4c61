//! JSON as Python's `json.dumps` writes it.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::filters::check_length;
use super::printing::float;

/// Maximum nesting depth of values.
const MAX_DEPTH: usize = 60;

/// Returns a value as JSON, its keys in order, all characters ASCII.
pub fn dumps(value: &Value, indent: Option<usize>) -> Result<String, Error> {
    let mut out = String::new();
    write(&mut out, value, indent, 0)?;
    Ok(out)
}

/// Returns JSON that nothing in HTML takes for markup: Jinja's `tojson`.
pub fn for_html(value: &Value, indent: Option<usize>) -> Result<String, Error> {
    let text = dumps(value, indent)?;
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
    Ok(text.replace('&', "\\u0026").replace('\'', "\\u0027"))
}

fn line(out: &mut String, indent: Option<usize>, depth: usize) -> Result<(), Error> {
    if let Some(indent) = indent {
        check_length(out.len().saturating_add(indent.saturating_mul(depth)))?;
        out.push('\n');
        out.push_str(&" ".repeat(indent * depth));
    }
    Ok(())
}

fn write(out: &mut String, value: &Value, indent: Option<usize>, depth: usize) -> Result<(), Error> {
    let wrong = |what: String| Error::new(ErrorKind::InvalidOperation, what);
    if depth > MAX_DEPTH {
        return Err(wrong("Circular reference detected, or too deep".to_string()));
    }
    check_length(out.len())?;
    let comma = if indent.is_some() { "," } else { ", " };
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&number(value)?),
        ValueKind::String => write_string(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq => {
            let items: Vec<Value> = value.try_iter()?.collect();
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(comma);
                }
                line(out, indent, depth + 1)?;
                write(out, item, indent, depth + 1)?;
            }
            if !items.is_empty() {
                line(out, indent, depth)?;
            }
            out.push(']');
        }
        ValueKind::Map => {
            let keys: Vec<Value> = value.try_iter()?.collect();
            let is_text = keys.iter().all(|key| key.as_str().is_some());
            if !is_text {
                return Err(wrong("only dictionaries whose keys are texts become JSON here".to_string()));
            }
            let mut keys = keys;
            keys.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            out.push('{');
            for (index, key) in keys.iter().enumerate() {
                if index > 0 {
                    out.push_str(comma);
                }
                line(out, indent, depth + 1)?;
                write_string(out, key.as_str().unwrap_or_default());
                out.push_str(": ");
                write(out, &value.get_item(key)?, indent, depth + 1)?;
            }
            if !keys.is_empty() {
                line(out, indent, depth)?;
            }
            out.push('}');
        }
        ValueKind::Undefined => return Err(Error::new(ErrorKind::UndefinedError, "this is not defined")),
        other => return Err(wrong(format!("Object of type {other} is not JSON serializable"))),
    }
    Ok(())
}

fn number(value: &Value) -> Result<String, Error> {
    if value.is_integer() {
        return Ok(value.to_string());
    }
    let number = f64::try_from(value.clone())?;
    Ok(match number {
        number if number.is_nan() => "NaN".to_string(),
        number if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_string(),
        number => float(number),
    })
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}
