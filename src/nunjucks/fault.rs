//! Errors of reading and rendering a template.

use std::ops::Range;
use std::sync::Arc;

use billpay_model::findings::{Problem, SourceFile};

/// Error of a template, with its place in the text.
#[derive(Debug, Clone)]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
    /// The bytes of the text that it is about; not known yet where a filter fails.
    pub span: Option<Range<usize>>,
    pub did_you_mean: Option<String>,
    pub help: Option<String>,
}

pub type Outcome<T> = Result<T, Box<Fault>>;

/// An undefined name.
#[derive(Debug, Clone, PartialEq)]
pub struct UndefinedName {
    /// As the template says it, dotted: `values.nmae`.
    pub name: String,
    pub span: Range<usize>,
    pub did_you_mean: Option<String>,
}

impl Fault {
    /// Returns the error of a filter, a method or an operator.
    pub fn fail<T>(message: impl Into<String>) -> Outcome<T> {
        Err(Box::new(Fault::of("template", message)))
    }

    /// Returns the refusal of a feature that can't be rendered as in the portal.
    pub fn unlike<T>(message: impl Into<String>) -> Outcome<T> {
        Err(Box::new(Fault::of("unlike-portal", message)))
    }

    pub fn syntax<T>(span: Range<usize>, message: impl Into<String>) -> Outcome<T> {
        Err(Box::new(Fault { span: Some(span), ..Fault::of("syntax", message) }))
    }

    pub fn of(code: &'static str, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), span: None, did_you_mean: None, help: None }
    }

    /// The problem that an undefined name is, before anybody decides how severe it is.
    pub fn undefined_fault(missing: &UndefinedName) -> Fault {
        let root = !missing.name.contains(['.', '[']);
        let help = workflow_help(&missing.name).filter(|_| root);
        Fault {
            span: Some(missing.span.clone()),
            did_you_mean: missing.did_you_mean.clone().filter(|_| help.is_none()),
            help,
            ..Fault::of("undefined", format!("`{}` is not defined", missing.name))
        }
    }

    /// Something that is not there, used as if it were.
    pub fn undefined<T>(missing: Option<&Arc<UndefinedName>>) -> Outcome<T> {
        let Some(missing) = missing else {
            return Err(Box::new(Fault::of("undefined", "this is not defined")));
        };
        Err(Box::new(Fault::undefined_fault(missing)))
    }

    pub fn problem(self, file: &SourceFile) -> Problem {
        let mut problem = Problem::error(self.code, file.place(self.span.unwrap_or(0..0)), self.message);
        problem.did_you_mean = self.did_you_mean;
        if let Some(help) = self.help {
            problem = problem.help(help);
        }
        problem
    }
}

/// Names that expressions of GitHub Actions begin with.
const WORKFLOW_NAMES: &[&str] = &[
    "github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs",
    "inputs",
];

/// Functions of such expressions.
const WORKFLOW_CALLS: &[&str] = &[
    "hashFiles",
    "fromJSON",
    "toJSON",
    "contains",
    "startsWith",
    "endsWith",
    "format",
    "always",
    "cancelled",
];

/// Returns a hint for writing an expression of GitHub Actions in a template, if this is probably one.
pub fn workflow_help(expression: &str) -> Option<String> {
    let expression = expression.trim().trim_start_matches(['!', '(', ' ']);
    let end = expression.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(expression.len());
    let (word, rest) = expression.split_at(end);
    let called = WORKFLOW_CALLS.contains(&word) && (rest.is_empty() || rest.starts_with('('));
    let named = WORKFLOW_NAMES.contains(&word) && (rest.is_empty() || rest.starts_with(['.', '[']));
    (called || named).then(|| {
        format!(
            "if `{word}` is meant for GitHub Actions, put the text between {{% raw %}} and {{% endraw %}}, or write \
             ${{{{ '${{{{' }}}} {word}… }}}}"
        )
    })
}

/// Sets the place of a fault, unless it is known.
pub trait At {
    fn at(self, span: &Range<usize>) -> Self;
}

impl<T> At for Outcome<T> {
    fn at(self, span: &Range<usize>) -> Outcome<T> {
        self.map_err(|mut fault| {
            fault.span.get_or_insert_with(|| span.clone());
            fault
        })
    }
}
