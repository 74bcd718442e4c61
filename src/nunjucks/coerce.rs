//! JavaScript's conversions, comparisons and addition of values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::budget::Budget;
use super::fault::{Fault, Outcome};
use super::number;
use super::value::Value;

/// Returns the printed form of a value; empty for null, in lists too.
pub fn to_output(value: &Value, budget: &Budget) -> Outcome<Arc<str>> {
    match value {
        Value::Undefined(_) | Value::Null => Ok("".into()),
        Value::List(list) => {
            let mut text = String::new();
            for (at, item) in list.items().iter().enumerate() {
                budget.steps(1)?;
                if at > 0 {
                    text.push(',');
                }
                let item = to_output(item, budget)?;
                budget.bytes(item.len())?;
                text.push_str(&item);
            }
            Ok(text.into())
        }
        value => to_text(value, budget),
    }
}

/// `String(value)`.
pub fn to_text(value: &Value, budget: &Budget) -> Outcome<Arc<str>> {
    Ok(match value {
        Value::Undefined(_) => "undefined".into(),
        Value::Null => "null".into(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Number(number) => number::show(*number).into(),
        Value::Text(text) | Value::Safe(text) => Arc::clone(text),
        Value::List(list) => join(&list.items(), ",", budget)?,
        Value::Record(_) => "[object Object]".into(),
        Value::Regex(regex) => regex.literal().into(),
        Value::Callable(_) => return Fault::fail("a function can't be used as a value: call it with `()`"),
    })
}

/// Items as one text; what is nothing or null is empty.
pub fn join(items: &[Value], separator: &str, budget: &Budget) -> Outcome<Arc<str>> {
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        budget.steps(1)?;
        let item = if item.is_nothing() { "".into() } else { to_text(item, budget)? };
        budget.bytes(item.len() + separator.len())?;
        if text.len() + item.len() > 64 << 20 {
            budget.bytes(text.len() + item.len())?;
        }
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&item);
    }
    Ok(text.into())
}

/// A value without lists and objects, as operators see it.
fn primitive(value: &Value, budget: &Budget) -> Outcome<Value> {
    Ok(match value {
        Value::Safe(text) => Value::Text(Arc::clone(text)),
        Value::List(_) | Value::Record(_) | Value::Regex(_) | Value::Callable(_) => {
            Value::Text(to_text(value, budget)?)
        }
        value => value.clone(),
    })
}

/// `Number(value)`.
pub fn to_number(value: &Value, budget: &Budget) -> Outcome<f64> {
    Ok(match primitive(value, budget)? {
        Value::Null => 0.0,
        Value::Bool(yes) => f64::from(u8::from(yes)),
        Value::Number(number) => number,
        Value::Text(text) => number::read(&text),
        _ => f64::NAN,
    })
}

/// A number without its fraction, as methods take positions.
pub fn to_integer(value: &Value, budget: &Budget) -> Outcome<f64> {
    let number = to_number(value, budget)?;
    Ok(if number.is_nan() { 0.0 } else { number.trunc() + 0.0 })
}

/// JavaScript's `==`.
pub fn equal(left: &Value, right: &Value, budget: &Budget) -> Outcome<bool> {
    if left.is_same(right) {
        return Ok(true);
    }
    let plain = |value: &Value| {
        matches!(
            value,
            Value::Undefined(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)
        )
    };
    if !plain(left) && !plain(right) {
        return Ok(false);
    }
    let (left, right) = (primitive(left, budget)?, primitive(right, budget)?);
    if left.is_nothing() || right.is_nothing() {
        return Ok(left.is_nothing() && right.is_nothing());
    }
    if let (Value::Text(left), Value::Text(right)) = (&left, &right) {
        return Ok(left == right);
    }
    Ok(to_number(&left, budget)? == to_number(&right, budget)?)
}

/// JavaScript's `+`.
pub fn add(left: &Value, right: &Value, budget: &Budget) -> Outcome<Value> {
    let (left, right) = (primitive(left, budget)?, primitive(right, budget)?);
    if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) {
        return concat(&left, &right, budget);
    }
    Ok(Value::Number(to_number(&left, budget)? + to_number(&right, budget)?))
}

/// Two values as one text.
pub fn concat(left: &Value, right: &Value, budget: &Budget) -> Outcome<Value> {
    let (left, right) = (to_text(left, budget)?, to_text(right, budget)?);
    budget.bytes(left.len() + right.len())?;
    Ok(Value::text(format!("{left}{right}")))
}

/// Compares two values; none if they can't be compared.
pub fn order(left: &Value, right: &Value, budget: &Budget) -> Outcome<Option<Ordering>> {
    let (left, right) = (primitive(left, budget)?, primitive(right, budget)?);
    if let (Value::Text(left), Value::Text(right)) = (&left, &right) {
        return Ok(Some(by_units(left, right)));
    }
    Ok(to_number(&left, budget)?.partial_cmp(&to_number(&right, budget)?))
}

/// Texts are ordered by their UTF-16 units.
pub fn by_units(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// JavaScript's way of finding something in a text, a list, or the names of an object.
pub fn contains(container: &Value, needle: &Value, budget: &Budget) -> Outcome<bool> {
    match container.require()? {
        Value::Text(text) => Ok(text.contains(&*to_text(needle, budget)?)),
        Value::Safe(_) => Ok(matches!(&*to_text(needle, budget)?, "length" | "val")),
        Value::List(list) => {
            let items = list.items();
            budget.steps(items.len() / 16)?;
            Ok(items.iter().any(|item| item.is_same(needle)))
        }
        Value::Record(record) => Ok(record.get(&to_text(needle, budget)?).is_some()),
        other => Fault::fail(format!("`in` looks into lists, objects and texts, not into {}", other.kind())),
    }
}
