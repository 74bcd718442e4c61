//! Errors of the template engine as problems at their places in a template.

use std::error::Error as _;
use std::ops::Range;

use minijinja::{Error, ErrorKind};

use crate::domain::findings::{Problem, SourceFile, nearest};

/// What a template may name, for `did you mean`.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Variables, dotted where they lie in others: `values.name`.
    pub variables: Vec<String>,
    pub filters: Vec<String>,
    pub functions: Vec<String>,
}

/// An error of the engine, at its place in the file.
pub fn problem(error: &Error, file: &SourceFile, names: &Names) -> Problem {
    let span = span(error, file.text());
    let named = file.text().get(span.clone()).unwrap_or_default().trim().to_string();
    let place = file.place(span);
    let detail = error.detail().map(str::to_string);
    let (code, message, known): (_, String, &[String]) = match error.kind() {
        ErrorKind::UndefinedError => ("undefined", format!("`{named}` is not defined"), &names.variables),
        ErrorKind::UnknownFilter => {
            ("unknown-filter", detail.unwrap_or_else(|| error.to_string()), &names.filters)
        }
        ErrorKind::UnknownFunction => {
            ("unknown-function", detail.unwrap_or_else(|| error.to_string()), &names.functions)
        }
        ErrorKind::SyntaxError => ("syntax", detail.unwrap_or_else(|| error.kind().to_string()), &[]),
        ErrorKind::OutOfFuel => {
            ("endless", "rendering this takes too long: a loop without an end?".into(), &[])
        }
        ErrorKind::WriteFailure => {
            let source = error.source().map(ToString::to_string);
            ("too-long", source.unwrap_or_else(|| error.to_string()), &[])
        }
        kind => ("template", detail.unwrap_or_else(|| kind.to_string()), &[]),
    };
    let mut problem = Problem::error(code, place, message);
    let word = match error.kind() {
        ErrorKind::UndefinedError => named,
        _ => named.rsplit('|').next().unwrap_or_default().trim().to_string(),
    };
    problem.did_you_mean = nearest(&word, known.iter().map(String::as_str));
    problem
}

/// The bytes of the template that an error is about; the whole line where only that is known.
fn span(error: &Error, text: &str) -> Range<usize> {
    if let Some(range) = error.range()
        && text.get(range.clone()).is_some()
    {
        return range;
    }
    let line = error.line().unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    start..start + length
}
