//! The JSON Schema of a spec, derived from its types.
//!
//! There are three forms of it. [`complete`] is what an effective spec must be. A file is
//! only a layer, so [`layer`] requires nothing. [`published`] is what editors get: a layer
//! in which `null` takes out an entry that the shared file has.

use std::sync::LazyLock;

use billpay_model::environment::Environment;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::path::{Path, Step};

static COMPLETE: LazyLock<Value> = LazyLock::new(of::<Environment>);

static LAYER: LazyLock<Value> = LazyLock::new(|| without_required(&COMPLETE));

/// Returns the schema of a type.
pub(super) fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema.sort_all_objects();
    schema
}

/// Returns the schema of a part of a value.
pub(super) fn without_required(schema: &Value) -> Value {
    let mut schema = schema.clone();
    visit(&mut schema, &mut |schema| {
        schema.as_object_mut().map(|schema| schema.remove("required"));
    });
    schema
}

/// Returns the schema of an effective spec.
pub(super) fn complete() -> &'static Value {
    &COMPLETE
}

/// Returns the schema of each file of a spec.
pub(super) fn layer() -> &'static Value {
    &LAYER
}

/// The schema that editors check and complete the files with: what `billpay schema` prints.
pub fn published() -> Value {
    let mut schema = COMPLETE.clone();
    visit(&mut schema, &mut removable);
    if let Some(root) = schema.as_object_mut() {
        root.insert("$id".into(), json!("urn:billpay:environment"));
        root.insert("title".into(), json!("billpay environment"));
        root.insert(
            "description".into(),
            json!("One environment of the platform. `<environment>.yaml` goes over `shared.yaml`: mappings merge key by key, lists and values replace, `null` takes an entry out."),
        );
    }
    schema.sort_all_objects();
    schema
}

/// The schema of the value at a path, if the types know of it.
pub(super) fn at<'s>(schema: &'s Value, path: &Path) -> Option<&'s Value> {
    path.steps().iter().try_fold(schema, |schema, step| match step {
        Step::Key(key) => match schema["properties"].get(key) {
            Some(property) => Some(property),
            None => schema.get("additionalProperties").filter(|entry| entry.is_object()),
        },
        Step::Index(_) => schema.get("items"),
    })
}

/// The keys that a mapping may have; none if people choose them.
pub(super) fn keys(schema: &Value) -> impl Iterator<Item = &str> {
    schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str())
}

/// Every path in which a schema names a key, for a key that is in the wrong place.
pub(super) fn homes(schema: &Value, key: &str) -> Vec<Path> {
    let mut found = Vec::new();
    let mut pending = vec![(Path::default(), schema)];
    while let Some((path, schema)) = pending.pop() {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let below = path.key(name);
            if name == key {
                found.push(below.clone());
            }
            pending.push((below, property));
        }
    }
    found.sort();
    found
}

/// Calls a function on a schema and on all that are in it.
pub(super) fn visit(schema: &mut Value, function: &mut impl FnMut(&mut Value)) {
    function(schema);
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|map| map.values_mut()) {
        visit(property, function);
    }
    for inner in ["additionalProperties", "items"] {
        if let Some(inner) = schema.get_mut(inner).filter(|inner| inner.is_object()) {
            visit(inner, function);
        }
    }
}

/// Says plainly what schemars says in general: one type each, enumerations as such, limits of integers.
fn tidy(schema: &mut Value) {
    visit(schema, &mut |schema| {
        unwrap_option(schema);
        unwrap_enumeration(schema);
        let Some(map) = schema.as_object_mut() else {
            return;
        };
        let (least, most) = match map.remove("format").as_ref().and_then(Value::as_str) {
            Some("uint8") => (json!(0), json!(u8::MAX)),
            Some("uint16") => (json!(0), json!(u16::MAX)),
            Some("uint32") => (json!(0), json!(u32::MAX)),
            _ => return move_pattern_message(map),
        };
        map.entry("minimum").or_insert(least);
        map.entry("maximum").or_insert(most);
    });
}

/// An optional value is one that is left out, never one that is `null`.
fn unwrap_option(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = map.get("type") {
        let named = types.iter().find(|name| *name != "null").cloned();
        map.extend(named.map(|name| ("type".to_owned(), name)));
    }
    if let Some(Value::Array(choices)) = map.remove("anyOf") {
        let given = choices.into_iter().find(|choice| choice["type"] != "null");
        let description = map.get("description").cloned();
        map.extend(given.as_ref().and_then(Value::as_object).cloned().into_iter().flatten());
        map.extend(description.map(|text| ("description".to_owned(), text)));
    }
}

/// Variants with a description come one by one; all that counts is what may be written.
fn unwrap_enumeration(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    let Some(Value::Array(choices)) = map.remove("oneOf") else {
        return;
    };
    let allowed: Vec<Value> = choices
        .iter()
        .flat_map(|choice| match (choice.get("const"), &choice["enum"]) {
            (Some(value), _) => vec![value.clone()],
            (None, Value::Array(values)) => values.clone(),
            _ => Vec::new(),
        })
        .collect();
    map.insert("type".into(), json!("string"));
    map.insert("enum".into(), Value::Array(allowed));
}

/// Puts what a pattern means next to the pattern, where editors look for it.
fn move_pattern_message(map: &mut serde_json::Map<String, Value>) {
    if map.get("type").and_then(Value::as_str) != Some("array") {
        return;
    }
    let message = map.remove("patternErrorMessage");
    if let (Some(message), Some(items)) = (message, map.get_mut("items").and_then(Value::as_object_mut)) {
        items.insert("patternErrorMessage".into(), message);
    }
}

/// Lets `null` stand for what an environment may take out: optional values, and entries that people name.
pub(super) fn removable(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    let required = map.remove("required").unwrap_or_default();
    let required: Vec<&str> = required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = map.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if !required.contains(&name.as_str()) {
            nullable(property);
        }
    }
    if let Some(entry) = map.get_mut("additionalProperties").filter(|entry| entry.is_object()) {
        nullable(entry);
    }
}

fn nullable(schema: &mut Value) {
    if let Some(name) = schema.get("type").filter(|name| name.is_string()).cloned() {
        schema["type"] = json!([name, "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
}
