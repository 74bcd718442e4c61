//! IAM's decision about a request, from the policies of a role and its boundary.
//!
//! It knows what our documents use, and panics at anything else, rather than to guess.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::values::{items, texts};

/// A call to AWS.
#[derive(Debug, Clone)]
pub struct Request {
    pub action: String,
    pub resource: String,
    /// The condition keys that AWS gives a value in this call.
    pub context: BTreeMap<String, String>,
}

impl Request {
    /// A call in us-east-1, with more of what AWS knows of it.
    pub fn new(action: &str, resource: &str, context: &[(&str, &str)]) -> Request {
        let region = ("aws:RequestedRegion", "us-east-1");
        let context = [region]
            .into_iter()
            .chain(context.iter().copied())
            .map(|(key, value)| (key.to_string(), value.to_string()));
        Request { action: action.to_string(), resource: resource.to_string(), context: context.collect() }
    }
}

/// A policy that allows everything, such as somebody attaches by hand.
pub fn everything() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

/// Returns whether a role may make a call: its policies and its boundary allow it, and none denies it.
pub fn may(policies: &[Value], boundary: &Value, request: &Request) -> bool {
    let own: Vec<&Value> = policies.iter().flat_map(|policy| items(&policy["Statement"])).collect();
    let bounds: Vec<&Value> = items(&boundary["Statement"]).iter().collect();
    let says = |statements: &[&Value], effect: &str| {
        statements.iter().any(|statement| statement["Effect"] == effect && applies(statement, request))
    };
    says(&own, "Allow") && says(&bounds, "Allow") && !says(&own, "Deny") && !says(&bounds, "Deny")
}

fn applies(statement: &Value, request: &Request) -> bool {
    let fields = statement.as_object().expect("a statement");
    let known = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal"];
    assert!(fields.keys().all(|key| known.contains(&key.as_str())), "{statement:#}");
    let action = request.action.to_lowercase();
    let named = |key: &str, matches: &dyn Fn(&str) -> bool| {
        let patterns = fields.get(key)?;
        Some(texts(patterns).into_iter().any(matches))
    };
    let of_action = |pattern: &str| fits(&pattern.to_lowercase(), &action);
    let of_resource = |pattern: &str| fits(pattern, &request.resource);
    let either = |yes: Option<bool>, no: Option<bool>| match (yes, no) {
        (Some(yes), None) => yes,
        (None, Some(no)) => !no,
        _ => panic!("one of both: {statement:#}"),
    };
    let conditions = fields.get("Condition").and_then(Value::as_object);
    either(named("Action", &of_action), named("NotAction", &of_action))
        && either(named("Resource", &of_resource), named("NotResource", &of_resource))
        && conditions.into_iter().flatten().all(|(operator, keys)| {
            let keys = keys.as_object().expect("condition keys");
            keys.iter().all(|(key, values)| holds(operator, request.context.get(key), values))
        })
}

/// Returns whether a condition holds. A key without a value fails what compares, and passes what says not.
fn holds(operator: &str, found: Option<&String>, values: &Value) -> bool {
    let any = |matches: &dyn Fn(&str, &str) -> bool| {
        found.is_some_and(|found| texts(values).into_iter().any(|value| matches(value, found)))
    };
    let equal = |value: &str, found: &str| value == found;
    match operator {
        "StringEquals" => any(&equal),
        "StringNotEquals" => !any(&equal),
        "StringLike" => any(&fits),
        "StringNotLike" => !any(&fits),
        "ArnEquals" | "ArnLike" => any(&fits_arn),
        "ArnNotEquals" | "ArnNotLike" => !any(&fits_arn),
        "Null" => texts(values).contains(if found.is_some() { "false" } else { "true" }),
        other => panic!("the evaluator doesn't know {other}"),
    }
}

/// An ARN's six parts are compared one by one, so that a `*` stays in its part.
fn fits_arn(pattern: &str, arn: &str) -> bool {
    let (pattern, arn) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    pattern.clone().count() == arn.clone().count() && pattern.zip(arn).all(|(part, found)| fits(part, found))
}

/// `*` is any text, slashes included, and `?` is one character.
fn fits(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the text the pattern so far fits.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for wanted in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match wanted {
                '*' => reached[at] || (at > 0 && next[at - 1]),
                _ => at > 0 && reached[at - 1] && (wanted == '?' || wanted == text[at - 1]),
            };
        }
        reached = next;
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_iam() {
        for (pattern, text) in
            [("*", ""), ("a*c", "a/b/c"), ("a??", "abc"), ("*-dev", "x-dev-dev"), ("a", "a")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "b"), ("a?", "a"), ("*-dev", "x-dev-"), ("a*c", "ab"), ("", "a")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        assert!(!fits_arn("arn:aws:iam::1:*", "arn:aws:iam::2:role/x"));
    }

    #[test]
    fn a_missing_key_passes_what_says_not_and_nothing_else() {
        let values = json!(["a"]);
        for (operator, missing, same, other) in [
            ("StringEquals", false, true, false),
            ("StringNotEquals", true, false, true),
            ("StringLike", false, true, false),
            ("StringNotLike", true, false, true),
            ("ArnEquals", false, true, false),
            ("ArnNotLike", true, false, true),
        ] {
            let found = [None, Some("a".to_string()), Some("b".to_string())];
            let said = found.map(|found| holds(operator, found.as_ref(), &values));
            assert_eq!(said, [missing, same, other], "{operator}");
        }
        assert!(holds("Null", None, &json!(["true"])) && !holds("Null", None, &json!("false")));
    }
}
