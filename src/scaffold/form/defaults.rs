//! Defaults that the portal's form fills in.

use serde_json::{Value, json};

use super::json::{Object, equal, schema_type, truthy};
use super::resolve::{MAX_DEPTH, Root, constant};
use super::{merge, options};

/// Maximum number of rounds of filling in.
const MAX_ROUNDS: usize = 16;

/// Maximum length of a list that is filled up to `minItems`.
const MAX_FILLED_ITEMS: usize = 1_000;

/// Returns the data with all values that a page's form adds.
///
/// Repeats until nothing changes, since a default can make a condition true. As in the form, values stay when their
/// condition no longer holds.
pub(super) fn fill(page: &Value, data: &Value) -> Value {
    let mut data = data.clone();
    for _ in 0..MAX_ROUNDS {
        let next = fill_once(page, &data);
        if equal(&next, &data) {
            break;
        }
        data = next;
    }
    data
}

fn fill_once(page: &Value, data: &Value) -> Value {
    let root = Root(page);
    let schema = Value::Object(root.resolve(page, Some(data)));
    let filling = DefaultContext { parent: None, data: Some(data), seen: &[], deep: 0 };
    let defaults = filling.of(root, &schema);
    let extra = MergePolicy { extra: true, instead_of_null: false, defaults_win: true };
    extra.of(defaults, Some(data.clone())).unwrap_or_else(|| json!({}))
}

/// Context of the defaults of a schema.
#[derive(Clone)]
struct DefaultContext<'a> {
    /// Default from the parent schema.
    parent: Option<Value>,
    data: Option<&'a Value>,
    /// References on the path to here.
    seen: &'a [String],
    deep: usize,
}

impl DefaultContext<'_> {
    fn of(self, root: Root, schema: &Value) -> Option<Value> {
        let nothing = Object::new();
        let schema = schema.as_object().unwrap_or(&nothing);
        if self.deep > MAX_DEPTH {
            return self.parent;
        }
        let mut defaults = self.parent.clone();
        let own = schema.get("default");
        let mut instead: Option<Object> = None;
        let mut seen = self.seen.to_vec();
        if let Some(constant) = schema.get("const") {
            defaults = Some(constant.clone());
        } else if let (Some(Value::Object(parent)), Some(Value::Object(own))) = (&defaults, own) {
            defaults = Some(merge_objects(parent, own).into());
        } else if own.is_some() && !truthy(schema.get("anyOf")) && !truthy(schema.get("oneOf")) {
            defaults = own.cloned();
        } else if let Some(Value::String(reference)) = schema.get("$ref") {
            if !seen.contains(reference) {
                seen.push(reference.clone());
                instead = Some(root.definition(reference));
            }
            if instead.is_some() && !truthy(defaults.as_ref()) {
                defaults = own.cloned();
            }
        } else if schema.contains_key("dependencies") {
            let mut known = match self.typed(root, schema, defaults.clone()) {
                Some(Value::Object(fields)) => fields,
                _ => Object::new(),
            };
            known.extend(self.data.and_then(Value::as_object).cloned().unwrap_or_default());
            instead = Some(root.dependencies(schema, Some(&known.into()), &mut vec![], 0));
        } else if let Some(items) = fixed_items(schema) {
            let parents = self.parent.as_ref().and_then(Value::as_array);
            let filled = items.iter().enumerate().map(|(at, item)| {
                let parent = parents.and_then(|parents| parents.get(at)).cloned();
                let data = self.data.filter(|data| data.is_object());
                let nothing = json!({});
                let data = Some(data.unwrap_or(&nothing));
                let filling = DefaultContext { parent, data, seen: self.seen, deep: self.deep + 1 };
                filling.of(root, item).unwrap_or(Value::Null)
            });
            defaults = Some(filled.collect());
        } else if let Some(choices) =
            ["oneOf", "anyOf"].iter().find_map(|key| Some((*key, schema.get(*key)?)))
        {
            let (key, choices) = choices;
            let choices = choices.as_array().map(Vec::as_slice).unwrap_or_default();
            if choices.is_empty() {
                return None;
            }
            let by = options::discriminator(schema);
            let at = options::closest_match(root, self.data.or(own), choices, 0, by);
            let mut rest = schema.clone();
            rest.shift_remove(key);
            let choice = choices.get(at).and_then(Value::as_object).cloned().unwrap_or_default();
            instead = Some(merge::overlay(&rest, &choice));
        }
        if let Some(instead) = instead {
            let filling =
                DefaultContext { parent: defaults, data: self.data, seen: &seen, deep: self.deep + 1 };
            return filling.of(root, &instead.into());
        }
        let defaults = defaults.or_else(|| own.cloned());
        let filled = self.typed(root, schema, defaults.clone()).or(defaults);
        if self.data.is_some_and(Value::is_object) && !schema.contains_key("allOf") {
            return filled;
        }
        let merge = MergePolicy { extra: false, instead_of_null: true, defaults_win: false };
        merge.of(filled, allowed_data(root, schema, self.data).cloned())
    }

    fn typed(&self, root: Root, schema: &Object, defaults: Option<Value>) -> Option<Value> {
        match schema_type(schema) {
            Some("object") => Some(self.object(root, schema, defaults.as_ref()).into()),
            Some("array") => Some(self.list(root, schema, defaults)),
            _ => None,
        }
    }

    fn object(&self, root: Root, schema: &Object, defaults: Option<&Value>) -> Object {
        let nothing = json!({});
        let data = self.data.filter(|data| data.is_object()).unwrap_or(&nothing);
        let resolved;
        let schema = if schema.contains_key("allOf") {
            resolved = root.resolve(&Value::Object(schema.clone()), Some(data));
            &resolved
        } else {
            schema
        };
        let mut filled = Object::new();
        let empty = Object::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |key: &str| required.is_some_and(|names| names.iter().any(|name| name == key));
        let value_of = |key: &str, property: &Value| {
            let parent = defaults.and_then(|defaults| defaults.get(key)).cloned();
            let filling =
                DefaultContext { parent, data: data.get(key), seen: self.seen, deep: self.deep + 1 };
            filling.of(root, property)
        };
        for (key, property) in properties {
            add(&mut filled, key, value_of(key, property), is_required(key));
        }
        let additional = schema.get("additionalProperties");
        if truthy(additional) {
            let additional = additional.filter(|additional| additional.is_object()).unwrap_or(&nothing);
            let own = defaults.and_then(Value::as_object).into_iter().flatten();
            let mut keys: Vec<&String> = own.map(|(key, _)| key).collect();
            for key in data.as_object().into_iter().flatten().map(|(key, _)| key) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            for key in keys.into_iter().filter(|key| !truthy(properties.get(*key))) {
                add(&mut filled, key, value_of(key, additional), data.get(key).is_some());
            }
        }
        filled
    }

    fn list(&self, root: Root, schema: &Object, defaults: Option<Value>) -> Value {
        let deep = self.deep + 1;
        let mut defaults = match defaults {
            Some(Value::Array(items)) => {
                let filled = items.into_iter().enumerate().map(|(at, item)| {
                    let filling = DefaultContext { parent: Some(item), data: None, seen: self.seen, deep };
                    filling.of(root, &item_at(schema, at)).unwrap_or(Value::Null)
                });
                Some(filled.collect())
            }
            other => other,
        };
        if let Some(Value::Array(items)) = self.data {
            let item_schema = item_of_all(schema);
            let filled = items.iter().enumerate().map(|(at, item)| {
                let parent = defaults.as_ref().and_then(|defaults| defaults.get(at)).cloned();
                let filling = DefaultContext { parent, data: Some(item), seen: self.seen, deep };
                filling.of(root, &item_schema).unwrap_or(Value::Null)
            });
            let filled: Vec<Value> = filled.collect();
            let merge = MergePolicy { extra: false, instead_of_null: false, defaults_win: false };
            defaults = merge.of(defaults, Some(filled.into()));
        }
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0) as usize;
        let length = defaults.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        if least <= length || root.is_multi_select(schema) {
            return defaults.filter(|defaults| truthy(Some(defaults))).unwrap_or_else(|| json!([]));
        }
        let filler = match schema.get("items") {
            Some(items @ Value::Object(_)) => items.clone(),
            _ => {
                schema.get("additionalItems").filter(|items| items.is_object()).cloned().unwrap_or(json!({}))
            }
        };
        let filling =
            DefaultContext { parent: filler.get("default").cloned(), data: None, seen: self.seen, deep };
        let filler = filling.of(root, &filler).unwrap_or(Value::Null);
        let mut items = match defaults {
            Some(Value::Array(items)) => items,
            _ => vec![],
        };
        items.resize(least.min(MAX_FILLED_ITEMS).max(items.len()), filler);
        items.into()
    }
}

/// Adds the value of a field; an empty object only if the field is required.
fn add(filled: &mut Object, key: &str, value: Option<Value>, required: bool) {
    match value {
        None => {}
        Some(Value::Object(fields)) if fields.is_empty() && !required => {}
        Some(value) => {
            filled.insert(key.to_string(), value);
        }
    }
}

/// Returns the data, unless the schema lists choices without it.
fn allowed_data<'d>(root: Root, schema: &Object, data: Option<&'d Value>) -> Option<&'d Value> {
    let whole = Value::Object(schema.clone());
    if constant(&whole).is_some() || !root.is_select(&whole) {
        return data;
    }
    let listed = match schema.get("enum") {
        Some(listed) => listed.as_array().map(|listed| listed.iter().collect::<Vec<_>>()),
        None => {
            let choices = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
            choices.map(|choices| choices.iter().filter_map(constant).collect())
        }
    };
    data.filter(|data| listed.is_some_and(|listed| listed.iter().any(|value| equal(value, data))))
}

/// Policy for merging defaults and data.
#[derive(Clone, Copy)]
struct MergePolicy {
    /// True if a longer list of defaults adds its further items.
    extra: bool,
    /// True if a default replaces null.
    instead_of_null: bool,
    /// True if the defaults include the data already.
    defaults_win: bool,
}

impl MergePolicy {
    fn of(self, defaults: Option<Value>, data: Option<Value>) -> Option<Value> {
        match data {
            Some(Value::Array(data)) => {
                let defaults = match defaults {
                    Some(Value::Array(defaults)) => defaults,
                    _ => vec![],
                };
                let (first, other) = if self.defaults_win { (&defaults, &data) } else { (&data, &defaults) };
                let mut merged: Vec<Value> = vec![];
                for (at, value) in first.iter().enumerate() {
                    merged.push(match other.get(at) {
                        Some(_) => {
                            self.of(defaults.get(at).cloned(), data.get(at).cloned()).unwrap_or(Value::Null)
                        }
                        None => value.clone(),
                    });
                }
                if self.extra || self.defaults_win {
                    merged.extend(other.iter().skip(merged.len()).cloned());
                }
                Some(merged.into())
            }
            Some(Value::Object(data)) => {
                let known = match defaults {
                    Some(Value::Object(defaults)) => defaults,
                    _ => Object::new(),
                };
                let mut merged = known.clone();
                for (key, value) in data {
                    let inner =
                        MergePolicy { defaults_win: self.defaults_win && known.contains_key(&key), ..self };
                    match inner.of(known.get(&key).cloned(), Some(value)) {
                        Some(value) => merged.insert(key, value),
                        None => merged.shift_remove(&key),
                    };
                }
                Some(merged.into())
            }
            data => {
                let nil = |value: &Option<Value>| matches!(value, None | Some(Value::Null));
                let replaced = self.instead_of_null && !nil(&defaults) && nil(&data);
                if replaced || (self.defaults_win && !nil(&data)) { defaults } else { data }
            }
        }
    }
}

fn merge_objects(left: &Object, right: &Object) -> Object {
    let mut merged = left.clone();
    for (key, value) in right {
        let value = match (left.get(key), value) {
            (Some(Value::Object(left)), Value::Object(right)) => merge_objects(left, right).into(),
            _ => value.clone(),
        };
        merged.insert(key.clone(), value);
    }
    merged
}

fn fixed_items(schema: &Object) -> Option<&Vec<Value>> {
    let items = schema.get("items")?.as_array()?;
    (!items.is_empty() && items.iter().all(Value::is_object)).then_some(items)
}

fn item_of_all(schema: &Object) -> Value {
    schema.get("items").filter(|items| items.is_object()).cloned().unwrap_or(json!({}))
}

fn item_at(schema: &Object, at: usize) -> Value {
    let own = schema.get("items").and_then(Value::as_array).and_then(|items| items.get(at));
    let own = own.filter(|item| !item.is_boolean());
    let additional = schema.get("additionalItems").filter(|items| items.is_object());
    own.or(additional).cloned().unwrap_or(json!({}))
}
