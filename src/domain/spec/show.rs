//! The effective spec as YAML for people, in the order in which the files have it.

use super::node::{Content, Node};

/// Widest a line is before the place that it came from.
const ORIGIN_COLUMN: usize = 56;

/// Shows a spec; with origins, each line says which file it came from.
pub(super) fn yaml(tree: &Node, origins: bool) -> String {
    let mut lines = Vec::new();
    mapping(tree, 0, &mut lines);
    let mut out = String::new();
    for (line, node) in lines {
        out.push_str(&line);
        if let Some(node) = node.filter(|_| origins) {
            let gap = ORIGIN_COLUMN.saturating_sub(line.chars().count()).max(2);
            out.push_str(&format!("{:gap$}# {}:{}", "", node.place.file, node.place.line));
        }
        out.push('\n');
    }
    out
}

type Line<'n> = (String, Option<&'n Node>);

fn mapping<'n>(node: &'n Node, depth: usize, lines: &mut Vec<Line<'n>>) {
    let indent = "  ".repeat(depth);
    for entry in node.entries() {
        let key = text(&entry.key);
        match &entry.value.content {
            Content::Null => {}
            Content::Mapping(below) if !below.is_empty() => {
                lines.push((format!("{indent}{key}:"), None));
                mapping(&entry.value, depth + 1, lines);
            }
            _ => lines.push((format!("{indent}{key}: {}", flow(&entry.value)), Some(&entry.value))),
        }
    }
}

/// A value on one line.
fn flow(node: &Node) -> String {
    match &node.content {
        Content::Null => "null".to_owned(),
        Content::Bool(value) => value.to_string(),
        Content::Number(value) => value.to_string(),
        Content::Text(value) => text(value),
        Content::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Content::Mapping(entries) => {
            let entries = entries.iter().map(|entry| format!("{}: {}", text(&entry.key), flow(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Text as it is where that is safe in any YAML, in quotes elsewhere.
fn text(value: &str) -> String {
    let safe_start = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let safe = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./@".contains(c));
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if safe_start && safe && !words.contains(&value.to_lowercase().as_str()) {
        value.to_owned()
    } else {
        serde_json::Value::from(value).to_string()
    }
}
