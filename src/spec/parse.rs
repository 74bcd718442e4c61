//! Reads a file of a spec as YAML 1.2, within limits that no honest file comes near.

use billpay_model::findings::{Place, Problem, SourceFile};
use serde_json::Number;
use serde_yaml::granit_parser::Tag;

use super::node::{Content, Entry, Node};
use crate::yaml::{self, Plain};

/// Largest file that is read, bytes.
pub const MAX_BYTES: usize = 256 * 1024;

const LIMITS: yaml::Limits = yaml::Limits {
    bytes: MAX_BYTES,
    // A spec needs six levels.
    depth: 32,
    values: 10_000,
    text: 1 << 20,
    all_problems: true,
    ..yaml::Limits::data("a spec")
};

/// Reads a file; with no value, one of the problems says why there is none.
pub(super) fn parse(file: &SourceFile) -> (Option<Node>, Vec<Problem>) {
    let marks = conflict_mark(file);
    let yaml::Read { documents, mut problems } = match marks {
        Some(problem) => return (None, vec![problem]),
        None => yaml::read(file, &LIMITS),
    };
    for problem in &mut problems {
        match problem.code {
            "several-documents" => {
                problem.help =
                    vec!["a file holds one environment: put the other one into a file of its own".into()];
            }
            "too-deep" => problem.help = vec!["a spec needs six levels".into()],
            _ => {}
        }
    }
    let Some(documents) = documents else { return (None, problems) };
    let mut converter = Converter { file: file.name(), problems };
    let node = documents.first().map(|document| converter.node(document, false));
    let mut problems = converter.problems;
    match node.filter(|node| !is_absent(node)) {
        Some(node) => (Some(node), problems),
        None => {
            let message = "the file is empty, or all of it is comments";
            problems.push(
                Problem::error("empty-file", file.place(0..0), message)
                    .help("a spec is a mapping: `environment: dev`, then what differs from shared.yaml"),
            );
            (None, problems)
        }
    }
}

/// Finds the marks that Git left of a merge which nobody has finished.
fn conflict_mark(file: &SourceFile) -> Option<Problem> {
    let mut at = 0;
    if file.text().len() > MAX_BYTES || file.not_utf8().is_some() {
        return None;
    }
    for line in file.text().split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            let place = file.place(at..at + line.trim_end().len());
            return Some(
                Problem::error("conflict-marker", place, "Git's mark of a conflict in a merge")
                    .help("choose between the two sides, take the marks out, and go on with the merge"),
            );
        }
        at += line.len();
    }
    None
}

/// Makes values of a spec of what was read.
struct Converter<'f> {
    file: &'f str,
    problems: Vec<Problem>,
}

impl Converter<'_> {
    /// Makes a value; what is `repeated` by an alias has been judged where it was written.
    fn node(&mut self, node: &yaml::Node, repeated: bool) -> Node {
        let repeated = repeated || node.alias.is_some();
        let place = node.mark.place(self.file);
        let content = match &node.content {
            yaml::Content::Scalar { text, plain } => {
                let tag = node.tag.as_deref();
                resolve(text, *plain, tag).unwrap_or_else(|reason| {
                    self.refuse_tag(&place, reason, repeated);
                    Content::Text(text.to_string())
                })
            }
            yaml::Content::List(items) => {
                self.collection_tag(node, "seq", &place, repeated);
                Content::List(items.iter().map(|item| self.node(item, repeated)).collect())
            }
            yaml::Content::Mapping(entries) => {
                self.collection_tag(node, "map", &place, repeated);
                Content::Mapping(entries.iter().map(|entry| self.entry(entry, repeated)).collect())
            }
        };
        Node { content, place }
    }

    fn entry(&mut self, entry: &yaml::Entry, repeated: bool) -> Entry {
        let (key, place) = (&entry.key, entry.key.place_of_use().place(self.file));
        if let Err(reason) = resolve(key.text(), false, key.tag.as_deref()) {
            self.refuse_tag(&place, reason, repeated || key.alias.is_some());
        }
        if let Some(meant) = not_text(key).filter(|_| !repeated) {
            let message = format!("a key must be a text, and YAML reads `{}` as {meant}", key.text());
            let problem = Problem::error("key", place.clone(), message);
            self.problems.push(problem.help("put it in quotes, if the text is meant"));
        }
        Entry { key: key.text().to_owned(), place, value: self.node(&entry.value, repeated) }
    }

    fn collection_tag(&mut self, node: &yaml::Node, expected: &str, place: &Place, repeated: bool) {
        if let Some(tag) = node.tag.as_deref().filter(|tag| !tag.is_yaml_core_schema_tag(expected)) {
            self.refuse_tag(place, unknown_tag(tag), repeated);
        }
    }

    fn refuse_tag(&mut self, place: &Place, reason: String, repeated: bool) {
        if !repeated {
            self.problems.push(Problem::error("tag", place.clone(), reason));
        }
    }
}

/// Resolves a scalar, or says why its tag is refused.
fn resolve(text: &str, is_plain: bool, tag: Option<&Tag>) -> Result<Content, String> {
    let Some(tag) = tag else {
        return Ok(if is_plain { plain(text) } else { Content::Text(text.to_owned()) });
    };
    let content = match tag.core_suffix() {
        Some("str") => Content::Text(text.to_owned()),
        Some("null" | "bool" | "int" | "float") => plain(text),
        _ => return Err(unknown_tag(tag)),
    };
    let fits = match (tag.core_suffix(), &content) {
        (Some("null"), content) => *content == Content::Null,
        (Some("bool"), content) => matches!(content, Content::Bool(_)),
        (Some("int"), Content::Number(number)) => !number.is_f64(),
        (Some("float"), content) => matches!(content, Content::Number(_)),
        (Some("int"), _) => false,
        _ => true,
    };
    if fits { Ok(content) } else { Err(format!("`{text}` is not what its tag `{}` says", tag.original())) }
}

fn unknown_tag(tag: &Tag) -> String {
    format!("the tag `{}` has no meaning in a spec", tag.original())
}

/// Returns what another reader of YAML takes a key for, where that is not the text which stands there.
fn not_text(key: &yaml::Node) -> Option<String> {
    if key.tag.is_some() || !matches!(key.content, yaml::Content::Scalar { plain: true, .. }) {
        return None;
    }
    let meant = match yaml::plain(key.text()) {
        Plain::Text => return None,
        Plain::Null => "nothing".to_owned(),
        Plain::Bool(value) => value.to_string(),
        Plain::Number(number) => number.to_string(),
        Plain::NotFinite => "a number without an end".to_owned(),
    };
    (meant != key.text()).then_some(meant)
}

/// Resolves a scalar that has neither quotes nor a tag.
fn plain(text: &str) -> Content {
    match yaml::plain(text) {
        Plain::Null => Content::Null,
        Plain::Bool(value) => Content::Bool(value),
        Plain::Number(number) => Content::Number(whole(number)),
        Plain::NotFinite | Plain::Text => Content::Text(text.to_owned()),
    }
}

/// 3.0 is a whole number, for JSON Schema as for people.
fn whole(number: Number) -> Number {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) if float as i64 as f64 == float && float.abs() < 9e15 => (float as i64).into(),
        _ => number,
    }
}

/// Returns true if there is no value: nothing was written, rather than `null`.
pub(super) fn is_absent(node: &Node) -> bool {
    node.content == Content::Null && node.place.span.is_empty()
}
