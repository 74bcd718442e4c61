//! The effective spec as YAML for people, in the order in which the files have it.

use super::node::{Content, Node};
use crate::yaml::{self, Plain};

/// Widest a line is before the place that it came from.
const ORIGIN_COLUMN: usize = 56;

/// Shows a spec; with origins, each line says which file it came from.
pub(super) fn show(tree: &Node, origins: bool) -> String {
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
            Content::Mapping(below) if below.iter().any(|entry| entry.value.content != Content::Null) => {
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
            let given = entries.iter().filter(|entry| entry.value.content != Content::Null);
            let entries = given.map(|entry| format!("{}: {}", text(&entry.key), flow(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Text as it is where any YAML reads it as text, in quotes elsewhere.
fn text(value: &str) -> String {
    let safe = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./@ ".contains(c));
    let edges = value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/') && !value.ends_with(' ');
    // Older readers take `yes` for true and `1_000` for a number.
    let old_words = ["yes", "no", "on", "off", "y", "n"];
    let old_number = value.starts_with(|c: char| c.is_ascii_digit()) && value.contains('_');
    let is_text = yaml::plain(value) == Plain::Text && !old_number;
    if safe && edges && is_text && !old_words.contains(&value.to_lowercase().as_str()) {
        value.to_owned()
    } else {
        serde_json::Value::from(value).to_string()
    }
}
