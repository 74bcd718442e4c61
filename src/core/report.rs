//! Documents for programs: what every use case returns, with the name of its schema.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A document that `--output json` prints.
pub trait Report: Serialize + JsonSchema {
    /// Name of its schema, with the version: a field is never removed, nor its type changed, under one name.
    const SCHEMA: &'static str;
}

/// Returns a report as JSON, with the name of its schema first.
///
/// # Errors
/// Fails if the report has a map whose keys aren't text.
pub fn to_json<R: Report>(report: &R) -> Result<Value, serde_json::Error> {
    let mut document = Map::from_iter([("schema".to_string(), json!(R::SCHEMA))]);
    if let Value::Object(fields) = serde_json::to_value(report)? {
        document.extend(fields);
    }
    Ok(Value::Object(document))
}

/// Returns the JSON Schema of a report.
pub fn json_schema<R: Report>() -> Schema {
    let mut schema = schema_for!(R);
    let name = json!({"const": R::SCHEMA});
    let root = schema.ensure_object();
    match root.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(variants) => {
            variants.iter_mut().filter_map(Value::as_object_mut).for_each(|variant| require(variant, &name));
        }
        None => require(root, &name),
    }
    schema
}

/// Adds the name of the schema to what an object must have.
fn require(object: &mut Map<String, Value>, name: &Value) {
    if let Some(properties) = object.entry("properties").or_insert_with(|| json!({})).as_object_mut() {
        properties.insert("schema".to_string(), name.clone());
    }
    if let Some(required) = object.entry("required").or_insert_with(|| json!([])).as_array_mut() {
        required.insert(0, json!("schema"));
    }
}
