//! Another kind of file, read and checked as the files of a spec are.

use billpay_model::findings::{Place, Problem, SourceFile, nearest};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::check::Spot;
use super::node::{Content, Node};
use super::path::{Path, Step};
use super::{layers, load, parse, schema, shape};

/// Kind of file: its schema and its name.
pub struct Kind {
    form: shape::Form,
    complete: Value,
    /// Description of such a file, for who has an empty one.
    begins: &'static str,
}

impl Kind {
    /// The kind of file that holds a value of some type.
    pub fn of<T: JsonSchema>(name: &'static str, begins: &'static str) -> Kind {
        let complete = schema::of::<T>();
        let form = shape::Form::new(schema::without_required(&complete), name, "take the key out");
        Kind { form, complete, begins }
    }

    /// The schema for editors; in the entries of `overrides`, `null` takes out what stands outside.
    pub fn published(&self, id: &str, title: &str, overrides: &str) -> Value {
        let mut published = self.complete.clone();
        if let Some(overrides) = published["properties"].get_mut(overrides) {
            schema::visit(overrides, &mut schema::removable);
        }
        published["$id"] = json!(id);
        published["title"] = json!(title);
        published.sort_all_objects();
        published
    }
}

/// A file that was read, whose values know where they were written.
pub struct Document {
    tree: Node,
}

impl Document {
    /// Reads a file; what is wrong with it is put to the problems, and left out.
    pub fn read(kind: &Kind, file: &SourceFile, problems: &mut Vec<Problem>) -> Option<Document> {
        let (tree, mut mistakes) = parse::parse(file);
        for mistake in &mut mistakes {
            match mistake.code {
                "empty-file" => mistake.help = vec![kind.begins.to_owned()],
                "several-documents" => mistake.help = vec!["leave one of them".to_owned()],
                "too-deep" => mistake.help.clear(),
                _ => {}
            }
        }
        let Some(mut tree) = tree else {
            problems.extend(mistakes);
            return None;
        };
        let flaws = shape::check(&kind.form, file, &mut tree);
        let news = |flaw: &Problem| !mistakes.iter().any(|mistake| mistake.place == flaw.place);
        problems.extend(flaws.problems.into_iter().filter(news));
        problems.extend(mistakes);
        Some(Document { tree })
    }

    /// The document without an entry, and with what stands there put over it.
    pub fn with(&self, overrides: &Path, problems: &mut Vec<Problem>) -> Document {
        let mut tree = self.tree.clone();
        if let Some(Step::Key(section)) = overrides.steps().first() {
            tree.remove(&Path::default().key(section));
        }
        idle(None, &tree, &Path::default(), problems);
        if let Some(over) = self.tree.at(overrides) {
            idle(Some(&tree), over, &Path::default(), problems);
            tree = layers::merge(tree, over.clone());
        }
        Document { tree }
    }

    /// The keys of a mapping.
    pub fn keys(&self, path: &Path) -> Vec<&str> {
        let entries = self.tree.at(path).map(Node::entries).unwrap_or_default();
        entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    /// Returns the place of a value, or of the nearest that it would lie in.
    pub fn place(&self, path: &Path) -> Place {
        load::place(&self.tree, &Spot::Value(path.clone()))
    }

    /// Returns the place of a key.
    pub fn key_place(&self, path: &Path) -> Place {
        load::place(&self.tree, &Spot::Key(path.clone()))
    }

    /// The whole as a value of the type that its kind was made for.
    ///
    /// # Errors
    /// Fails with the reason if it doesn't fit `T`.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_value(self.tree.json()).map_err(|error| error.to_string())
    }
}

/// Finds each `null` that takes out nothing.
fn idle(below: Option<&Node>, above: &Node, path: &Path, problems: &mut Vec<Problem>) {
    for entry in above.entries() {
        let path = path.key(&entry.key);
        let lower = below.and_then(|below| below.entry(&entry.key)).map(|entry| &entry.value);
        if entry.value.content != Content::Null {
            idle(lower, &entry.value, &path, problems);
        } else if lower.is_none() {
            let message = format!("`null` takes out nothing: there is no `{path}`");
            let mut problem = Problem::error("nothing-to-take-out", entry.place.clone(), message);
            let known = below.map(Node::entries).unwrap_or_default();
            problem.did_you_mean = nearest(&entry.key, known.iter().map(|entry| entry.key.as_str()));
            problems.push(problem);
        }
    }
}
