//! JSON as Python's `json.dumps` writes it.

use super::fault::{Fault, Res};
use super::interpreter::Interpreter;
use super::ops;
use super::repr;
use super::value::{Dict, Value};

/// A value as JSON, its keys in order, all characters ASCII.
pub fn dumps(engine: &Interpreter<'_>, value: &Value, indent: Option<&str>) -> Res<String> {
    let mut out = String::new();
    write(engine, &mut out, value, indent, 0)?;
    Ok(out)
}

fn line(out: &mut String, indent: Option<&str>, depth: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    }
}

fn write(
    engine: &Interpreter<'_>,
    out: &mut String,
    value: &Value,
    indent: Option<&str>,
    depth: usize,
) -> Res<()> {
    engine.spend(1)?;
    engine.make(out.len() / 64 + indent.map_or(0, str::len) * depth)?;
    if depth > 60 {
        return Err(Fault::of("Circular reference detected, or too deep"));
    }
    let comma = if indent.is_some() { "," } else { ", " };
    match value.there()? {
        Value::None => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) if number.is_nan() => out.push_str("NaN"),
        Value::Float(number) if number.is_infinite() => {
            out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::Float(number) => out.push_str(&repr::float(*number)),
        Value::Str(text) | Value::Safe(text) => quoted(out, text),
        Value::List(_) | Value::Tuple(_) => {
            let items = value.items()?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(comma);
                }
                line(out, indent, depth + 1);
                write(engine, out, item, indent, depth + 1)?;
            }
            if !items.is_empty() {
                line(out, indent, depth);
            }
            out.push(']');
        }
        Value::Dict(dict) => {
            out.push('{');
            let entries = sorted(engine, &dict.borrow())?;
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(comma);
                }
                line(out, indent, depth + 1);
                quoted(out, &json_key(key)?);
                out.push_str(": ");
                write(engine, out, value, indent, depth + 1)?;
            }
            if !entries.is_empty() {
                line(out, indent, depth);
            }
            out.push('}');
        }
        other => {
            return Err(Fault::of(format!("Object of type {} is not JSON serializable", other.type_name())));
        }
    }
    Ok(())
}

fn sorted(engine: &Interpreter<'_>, dict: &Dict) -> Res<Vec<(Value, Value)>> {
    let mut entries: Vec<(Value, Value)> = dict
        .iter()
        .map(|(key, value)| (key.clone(), Value::tuple(vec![key.clone(), value.clone()])))
        .collect();
    ops::sort(engine, &mut entries, false)?;
    let pairs = entries.into_iter().filter_map(|(key, pair)| match pair {
        Value::Tuple(pair) => pair.get(1).cloned().map(|value| (key, value)),
        _ => None,
    });
    Ok(pairs.collect())
}

fn json_key(key: &Value) -> Res<String> {
    Ok(match key {
        Value::Str(text) | Value::Safe(text) => text.to_string(),
        Value::None => "null".to_string(),
        Value::Bool(yes) => if *yes { "true" } else { "false" }.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => repr::float(*number),
        other => {
            let kind = other.type_name();
            return Err(Fault::of(format!("keys must be str, int, float, bool or None, not {kind}")));
        }
    })
}

fn quoted(out: &mut String, text: &str) {
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

/// JSON that nothing in HTML takes for markup: Jinja's `tojson`.
pub fn for_html(engine: &Interpreter<'_>, value: &Value, indent: Option<&str>) -> Res<String> {
    let text = dumps(engine, value, indent)?;
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
    Ok(text.replace('&', "\\u0026").replace('\'', "\\u0027"))
}
