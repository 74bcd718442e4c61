//! JSON's values as Cookiecutter makes texts of them.

use serde_json::{Number, Value};

use super::jinja::float;

/// A number as Python's `str()` writes it.
pub fn number(number: &Number) -> String {
    match number.as_i128() {
        Some(number) => number.to_string(),
        None => float(number.as_f64().unwrap_or_default()),
    }
}

/// A value of which all numbers are texts, as cookiecutter makes them.
pub fn to_texts(value: &Value) -> Value {
    match value {
        Value::Number(size) => Value::String(number(size)),
        Value::Array(items) => items.iter().map(to_texts).collect(),
        Value::Object(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), to_texts(value))).collect()
        }
        other => other.clone(),
    }
}
