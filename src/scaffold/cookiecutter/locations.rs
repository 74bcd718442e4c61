//! Locations of problems in a template's files.

use std::ops::Range;

use billpay_model::findings::{Problem, SourceFile, nearest};

use super::jinja::Fault;
use crate::TemplateError;

/// Returns the place of a key, or of the text that is its value, in a JSON file.
pub fn in_json(file: &SourceFile, key: &str, text: Option<&str>) -> Range<usize> {
    let literal = |text: &str| serde_json::Value::from(text).to_string();
    let source = file.text();
    let quoted = literal(key);
    let key_at = source.find(&quoted).unwrap_or_default();
    let behind = source.get(key_at..).unwrap_or_default();
    let found = text
        .and_then(|text| behind.find(&literal(text)).map(|at| key_at + at + 1..key_at + at + 1 + text.len()));
    found.unwrap_or(key_at..key_at + quoted.len())
}

/// A problem with a setting.
pub fn wrong_setting(file: &SourceFile, key: &str, word: Option<&str>, message: String) -> TemplateError {
    let place = file.place(in_json(file, key, word));
    TemplateError::at(Problem::error("setting", place, message), file)
}

/// Returns a fault of the engine as an error at its place; `base` is the offset of its text in the file.
pub fn error(fault: &Fault, file: &SourceFile, base: usize) -> TemplateError {
    let span = fault.span.clone().unwrap_or_default();
    let place = file.place(span.start + base..span.end + base);
    let hints: Vec<String> = fault.hint.iter().cloned().collect();
    if fault.is_refusal {
        return TemplateError::Refused { why: format!("{place}: {}", fault.message), hints };
    }
    let mut problem = Problem::error(fault.code, place, fault.message.clone());
    problem.did_you_mean = nearest(&fault.word, fault.known.iter().map(String::as_str));
    problem.help = hints;
    TemplateError::at(problem, file)
}
