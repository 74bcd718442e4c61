//! The regular expressions of schemas, which are JavaScript's.

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Whether a text has a match for a pattern; `None` when that is no regular expression.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    compile(pattern).map(|compiled| compiled.is_valid(&Value::String(text.to_string())))
}

pub(super) fn is_one(pattern: &str) -> bool {
    compile(pattern).is_some()
}

/// The library's patterns are those of ECMA 262, looking around and back included.
fn compile(pattern: &str) -> Option<Validator> {
    jsonschema::options().with_draft(Draft::Draft7).build(&json!({ "pattern": pattern })).ok()
}
