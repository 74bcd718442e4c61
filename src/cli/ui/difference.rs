//! Lines that show a change of a resource: the fields that differ, and the access that a new resource gives.

use billpay_engine::kind::KindInfo;
use billpay_engine::plan::{Detail, Difference, FieldChange, details, statements};
use billpay_model::resource::as_link;
use serde_json::{Map, Value};

use super::value::{element, name, shorten_elements, shorten_pair, shown, word};

/// Actions of a statement that are named where it may be shortened.
const NAMED_ACTIONS: usize = 6;

/// Amount of each value that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of each value.
    Full,
    /// Long values shortened, yet never so that two different ones read the same.
    Short,
}

/// Returns the lines that show what differs in one field.
pub fn field_lines(field: &FieldChange, kind: &KindInfo, extent: Extent) -> Vec<String> {
    // What gives access is never shortened.
    let gives_access = kind.gives_access.contains(&field.attribute());
    let is_short = extent == Extent::Short && !gives_access;
    let details = details(&field.path, &field.from, &field.to);
    let changed =
        |detail: &Detail| matches!(detail.difference, Difference::Added(_) | Difference::Removed(_));
    let mut lines = vec![];
    let mut rest = details.as_slice();
    while let Some(Detail { place, difference }) = rest.first() {
        let same = |detail: &&Detail| detail.place == *place && changed(detail);
        let count = rest.iter().take_while(same).count();
        match difference {
            Difference::Value { from, to } => {
                let (from, to) = (value_at(place, from), value_at(place, to));
                let (from, to) = if is_short { shorten_pair(from, to) } else { (from, to) };
                lines.push(format!("{}: {from} → {to}", name(place)));
            }
            Difference::Order => lines.push(format!("{}: the same in another order", name(place))),
            Difference::Added(_) | Difference::Removed(_) => {
                lines.push(format!("{}:", name(place)));
                lines.extend(element_lines(&rest[..count], is_short));
            }
        }
        rest = &rest[count.max(1)..];
    }
    lines
}

fn element_lines(details: &[Detail], is_short: bool) -> Vec<String> {
    let (mut signs, mut elements) = (vec![], vec![]);
    for detail in details {
        let (sign, value) = match &detail.difference {
            Difference::Added(value) => ('+', value),
            Difference::Removed(value) => ('-', value),
            Difference::Value { .. } | Difference::Order => continue,
        };
        signs.push(sign);
        elements.push(element(value));
    }
    let elements = if is_short { shorten_elements(elements) } else { elements };
    signs.into_iter().zip(elements).map(|(sign, text)| format!("  {sign} {text}")).collect()
}

/// Returns a value, and what it stands for where that is not what it looks like.
fn value_at(place: &str, value: &Value) -> String {
    let is_everywhere = place.starts_with("policies.") && value.as_array().is_some_and(Vec::is_empty);
    if is_everywhere { "[] (the whole cluster)".to_string() } else { shown(value) }
}

/// Returns the lines that show the access that a new resource gives.
pub fn access_lines(attrs: &Value, kind: &KindInfo, extent: Extent) -> Vec<String> {
    let mut lines = vec![];
    for attribute in kind.gives_access {
        attribute_lines(attribute, &attrs[*attribute], extent, &mut lines);
    }
    lines
}

/// Adds the lines that show all of an attribute; none for one that is empty.
pub fn attribute_lines(path: &str, value: &Value, extent: Extent, lines: &mut Vec<String>) {
    let place = name(path);
    let mut list = |lines_of: Vec<String>| {
        lines.push(format!("{place}:"));
        lines.extend(lines_of.iter().map(|line| format!("  + {line}")));
    };
    if let Some(statements) = statements(value) {
        return list(statements.iter().map(|statement| statement_line(statement, extent)).collect());
    }
    match value {
        Value::Null => {}
        Value::Array(several) if several.is_empty() && !path.contains('.') => {}
        Value::Array(several) if !several.is_empty() => list(several.iter().map(element_line).collect()),
        Value::Object(parts) if as_link(value).is_none() => {
            for (key, part) in parts {
                attribute_lines(&format!("{path}.{key}"), part, extent, lines);
            }
        }
        _ => lines.push(format!("{place}: {}", value_at(path, value))),
    }
}

fn element_line(value: &Value) -> String {
    value.as_object().and_then(rule_line).unwrap_or_else(|| element(value))
}

/// Returns a rule of a security group as a sentence; none for anything else.
fn rule_line(rule: &Map<String, Value>) -> Option<String> {
    const KNOWN: [&str; 6] = ["direction", "protocol", "from", "to", "description", "peer"];
    if !rule.keys().all(|key| KNOWN.contains(&key.as_str())) {
        return None;
    }
    let (direction, protocol) = (rule.get("direction")?.as_str()?, rule.get("protocol")?.as_str()?);
    let port = |name: &str| rule.get(name).and_then(Value::as_i64);
    let ports = match (port("from"), port("to")) {
        (Some(from), Some(to)) if from == to => format!(" {from}"),
        (Some(from), Some(to)) => format!(" {from}-{to}"),
        (None, None) => String::new(),
        _ => return None,
    };
    let side = if direction == "egress" { "to" } else { "from" };
    let peer = match rule.get("peer")? {
        Value::String(peer) => word(peer),
        other => shown(other),
    };
    let description =
        rule.get("description").filter(|text| *text != "").map(|text| format!("  {}", element(text)));
    let description = description.unwrap_or_default();
    Some(format!("{} {}{ports} {side} {peer}{description}", word(direction), word(protocol)))
}

/// Returns a statement as a sentence: `Allow s3:GetObject on arn:… to * if …`.
fn statement_line(statement: &Value, extent: Extent) -> String {
    const KNOWN: [&str; 9] = [
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    ];
    let Some(parts) = statement.as_object() else { return element(statement) };
    let effect = parts.get("Effect").map_or("(no effect)".to_string(), one);
    let mut line = effect;
    for (key, before) in [
        ("Action", ""),
        ("NotAction", "all but "),
        ("Resource", "on "),
        ("NotResource", "on all but "),
        ("Principal", "to "),
        ("NotPrincipal", "to all but "),
    ] {
        let Some(part) = parts.get(key) else { continue };
        let most = if key == "Action" && extent == Extent::Short { NAMED_ACTIONS } else { usize::MAX };
        line += &format!(" {before}{}", grouped(part, most));
    }
    if let Some(condition) = parts.get("Condition") {
        line += &format!(" if {}", conditions(condition));
    }
    for (key, part) in parts.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str())) {
        line += &format!("; {}: {}", name(key), element(part));
    }
    line
}

/// Returns principals by their types, or the elements of a list.
fn grouped(value: &Value, most: usize) -> String {
    match value {
        Value::Object(kinds) => {
            let kinds = kinds.iter().map(|(kind, names)| format!("{} {}", word(kind), several(names, most)));
            kinds.collect::<Vec<_>>().join(" and ")
        }
        other => several(other, most),
    }
}

/// Returns conditions as they are met together: `aws:SourceArn ArnLike arn:… and …`.
fn conditions(value: &Value) -> String {
    let Some(operators) = value.as_object() else { return element(value) };
    let mut tests = vec![];
    for (operator, keys) in operators {
        match keys.as_object() {
            Some(keys) => tests.extend(keys.iter().map(|(key, values)| {
                format!("{} {} {}", word(key), word(operator), several(values, usize::MAX))
            })),
            None => tests.push(format!("{} {}", word(operator), element(keys))),
        }
    }
    tests.join(" and ")
}

/// Returns the elements of a list, or the one value that stands for a list.
fn several(value: &Value, most: usize) -> String {
    let Value::Array(elements) = value else { return one(value) };
    if elements.is_empty() {
        return "[]".to_string();
    }
    let names = elements.iter().map(one);
    if elements.len() <= most {
        return names.collect::<Vec<_>>().join(", ");
    }
    let named: Vec<String> = names.take(most).collect();
    format!("{} and {} more (-v)", named.join(", "), elements.len() - most)
}

fn one(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        other => element(other),
    }
}
