//! The difference between what is wanted and what was found, field by field.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One attribute that is not as wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Path inside the attributes: `scaling.max`.
    pub path: String,
    /// What was found; null where there was nothing.
    pub from: Value,
    /// What is wanted; null for nothing, a reference where it is known only later.
    pub to: Value,
    /// Whether this difference alone replaces the resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
}

/// Every field that differs, in the order of their paths. An absent field and null are the same.
pub fn fields(wanted: &Value, found: &Value, immutable: &[&str]) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", wanted, found, &mut changes);
    for change in &mut changes {
        let top = change.path.split(['.', '[']).next().unwrap_or_default();
        change.replaces = immutable.contains(&top);
    }
    changes
}

fn compare(path: &str, wanted: &Value, found: &Value, changes: &mut Vec<FieldChange>) {
    match (wanted, found) {
        (Value::Object(want), Value::Object(have)) if super::super::resource::as_link(wanted).is_none() => {
            let mut keys: Vec<&String> = want.keys().chain(have.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(
                    &below,
                    want.get(key).unwrap_or(&Value::Null),
                    have.get(key).unwrap_or(&Value::Null),
                    changes,
                );
            }
        }
        (Value::Array(want), Value::Array(have)) if want.len() == have.len() => {
            for (index, (want, have)) in want.iter().zip(have).enumerate() {
                compare(&format!("{path}[{index}]"), want, have, changes);
            }
        }
        _ if wanted == found => {}
        _ => changes.push(FieldChange {
            path: path.to_string(),
            from: found.clone(),
            to: wanted.clone(),
            replaces: false,
        }),
    }
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
}
