//! The difference between what is wanted and what was found, field by field.

use std::collections::BTreeSet;

use billpay_model::resource::as_link;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One attribute that is not as wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// Path inside the attributes: `scaling.max`.
    pub path: String,
    /// Observed value; null where there was nothing.
    pub from: Value,
    /// Desired value; null for nothing, a reference where it is known only later.
    pub to: Value,
    /// Set if this difference alone replaces the resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
}

/// Returns every field that differs, in the order of their paths. An absent field and null are the
/// same. A list is one field, and so is a policy document: [`super::details`] looks into these.
pub fn fields(wanted: &Value, found: &Value, immutable: &[&str]) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", wanted, found, &mut changes);
    for change in &mut changes {
        change.replaces = immutable.contains(&change.attribute());
    }
    changes
}

impl FieldChange {
    /// The attribute that the field is, or is a part of: `scaling` of `scaling.max`.
    pub fn attribute(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }
}

fn compare(path: &str, wanted: &Value, found: &Value, changes: &mut Vec<FieldChange>) {
    match (wanted, found) {
        (Value::Object(want), Value::Object(have)) if !is_whole(wanted) && !is_whole(found) => {
            for key in keys(want, have) {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&below, get(want, key), get(have, key), changes);
            }
        }
        _ if is_same(wanted, found) => {}
        _ => changes.push(FieldChange {
            path: path.to_string(),
            from: found.clone(),
            to: wanted.clone(),
            replaces: false,
        }),
    }
}

/// Returns whether a value is one thing although it is written as an object: a reference, a policy document.
fn is_whole(value: &Value) -> bool {
    as_link(value).is_some() || statements(value).is_some()
}

/// Returns the statements of a policy document; none where the value is no document.
pub fn statements(value: &Value) -> Option<&[Value]> {
    match value.as_object()?.get("Statement")? {
        Value::Array(several) => Some(several),
        one @ Value::Object(_) => Some(std::slice::from_ref(one)),
        _ => None,
    }
}

/// Returns whether two values say the same. An absent key and null are the same.
pub fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            keys(x, y).into_iter().all(|key| is_same(get(x, key), get(y, key)))
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| is_same(x, y))
        }
        _ => a == b,
    }
}

/// Returns the keys of two objects, sorted, each once.
pub fn keys<'a>(a: &'a Map<String, Value>, b: &'a Map<String, Value>) -> BTreeSet<&'a String> {
    a.keys().chain(b.keys()).collect()
}

/// Returns the value of a key, null where there is none.
pub fn get<'a>(object: &'a Map<String, Value>, key: &str) -> &'a Value {
    object.get(key).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_each_field_and_what_it_takes() {
        let wanted = json!({"cidr": "10.0.0.0/16", "scaling": {"min": 2, "max": 6}, "zones": ["a", "b"], "note": null});
        let found = json!({"cidr": "10.1.0.0/16", "scaling": {"min": 2, "max": 4}, "zones": ["a"]});
        let paths: Vec<_> =
            fields(&wanted, &found, &["cidr"]).into_iter().map(|f| (f.path, f.replaces)).collect();
        assert_eq!(
            paths,
            [("cidr".into(), true), ("scaling.max".into(), false), ("zones".to_string(), false)]
        );
    }

    #[test]
    fn a_reference_not_known_yet_is_a_difference() {
        let link = json!({"link": "network/vpc", "output": "id"});
        let changes = fields(&json!({"vpc": link}), &json!({"vpc": "vpc-1"}), &["vpc"]);
        assert_eq!((changes.len(), changes[0].replaces, &changes[0].to), (1, true, &link));
    }

    #[test]
    fn a_list_and_a_document_are_one_field_each() {
        let statement = |action: &str| json!({"Version": "1", "Statement": [{"Action": action}]});
        let wanted = json!({"list": ["a", "b"], "trust": statement("x"), "inline": {"one": statement("x")}});
        let found = json!({"list": ["b", "a"], "trust": statement("y"), "inline": {"one": statement("y")}});
        let changes = fields(&wanted, &found, &["list"]);
        let paths: Vec<_> = changes.iter().map(|f| (f.path.as_str(), f.attribute(), f.replaces)).collect();
        assert_eq!(
            paths,
            [("inline.one", "inline", false), ("list", "list", true), ("trust", "trust", false)]
        );
        assert_eq!(changes[0].from, statement("y"));
    }

    #[test]
    fn an_absent_key_is_null_in_a_list_too() {
        let wanted = json!({"rules": [{"from": null, "peer": "self"}]});
        assert_eq!(fields(&wanted, &json!({"rules": [{"peer": "self"}]}), &[]), []);
    }
}
