//! `%` and `str.format`.

use std::rc::Rc;

use super::arguments::Args;
use super::fault::{Fault, Res};
use super::interpreter::Interpreter;
use super::value::Value;
use super::{escape, ops, repr, strings};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
    /// In the middle, as `str.center` has it.
    Center,
    /// In the middle, as `^` has it.
    Middle,
    /// Between the sign and the digits.
    Sign,
}

/// A text filled up to a width.
pub fn pad(text: &str, width: usize, fill: char, side: Side) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let before = match side {
        Side::Left => 0,
        Side::Right | Side::Sign => missing,
        // Python's own rounding: the odd one goes where the width says.
        Side::Center => missing / 2 + (missing & width & 1),
        Side::Middle => missing / 2,
    };
    let fills = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    if side == Side::Sign {
        let digits = text.trim_start_matches(['+', '-', ' ']);
        let sign = text.get(..text.len() - digits.len()).unwrap_or_default();
        return format!("{sign}{}{digits}", fills(before));
    }
    format!("{}{text}{}", fills(before), fills(missing - before))
}

/// How a value is to be written.
#[derive(Default)]
struct Spec {
    fill: Option<char>,
    side: Option<Side>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// `"%s: %d" % values`.
pub fn percent(engine: &Interpreter<'_>, format: &Value, values: &Value) -> Res<Value> {
    let text = format.as_str().unwrap_or_default();
    let safe = matches!(format, Value::Safe(_));
    let mut positional = match values {
        Value::Tuple(values) => values.to_vec(),
        one => vec![one.clone()],
    }
    .into_iter();
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    let mut any = false;
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut spec = Spec { side: Some(Side::Right), ..Spec::default() };
        let mut named = None;
        if rest.next_if_eq(&'(').is_some() {
            let mut key = String::new();
            loop {
                match rest.next() {
                    Some(')') => break,
                    Some(c) => key.push(c),
                    None => return Err(Fault::of("incomplete format key")),
                }
            }
            named = Some(key);
        }
        while let Some(flag) = rest.next_if(|c| "-+ #0".contains(*c)) {
            match flag {
                '-' => spec.side = Some(Side::Left),
                '0' => spec.zero = true,
                '#' => spec.alternate = true,
                '+' => spec.sign = Some('+'),
                _ => spec.sign = spec.sign.or(Some(' ')),
            }
        }
        let mut next = |what: &str| {
            any = true;
            positional
                .next()
                .ok_or_else(|| Fault::of(format!("not enough arguments for format string{what}")))
        };
        let mut number = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| -> Res<Option<usize>> {
            if rest.next_if_eq(&'*').is_some() {
                let value = next("")?;
                let number = value.as_int().ok_or_else(|| Fault::of("* wants int"))?;
                return Ok(Some(usize::try_from(number).unwrap_or(0)));
            }
            digits(rest)
        };
        spec.width = number(&mut rest)?.unwrap_or(0);
        if rest.next_if_eq(&'.').is_some() {
            spec.precision = Some(number(&mut rest)?.unwrap_or(0));
        }
        while rest.next_if(|c| "hlL".contains(*c)).is_some() {}
        let Some(kind) = rest.next() else { return Err(Fault::of("incomplete format")) };
        if kind == '%' {
            out.push('%');
            continue;
        }
        engine.make(spec.width.saturating_add(spec.precision.unwrap_or(0)).saturating_add(out.len()))?;
        let value = match &named {
            Some(key) => match values {
                Value::Dict(dict) => match dict.borrow().get_str(key) {
                    Some(value) => value.clone(),
                    None => return Err(Fault::of(format!("the dict to format has no `{key}`"))),
                },
                _ => return Err(Fault::of("format requires a mapping")),
            },
            None => next("")?,
        };
        value.there()?;
        spec.zero = spec.zero && spec.side != Some(Side::Left);
        let mut part = one_percent(&value, kind, spec)?;
        if safe && !matches!(value, Value::Safe(_)) && matches!(kind, 's' | 'r' | 'a') {
            part = escape(&part);
        }
        engine.make(out.len() + part.len())?;
        out.push_str(&part);
    }
    let left_over = positional.next().is_some() && (any || !matches!(values, Value::Dict(_)));
    if left_over && !matches!(values, Value::Dict(_) | Value::List(_) if any) {
        return Err(Fault::of("not all arguments converted during string formatting"));
    }
    Ok(if safe { Value::Safe(out.into()) } else { Value::Str(out.into()) })
}

fn one_percent(value: &Value, kind: char, mut spec: Spec) -> Res<String> {
    let side = spec.side.unwrap_or(Side::Right);
    match kind {
        's' | 'r' | 'a' => {
            let text = if kind == 's' { repr::str(value)? } else { repr::repr(value)? };
            let text = if kind == 'a' { ascii(&text) } else { text };
            let text = spec.precision.map_or(text.clone(), |most| text.chars().take(most).collect());
            Ok(pad(&text, spec.width, ' ', side))
        }
        'c' => {
            let text = match value.as_int() {
                Some(code) => u32::try_from(code).ok().and_then(char::from_u32).map(String::from),
                None => value.as_str().filter(|text| text.chars().count() == 1).map(str::to_string),
            };
            Ok(pad(&text.ok_or_else(|| Fault::of("%c requires int or char"))?, spec.width, ' ', side))
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let number = match (value, kind) {
                (Value::Float(number), 'd' | 'i' | 'u') => Some(ops::truncate(*number)?),
                (value, _) => value.as_int(),
            };
            let Some(number) = number else {
                let type_name = value.type_name();
                return Err(Fault::of(format!("%{kind} format: a real number is required, not {type_name}")));
            };
            spec.kind = Some(if matches!(kind, 'i' | 'u') { 'd' } else { kind });
            let least = spec.precision.take().unwrap_or(0);
            let text = integer(number, &Spec { width: 0, zero: false, side: None, ..copy(&spec) })?;
            let digits = text.trim_start_matches(['+', '-', ' ']);
            let sign = text.get(..text.len() - digits.len()).unwrap_or_default();
            let text = format!("{sign}{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
            let (fill, side) = if spec.zero { ('0', Side::Sign) } else { (' ', side) };
            Ok(pad(&text, spec.width, fill, side))
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let Some(number) = value.as_float() else {
                return Err(Fault::of(format!("must be real number, not {}", value.type_name())));
            };
            spec.kind = Some(kind);
            let text = real(number, &Spec { width: 0, zero: false, side: None, ..copy(&spec) })?;
            let (fill, side) = if spec.zero { ('0', Side::Sign) } else { (' ', side) };
            Ok(pad(&text, spec.width, fill, side))
        }
        other => Err(Fault::of(format!("unsupported format character '{other}'"))),
    }
}

fn copy(spec: &Spec) -> Spec {
    Spec {
        fill: spec.fill,
        side: spec.side,
        sign: spec.sign,
        grouping: spec.grouping,
        kind: spec.kind,
        ..*spec
    }
}

fn ascii(text: &str) -> String {
    let escape = |c: char| match u32::from(c) {
        0..0x80 => c.to_string(),
        code @ 0x80..0x100 => format!("\\x{code:02x}"),
        code @ 0x100..0x1_0000 => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    text.chars().map(escape).collect()
}

fn digits(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Res<Option<usize>> {
    let mut text = String::new();
    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
        text.push(digit);
    }
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Fault::too_long())
}

/// `"{} {name!r:>5}".format(…)`.
pub fn braces(engine: &Interpreter<'_>, format: &Value, args: Args) -> Res<Value> {
    let text = format.as_str().unwrap_or_default();
    let safe = matches!(format, Value::Safe(_));
    let mut next = 0;
    let out = fill_in(engine, text, &args, &mut next, safe, 0)?;
    Ok(if safe { Value::Safe(out.into()) } else { Value::Str(out.into()) })
}

fn fill_in(
    engine: &Interpreter<'_>,
    text: &str,
    args: &Args,
    next: &mut usize,
    safe: bool,
    depth: usize,
) -> Res<String> {
    if depth > 2 {
        return Err(Fault::of("Max string recursion exceeded"));
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let brace = behind.get(..1).unwrap_or_default();
        if behind.get(1..2) == Some(brace) {
            out.push_str(brace);
            rest = behind.get(2..).unwrap_or_default();
            continue;
        }
        if brace == "}" {
            return Err(Fault::of("Single '}' encountered in format string"));
        }
        let mut level = 0_usize;
        let end = behind.char_indices().find(|(_, c)| {
            match c {
                '{' => level += 1,
                '}' => level -= 1,
                _ => {}
            }
            level == 0
        });
        let Some((end, _)) = end else { return Err(Fault::of("expected '}' before end of string")) };
        let field = behind.get(1..end).unwrap_or_default();
        rest = behind.get(end + 1..).unwrap_or_default();
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = match name.split_once('!') {
            Some((name, conversion)) => (name, Some(conversion)),
            None => (name, None),
        };
        let value = field_value(engine, name, args, next)?;
        value.there()?;
        let spec = fill_in(engine, spec, args, next, false, depth + 1)?;
        let value = match conversion {
            None => value,
            Some("s") => Value::text(repr::str(&value)?),
            Some("r") => Value::text(repr::repr(&value)?),
            Some("a") => Value::text(ascii(&repr::repr(&value)?)),
            Some(_) => return Err(Fault::of("Unknown conversion specifier")),
        };
        let mut part = formatted(engine, &value, &spec)?;
        if safe && !matches!(value, Value::Safe(_)) {
            part = escape(&part);
        }
        engine.make(out.len() + part.len())?;
        out.push_str(&part);
    }
    out.push_str(rest);
    Ok(out)
}

fn field_value(engine: &Interpreter<'_>, field: &str, args: &Args, next: &mut usize) -> Res<Value> {
    let end = field.find(['.', '[']).unwrap_or(field.len());
    let (name, mut path) = field.split_at(end);
    let index = match name {
        "" => {
            *next += 1;
            Some(*next - 1)
        }
        name => name.parse().ok(),
    };
    let value = match index {
        Some(index) => args.positional.get(index).cloned(),
        None => args.named.iter().find(|(named, _)| &**named == name).map(|(_, value)| value.clone()),
    };
    let Some(mut value) = value else {
        return Err(Fault::of(match index {
            Some(index) => format!("Replacement index {index} out of range for positional args tuple"),
            None => format!("the format names `{name}`, which is not given"),
        }));
    };
    while !path.is_empty() {
        let found = if let Some(behind) = path.strip_prefix('.') {
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (name, rest) = behind.split_at(end);
            path = rest;
            engine.attribute(&value, name)?
        } else {
            let Some((key, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) else {
                return Err(Fault::of("Missing ']' in format string"));
            };
            path = rest;
            let key = key.parse().map_or_else(|_| Value::text(key), Value::Int);
            engine.item(&value, &key)?
        };
        value = found.ok_or_else(|| Fault::of(format!("`{field}` is not there to format")))?;
    }
    Ok(value)
}

/// What `format(value, spec)` gives.
pub fn formatted(engine: &Interpreter<'_>, value: &Value, spec: &str) -> Res<String> {
    if spec.is_empty() {
        return repr::str(value);
    }
    let spec = parse_spec(spec)?;
    engine.make(spec.width.saturating_add(spec.precision.unwrap_or(0)))?;
    let wrong = |kind: char| {
        Fault::of(format!("Unknown format code '{kind}' for object of type '{}'", value.type_name()))
    };
    let number_kind = spec.kind.is_some_and(|kind| "bcdoxXneEfFgG%".contains(kind));
    match value {
        Value::Str(text) | Value::Safe(text) => {
            if let Some(kind) = spec.kind.filter(|kind| *kind != 's') {
                return Err(wrong(kind));
            }
            let text: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
            let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
            Ok(pad(&text, spec.width, fill, spec.side.unwrap_or(Side::Left)))
        }
        Value::Bool(_) if !number_kind && spec.kind.is_none() => Ok(pad(
            &repr::str(value)?,
            spec.width,
            spec.fill.unwrap_or(' '),
            spec.side.unwrap_or(Side::Right),
        )),
        Value::Int(_) | Value::Bool(_) => {
            let number = value.as_int().unwrap_or_default();
            match spec.kind {
                Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => real(number as f64, &spec),
                Some('s') => Err(wrong('s')),
                _ => integer(number, &spec),
            }
        }
        Value::Float(number) => match spec.kind {
            Some(kind @ ('s' | 'd' | 'x' | 'X' | 'o' | 'b' | 'c')) => Err(wrong(kind)),
            _ => real(*number, &spec),
        },
        other => {
            Err(Fault::of(format!("unsupported format string passed to {}.__format__", other.type_name())))
        }
    }
}

fn parse_spec(text: &str) -> Res<Spec> {
    let mut spec = Spec::default();
    let side = |c: char| match c {
        '<' => Some(Side::Left),
        '>' => Some(Side::Right),
        '^' => Some(Side::Middle),
        '=' => Some(Side::Sign),
        _ => None,
    };
    let mut rest = text.chars().peekable();
    let mut look = text.chars();
    let (first, second) = (look.next(), look.next());
    if let Some(found) = second.and_then(side) {
        (spec.fill, spec.side) = (first, Some(found));
        rest.next();
        rest.next();
    } else if let Some(found) = first.and_then(side) {
        spec.side = Some(found);
        rest.next();
    }
    spec.sign = rest.next_if(|c| "+- ".contains(*c));
    rest.next_if_eq(&'z');
    spec.alternate = rest.next_if_eq(&'#').is_some();
    spec.zero = rest.next_if_eq(&'0').is_some();
    spec.width = digits(&mut rest)?.unwrap_or(0);
    spec.grouping = rest.next_if(|c| *c == ',' || *c == '_');
    if rest.next_if_eq(&'.').is_some() {
        spec.precision =
            Some(digits(&mut rest)?.ok_or_else(|| Fault::of("Format specifier missing precision"))?);
    }
    spec.kind = rest.next();
    match rest.next() {
        None => Ok(spec),
        Some(_) => Err(Fault::of(format!("Invalid format specifier '{text}'"))),
    }
}

fn integer(number: i128, spec: &Spec) -> Res<String> {
    let size = number.unsigned_abs();
    let (prefix, digits) = match spec.kind {
        None | Some('d' | 'n') => ("", size.to_string()),
        Some('x') => ("0x", format!("{size:x}")),
        Some('X') => ("0X", format!("{size:X}")),
        Some('o') => ("0o", format!("{size:o}")),
        Some('b') => ("0b", format!("{size:b}")),
        Some('c') => {
            let letter = u32::try_from(number).ok().and_then(char::from_u32);
            ("", letter.ok_or_else(|| Fault::of("%c arg not in range(0x110000)"))?.to_string())
        }
        Some(kind) => {
            return Err(Fault::of(format!("Unknown format code '{kind}' for object of type 'int'")));
        }
    };
    let every = if matches!(spec.kind, None | Some('d' | 'n')) { 3 } else { 4 };
    let digits = grouped(&digits, spec, every);
    let prefix = if spec.alternate { prefix } else { "" };
    Ok(finish(&format!("{prefix}{digits}"), number < 0, spec))
}

fn grouped(digits: &str, spec: &Spec, every: usize) -> String {
    let Some(separator) = spec.grouping else { return digits.to_string() };
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(every) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

fn finish(digits: &str, negative: bool, spec: &Spec) -> String {
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    let zero = spec.zero && spec.side.is_none();
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let side = spec.side.unwrap_or(if zero { Side::Sign } else { Side::Right });
    pad(&format!("{sign}{digits}"), spec.width, fill, side)
}

fn real(number: f64, spec: &Spec) -> Res<String> {
    let kind = spec.kind.unwrap_or(if spec.precision.is_some() { 'g' } else { 'r' });
    if spec.precision.is_some_and(|precision| precision > 1_000) {
        return Err(Fault::of("more than 1000 digits behind the point are not written"));
    }
    let size = number.abs();
    let precision = spec.precision.unwrap_or(6);
    let digits = match kind {
        _ if !number.is_finite() => repr::float(size),
        'r' => repr::float(size),
        'f' | 'F' => format!("{size:.precision$}"),
        '%' => format!("{:.precision$}%", size * 100.0),
        'e' | 'E' => exponent(&format!("{size:.precision$e}")),
        'g' | 'G' | 'n' => general(size, precision.max(1), spec.alternate, spec.kind.is_none()),
        kind => return Err(Fault::of(format!("Unknown format code '{kind}' for object of type 'float'"))),
    };
    let digits = if kind.is_ascii_uppercase() { digits.to_uppercase() } else { digits };
    let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, behind) = digits.split_at(whole);
    let digits = format!("{}{behind}", grouped(whole, spec, 3));
    Ok(finish(&digits, number.is_sign_negative() && !number.is_nan(), spec))
}

/// Rust's exponent as Python writes it: with a sign and two digits.
fn exponent(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn general(size: f64, precision: usize, keep: bool, point: bool) -> String {
    let scientific = format!("{size:.*e}", precision - 1);
    let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default();
    let most = i32::try_from(precision).unwrap_or(i32::MAX);
    let limit = if point { most - 1 } else { most };
    let trim = |text: &str| match text.contains('.') && !keep {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    if power < -4 || power >= limit.max(if point { 1 } else { 0 }) && power >= limit {
        let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        return exponent(&format!("{}e{power}", trim(digits)));
    }
    let decimals = usize::try_from(most - 1 - power).unwrap_or(0);
    let text = trim(&format!("{size:.decimals$}"));
    if point && !text.contains('.') { format!("{text}.0") } else { text }
}

/// `"%s"|format(…)`.
pub fn filter(engine: &Interpreter<'_>, mut args: Args) -> Res<Value> {
    if args.positional.is_empty() {
        return Err(Fault::of("format needs a text"));
    }
    let format = args.positional.remove(0);
    let format = match format {
        Value::Str(_) | Value::Safe(_) => format,
        other => Value::text(repr::str(&other)?),
    };
    match (args.positional.is_empty(), args.named.is_empty()) {
        (false, false) => Err(Fault::of("can't handle positional and keyword arguments at the same time")),
        (true, false) => percent(engine, &format, &Value::dict(strings::named(&args))),
        _ => percent(engine, &format, &Value::Tuple(Rc::new(args.positional))),
    }
}
