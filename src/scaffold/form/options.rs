//! Selection among the schemas of `oneOf` and `anyOf`, as by the portal's form.

use serde_json::{Value, json};

use super::json::{Object, equal, truthy, type_of};
use super::resolve::Root;

/// Returns the discriminator field, if the schema names one.
pub(super) fn discriminator(schema: &Object) -> Option<&str> {
    schema.get("discriminator")?.get("propertyName")?.as_str()
}

/// Returns the first choice that the data matches, else the first of all.
pub(super) fn first_match(root: Root, data: Option<&Value>, choices: &[Value], by: Option<&str>) -> usize {
    if data.is_none() {
        return 0;
    }
    if let Some(at) = by_discriminator(data, choices, by) {
        return at;
    }
    choices.iter().position(|choice| meant(root, data, choice, by)).unwrap_or(0)
}

/// Returns the choice that the data matches; of several or none, the one with the highest score; else `otherwise`.
pub(super) fn closest_match(
    root: Root,
    data: Option<&Value>,
    choices: &[Value],
    otherwise: usize,
    by: Option<&str>,
) -> usize {
    let followed: Vec<Value> = choices.iter().map(|choice| root.follow(choice, &mut vec![])).collect();
    if let Some(at) = by_discriminator(data, choices, by) {
        return at;
    }
    let fits =
        |at: &usize| data.is_some() && followed.get(*at).is_some_and(|choice| meant(root, data, choice, by));
    let mut left: Vec<usize> = (0..followed.len()).filter(fits).collect();
    if let [one] = left.as_slice() {
        return *one;
    }
    if left.is_empty() {
        left = (0..followed.len()).collect();
    }
    let scores =
        left.iter().map(|at| (*at, followed.get(*at).map_or(0, |choice| score(root, choice, data, 0))));
    let scores: Vec<(usize, usize)> = scores.collect();
    if scores.windows(2).all(|pair| matches!(pair, [a, b] if a.1 == b.1)) {
        return otherwise;
    }
    let mut best = (otherwise, 0);
    for (at, score) in scores {
        if score > best.1 {
            best = (at, score);
        }
    }
    best.0
}

fn by_discriminator(data: Option<&Value>, choices: &[Value], by: Option<&str>) -> Option<usize> {
    let by = by?;
    let value = data?.get(by)?;
    choices.iter().position(|choice| {
        let Some(property) = choice.get("properties").and_then(|properties| properties.get(by)) else {
            return false;
        };
        if matches!(property.get("type").and_then(Value::as_str), Some("object" | "array")) {
            return false;
        }
        let listed = property.get("enum").and_then(Value::as_array);
        property.get("const").is_some_and(|constant| equal(constant, value))
            || listed.is_some_and(|listed| listed.iter().any(|listed| equal(listed, value)))
    })
}

/// Returns true if data matches a choice, with at least one of an object's fields.
fn meant(root: Root, data: Option<&Value>, choice: &Value, by: Option<&str>) -> bool {
    let properties = choice.get("properties").and_then(Value::as_object);
    if let Some(property) = by.and_then(|by| properties?.get(by)) {
        return root.fits(property, by.and_then(|by| data?.get(by)));
    }
    let (Some(properties), Some(object)) = (properties, choice.as_object()) else {
        return root.fits(choice, data);
    };
    let one_of_them: Vec<Value> = properties.keys().map(|key| json!({ "required": [key] })).collect();
    let mut asked = object.clone();
    asked.shift_remove("required");
    if asked.contains_key("anyOf") {
        let mut all = asked.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default();
        all.push(json!({ "anyOf": one_of_them }));
        asked.insert("allOf".to_string(), all.into());
    } else {
        asked.insert("anyOf".to_string(), one_of_them.into());
    }
    root.fits(&asked.into(), data)
}

/// Returns the score of data for a schema: the number of fields in common.
fn score(root: Root, schema: &Value, data: Option<&Value>, deep: usize) -> usize {
    if deep > super::resolve::MAX_DEPTH {
        return 0;
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        let named = schema.get("type").and_then(Value::as_str);
        return usize::from(named == Some(type_of(data)));
    };
    let mut total = 0;
    for (key, property) in properties {
        let value = data.and_then(|data| data.get(key));
        let choices = ["oneOf", "anyOf"].iter().find_map(|key| property.get(*key).and_then(Value::as_array));
        let named = property.get("type").and_then(Value::as_str);
        if property.is_boolean() {
            continue;
        } else if property.get("$ref").is_some() {
            total += score(root, &root.resolve(property, value).into(), value, deep + 1);
        } else if let (Some(choices), true) = (choices, truthy(value)) {
            let by = property.as_object().and_then(discriminator);
            total += closest_match(root, value, choices, 0, by);
        } else if named == Some("object") {
            total += usize::from(matches!(value, Some(Value::Object(_) | Value::Array(_))));
            total += score(root, property, value, deep + 1);
        } else if named == Some(type_of(value)) {
            let said =
                [property.get("default"), property.get("const")].into_iter().find(|said| truthy(*said));
            total += match (said.flatten(), value) {
                (Some(said), Some(value)) if equal(said, value) => 2,
                (Some(_), _) => 0,
                (None, _) => 1,
            };
        }
    }
    total
}
