//! The tests after `is`.

use std::cmp::Ordering;

use super::budget::Budget;
use super::coerce;
use super::fault::{Fault, Outcome};
use super::value::Value;

/// Each test, and how many values it takes.
pub const NAMES: &[(&str, usize)] = &[
    ("callable", 0),
    ("defined", 0),
    ("divisibleby", 1),
    ("escaped", 0),
    ("eq", 1),
    ("equalto", 1),
    ("even", 0),
    ("falsy", 0),
    ("ge", 1),
    ("greaterthan", 1),
    ("gt", 1),
    ("iterable", 0),
    ("le", 1),
    ("lessthan", 1),
    ("lower", 0),
    ("lt", 1),
    ("mapping", 0),
    ("ne", 1),
    ("null", 0),
    ("number", 0),
    ("odd", 0),
    ("sameas", 1),
    ("string", 0),
    ("truthy", 0),
    ("undefined", 0),
    ("upper", 0),
];

/// Tests that accept an undefined value.
pub const UNDEFINED_SAFE: &[&str] =
    &["callable", "defined", "eq", "equalto", "falsy", "ne", "null", "sameas", "truthy", "undefined"];

pub fn arity(name: &str) -> Option<usize> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, arity)| *arity)
}

/// Returns true if a value passes a test.
pub fn check(name: &str, value: &Value, arguments: &[Value], budget: &Budget) -> Outcome<bool> {
    let other = arguments.first().unwrap_or(&Value::Null);
    match name {
        "defined" => return Ok(!value.is_undefined()),
        "undefined" => return Ok(value.is_undefined()),
        "falsy" => return Ok(!value.is_truthy()),
        "truthy" => return Ok(value.is_truthy()),
        "null" => return Ok(matches!(value, Value::Null)),
        "callable" => return Ok(matches!(value, Value::Callable(_))),
        "eq" | "equalto" | "sameas" => return Ok(value.is_same(other)),
        "ne" => return Ok(!value.is_same(other)),
        _ => {}
    }
    if let Value::Callable(_) = value {
        return Fault::fail("a function can't be tested like this");
    }
    let number = |value: &Value| coerce::to_number(value, budget);
    let order = |wanted: fn(Ordering) -> bool| {
        coerce::order(value, other, budget).map(|order| order.is_some_and(wanted))
    };
    match name {
        "divisibleby" => Ok(number(value)? % number(other)? == 0.0),
        "escaped" => Ok(matches!(value, Value::Safe(_))),
        "even" => Ok(number(value)? % 2.0 == 0.0),
        "odd" => Ok(number(value)? % 2.0 == 1.0),
        "ge" => order(Ordering::is_ge),
        "gt" | "greaterthan" => order(Ordering::is_gt),
        "le" => order(Ordering::is_le),
        "lt" | "lessthan" => order(Ordering::is_lt),
        "iterable" => match value.require()? {
            Value::Null => Fault::fail("null can't be tested for `iterable`"),
            value => Ok(matches!(value, Value::Text(_) | Value::Safe(_) | Value::List(_))),
        },
        "mapping" => Ok(matches!(value, Value::Record(_) | Value::Safe(_) | Value::Regex(_))),
        "number" => Ok(matches!(value, Value::Number(_))),
        "string" => Ok(matches!(value, Value::Text(_))),
        "lower" | "upper" => match value.require()? {
            Value::Safe(_) => Ok(false),
            Value::Text(text) if name == "lower" => Ok(text.to_lowercase() == **text),
            Value::Text(text) => Ok(text.to_uppercase() == **text),
            other => Fault::fail(format!("`{name}` tests a text, not {}", other.kind())),
        },
        _ => Fault::fail(format!("there is no test `{name}`")),
    }
}
