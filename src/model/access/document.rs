//! Policy documents: how they are written, and how long they may be.

use serde_json::{Map, Value, json};

/// Longest trust policy, characters; the quota that every account begins with.
pub const TRUST: usize = 2048;
/// Longest managed policy, characters.
pub const MANAGED: usize = 6144;
/// Most characters that all inline policies of a role have together.
pub const INLINE: usize = 10240;

/// A policy document of these statements.
pub fn document(statements: Vec<Value>) -> Value {
    normal(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Counts the characters of a document as IAM does, which leaves white space out.
pub fn size(document: &Value) -> usize {
    document.to_string().chars().filter(|character| !character.is_whitespace()).count()
}

/// One way to write a policy document, so that two that mean the same are the same.
///
/// IAM keeps some of what was written (order, single values outside lists) and changes the
/// rest, and people edit in the console; without this every plan would show a change.
pub fn normal(document: Value) -> Value {
    let Value::Object(mut fields) = document else { return document };
    let statements = fields.remove("Statement").map(listed).unwrap_or_default();
    fields.insert("Statement".into(), statements.into_iter().map(normal_statement).collect());
    fields.entry("Version").or_insert_with(|| "2008-10-17".into());
    Value::Object(fields)
}

fn normal_statement(statement: Value) -> Value {
    let Value::Object(fields) = statement else { return statement };
    let normal = fields.into_iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => set(value),
            "Principal" | "NotPrincipal" => each(value, set),
            "Condition" => each(value, |operands| each(operands, set)),
            _ => value,
        };
        (key, value)
    });
    Value::Object(normal.collect::<Map<String, Value>>())
}

fn each(value: Value, change: impl Fn(Value) -> Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (key, change(value))).collect())
        }
        other => other,
    }
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        single => vec![single],
    }
}

/// A list whose order means nothing: sorted texts; a number or a boolean is its text.
fn set(value: Value) -> Value {
    let text = |item: Value| match item {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut texts: Vec<String> = listed(value).into_iter().map(text).collect();
    texts.sort();
    texts.dedup();
    Value::from(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_mean_the_same_are_the_same() {
        let ours = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": ["eks.amazonaws.com"]},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }],
        });
        let theirs = json!({
            "Version": "2012-10-17",
            "Statement": {
                "Action": ["sts:TagSession", "sts:AssumeRole"],
                "Condition": {"Bool": {"aws:SecureTransport": true}},
                "Effect": "Allow",
                "Principal": {"Service": "eks.amazonaws.com"},
            },
        });
        assert_eq!(normal(ours.clone()), normal(theirs));
        assert_eq!(normal(normal(ours.clone())), normal(ours));
    }

    #[test]
    fn the_order_of_statements_and_everyone_as_principal_stay() {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "B", "Principal": "*"}, {"Sid": "A", "Principal": {"AWS": ["*"]}}]});
        assert_eq!(normal(document.clone()), document);
    }
}
