//! Answers that are never printed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use billpay_core::scaffold::MASK;
use serde_json::Value;

/// Length from which a text is replaced wherever it stands; shorter ones only in quotes.
const MIN_SECRET_CHARS: usize = 4;

static SECRETS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Keeps a value and everything in it out of all that is printed from now on.
pub fn hide(value: &Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => hide_text(&number.to_string()),
        Value::String(text) => hide_text(text),
        Value::Array(items) => items.iter().for_each(hide),
        Value::Object(fields) => fields.values().for_each(hide),
    }
}

/// Keeps a text out of all that is printed from now on, in every way in which it may be written: in quotes,
/// in capitals, in base64.
pub fn hide_text(text: &str) {
    for form in [text.to_string(), text.to_uppercase(), text.to_lowercase(), capitalized(text)] {
        hide_as(&form);
    }
    let mut secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    // What follows a text changes the end of its base64 alone.
    let encoded = aws_smithy_types::base64::encode(text);
    let encoded = encoded.trim_end_matches('=');
    let forms = [encoded.to_string(), encoded.replace('+', "-").replace('/', "_")];
    secrets.extend(forms.into_iter().filter(|form| form.len() >= MIN_SECRET_CHARS));
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.flat_map(char::to_lowercase)).collect()
}

fn hide_as(text: &str) {
    let mut secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    let quoted = Value::from(text).to_string();
    let escaped = quoted.trim_matches('"').to_string();
    let lines = text.lines().map(|line| line.trim().to_string());
    let debug = [text.escape_debug().to_string(), text.replace('\'', "''"), text.trim().to_string()];
    let all = [text.to_string(), escaped].into_iter().chain(debug).chain(lines);
    secrets.extend(all.filter(|form| form.chars().count() >= MIN_SECRET_CHARS));
    if !text.is_empty() {
        secrets.insert(quoted);
        secrets.insert(format!("`{text}`"));
    }
}

/// Returns a text without the secrets in it.
pub fn masked(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<&String> = secrets.iter().filter(|secret| text.contains(secret.as_str())).collect();
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    // A secret may be part of another.
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let replaced = found.into_iter().fold(text.to_string(), |text, secret| text.replace(secret, MASK));
    Cow::Owned(replaced)
}

/// Returns whether a text has a secret in it.
pub fn holds_secret(text: &str) -> bool {
    matches!(masked(text), Cow::Owned(_))
}

/// Returns a value of which no text has a secret in it.
pub fn masked_value(value: Value) -> Value {
    match value {
        Value::String(text) => masked(&text).into_owned().into(),
        Value::Array(items) => items.into_iter().map(masked_value).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, masked_value(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_secret_are_masked() {
        hide_text("Heron>>?7q");
        for form in
            ["Heron>>?7q", "HERON>>?7Q", "heron>>?7q", "SGVyb24+Pj83cQ==", "SGVyb24-Pj83cQ", "\"HERON>>?7Q\""]
        {
            assert!(masked(form).trim_matches(['=', '"']) == MASK, "{form}: {}", masked(form));
        }
    }
}
