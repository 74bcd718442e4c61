//! Operators, as Python has them.

use std::cmp::Ordering;
use std::rc::Rc;

use super::ast::{Comparison, Operator};
use super::fault::{Fault, Res};
use super::interpreter::Interpreter;
use super::value::{Range, Value, View};
use super::{escape, format, repr};

fn unsupported(operator: &str, left: &Value, right: &Value) -> Box<Fault> {
    let (left, right) = (left.type_name(), right.type_name());
    Fault::of(format!("unsupported operand type(s) for {operator}: '{left}' and '{right}'"))
}

fn too_big() -> Box<Fault> {
    Fault::of("this number is too big: more than 38 digits are not calculated with")
}

pub fn binary(engine: &Interpreter<'_>, operator: Operator, left: &Value, right: &Value) -> Res<Value> {
    let (left, right) = (left.there()?, right.there()?);
    let sign = match operator {
        Operator::Add => "+",
        Operator::Sub => "-",
        Operator::Mul => "*",
        Operator::Div => "/",
        Operator::FloorDiv => "//",
        Operator::Mod => "%",
        Operator::Pow => "** or pow()",
    };
    if let Some(done) = with_texts(engine, operator, left, right)? {
        return Ok(done);
    }
    if let (Some(left), Some(right)) = (left.as_int(), right.as_int()) {
        return integers(operator, left, right);
    }
    match (left.as_float(), right.as_float()) {
        (Some(left), Some(right)) => floats(operator, left, right),
        _ => Err(unsupported(sign, left, right)),
    }
}

/// What is done with texts, lists and tuples.
fn with_texts(
    engine: &Interpreter<'_>,
    operator: Operator,
    left: &Value,
    right: &Value,
) -> Res<Option<Value>> {
    Ok(Some(match (operator, left, right) {
        (Operator::Mod, Value::Str(_) | Value::Safe(_), _) => format::percent(engine, left, right)?,
        (Operator::Add, Value::Str(a), Value::Str(b)) => {
            engine.make(a.len() + b.len())?;
            Value::text(format!("{a}{b}"))
        }
        (Operator::Add, Value::Str(_) | Value::Safe(_), Value::Str(_) | Value::Safe(_)) => {
            let escaped = |value: &Value| match value {
                Value::Safe(text) => text.to_string(),
                other => escape(other.as_str().unwrap_or_default()),
            };
            let text = format!("{}{}", escaped(left), escaped(right));
            engine.make(text.len())?;
            Value::Safe(text.into())
        }
        (Operator::Add, Value::Str(_), other) => {
            let kind = other.type_name();
            return Err(Fault::of(format!("can only concatenate str (not \"{kind}\") to str")));
        }
        (Operator::Add, Value::List(a), Value::List(b)) => {
            engine.make((a.borrow().len() + b.borrow().len()) * 32)?;
            let joined = a.borrow().iter().chain(b.borrow().iter()).cloned().collect();
            Value::list(joined)
        }
        (Operator::Add, Value::Tuple(a), Value::Tuple(b)) => {
            engine.make((a.len() + b.len()) * 32)?;
            Value::tuple(a.iter().chain(b.iter()).cloned().collect())
        }
        (Operator::Mul, many, times) if is_sequence(many) && times.as_int().is_some() => {
            repeat(engine, many, times.as_int().unwrap_or_default())?
        }
        (Operator::Mul, times, many) if is_sequence(many) && times.as_int().is_some() => {
            repeat(engine, many, times.as_int().unwrap_or_default())?
        }
        _ => return Ok(None),
    }))
}

fn is_sequence(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::Safe(_) | Value::List(_) | Value::Tuple(_))
}

fn repeat(engine: &Interpreter<'_>, value: &Value, times: i128) -> Res<Value> {
    let times = usize::try_from(times.max(0)).map_err(|_| Fault::too_long())?;
    let many = |items: &[Value]| -> Res<Vec<Value>> {
        engine.make(items.len().saturating_mul(times).saturating_mul(32))?;
        Ok(std::iter::repeat_n(items, times).flatten().cloned().collect())
    };
    Ok(match value {
        Value::Str(text) | Value::Safe(text) => {
            engine.make(text.len().saturating_mul(times))?;
            let text = text.repeat(times).into();
            if matches!(value, Value::Safe(_)) { Value::Safe(text) } else { Value::Str(text) }
        }
        Value::List(items) => Value::list(many(&items.borrow())?),
        Value::Tuple(items) => Value::tuple(many(items)?),
        other => other.clone(),
    })
}

fn integers(operator: Operator, left: i128, right: i128) -> Res<Value> {
    let zero = || Fault::of("division by zero");
    let number = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Sub => left.checked_sub(right),
        Operator::Mul => left.checked_mul(right),
        Operator::Div if right == 0 => return Err(zero()),
        Operator::Div => return Ok(Value::Float(left as f64 / right as f64)),
        Operator::FloorDiv | Operator::Mod if right == 0 => {
            return Err(Fault::of("integer division or modulo by zero"));
        }
        Operator::FloorDiv => left.checked_div(right).map(|quotient| {
            let inexact = left.wrapping_rem(right) != 0 && (left < 0) != (right < 0);
            quotient - i128::from(inexact)
        }),
        Operator::Mod => left
            .checked_rem(right)
            .map(|rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }),
        Operator::Pow if right < 0 => return floats(operator, left as f64, right as f64),
        Operator::Pow => u32::try_from(right).ok().and_then(|right| match left {
            0 | 1 => Some(if right == 0 { 1 } else { left }),
            left => left.checked_pow(right),
        }),
    };
    number.map(Value::Int).ok_or_else(too_big)
}

fn floats(operator: Operator, left: f64, right: f64) -> Res<Value> {
    let divides = matches!(operator, Operator::Div | Operator::FloorDiv | Operator::Mod);
    if divides && right == 0.0 {
        return Err(Fault::of("float division by zero"));
    }
    let number = match operator {
        Operator::Add => left + right,
        Operator::Sub => left - right,
        Operator::Mul => left * right,
        Operator::Div => left / right,
        Operator::FloorDiv => ((left - modulo(left, right)) / right).round(),
        Operator::Mod => modulo(left, right),
        Operator::Pow if left == 0.0 && right < 0.0 => {
            return Err(Fault::of("0.0 cannot be raised to a negative power"));
        }
        Operator::Pow if left < 0.0 && right.fract() != 0.0 => {
            return Err(Fault::of("complex numbers are not calculated with"));
        }
        Operator::Pow => left.powf(right),
    };
    Ok(Value::Float(number))
}

fn modulo(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
}

pub fn negative(value: &Value) -> Res<Value> {
    match value.there()? {
        Value::Float(number) => Ok(Value::Float(-number)),
        other => match other.as_int() {
            Some(number) => number.checked_neg().map(Value::Int).ok_or_else(too_big),
            None => Err(Fault::of(format!("bad operand type for unary -: '{}'", other.type_name()))),
        },
    }
}

pub fn positive(value: &Value) -> Res<Value> {
    match value.there()? {
        Value::Float(number) => Ok(Value::Float(*number)),
        other => match other.as_int() {
            Some(number) => Ok(Value::Int(number)),
            None => Err(Fault::of(format!("bad operand type for unary +: '{}'", other.type_name()))),
        },
    }
}

pub fn compare(engine: &Interpreter<'_>, comparison: Comparison, left: &Value, right: &Value) -> Res<bool> {
    Ok(match comparison {
        Comparison::Equal => equal(engine, left, right)?,
        Comparison::NotEqual => !equal(engine, left, right)?,
        Comparison::Less => order(engine, left, right)?.is_some_and(Ordering::is_lt),
        Comparison::LessEqual => order(engine, left, right)?.is_some_and(Ordering::is_le),
        Comparison::Greater => order(engine, left, right)?.is_some_and(Ordering::is_gt),
        Comparison::GreaterEqual => order(engine, left, right)?.is_some_and(Ordering::is_ge),
        Comparison::In => contains(engine, right, left)?,
        Comparison::NotIn => !contains(engine, right, left)?,
    })
}

pub fn equal(engine: &Interpreter<'_>, left: &Value, right: &Value) -> Res<bool> {
    engine.spend(1)?;
    let (left, right) = (left.there()?, right.there()?);
    let all = |left: &[Value], right: &[Value]| -> Res<bool> {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right) {
            if !engine.deeper(|| equal(engine, left, right))? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    Ok(match (left, right) {
        (Value::None, Value::None) => true,
        (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b) || all(&a.borrow(), &b.borrow())?,
        (Value::Tuple(a), Value::Tuple(b)) => all(a, b)?,
        (Value::Dict(a), Value::Dict(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            let mut same = a.len() == b.len();
            for (key, value) in a.iter() {
                same = same
                    && match b.get(&key.key()?) {
                        Some(other) => engine.deeper(|| equal(engine, value, other))?,
                        None => false,
                    };
            }
            same
        }
        (Value::Range(a), Value::Range(b)) => {
            a.len() == b.len() && (a.len() == 0 || (a.start == b.start && (a.len() == 1 || a.step == b.step)))
        }
        (Value::View(View::Keys, _), Value::View(View::Keys, _)) => all(&left.items()?, &right.items()?)?,
        (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
        (Value::Iter(a), Value::Iter(b)) => Rc::ptr_eq(a, b),
        _ => match (left.as_str(), right.as_str()) {
            (Some(left), Some(right)) => left == right,
            _ => numbers(left, right) == Some(Ordering::Equal),
        },
    })
}

fn numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left.as_int(), right.as_int()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_float()?.partial_cmp(&right.as_float()?),
    }
}

/// Which of two is less; `None` for what has no order, like NaN.
pub fn order(engine: &Interpreter<'_>, left: &Value, right: &Value) -> Res<Option<Ordering>> {
    engine.spend(1)?;
    let (left, right) = (left.there()?, right.there()?);
    let all = |left: &[Value], right: &[Value]| -> Res<Option<Ordering>> {
        for (left, right) in left.iter().zip(right) {
            if !equal(engine, left, right)? {
                return engine.deeper(|| order(engine, left, right));
            }
        }
        Ok(Some(left.len().cmp(&right.len())))
    };
    match (left, right) {
        (Value::List(a), Value::List(b)) => return all(&a.borrow(), &b.borrow()),
        (Value::Tuple(a), Value::Tuple(b)) => return all(a, b),
        _ => {}
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Ok(Some(left.cmp(right)));
    }
    if left.as_float().is_some() && right.as_float().is_some() {
        return Ok(numbers(left, right));
    }
    let (left, right) = (left.type_name(), right.type_name());
    Err(Fault::of(format!("'<' not supported between instances of '{left}' and '{right}'")))
}

pub fn contains(engine: &Interpreter<'_>, container: &Value, item: &Value) -> Res<bool> {
    match container.there()? {
        Value::Str(text) | Value::Safe(text) => match item.there()?.as_str() {
            Some(part) => {
                engine.spend(text.len() as u64 / 64)?;
                Ok(text.contains(part))
            }
            None => {
                let kind = item.type_name();
                Err(Fault::of(format!("'in <string>' requires string as left operand, not {kind}")))
            }
        },
        Value::Dict(dict) | Value::View(View::Keys, dict) => Ok(dict.borrow().get(&item.key()?).is_some()),
        Value::Range(range) => Ok(item.as_int().is_some_and(|number| in_range(range, number))),
        Value::List(_) | Value::Tuple(_) | Value::View(..) | Value::Iter(_) => {
            for other in container.items()? {
                if equal(engine, &other, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => Err(Fault::of(format!("argument of type '{}' is not iterable", other.type_name()))),
    }
}

fn in_range(range: &Range, number: i128) -> bool {
    let inside = match range.step > 0 {
        true => number >= range.start && number < range.stop,
        false => number <= range.start && number > range.stop,
    };
    inside && (number - range.start) % range.step == 0
}

/// Sorts, stable, by keys that were made before.
pub fn sort(engine: &Interpreter<'_>, keyed: &mut [(Value, Value)], reverse: bool) -> Res<()> {
    let mut wrong = None;
    let mut by_key = |left: &Value, right: &Value| match order(engine, left, right) {
        Ok(order) => order.unwrap_or(Ordering::Equal),
        Err(fault) => {
            wrong.get_or_insert(fault);
            Ordering::Equal
        }
    };
    match reverse {
        false => keyed.sort_by(|(left, _), (right, _)| by_key(left, right)),
        true => keyed.sort_by(|(left, _), (right, _)| by_key(right, left)),
    }
    wrong.map_or(Ok(()), Err)
}

/// `value[start:stop:step]`.
pub fn slice(engine: &Interpreter<'_>, value: &Value, [start, stop, step]: [Option<i128>; 3]) -> Res<Value> {
    let length = value.length()? as i128;
    engine.spend(length as u64 / 16)?;
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Fault::of("slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |at: Option<i128>, default: i128| match at {
        None => default,
        Some(at) if at < 0 => (at + length).max(low),
        Some(at) => at.min(high),
    };
    let (start, stop) = match step > 0 {
        true => (bound(start, 0), bound(stop, length)),
        false => (bound(start, length - 1), bound(stop, -1)),
    };
    let range = Range { start, stop, step };
    let picked = |items: &[Value]| -> Vec<Value> {
        let indices = (0..range.len()).map(|at| range.at(at));
        indices.filter_map(|at| usize::try_from(at).ok().and_then(|at| items.get(at).cloned())).collect()
    };
    Ok(match value {
        Value::Str(text) | Value::Safe(text) => {
            let letters: Vec<char> = text.chars().collect();
            let indices = (0..range.len()).filter_map(|at| usize::try_from(range.at(at)).ok());
            let text: String = indices.filter_map(|at| letters.get(at)).collect();
            if matches!(value, Value::Safe(_)) { Value::Safe(text.into()) } else { Value::Str(text.into()) }
        }
        Value::List(items) => Value::list(picked(&items.borrow())),
        Value::Tuple(items) => Value::tuple(picked(items)),
        Value::Range(of) => {
            let at = |index: i128| of.start + of.step * index;
            Value::Range(Range { start: at(start), stop: at(stop), step: of.step.saturating_mul(step) })
        }
        other => return Err(Fault::of(format!("'{}' object is not subscriptable", other.type_name()))),
    })
}

/// What `int()` gives of a text, if it is one.
pub fn parse_int(text: &str, base: u32) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed =
        |prefix: &str| lower.strip_prefix(prefix).map(|rest| rest.strip_prefix('_').unwrap_or(rest));
    let (base, digits) = match base {
        0 | 16 if lower.starts_with("0x") => (16, prefixed("0x")?),
        0 | 8 if lower.starts_with("0o") => (8, prefixed("0o")?),
        0 | 2 if lower.starts_with("0b") => (2, prefixed("0b")?),
        0 if lower.starts_with('0') && lower.bytes().any(|digit| !matches!(digit, b'0' | b'_')) => {
            return None;
        }
        0 => (10, lower.as_str()),
        base => (base, lower.as_str()),
    };
    if !(2..=36).contains(&base)
        || digits.starts_with(['_', '+', '-'])
        || digits.ends_with('_')
        || digits.contains("__")
    {
        return None;
    }
    let number = i128::from_str_radix(&digits.replace('_', ""), base).ok()?;
    Some(if negative { -number } else { number })
}

/// What `float()` gives of a text, if it is one.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.trim_start_matches(['+', '-']);
    let named = ["inf", "infinity", "nan"].iter().any(|name| plain.eq_ignore_ascii_case(name));
    let wrong = plain.starts_with('_') || plain.ends_with('_') || plain.contains("__");
    if !named && (wrong || !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.')) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// A float as an integer, towards zero.
pub fn truncate(number: f64) -> Res<i128> {
    match number.is_finite() && number.abs() < 1e38 {
        true => Ok(number.trunc() as i128),
        false => Err(Fault::of(format!("cannot convert float {} to integer", repr::float(number)))),
    }
}
