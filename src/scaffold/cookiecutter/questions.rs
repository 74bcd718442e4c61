//! Questions of a template, and its variables for given answers.

use minijinja::Value as Jinja;
use serde_json::{Map, Value};

use super::convert::{number, to_texts};
use super::jinja::{Engine, dictionary};
use super::locations::{error, in_json};
use super::{Level, to_text, wrong_answer};
use crate::{AnswerFault, Answers, Choice, Question, QuestionKind, RenderOptions, TemplateError};

/// Wrong answers for which it is searched what was probably meant.
const MAX_ADVISED: usize = 100;

/// Words for yes and no.
const YES: &[&str] = &["1", "true", "t", "yes", "y", "on"];
const NO: &[&str] = &["0", "false", "f", "no", "n", "off"];

/// Result of a walk through the variables.
struct Walk {
    /// The variables so far, as templates see them.
    variables: Map<String, Value>,
    /// The questions that there were, with defaults as the answers make them.
    questions: Vec<Question>,
    /// The first of them that has no answer.
    open: Option<Question>,
    faults: Vec<AnswerFault>,
}

/// The first question that is open.
pub fn next(
    level: &Level,
    answers: &Answers,
    options: &RenderOptions,
) -> Result<Option<Question>, TemplateError> {
    let walk = walk(level, answers, true, options)?;
    if walk.faults.is_empty() { Ok(walk.open) } else { Err(TemplateError::Answers(walk.faults)) }
}

/// All questions there are; without a seed, random defaults are examples.
pub fn all(level: &Level, options: &RenderOptions) -> Result<Vec<Question>, TemplateError> {
    let options = RenderOptions { seed: options.seed.or(Some(0)), ..options.clone() };
    Ok(walk(level, &Answers::new(), false, &options)?.questions)
}

/// The answers with all defaults, if they are right; `also` are names that are answers elsewhere.
pub fn complete(
    level: &Level,
    answers: &Answers,
    also: &[String],
    options: &RenderOptions,
) -> Result<Answers, TemplateError> {
    let mut walk = walk(level, answers, false, options)?;
    let names: Vec<String> = level.config.public_variables().map(|(name, _)| name.clone()).collect();
    for name in answers.keys().filter(|name| !also.contains(name) && !names.contains(name)) {
        let candidates = if walk.faults.len() < MAX_ADVISED { names.as_slice() } else { &[] };
        walk.faults.push(wrong_answer(name, "the template doesn't ask for this".to_string(), candidates));
    }
    if !walk.faults.is_empty() {
        return Err(TemplateError::Answers(walk.faults));
    }
    let complete =
        names.into_iter().filter_map(|name| walk.variables.get(&name).cloned().map(|value| (name, value)));
    Ok(complete.filter(|(_, value)| !value.is_null()).collect())
}

/// All variables as templates see them, in the order of the template.
pub fn variables(
    level: &Level,
    answers: &Answers,
    options: &RenderOptions,
) -> Result<Map<String, Value>, TemplateError> {
    let walk = walk(level, answers, false, options)?;
    if !walk.faults.is_empty() {
        return Err(TemplateError::Answers(walk.faults));
    }
    let names = level.config.variables.keys();
    Ok(names.map(|name| (name.clone(), walk.variables.get(name).cloned().unwrap_or(Value::Null))).collect())
}

/// Renders what variables are made from.
struct Renderer<'l> {
    level: &'l Level,
    engine: Engine,
}

impl Renderer<'_> {
    fn value(&self, key: &str, raw: &Value, variables: &Map<String, Value>) -> Result<Value, TemplateError> {
        Ok(match raw {
            Value::Null | Value::Bool(_) => raw.clone(),
            Value::Number(size) => Value::String(number(size)),
            Value::String(text) if self.level.config.syntax.is_plain(text) => {
                Value::String(text.replace("\r\n", "\n").replace('\r', "\n"))
            }
            Value::String(text) => {
                let context = Jinja::from_pairs([("cookiecutter", dictionary(variables, &|_| true))]);
                let source = text.replace("\r\n", "\n").replace('\r', "\n");
                let output = self.engine.render(key, &source, &context);
                Value::String(output.map_err(|fault| {
                    let file = &self.level.config.file;
                    error(&fault, file, in_json(file, key, Some(text)).start)
                })?)
            }
            Value::Array(items) => {
                items.iter().map(|item| self.value(key, item, variables)).collect::<Result<_, _>>()?
            }
            Value::Object(entries) => {
                let mut output = Map::new();
                for (name, value) in entries {
                    let name = to_text(&self.value(key, &Value::String(name.clone()), variables)?);
                    output.insert(name, self.value(key, value, variables)?);
                }
                Value::Object(output)
            }
        })
    }
}

/// Goes through the variables: first all but the dicts, which may be made from the others.
fn walk(
    level: &Level,
    answers: &Answers,
    stop: bool,
    options: &RenderOptions,
) -> Result<Walk, TemplateError> {
    let engine = level.engine(Box::new(|_| None), options)?;
    let renderer = Renderer { level, engine };
    let mut walk = Walk { variables: Map::new(), questions: vec![], open: None, faults: vec![] };
    let variables = &level.config.variables;
    for (name, raw) in variables {
        let is_rendered = name.starts_with("__");
        if name.starts_with('_') {
            let value = if is_rendered { renderer.value(name, raw, &walk.variables)? } else { raw.clone() };
            walk.variables.insert(name.clone(), value);
        } else if !raw.is_object() && ask(&renderer, &mut walk, name, raw, answers, stop)? {
            return Ok(walk);
        }
    }
    for (name, raw) in variables.iter().filter(|(_, raw)| raw.is_object()) {
        if name.starts_with("__") {
            let value = renderer.value(name, raw, &walk.variables)?;
            walk.variables.insert(name.clone(), value);
        } else if !name.starts_with('_') && ask(&renderer, &mut walk, name, raw, answers, stop)? {
            return Ok(walk);
        }
    }
    Ok(walk)
}

/// Takes the answer to one question, or its default; whether to stop, since it is open.
fn ask(
    renderer: &Renderer<'_>,
    walk: &mut Walk,
    name: &str,
    raw: &Value,
    answers: &Answers,
    stop: bool,
) -> Result<bool, TemplateError> {
    let default = renderer.value(name, raw, &walk.variables)?;
    let question = question(renderer.level, name, raw, &default)?;
    let value = match (answers.get(name), &question.kind) {
        (None, _) if stop => {
            walk.open = Some(question);
            return Ok(true);
        }
        (None, QuestionKind::Choice(choices)) => {
            choices.first().map_or(Value::Null, |choice| choice.value.clone())
        }
        (None, _) => default,
        (Some(answer), _) => match read_answer(&question, raw, &default, answer) {
            Ok(value) => value,
            Err(why) => {
                walk.faults.push(wrong_answer(name, why, &[]));
                default
            }
        },
    };
    walk.variables.insert(name.to_string(), value);
    walk.questions.push(question);
    Ok(false)
}

fn question(level: &Level, name: &str, raw: &Value, default: &Value) -> Result<Question, TemplateError> {
    let prompt = level.config.prompts.get(name);
    let title = match prompt {
        Some(Value::String(title)) if !title.is_empty() => title.clone(),
        Some(Value::Object(labels)) => labels.get("__prompt__").map_or_else(|| name.to_string(), to_text),
        _ => name.to_string(),
    };
    let label = |value: &Value| {
        let label = prompt.and_then(Value::as_object).and_then(|labels| labels.get(&to_text(value)));
        label.map_or_else(|| to_text(value), to_text)
    };
    let (kind, default) = match (raw, default) {
        (_, Value::Array(choices)) if choices.is_empty() => {
            let message = format!("`{name}` is a choice of nothing");
            return Err(super::locations::wrong_setting(&level.config.file, name, None, message));
        }
        (_, Value::Array(choices)) => {
            let choice = |value: &Value| Choice { value: value.clone(), title: label(value) };
            (QuestionKind::Choice(choices.iter().map(choice).collect()), choices.first())
        }
        (Value::Bool(_), default) => (QuestionKind::YesNo, Some(default)),
        (Value::Object(_), default) => (QuestionKind::Data, Some(default)),
        (Value::Null, _) => (QuestionKind::Text, None),
        (_, default) => (QuestionKind::Text, Some(default)),
    };
    Ok(Question {
        name: name.to_string(),
        title,
        help: None,
        page: None,
        kind,
        default: default.cloned(),
        required: !raw.is_null(),
        secret: false,
        conditional: false,
        rules: vec![],
    })
}

/// Returns the value of a variable for an answer; tags in answers are plain text.
fn read_answer(question: &Question, raw: &Value, default: &Value, answer: &Value) -> Result<Value, String> {
    let quote = || format!("`{}`", to_text(answer));
    match &question.kind {
        QuestionKind::YesNo => yes_or_no(answer).ok_or_else(|| format!("{} is neither yes nor no", quote())),
        QuestionKind::Choice(choices) => {
            let value = to_texts(answer);
            let is_same =
                |choice: &&Choice| choice.value == value || to_text(&choice.value) == to_text(&value);
            let as_written = || {
                let at = raw.as_array()?.iter().position(|raw| *raw == *answer)?;
                choices.get(at)
            };
            let found = choices.iter().find(is_same).or_else(as_written);
            let options =
                || choices.iter().map(|choice| to_text(&choice.value)).collect::<Vec<_>>().join(", ");
            found
                .map(|choice| choice.value.clone())
                .ok_or_else(|| format!("{} is not one of {}", quote(), options()))
        }
        QuestionKind::Data => {
            let data = match answer {
                Value::String(text) => serde_json::from_str(text).ok(),
                other => Some(other.clone()),
            };
            let Some(Value::Object(entries)) = data else {
                return Err(format!("{} is no dictionary, written as JSON", quote()));
            };
            let mut result = default.clone();
            merge(&mut result, &to_texts(&Value::Object(entries)));
            Ok(result)
        }
        _ => match answer {
            Value::Null if question.required => Ok(default.clone()),
            Value::Array(_) | Value::Object(_) => Err(format!("{} is no text", quote())),
            other => Ok(to_texts(other)),
        },
    }
}

fn yes_or_no(answer: &Value) -> Option<Value> {
    let text = match answer {
        Value::Bool(yes) => return Some(Value::Bool(*yes)),
        other => to_text(other).trim().to_lowercase(),
    };
    match (YES.contains(&text.as_str()), NO.contains(&text.as_str())) {
        (true, _) => Some(Value::Bool(true)),
        (_, true) => Some(Value::Bool(false)),
        _ => None,
    }
}

/// Puts an answer's entries into a dictionary; dictionaries in it likewise.
fn merge(into: &mut Value, answer: &Value) {
    match (into, answer) {
        (Value::Object(into), Value::Object(answer)) => {
            for (name, value) in answer {
                match into.get_mut(name) {
                    Some(entry) => merge(entry, value),
                    None => drop(into.insert(name.clone(), value.clone())),
                }
            }
        }
        (into @ Value::Bool(_), answer) => *into = yes_or_no(answer).unwrap_or_else(|| answer.clone()),
        (into, answer) => into.clone_from(answer),
    }
}
