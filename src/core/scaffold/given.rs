//! The answers that a request gives: those of a file, then each `name=value`.

use std::fs::File;
use std::path::Path;

use billpay_host::reading::read_input;
use billpay_model::findings::nearest;
use billpay_scaffold::question::{path_of, put_answer};
use billpay_scaffold::{Answers, Choice, Question, QuestionKind, yaml};
use serde_json::Value;

use super::{Error, Interviewer};

/// Reads answers from a file, `-` for standard input, and lets `sets` overrule them.
///
/// Reads the answers of `--set`, each of its question's type: to a question for text, `1.0` is text.
pub(super) fn given(
    sets: &[String],
    values: Option<&Path>,
    questions: &[Question],
    interviewer: &dyn Interviewer,
) -> Result<Answers, Error> {
    let mut answers = match values {
        Some(path) => file(path)?,
        None => Answers::new(),
    };
    let mut wrong = vec![];
    for set in sets {
        match one(set, questions, interviewer) {
            Ok((name, value)) => put_answer(&mut answers, name, value),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(answers) } else { Err(Error::GivenAnswers(wrong)) }
}

fn file(path: &Path) -> Result<Answers, Error> {
    let is_input = path.as_os_str() == "-";
    let source = if is_input { "standard input".to_string() } else { path.display().to_string() };
    let fail = |why: String| Error::AnswerFile { source_name: source.clone(), why };
    let limit = yaml::ANSWERS.bytes;
    let text = if is_input {
        read_input(std::io::stdin(), limit)
    } else {
        File::open(path).and_then(|file| read_input(file, limit))
    };
    let text = text.map_err(|error| fail(error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}');
    // An empty file gives no answers.
    let nothing = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if nothing {
        return Ok(Answers::new());
    }
    match yaml::from_str(text).map_err(|error| fail(error.to_string()))? {
        Value::Object(answers) => Ok(answers),
        Value::Null => Ok(Answers::new()),
        _ => Err(fail("it has to be names with their answers, like `owner: payments`".to_string())),
    }
}

/// One `name=value`.
fn one<'s>(
    set: &'s str,
    questions: &[Question],
    interviewer: &dyn Interviewer,
) -> Result<(&'s str, Value), String> {
    let Some((name, text)) = set.split_once('=') else {
        return Err(format!("`{set}` gives no value: write --set {set}=…"));
    };
    let name = name.trim();
    if name.is_empty() || path_of(name).iter().any(String::is_empty) {
        return Err(format!("`{set}` gives no name: write --set name=…"));
    }
    let within = |whole: &str, part: &str| part.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'));
    let same = |question: &&Question| question.name == name || within(&question.name, name);
    if questions.iter().any(|question| question.secret && same(&question)) {
        interviewer.hide(&text.into());
    }
    if let Some(question) = questions.iter().find(|question| question.name == name) {
        return Ok((name, parse_typed(text, question).map_err(|why| format!("{name}: {why}"))?));
    }
    let known = questions.iter().any(|question| {
        let free = question.kind == QuestionKind::Data && within(&question.name, name);
        free || within(name, &question.name)
    });
    if known {
        return Ok((name, parse_yaml(text).map_err(|why| format!("{name}: {why}"))?));
    }
    let meant = nearest(name, questions.iter().map(|question| question.name.as_str()));
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    Err(format!("{name}: is not asked for by this template{meant}"))
}

/// Parses a value of the type that a question asks for; one that isn't of it stays text, to be refused
/// with what is right.
///
/// # Errors
/// Fails if a list or data isn't YAML.
pub fn parse_typed(text: &str, question: &Question) -> Result<Value, String> {
    let plain = text.trim();
    Ok(match &question.kind {
        QuestionKind::Text => text.into(),
        QuestionKind::Choice(choices) => chosen(text, choices),
        _ if plain.is_empty() && !matches!(question.kind, QuestionKind::Texts | QuestionKind::Several(_)) => {
            text.into()
        }
        QuestionKind::Integer | QuestionKind::Number => number(plain).unwrap_or_else(|| text.into()),
        QuestionKind::YesNo => match plain.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" => true.into(),
            "false" | "no" | "n" | "off" => false.into(),
            _ => text.into(),
        },
        QuestionKind::Texts => texts(plain)?.into(),
        QuestionKind::Several(choices) => {
            let texts = texts(plain)?;
            texts.iter().map(|text| chosen(&to_text(text), choices)).collect()
        }
        QuestionKind::Data => parse_yaml(text)?,
    })
}

/// The choice that is written so; a title is as good as the value.
fn chosen(text: &str, choices: &[Choice]) -> Value {
    let by_value = choices.iter().find(|choice| to_text(&choice.value) == text);
    let found = by_value.or_else(|| choices.iter().find(|choice| choice.title == text));
    found.map_or_else(|| text.into(), |choice| choice.value.clone())
}

/// `a, b`, or a list in YAML.
fn texts(text: &str) -> Result<Vec<Value>, String> {
    if text.starts_with('[') {
        return match parse_yaml(text)? {
            Value::Array(items) => Ok(items),
            _ => Err("has to be a list".to_string()),
        };
    }
    Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    serde_json::Number::from_f64(float).map(Value::Number)
}

/// Parses a value in YAML.
///
/// # Errors
/// Fails if the text isn't YAML.
pub fn parse_yaml(text: &str) -> Result<Value, String> {
    yaml::from_str(text).map_err(|error| format!("is not YAML: {error}"))
}

/// Returns a value as it is given on a command line.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
