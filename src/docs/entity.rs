//! The catalog entity that a site belongs to.

use std::fmt;

use billpay_spec::yaml::{self, Limits};
use serde::Serialize;
use serde_json::Value;

/// Limits of a catalog file.
pub const LIMITS: Limits = Limits { one_document: false, ..Limits::data("a catalog file") };

/// The annotation that says where an entity's documentation is.
const TECHDOCS_REF: &str = "backstage.io/techdocs-ref";

/// An entity by namespace, kind and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityName {
    pub namespace: String,
    pub kind: String,
    pub name: String,
}

impl fmt::Display for EntityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind, self.name)
    }
}

/// Error of finding the entity to publish for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    #[error("`{0}` is not namespace/kind/name, as in default/component/payment-service")]
    NotATriplet(String),
    #[error("`{part}` can't be the {what} of an entity")]
    NotAName { what: &'static str, part: String },
    #[error("{file} can't be read: {why}")]
    NotRead { file: String, why: String },
    #[error("{file} describes no entity with a kind and a name")]
    NoEntity { file: String },
    #[error("{file} describes several entities with documentation: {}", names.join(", "))]
    Several { file: String, names: Vec<String> },
}

/// The entity of a catalog file whose documentation lies beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentedEntity {
    pub name: EntityName,
    /// Title of the entity.
    pub title: String,
    /// URL of its sources, if the annotation has one.
    pub source: Option<String>,
}

impl EntityName {
    /// Reads `namespace/kind/name`.
    ///
    /// # Errors
    /// Fails if the text hasn't three parts, or one of them can't be a name in Backstage.
    pub fn parse(text: &str) -> Result<EntityName, EntityError> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [namespace, kind, name] => EntityName::of(namespace, kind, name),
            _ => Err(EntityError::NotATriplet(text.to_string())),
        }
    }

    fn of(namespace: &str, kind: &str, name: &str) -> Result<EntityName, EntityError> {
        for (what, part, marks) in [("namespace", namespace, "-"), ("kind", kind, ""), ("name", name, "-_.")]
        {
            if !is_name(part, marks) {
                return Err(EntityError::NotAName { what, part: part.to_string() });
            }
        }
        Ok(EntityName { namespace: namespace.into(), kind: kind.into(), name: name.into() })
    }

    /// Returns the prefix of its site's keys, in lower case as the portal expects.
    pub fn prefix(&self) -> String {
        format!("{self}/").to_lowercase()
    }
}

/// Letters and digits, and some marks between them, as Backstage has it.
fn is_name(part: &str, marks: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    part.len() <= 63
        && edge(part.chars().next())
        && edge(part.chars().last())
        && part.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// Finds the entity of a catalog file: the one with documentation, or the only one.
///
/// # Errors
/// Fails if the file isn't YAML, has no entity or several to choose from, or an entity's name can't be one.
pub fn described(file: &str, text: &str) -> Result<DocumentedEntity, EntityError> {
    let documents: Vec<Value> = yaml::values(text, &LIMITS)
        .map_err(|error| EntityError::NotRead { file: file.into(), why: error.to_string() })?;
    let mut entities = vec![];
    for document in documents.iter().filter(|document| document.is_object()) {
        let metadata = &document["metadata"];
        let (Some(kind), Some(name)) = (document["kind"].as_str(), metadata["name"].as_str()) else {
            continue;
        };
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let reference = metadata["annotations"][TECHDOCS_REF].as_str();
        entities.push((EntityName::of(namespace, kind, name)?, metadata["title"].as_str(), reference));
    }
    let documented: Vec<_> = entities.iter().filter(|(.., reference)| reference.is_some()).collect();
    let chosen = match (documented.as_slice(), entities.as_slice()) {
        ([one], _) => *one,
        ([], [one]) => one,
        ([], []) => return Err(EntityError::NoEntity { file: file.into() }),
        (several, all) => {
            let names = |name: &EntityName| name.to_string();
            let names = match several {
                [] => all.iter().map(|(name, ..)| names(name)).collect(),
                several => several.iter().map(|(name, ..)| names(name)).collect(),
            };
            return Err(EntityError::Several { file: file.into(), names });
        }
    };
    let (name, title, reference) = chosen;
    Ok(DocumentedEntity {
        title: title.unwrap_or(&name.name).to_string(),
        name: name.clone(),
        source: reference.and_then(|reference| reference.strip_prefix("url:")).map(str::to_string),
    })
}
