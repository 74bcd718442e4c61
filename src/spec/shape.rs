//! Checks the shape of each file against the schema, and says in plain words what is wrong.

use std::sync::LazyLock;

use billpay_model::findings::{Problem, SourceFile, nearest};
use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::node::{Content, Node};
use super::parse::is_absent;
use super::path::{Path, Step};
use super::schema;
use super::source::Sources;

static LAYER: LazyLock<Form> =
    LazyLock::new(|| Form::new(schema::layer().clone(), "a spec", "`null` to take out what shared.yaml has"));
static COMPLETE: LazyLock<Validator> = LazyLock::new(|| validator(schema::complete()));

fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .expect("the schema of our own types is valid")
}

/// Problems of a file for which it is searched what was probably meant; nobody reads more.
const MAX_ADVISED: usize = 100;

/// Shape of the files of one kind.
pub(super) struct Form {
    schema: Value,
    validator: Validator,
    /// Name of such a file, with its article.
    name: &'static str,
    /// Advice for a key without a value.
    instead: &'static str,
}

impl Form {
    pub(super) fn new(schema: Value, name: &'static str, instead: &'static str) -> Form {
        let validator = validator(&schema);
        Form { schema, validator, name, instead }
    }
}

/// Problems of a file's shape.
#[derive(Default)]
pub(super) struct ShapeProblems {
    pub problems: Vec<Problem>,
    /// Entries that are wrong, or were meant by wrong ones: they tell nothing about the rest.
    pub spoiled: Vec<Path>,
}

/// Checks the shape of a spec's file, as [`check`] does.
pub(super) fn check_layer(file: &SourceFile, node: &mut Node) -> ShapeProblems {
    check(&LAYER, file, node)
}

/// Checks the shape of a file, and takes out what is wrong, so that the rest can be checked further.
pub(super) fn check(form: &Form, file: &SourceFile, node: &mut Node) -> ShapeProblems {
    let mut flaws = ShapeProblems::default();
    absent(form, node, &Path::default(), &mut flaws);
    take_out(node, &flaws);
    let json = node.json();
    for error in form.validator.iter_errors(&json) {
        let path = instance_path(&error);
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                unexpected.iter().for_each(|key| unknown_key(form, node, &path, key, &mut flaws));
            }
            kind => {
                flaws.problems.push(wrong_value(form, file, node, &path, kind, &error));
                flaws.spoiled.push(path.entry());
            }
        }
    }
    take_out(node, &flaws);
    flaws
}

fn take_out(node: &mut Node, flaws: &ShapeProblems) {
    for path in &flaws.spoiled {
        node.remove(path);
    }
}

fn instance_path(error: &ValidationError<'_>) -> Path {
    let segments = error.instance_path().iter();
    segments
        .map(|segment| match segment {
            LocationSegment::Property(key) => Step::Key(key.into_owned()),
            LocationSegment::Index(index) => Step::Index(index),
        })
        .collect()
}

/// Finds keys without a value: neither a value nor a clear `null`.
fn absent(form: &Form, node: &Node, path: &Path, flaws: &mut ShapeProblems) {
    match &node.content {
        Content::Mapping(entries) => {
            for entry in entries {
                let path = path.key(&entry.key);
                if is_absent(&entry.value) {
                    let problem =
                        Problem::error("no-value", entry.place.clone(), format!("`{path}` has no value"))
                            .help(format!("write a value, `{{}}` for an empty mapping, or {}", form.instead));
                    flaws.problems.push(problem);
                    flaws.spoiled.push(path.entry());
                } else {
                    absent(form, &entry.value, &path, flaws);
                }
            }
        }
        Content::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| absent(form, item, &path.index(index), flaws));
        }
        _ => {}
    }
}

fn unknown_key(form: &Form, node: &Node, parent: &Path, key: &str, flaws: &mut ShapeProblems) {
    let path = parent.key(key);
    let Some(place) = node.at(parent).and_then(|node| node.entry(key)).map(|entry| entry.place.clone())
    else {
        return;
    };
    let known = schema::at(&form.schema, parent).unwrap_or(&Value::Null);
    let message = match parent.last() {
        None => format!("unknown key `{key}`"),
        Some(_) => format!("unknown key `{key}` in `{parent}`"),
    };
    let mut problem = Problem::error("unknown-key", place, message);
    flaws.spoiled.push(path.entry());
    if flaws.problems.len() >= MAX_ADVISED {
        flaws.problems.push(problem);
        return;
    }
    problem.did_you_mean = nearest(key, schema::keys(known));
    match &problem.did_you_mean {
        Some(meant) => flaws.spoiled.push(parent.key(meant).entry()),
        None => {
            let elsewhere: Vec<String> =
                schema::homes(&form.schema, key).iter().map(|path| format!("`{path}`")).collect();
            if !elsewhere.is_empty() {
                problem = problem.help(format!("there is {}: is it indented right?", elsewhere.join(", ")));
            }
        }
    }
    let allowed: Vec<&str> = schema::keys(known).collect();
    flaws.problems.push(problem.help(format!("known keys: {}", allowed.join(", "))));
}

fn wrong_value(
    form: &Form,
    file: &SourceFile,
    node: &Node,
    path: &Path,
    kind: &ValidationErrorKind,
    error: &ValidationError<'_>,
) -> Problem {
    let place = node.at(path).map_or_else(|| file.place(0..0), |node| node.place.clone());
    let schema = schema::at(&form.schema, path).unwrap_or(&Value::Null);
    let value = error.instance().as_ref();
    let written = file.text().get(place.span.clone()).unwrap_or_default();
    let found = found(value, written);
    let name = match path.last() {
        None => form.name.to_owned(),
        Some(_) => format!("`{path}`"),
    };
    let problem = |code, message| Problem::error(code, place.clone(), message);
    match kind {
        ValidationErrorKind::Type { .. } => {
            let problem = problem("wrong-type", format!("{name} must be {}, not {found}", expected(schema)));
            match cure(schema, value, written) {
                Some(cure) => problem.help(cure),
                None => problem,
            }
        }
        ValidationErrorKind::Enum { options } => {
            let allowed: Vec<String> = options.as_array().into_iter().flatten().map(word).collect();
            let mut problem = problem("not-allowed", format!("{name} cannot be {found}"));
            problem.did_you_mean =
                nearest(value.as_str().unwrap_or_default(), allowed.iter().map(String::as_str));
            problem.help(format!("allowed: {}", allowed.join(", ")))
        }
        ValidationErrorKind::Pattern { pattern } => {
            let must = schema["patternErrorMessage"].as_str().map(str::to_owned);
            let must = must.unwrap_or_else(|| format!("must look like {pattern}"));
            problem("bad-value", format!("{name} {must}, not {found}"))
        }
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            problem("out-of-range", format!("{name} cannot be {found}"))
                .help(format!("allowed: {}", range(schema)))
        }
        ValidationErrorKind::MinItems { limit } => {
            problem("too-few", format!("{name} needs {limit} or more items"))
        }
        ValidationErrorKind::MaxItems { limit } => {
            problem("too-many", format!("{name} takes {limit} items at most"))
        }
        _ => problem("bad-value", format!("{name}: {error}")),
    }
}

/// Describes the values that a schema takes.
fn expected(schema: &Value) -> &'static str {
    match schema["type"].as_str() {
        Some("string") => "text",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "`true` or `false`",
        Some("array") => "a list",
        _ => "a mapping",
    }
}

/// Describes a value, as it was written.
fn found(value: &Value, written: &str) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => written.to_owned(),
        Value::String(text) if text.len() > 80 || text.contains('\n') => "this text".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// Returns how to write what was probably meant.
fn cure(schema: &Value, value: &Value, written: &str) -> Option<String> {
    match (schema["type"].as_str()?, value) {
        // Who writes hundreds of CPUs means thousandths of one.
        ("string", Value::Number(number))
            if is_cpu(schema) && number.as_f64().is_some_and(|cpus| cpus >= 64.0) =>
        {
            Some(format!(
                "write \"{written}m\" for thousandths of a CPU; \"{written}\" would be {written} CPUs"
            ))
        }
        ("string", Value::Number(_) | Value::Bool(_)) => Some(format!("write it in quotes: \"{written}\"")),
        ("boolean", Value::String(text)) => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" => Some("write `true`".to_owned()),
            "no" | "off" | "n" => Some("write `false`".to_owned()),
            _ => None,
        },
        ("integer" | "number", Value::String(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("leave out the quotes: {text}"))
        }
        ("array", Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            Some(format!("write `[{written}]`"))
        }
        ("object", Value::Array(_)) => Some("write `name: …` lines instead of `- …` ones".to_owned()),
        _ => None,
    }
}

/// Returns whether a schema is that of an amount of CPU.
fn is_cpu(schema: &Value) -> bool {
    schema["patternErrorMessage"].as_str().is_some_and(|message| message.contains("number of CPUs"))
}

fn range(schema: &Value) -> String {
    match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, most) => format!("{} or less", most.unwrap_or_default()),
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Finds what an effective spec lacks: one problem for each mapping that is not complete.
pub(super) fn missing(sources: &Sources, tree: &Node, spoiled: &[Path]) -> Vec<Problem> {
    let json = tree.json();
    let mut lacking: Vec<(Path, Vec<Path>)> = Vec::new();
    for error in COMPLETE.iter_errors(&json) {
        let ValidationErrorKind::Required { property } = error.kind() else {
            continue;
        };
        let parent = instance_path(&error);
        let path = parent.key(property.as_str().unwrap_or_default());
        if spoiled.iter().any(|spoiled| path.touches(spoiled)) {
            continue;
        }
        match lacking.iter_mut().find(|(known, _)| *known == parent) {
            Some((_, paths)) => paths.push(path),
            None => lacking.push((parent, vec![path])),
        }
    }
    lacking.iter().flat_map(|(parent, paths)| missing_from(sources, tree, parent, paths)).collect()
}

fn missing_from(sources: &Sources, tree: &Node, parent: &Path, paths: &[Path]) -> Vec<Problem> {
    let (taken_out, absent): (Vec<_>, Vec<_>) = paths.iter().partition(|path| tree.at(path).is_some());
    let mut problems: Vec<Problem> = taken_out
        .into_iter()
        .filter_map(|path| {
            let place = tree.at(path)?.place.clone();
            Some(Problem::error(
                "missing",
                place,
                format!("`{path}` is needed, so `null` cannot take it out"),
            ))
        })
        .collect();
    if absent.is_empty() {
        return problems;
    }
    let names: Vec<String> = absent.iter().map(|path| format!("`{path}`")).collect();
    let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    let message = format!("{} {are} missing", names.join(", "));
    let mut problem = match tree.entry_at(parent) {
        Some(entry) => Problem::error("missing", entry.place.clone(), message)
            .help(format!("add {them} under `{parent}`")),
        None => {
            let file = &sources.environment;
            let start = file.text().find(|c: char| !c.is_whitespace()).unwrap_or(0);
            Problem::error("missing", file.place(start..start), message).help(format!(
                "add {them} at the top level of {}, or of shared.yaml for all environments",
                file.name()
            ))
        }
    };
    // What each is for helps with a few; a whole file is better begun from the schema.
    for path in absent.into_iter().take(if names.len() <= 4 { 4 } else { 0 }) {
        let about = schema::at(schema::layer(), path).and_then(|schema| schema["description"].as_str());
        problem = match about {
            Some(about) => problem.help(format!("`{path}`: {about}")),
            None => problem,
        };
    }
    problems.push(problem);
    problems
}
