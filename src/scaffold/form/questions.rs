//! The properties of schemas as questions.

use serde_json::Value;

use super::json::{Object, schema_type, truthy};
use super::resolve::{MAX_DEPTH, Root, constant};
use super::{messages, options, portal_fields};
use crate::question::name_of;
use crate::{Choice, Question, QuestionKind};

/// Maximum number of questions of a page.
const MAX_QUESTIONS: usize = 1_000;

/// A question with the path and the schema of its answer.
#[derive(Debug, Clone)]
pub(super) struct FormQuestion {
    pub(super) path: Vec<String>,
    pub(super) question: Question,
    /// The schema of the answer.
    pub(super) schema: Object,
}

/// Collector of the questions of a page, in order.
pub(super) struct QuestionCollector<'p> {
    root: Root<'p>,
    title: Option<&'p str>,
    asked: Vec<FormQuestion>,
    /// Paths of objects that are secret as a whole.
    secret: Vec<Vec<String>>,
    /// True if hidden questions are collected, too.
    hidden: bool,
}

/// Position of the walk.
struct Position<'s> {
    path: Vec<String>,
    /// True if the object here exists in any case, so that its required fields are required.
    is_present: bool,
    conditional: bool,
    state: Option<&'s Value>,
    /// References on the path to here.
    references: Vec<String>,
}

impl Position<'_> {
    /// Records a followed reference; returns false if it is on the path already.
    fn enter_reference(&mut self, schema: &Value) -> bool {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return true };
        if self.references.iter().any(|known| known == reference) {
            return false;
        }
        self.references.push(reference.to_string());
        true
    }
}

impl<'p> QuestionCollector<'p> {
    /// Returns the questions that are visible for the page's data.
    pub(super) fn visible(page: &'p Value, title: Option<&'p str>, state: &Value) -> Vec<FormQuestion> {
        let mut asking =
            QuestionCollector { root: Root(page), title, asked: vec![], secret: vec![], hidden: false };
        let references = vec![];
        let at =
            Position { path: vec![], is_present: true, conditional: false, state: Some(state), references };
        asking.visit_object(page, page, at, 0);
        asking.finish()
    }

    /// Returns the questions of all branches.
    pub(super) fn possible(page: &'p Value, title: Option<&'p str>) -> Vec<FormQuestion> {
        let mut asking =
            QuestionCollector { root: Root(page), title, asked: vec![], secret: vec![], hidden: false };
        let references = vec![];
        let at = Position { path: vec![], is_present: true, conditional: false, state: None, references };
        asking.visit_branches(page, at, 0);
        asking.finish()
    }

    /// Returns the questions of all branches, hidden ones included.
    pub(super) fn all(page: &'p Value) -> Vec<FormQuestion> {
        let mut asking =
            QuestionCollector { root: Root(page), title: None, asked: vec![], secret: vec![], hidden: true };
        let references = vec![];
        let at = Position { path: vec![], is_present: true, conditional: false, state: None, references };
        asking.visit_branches(page, at, 0);
        asking.finish()
    }

    /// Returns the questions; inside a secret object, each of them is secret.
    fn finish(mut self) -> Vec<FormQuestion> {
        for asked in &mut self.asked {
            asked.question.secret |= self.secret.iter().any(|object| asked.path.starts_with(object));
        }
        self.asked
    }

    /// Returns the portal's `Secret` fields.
    pub(super) fn secret_fields(page: &'p Value) -> Vec<FormQuestion> {
        let asked = QuestionCollector::all(page).into_iter();
        asked.filter(|asked| ui(&asked.schema, "field").and_then(Value::as_str) == Some("Secret")).collect()
    }

    /// Collects the properties of an object; `written` is its schema before references were followed.
    fn visit_object(&mut self, schema: &Value, written: &Value, at: Position, deep: usize) {
        if deep > MAX_DEPTH || self.asked.len() > MAX_QUESTIONS {
            return;
        }
        let written = self.root.top(written);
        let mut resolved = self.root.resolve(schema, at.state);
        if let Some(choice) = self.choice(&resolved, &at) {
            resolved = choice;
        }
        let own = own_properties(self.root, schema, 0);
        let mut conditional: Vec<(String, bool)> = vec![];
        let mut names: Vec<String> = vec![];
        let empty = Object::new();
        let properties = resolved.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        // Unconditional questions come before the conditional ones.
        names.extend(own.iter().filter(|name| properties.contains_key(*name)).cloned());
        names.extend(properties.keys().filter(|name| !own.contains(*name)).cloned());
        let order = schema.get("ui:order").or_else(|| ui(schema.as_object()?, "order"));
        for name in in_order(names, order) {
            let is_own = own.contains(&name);
            conditional.push((name, !is_own));
        }
        let required = resolved.get("required").and_then(Value::as_array);
        for (name, depends) in conditional {
            let Some(property) = properties.get(&name) else { continue };
            let required =
                at.is_present && required.is_some_and(|names| names.iter().any(|other| *other == name));
            let mut path = at.path.clone();
            path.push(name.clone());
            let state = at.state.and_then(|state| state.get(&name));
            let references = at.references.clone();
            let inner = Position {
                path,
                is_present: required,
                conditional: at.conditional || depends,
                state,
                references,
            };
            let written = written.get("properties").and_then(|properties| properties.get(&name));
            self.visit_property(property, written.unwrap_or(property), inner, deep + 1);
        }
    }

    /// Resolves `oneOf` or `anyOf` to the branch that the data matches; a discriminator field becomes a choice.
    fn choice(&mut self, schema: &Object, at: &Position) -> Option<Object> {
        let (key, choices) =
            ["oneOf", "anyOf"].iter().find_map(|key| Some((*key, schema.get(*key)?.as_array()?)))?;
        let mut rest = schema.clone();
        rest.shift_remove(key);
        let followed: Vec<Value> =
            choices.iter().map(|choice| self.root.follow(choice, &mut vec![])).collect();
        if !followed.iter().any(|choice| choice.get("properties").is_some()) {
            return None;
        }
        let closest = options::closest_match(self.root, at.state, choices, 0, options::discriminator(schema));
        let chosen = followed.get(closest).and_then(Value::as_object).cloned().unwrap_or_default();
        let chosen = super::merge::overlay(&rest, &chosen);
        let chosen = self.root.resolve(&chosen.into(), at.state);
        let Some((field, named)) = find_discriminator(&followed) else { return Some(chosen) };
        let mut chosen = chosen;
        if let Some(Value::Object(properties)) = chosen.get_mut("properties") {
            let mut property = properties.get(&field).and_then(Value::as_object).cloned().unwrap_or_default();
            property.shift_remove("const");
            let (values, titles): (Vec<Value>, Vec<Value>) = named.into_iter().unzip();
            property.insert("enum".to_string(), values.into());
            property.insert("enumNames".to_string(), titles.into());
            let mut first = Object::from_iter([(field.clone(), Value::Object(property))]);
            properties.shift_remove(&field);
            first.extend(std::mem::take(properties));
            *properties = first;
        }
        Some(chosen)
    }

    fn visit_property(&mut self, schema: &Value, written: &Value, mut at: Position, deep: usize) {
        // A recursive schema is one question.
        let new = at.enter_reference(written);
        let resolved = self.root.resolve(schema, at.state);
        if is_hidden(&resolved) || resolved.contains_key("const") {
            return;
        }
        let field = ui(&resolved, "field").and_then(Value::as_str);
        let inner = resolved.contains_key("properties") || is_choice_of_objects(self.root, &resolved);
        if schema_type(&resolved) == Some("object") && field.is_none() && inner && new {
            if is_secret_object(self.root, &resolved, &mut vec![], 0) {
                self.secret.push(at.path.clone());
            }
            let is_present = at.is_present || at.state.is_some_and(Value::is_object);
            return self.visit_object(
                &Value::Object(resolved),
                written,
                Position { is_present, ..at },
                deep + 1,
            );
        }
        self.add(resolved, at);
    }

    fn add(&mut self, schema: Object, at: Position) {
        let Some(name) = at.path.last() else { return };
        let field = ui(&schema, "field").and_then(Value::as_str);
        let secret = is_secret(self.root, &schema, &mut vec![], 0);
        let text = |key: &str| ui(&schema, key).or_else(|| schema.get(key)).and_then(Value::as_str);
        let title = text("title").filter(|title| !title.trim().is_empty()).unwrap_or(name);
        let mut help: Vec<String> = vec![];
        for part in [
            text("description"),
            ui(&schema, "help").and_then(Value::as_str),
            field.and_then(portal_fields::describe),
        ] {
            if let Some(part) =
                part.map(str::trim).filter(|part| !part.is_empty() && !help.iter().any(|h| h == part))
            {
                help.push(part.to_string());
            }
        }
        if let Some(example) =
            ui(&schema, "placeholder").and_then(Value::as_str).filter(|text| !text.is_empty())
        {
            help.push(format!("for example {example}"));
        }
        let question = Question {
            name: name_of(&at.path),
            title: title.to_string(),
            help: (!help.is_empty()).then(|| help.join("\n")),
            page: self.title.map(str::to_string),
            kind: kind(self.root, &schema),
            default: at.state.filter(|state| !state.is_null()).cloned(),
            required: at.is_present,
            secret,
            conditional: at.conditional,
            rules: rules(&schema),
        };
        self.asked.push(FormQuestion { path: at.path, question, schema });
    }

    /// Collects the properties of a schema and all its branches, each name once.
    fn visit_branches(&mut self, schema: &Value, at: Position, deep: usize) {
        let schema = self.root.top(schema);
        if deep > MAX_DEPTH || self.asked.len() > MAX_QUESTIONS {
            return;
        }
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object);
        let names = properties.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        for name in in_order(names, schema.get("ui:order")) {
            let Some(property) = properties.and_then(|properties| properties.get(&name)) else { continue };
            let required =
                at.is_present && required.is_some_and(|names| names.iter().any(|other| *other == name));
            let mut path = at.path.clone();
            path.push(name);
            let references = at.references.clone();
            let inner =
                Position { path, is_present: required, conditional: at.conditional, state: None, references };
            self.visit_branch_property(property, inner, deep + 1);
        }
        let branches = |key: &str| match schema.get(key) {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Object(named)) if key == "dependencies" => named.values().collect(),
            Some(one) => vec![one],
            None => vec![],
        };
        for (key, conditional) in [
            ("allOf", false),
            ("dependencies", true),
            ("then", true),
            ("else", true),
            ("oneOf", true),
            ("anyOf", true),
        ] {
            for branch in branches(key) {
                let conditional = conditional || at.conditional;
                let references = at.references.clone();
                let inner = Position {
                    path: at.path.clone(),
                    is_present: at.is_present,
                    conditional,
                    state: None,
                    references,
                };
                self.visit_branches(branch, inner, deep + 1);
            }
        }
    }

    fn visit_branch_property(&mut self, schema: &Value, mut at: Position, deep: usize) {
        let new = at.enter_reference(schema);
        let schema = self.root.top(schema);
        if !self.hidden && is_hidden(&schema) {
            return;
        }
        let field = ui(&schema, "field").is_some();
        let inner = schema.contains_key("properties") || is_choice_of_objects(self.root, &schema);
        if schema_type(&schema) == Some("object") && !field && inner && new {
            if is_secret_object(self.root, &schema, &mut vec![], 0) {
                self.secret.push(at.path.clone());
                // It may have additional properties.
                let more = ["additionalProperties", "patternProperties"];
                if self.hidden && more.iter().any(|key| truthy(schema.get(*key))) {
                    let (path, references) = (at.path.clone(), vec![]);
                    self.add(schema.clone(), Position { path, references, state: None, ..at });
                }
            }
            return self.visit_branches(&Value::Object(schema), at, deep + 1);
        }
        let constants = constant(&Value::Object(schema.clone())).is_some() && at.conditional;
        if let Some(known) = self.asked.iter_mut().find(|known| known.path == at.path) {
            known.question.secret |= is_secret(self.root, &schema, &mut vec![], 0);
            return add_choices(&mut known.question, &schema);
        }
        // A constant is no question, unless other branches have other values.
        if schema.contains_key("const") && !constants {
            return;
        }
        let default = schema.get("default").cloned();
        self.add(schema, Position { state: None, ..at });
        if let Some(last) = self.asked.last_mut() {
            last.question.default = default;
        }
    }
}

/// Adds the choices of another branch.
fn add_choices(question: &mut Question, schema: &Object) {
    let (QuestionKind::Choice(known), QuestionKind::Choice(more)) = (&mut question.kind, choices_of(schema))
    else {
        return;
    };
    for choice in more {
        if !known.contains(&choice) && !known.iter().any(|known| known.value == choice.value) {
            known.push(choice);
        }
    }
}

/// Finds the field with a different constant in each choice; returns its values and titles.
fn find_discriminator(choices: &[Value]) -> Option<(String, Vec<(Value, Value)>)> {
    let first = choices.first()?.get("properties")?.as_object()?;
    first.keys().find_map(|field| {
        let mut named: Vec<(Value, Value)> = vec![];
        for choice in choices {
            let value = constant(choice.get("properties")?.get(field)?)?;
            if named.iter().any(|(known, _)| known == value) {
                return None;
            }
            let title = choice
                .get("title")
                .and_then(Value::as_str)
                .map_or_else(|| messages::choice_title(value), str::to_string);
            named.push((value.clone(), title.into()));
        }
        (named.len() > 1).then(|| (field.clone(), named))
    })
}

fn is_choice_of_objects(root: Root, schema: &Object) -> bool {
    let choices = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)?.as_array());
    choices.is_some_and(|choices| {
        choices.iter().any(|choice| root.follow(choice, &mut vec![]).get("properties").is_some())
    })
}

/// Returns the names of the unconditional properties of a schema.
fn own_properties(root: Root, schema: &Value, deep: usize) -> Vec<String> {
    let Value::Object(schema) = root.follow(schema, &mut vec![]) else { return vec![] };
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut names: Vec<String> = properties.into_iter().flatten().map(|(name, _)| name.clone()).collect();
    if deep < MAX_DEPTH {
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            names.extend(own_properties(root, part, deep + 1));
        }
    }
    names
}

/// Properties in the order that `ui:order` gives, `*` standing for those that it doesn't name.
fn in_order(names: Vec<String>, order: Option<&Value>) -> Vec<String> {
    let Some(order) = order.and_then(Value::as_array) else { return names };
    let order: Vec<&str> = order.iter().filter_map(Value::as_str).collect();
    let star = order.iter().position(|name| *name == "*").unwrap_or(order.len());
    let (mut first, mut last) = (vec![], vec![]);
    for (at, name) in order.iter().enumerate().filter(|(_, name)| names.iter().any(|known| known == *name)) {
        let list = if at < star { &mut first } else { &mut last };
        list.push((*name).to_string());
    }
    let rest = names.into_iter().filter(|name| !order.contains(&name.as_str()));
    first.into_iter().chain(rest.collect::<Vec<_>>()).chain(last).collect()
}

/// A setting of how a field looks: `ui:help`, or `help` under `ui:options`.
pub(super) fn ui<'s>(schema: &'s Object, key: &str) -> Option<&'s Value> {
    schema.get(&format!("ui:{key}")).or_else(|| schema.get("ui:options")?.get(key))
}

/// Returns true if an answer is not to be seen, or something in it: by its field, its widget or its format, or
/// because the portal doesn't show it before it begins.
fn is_secret(root: Root, schema: &Object, seen: &mut Vec<String>, deep: usize) -> bool {
    let keys = ["items", "properties", "patternProperties", "additionalItems", "additionalProperties"];
    is_masked(schema) || is_any_secret(root, schema, &keys, is_secret, seen, deep)
}

/// Returns true if everything in an object is not to be seen: by its own settings in any branch, or because what
/// it may hold beside its properties is secret.
fn is_secret_object(root: Root, schema: &Object, seen: &mut Vec<String>, deep: usize) -> bool {
    let more = ["patternProperties", "additionalProperties"];
    is_masked(schema)
        || is_any_secret(root, schema, &[], is_secret_object, seen, deep)
        || more.into_iter().any(|key| {
            let only = schema.get(key).map(|value| Object::from_iter([(key.to_string(), value.clone())]));
            only.is_some_and(|only| is_secret(root, &only, &mut vec![], deep))
        })
}

/// Returns true if a schema's own settings keep its answer from being seen.
fn is_masked(schema: &Object) -> bool {
    let word = |key: &str| ui(schema, key).and_then(Value::as_str);
    let review = ui(schema, "backstage").and_then(|settings| settings.get("review"));
    let unseen =
        |review: &Value| review.get("show") == Some(&Value::Bool(false)) || truthy(review.get("mask"));
    word("field") == Some("Secret")
        || word("widget") == Some("password")
        || schema.get("format").and_then(Value::as_str) == Some("password")
        || review.is_some_and(unseen)
}

/// Returns true if a schema's branches, or what it has under these keys, are secret.
fn is_any_secret(
    root: Root,
    schema: &Object,
    keys: &[&str],
    is_secret: fn(Root, &Object, &mut Vec<String>, usize) -> bool,
    seen: &mut Vec<String>,
    deep: usize,
) -> bool {
    if deep > MAX_DEPTH {
        return false;
    }
    let branches = ["allOf", "anyOf", "oneOf", "dependencies", "then", "else"];
    let all = branches.iter().chain(keys).filter_map(|key| Some((*key, schema.get(*key)?)));
    let inner = all.flat_map(|(key, value)| match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(named) if matches!(key, "properties" | "patternProperties" | "dependencies") => {
            named.values().collect()
        }
        Value::Object(_) => vec![value],
        _ => vec![],
    });
    let inner: Vec<&Value> = inner.collect();
    inner.into_iter().any(|schema| {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if seen.iter().any(|known| known == reference) {
                return false;
            }
            seen.push(reference.to_string());
        }
        is_secret(root, &root.top(schema), seen, deep + 1)
    })
}

fn is_hidden(schema: &Object) -> bool {
    ui(schema, "widget").and_then(Value::as_str) == Some("hidden")
        || schema.get("type").and_then(Value::as_str) == Some("null")
}

fn kind(root: Root, schema: &Object) -> QuestionKind {
    if let kind @ QuestionKind::Choice(_) = choices_of(schema) {
        return kind;
    }
    match schema_type(schema) {
        Some("string") => QuestionKind::Text,
        Some("integer") => QuestionKind::Integer,
        Some("number") => QuestionKind::Number,
        Some("boolean") => QuestionKind::YesNo,
        Some("array") => {
            let items = schema.get("items").filter(|items| items.is_object());
            let items = items.map(|items| root.resolve(items, None));
            match items {
                Some(items) => match choices_of(&items) {
                    QuestionKind::Choice(choices) if truthy(schema.get("uniqueItems")) => {
                        QuestionKind::Several(choices)
                    }
                    _ if schema_type(&items) == Some("string") => QuestionKind::Texts,
                    _ => QuestionKind::Data,
                },
                None if matches!(
                    ui(schema, "field").and_then(Value::as_str),
                    Some("MultiEntityPicker" | "EntityTagsPicker")
                ) =>
                {
                    QuestionKind::Texts
                }
                None => QuestionKind::Data,
            }
        }
        // A field of the portal's own gives text unless the schema says otherwise.
        None if ui(schema, "field").is_some() => QuestionKind::Text,
        _ => QuestionKind::Data,
    }
}

/// The choices of a schema that lists its values; any other kind for one that doesn't.
fn choices_of(schema: &Object) -> QuestionKind {
    if let Some(Value::Array(values)) = schema.get("enum") {
        let names = ui(schema, "enumNames").or_else(|| schema.get("enumNames")).and_then(Value::as_array);
        let choices = values.iter().enumerate().map(|(at, value)| {
            let name = names.and_then(|names| names.get(at)).filter(|name| truthy(Some(name)));
            Choice {
                value: value.clone(),
                title: name.map_or_else(|| messages::choice_title(value), messages::choice_title),
            }
        });
        return QuestionKind::Choice(choices.collect());
    }
    let choices = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array());
    let choices = choices.and_then(|choices| {
        let choice = |choice: &Value| {
            let value = constant(choice)?.clone();
            let title = choice.get("title").and_then(Value::as_str);
            Some(Choice {
                title: title.map_or_else(|| messages::choice_title(&value), str::to_string),
                value,
            })
        };
        choices.iter().map(choice).collect::<Option<Vec<_>>>()
    });
    choices.map_or(QuestionKind::Data, QuestionKind::Choice)
}

/// Describes the constraints on an answer.
fn rules(schema: &Object) -> Vec<String> {
    let mut rules = vec![];
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(Value::String(pattern)) = schema.get("pattern") {
        rules.push(messages::with_message(format!("matches {pattern}"), schema, "pattern"));
    }
    if let Some(Value::String(format)) = schema.get("format") {
        rules.push(messages::format_rule(format).trim_start_matches("must be ").to_string());
    }
    let exclusive = |key| schema.get(key) == Some(&Value::Bool(true));
    for (key, word, of) in [
        ("minimum", if exclusive("exclusiveMinimum") { "more than" } else { "at least" }, ""),
        ("maximum", if exclusive("exclusiveMaximum") { "less than" } else { "at most" }, ""),
        ("exclusiveMinimum", "more than", ""),
        ("exclusiveMaximum", "less than", ""),
        ("multipleOf", "a multiple of", ""),
        ("minLength", "at least", " characters"),
        ("maxLength", "at most", " characters"),
        ("minItems", "at least", " entries"),
        ("maxItems", "at most", " entries"),
    ] {
        if let Some(number) = number(key) {
            rules.push(format!("{word} {}{of}", messages::format_number(number)));
        }
    }
    rules
}
