//! Looking into JSON without ceremony.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Lays one value over another: mappings merge, the rest replaces.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(below) => merge(below, value),
                    None => drop(base.insert(key, value)),
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// The items of a list, none where there is no list.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The texts of a list, or the only one, which policies may write without a list.
pub fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_str().into_iter().chain(items(value).iter().filter_map(Value::as_str)).collect()
}

/// The only text there is, in a list or not.
pub fn only(value: &Value) -> &str {
    let texts = texts(value);
    if texts.len() == 1 { texts.into_iter().next().unwrap_or_default() } else { "" }
}

/// Tags in any of the shapes that AWS writes them in: a list of `Key`/`Value` or `key`/`value`
/// pairs, or a mapping.
pub fn tags(value: &Value) -> BTreeMap<String, String> {
    if let Some(fields) = value.as_object() {
        return fields.iter().map(|(key, value)| (key.clone(), text(value).to_string())).collect();
    }
    let either = |tag: &Value, upper: &str, lower: &str| {
        text(if tag[upper].is_null() { &tag[lower] } else { &tag[upper] }).to_string()
    };
    items(value).iter().map(|tag| (either(tag, "Key", "key"), either(tag, "Value", "value"))).collect()
}
