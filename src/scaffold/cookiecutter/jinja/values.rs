//! JSON's values as templates see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use serde_json::{Map, Value as Json};

/// A dictionary that cookiecutter made: an `OrderedDict`, which Python prints with its name.
#[derive(Debug)]
struct Dictionary {
    keys: Vec<Value>,
    entries: BTreeMap<String, Value>,
}

impl Object for Dictionary {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.entries.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.keys.clone())
    }
}

/// Returns a dictionary as templates see it; `is_ordered` says of which entries the dictionaries inside are
/// such dictionaries, too.
pub fn dictionary(entries: &Map<String, Json>, is_ordered: &dyn Fn(&str) -> bool) -> Value {
    let keys = entries.keys().map(|key| Value::from(key.as_str())).collect();
    let entries = entries.iter().map(|(key, json)| (key.clone(), value(json, is_ordered(key)))).collect();
    Value::from_object(Dictionary { keys, entries })
}

/// Returns a value as templates see it.
pub fn value(json: &Json, is_ordered: bool) -> Value {
    match json {
        Json::Object(entries) if is_ordered => dictionary(entries, &|_| true),
        Json::Object(entries) => {
            Value::from_pairs(entries.iter().map(|(key, json)| (key.as_str(), value(json, false))))
        }
        Json::Array(items) => items.iter().map(|json| value(json, is_ordered)).collect(),
        Json::String(text) => Value::from(text.as_str()),
        Json::Bool(yes) => Value::from(*yes),
        Json::Null => Value::from(()),
        Json::Number(number) => match number.as_i128() {
            Some(number) => Value::from(number),
            None => Value::from(number.as_f64().unwrap_or_default()),
        },
    }
}

/// Returns true if a map is one that the template wrote, which prints as in Python.
pub fn is_plain_map(map: &Value) -> bool {
    map.as_object().is_some_and(|object| object.type_name().contains("IndexMap"))
}
