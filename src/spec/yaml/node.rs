//! A document as it was written: what is in it, and where.

use std::ops::Range;
use std::rc::Rc;

use billpay_model::findings::Place;
use serde_yaml::granit_parser::Tag;

/// A value, cheap to clone: clones share what is in it.
#[derive(Debug, Clone)]
pub struct Node {
    pub content: Content,
    pub tag: Option<Rc<Tag>>,
    pub mark: Mark,
    /// Place of the alias, where one stands for the value.
    pub alias: Option<Mark>,
    pub(super) size: Size,
}

#[derive(Debug, Clone)]
pub enum Content {
    Scalar {
        text: Rc<str>,
        /// Set if it was written without quotes, so that it may be something other than text.
        plain: bool,
    },
    List(Rc<[Node]>),
    Mapping(Rc<[Entry]>),
}

/// An entry of a mapping; its key is a scalar.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

/// Position in a file: line and column count from 1, columns in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    pub line: usize,
    pub column: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// Amount of what a value makes once every alias in it is replaced by what it stands for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub values: usize,
    /// Bytes of scalars, keys and tags.
    pub text: usize,
}

impl Size {
    pub fn plus(self, other: Size) -> Size {
        Size { values: self.values.saturating_add(other.values), text: self.text.saturating_add(other.text) }
    }
}

impl Mark {
    /// The place in a file of a name.
    pub fn place(&self, file: &str) -> Place {
        Place { file: file.to_owned(), line: self.line, column: self.column, span: self.span.clone() }
    }
}

impl Node {
    /// The mark of the alias, where one stands for the value.
    pub fn place_of_use(&self) -> &Mark {
        self.alias.as_ref().unwrap_or(&self.mark)
    }

    /// The text of a scalar; empty for any other value.
    pub fn text(&self) -> &str {
        match &self.content {
            Content::Scalar { text, .. } => text,
            _ => "",
        }
    }
}
