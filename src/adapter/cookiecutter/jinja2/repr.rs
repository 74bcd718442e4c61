//! Values as Python writes them.

use std::fmt::Write;

use super::fault::{Fault, Res};
use super::value::{Dict, Object, Value, View};

/// Deepest that is written: a list that is in itself has no end.
const DEEPEST: usize = 40;

/// Most that one value may be written as.
const LONGEST: usize = crate::adapter::limits::MOST_BYTES;

/// What `str()` gives.
pub fn str(value: &Value) -> Res<String> {
    match value.there()? {
        Value::Undefined(_) => Ok(String::new()),
        Value::Str(text) | Value::Safe(text) => Ok(text.to_string()),
        Value::Object(object) => match &**object {
            Object::Module { text, .. } => Ok(text.to_string()),
            _ => repr(value),
        },
        other => repr(other),
    }
}

/// What `repr()` gives.
pub fn repr(value: &Value) -> Res<String> {
    let mut out = String::new();
    write(&mut out, value, 0)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, depth: usize) -> Res<()> {
    if depth > DEEPEST {
        return Err(Fault::of("a value in itself, or too deep, can't be written"));
    }
    if out.len() > LONGEST {
        return Err(Fault::too_long());
    }
    match value {
        Value::Undefined(_) => out.push_str("Undefined"),
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => quoted(out, text),
        Value::Safe(text) => {
            out.push_str("Markup(");
            quoted(out, text);
            out.push(')');
        }
        Value::List(items) => {
            out.push('[');
            several(out, &items.borrow(), depth)?;
            out.push(']');
        }
        Value::Tuple(items) => {
            out.push('(');
            several(out, items, depth)?;
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        Value::Dict(dict) => dictionary(out, &dict.borrow(), depth)?,
        Value::Range(range) if range.step == 1 => {
            let _ = write!(out, "range({}, {})", range.start, range.stop);
        }
        Value::Range(range) => {
            let _ = write!(out, "range({}, {}, {})", range.start, range.stop, range.step);
        }
        Value::View(view, dict) => {
            let ordered = if dict.borrow().ordered { "o" } else { "" };
            let name = match view {
                View::Keys => "dict_keys",
                View::Values => "dict_values",
                View::Items => "dict_items",
            };
            let _ = write!(out, "{ordered}{name}([");
            several(out, &value.items()?, depth)?;
            out.push_str("])");
        }
        Value::Object(object) => match &**object {
            Object::Namespace(names) => {
                out.push_str("<Namespace ");
                dictionary(out, &names.borrow(), depth)?;
                out.push('>');
            }
            Object::Macro(callee) => {
                out.push_str("<Macro ");
                quoted(out, &callee.callee.name);
                out.push('>');
            }
            Object::Loop(state) => {
                let _ = write!(out, "<LoopContext {}/{}>", state.index0.get() + 1, state.items.len());
            }
            _ => return Err(has_address(value)),
        },
        Value::Iter(_) => return Err(has_address(value)),
    }
    Ok(())
}

/// Python writes where it is in memory, which is different each time.
fn has_address(value: &Value) -> Box<Fault> {
    let name = value.type_name();
    let mut fault = Fault::of(format!("a {name} has nothing to print but where it is in memory"));
    fault.hint = Some(match value {
        Value::Iter(_) => "`|list` makes a list of it".to_string(),
        _ => "call it: `name()`".to_string(),
    });
    fault
}

fn several(out: &mut String, items: &[Value], depth: usize) -> Res<()> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, item, depth + 1)?;
    }
    Ok(())
}

fn dictionary(out: &mut String, dict: &Dict, depth: usize) -> Res<()> {
    let (open, between, close) = match (dict.ordered, dict.is_empty()) {
        (true, true) => ("OrderedDict(", "", ")"),
        (true, false) => ("OrderedDict({", ": ", "})"),
        (false, _) => ("{", ": ", "}"),
    };
    out.push_str(open);
    for (index, (key, value)) in dict.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, key, depth + 1)?;
        out.push_str(between);
        write(out, value, depth + 1)?;
    }
    out.push_str(close);
    Ok(())
}

/// A number with as few digits as tell it from others; with an exponent from 1e16 on.
pub fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_string();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_string();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A text in quotes, with escapes for what can't be printed.
pub fn quoted(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..0x100 => write!(out, "\\x{code:02x}"),
                    0x100..0x1_0000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Whether a character shows: neither control nor format, no blank but the space, not private.
fn is_printable(c: char) -> bool {
    let format = matches!(u32::from(c),
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e | 0x200b..=0x200f
        | 0x202a..=0x202e | 0x2060..=0x2064 | 0x2065..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0x110bd | 0x110cd
        | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0001 | 0xe0020..=0xe007f
        | 0xe000..=0xf8ff | 0xf0000..=0x10_ffff);
    let none = matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff);
    !(c.is_control() || format || none || (c.is_whitespace() && c != ' '))
}
