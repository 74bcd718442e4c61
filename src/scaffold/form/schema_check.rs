//! Validation of the pages themselves as JSON Schemas.

use serde_json::Value;

use super::json::referenced;
use super::pattern;

/// Maximum nesting depth of schemas.
const MAX_DEPTH: usize = 64;

/// Checks a page.
///
/// # Errors
/// Fails with a JSON pointer and a message.
pub(super) fn check_page(page: &Value, at: usize) -> Result<(), String> {
    if !page.is_object() {
        return Err(format!("/{at}: a page has to be an object with `properties`"));
    }
    SchemaChecker { root: page, place: format!("/{at}") }.schema(page, 0)?;
    check_references(page, page, &mut vec![], &mut 0).map_err(|reference| {
        format!("/{at}: {reference} leads back to itself, or to more than anybody could fill in")
    })
}

/// Maximum number of schemas of a page with its references followed.
const MAX_SCHEMAS: usize = 20_000;

/// Follows references as forms do; within one schema they must not be circular, through properties and items they may.
fn check_references<'p>(
    page: &'p Value,
    schema: &'p Value,
    above: &mut Vec<(&'p str, bool)>,
    count: &mut usize,
) -> Result<(), String> {
    let Some(object) = schema.as_object() else { return Ok(()) };
    *count += 1;
    let last = || above.last().map_or("#", |(reference, _)| *reference).to_string();
    if *count > MAX_SCHEMAS || above.len() > MAX_DEPTH {
        return Err(last());
    }
    if let Some(Value::String(reference)) = object.get("$ref") {
        let mut same = above.iter().rev();
        // The mark of a step into a property or an item is an empty reference.
        let within = same.by_ref().take_while(|(_, steps)| !steps).any(|(known, _)| known == reference);
        if within {
            return Err(reference.clone());
        }
        if !above.iter().any(|(known, _)| known == reference) {
            above.push((reference, false));
            let found = referenced(page, reference)
                .map_or(Ok(()), |found| check_references(page, found, above, count));
            above.pop();
            found?;
        }
    }
    for (key, value) in object {
        let (inner, steps): (Vec<&Value>, bool) = match (key.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(named)) => (named.values().collect(), true),
            ("items", Value::Array(list)) => (list.iter().collect(), true),
            ("items" | "additionalProperties" | "additionalItems" | "contains", one) => (vec![one], true),
            ("dependencies", Value::Object(named)) => (named.values().collect(), false),
            ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => (list.iter().collect(), false),
            ("if" | "then" | "else" | "not", one) => (vec![one], false),
            _ => continue,
        };
        for schema in inner {
            if steps {
                above.push(("", true));
            }
            let result = check_references(page, schema, above, count);
            if steps {
                above.pop();
            }
            result?;
        }
    }
    Ok(())
}

struct SchemaChecker<'r> {
    root: &'r Value,
    place: String,
}

impl SchemaChecker<'_> {
    fn fail(&self, what: impl std::fmt::Display) -> Result<(), String> {
        Err(format!("{}: {what}", self.place))
    }

    fn descend<T>(&mut self, key: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.place.len();
        self.place.push('/');
        self.place.push_str(&key.replace('~', "~0").replace('/', "~1"));
        let result = look(self);
        self.place.truncate(length);
        result
    }

    fn schema(&mut self, schema: &Value, deep: usize) -> Result<(), String> {
        let object = match schema {
            Value::Object(object) => object,
            Value::Bool(_) => return Ok(()),
            _ => return self.fail("has to be an object (or true or false)"),
        };
        if deep > MAX_DEPTH {
            return self.fail("is too deep");
        }
        for (key, value) in object {
            self.descend(key, |checker| checker.keyword(key, value, deep))?;
        }
        Ok(())
    }

    fn keyword(&mut self, key: &str, value: &Value, deep: usize) -> Result<(), String> {
        match key {
            "properties" | "patternProperties" | "definitions" | "$defs" => {
                let Some(schemas) = value.as_object() else { return self.fail("has to be an object") };
                for (name, schema) in schemas {
                    self.descend(name, |checker| match key {
                        "patternProperties" if !pattern::is_valid(name) => {
                            checker.fail(format!("`{name}` is not a regular expression"))
                        }
                        _ => checker.schema(schema, deep + 1),
                    })?;
                }
                Ok(())
            }
            "dependencies" => {
                let Some(dependencies) = value.as_object() else { return self.fail("has to be an object") };
                for (name, dependency) in dependencies {
                    self.descend(name, |checker| match dependency {
                        Value::Array(_) => checker.names(dependency),
                        Value::String(_) => Ok(()),
                        schema => checker.schema(schema, deep + 1),
                    })?;
                }
                Ok(())
            }
            "allOf" | "anyOf" | "oneOf" => {
                let Some(schemas) = value.as_array() else { return self.fail("has to be a list") };
                for (at, schema) in schemas.iter().enumerate() {
                    self.descend(&at.to_string(), |checker| checker.schema(schema, deep + 1))?;
                }
                Ok(())
            }
            "items" if value.is_array() => {
                for (at, schema) in value.as_array().into_iter().flatten().enumerate() {
                    self.descend(&at.to_string(), |checker| checker.schema(schema, deep + 1))?;
                }
                Ok(())
            }
            "items"
            | "additionalItems"
            | "additionalProperties"
            | "contains"
            | "propertyNames"
            | "if"
            | "then"
            | "else"
            | "not" => self.schema(value, deep + 1),
            "required" if !value.is_boolean() => self.names(value),
            "enum" if !value.is_array() => self.fail("has to be a list of values"),
            "type" => match value {
                Value::String(_) => Ok(()),
                Value::Array(names) if names.iter().all(Value::is_string) => Ok(()),
                _ => self.fail("has to be the name of a type, or a list of names"),
            },
            "pattern" => match value.as_str() {
                Some(pattern) if pattern::is_valid(pattern) => Ok(()),
                Some(pattern) => self.fail(format!("`{pattern}` is not a regular expression")),
                None => self.fail("has to be a text"),
            },
            "format" | "$ref" if !value.is_string() => self.fail("has to be a text"),
            "$ref" => {
                let reference = value.as_str().unwrap_or_default();
                match referenced(self.root, reference) {
                    Some(schema) if schema.is_object() || schema.is_boolean() => Ok(()),
                    _ if !reference.starts_with('#') => self.fail(format!(
                        "`{reference}`: only what is on the same page can be referred to (#/…)"
                    )),
                    _ => self.fail(format!("there is no {reference} on this page")),
                }
            }
            "minimum" | "maximum" | "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
            | "maxProperties"
                if !value.is_number() =>
            {
                self.fail("has to be a number")
            }
            "exclusiveMinimum" | "exclusiveMaximum" if !value.is_number() && !value.is_boolean() => {
                self.fail("has to be a number")
            }
            "multipleOf" if value.as_f64().is_none_or(|of| of == 0.0) => {
                self.fail("has to be a number above 0")
            }
            _ => Ok(()),
        }
    }

    fn names(&self, value: &Value) -> Result<(), String> {
        match value.as_array() {
            Some(names) if names.iter().all(Value::is_string) => Ok(()),
            _ => self.fail("has to be a list of names"),
        }
    }
}
