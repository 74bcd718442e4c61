//! A parsed spec: values that know where in which file they were written.

use billpay_model::findings::Place;
use serde_json::{Map as JsonMap, Number, Value};

use super::path::{Path, Step};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub content: Content,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `null` or `~`: takes out what a lower layer has.
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    /// Place of the key.
    pub place: Place,
    pub value: Node,
}

impl Node {
    /// The entries of a mapping; none for any other value.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of a mapping by its key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value at a path.
    pub fn at(&self, path: &Path) -> Option<&Node> {
        path.steps().iter().try_fold(self, |node, step| match (step, &node.content) {
            (Step::Key(key), _) => node.entry(key).map(|entry| &entry.value),
            (Step::Index(index), Content::List(items)) => items.get(*index),
            (Step::Index(_), _) => None,
        })
    }

    /// The entry whose value is at a path.
    pub fn entry_at(&self, path: &Path) -> Option<&Entry> {
        match path.last()? {
            Step::Key(key) => self.at(&path.parent()?)?.entry(key),
            Step::Index(_) => None,
        }
    }

    /// The value as JSON, without what is `null`.
    pub fn json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(value) => Value::String(value.clone()),
            Content::List(items) => Value::Array(items.iter().map(Node::json).collect()),
            Content::Mapping(entries) => {
                let given = entries.iter().filter(|entry| entry.value.content != Content::Null);
                Value::Object(
                    given.map(|entry| (entry.key.clone(), entry.value.json())).collect::<JsonMap<_, _>>(),
                )
            }
        }
    }

    /// The value as the only entry of a mapping, and that of the next one; the last key is its own.
    pub fn under(self, keys: &[&str]) -> Node {
        keys.iter().rev().fold(self, |value, key| {
            let place = value.place.clone();
            let entry = Entry { key: (*key).to_owned(), place: place.clone(), value };
            Node { content: Content::Mapping(vec![entry]), place }
        })
    }

    /// Takes out the entry at a path, so that the rest can be used.
    pub fn remove(&mut self, path: &Path) {
        let (Some(Step::Key(key)), Some(parent)) = (path.last(), path.parent()) else {
            return;
        };
        if let Some(Node { content: Content::Mapping(entries), .. }) = self.at_mut(&parent) {
            entries.retain(|entry| entry.key != *key);
        }
    }

    fn at_mut(&mut self, path: &Path) -> Option<&mut Node> {
        path.steps().iter().try_fold(self, |node, step| match (step, &mut node.content) {
            (Step::Key(key), Content::Mapping(entries)) => {
                entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
            }
            (Step::Index(index), Content::List(items)) => items.get_mut(*index),
            _ => None,
        })
    }
}
