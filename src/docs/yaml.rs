//! A configuration of MkDocs as a tree that keeps its tags, and the tree as YAML again.
//!
//! The input of MkDocs is written from the checked tree, so that both read the same.

use billpay_model::findings::{Place, Problem, SourceFile};
use billpay_spec::yaml;
use serde_json::Value;
use serde_yaml::granit_parser::Tag;

/// Limits of MkDocs' settings.
pub const LIMITS: yaml::Limits = yaml::Limits {
    bytes: 512 * 1024,
    depth: 40,
    values: 100_000,
    text: 4 << 20,
    merge_keys: false,
    // What means something else in another version is written as it stands here.
    any_version: true,
    ..yaml::Limits::data("mkdocs.yml")
};
/// Prefix of YAML's own tags.
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

    /// Nothing.
    pub fn null(place: &Place) -> Node {
        Node { content: Content::Scalar("null".into(), true), tag: None, place: place.clone() }
    }

    /// The text, where there is one without a tag.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) if self.tag.is_none() => Some(text),
            _ => None,
        }
    }

    /// Returns true if the value is empty or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(text, true)
            if self.tag.is_none() && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
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

/// Writes a file of settings, one on a line.
pub fn write(entries: &[(Node, Node)]) -> String {
    let mut text = String::new();
    for (key, value) in entries {
        key.write(&mut text);
        text += ": ";
        value.write(&mut text);
        text += "\n";
    }
    text
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
///
/// # Errors
/// Fails if the file exceeds the limits, isn't a mapping in YAML, or has an unknown tag or a key with a tag.
pub fn parse(file: &SourceFile) -> Result<Vec<(Node, Node)>, Fatal> {
    let documents = yaml::read(file, &LIMITS).sound().map_err(|mut problem| {
        if problem.code == "merge-key" {
            problem.help = vec!["write the settings out".to_string()];
        }
        problem
    })?;
    let root = documents.first().map(|document| node(document, file)).transpose()?;
    match root {
        Some(Node { content: Content::Mapping(entries), tag: None, .. }) => Ok(entries),
        other => {
            let place = other.map_or_else(|| file.place(0..0), |node| node.place);
            let problem = Problem::error("not-a-mapping", place, "the file is no mapping of settings");
            Err(Box::new(problem.help("it begins with `site_name: …`")))
        }
    }
}

fn node(from: &yaml::Node, file: &SourceFile) -> Result<Node, Fatal> {
    let place = from.place_of_use().place(file.name());
    let tag = whole_tag(from.tag.as_deref(), &place)?;
    let content = match &from.content {
        yaml::Content::Scalar { text, plain } => Content::Scalar(text.to_string(), *plain),
        yaml::Content::List(items) => {
            Content::List(items.iter().map(|item| node(item, file)).collect::<Result<_, _>>()?)
        }
        yaml::Content::Mapping(entries) => {
            Content::Mapping(entries.iter().map(|from| entry(from, file)).collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { content, tag, place })
}

fn entry(from: &yaml::Entry, file: &SourceFile) -> Result<(Node, Node), Fatal> {
    let key = node(&from.key, file)?;
    if key.tag.is_some() {
        return Err(Box::new(Problem::error("key", key.place, "a key must be plain text")));
    }
    Ok((key, node(&from.value, file)?))
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
