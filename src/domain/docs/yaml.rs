//! A configuration of MkDocs as a tree that keeps its tags, and the tree as YAML again.
//!
//! What MkDocs reads is written anew from the tree that was checked, so that nothing can mean
//! one thing to us and another to MkDocs.

use std::collections::HashMap;

use serde_json::Value;
use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use crate::domain::findings::{Place, Problem, SourceFile};

/// Largest file that is read, bytes.
const MAX_BYTES: usize = 512 * 1024;
/// Deepest nesting.
const MAX_DEPTH: usize = 40;
/// Most values, after aliases are resolved; those in others count with each of them.
const MAX_VALUES: usize = 100_000;
/// What the tags of YAML itself begin with.
const CORE: &str = "tag:yaml.org,2002:";

/// A value, its tag, and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub content: Content,
    /// The whole tag; none where none was written.
    pub tag: Option<String>,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text, and whether it stood there without quotes and may mean a number or nothing.
    Scalar(String, bool),
    List(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// A text of ours, at the place of something that was written.
    pub fn text(text: &str, place: &Place) -> Node {
        Node { content: Content::Scalar(text.into(), false), tag: None, place: place.clone() }
    }

    pub fn list(items: Vec<Node>, place: &Place) -> Node {
        Node { content: Content::List(items), tag: None, place: place.clone() }
    }

    /// The text, where there is one without a tag.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) if self.tag.is_none() => Some(text),
            _ => None,
        }
    }

    /// Whether nothing was written, or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(text, true)
            if self.tag.is_none() && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar(..) => 0,
            Content::List(items) => items.iter().map(Node::size).sum(),
            Content::Mapping(entries) => entries.iter().map(|(key, value)| key.size() + value.size()).sum(),
        }
    }

    /// The value in YAML, on one line.
    pub fn write(&self, out: &mut String) {
        if let Some(tag) = &self.tag {
            match tag.starts_with('!') {
                true => *out += &format!("{tag} "),
                false => *out += &format!("!<{tag}> "),
            }
        }
        match &self.content {
            // Only what may mean something other than its letters goes without quotes.
            Content::Scalar(text, true) if self.tag.is_none() && may_be_plain(text) => *out += text,
            Content::Scalar(..) if self.is_null() => *out += "null",
            Content::Scalar(text, _) => *out += &Value::from(text.as_str()).to_string(),
            Content::List(items) => {
                *out += "[";
                for (index, item) in items.iter().enumerate() {
                    *out += if index > 0 { ", " } else { "" };
                    item.write(out);
                }
                *out += "]";
            }
            Content::Mapping(entries) => {
                *out += "{";
                for (index, (key, value)) in entries.iter().enumerate() {
                    *out += if index > 0 { ", " } else { "" };
                    key.write(out);
                    *out += ": ";
                    value.write(out);
                }
                *out += "}";
            }
        }
    }
}

fn may_be_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let begins = match (chars.next(), chars.next()) {
        (Some('-' | '+' | '.'), Some(second)) => second.is_ascii_digit() || second == '.',
        (Some(first), _) => first.is_ascii_alphanumeric(),
        (None, _) => false,
    };
    begins && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.+-".contains(c))
}

/// A problem that ends the reading; boxed because it is large and rare.
pub type Fatal = Box<Problem>;

/// Reads a file of one mapping.
pub fn parse(file: &SourceFile) -> Result<Vec<(Node, Node)>, Fatal> {
    let whole = || file.place(0..0);
    if file.text().len() > MAX_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_BYTES / 1024);
        return Err(Box::new(Problem::error("too-large", whole(), message)));
    }
    if let Some(flaw) = file.not_utf8() {
        let message = format!("the file is not UTF-8: byte {} is 0x{:02x}", flaw.at, flaw.byte);
        return Err(Box::new(Problem::error("not-utf-8", whole(), message).help("save it as UTF-8")));
    }
    let mut reader = Reader { file, open: vec![], root: None, anchors: HashMap::new(), values: 0 };
    let limits = options! { emit_comments: false, flow_nesting_limit: 2 * MAX_DEPTH, block_nesting_limit: 2 * MAX_DEPTH };
    for next in Parser::new_from_str_with_options(file.text(), limits) {
        match next {
            Ok((event, span)) => reader.event(event, span)?,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                let message = format!("this is not valid YAML: {}", error.kind());
                return Err(Box::new(Problem::error("yaml-syntax", file.place(at..at), message)));
            }
        }
    }
    match reader.root {
        Some(Node { content: Content::Mapping(entries), tag: None, .. }) => Ok(entries),
        other => {
            let place = other.map_or_else(whole, |node| node.place);
            let problem = Problem::error("not-a-mapping", place, "the file is no mapping of settings");
            Err(Box::new(problem.help("it begins with `site_name: …`")))
        }
    }
}

struct Open {
    tag: Option<String>,
    place: Place,
    anchor: usize,
    content: Content,
    /// The key whose value comes next.
    key: Option<Node>,
}

struct Reader<'f> {
    file: &'f SourceFile,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        let place = self.file.place(span.byte_range().unwrap_or_default());
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Box::new(Problem::error(
                "several-documents",
                place,
                "a second YAML document starts here",
            ))),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let tag = whole_tag(tag.as_deref(), &place)?;
                let content = Content::Scalar(text.into_owned(), plain);
                self.value(Node { content, tag, place }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.start(anchor, tag.as_deref(), place, Content::List(vec![]))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.start(anchor, tag.as_deref(), place, Content::Mapping(vec![]))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { tag, place, anchor, content, .. }) => {
                    self.value(Node { content, tag, place }, anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.value(Node { place, ..node }, 0),
                None => Err(Box::new(Problem::error(
                    "alias",
                    place,
                    "this alias stands for what it is itself a part of",
                ))),
            },
            _ => Ok(()),
        }
    }

    fn start(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        place: Place,
        content: Content,
    ) -> Result<(), Fatal> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("values are nested more than {MAX_DEPTH} levels deep");
            return Err(Box::new(Problem::error("too-deep", place, message)));
        }
        let tag = whole_tag(tag, &place)?;
        self.open.push(Open { tag, place, anchor, content, key: None });
        Ok(())
    }

    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        self.values += node.size();
        if self.values > MAX_VALUES {
            let message = format!("the file unfolds into more than {MAX_VALUES} values");
            return Err(Box::new(Problem::error("too-many-values", node.place, message)));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(Open { content, key, .. }) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match content {
            Content::List(items) => items.push(node),
            Content::Mapping(entries) => match key.take() {
                Some(key) => put(entries, key, node)?,
                None if matches!(node.content, Content::Scalar(..)) && node.tag.is_none() => {
                    *key = Some(node)
                }
                None => return Err(Box::new(Problem::error("key", node.place, "a key must be plain text"))),
            },
            Content::Scalar(..) => {}
        }
        Ok(())
    }
}

/// Puts an entry into a mapping, or what `<<` takes in.
fn put(entries: &mut Vec<(Node, Node)>, key: Node, value: Node) -> Result<(), Fatal> {
    let Some(name) = key.as_text().map(str::to_string) else { return Ok(()) };
    let has =
        |entries: &[(Node, Node)], name: &str| entries.iter().any(|(key, _)| key.as_text() == Some(name));
    if name == "<<" {
        let problem = Problem::error("merge-key", key.place, "`<<` is not taken here");
        return Err(Box::new(problem.help("write the settings out")));
    }
    if has(entries, &name) {
        return Err(Box::new(
            Problem::error("duplicate-key", key.place, format!("`{name}` is there twice"))
                .help("keep one of the two"),
        ));
    }
    entries.push((key, value));
    Ok(())
}

/// A tag as it is meant; none where it says no more than what the value is anyway.
fn whole_tag(tag: Option<&Tag>, place: &Place) -> Result<Option<String>, Fatal> {
    let Some(tag) = tag else { return Ok(None) };
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "!:/.,_-".contains(c));
    if whole.contains(odd) || (whole.starts_with('!') && whole.contains(['/', ':', ','])) {
        return Err(Box::new(Problem::error(
            "tag",
            place.clone(),
            format!("the tag `{whole}` is not taken here"),
        )));
    }
    if !whole.starts_with('!') && !whole.starts_with(CORE) {
        return Err(Box::new(Problem::error(
            "tag",
            place.clone(),
            format!("the tag `{whole}` is not known"),
        )));
    }
    Ok(Some(whole))
}
