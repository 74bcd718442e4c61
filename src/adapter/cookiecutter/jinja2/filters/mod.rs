//! Jinja's filters, and those that cookiecutter adds.

mod sequences;
mod texts;

use super::arguments::Args;
use super::eval::NESTING;
use super::fault::{Fault, Res};
use super::interpreter::{Interpreter, State};
use super::value::Value;

pub const NAMES: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "capitalize",
    "center",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "filesizeformat",
    "first",
    "float",
    "forceescape",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "jsonify",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
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
    "slugify",
    "sort",
    "string",
    "striptags",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "urlencode",
    "urlize",
    "wordcount",
    "wordwrap",
    "xmlattr",
];

/// Applies a filter to the first of the arguments.
pub fn apply(engine: &Interpreter<'_>, state: &State, name: &str, args: Args) -> Res<Value> {
    engine.spend(NESTING)?;
    if !NAMES.contains(&name) {
        return Err(Fault::unknown("unknown-filter", "filter", name, NAMES));
    }
    match sequences::apply(engine, state, name, args)? {
        Ok(value) => Ok(value),
        Err(args) => texts::apply(engine, state, name, args),
    }
}
