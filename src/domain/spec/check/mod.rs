//! What a spec means: checks that no schema can express.
//!
//! A check looks at an [`Environment`] alone and says in terms of paths what is wrong;
//! [`load`](super::load) finds the places in the files.

use jiff::civil::Date;

use super::path::Path;
use super::problem::Severity;
use super::suggest;
use super::types::Environment;

/// What a finding points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// The key of an entry.
    Key(Path),
    /// A value.
    Value(Path),
}

impl Spot {
    pub fn path(&self) -> &Path {
        match self {
            Spot::Key(path) | Spot::Value(path) => path,
        }
    }
}

/// Something that a check found out about an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    pub spot: Spot,
    pub label: Option<String>,
    pub related: Vec<(Spot, String)>,
    pub did_you_mean: Option<String>,
    pub help: Vec<String>,
}

impl Finding {
    fn error(code: &'static str, spot: Spot, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Error,
            code,
            message: message.into(),
            spot,
            label: None,
            related: Vec::new(),
            did_you_mean: None,
            help: Vec::new(),
        }
    }

    fn warning(code: &'static str, spot: Spot, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(code, spot, message) }
    }

    fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = Some(label.into());
        self
    }

    fn related(mut self, spot: Spot, message: impl Into<String>) -> Finding {
        self.related.push((spot, message.into()));
        self
    }

    fn help(mut self, help: impl Into<String>) -> Finding {
        self.help.push(help.into());
        self
    }

    /// Adds which of the known names was probably meant, and which there are.
    fn known<'n>(mut self, word: &str, names: impl IntoIterator<Item = &'n String>) -> Finding {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        self.did_you_mean = suggest::nearest(word, names.iter().copied());
        match names.is_empty() {
            true => self.help("there are none"),
            false => self.help(format!("there are: {}", names.join(", "))),
        }
    }

    /// All that the finding is about.
    pub fn spots(&self) -> impl Iterator<Item = &Spot> {
        [&self.spot].into_iter().chain(self.related.iter().map(|(spot, _)| spot))
    }
}

/// Points at a value.
fn value<const N: usize>(keys: [&str; N]) -> Spot {
    Spot::Value(Path::of(keys))
}

/// Points at an item of a list.
fn item<const N: usize>(keys: [&str; N], index: usize) -> Spot {
    Spot::Value(Path::of(keys).index(index))
}

/// Points at a key.
fn key<const N: usize>(keys: [&str; N]) -> Spot {
    Spot::Key(Path::of(keys))
}

/// Finds everything that is wrong, or worth a warning, in an environment; `file` is its file's name.
pub(super) fn check(env: &Environment, file: &str, today: Date) -> Vec<Finding> {
    let mut found = Vec::new();
    found
}
