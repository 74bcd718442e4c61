//! The values of `template.yaml`, rendered: a step's input, its condition, the output.

use std::cell::RefCell;
use std::ops::Range;

use billpay_model::findings::{Findings, Problem, Severity, SourceFile};
use billpay_nunjucks::{Context, Nunjucks};
use serde_json::{Map, Value};

use super::document::{Content, Node, in_order};
use super::references::{Reference, has_tags, references};
use super::spec::{Spec, place_in};
use crate::TemplateError;

/// Renders values of a `template.yaml`, with errors at their places in it.
pub(super) struct Values<'a> {
    pub spec: &'a Spec,
    pub nunjucks: &'a Nunjucks,
    pub context: &'a Context,
    /// Values that the context was made from.
    pub known: &'a Map<String, Value>,
    /// The steps of which the outputs are all known.
    pub complete: &'a dyn Fn(&str) -> bool,
    pub warnings: &'a RefCell<Findings>,
    /// Makes warnings errors.
    pub strict: bool,
}

impl Values<'_> {
    /// A value, rendered; `None` for what an expression alone gives that stands for nothing,
    /// as the portal leaves such an input out.
    pub fn value(&self, node: &Node) -> Result<Option<Value>, TemplateError> {
        match &node.content {
            Content::Text(text) if has_tags(text) => self.text(text, &node.span),
            Content::List(items) => {
                let mut values = vec![];
                for item in items {
                    // The portal leaves a gap, which prints as null does.
                    let value = match self.value(item)? {
                        None => self.warn(self.undefined(item)).map(|()| Value::Null)?,
                        Some(value) => value,
                    };
                    values.push(value);
                }
                Ok(Some(Value::Array(values)))
            }
            Content::Mapping(entries) => {
                let mut object = Map::new();
                for entry in entries {
                    if let Some(value) = self.value(&entry.value)? {
                        object.insert(entry.key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(in_order(object))))
            }
            _ => Ok(Some(node.to_json())),
        }
    }

    fn text(&self, text: &str, span: &Range<usize>) -> Result<Option<Value>, TemplateError> {
        let file = SourceFile::new(self.spec.file.name(), text);
        let value = self.nunjucks.optional_value(&file, self.context);
        let value = value.map_err(|error| self.at_its_place(*error, text, span))?;
        for problem in self.nunjucks.take_warnings().problems {
            self.warn(self.placed(problem, text, span))?;
        }
        if value.is_none()
            && let Some(reference) = references(text).iter().find(|reference| reference.alone)
            && let Some((why, help)) = self.never(reference)
        {
            let span = place_in(self.spec.file.text(), span, text, &reference.span);
            let problem = Problem::warning("undefined", self.spec.file.place(span), why);
            self.warn(problem.help(help))?;
        }
        Ok(value)
    }

    /// Adds a warning, which is an error where rendering is strict.
    fn warn(&self, problem: Problem) -> Result<(), TemplateError> {
        if self.strict {
            let problem = Problem { severity: Severity::Error, ..problem };
            return Err(TemplateError::at(problem, &self.spec.file));
        }
        self.warnings.borrow_mut().warn(problem, &self.spec.file);
        Ok(())
    }

    /// A warning about a text of the file, at its place in the whole file.
    fn placed(&self, problem: Problem, text: &str, span: &Range<usize>) -> Problem {
        let file = &self.spec.file;
        let place = file.place(place_in(file.text(), span, text, &problem.place.span));
        let root = problem.message.trim_start_matches('`').split(['.', '[', '`']).next().unwrap_or_default();
        let help = match root {
            "user" | "secrets" | "environment" | "context" => only_in_the_portal(root).map(str::to_string),
            _ => None,
        };
        let help = help.map_or(problem.help.clone(), |help| vec![help]);
        Problem { place, help, ..problem }
    }

    /// Returns the message and hint for an undefined name, if it is a mistake; empty answers and the portal's own values are
    /// not.
    fn never(&self, reference: &Reference) -> Option<(String, String)> {
        let name = reference.path.join(".");
        let parts: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["parameters"] | ["steps", ..] if parts.len() < 3 => None,
            ["parameters", first, .., last] => {
                let answered = self.known.get("parameters").and_then(|answers| answers.get(*first));
                let asked = self.spec.asked.as_ref()?;
                let wrong = answered.is_some_and(Value::is_object) && !asked.contains(*last);
                wrong.then(|| (format!("`{name}` is not defined"), format!("no page asks for `{last}`")))
            }
            ["parameters", _] => None,
            ["steps", id, ..] => {
                let help = "billpay knows all outputs of that step".to_string();
                (self.complete)(id)
                    .then(|| (format!("`{name}` is not defined: the step gives no such output"), help))
            }
            ["context", ..] => {
                let help = only_in_the_portal("context").unwrap_or_default();
                Some((format!("`{name}` is another one each time"), help.into()))
            }
            [root, ..] if only_in_the_portal(root).is_some() => {
                let help = only_in_the_portal(root).unwrap_or_default();
                Some((format!("`{name}` is known in the portal only"), help.into()))
            }
            _ => Some((
                format!("`{name}` is not defined"),
                "steps know parameters, steps, each, user and context".into(),
            )),
        }
    }

    fn undefined(&self, node: &Node) -> Problem {
        let text = node.text().unwrap_or_default().trim();
        let place = self.spec.file.place(node.span.clone());
        Problem::warning("undefined", place, format!("`{text}` gives nothing"))
    }

    /// An error in a text of the file, at its place in the whole file.
    fn at_its_place(&self, mut findings: Findings, text: &str, span: &Range<usize>) -> TemplateError {
        let file = &self.spec.file;
        for problem in findings.problems.iter_mut().filter(|problem| problem.place.file == file.name()) {
            problem.place = file.place(place_in(file.text(), span, text, &problem.place.span));
        }
        let Findings { problems, files } = findings;
        let others = files.into_iter().filter(|other| other.name() != file.name());
        let files = [file.clone()].into_iter().chain(others).collect();
        TemplateError::Wrong(Box::new(Findings { problems, files }))
    }
}

/// Returns the advice about a name that the portal adds to what a template is given.
fn only_in_the_portal(root: &str) -> Option<&'static str> {
    match root {
        "user" => Some("ask for it as a parameter: from the terminal there is no user of the portal"),
        "secrets" | "environment" | "backstage" => {
            Some("files of a project must not depend on what only the portal knows")
        }
        "context" => Some("give a seed, with `--seed`"),
        _ => None,
    }
}

/// Returns true if the portal takes a condition's value for yes.
pub(super) fn holds(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(_)) => true,
    }
}
