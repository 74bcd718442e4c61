//! JSON's values and the engine's.

use super::jinja2::{Dict, Value as Jinja, float};
use serde_json::{Map, Number, Value};

/// A value as templates see it; `ordered` dicts print as Python's `OrderedDict`.
pub fn to_jinja(value: &Value, ordered: bool) -> Jinja {
    match value {
        Value::Null => Jinja::None,
        Value::Bool(yes) => Jinja::Bool(*yes),
        Value::Number(number) => match number.as_i128() {
            Some(number) => Jinja::Int(number),
            None => Jinja::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Jinja::text(text),
        Value::Array(items) => Jinja::list(items.iter().map(|item| to_jinja(item, ordered)).collect()),
        Value::Object(entries) => Jinja::dict(to_dict(entries, ordered)),
    }
}

pub fn to_dict(entries: &Map<String, Value>, ordered: bool) -> Dict {
    let mut dict = Dict::default();
    dict.ordered = ordered;
    for (name, value) in entries {
        dict.set_str(name, to_jinja(value, ordered));
    }
    dict
}

/// A number as Python's `str()` writes it.
pub fn number(number: &Number) -> String {
    match number.as_i128() {
        Some(number) => number.to_string(),
        None => float(number.as_f64().unwrap_or_default()),
    }
}

/// A value of which all numbers are texts, as cookiecutter makes them.
pub fn texts(value: &Value) -> Value {
    match value {
        Value::Number(size) => Value::String(number(size)),
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Object(entries) => entries.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
        other => other.clone(),
    }
}
