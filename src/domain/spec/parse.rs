//! Reads a file of a spec as YAML 1.2, within limits that no honest file comes near.
//!
//! Built on parser events rather than on serde, so that every key and value keeps its
//! place, every duplicate key is found, and hostile input (alias bombs, deep nesting,
//! endless files) is stopped where it begins.

use std::collections::HashMap;

use serde_yaml::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag, options};

use super::node::{Content, Entry, Node};
use super::scalar;
use crate::domain::findings::SourceFile;
use crate::domain::findings::{Place, Problem};

/// Largest file that is read, bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting; a spec needs six levels.
const MAX_DEPTH: usize = 32;
/// Most keys and values, after aliases are resolved.
const MAX_VALUES: usize = 10_000;

/// Reads a file; with no value, one of the problems says why there is none.
pub(super) fn parse(file: &SourceFile) -> (Option<Node>, Vec<Problem>) {
    let mut builder = Builder::new(file);
    match builder.read() {
        Ok(node) => (Some(node), builder.problems),
        Err(fatal) => {
            builder.problems.push(*fatal);
            (None, builder.problems)
        }
    }
}

/// A problem that ends the reading; boxed because it is large and rare.
type Fatal = Box<Problem>;

/// A list or mapping whose end has not been read yet.
struct Open {
    place: Place,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<Key>, merged: Vec<Node> },
}

/// A key whose value has not been read yet.
struct Key {
    name: String,
    place: Place,
    /// Whether it is the merge key, `<<`.
    merge: bool,
}

struct Builder<'f> {
    file: &'f SourceFile,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    values: usize,
    problems: Vec<Problem>,
}

impl<'f> Builder<'f> {
    fn new(file: &'f SourceFile) -> Builder<'f> {
        Builder {
            file,
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            values: 0,
            problems: Vec::new(),
        }
    }

    fn read(&mut self) -> Result<Node, Fatal> {
        let text = self.text()?;
        self.refuse_conflict_marks(text)?;
        let options = options! { emit_comments: false, flow_nesting_limit: 2 * MAX_DEPTH, block_nesting_limit: 2 * MAX_DEPTH };
        for next in Parser::new_from_str_with_options(text, options) {
            match next {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => return Err(Box::new(self.syntax(&error))),
            }
        }
        match self.root.take() {
            Some(node) if !is_absent(&node) => Ok(node),
            _ => Err(Box::new(
                Problem::error(
                    "empty-file",
                    self.file.place(0..0),
                    "the file is empty, or all of it is comments",
                )
                .help("a spec is a mapping: `environment: dev`, then what differs from shared.yaml"),
            )),
        }
    }

    /// Fails if Git left its marks of a merge that nobody has finished.
    fn refuse_conflict_marks(&self, text: &str) -> Result<(), Fatal> {
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
                let place = self.file.place(at..at + line.trim_end().len());
                let problem = Problem::error("conflict-marker", place, "Git's mark of a conflict in a merge")
                    .help("choose between the two sides, take the marks out, and go on with the merge");
                return Err(Box::new(problem));
            }
            at += line.len();
        }
        Ok(())
    }

    /// The text of the file, if it is UTF-8 and of a size that a spec may have.
    fn text(&self) -> Result<&'f str, Fatal> {
        let text = self.file.text();
        if text.len() > MAX_BYTES {
            let message =
                format!("the file is larger than {} KiB, the most that a spec may have", MAX_BYTES / 1024);
            return Err(Box::new(Problem::error("too-large", self.file.place(0..0), message)));
        }
        let Some(flaw) = self.file.not_utf8() else {
            return Ok(text);
        };
        let message = format!("the file is not UTF-8: byte {} is 0x{:02x}", flaw.at, flaw.byte);
        let help = match flaw.looks_like_utf16 {
            true => "it looks like UTF-16: save it as UTF-8",
            false => "save it as UTF-8",
        };
        let place = self.file.place(flaw.at..flaw.at + '\u{fffd}'.len_utf8());
        Err(Box::new(Problem::error("not-utf-8", place, message).help(help)))
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Box::new(
                Problem::error("several-documents", place, "a second YAML document starts here")
                    .help("a file holds one environment: put the other one into a file of its own"),
            )),
            Event::Scalar(text, style, anchor, tag) => {
                let content = match scalar::resolve(&text, style, tag.as_deref()) {
                    Ok(content) => content,
                    Err(reason) => {
                        self.problems.push(Problem::error("tag", place.clone(), reason));
                        Content::Text(text.to_string())
                    }
                };
                if self.expects_key() {
                    let merge = text == "<<" && style == ScalarStyle::Plain;
                    return self.key(text.into_owned(), place, merge);
                }
                self.value(Node { content, place }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(&place, tag.as_deref(), "seq");
                self.start(place, anchor, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(&place, tag.as_deref(), "map");
                self.start(
                    place,
                    anchor,
                    OpenKind::Mapping { entries: Vec::new(), key: None, merged: Vec::new() },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&place),
            Event::Alias(anchor) => self.alias(anchor, place),
            _ => Ok(()),
        }
    }

    /// Whether the next node is the key of an entry.
    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Mapping { key: None, .. }, .. }))
    }

    fn start(&mut self, place: Place, anchor: usize, kind: OpenKind) -> Result<(), Fatal> {
        if self.expects_key() {
            return Err(Box::new(
                Problem::error("key", place, "a key must be plain text, not a list or a mapping")
                    .help("quote a value that begins with `{` or `[`"),
            ));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(place)));
        }
        self.open.push(Open { place, anchor, kind });
        Ok(())
    }

    fn end(&mut self, end: &Place) -> Result<(), Fatal> {
        let Some(Open { mut place, anchor, kind }) = self.open.pop() else {
            return Ok(());
        };
        place.span.end = place.span.end.max(end.span.end);
        let content = match kind {
            OpenKind::List(items) => Content::List(items),
            OpenKind::Mapping { mut entries, merged, .. } => {
                for entry in merged.into_iter().flat_map(|node| match node.content {
                    Content::Mapping(entries) => entries,
                    _ => Vec::new(),
                }) {
                    if !entries.iter().any(|own| own.key == entry.key) {
                        entries.push(entry);
                    }
                }
                Content::Mapping(entries)
            }
        };
        self.value(Node { content, place }, anchor)
    }

    fn key(&mut self, name: String, place: Place, merge: bool) -> Result<(), Fatal> {
        self.count(1, &place)?;
        if let Some(Open { kind: OpenKind::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(Key { name, place, merge });
        }
        Ok(())
    }

    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        self.count(1, &node.place)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.place_value(node);
        Ok(())
    }

    /// Puts a complete value where it belongs.
    fn place_value(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Mapping { entries, key, merged }) => match key.take() {
                Some(key) if key.merge => match mergeable(node) {
                    Ok(nodes) => merged.extend(nodes),
                    Err(place) => self.problems.push(
                        Problem::error("merge-key", place, "`<<` takes in mappings only")
                            .help("write `<<: *name`, where `&name` marks a mapping"),
                    ),
                },
                Some(key) => match entries.iter().find(|entry| entry.key == key.name) {
                    Some(first) => self.problems.push(
                        Problem::error("duplicate-key", key.place, format!("`{}` is there twice", key.name))
                            .label("again here")
                            .related(first.place.clone(), "first here")
                            .help("keep one of the two"),
                    ),
                    None => entries.push(Entry { key: key.name, place: key.place, value: node }),
                },
                None => {}
            },
        }
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Fatal> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(Box::new(
                Problem::error("alias", place, "this alias stands for a value that it is itself a part of")
                    .help("write the value out"),
            ));
        };
        if self.expects_key() {
            return match node.content {
                Content::Text(name) => self.key(name, place, false),
                _ => Err(Box::new(Problem::error("key", place, "a key must be plain text"))),
            };
        }
        self.count(node.size(), &place)?;
        self.place_value(node);
        Ok(())
    }

    /// Counts values, and refuses a file that unfolds into too many.
    fn count(&mut self, more: usize, place: &Place) -> Result<(), Fatal> {
        self.values = self.values.saturating_add(more);
        if self.values <= MAX_VALUES {
            return Ok(());
        }
        let message = format!("the file unfolds into more than {MAX_VALUES} values");
        let problem = Problem::error("too-many-values", place.clone(), message);
        Err(Box::new(match self.anchors.is_empty() {
            true => problem,
            false => problem.help("aliases of aliases multiply: write the values out instead"),
        }))
    }

    fn collection_tag(&mut self, place: &Place, tag: Option<&Tag>, expected: &str) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(expected)) {
            self.problems.push(Problem::error("tag", place.clone(), scalar::unknown_tag(tag)));
        }
    }

    fn place(&self, span: Span) -> Place {
        Place {
            file: self.file.name().to_owned(),
            line: span.start.line(),
            column: span.start.col() + 1,
            span: span.byte_range().unwrap_or_default(),
        }
    }

    /// What the parser could not read, in words that help.
    fn syntax(&self, error: &ScanError) -> Problem {
        let marker = error.marker();
        let start = marker.byte_offset().unwrap_or_default();
        let place = Place {
            file: self.file.name().to_owned(),
            line: marker.line(),
            column: marker.col() + 1,
            span: start..start + 1,
        };
        let syntax = |message: &str| Problem::error("yaml-syntax", place.clone(), message);
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(place),
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart => {
                syntax("a tab is where YAML wants spaces").help("indent with spaces, two a level")
            }
            ErrorKind::UnknownAnchor => syntax("this alias stands for nothing that was written before it")
                .help("a value is marked with `&name`, before `*name` can repeat it"),
            ErrorKind::BomInsideDocument => syntax("there is a byte order mark in the middle of the file")
                .help("remove the invisible character U+FEFF"),
            ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
                syntax("a `:` is not expected here")
                    .help("quote a text that contains `: `; indent the keys of one mapping alike")
            }
            ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
                syntax("this line is indented like none of those above it")
                    .help("indent the keys of one mapping alike")
            }
            ErrorKind::UnclosedQuotedScalar => syntax("a quote is opened and never closed"),
            kind => syntax(&format!("this is not valid YAML: {kind}")),
        }
    }
}

fn too_deep(place: Place) -> Problem {
    let message = format!("values are nested more than {MAX_DEPTH} levels deep");
    Problem::error("too-deep", place, message).help("a spec needs six levels")
}

/// The mappings that a merge key takes in, or where something else is.
fn mergeable(node: Node) -> Result<Vec<Node>, Place> {
    match node.content {
        Content::Mapping(_) => Ok(vec![node]),
        Content::List(items) => {
            match items.iter().find(|item| !matches!(item.content, Content::Mapping(_))) {
                None => Ok(items),
                Some(other) => Err(other.place.clone()),
            }
        }
        _ => Err(node.place),
    }
}

/// Whether there is no value: nothing was written, rather than `null`.
pub(super) fn is_absent(node: &Node) -> bool {
    node.content == Content::Null && node.place.span.is_empty()
}
