//! JSON values with JavaScript's semantics, as in the portal.

use serde_json::{Map, Number, Value};

pub(super) type Object = Map<String, Value>;

/// Limit of exact integers in JavaScript.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns true if two values are equal; 1 equals 1.0, and the order of keys doesn't matter.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Normalizes numbers: 1.0 becomes 1.
pub(super) fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
                Value::Number(Number::from(float as i64))
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), normal(value))).collect(),
        _ => value.clone(),
    }
}

/// Removes nulls, and objects of nulls alone.
pub(super) fn without_nulls(value: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let mut kept = Object::new();
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let inner = without_nulls(value);
        let emptied = inner.as_object().is_some_and(Object::is_empty) && inner != *value;
        if !emptied {
            kept.insert(key.clone(), inner);
        }
    }
    kept.into()
}

/// Returns true if JavaScript takes a value for true.
pub(super) fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(_) => true,
    }
}

/// Returns the schema type of a value.
pub(super) fn type_of(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Null) => "null",
        Some(Value::Array(_)) => "array",
        Some(Value::String(_)) => "string",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::Object(_)) => "object",
    }
}

/// Returns the type of a schema, inferred if not declared; of several, the first that is not null.
pub(super) fn schema_type(schema: &Object) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(name)) if !name.is_empty() => Some(name),
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str);
            match names.clone().count() {
                2 if names.clone().any(|name| name == "null") => names.find(|name| *name != "null"),
                _ => names.next(),
            }
        }
        _ if truthy(schema.get("const")) => Some(type_of(schema.get("const"))),
        _ if schema.contains_key("enum") => Some("string"),
        _ if schema.contains_key("properties") || truthy(schema.get("additionalProperties")) => {
            Some("object")
        }
        _ => None,
    }
}

/// Returns the schema that a reference leads to.
pub(super) fn referenced<'r>(root: &'r Value, reference: &str) -> Option<&'r Value> {
    let pointer = percent_decoded(reference.strip_prefix('#')?)?;
    root.pointer(&pointer)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
