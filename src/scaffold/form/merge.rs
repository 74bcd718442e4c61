//! Merging of schemas.

use serde_json::Value;

use super::json::{Object, equal, schema_type};

/// Overlays a schema with another: objects are merged, `required` is united, and other keywords are replaced.
pub(super) fn overlay(first: &Object, second: &Object) -> Object {
    let mut joined = first.clone();
    let objects = schema_type(first) == Some("object") || schema_type(second) == Some("object");
    for (key, right) in second {
        let value = match (first.get(key), right) {
            (Some(left), Value::Object(right)) => {
                overlay(left.as_object().unwrap_or(&Object::new()), right).into()
            }
            (Some(Value::Array(left)), Value::Array(right)) if objects && key == "required" => {
                union(left, right).into()
            }
            _ => right.clone(),
        };
        joined.insert(key.clone(), value);
    }
    joined
}

/// Merges a schema with its `allOf` into one that is equivalent; none if they conflict or a keyword can't be merged.
pub(super) fn all_of(schema: &Object) -> Option<Object> {
    let mut flat = vec![];
    flatten(&Value::Object(schema.clone()), &mut flat);
    match all(&flat)? {
        Value::Object(joined) => Some(joined),
        _ => Some(Object::new()),
    }
}

fn flatten(schema: &Value, flat: &mut Vec<Value>) {
    let Some(object) = schema.as_object() else { return flat.push(schema.clone()) };
    let rest = object.iter().filter(|(key, _)| *key != "allOf");
    flat.push(rest.map(|(key, value)| (key.clone(), value.clone())).collect());
    for inner in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        flatten(inner, flat);
    }
}

/// Returns the schema that is equivalent to all of `schemas`.
fn all(schemas: &[Value]) -> Option<Value> {
    if schemas.contains(&Value::Bool(false)) {
        return Some(Value::Bool(false));
    }
    let objects: Vec<&Object> = schemas.iter().filter_map(Value::as_object).collect();
    if objects.is_empty() {
        return Some(Value::Bool(true));
    }
    let mut joined = Object::new();
    let mut keys: Vec<&String> = vec![];
    for key in objects.iter().flat_map(|object| object.keys()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for key in keys {
        let mut values: Vec<Value> = vec![];
        for value in objects.iter().filter_map(|object| object.get(key)) {
            if !values.iter().any(|known| same(key, known, value)) {
                values.push(value.clone());
            }
        }
        let value = match values.as_slice() {
            [one] if !SUBSCHEMAS.contains(&key.as_str()) => one.clone(),
            _ => keyword(key, &values)?,
        };
        joined.insert(key.clone(), value);
    }
    closed(&objects, &mut joined);
    Some(Value::Object(joined))
}

/// Keywords with schemas by name, which are always merged.
const SUBSCHEMAS: &[&str] = &["properties", "patternProperties", "definitions", "dependencies"];

/// Returns true if two values of a keyword are equivalent.
fn same(key: &str, a: &Value, b: &Value) -> bool {
    match (key, a, b) {
        ("required" | "enum" | "type", Value::Array(a), Value::Array(b)) => {
            a.iter().all(|item| b.contains(item)) && b.iter().all(|item| a.contains(item))
        }
        _ => equal(a, b),
    }
}

/// Merges the values of a keyword.
fn keyword(key: &str, values: &[Value]) -> Option<Value> {
    let numbers = || values.iter().filter_map(|value| value.as_f64().map(|float| (value, float)));
    match key {
        "$id" | "$ref" | "$schema" | "default" | "description" | "title" => values.first().cloned(),
        "maximum" | "exclusiveMaximum" | "maxItems" | "maxLength" | "maxProperties" => {
            numbers().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(value, _)| value.clone())
        }
        "minimum" | "exclusiveMinimum" | "minItems" | "minLength" | "minProperties" => {
            numbers().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(value, _)| value.clone())
        }
        "uniqueItems" => Some(values.contains(&Value::Bool(true)).into()),
        "examples" => {
            let lists: Vec<&Vec<Value>> = values.iter().filter_map(Value::as_array).collect();
            Some(lists.into_iter().fold(vec![], |known, list| union(&known, list)).into())
        }
        "required" => {
            let lists = values.iter().filter_map(Value::as_array).flatten();
            let mut names: Vec<&str> = lists.filter_map(Value::as_str).collect();
            names.sort_unstable();
            names.dedup();
            Some(names.into())
        }
        "type" => common(values, false),
        "enum" => common(values, true),
        "not" => Some(Value::Object(Object::from_iter([("anyOf".to_string(), values.to_vec().into())]))),
        "pattern" => {
            let patterns = values.iter().filter_map(Value::as_str).map(|pattern| format!("(?={pattern})"));
            Some(patterns.collect::<String>().into())
        }
        "multipleOf" => multiple(values),
        "additionalProperties" | "additionalItems" | "contains" | "propertyNames" => all(values),
        "items" if values.iter().all(|value| !value.is_array()) => all(values),
        "properties" | "patternProperties" | "definitions" | "dependencies" => by_name(values),
        "anyOf" | "oneOf" => combinations(values),
        _ => None,
    }
}

/// Returns the intersection of lists; a single value is a list of one.
fn common(values: &[Value], sorted: bool) -> Option<Value> {
    if !sorted && !values.iter().any(Value::is_array) {
        return None;
    }
    let lists = values.iter().map(|value| match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    });
    let mut common = lists.reduce(|known, list| {
        known.into_iter().filter(|item| list.iter().any(|other| equal(item, other))).collect()
    })?;
    if sorted {
        common.sort_by(|a, b| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.as_str().cmp(&b.as_str()),
        });
        return (!common.is_empty()).then(|| common.into());
    }
    match common.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        _ => Some(common.into()),
    }
}

/// Returns the least common multiple.
fn multiple(values: &[Value]) -> Option<Value> {
    let mut numbers: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
    let mut factor = 1.0;
    while numbers.iter().any(|number| number.fract() != 0.0) {
        factor *= 10.0;
        numbers.iter_mut().for_each(|number| *number *= 10.0);
        if factor > 1e15 {
            return None;
        }
    }
    let divisor = |mut a: f64, mut b: f64| {
        while b != 0.0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let least = numbers.into_iter().reduce(|a, b| a / divisor(a, b) * b)?;
    Some((least / factor).into())
}

fn by_name(values: &[Value]) -> Option<Value> {
    let objects: Vec<&Object> = values.iter().filter_map(Value::as_object).collect();
    let mut joined = Object::new();
    for key in objects.iter().flat_map(|object| object.keys()) {
        if joined.contains_key(key) {
            continue;
        }
        let mut schemas: Vec<Value> = vec![];
        for schema in objects.iter().filter_map(|object| object.get(key)) {
            if !schemas.iter().any(|known| equal(known, schema)) {
                schemas.push(schema.clone());
            }
        }
        let lists = schemas.iter().filter(|schema| schema.is_array()).count();
        let value = if lists == schemas.len() {
            keyword("required", &schemas)?
        } else {
            let schemas = schemas.into_iter().map(|schema| match schema {
                Value::Array(names) => {
                    Value::Object(Object::from_iter([("required".to_string(), names.into())]))
                }
                schema => schema,
            });
            all(&schemas.collect::<Vec<_>>())?
        };
        joined.insert(key.clone(), value);
    }
    Some(joined.into())
}

/// Returns the combinations of the choices.
fn combinations(values: &[Value]) -> Option<Value> {
    let mut lists = values.iter().filter_map(Value::as_array);
    let mut combined: Vec<Vec<Value>> = lists.next()?.iter().map(|option| vec![option.clone()]).collect();
    for list in lists {
        let with = |option: &Value| {
            let option = option.clone();
            combined
                .iter()
                .map(move |known| [vec![option.clone()], known.clone()].concat())
                .collect::<Vec<_>>()
        };
        combined = list.iter().flat_map(with).collect();
        if combined.len() > 1_000 {
            return None;
        }
    }
    let mut options: Vec<Value> = vec![];
    for option in combined.iter().filter_map(|schemas| all(schemas)) {
        if !options.iter().any(|known| equal(known, &option)) {
            options.push(option);
        }
    }
    (!options.is_empty()).then(|| options.into())
}

/// Removes the properties that one of the schemas forbids.
fn closed(objects: &[&Object], joined: &mut Object) {
    let strict =
        objects.iter().filter(|object| object.get("additionalProperties") == Some(&Value::Bool(false)));
    for object in strict {
        let own = object.get("properties").and_then(Value::as_object);
        if let Some(properties) = joined.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|key, _| own.is_some_and(|own| own.contains_key(key)));
        }
    }
}

pub(super) fn union(left: &[Value], right: &[Value]) -> Vec<Value> {
    let mut joined: Vec<Value> = vec![];
    for value in left.iter().chain(right) {
        if !joined.contains(value) {
            joined.push(value.clone());
        }
    }
    joined
}
