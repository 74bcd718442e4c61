//! `template.yaml` as the portal's parser reads it, every key and value with its place.
//!
//! Built on parser events, so that duplicate keys are found and hostile input (alias bombs,
//! deep nesting) is stopped where it begins.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use crate::domain::findings::{Problem, SourceFile};

/// Largest file that is read, bytes.
const MAX_BYTES: usize = 4 << 20;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;
/// Most keys and values, after aliases are resolved.
const MAX_VALUES: usize = 200_000;
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

    fn size(&self) -> usize {
        1 + self.items().iter().map(Node::size).sum::<usize>()
            + self.entries().iter().map(|entry| 1 + entry.value.size()).sum::<usize>()
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
    let text = file.text();
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MB", MAX_BYTES >> 20);
        return Err(Box::new(Problem::error("too-large", file.place(0..0), message)));
    }
    if let Some(flaw) = file.not_utf8() {
        let place = file.place(flaw.at..flaw.at + '\u{fffd}'.len_utf8());
        let message = format!("the file is not UTF-8: byte {} is 0x{:02x}", flaw.at, flaw.byte);
        return Err(Box::new(Problem::error("not-utf-8", place, message).help("save it as UTF-8")));
    }
    let mut builder = Builder { file, open: vec![], documents: vec![], anchors: HashMap::new(), values: 0 };
    let options = options! { emit_comments: false, flow_nesting_limit: 2 * MAX_DEPTH, block_nesting_limit: 2 * MAX_DEPTH };
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
                let message = format!("this is not valid YAML: {}", error.kind());
                return Err(Box::new(Problem::error("yaml-syntax", file.place(at..at), message)));
            }
        }
    }
    Ok(builder.documents)
}

/// A list or mapping whose end has not been read yet.
struct Open {
    start: usize,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Mapping(Vec<Entry>, Option<(String, Range<usize>)>),
}

struct Builder<'f> {
    file: &'f SourceFile,
    open: Vec<Open>,
    documents: Vec<Node>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Problem>> {
        let span = span.byte_range().unwrap_or_default();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.expects_key() {
                    return self.key(text.into_owned(), span);
                }
                let content = self.scalar(&text, style, tag.as_deref(), &span)?;
                self.value(Node { content, span }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.start(span, anchor, OpenKind::List(vec![])),
            Event::MappingStart(_, anchor, _) => self.start(span, anchor, OpenKind::Mapping(vec![], None)),
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => {
                    self.count(node.size(), &span)?;
                    self.put(node, &span)
                }
                None => Err(self.wrong("alias", &span, "this alias stands for a value that it is part of")),
            },
            _ => Ok(()),
        }
    }

    fn wrong(&self, code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Box<Problem> {
        Box::new(Problem::error(code, self.file.place(span.clone()), message))
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Mapping(_, None), .. }))
    }

    fn start(&mut self, span: Range<usize>, anchor: usize, kind: OpenKind) -> Result<(), Box<Problem>> {
        if self.expects_key() {
            let wrong = self.wrong("key", &span, "a key must be plain text, not a list or a mapping");
            return Err(Box::new(wrong.help("quote a value that begins with `{` or `[`")));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.wrong(
                "too-deep",
                &span,
                format!("values are nested more than {MAX_DEPTH} deep"),
            ));
        }
        self.open.push(Open { start: span.start, anchor, kind });
        Ok(())
    }

    fn end(&mut self, end: &Range<usize>) -> Result<(), Box<Problem>> {
        let Some(Open { start, anchor, kind }) = self.open.pop() else {
            return Ok(());
        };
        let content = match kind {
            OpenKind::List(items) => Content::List(items),
            OpenKind::Mapping(entries, _) => Content::Mapping(entries),
        };
        self.value(Node { content, span: start..end.end.max(start) }, anchor)
    }

    fn key(&mut self, name: String, span: Range<usize>) -> Result<(), Box<Problem>> {
        self.count(1, &span)?;
        let wrong = match name.as_str() {
            "<<" => Some(self.wrong("merge-key", &span, "the portal knows no merge keys (`<<`)")),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Err(Box::new(wrong.help("write the keys out")));
        }
        if let Some(Open { kind: OpenKind::Mapping(entries, key), .. }) = self.open.last_mut() {
            if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                let first = self.file.place(first.place.clone());
                let problem = Problem::error(
                    "duplicate-key",
                    self.file.place(span),
                    format!("`{name}` is there twice"),
                );
                return Err(Box::new(problem.related(first, "first here").help("keep one of the two")));
            }
            *key = Some((name, span));
        }
        Ok(())
    }

    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Box<Problem>> {
        let span = node.span.clone();
        self.count(1, &span)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node, &span)
    }

    /// Puts a complete value where it belongs.
    fn put(&mut self, node: Node, span: &Range<usize>) -> Result<(), Box<Problem>> {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.documents.push(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Mapping(entries, key)) => match key.take() {
                Some((key, place)) => entries.push(Entry { key, place, value: node }),
                None => return Err(self.wrong("key", span, "a key must be plain text, not an alias")),
            },
        }
        Ok(())
    }

    /// Counts values, and refuses a file that unfolds into too many.
    fn count(&mut self, more: usize, span: &Range<usize>) -> Result<(), Box<Problem>> {
        self.values = self.values.saturating_add(more);
        if self.values <= MAX_VALUES {
            return Ok(());
        }
        Err(self.wrong(
            "too-many-values",
            span,
            format!("the file unfolds into more than {MAX_VALUES} values"),
        ))
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Range<usize>,
    ) -> Result<Content, Box<Problem>> {
        match tag.map(|tag| (tag.core_suffix(), tag)) {
            None if style == ScalarStyle::Plain => Ok(plain(text)),
            None | Some((Some("str"), _)) => Ok(Content::Text(text.to_owned())),
            Some((Some("null" | "bool" | "int" | "float"), _)) => Ok(plain(text)),
            Some((_, tag)) => {
                Err(self.wrong("tag", span, format!("the tag `{}` has no meaning here", tag.original())))
            }
        }
    }
}

/// A scalar without quotes and tag: the core schema of YAML 1.2.
fn plain(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        // JSON has neither, and a step's input goes through JSON.
        ".inf" | ".Inf" | ".INF" | "-.inf" | "-.Inf" | "-.INF" | "+.inf" | "+.Inf" | "+.INF" | ".nan"
        | ".NaN" | ".NAN" => Content::Null,
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = digits.strip_prefix('+').map_or(digits, |_| "");
            return u64::from_str_radix(digits, radix).ok().and_then(|whole| as_javascript(whole as f64));
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or_default();
    let looks_like_one = mantissa.contains(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    if !looks_like_one || mantissa.contains(['-', '+']) {
        return None;
    }
    as_javascript(text.parse::<f64>().ok()?)
}

fn as_javascript(float: f64) -> Option<Number> {
    let whole = float as i64;
    if whole as f64 == float && whole.unsigned_abs() <= MAX_SAFE {
        return Some(whole.into());
    }
    Number::from_f64(float)
}
