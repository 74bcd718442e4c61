//! A problem of a file, its place, and its cure.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::render;
use super::source::SourceFile;
use crate::plural;

/// Most problems that are shown at once; nobody reads more.
const MAX_SHOWN: usize = 100;

/// Most bytes of lines that are shown with them: each of a file of one line shows all of it.
const MAX_LINES: usize = 1 << 20;

/// Most warnings that are kept of one run.
const MAX_WARNINGS: usize = 1_000;

/// Severity of a problem: an error stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// The bytes of the file that are meant.
    #[serde(skip)]
    pub span: Range<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Another place that a problem has to do with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RelatedPlace {
    #[serde(flatten)]
    pub place: Place,
    pub message: String,
}

/// One thing in a file that is wrong, or worth a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    pub severity: Severity,
    /// Short, stable name of the rule, such as `unknown-key`.
    pub code: &'static str,
    /// Message, one line.
    pub message: String,
    #[serde(flatten)]
    pub place: Place,
    /// Remark about the place itself, shown at the caret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub related: Vec<RelatedPlace>,
    /// The key or value that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// Advice, and the values that are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub help: Vec<String>,
}

impl Problem {
    /// Makes an error at a place.
    pub fn error(code: &'static str, place: Place, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            code,
            message: message.into(),
            place,
            label: None,
            related: Vec::new(),
            did_you_mean: None,
            help: Vec::new(),
        }
    }

    /// Makes a warning at a place.
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(code, place, message) }
    }

    /// Adds what to know about the place.
    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help.push(help.into());
        self
    }

    /// Adds another place that has to do with it.
    pub fn related(mut self, place: Place, message: impl Into<String>) -> Problem {
        self.related.push(RelatedPlace { place, message: message.into() });
        self
    }

    /// Shows the problem in the style of rustc, with the lines that it is about.
    pub fn render(&self, files: &[SourceFile], color: bool) -> String {
        render::problem(self, files, color)
    }
}

/// Problems together with the files that they are in, so that they can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    pub problems: Vec<Problem>,
    pub files: Vec<SourceFile>,
}

impl Findings {
    /// Returns one problem and the file that it is in.
    pub fn one(problem: Problem, file: &SourceFile) -> Findings {
        Findings { problems: vec![problem], files: vec![file.clone()] }
    }

    /// Shows the problems, one after the other, in the style of rustc.
    pub fn render(&self, color: bool) -> String {
        let (mut shown, mut lines) = (vec![], 0);
        for problem in self.problems.iter().take(MAX_SHOWN) {
            if lines > MAX_LINES {
                break;
            }
            lines += render::extent(problem, &self.files);
            shown.push(problem.render(&self.files, color));
        }
        let left = self.problems.len() - shown.len();
        shown.extend((left > 0).then(|| format!("… and {left} more")));
        shown.join("\n\n")
    }

    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Counts the errors, in words; warnings are shown beside them and stop nothing.
    pub fn count(&self) -> String {
        let errors = self.problems.iter().filter(|problem| problem.severity == Severity::Error);
        plural::count(errors.count(), "problem")
    }

    /// Adds a warning, once for each place; beyond [`MAX_WARNINGS`] it is left out.
    pub fn warn(&mut self, problem: Problem, file: &SourceFile) {
        let known = |other: &Problem| other.place == problem.place && other.code == problem.code;
        if self.problems.len() >= MAX_WARNINGS || self.problems.iter().any(known) {
            return;
        }
        self.problems.push(Problem { severity: Severity::Warning, ..problem });
        if !self.files.contains(file) {
            self.files.push(file.clone());
        }
    }

    /// Adds the warnings of others, as [`Findings::warn`] does.
    pub fn warn_all(&mut self, others: Findings) {
        for problem in others.problems {
            if let Some(file) = others.files.iter().find(|file| file.name() == problem.place.file) {
                self.warn(problem, file);
            }
        }
    }

    /// Makes errors of all warnings.
    pub fn into_errors(mut self) -> Findings {
        self.problems.iter_mut().for_each(|problem| problem.severity = Severity::Error);
        self
    }

    /// Takes in the problems of others; a file that is there already stays once.
    pub fn extend(&mut self, others: Findings) {
        self.problems.extend(others.problems);
        for file in others.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
    }
}

/// One line a problem, with its place.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.problems.iter().map(|it| format!("{}: {}", it.place, it.message)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Findings {}
