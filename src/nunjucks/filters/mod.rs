//! The filters of the portal's engine, and the portal's own.

mod html;
mod lists;
mod portal;
mod repo_url;
mod text;

use std::sync::Arc;

use super::ast::Span;
use super::budget::Budget;
use super::fault::{Fault, Outcome};
use super::machine::Machine;
use super::value::Value;
use super::{coerce, json, number};

/// Filters of the engine.
pub const NAMES: &[&str] = &[
    "abs",
    "batch",
    "capitalize",
    "center",
    "d",
    "default",
    "dictsort",
    "dump",
    "e",
    "escape",
    "first",
    "float",
    "forceescape",
    "groupby",
    "indent",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "nl2br",
    "random",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "striptags",
    "sum",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
    "urlize",
    "wordcount",
];

/// Filters of the portal.
pub const PORTAL: &[&str] = &["parseRepoUrl", "parseEntityRef", "pick", "projectSlug"];

/// Filters that refuse an undefined input, in the portal too.
pub const NEED_INPUT: &[&str] = &[
    "batch",
    "dictsort",
    "first",
    "groupby",
    "join",
    "last",
    "list",
    "parseEntityRef",
    "parseRepoUrl",
    "projectSlug",
    "reject",
    "rejectattr",
    "select",
    "selectattr",
    "slice",
    "string",
    "sum",
    "trim",
    "urlize",
];

/// One use of a filter.
pub struct Filter<'f, 't> {
    pub name: &'f str,
    pub span: &'f Span,
    pub machine: &'f Machine<'t>,
    pub arguments: &'f [Value],
}

const NOTHING: Value = Value::Undefined(None);

impl Filter<'_, '_> {
    fn budget(&self) -> &Budget {
        &self.machine.budget
    }

    fn argument(&self, at: usize) -> &Value {
        self.arguments.get(at).unwrap_or(&NOTHING)
    }

    fn number(&self, value: &Value) -> Outcome<f64> {
        coerce::to_number(value, self.budget())
    }

    /// Notes that an undefined value among those of the input is used.
    fn note(&self, value: &Value) -> Outcome<()> {
        self.machine.note(value, self.span)
    }

    fn to_text(&self, value: &Value) -> Outcome<Arc<str>> {
        coerce::to_text(value, self.budget())
    }

    pub fn apply(&self, input: &Value) -> Outcome<Value> {
        for value in self.arguments.iter().chain([input]) {
            if let Value::Callable(_) = value {
                return Fault::fail("a function can't be used in a filter: call it with `()`");
            }
        }
        match self.name {
            "default" | "d" => Ok(self.default(input)),
            "dump" if input.is_undefined() => Ok(NOTHING),
            "dump" => json::dump(input, self.argument(0), self.budget()).map(Value::text),
            "abs" => Ok(Value::Number(self.number(input)?.abs())),
            "float" => {
                let number = number::read_leading(&self.to_text(input)?);
                Ok(if number.is_nan() { self.argument(0).clone() } else { Value::Number(number) })
            }
            "int" => self.int(input),
            "round" => self.round(input),
            "string" => match input {
                Value::Null => Fault::fail("`string` needs a value, not null"),
                Value::Safe(_) => Ok(input.clone()),
                other => coerce::to_output(other, self.budget()).map(Value::Text),
            },
            "capitalize" | "center" | "indent" | "lower" | "upper" | "replace" | "title" | "trim"
            | "truncate" | "wordcount" => self.text(input),
            "e" | "escape" | "forceescape" | "safe" | "nl2br" | "striptags" | "urlencode" | "urlize" => {
                self.html(input)
            }
            "parseRepoUrl" | "parseEntityRef" | "pick" | "projectSlug" => self.portal(input),
            _ => self.list(input),
        }
    }

    fn default(&self, input: &Value) -> Value {
        let has_value = if self.argument(1).is_truthy() { input.is_truthy() } else { !input.is_undefined() };
        if has_value {
            return input.clone();
        }
        match (self.argument(0), input) {
            // Still nothing: what people are told of is the first name.
            (Value::Undefined(_), Value::Undefined(_)) => input.clone(),
            (other, _) => other.clone(),
        }
    }

    fn int(&self, input: &Value) -> Outcome<Value> {
        let base = match self.argument(1) {
            Value::Undefined(_) => 10.0,
            base => self.number(base)?.trunc(),
        };
        let number = number::read_integer(&self.to_text(input)?, base);
        Ok(if number.is_nan() { self.argument(0).clone() } else { Value::Number(number) })
    }

    fn round(&self, input: &Value) -> Outcome<Value> {
        let places = if self.argument(0).is_truthy() { self.number(self.argument(0))? } else { 0.0 };
        let factor = number::power(10.0, places);
        let product = self.number(input)? * factor;
        let result = match self.argument(1).as_text().map(|text| &**text) {
            Some("ceil") => product.ceil(),
            Some("floor") => product.floor(),
            _ => number::round(product),
        };
        Ok(Value::Number(result / factor))
    }

    /// A text that is as safe as the one it was made of.
    fn like(&self, input: &Value, text: impl Into<Arc<str>>) -> Outcome<Value> {
        let text = text.into();
        self.budget().bytes(text.len())?;
        Ok(if matches!(input, Value::Safe(_)) { Value::Safe(text) } else { Value::Text(text) })
    }

    /// The input as a text: nothing, null and false are empty ones.
    fn normal(&self, input: &Value) -> Outcome<Arc<str>> {
        match input {
            Value::Null | Value::Undefined(_) | Value::Bool(false) => Ok("".into()),
            other => self.plain(other),
        }
    }

    /// The input, which has to be a text.
    fn plain(&self, input: &Value) -> Outcome<Arc<str>> {
        match input.as_text() {
            Some(text) => Ok(Arc::clone(text)),
            None => Fault::fail(format!("`{}` takes a text, not {}", self.name, input.kind())),
        }
    }
}
