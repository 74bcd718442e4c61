//! `template.yaml` as the portal's parser reads it, every key and value with its place.

use std::collections::HashMap;
use std::ops::Range;

use billpay_model::findings::{Problem, SourceFile};
use billpay_nunjucks::number;
use billpay_spec::yaml::{self, Plain};
use serde_json::{Map, Number, Value};
use serde_yaml::granit_parser::Tag;

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

    /// Returns the name of the kind of value, for messages.
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
    let bytes = file.text().as_bytes();
    let lone = |at: &usize| bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    // A text that is too large or not UTF-8 is told as such.
    if let Some(at) = (0..bytes.len().min(LIMITS.bytes)).find(lone).filter(|_| file.not_utf8().is_none()) {
        let message = "a carriage return without a line feed, which ends no line for the portal";
        let problem = Problem::error("line-end", file.place(at..at + 1), message);
        return Err(Box::new(
            problem.help("end lines with LF or CRLF; write `\\r` in double quotes for the character"),
        ));
    }
    let documents = yaml::read(file, &LIMITS).sound().map_err(|mut problem| {
        if problem.code == "merge-key" {
            problem.message = "the portal knows no merge keys (`<<`)".to_string();
            problem.help.push("quote it, if a key of that name is meant".to_string());
        }
        problem
    })?;
    documents.iter().map(|document| node(document, file)).collect()
}

fn node(from: &yaml::Node, file: &SourceFile) -> Result<Node, Box<Problem>> {
    let content = match &from.content {
        yaml::Content::Scalar { .. } => match resolved(from, file)? {
            // JSON has no infinity, and a step's input goes through JSON.
            Plain::Null | Plain::NotFinite => Content::Null,
            Plain::Bool(value) => Content::Bool(value),
            Plain::Number(number) => Content::Number(number),
            Plain::Text => Content::Text(from.text().to_owned()),
        },
        yaml::Content::List(items) => {
            collection_tag(from, "seq", file)?;
            Content::List(items.iter().map(|item| node(item, file)).collect::<Result<_, _>>()?)
        }
        yaml::Content::Mapping(entries) => {
            collection_tag(from, "map", file)?;
            Content::Mapping(mapping(entries, file)?)
        }
    };
    Ok(Node { content, span: from.mark.span.clone() })
}

fn mapping(from: &[yaml::Entry], file: &SourceFile) -> Result<Vec<Entry>, Box<Problem>> {
    let mut known = HashMap::new();
    let mut entries = Vec::with_capacity(from.len());
    for yaml::Entry { key, value } in from {
        let name = name(key, file)?;
        if let Some(first) = known.insert(name.clone(), &key.mark) {
            let message = format!("`{}` is the same key as `{name}` for the portal", key.text());
            let problem = Problem::error("duplicate-key", key.mark.place(file.name()), message);
            let problem = problem.related(first.place(file.name()), "first here");
            return Err(Box::new(problem.help("keep one of the two")));
        }
        entries.push(Entry { key: name, place: key.mark.span.clone(), value: node(value, file)? });
    }
    Ok(entries)
}

/// The name of a key, as JavaScript makes a text of it.
fn name(key: &yaml::Node, file: &SourceFile) -> Result<String, Box<Problem>> {
    if let Some(alias) = &key.alias {
        let message = "a key must be plain text, not an alias";
        return Err(Box::new(Problem::error("key", alias.place(file.name()), message)));
    }
    Ok(match resolved(key, file)? {
        Plain::Null => String::new(),
        Plain::Bool(value) => value.to_string(),
        Plain::Number(number) => number::show(number.as_f64().unwrap_or_default()),
        Plain::Text => key.text().to_owned(),
        Plain::NotFinite => {
            let message = "a key must be a text, and this is a number without an end";
            let problem = Problem::error("key", key.mark.place(file.name()), message);
            return Err(Box::new(problem.help("quote it")));
        }
    })
}

/// A scalar as JavaScript has it; a tag that doesn't fit is refused, where the portal takes the scalar for text.
fn resolved(node: &yaml::Node, file: &SourceFile) -> Result<Plain, Box<Problem>> {
    let text = node.text();
    let Some(tag) = &node.tag else {
        return Ok(match node.content {
            yaml::Content::Scalar { plain: true, .. } => plain(text),
            _ => Plain::Text,
        });
    };
    let found = plain(text);
    let digits = text.trim_start_matches(['-', '+']);
    let is_int =
        digits.starts_with("0x") || digits.starts_with("0o") || digits.bytes().all(|b| b.is_ascii_digit());
    let fits = match (tag.core_suffix(), &found) {
        (Some("str"), _) => return Ok(Plain::Text),
        (None, _) if tag.original() == "!" => return Ok(Plain::Text),
        (Some("null"), found) => *found == Plain::Null,
        (Some("bool"), found) => matches!(found, Plain::Bool(_)),
        (Some("int"), found) => is_int && matches!(found, Plain::Number(_)),
        (Some("float"), found) => !is_int && matches!(found, Plain::Number(_) | Plain::NotFinite),
        _ => return Err(unknown_tag(tag, node, file)),
    };
    if fits {
        return Ok(found);
    }
    let message = format!("this is not what its tag `{}` says", tag.original());
    Err(Box::new(Problem::error("tag", node.mark.place(file.name()), message).help("leave the tag out")))
}

fn collection_tag(node: &yaml::Node, expected: &str, file: &SourceFile) -> Result<(), Box<Problem>> {
    match &node.tag {
        Some(tag) if !tag.is_yaml_core_schema_tag(expected) && tag.original() != "!" => {
            Err(unknown_tag(tag, node, file))
        }
        _ => Ok(()),
    }
}

fn unknown_tag(tag: &Tag, node: &yaml::Node, file: &SourceFile) -> Box<Problem> {
    let message = format!("the tag `{}` has no meaning here", tag.original());
    Box::new(Problem::error("tag", node.mark.place(file.name()), message))
}

/// A scalar without quotes and tag, as JavaScript has it.
fn plain(text: &str) -> Plain {
    match yaml::plain(text) {
        Plain::Number(number) => {
            number.as_f64().and_then(as_javascript).map_or(Plain::NotFinite, Plain::Number)
        }
        other => other,
    }
}

fn as_javascript(float: f64) -> Option<Number> {
    let whole = float as i64;
    if whole as f64 == float && whole.unsigned_abs() <= MAX_SAFE {
        return Some(whole.into());
    }
    Number::from_f64(float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<String, String> {
        match read(&SourceFile::new("t", text)) {
            Ok(documents) => Ok(documents.iter().map(|one| one.to_json().to_string()).collect()),
            Err(problem) => {
                Err(format!("{}: {} {}", problem.place, problem.message, problem.help.join("; ")))
            }
        }
    }

    #[test]
    fn keys_are_those_of_javascript() {
        for (text, expected) in [
            ("{~: a}", r#"{"":"a"}"#),
            ("null: a", r#"{"":"a"}"#),
            (": a", r#"{"":"a"}"#),
            ("True: a", r#"{"true":"a"}"#),
            ("0x10: a", r#"{"16":"a"}"#),
            ("0o10: a", r#"{"8":"a"}"#),
            ("1.0: a", r#"{"1":"a"}"#),
            ("{b: 1, 01: a}", r#"{"1":"a","b":1}"#),
            ("+1: a", r#"{"1":"a"}"#),
            ("1e3: a", r#"{"1000":"a"}"#),
            ("-0: a", r#"{"0":"a"}"#),
            ("1e21: a", r#"{"1e+21":"a"}"#),
            ("12345678901234567890: a", r#"{"12345678901234567000":"a"}"#),
            ("'0x10': a", r#"{"0x10":"a"}"#),
            ("!!str 0x10: a", r#"{"0x10":"a"}"#),
            ("! ~: a", r#"{"~":"a"}"#),
            ("!!int '01': a", r#"{"1":"a"}"#),
            ("yes: a", r#"{"yes":"a"}"#),
            ("'<<': 1", r#"{"<<":1}"#),
            ("<<: 1", r#"{"<<":1}"#),
            ("<<: [a]", r#"{"<<":["a"]}"#),
            ("'<<': {b: 1}", r#"{"<<":{"b":1}}"#),
            ("!!str <<: {b: 1}", r#"{"<<":{"b":1}}"#),
        ] {
            assert_eq!(json(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn values_are_those_of_javascript() {
        let long = format!("a: {}", "1".repeat(500));
        for (text, expected) in [
            ("a: 1e400", r#"{"a":null}"#),
            ("a: -1e400", r#"{"a":null}"#),
            (&long, r#"{"a":null}"#),
            ("a: 0xfffffffffffffffffffff", r#"{"a":1.9342813113834067e+25}"#),
            ("a: ! 1", r#"{"a":"1"}"#),
            ("a: !", r#"{"a":""}"#),
            ("a: ! [1]", r#"{"a":[1]}"#),
            ("a: !!float 1.0", r#"{"a":1}"#),
            ("a: !!float .inf", r#"{"a":null}"#),
            ("a: !!int 0x10", r#"{"a":16}"#),
            ("a: !!map {b: !!seq [1]}", r#"{"a":{"b":[1]}}"#),
            ("%YAML 1.2\n---\na: yes", r#"{"a":"yes"}"#),
            ("a: 1\r\nb: 2\r\n", r#"{"a":1,"b":2}"#),
        ] {
            assert_eq!(json(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_the_portal_reads_as_something_else_is_refused_at_its_place() {
        for (text, part) in [
            ("0x1: a\n1: b", "t:2:1: `1` is the same key as `1` for the portal"),
            ("~: a\n'': b", "t:2:1: "),
            ("1: a\nb: {True: 1, 'true': 2}", "t:2:14: "),
            (".inf: a", "t:1:1: a key must be a text"),
            ("a:\n  1e400: a", "t:2:3: a key must be a text"),
            ("a: !!float 1", "t:1:12: this is not what its tag `!!float` says"),
            ("a: !!int 1.0", "t:1:10: "),
            ("a: !!int 1e3", "t:1:10: "),
            ("a: !!bool yes", "t:1:11: "),
            ("a: !!null x", "t:1:11: "),
            ("!!float 1: a", "t:1:9: "),
            ("!x 1: a", "the tag `!x` has no meaning here"),
            ("a: !!set {a, b}", "the tag `!!set` has no meaning here"),
            ("a: !!omap [a: 1]", "the tag `!!omap` has no meaning here"),
            ("a: !!str [a]", "the tag `!!str` has no meaning here"),
            ("a: !!seq {a: 1}", "the tag `!!seq` has no meaning here"),
            ("!!merge <<: {b: 1}", "no merge keys"),
            ("a: &a {b: 1}\n<<: *a", "t:2:1: the portal knows no merge keys"),
            ("a: &a {b: 1}\nc: {<<: [*a]}", "t:2:5: the portal knows no merge keys"),
            ("<<: {b: 1}", "quote it, if a key of that name is meant"),
            ("# é\n%YAML 1.1\n---\na: yes", "t:2:1: files are read as YAML 1.2, and this one says it is 1.1"),
            ("a: yes\n...\n%YAML 1.1\n---\nb: 010", "t:3:1: "),
            ("a: 1\rb: 2\r", "t:1:5: a carriage return without a line feed"),
            ("é: 'x\ry'\r\n", "t:1:6: a carriage return"),
            ("a: 1\r\r\nb: 2", "t:1:5: a carriage return"),
        ] {
            let summary = json(text).expect_err(text);
            assert!(summary.contains(part), "{text}: {summary}");
        }
    }
}
