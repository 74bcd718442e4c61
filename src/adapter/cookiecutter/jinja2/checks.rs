//! Jinja's tests: `x is defined`.

use std::rc::Rc;

use super::arguments::Args;
use super::ast::Comparison;
use super::fault::{Fault, Res};
use super::interpreter::Interpreter;
use super::value::{Object, Value};
use super::{filters, ops, repr, strings};

pub const NAMES: &[&str] = &[
    "odd",
    "even",
    "divisibleby",
    "defined",
    "undefined",
    "filter",
    "test",
    "none",
    "boolean",
    "false",
    "true",
    "integer",
    "float",
    "lower",
    "upper",
    "string",
    "mapping",
    "number",
    "sequence",
    "iterable",
    "callable",
    "sameas",
    "escaped",
    "in",
    "==",
    "eq",
    "equalto",
    "!=",
    "ne",
    ">",
    "gt",
    "greaterthan",
    "ge",
    ">=",
    "<",
    "lt",
    "lessthan",
    "<=",
    "le",
];

pub fn check(engine: &Interpreter<'_>, name: &str, args: Args) -> Res<bool> {
    let parameters: &[&str] = match name {
        "divisibleby" => &["value", "num"],
        "sameas" => &["value", "other"],
        "in" => &["value", "seq"],
        _ if comparison(name).is_some() => &["value", "other"],
        _ => &["value"],
    };
    if !NAMES.contains(&name) {
        return Err(Fault::unknown("unknown-test", "test", name, NAMES));
    }
    let args = args.bind(name, parameters, parameters.len())?;
    let (value, other) = (args.value(0), args.value(1));
    if let Some(comparison) = comparison(name) {
        return ops::compare(engine, comparison, value, other);
    }
    let remainder = |by: &Value| -> Res<Value> { ops::binary(engine, super::ast::Operator::Mod, value, by) };
    Ok(match name {
        "odd" => ops::equal(engine, &remainder(&Value::Int(2))?, &Value::Int(1))?,
        "even" => ops::equal(engine, &remainder(&Value::Int(2))?, &Value::Int(0))?,
        "divisibleby" => ops::equal(engine, &remainder(other)?, &Value::Int(0))?,
        "defined" => !value.is_undefined(),
        "undefined" => value.is_undefined(),
        "filter" => filters::NAMES.contains(&value.there()?.as_str().unwrap_or_default()),
        "test" => NAMES.contains(&value.there()?.as_str().unwrap_or_default()),
        "none" => matches!(value, Value::None),
        "boolean" => matches!(value, Value::Bool(_)),
        "false" => matches!(value, Value::Bool(false)),
        "true" => matches!(value, Value::Bool(true)),
        "integer" => matches!(value, Value::Int(_)),
        "float" => matches!(value, Value::Float(_)),
        "lower" => strings::is_case(&repr::str(value)?, char::is_lowercase, char::is_uppercase),
        "upper" => strings::is_case(&repr::str(value)?, char::is_uppercase, char::is_lowercase),
        "string" => value.as_str().is_some(),
        "mapping" => matches!(value, Value::Dict(_)),
        "number" => value.as_float().is_some(),
        "sequence" => {
            let dict = matches!(value, Value::Dict(_) | Value::Range(_));
            dict || matches!(value, Value::Str(_) | Value::Safe(_) | Value::List(_) | Value::Tuple(_))
        }
        "iterable" => value.there()?.is_iterable(),
        "callable" => match value {
            Value::Undefined(_) => true,
            Value::Object(object) => !matches!(
                **object,
                Object::Namespace(_) | Object::Cycler { .. } | Object::Module { .. } | Object::Template
            ),
            _ => false,
        },
        "sameas" => same(value, other),
        "escaped" => matches!(value, Value::Safe(_)),
        _ => ops::contains(engine, other, value)?,
    })
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "==" | "eq" | "equalto" => Comparison::Equal,
        "!=" | "ne" => Comparison::NotEqual,
        ">" | "gt" | "greaterthan" => Comparison::Greater,
        ">=" | "ge" => Comparison::GreaterEqual,
        "<" | "lt" | "lessthan" => Comparison::Less,
        "<=" | "le" => Comparison::LessEqual,
        _ => return None,
    })
}

/// Whether two are one object; small numbers and equal texts count as one.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Str(a), Value::Str(b)) | (Value::Safe(a), Value::Safe(b)) => a == b,
        (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b),
        (Value::Dict(a), Value::Dict(b)) => Rc::ptr_eq(a, b),
        (Value::Tuple(a), Value::Tuple(b)) => Rc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}
