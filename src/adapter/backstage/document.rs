//! `template.yaml` as the portal's parser reads it, every key and value with its place.

use std::ops::Range;

use serde_json::{Map, Number, Value};

use crate::domain::findings::{Problem, SourceFile};
use crate::domain::yaml::{self, Plain};

const LIMITS: yaml::Limits =
    yaml::Limits { one_document: false, merge_keys: false, ..yaml::Limits::data("a template") };
/// Up to here JavaScript counts whole numbers one by one.
const MAX_SAFE: u64 = 1 << 53;

/// A value and the bytes of the file that it is in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub content: Content,
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub place: Range<usize>,
    pub value: Node,
}

impl Node {
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as JavaScript has it: whole numbers as keys come first.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Content::Mapping(entries) => {
                let object = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(in_order(object.collect()))
            }
        }
    }

    /// What kind of value it is, for people.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }
}

/// Keys in the order in which a JavaScript object gives them: array indices first.
pub(super) fn in_order(object: Map<String, Value>) -> Map<String, Value> {
    let index = |key: &str| {
        let plain = key == "0" || !key.starts_with('0');
        let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        (plain && digits).then(|| key.parse::<u32>().ok()).flatten().filter(|index| *index != u32::MAX)
    };
    if !object.keys().any(|key| index(key).is_some()) {
        return object;
    }
    let (mut first, rest): (Vec<_>, Vec<_>) = object.into_iter().partition(|(key, _)| index(key).is_some());
    first.sort_by_key(|(key, _)| index(key));
    first.into_iter().chain(rest).collect()
}

/// Reads a file: its documents, or the first thing that keeps it from being read.
pub(super) fn read(file: &SourceFile) -> Result<Vec<Node>, Box<Problem>> {
    let documents = yaml::read(file, &LIMITS).sound().map_err(|mut problem| {
        if problem.code == "merge-key" {
            problem.message = "the portal knows no merge keys (`<<`)".to_string();
        }
        problem
    })?;
    documents.iter().map(|document| node(document, file)).collect()
}

fn node(from: &yaml::Node, file: &SourceFile) -> Result<Node, Box<Problem>> {
    let content = match &from.content {
        yaml::Content::Scalar { .. } => scalar(from, file)?,
        yaml::Content::List(items) => {
            Content::List(items.iter().map(|item| node(item, file)).collect::<Result<_, _>>()?)
        }
        yaml::Content::Mapping(entries) => {
            Content::Mapping(entries.iter().map(|from| entry(from, file)).collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { content, span: from.mark.span.clone() })
}

fn entry(from: &yaml::Entry, file: &SourceFile) -> Result<Entry, Box<Problem>> {
    let key = &from.key;
    if let Some(alias) = &key.alias {
        let message = "a key must be plain text, not an alias";
        return Err(Box::new(Problem::error("key", alias.place(file.name()), message)));
    }
    Ok(Entry { key: key.text().to_owned(), place: key.mark.span.clone(), value: node(&from.value, file)? })
}

fn scalar(node: &yaml::Node, file: &SourceFile) -> Result<Content, Box<Problem>> {
    let text = node.text();
    match node.tag.as_ref().map(|tag| (tag.core_suffix(), tag)) {
        None if matches!(node.content, yaml::Content::Scalar { plain: true, .. }) => Ok(plain(text)),
        None | Some((Some("str"), _)) => Ok(Content::Text(text.to_owned())),
        Some((Some("null" | "bool" | "int" | "float"), _)) => Ok(plain(text)),
        Some((_, tag)) => {
            let message = format!("the tag `{}` has no meaning here", tag.original());
            Err(Box::new(Problem::error("tag", node.mark.place(file.name()), message)))
        }
    }
}

/// A scalar without quotes and tag, as JavaScript has it.
fn plain(text: &str) -> Content {
    match yaml::plain(text) {
        // JSON has no infinity, and a step's input goes through JSON.
        Plain::Null | Plain::NotFinite => Content::Null,
        Plain::Bool(value) => Content::Bool(value),
        Plain::Number(number) => match number.as_f64().and_then(as_javascript) {
            Some(number) => Content::Number(number),
            None => Content::Text(text.to_owned()),
        },
        Plain::Text => Content::Text(text.to_owned()),
    }
}

fn as_javascript(float: f64) -> Option<Number> {
    let whole = float as i64;
    if whole as f64 == float && whole.unsigned_abs() <= MAX_SAFE {
        return Some(whole.into());
    }
    Number::from_f64(float)
}
