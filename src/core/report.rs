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
    if let Some(variants) = root.get_mut("anyOf").and_then(Value::as_array_mut) {
        variants.iter_mut().for_each(|variant| variant["properties"]["schema"] = name.clone());
        return schema;
    }
    let properties = root.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("schema".to_string(), name);
    }
    if let Some(required) = root.entry("required").or_insert_with(|| json!([])).as_array_mut() {
        required.insert(0, json!("schema"));
    }
    schema
}
