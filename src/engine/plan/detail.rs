//! The difference between two values of one field: element by element in lists, statement by
//! statement in policy documents.

use billpay_model::resource::as_link;
use serde_json::{Map, Value};

use super::diff::{get, is_same, keys, statements};

/// One difference inside a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// Path of the field, and the place inside it: `trust: statement 1: Condition.StringEquals.aws:SourceArn`.
    pub place: String,
    pub difference: Difference,
}

/// Difference at one place.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// One value instead of another.
    Value { from: Value, to: Value },
    /// An element, or a statement, that was not there.
    Added(Value),
    /// An element, or a statement, that is no longer wanted.
    Removed(Value),
    /// The same elements in another order.
    Order,
}

/// Returns the differences inside one field, in their order; empty only for two values that are the same.
pub fn details(path: &str, from: &Value, to: &Value) -> Vec<Detail> {
    if is_same(from, to) {
        return vec![];
    }
    let mut found = vec![];
    match (statements(from), statements(to)) {
        (None, None) => compare(path, from, to, &mut found),
        (Some(_), None) if !to.is_null() => {}
        (None, Some(_)) if !from.is_null() => {}
        (had, wanted) => {
            document(path, had.unwrap_or_default(), wanted.unwrap_or_default(), &mut found);
            if let (Value::Object(from), Value::Object(to)) = (from, to) {
                for key in keys(from, to).into_iter().filter(|key| *key != "Statement") {
                    compare(&format!("{path}: {key}"), get(from, key), get(to, key), &mut found);
                }
            }
        }
    }
    // The same in other words: nothing but the whole of both shows it.
    if found.is_empty() {
        found.push(value(path, from, to));
    }
    found
}

fn value(place: &str, from: &Value, to: &Value) -> Detail {
    Detail { place: place.to_string(), difference: Difference::Value { from: from.clone(), to: to.clone() } }
}

fn compare(place: &str, from: &Value, to: &Value, found: &mut Vec<Detail>) {
    match (from, to) {
        _ if is_same(from, to) => {}
        (Value::Object(had), Value::Object(wanted)) if as_link(from).is_none() && as_link(to).is_none() => {
            for key in keys(had, wanted) {
                compare(&format!("{place}.{key}"), get(had, key), get(wanted, key), found);
            }
        }
        (Value::Array(had), Value::Array(wanted)) if !is_telling(place, had, wanted) => {
            list(place, &had.iter().collect::<Vec<_>>(), &wanted.iter().collect::<Vec<_>>(), found);
        }
        (Value::Array(had), Value::Null) if !place.contains('.') && !had.is_empty() => {
            list(place, &had.iter().collect::<Vec<_>>(), &[], found);
        }
        (Value::Null, Value::Array(wanted)) if !wanted.is_empty() => {
            list(place, &[], &wanted.iter().collect::<Vec<_>>(), found);
        }
        _ => found.push(value(place, from, to)),
    }
}

/// Returns whether an empty list inside an attribute is to be seen as such: where it limits something,
/// it stands for everything.
fn is_telling(place: &str, had: &[Value], wanted: &[Value]) -> bool {
    place.contains('.') && (had.is_empty() || wanted.is_empty())
}

/// Compares two lists as sets of elements that keep their order.
fn list(place: &str, had: &[&Value], wanted: &[&Value], found: &mut Vec<Detail>) {
    let mut push = |difference| found.push(Detail { place: place.to_string(), difference });
    let (removed, added) = (beyond(had, wanted), beyond(wanted, had));
    if removed.is_empty() && added.is_empty() {
        return push(Difference::Order);
    }
    removed.into_iter().for_each(|element| push(Difference::Removed(element.clone())));
    added.into_iter().for_each(|element| push(Difference::Added(element.clone())));
}

/// Returns the elements of one list that the other lacks; of equal ones, as many as it lacks.
fn beyond<'a>(these: &[&'a Value], those: &[&Value]) -> Vec<&'a Value> {
    let mut left = those.to_vec();
    let mut beyond = vec![];
    for element in these {
        match left.iter().position(|other| is_same(element, other)) {
            Some(index) => drop(left.remove(index)),
            None => beyond.push(*element),
        }
    }
    beyond
}

/// Compares the statements of two documents; those that are in both are left out.
fn document(path: &str, had: &[Value], wanted: &[Value], found: &mut Vec<Detail>) {
    let (mut old, mut new) = (numbered(had), numbered(wanted));
    old.retain(|(_, statement)| match new.iter().position(|(_, other)| is_same(statement, other)) {
        Some(index) => {
            new.remove(index);
            false
        }
        None => true,
    });
    if old.is_empty() && new.is_empty() {
        if had.len() > 1 {
            found.push(Detail { place: format!("{path}: statements"), difference: Difference::Order });
        }
        return;
    }
    let mut pairs = vec![];
    while let Some((index, other)) = best_pair(&old, &new) {
        pairs.push((new.remove(other), old.remove(index)));
    }
    pairs.sort_by_key(|((number, _), _)| *number);
    for ((number, to), (_, from)) in pairs {
        statement(&format!("{path}: statement {number}"), from, to, found);
    }
    let mut push = |difference| found.push(Detail { place: path.to_string(), difference });
    old.into_iter().for_each(|(_, statement)| push(Difference::Removed(statement.clone())));
    new.into_iter().for_each(|(_, statement)| push(Difference::Added(statement.clone())));
}

/// Numbers statements as people count.
fn numbered(statements: &[Value]) -> Vec<(usize, &Value)> {
    (1..).zip(statements).collect()
}

/// Returns the two statements that are most likely one before and after a change.
fn best_pair(old: &[(usize, &Value)], new: &[(usize, &Value)]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    for (index, (number, from)) in old.iter().enumerate() {
        for (other, (position, to)) in new.iter().enumerate() {
            let score = likeness(from, to) + usize::from(number == position);
            // One thing in common is too little: every statement has an effect.
            if score > 2 && best.is_none_or(|(most, ..)| score > most) {
                best = Some((score, index, other));
            }
        }
    }
    best.map(|(_, index, other)| (index, other))
}

/// Returns how much two statements have in common: 0 for nothing.
fn likeness(from: &Value, to: &Value) -> usize {
    let (Some(from), Some(to)) = (from.as_object(), to.as_object()) else { return 0 };
    let is_equal = |key: &&&String| from.contains_key(**key) && is_same(get(from, key), get(to, key));
    match (from.get("Sid"), to.get("Sid")) {
        (Some(a), Some(b)) if a == b => 100,
        (Some(_), Some(_)) => 0,
        // The effect alone says little, and any other part a lot.
        _ => keys(from, to).iter().filter(is_equal).map(|key| if *key == "Effect" { 1 } else { 2 }).sum(),
    }
}

/// Compares two statements part by part, down to the elements of lists. IAM writes a list of
/// one element as that element.
fn statement(place: &str, from: &Value, to: &Value, found: &mut Vec<Detail>) {
    let (Value::Object(had), Value::Object(wanted)) = (from, to) else {
        return found.push(value(place, from, to));
    };
    for key in keys(had, wanted) {
        part(&format!("{place}: {key}"), get(had, key), get(wanted, key), found);
    }
}

fn part(place: &str, from: &Value, to: &Value, found: &mut Vec<Detail>) {
    let empty = Map::new();
    let objects = match (from, to) {
        (Value::Object(from), Value::Object(to)) => Some((from, to)),
        (Value::Object(from), Value::Null) => Some((from, &empty)),
        (Value::Null, Value::Object(to)) => Some((&empty, to)),
        _ => None,
    };
    match objects {
        _ if is_same(from, to) => {}
        Some(_) if as_link(from).is_some() || as_link(to).is_some() => found.push(value(place, from, to)),
        Some((from, to)) if !(from.is_empty() && to.is_empty()) => {
            for key in keys(from, to) {
                part(&format!("{place}.{key}"), get(from, key), get(to, key), found);
            }
        }
        None if from.is_array() || to.is_array() => match (elements(from), elements(to)) {
            (Some(had), Some(wanted)) if !had.is_empty() && !wanted.is_empty() => {
                let before = found.len();
                list(place, &had, &wanted, found);
                // `["a"]` and `"a"` are no other order.
                if found.len() == before + 1
                    && had.len() == 1
                    && found[before].difference == Difference::Order
                {
                    found[before] = value(place, from, to);
                }
            }
            _ => found.push(value(place, from, to)),
        },
        _ => found.push(value(place, from, to)),
    }
}

/// Returns the elements of a list, or the one value that stands for a list of one.
fn elements(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(several) => Some(several.iter().collect()),
        Value::Null | Value::Object(_) => None,
        one => Some(vec![one]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(path: &str, from: Value, to: Value) -> Vec<String> {
        let line = |Detail { place, difference }: Detail| match difference {
            Difference::Value { from, to } => format!("{place}: {from} > {to}"),
            Difference::Added(value) => format!("{place} + {value}"),
            Difference::Removed(value) => format!("{place} - {value}"),
            Difference::Order => format!("{place} order"),
        };
        details(path, &from, &to).into_iter().map(line).collect()
    }

    fn github(subjects: Value) -> Value {
        let condition = json!({"StringEquals": {"token.actions.githubusercontent.com:sub": subjects}});
        json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Condition": condition}]})
    }

    #[test]
    fn lists_differ_by_element() {
        assert_eq!(
            shown("managed", json!(["a", "b", "c"]), json!(["d", "c", "a"])),
            [r#"managed - "b""#, r#"managed + "d""#]
        );
        assert_eq!(shown("managed", json!(["a", "b"]), json!(["b", "a"])), ["managed order"]);
        assert_eq!(shown("managed", json!(["a"]), json!(["a", "a"])), [r#"managed + "a""#]);
        assert_eq!(shown("managed", json!(null), json!(["a"])), [r#"managed + "a""#]);
        assert_eq!(
            shown("rules", json!([{"port": 1}]), json!([{"port": 1}, {"port": 2}])),
            [r#"rules + {"port":2}"#]
        );
        assert_eq!(shown("max", json!(4), json!("4")), [r#"max: 4 > "4""#]);
        assert_eq!(shown("managed", json!(["a"]), json!(["a"])), Vec::<String>::new());
    }

    #[test]
    fn a_list_that_limits_is_seen_to_be_empty() {
        assert_eq!(shown("policies.x", json!(["a"]), json!([])), [r#"policies.x: ["a"] > []"#]);
        assert_eq!(shown("policies.x", json!(null), json!([])), ["policies.x: null > []"]);
        assert_eq!(shown("policies.x", json!(["a"]), json!(null)), [r#"policies.x: ["a"] > null"#]);
    }

    #[test]
    fn a_statement_shows_the_element_that_changed() {
        let place = "trust: statement 1: Condition.StringEquals.token.actions.githubusercontent.com:sub";
        let both = json!(["repo:a/b", "repo:evil/x:environment:dev"]);
        assert_eq!(
            shown("trust", github(both.clone()), github(json!("repo:a/b"))),
            [format!(r#"{place} - "repo:evil/x:environment:dev""#)]
        );
        assert_eq!(
            shown("trust", github(json!("repo:a/b")), github(both)),
            [format!(r#"{place} + "repo:evil/x:environment:dev""#)]
        );
        assert_eq!(
            shown("trust", github(json!("a")), github(json!(["a"]))),
            [format!(r#"{place}: "a" > ["a"]"#)]
        );
        assert_eq!(
            shown("trust", github(json!("a")), github(json!(null))),
            [format!(r#"{place}: "a" > null"#)]
        );
    }

    #[test]
    fn only_the_statements_that_changed_are_there() {
        let read = json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        let list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:b"});
        let admin = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let deny = json!({"Effect": "Deny", "Action": "s3:PutObject", "NotPrincipal": "x"});
        let document = |statements: &[&Value]| json!({"Version": "2012-10-17", "Statement": statements});
        assert_eq!(
            shown("document", document(&[&read, &deny]), document(&[&list, &read])),
            [format!("document - {deny}"), format!("document + {list}"),]
        );
        assert_eq!(
            shown("document", document(&[&read]), document(&[&read, &admin])),
            [format!("document + {admin}")]
        );
        assert_eq!(
            shown("document", document(&[&read, &list]), document(&[&list, &read])),
            ["document: statements order"]
        );
        assert_eq!(shown("document", json!(null), document(&[&read])), [format!("document + {read}")]);
        let mut changed = read.clone();
        changed["Effect"] = json!("Deny");
        changed["Resource"] = json!(["*", "arn:b"]);
        assert_eq!(
            shown("document", document(&[&list, &read]), document(&[&changed, &list])),
            [
                r#"document: statement 1: Effect: "Allow" > "Deny""#,
                r#"document: statement 1: Resource + "arn:b""#,
            ]
        );
    }

    #[test]
    fn the_same_in_other_words_is_shown_whole() {
        let one = json!({"Statement": {"Effect": "Allow"}});
        let list = json!({"Statement": [{"Effect": "Allow"}]});
        assert_eq!(shown("policy", one.clone(), list.clone()), [format!("policy: {one} > {list}")]);
        assert_eq!(
            shown("policy", json!("no JSON"), list.clone()),
            [format!(r#"policy: "no JSON" > {list}"#)]
        );
    }
}
