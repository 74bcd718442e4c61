//! Validation of values against a schema, as by the portal's backend.

use serde_json::Value;

use super::json::{Object, equal, referenced, truthy};
use super::{formats, messages, pattern};

/// Maximum nesting depth of schemas.
const MAX_DEPTH: usize = 100;

/// Violation of a schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Violation {
    /// Path of the value.
    pub(super) path: Vec<String>,
    pub(super) why: String,
    /// True if a required value is missing.
    pub(super) missing: bool,
    /// Suggested value.
    pub(super) meant: Option<String>,
    /// Violated keyword of the schema.
    keyword: &'static str,
}

impl Violation {
    /// Returns the violation that one of the portal's fields found.
    pub(super) fn by_field(path: Vec<String>, why: String) -> Violation {
        Violation { path, why, missing: false, meant: None, keyword: "ui:field" }
    }
}

/// Validator to follow; they differ in details.
#[derive(Clone, Copy, PartialEq)]
enum Validator {
    Backend,
    /// The form, which shows fields by it.
    Form,
}

#[derive(Clone, Copy)]
pub(super) struct Checker<'r> {
    root: &'r Value,
    judge: Validator,
}

impl<'r> Checker<'r> {
    pub(super) fn of_backend(root: &'r Value) -> Checker<'r> {
        Checker { root, judge: Validator::Backend }
    }

    pub(super) fn of_form(root: &'r Value) -> Checker<'r> {
        Checker { root, judge: Validator::Form }
    }

    pub(super) fn accepts(self, schema: &Value, value: Option<&Value>) -> bool {
        self.violations(schema, value).is_empty()
    }

    /// Returns all violations of a value.
    pub(super) fn violations(self, schema: &Value, value: Option<&Value>) -> Vec<Violation> {
        let mut check = Check { root: self.root, judge: self.judge, path: vec![], wrong: vec![], deep: 0 };
        check.schema(schema, value);
        check.wrong
    }
}

struct Check<'r> {
    root: &'r Value,
    judge: Validator,
    path: Vec<String>,
    wrong: Vec<Violation>,
    deep: usize,
}

impl Check<'_> {
    fn add(&mut self, schema: &Object, keyword: &'static str, why: impl Into<String>) {
        let why = messages::with_message(why.into(), schema, keyword);
        self.wrong.push(Violation { path: self.path.clone(), why, missing: false, meant: None, keyword });
    }

    fn schema(&mut self, schema: &Value, value: Option<&Value>) {
        let object = match schema {
            Value::Object(object) => object,
            // An absent value is not refused.
            Value::Bool(false) if value.is_some() => {
                return self.add(&Object::new(), "false", "is not wanted here");
            }
            _ => return,
        };
        if self.deep > MAX_DEPTH {
            return self.add(object, "$ref", "is described in circles");
        }
        self.deep += 1;
        if let Some(Value::String(reference)) = object.get("$ref") {
            match referenced(self.root, reference) {
                Some(found) => self.schema(found, value),
                None => self.add(object, "$ref", format!("is described by {reference}, which is not there")),
            }
            if self.judge == Validator::Form {
                self.keywords(object, value);
            }
        } else {
            self.keywords(object, value);
        }
        self.deep -= 1;
    }

    fn keywords(&mut self, schema: &Object, value: Option<&Value>) {
        let Some(value) = value else { return self.nothing(schema) };
        self.any(schema, value);
        self.combined(schema, value);
        match value {
            Value::String(text) => self.text(schema, text),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or_default()),
            Value::Array(items) => self.list(schema, items),
            Value::Object(fields) => self.object(schema, value, fields),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Checks an absent value.
    fn nothing(&mut self, schema: &Object) {
        if schema.get("required") == Some(&Value::Bool(true)) && self.judge == Validator::Backend {
            self.missing(schema, None);
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.schema(part, None);
        }
    }

    fn missing(&mut self, schema: &Object, field: Option<&str>) {
        let mut path = self.path.clone();
        path.extend(field.map(str::to_string));
        let why = messages::with_message("is needed".to_string(), schema, "required");
        self.wrong.push(Violation { path, why, missing: true, meant: None, keyword: "required" });
    }

    /// Checks the keywords for values of any type.
    fn any(&mut self, schema: &Object, value: &Value) {
        if let Some(types) = schema.get("type") {
            let one = [types.clone()];
            let types = types.as_array().map_or(one.as_slice(), Vec::as_slice);
            if !types.iter().any(|name| self.is_type(name, value)) {
                self.add(schema, "type", messages::type_rule(types));
            }
        }
        if let Some(Value::Array(listed)) = schema.get("enum")
            && !listed.iter().any(|known| equal(known, value))
        {
            let listed: Vec<&Value> = listed.iter().collect();
            self.not_one_of(schema, "enum", value, &listed);
        }
        if let Some(constant) = schema.get("const")
            && !equal(constant, value)
        {
            self.add(schema, "const", format!("has to be {}", messages::quote(constant)));
        }
    }

    fn not_one_of(&mut self, schema: &Object, keyword: &'static str, value: &Value, listed: &[&Value]) {
        self.add(schema, keyword, messages::not_one_of(value, listed));
        if let Some(wrong) = self.wrong.last_mut() {
            wrong.meant = messages::suggest(value, listed);
        }
    }

    fn is_type(&mut self, name: &Value, value: &Value) -> bool {
        match name.as_str() {
            Some("string") => value.is_string(),
            Some("number") => value.is_number(),
            Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("null") => value.is_null(),
            Some("object") => value.is_object(),
            Some("date") => false,
            Some(_) => true,
            None => !name.is_object() || self.accepts(name, Some(value)),
        }
    }

    /// Returns true if a value matches another schema; records no violations.
    fn accepts(&mut self, schema: &Value, value: Option<&Value>) -> bool {
        self.faults(schema, value).is_empty()
    }

    fn faults(&mut self, schema: &Value, value: Option<&Value>) -> Vec<Violation> {
        let known = std::mem::take(&mut self.wrong);
        self.schema(schema, value);
        std::mem::replace(&mut self.wrong, known)
    }

    /// Checks `allOf`, `anyOf`, `oneOf`, `not` and `if`.
    fn combined(&mut self, schema: &Object, value: &Value) {
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.schema(part, Some(value));
        }
        if let Some(Value::Array(choices)) = schema.get("anyOf") {
            let faults: Vec<_> = choices.iter().map(|choice| self.faults(choice, Some(value))).collect();
            if !faults.iter().any(Vec::is_empty) {
                self.none_of(schema, "anyOf", choices, value, faults);
            }
        }
        if let Some(Value::Array(choices)) = schema.get("oneOf") {
            let faults: Vec<_> = choices.iter().map(|choice| self.faults(choice, Some(value))).collect();
            match faults.iter().filter(|faults| faults.is_empty()).count() {
                0 => self.none_of(schema, "oneOf", choices, value, faults),
                1 => {}
                _ => self.add(
                    schema,
                    "oneOf",
                    "fits more than one of what is possible, and has to fit just one",
                ),
            }
        }
        if let Some(condition) = schema.get("if") {
            let branch = if self.accepts(condition, Some(value)) { "then" } else { "else" };
            if let Some(branch) = schema.get(branch) {
                self.schema(branch, Some(value));
            }
        }
        let not = schema.get("not").filter(|not| truthy(Some(not)));
        let not = not.or_else(|| schema.get("disallow").filter(|_| self.judge == Validator::Backend));
        for not in
            not.map(|not| not.as_array().map_or(vec![not], |list| list.iter().collect())).unwrap_or_default()
        {
            if truthy(Some(not)) && self.is_prohibited(not, value) {
                self.add(schema, "not", messages::prohibited(not));
            }
        }
    }

    fn is_prohibited(&mut self, schema: &Value, value: &Value) -> bool {
        match (schema, self.judge) {
            // The backend takes `true` for the name of a type that it doesn't know.
            (Value::Bool(_), _) => true,
            (Value::String(_), _) => self.is_type(schema, value),
            _ => self.accepts(schema, Some(value)),
        }
    }

    /// Adds the violations of the closest choice, or one for no match.
    fn none_of(
        &mut self,
        schema: &Object,
        keyword: &'static str,
        choices: &[Value],
        value: &Value,
        mut faults: Vec<Vec<Violation>>,
    ) {
        let constants: Vec<&Value> = choices.iter().filter_map(super::resolve::constant).collect();
        if constants.len() == choices.len() && !value.is_object() {
            return self.not_one_of(schema, keyword, value, &constants);
        }
        let depth = self.path.len();
        // Choices of another type or discriminator value are not candidates.
        let apart = |wrong: &Violation| {
            matches!(wrong.keyword, "const" | "enum")
                || (wrong.keyword == "type" && wrong.path.len() == depth)
        };
        faults.retain(|faults| !faults.iter().any(apart));
        faults.sort_by_key(Vec::len);
        let nearest = match faults.as_slice() {
            [one] => Some(one.clone()),
            [one, next, ..] if one.len() < next.len() => Some(one.clone()),
            _ => None,
        };
        match nearest {
            Some(nearest) => self.wrong.extend(nearest),
            None => self.add(schema, keyword, messages::none_of(choices)),
        }
    }

    fn text(&mut self, schema: &Object, text: &str) {
        // Characters beyond the first 65,536 count once, too.
        let length = text.chars().count() as f64;
        if let Some(least) = number(schema, "minLength").filter(|least| length < *least) {
            let why = match (text.is_empty(), least) {
                (true, _) => "must not be empty".to_string(),
                (_, least) => format!("must have at least {} characters", messages::format_number(least)),
            };
            self.add(schema, "minLength", why);
        }
        if let Some(most) = number(schema, "maxLength").filter(|most| length > *most) {
            self.add(
                schema,
                "maxLength",
                format!("must have at most {} characters", messages::format_number(most)),
            );
        }
        if let Some(Value::String(pattern)) = schema.get("pattern")
            && pattern::matches(pattern, text) == Some(false)
        {
            self.add(schema, "pattern", format!("must match {pattern}"));
        }
        if let Some(Value::String(format)) = schema.get("format")
            && !formats::matches_format(format, text)
        {
            self.add(schema, "format", messages::format_rule(format));
        }
    }

    fn number(&mut self, schema: &Object, value: f64) {
        let exclusive = |key| schema.get(key) == Some(&Value::Bool(true));
        if let Some(least) = number(schema, "minimum") {
            if exclusive("exclusiveMinimum") && value <= least {
                self.add(schema, "minimum", format!("must be more than {}", messages::format_number(least)));
            } else if value < least {
                self.add(schema, "minimum", format!("must be at least {}", messages::format_number(least)));
            }
        }
        if let Some(most) = number(schema, "maximum") {
            if exclusive("exclusiveMaximum") && value >= most {
                self.add(schema, "maximum", format!("must be less than {}", messages::format_number(most)));
            } else if value > most {
                self.add(schema, "maximum", format!("must be at most {}", messages::format_number(most)));
            }
        }
        if let Some(least) = number(schema, "exclusiveMinimum").filter(|least| value <= *least) {
            self.add(
                schema,
                "exclusiveMinimum",
                format!("must be more than {}", messages::format_number(least)),
            );
        }
        if let Some(most) = number(schema, "exclusiveMaximum").filter(|most| value >= *most) {
            self.add(
                schema,
                "exclusiveMaximum",
                format!("must be less than {}", messages::format_number(most)),
            );
        }
        for key in ["multipleOf", "divisibleBy"] {
            let of = number(schema, key).filter(|_| key == "multipleOf" || self.judge == Validator::Backend);
            if let Some(of) = of.filter(|of| !is_multiple(value, *of)) {
                self.add(
                    schema,
                    "multipleOf",
                    format!("must be a multiple of {}", messages::format_number(of)),
                );
            }
        }
    }

    fn list(&mut self, schema: &Object, items: &[Value]) {
        let length = items.len() as f64;
        if let Some(least) = number(schema, "minItems").filter(|least| length < *least) {
            self.add(schema, "minItems", format!("must have at least {}", messages::format_entries(least)));
        }
        if let Some(most) = number(schema, "maxItems").filter(|most| length > *most) {
            self.add(schema, "maxItems", format!("must have at most {}", messages::format_entries(most)));
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            let twice =
                |(at, item): (usize, &Value)| items.iter().skip(at + 1).any(|other| equal(item, other));
            if let Some((_, item)) = items.iter().enumerate().find(|(at, item)| twice((*at, item))) {
                self.add(schema, "uniqueItems", format!("has {} more than once", messages::quote(item)));
            }
        }
        if let Some(contains) = schema.get("contains")
            && !items.iter().any(|item| self.accepts(contains, Some(item)))
        {
            self.add(schema, "contains", "has no entry of the kind that is needed");
        }
        let Some(described) = schema.get("items") else { return };
        for (at, item) in items.iter().enumerate() {
            let described = match described {
                Value::Array(each) => each.get(at).or_else(|| schema.get("additionalItems")),
                all => Some(all),
            };
            let Some(described) = described else { break };
            if described == &Value::Bool(false) {
                self.add(schema, "items", format!("has more than {at} entries"));
                break;
            }
            self.path.push(at.to_string());
            self.schema(described, Some(item));
            self.path.pop();
        }
    }

    fn object(&mut self, schema: &Object, value: &Value, fields: &Object) {
        let length = fields.len() as f64;
        if let Some(least) = number(schema, "minProperties").filter(|least| length < *least) {
            self.add(
                schema,
                "minProperties",
                format!("must have at least {}", messages::format_entries(least)),
            );
        }
        if let Some(most) = number(schema, "maxProperties").filter(|most| length > *most) {
            self.add(
                schema,
                "maxProperties",
                format!("must have at most {}", messages::format_entries(most)),
            );
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if let Some(name) = name.as_str().filter(|name| !fields.contains_key(*name)) {
                self.missing(schema, Some(name));
            }
        }
        for (name, described) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.path.push(name.clone());
            self.schema(described, fields.get(name));
            self.path.pop();
        }
        if let Some(described) = schema.get("propertyNames") {
            for name in fields.keys() {
                self.path.push(name.clone());
                self.schema(described, Some(&Value::String(name.clone())));
                self.path.pop();
            }
        }
        self.additional_fields(schema, fields);
        for (field, dependency) in schema.get("dependencies").and_then(Value::as_object).into_iter().flatten()
        {
            if !fields.contains_key(field) {
                continue;
            }
            let names: Vec<&str> = match dependency {
                Value::String(name) => vec![name],
                Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                other => {
                    self.schema(other, Some(value));
                    continue;
                }
            };
            for name in names.into_iter().filter(|name| !fields.contains_key(*name)) {
                self.missing(schema, Some(name));
            }
        }
    }

    /// Checks the fields that `properties` doesn't name.
    fn additional_fields(&mut self, schema: &Object, fields: &Object) {
        let named = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for (name, value) in fields {
            let mut matched = false;
            for (pattern, described) in patterns.into_iter().flatten() {
                if pattern::matches(pattern, name) == Some(true) {
                    matched = true;
                    self.path.push(name.clone());
                    self.schema(described, Some(value));
                    self.path.pop();
                }
            }
            if matched || named.is_some_and(|named| named.contains_key(name)) {
                continue;
            }
            let Some(additional) = schema.get("additionalProperties") else { continue };
            self.path.push(name.clone());
            if additional == &Value::Bool(false) {
                self.add(schema, "additionalProperties", "is not known here");
                let known = named.into_iter().flatten().map(|(name, _)| name.as_str());
                if let Some(wrong) = self.wrong.last_mut() {
                    wrong.meant = billpay_model::findings::nearest(name, known);
                }
            } else {
                self.schema(additional, Some(value));
            }
            self.path.pop();
        }
    }
}

fn number(schema: &Object, key: &str) -> Option<f64> {
    schema.get(key)?.as_f64()
}

/// Counted in the decimal places that the numbers are written with, as they are not exact.
fn is_multiple(value: f64, of: f64) -> bool {
    let places = |number: f64| {
        let text = format!("{number}");
        text.split_once('.').map_or(0, |(_, places)| places.len())
    };
    let scale = 10_f64.powi(places(value).max(places(of)) as i32);
    let scaled = |number: f64| (number * scale + 0.5).floor();
    scaled(value) % scaled(of) == 0.0
}
