//! Filters of texts and numbers.

use super::super::arguments::Args;
use super::super::fault::{Fault, Res};
use super::super::interpreter::{Interpreter, State};
use super::super::value::Value;
use super::super::{escape, format, json, ops, repr, slugify, strings, urlize, wrap};

pub fn apply(engine: &Interpreter<'_>, state: &State, name: &str, args: Args) -> Res<Value> {
    let safe =
        |text: String| if state.autoescape { Value::Safe(text.into()) } else { Value::Str(text.into()) };
    Ok(match name {
        "format" => return format::filter(engine, args),
        "slugify" => return slugify::filter(engine, args),
        "abs" => {
            let args = args.bind(name, &["x"], 1)?;
            match (args.value(0).there()?, args.value(0).as_int()) {
                (_, Some(number)) => Value::Int(number.saturating_abs()),
                (Value::Float(number), _) => Value::Float(number.abs()),
                (other, _) => {
                    return Err(Fault::of(format!("bad operand type for abs(): '{}'", other.type_name())));
                }
            }
        }
        "attr" => {
            let args = args.bind(name, &["obj", "name"], 2)?;
            let (of, name) = (args.value(0), args.soft(1)?);
            let found = match of {
                Value::Dict(_) if !super::super::containers::DICT.contains(&&*name) => None,
                of => engine.attribute(of, &name)?,
            };
            found.unwrap_or_else(|| Value::missing(format!("a {} has no attribute `{name}`", of.type_name())))
        }
        "capitalize" => {
            let args = args.bind(name, &["s"], 1)?;
            like(args.value(0), strings::capitalize(&args.soft(0)?))
        }
        "center" => {
            let args = args.bind(name, &["value", "width"], 1)?;
            let width = usize::try_from(args.int(1, 80)?).unwrap_or(0);
            engine.make(width)?;
            like(args.value(0), format::pad(&args.soft(0)?, width, ' ', format::Side::Center))
        }
        "d" | "default" => {
            let args = args.bind(name, &["value", "default_value", "boolean"], 1)?;
            let value = args.value(0);
            let missing = value.is_undefined() || (args.yes(2, false)? && !value.is_true()?);
            if missing { args.get(1).cloned().unwrap_or_else(|| Value::text("")) } else { value.clone() }
        }
        "e" | "escape" | "forceescape" => {
            let args = args.bind(name, &["s"], 1)?;
            match args.value(0) {
                Value::Safe(text) if name != "forceescape" => Value::Safe(text.clone()),
                other => Value::Safe(escape(&repr::str(other)?).into()),
            }
        }
        "filesizeformat" => {
            let args = args.bind(name, &["value", "binary"], 1)?;
            let size = number(args.value(0)).ok_or_else(|| Fault::of("could not convert to float"))?;
            Value::text(file_size(size, args.yes(1, false)?))
        }
        "float" => {
            let args = args.bind(name, &["value", "default"], 1)?;
            let default = args.get(1).cloned().unwrap_or(Value::Float(0.0));
            number(args.value(0).there()?).map_or(default, Value::Float)
        }
        "int" => {
            let args = args.bind(name, &["value", "default", "base"], 1)?;
            let default = args.get(1).cloned().unwrap_or(Value::Int(0));
            let base = u32::try_from(args.int(2, 10)?).unwrap_or(10);
            let value = args.value(0).there()?;
            let whole = match value {
                Value::Str(text) | Value::Safe(text) => ops::parse_int(text, base),
                other => other.as_int(),
            };
            let rounded = || number(value).and_then(|number| ops::truncate(number).ok());
            whole.or_else(rounded).map_or(default, Value::Int)
        }
        "indent" => indent(engine, args)?,
        "jsonify" | "tojson" => {
            let args = args.bind(name, &["value", "indent"], 1)?;
            let default = (name == "jsonify").then_some(Value::Int(4));
            let indent = match args.get(1).cloned().or(default) {
                None | Some(Value::None) => None,
                Some(Value::Str(text)) => Some(text.to_string()),
                Some(other) => {
                    let count = other.as_int().ok_or_else(|| Fault::of("indent has to be a number"))?;
                    engine.make(usize::try_from(count).unwrap_or(0))?;
                    Some(" ".repeat(usize::try_from(count).unwrap_or(0)))
                }
            };
            match name {
                "jsonify" => Value::text(json::dumps(engine, args.value(0), indent.as_deref())?),
                _ => Value::Safe(json::for_html(engine, args.value(0), indent.as_deref())?.into()),
            }
        }
        "lower" | "upper" => {
            let args = args.bind(name, &["s"], 1)?;
            let text = args.soft(0)?;
            like(args.value(0), if name == "lower" { text.to_lowercase() } else { text.to_uppercase() })
        }
        "pprint" => Value::text(wrap::pretty(args.bind(name, &["value"], 1)?.value(0).there()?)?),
        "replace" => {
            let args = args.bind(name, &["s", "old", "new", "count"], 3)?;
            let count = args.some(3).map_or(Ok(-1), |_| args.int(3, -1))?;
            let (old, new) = (args.soft(1)?, args.soft(2)?);
            let any_safe = [1, 2].iter().any(|at| matches!(args.value(*at), Value::Safe(_)));
            let is_safe = matches!(args.value(0), Value::Safe(_));
            if state.autoescape && (is_safe || any_safe) {
                let text = if is_safe { args.soft(0)?.to_string() } else { escape(&args.soft(0)?) };
                let new =
                    if matches!(args.value(2), Value::Safe(_)) { new.to_string() } else { escape(&new) };
                Value::Safe(strings::replace(engine, &text, &old, &new, count)?.into())
            } else {
                Value::text(strings::replace(engine, &args.soft(0)?, &old, &new, count)?)
            }
        }
        "round" => round(args)?,
        "safe" => Value::Safe(args.bind(name, &["value"], 1)?.soft(0)?),
        "string" => {
            let args = args.bind(name, &["object"], 1)?;
            like(args.value(0), args.soft(0)?.to_string())
        }
        "striptags" => {
            let args = args.bind(name, &["value"], 1)?;
            Value::text(urlize::strip_tags(&args.soft(0)?))
        }
        "title" => {
            let args = args.bind(name, &["s"], 1)?;
            Value::text(title(&args.soft(0)?))
        }
        "trim" => {
            let args = args.bind(name, &["value", "chars"], 1)?;
            let text = args.soft(0)?;
            like(args.value(0), strings::strip(&text, args.some(1), true, true)?.to_string())
        }
        "truncate" => truncate(args)?,
        "urlencode" => Value::text(urlize::encode(args.bind(name, &["value"], 1)?.value(0).there()?)?),
        "urlize" => safe(urlize::filter(args)?),
        "wordcount" => {
            let args = args.bind(name, &["s"], 1)?;
            let text = args.soft(0)?;
            let words =
                text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
            Value::Int(words.count() as i128)
        }
        "wordwrap" => Value::text(wrap::filter(engine, args)?),
        _ => {
            let args = args.bind(name, &["d", "autospace"], 1)?;
            safe(urlize::attributes(args.value(0).there()?, args.yes(1, true)?)?)
        }
    })
}

/// What is made of safe text is safe.
fn like(of: &Value, text: String) -> Value {
    if matches!(of, Value::Safe(_)) { Value::Safe(text.into()) } else { Value::Str(text.into()) }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_str().and_then(ops::parse_float))
}

fn file_size(size: f64, binary: bool) -> String {
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if size == 1.0 {
        return "1 Byte".to_string();
    }
    if size < base {
        return format!("{} Bytes", size.trunc());
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let last = prefixes.len() - 1;
    for (index, prefix) in prefixes.iter().enumerate() {
        let unit = base.powi(index as i32 + 2);
        if size < unit || index == last {
            let prefix = if binary { format!("{}i", prefix.to_uppercase()) } else { (*prefix).to_string() };
            return format!("{:.1} {prefix}B", base * size / unit);
        }
    }
    String::new()
}

fn indent(engine: &Interpreter<'_>, args: Args) -> Res<Value> {
    let args = args.bind("indent", &["s", "width", "first", "blank"], 1)?;
    let by = match args.get(1) {
        Some(Value::Str(text) | Value::Safe(text)) => text.to_string(),
        _ => {
            let width = usize::try_from(args.int(1, 4)?).unwrap_or(0);
            engine.make(width)?;
            " ".repeat(width)
        }
    };
    let text = args.text(0, "")?;
    let text = format!("{text}\n");
    let lines = strings::lines(&text, false);
    engine.make(text.len() + lines.len().saturating_mul(by.len()))?;
    let blank = args.yes(3, false)?;
    let mut out = if args.yes(2, false)? { by.clone() } else { String::new() };
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&by);
            }
        }
        out.push_str(line);
    }
    Ok(like(args.value(0), out))
}

/// Rounds as Python does: halves to the even neighbour, by the number's exact value.
fn round(args: Args) -> Res<Value> {
    let args = args.bind("round", &["value", "precision", "method"], 1)?;
    let precision = args.int(1, 0)?.clamp(-400, 400) as i32;
    let method = args.text(2, "common")?;
    let value = args.value(0).there()?;
    let wrong = || Fault::of(format!("type {} doesn't define __round__ method", value.type_name()));
    let size = value.as_float().ok_or_else(wrong)?;
    match (&*method, value.as_int()) {
        ("common", Some(number)) if precision >= 0 => Ok(Value::Int(number)),
        ("common", Some(number)) => {
            let Some(unit) =
                10_i128.checked_pow(precision.unsigned_abs().min(99)).filter(|unit| *unit < 1 << 124)
            else {
                return Ok(Value::Int(0));
            };
            let rest = number.rem_euclid(unit);
            let down = number - rest;
            let up = rest * 2 > unit || (rest * 2 == unit && down.div_euclid(unit) % 2 != 0);
            Ok(Value::Int(if up { down.saturating_add(unit) } else { down }))
        }
        ("common", None) if precision > 300 => Ok(Value::Float(size)),
        ("common", None) if precision >= 0 => {
            // What is written with so many digits is rounded by the exact value, halves to even.
            let text = format!("{size:.*}", precision.unsigned_abs() as usize);
            Ok(Value::Float(text.parse().unwrap_or(size)))
        }
        ("common", None) => {
            let unit = 10_f64.powi(-precision);
            Ok(Value::Float((size / unit).round_ties_even() * unit))
        }
        ("ceil" | "floor", _) => {
            let unit = 10_f64.powi(precision);
            let scaled = size * unit;
            let whole = if &*method == "ceil" { scaled.ceil() } else { scaled.floor() };
            Ok(Value::Float(whole / unit))
        }
        _ => Err(Fault::of("method must be common, ceil or floor")),
    }
}

/// Words with a capital first, as Jinja's filter has it: `they're` is one word.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        let between = c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
        match in_word && !between {
            true => out.extend(c.to_lowercase()),
            false => out.extend(c.to_uppercase()),
        }
        in_word = !between;
    }
    out
}

fn truncate(args: Args) -> Res<Value> {
    let args = args.bind("truncate", &["s", "length", "killwords", "end", "leeway"], 1)?;
    let text = args.text(0, "")?;
    let end = args.text(3, "...")?;
    let (length, leeway) = (args.int(1, 255)?, args.some(4).map_or(Ok(5), |_| args.int(4, 5))?);
    let end_length = end.chars().count() as i128;
    if length < end_length {
        return Err(Fault::of(format!("expected length >= {end_length}, got {length}")));
    }
    if text.chars().count() as i128 <= length.saturating_add(leeway) {
        return Ok(args.value(0).clone());
    }
    let kept: String = text.chars().take(usize::try_from(length - end_length).unwrap_or(0)).collect();
    let kept = match args.yes(2, false)? {
        true => &kept,
        false => kept.rsplit_once(' ').map_or(kept.as_str(), |(before, _)| before),
    };
    Ok(like(args.value(0), format!("{kept}{end}")))
}
