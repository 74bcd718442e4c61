//! Resolution of a schema for given data (references, conditions, dependencies, `allOf`), as by the portal's form.

use serde_json::{Value, json};

use super::json::{Object, equal, referenced, type_of};
use super::{check, merge, options};

/// Maximum depth of followed schemas; deeper ones are circular.
pub(super) const MAX_DEPTH: usize = 64;

/// A page as the root of its references.
#[derive(Clone, Copy)]
pub(super) struct Root<'r>(pub(super) &'r Value);

impl Root<'_> {
    /// Returns the schema that applies to `data`.
    pub(super) fn resolve(self, schema: &Value, data: Option<&Value>) -> Object {
        self.resolve_in(schema, data, &mut vec![], 0)
    }

    /// Returns true if the form accepts data for a schema.
    pub(super) fn fits(self, schema: &Value, data: Option<&Value>) -> bool {
        check::Checker::of_form(self.0).accepts(schema, data)
    }

    fn resolve_in(self, schema: &Value, data: Option<&Value>, seen: &mut Vec<String>, deep: usize) -> Object {
        let Some(object) = schema.as_object() else { return Object::new() };
        if deep > MAX_DEPTH {
            return object.clone();
        }
        let followed = self.follow(schema, seen);
        if !equal(&followed, schema) {
            let resolved = self.resolve_in(&followed, data, seen, deep + 1);
            return self.finish(resolved, data, seen, deep + 1);
        }
        if object.contains_key("dependencies") {
            let resolved = self.dependencies(object, data, seen, deep + 1);
            let resolved = self.resolve_in(&resolved.into(), data, seen, deep + 1);
            return self.finish(resolved, data, seen, deep + 1);
        }
        let mut object = object.clone();
        if let Some(Value::Array(parts)) = object.get("allOf") {
            let parts: Vec<Value> =
                parts.iter().map(|part| self.resolve_in(part, data, seen, deep + 1).into()).collect();
            object.insert("allOf".to_string(), parts.into());
        }
        self.finish(object, data, seen, deep + 1)
    }

    /// Evaluates `if`, merges `allOf`, and adds properties for additional fields of the data.
    fn finish(self, mut object: Object, data: Option<&Value>, seen: &mut Vec<String>, deep: usize) -> Object {
        if deep > MAX_DEPTH {
            return object;
        }
        if object.contains_key("if") {
            return self.condition(object, data, seen, deep + 1);
        }
        if let Some(Value::Array(parts)) = object.get("allOf") {
            let contains = |part: &&Value| part.get("contains").is_some();
            let (with, without): (Vec<&Value>, Vec<&Value>) = parts.iter().partition(contains);
            let with: Vec<Value> = with.into_iter().cloned().collect();
            let without: Vec<Value> = without.into_iter().cloned().collect();
            object.insert("allOf".to_string(), without.into());
            let Some(joined) = merge::all_of(&object) else {
                object.shift_remove("allOf");
                return object;
            };
            object = joined;
            if !with.is_empty() {
                object.insert("allOf".to_string(), with.into());
            }
        }
        match object.get("additionalProperties") {
            None | Some(Value::Bool(false)) => object,
            Some(additional) => {
                let additional = additional.clone();
                self.name_additional(object, &additional, data)
            }
        }
    }

    fn condition(
        self,
        mut object: Object,
        data: Option<&Value>,
        seen: &mut Vec<String>,
        deep: usize,
    ) -> Object {
        let condition = object.shift_remove("if").unwrap_or(Value::Bool(true));
        let (then, otherwise) = (object.shift_remove("then"), object.shift_remove("else"));
        let nothing = json!({});
        let tested = data.filter(|data| super::json::truthy(Some(data))).unwrap_or(&nothing);
        let branch = if self.fits(&condition, Some(tested)) { then } else { otherwise };
        let object = match branch {
            Some(branch @ Value::Object(_)) => {
                merge::overlay(&object, &self.resolve_in(&branch, data, seen, deep + 1))
            }
            _ => object,
        };
        self.resolve_in(&object.into(), data, seen, deep + 1)
    }

    /// Replaces references at the top, in properties and in items.
    pub(super) fn follow(self, schema: &Value, seen: &mut Vec<String>) -> Value {
        let Some(object) = schema.as_object() else { return schema.clone() };
        let mut object = object.clone();
        if let Some(Value::String(reference)) = object.get("$ref") {
            let reference = reference.clone();
            if seen.contains(&reference) {
                return schema.clone();
            }
            seen.push(reference.clone());
            let mut joined = self.definition(&reference);
            object.shift_remove("$ref");
            joined.extend(object);
            object = joined;
        }
        if let Some(Value::Object(properties)) = object.get("properties") {
            let mut all_seen = seen.clone();
            let mut followed = Object::new();
            for (key, property) in properties {
                let mut inner = seen.clone();
                followed.insert(key.clone(), self.follow(property, &mut inner));
                let new: Vec<String> = inner.into_iter().filter(|name| !all_seen.contains(name)).collect();
                all_seen.extend(new);
            }
            *seen = all_seen;
            object.insert("properties".to_string(), followed.into());
        }
        if let Some(items @ Value::Object(_)) = object.get("items") {
            let items = self.follow(items, seen);
            object.insert("items".to_string(), items);
        }
        object.into()
    }

    /// Resolves the reference of a schema, but not those in it.
    pub(super) fn top(self, schema: &Value) -> Object {
        let mut object = schema.as_object().cloned().unwrap_or_default();
        let Some(Value::String(reference)) = object.shift_remove("$ref") else { return object };
        let mut joined = self.definition(&reference);
        joined.extend(object);
        joined
    }

    /// Returns the schema that a reference names, through a chain of references.
    pub(super) fn definition(self, reference: &str) -> Object {
        let mut joined = Object::new();
        let mut reference = reference.to_string();
        for _ in 0..MAX_DEPTH {
            let Some(Value::Object(found)) = referenced(self.0, &reference) else { break };
            let mut found = found.clone();
            let next = found.shift_remove("$ref");
            // Deeper schemas of the chain take precedence.
            found.shift_remove("$ref");
            joined.extend(found);
            match next {
                Some(Value::String(next)) => reference = next,
                _ => break,
            }
        }
        joined
    }

    /// Adds a property for each additional field of the data.
    fn name_additional(self, mut object: Object, additional: &Value, data: Option<&Value>) -> Object {
        let mut properties = object.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (key, value) in data.and_then(Value::as_object).into_iter().flatten() {
            if properties.contains_key(key) {
                continue;
            }
            let guessed = || json!({ "type": type_of(Some(value)) });
            let schema = match additional {
                Value::Object(schema) if schema.contains_key("$ref") => {
                    let only = json!({ "$ref": schema.get("$ref") });
                    self.resolve(&only, data).into()
                }
                Value::Object(schema) if schema.contains_key("type") => additional.clone(),
                Value::Object(schema) if schema.contains_key("anyOf") || schema.contains_key("oneOf") => {
                    let mut typed = Object::from_iter([("type".to_string(), "object".into())]);
                    typed.extend(schema.clone());
                    typed.into()
                }
                _ => guessed(),
            };
            properties.insert(key.clone(), schema);
        }
        object.insert("properties".to_string(), properties.into());
        object
    }

    /// Merges the dependencies of the fields in the data.
    pub(super) fn dependencies(
        self,
        schema: &Object,
        data: Option<&Value>,
        seen: &mut Vec<String>,
        deep: usize,
    ) -> Object {
        let mut rest = schema.clone();
        let dependencies = rest.shift_remove("dependencies");
        let mut schema = self.chosen(&rest, data);
        for (field, dependency) in dependencies.as_ref().and_then(Value::as_object).into_iter().flatten() {
            if data.and_then(|data| data.get(field)).is_none() {
                continue;
            }
            let properties = schema.get("properties").and_then(Value::as_object);
            if properties.is_some_and(|properties| !properties.contains_key(field)) {
                continue;
            }
            match dependency {
                Value::Array(names) => {
                    let known = schema.get("required").and_then(Value::as_array);
                    let required = known.map_or_else(|| names.clone(), |known| merge::union(known, names));
                    schema.insert("required".to_string(), required.into());
                }
                Value::Object(_) => {
                    schema = self.dependent(schema, field, dependency, data, seen, deep + 1);
                }
                _ => {}
            }
        }
        schema
    }

    /// Merges the choice of `oneOf` or `anyOf` that the data matches.
    fn chosen(self, schema: &Object, data: Option<&Value>) -> Object {
        let choices = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key).and_then(Value::as_array));
        let Some(choices) = choices else { return schema.clone() };
        let rest: Object = schema
            .iter()
            .filter(|(key, _)| *key != "oneOf" && *key != "anyOf")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let followed: Vec<Value> = choices.iter().map(|choice| self.follow(choice, &mut vec![])).collect();
        let at = options::first_match(self, data, &followed, options::discriminator(schema));
        match followed.get(at).and_then(Value::as_object) {
            Some(choice) => merge::overlay(&rest, choice),
            None => rest,
        }
    }

    /// Merges the schema that depends on a field, with the choice of its `oneOf` for the field's value.
    fn dependent(
        self,
        schema: Object,
        field: &str,
        dependency: &Value,
        data: Option<&Value>,
        seen: &mut Vec<String>,
        deep: usize,
    ) -> Object {
        let mut resolved = self.resolve_in(dependency, data, seen, deep);
        let choices = resolved.shift_remove("oneOf");
        let schema = merge::overlay(&schema, &resolved);
        let Some(Value::Array(choices)) = choices else { return schema };
        let followed: Vec<Value> = choices
            .iter()
            .map(|choice| match choice.get("$ref") {
                Some(_) => self.resolve_in(choice, data, seen, deep + 1).into(),
                None => choice.clone(),
            })
            .collect();
        let mut fitting = followed.iter().filter(|choice| {
            let property = choice.get("properties").and_then(|properties| properties.get(field));
            property.is_some_and(|property| {
                let condition = json!({ "type": "object", "properties": { field: property } });
                self.fits(&condition, data)
            })
        });
        // Applies only with exactly one match.
        let (Some(Value::Object(choice)), None) = (fitting.next(), fitting.next()) else { return schema };
        let mut choice = choice.clone();
        if let Some(Value::Object(properties)) = choice.get_mut("properties") {
            properties.shift_remove(field);
        }
        let choice = self.resolve_in(&choice.into(), data, seen, deep + 1);
        merge::overlay(&schema, &choice)
    }

    /// Returns true if a schema is a choice of constants.
    pub(super) fn is_select(self, schema: &Value) -> bool {
        let schema = self.resolve(schema, None);
        if schema.get("enum").is_some_and(Value::is_array) {
            return true;
        }
        let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
        choices.is_some_and(|choices| choices.iter().all(|choice| constant(choice).is_some()))
    }

    pub(super) fn is_multi_select(self, schema: &Object) -> bool {
        super::json::truthy(schema.get("uniqueItems"))
            && schema.get("items").is_some_and(|items| items.is_object() && self.is_select(items))
    }
}

/// Returns the constant of a schema: `const` or an `enum` of one value.
pub(super) fn constant(schema: &Value) -> Option<&Value> {
    match schema.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one]) => Some(one),
        _ => schema.get("const"),
    }
}
