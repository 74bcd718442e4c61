//! The regular expressions of schemas, which are JavaScript's.

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Returns true if a text has a match for a pattern; `None` when that is no regular expression.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    compile(pattern).map(|compiled| compiled.is_valid(&Value::String(text.to_string())))
}

pub(super) fn is_valid(pattern: &str) -> bool {
    compile(pattern).is_some()
}

/// The library's patterns are those of ECMA 262, looking around and back included.
fn compile(pattern: &str) -> Option<Validator> {
    jsonschema::options().with_draft(Draft::Draft7).build(&json!({ "pattern": number_groups(pattern) })).ok()
}

/// Replaces named groups by numbers; the library has no references to names.
fn number_groups(pattern: &str) -> String {
    if !pattern.contains("\\k<") {
        return pattern.to_string();
    }
    let mut names: Vec<&str> = vec![];
    let mut written = String::new();
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(first) = rest.chars().next() {
        let (taken, replaced) = match first {
            '\\' => match rest.strip_prefix("\\k<").and_then(|rest| rest.split_once('>')) {
                Some((name, _)) if !in_class => {
                    let at = names.iter().position(|known| *known == name);
                    (name.len() + 4, Some(at.map_or_else(String::new, |at| format!("(?:\\{})", at + 1))))
                }
                _ => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), None),
            },
            '(' if !in_class => {
                let name = rest.strip_prefix("(?<").filter(|rest| !rest.starts_with(['=', '!']));
                match name.and_then(|rest| rest.split_once('>')) {
                    Some((name, _)) => {
                        names.push(name);
                        (name.len() + 4, Some("(".to_string()))
                    }
                    None => {
                        if !rest.starts_with("(?") {
                            names.push("");
                        }
                        (1, None)
                    }
                }
            }
            '[' | ']' => {
                in_class = first == '[';
                (1, None)
            }
            other => (other.len_utf8(), None),
        };
        let (start, end) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        written.push_str(replaced.as_deref().unwrap_or(start));
        rest = end;
    }
    written
}
