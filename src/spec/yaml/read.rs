//! Reads a text into a tree, within limits that no honest file comes near.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use billpay_model::findings::{Place, Problem, SourceFile};
use serde_yaml::granit_parser::{
    ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, Tag, YamlVersion, options,
};

use super::node::{Content, Entry, Mark, Node, Size};

/// Most problems that are collected of one file.
const MAX_PROBLEMS: usize = 1_000;
/// Longest part of a key in a message, characters.
const MAX_NAME: usize = 80;

/// Limits of a file: its size, its depth, and what may be in it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The kind of file, as in `a spec`.
    pub what: &'static str,
    /// Largest file, bytes.
    pub bytes: usize,
    /// Deepest nesting.
    pub depth: usize,
    /// Most keys and values, after aliases are resolved.
    pub values: usize,
    /// Most text, after aliases are resolved, bytes.
    pub text: usize,
    /// Set if a second document is refused.
    pub one_document: bool,
    /// Set if `<<` takes in the entries of other mappings; it is refused otherwise, where it would.
    pub merge_keys: bool,
    /// Set if a file that says it is of another version than YAML 1.2 is taken.
    pub any_version: bool,
    /// Set if reading goes on after a key that is there twice, to find all problems.
    pub all_problems: bool,
}

impl Limits {
    /// The limits of files with plain values in them.
    pub const fn data(what: &'static str) -> Limits {
        Limits {
            what,
            bytes: 4 << 20,
            depth: 64,
            values: 200_000,
            text: 16 << 20,
            one_document: true,
            merge_keys: true,
            any_version: false,
            all_problems: false,
        }
    }
}

/// Result of reading a file.
#[derive(Debug)]
pub struct Read {
    /// The documents of the file; none where something kept them from being read.
    pub documents: Option<Vec<Node>>,
    pub problems: Vec<Problem>,
}

impl Read {
    /// Returns the documents of a file without problems.
    ///
    /// # Errors
    /// Fails with the first problem, if there is one.
    pub fn sound(self) -> Result<Vec<Node>, Box<Problem>> {
        match (self.problems.into_iter().next(), self.documents) {
            (Some(problem), _) => Err(Box::new(problem)),
            (None, documents) => Ok(documents.unwrap_or_default()),
        }
    }
}

/// Reads a file; without documents, the last problem says why there are none.
pub fn read(file: &SourceFile, limits: &Limits) -> Read {
    let refused = |problem| Read { documents: None, problems: vec![problem] };
    let text = file.text();
    if text.len() > limits.bytes {
        let message = format!(
            "the file is larger than {}, the most that {} may have",
            bytes(limits.bytes),
            limits.what
        );
        return refused(Problem::error("too-large", file.place(0..0), message));
    }
    if let Some(flaw) = file.not_utf8() {
        let message = format!("the file is not UTF-8: byte {} is 0x{:02x}", flaw.at, flaw.byte);
        let help = match flaw.looks_like_utf16 {
            true => "it looks like UTF-16: save it as UTF-8",
            false => "save it as UTF-8",
        };
        let place = file.place(flaw.at..flaw.at + '\u{fffd}'.len_utf8());
        return refused(Problem::error("not-utf-8", place, message).help(help));
    }
    let mut reader = Reader {
        file: file.name(),
        text,
        limits,
        open: vec![],
        documents: vec![],
        anchors: HashMap::new(),
        made: Size::default(),
        problems: vec![],
    };
    match reader.run() {
        Ok(()) => Read { documents: Some(reader.documents), problems: reader.problems },
        Err(fatal) => {
            reader.problems.push(*fatal);
            Read { documents: None, problems: reader.problems }
        }
    }
}

/// A size as people say it.
fn bytes(size: usize) -> String {
    match size {
        size if size.is_multiple_of(1 << 20) => format!("{} MB", size >> 20),
        size => format!("{} KiB", size >> 10),
    }
}

/// A problem that ends the reading; boxed because it is large and rare.
type Fatal = Box<Problem>;

/// A list or mapping whose end has not been read yet.
struct OpenNode {
    mark: Mark,
    anchor: usize,
    tag: Option<Rc<Tag>>,
    size: Size,
    kind: OpenNodeKind,
}

enum OpenNodeKind {
    List(Vec<Node>),
    Mapping(Mapping),
}

#[derive(Default)]
struct Mapping {
    entries: Vec<Entry>,
    /// Positions of the entries by their keys.
    known: HashMap<Rc<str>, usize>,
    /// The key whose value has not been read yet.
    key: Option<Node>,
    /// Mappings that `<<` takes in.
    merged: Vec<Node>,
}

impl Mapping {
    /// Puts in a key, or the value of the last one.
    fn put(&mut self, node: Node, limits: &Limits, file: &str) -> Option<Problem> {
        let Some(key) = self.key.take() else {
            self.key = Some(node);
            return None;
        };
        if !limits.merge_keys && is_merge(&key) && may_be_merged(&node) {
            let place = key.mark.place(file);
            return Some(
                Problem::error("merge-key", place, "`<<` is not taken here").help("write the keys out"),
            );
        }
        if limits.merge_keys && is_merge(&key) {
            return match mergeable(node) {
                Ok(nodes) => {
                    self.merged.extend(nodes);
                    None
                }
                Err(mark) => Some(
                    Problem::error("merge-key", mark.place(file), "`<<` takes in mappings only")
                        .help("write `<<: *name`, where `&name` marks a mapping"),
                ),
            };
        }
        if let Some(first) = self.known.get(key.text()).and_then(|first| self.entries.get(*first)) {
            let message = format!("`{}` is there twice", shortened(key.text()));
            return Some(
                Problem::error("duplicate-key", key.place_of_use().place(file), message)
                    .label("again here")
                    .related(first.key.place_of_use().place(file), "first here")
                    .help("keep one of the two"),
            );
        }
        self.known.insert(scalar(&key), self.entries.len());
        self.entries.push(Entry { key, value: node });
        None
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    limits: &'a Limits,
    open: Vec<OpenNode>,
    documents: Vec<Node>,
    anchors: HashMap<usize, Node>,
    /// Everything so far, aliases resolved.
    made: Size,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), Fatal> {
        let depth = 2 * self.limits.depth;
        let options =
            options! { emit_comments: false, flow_nesting_limit: depth, block_nesting_limit: depth };
        for next in Parser::new_from_str_with_options(self.text, options) {
            match next {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => return Err(Box::new(self.syntax(&error))),
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        let mark = Mark {
            line: span.start.line(),
            column: span.start.col() + 1,
            span: span.byte_range().unwrap_or_default(),
        };
        match event {
            Event::DocumentStart(..) if self.limits.one_document && !self.documents.is_empty() => {
                Err(Box::new(self.error("several-documents", &mark, "a second YAML document starts here")))
            }
            Event::DocumentStart(_, Some(version))
                if !self.limits.any_version && version != YamlVersion::new(1, 2) =>
            {
                Err(Box::new(self.version(version, &mark)))
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let size = Size { values: 1, text: text.len() + tag_len(tag.as_deref()) };
                self.count(size, &mark)?;
                let content =
                    Content::Scalar { text: Rc::from(text.as_ref()), plain: style == ScalarStyle::Plain };
                let tag = tag.map(|tag| Rc::new(tag.into_owned()));
                self.value(Node { content, tag, mark, alias: None, size }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.start(mark, anchor, tag.map(|tag| tag.into_owned()), OpenNodeKind::List(vec![]))
            }
            Event::MappingStart(_, anchor, tag) => {
                let kind = OpenNodeKind::Mapping(Mapping::default());
                self.start(mark, anchor, tag.map(|tag| tag.into_owned()), kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&mark),
            Event::Alias(anchor) => self.alias(anchor, mark),
            _ => Ok(()),
        }
    }

    fn error(&self, code: &'static str, mark: &Mark, message: impl Into<String>) -> Problem {
        Problem::error(code, mark.place(self.file), message)
    }

    fn version(&self, version: YamlVersion, document: &Mark) -> Problem {
        let above = self.text.get(..document.span.start).unwrap_or_default();
        let at =
            above.rmatch_indices("%YAML").map(|(at, _)| at).find(|at| above[..*at].ends_with(['\n', '\r']));
        let at = at.or_else(|| above.find("%YAML")).unwrap_or(document.span.start);
        let place = SourceFile::new(self.file, self.text).place(at..at + 5);
        let message = format!(
            "files are read as YAML 1.2, and this one says it is {}.{}",
            version.major, version.minor
        );
        Problem::error("yaml-version", place, message)
            .help("leave the line out; `yes`, `no`, `on` and `off` are text in YAML 1.2, and `010` is ten")
    }

    fn start(
        &mut self,
        mark: Mark,
        anchor: usize,
        tag: Option<Tag>,
        kind: OpenNodeKind,
    ) -> Result<(), Fatal> {
        if self.expects_key() {
            let problem = self.error("key", &mark, "a key must be plain text, not a list or a mapping");
            return Err(Box::new(problem.help("quote a value that begins with `{` or `[`")));
        }
        if self.open.len() >= self.limits.depth {
            return Err(Box::new(self.too_deep(mark.place(self.file))));
        }
        let size = Size { values: 1, text: tag_len(tag.as_ref()) };
        self.count(size, &mark)?;
        self.open.push(OpenNode { mark, anchor, tag: tag.map(Rc::new), size, kind });
        Ok(())
    }

    /// Returns whether the next node is the key of an entry.
    fn expects_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(OpenNode { kind: OpenNodeKind::Mapping(Mapping { key: None, .. }), .. })
        )
    }

    fn end(&mut self, end: &Mark) -> Result<(), Fatal> {
        let Some(OpenNode { mut mark, anchor, tag, size, kind }) = self.open.pop() else { return Ok(()) };
        mark.span.end = mark.span.end.max(end.span.end);
        let content = match kind {
            OpenNodeKind::List(items) => Content::List(items.into()),
            OpenNodeKind::Mapping(Mapping { mut entries, known, merged, .. }) => {
                let mut known: HashSet<Rc<str>> = known.into_keys().collect();
                for node in merged {
                    let Content::Mapping(others) = node.content else { continue };
                    let new = others.iter().filter(|entry| known.insert(scalar(&entry.key)));
                    entries.extend(new.cloned());
                }
                Content::Mapping(entries.into())
            }
        };
        self.value(Node { content, tag, mark, alias: None, size }, anchor)
    }

    fn alias(&mut self, anchor: usize, mark: Mark) -> Result<(), Fatal> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let problem =
                self.error("alias", &mark, "this alias stands for a value that it is itself a part of");
            return Err(Box::new(problem.help("write the value out")));
        };
        if self.expects_key() && !matches!(node.content, Content::Scalar { .. }) {
            return Err(Box::new(self.error("key", &mark, "a key must be plain text")));
        }
        self.count(node.size, &mark)?;
        self.value(Node { alias: Some(mark), ..node }, 0)
    }

    /// Puts a complete value where it belongs.
    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.size = open.size.plus(node.size);
        let problem = match &mut open.kind {
            OpenNodeKind::List(items) => {
                items.push(node);
                return Ok(());
            }
            OpenNodeKind::Mapping(mapping) => mapping.put(node, self.limits, self.file),
        };
        match problem {
            Some(problem) if !self.limits.all_problems || self.problems.len() >= MAX_PROBLEMS => {
                return Err(Box::new(problem));
            }
            problem => self.problems.extend(problem),
        }
        Ok(())
    }

    /// Counts what is made, and refuses a file that unfolds into too much, before it does.
    fn count(&mut self, more: Size, mark: &Mark) -> Result<(), Fatal> {
        self.made = self.made.plus(more);
        let Limits { values, text, .. } = *self.limits;
        let (code, most) = match self.made {
            made if made.values > values => ("too-many-values", format!("{values} values")),
            made if made.text > text => ("too-much-text", format!("{} of text", bytes(text))),
            _ => return Ok(()),
        };
        let problem = self.error(code, mark, format!("the file unfolds into more than {most}"));
        Err(Box::new(match self.anchors.is_empty() {
            true => problem,
            false => problem.help("aliases of aliases multiply: write the values out instead"),
        }))
    }

    fn too_deep(&self, place: Place) -> Problem {
        let message = format!("values are nested more than {} levels deep", self.limits.depth);
        Problem::error("too-deep", place, message)
    }

    /// Says what the parser could not read, in words that help.
    fn syntax(&self, error: &ScanError) -> Problem {
        let marker = error.marker();
        let start = marker.byte_offset().unwrap_or_default();
        let mark = Mark { line: marker.line(), column: marker.col() + 1, span: start..start + 1 };
        let syntax = |message: &str| self.error("yaml-syntax", &mark, message);
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => self.too_deep(mark.place(self.file)),
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

fn tag_len(tag: Option<&Tag>) -> usize {
    tag.map_or(0, |tag| tag.handle().len() + tag.suffix().len())
}

/// The shared text of a scalar.
fn scalar(node: &Node) -> Rc<str> {
    match &node.content {
        Content::Scalar { text, .. } => text.clone(),
        _ => Rc::from(""),
    }
}

/// Returns whether a key is `<<` and not the text of that name, by quotes or by a tag.
fn is_merge(key: &Node) -> bool {
    let text = |tag: &Tag| tag.core_suffix() == Some("str") || tag.original() == "!";
    key.alias.is_none()
        && !key.tag.as_deref().is_some_and(text)
        && matches!(&key.content, Content::Scalar { text, plain: true } if &**text == "<<")
}

/// Returns whether whoever wrote this value of `<<` meant it to be taken in.
fn may_be_merged(value: &Node) -> bool {
    let item = |node: &Node| node.alias.is_some() || matches!(node.content, Content::Mapping(_));
    item(value) || matches!(&value.content, Content::List(items) if items.iter().any(item))
}

/// The mappings that a merge key takes in, or where something else is.
fn mergeable(node: Node) -> Result<Vec<Node>, Mark> {
    match &node.content {
        Content::Mapping(_) => Ok(vec![node]),
        Content::List(items) => {
            match items.iter().find(|item| !matches!(item.content, Content::Mapping(_))) {
                None => Ok(items.to_vec()),
                Some(other) => Err(other.mark.clone()),
            }
        }
        _ => Err(node.mark),
    }
}

/// A key or a value as it is told in a message.
pub(super) fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { values: 1_000, text: 10_000, ..Limits::data("a file") };

    fn refused(text: &str) -> Problem {
        *read(&SourceFile::new("a.yaml", text), &LIMITS).sound().expect_err(text)
    }

    #[test]
    fn an_alias_that_makes_too_much_is_refused_where_it_stands() {
        let long = "x".repeat(6_000);
        let keys: String = (0..300).map(|key| format!("k{key}: 1, ")).collect();
        for (text, code, place) in [
            (format!("a: &a {long}\nb: [*a]\n"), "too-much-text", "a.yaml:2:5"),
            (format!("a: &a {long}\nb:\n  *a : 1\n"), "too-much-text", "a.yaml:3:3"),
            (format!("a: &a {{ {keys} }}\nb: {{ <<: *a }}\n"), "too-many-values", "a.yaml:2:10"),
            (format!("a: &a {{ {keys} }}\nb: {{ <<: [*a, *a] }}\n"), "too-many-values", "a.yaml:2:11"),
            (format!("a: &a !<x:{}> 1\nb: [*a, *a]\n", "y".repeat(4_000)), "too-much-text", "a.yaml:2:9"),
        ] {
            let problem = refused(&text);
            assert_eq!((problem.code, problem.place.to_string().as_str()), (code, place));
            assert!(problem.help[0].contains("write the values out"));
        }
    }

    #[test]
    fn aliases_share_what_they_stand_for() {
        let file = SourceFile::new("", "- &a [x, y]\n- *a\n");
        let documents = read(&file, &LIMITS).sound().expect("it is right");
        let Content::List(items) = &documents[0].content else { panic!("a list") };
        let [Content::List(first), Content::List(second)] = [&items[0].content, &items[1].content] else {
            panic!("two lists")
        };
        assert!(Rc::ptr_eq(first, second));
        assert_eq!(items[1].place_of_use().place("a").to_string(), "a:2:3");
        assert_eq!(items[1].mark.place("a").to_string(), "a:1:6");
    }

    #[test]
    fn the_entries_of_merged_mappings_yield_to_those_that_stand_there() {
        let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*b, *a]\n  z: 3\n";
        let value: serde_json::Value = crate::yaml::from_str(text, &LIMITS).expect("it is right");
        assert_eq!(value["c"].to_string(), r#"{"z":3,"y":2,"x":1}"#);
    }

    #[test]
    fn what_is_refused_is_refused_at_its_place() {
        for (text, code, place) in [
            ("é: 1\né: 2\n", "duplicate-key", "a.yaml:2:1"),
            ("a: &a [*a]\n", "alias", "a.yaml:1:8"),
            ("? [a]\n: b\n", "key", "a.yaml:1:3"),
            ("a: 1\n---\nb: 2\n", "several-documents", "a.yaml:2:1"),
            ("a: {<<: 1}\n", "merge-key", "a.yaml:1:9"),
            ("# é\n%YAML 1.1\n---\na: yes\n", "yaml-version", "a.yaml:2:1"),
            ("a: \"é\n", "yaml-syntax", "a.yaml:1:4"),
            (&format!("{}{}", "[".repeat(70), "]".repeat(70)), "too-deep", "a.yaml:1:65"),
            (&format!("é: {}\n", "x".repeat(5 << 20)), "too-large", "a.yaml:1:1"),
        ] {
            let problem = refused(text);
            assert_eq!((problem.code, problem.place.to_string().as_str()), (code, place));
        }
    }
}
