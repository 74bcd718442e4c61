//! Relative path inside a tree.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::fold_path;

/// Folder in a tree's root with billpay's records.
pub const RECORDS_FOLDER: &str = ".billpay";

/// Characters that Windows refuses or a shell interprets.
const FORBIDDEN_CHARS: &[char] = &['\\', ':', '*', '?', '"', '<', '>', '|'];

/// Device names of Windows, with any extension.
const DEVICE_NAMES: &[&str] = &["con", "prn", "aux", "nul"];

/// Maximum length of a path part, bytes.
const MAX_PART_BYTES: usize = 255;

/// Path of a file in a tree: relative, with `/` on every system.
///
/// Never leads out of the tree nor into `.billpay` or `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

impl JsonSchema for RelPath {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RelPath".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// Error of a path that a tree can't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` can't be a path in a rendered tree: {why}", path.escape_debug())]
pub struct PathError {
    pub path: String,
    pub why: &'static str,
}

impl RelPath {
    /// Checks a path.
    ///
    /// # Errors
    /// Fails if the path is empty or absolute, leads out of the tree or into `.billpay` or `.git`, or has a
    /// part that some system doesn't allow.
    pub fn new(path: impl Into<String>) -> Result<RelPath, PathError> {
        let path = path.into();
        match find_fault(&path) {
            None => Ok(RelPath(path)),
            Some(why) => Err(PathError { path, why }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the parent folders, innermost first.
    pub fn folders(&self) -> impl Iterator<Item = RelPath> + '_ {
        let slashes = self.0.rmatch_indices('/');
        slashes.map(|(at, _)| RelPath(self.0[..at].to_owned()))
    }

    /// Returns true if the path is a descendant of a folder.
    pub fn is_below(&self, folder: &RelPath) -> bool {
        self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn find_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.split('/').next().is_some_and(|first| is_alias(first, RECORDS_FOLDER, "billpa~")) {
        return Some("billpay keeps its own records there");
    }
    path.split('/').find_map(find_part_fault)
}

/// Returns true if some system takes a part for `name`: `.GIT`, `git~1`, or with invisible characters.
fn is_alias(part: &str, name: &str, short: &str) -> bool {
    let folded = fold_path(part);
    let number = folded.strip_prefix(short);
    folded == name
        || number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn find_part_fault(part: &str) -> Option<&'static str> {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = port.is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit()));
    match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("a part of it is `.` or `..`"),
        _ if is_alias(part, ".git", "git~") => Some("Git keeps its own records there"),
        _ if part.chars().any(char::is_control) => Some("it has a control character"),
        _ if part.contains(FORBIDDEN_CHARS) => Some(r#"it has one of \ : * ? " < > |"#),
        _ if part.ends_with(['.', ' ']) || part.starts_with(' ') => {
            Some("a part of it starts with a space, or ends with a space or a dot")
        }
        _ if DEVICE_NAMES.contains(&stem.as_str()) || is_port => Some("Windows has a device of that name"),
        _ if part.len() > MAX_PART_BYTES => Some("a part of it has more than 255 bytes"),
        _ => None,
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RelPath {
    type Error = PathError;

    fn try_from(path: String) -> Result<RelPath, PathError> {
        RelPath::new(path)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> String {
        path.0
    }
}

impl std::str::FromStr for RelPath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<RelPath, PathError> {
        RelPath::new(path)
    }
}
