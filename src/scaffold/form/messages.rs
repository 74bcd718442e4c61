//! Messages about schemas and values.

use billpay_model::findings::nearest;
use serde_json::Value;

use super::json::Object;

/// Maximum number of values in a list.
const MAX_LISTED: usize = 20;

/// Appends the schema's own error message.
pub(super) fn with_message(why: String, schema: &Object, keyword: &str) -> String {
    let own = match (schema.get("errorMessage"), keyword) {
        (Some(Value::String(message)), _) => Some(message.as_str()),
        (Some(Value::Object(messages)), _) => messages.get(keyword).and_then(Value::as_str),
        _ => None,
    };
    let of_pattern =
        schema.get("patternErrorMessage").and_then(Value::as_str).filter(|_| keyword == "pattern");
    match own.or(of_pattern) {
        Some(message) => format!("{why}: {message}"),
        None => why,
    }
}

/// Returns a value as JSON.
pub(super) fn quote(value: &Value) -> String {
    value.to_string()
}

/// Returns a value as the title of a choice.
pub(super) fn choice_title(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn format_number(number: f64) -> String {
    format!("{number}")
}

pub(super) fn format_entries(number: f64) -> String {
    format!("{number} {}", if number == 1.0 { "entry" } else { "entries" })
}

fn join_list(choices: impl ExactSizeIterator<Item = String>) -> String {
    let left = choices.len().saturating_sub(MAX_LISTED);
    let more = (left > 0).then(|| format!("… and {left} more"));
    choices.take(MAX_LISTED).chain(more).collect::<Vec<_>>().join(", ")
}

pub(super) fn not_one_of(value: &Value, known: &[&Value]) -> String {
    format!("{} is not one of {}", quote(value), join_list(known.iter().map(|value| choice_title(value))))
}

/// Returns the choice that is closest to a value.
pub(super) fn suggest(value: &Value, known: &[&Value]) -> Option<String> {
    let written = choice_title(value);
    let texts: Vec<String> = known.iter().map(|value| choice_title(value)).collect();
    // The same text of another type: 1 for "1".
    if let Some(same) = texts.iter().find(|text| **text == written) {
        return Some(same.clone());
    }
    nearest(&written, texts.iter().map(String::as_str))
}

pub(super) fn none_of(choices: &[Value]) -> String {
    let titles: Vec<&str> = choices.iter().filter_map(|choice| choice.get("title")?.as_str()).collect();
    if titles.len() == choices.len() && !titles.is_empty() {
        return format!("fits none of {}", join_list(titles.into_iter().map(str::to_string)));
    }
    format!("fits none of the {} kinds that are possible", choices.len())
}

pub(super) fn prohibited(not: &Value) -> String {
    match not {
        Value::String(name) => format!("must not be {}", type_name(name)),
        Value::Object(not) => {
            match (not.get("const"), not.get("enum").and_then(Value::as_array), not.get("pattern")) {
                (Some(constant), _, _) => format!("must not be {}", quote(constant)),
                (_, Some(values), _) => {
                    format!("must be none of {}", join_list(values.iter().map(choice_title)))
                }
                (_, _, Some(Value::String(pattern))) => format!("must not match {pattern}"),
                _ => "is of a kind that is not wanted".to_string(),
            }
        }
        _ => "is not wanted here".to_string(),
    }
}

pub(super) fn type_rule(types: &[Value]) -> String {
    let names: Vec<&str> = types.iter().filter_map(Value::as_str).map(type_name).collect();
    match names.as_slice() {
        [] => "is not wanted here".to_string(),
        names => format!("must be {}", names.join(" or ")),
    }
}

pub(super) fn type_name(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        "null" => "null",
        other => other,
    }
}

pub(super) fn format_rule(format: &str) -> String {
    let what = match format {
        "date" => "a date, like 2031-05-27",
        "time" => "a time, like 09:30:00",
        "date-time" => "a date and time, like 2031-05-27T09:30:00Z",
        "duration" => "a duration, like P3DT12H",
        "email" | "idn-email" => "an email address",
        "hostname" | "host-name" => "a host name",
        "ipv4" | "ip-address" => "an IPv4 address",
        "ipv6" => "an IPv6 address",
        "uri" | "iri" => "a URL, with its scheme: https://…",
        "uri-reference" | "iri-reference" => "a URL or a part of one",
        "uuid" => "a UUID",
        "regex" | "regexp" | "pattern" => "a regular expression",
        "json-pointer" => "a JSON pointer, like /a/b",
        "color" => "a colour, like #ff8800",
        "phone" => "a phone number, like +49 89 1234567",
        "alpha" => "letters only",
        "alphanumeric" => "letters and digits only",
        other => return format!("must be of the format {other}"),
    };
    format!("must be {what}")
}
