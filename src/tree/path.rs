//! A path inside a tree, which can't lead out of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::folded;

/// The folder in a tree's root where billpay remembers what it rendered.
pub const OURS: &str = ".billpay";

/// What no part of a path may hold: Windows refuses it, or a shell makes something else of it.
const ODD: &[char] = &['\\', ':', '*', '?', '"', '<', '>', '|'];

/// Windows opens a device for these, whatever comes after a dot.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

const LONGEST_PART: usize = 255;

/// Where a file stands in a tree: relative, with `/`, on every system.
///
/// It leads neither out of the tree nor into `.billpay` or `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

/// A path that no tree may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` can't be a path in a rendered tree: {why}", path.escape_debug())]
pub struct BadPath {
    pub path: String,
    pub why: &'static str,
}

impl RelPath {
    pub fn new(path: impl Into<String>) -> Result<RelPath, BadPath> {
        let path = path.into();
        match fault(&path) {
            None => Ok(RelPath(path)),
            Some(why) => Err(BadPath { path, why }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders that it is in, the nearest first.
    pub fn folders(&self) -> impl Iterator<Item = RelPath> + '_ {
        let slashes = self.0.rmatch_indices('/');
        slashes.map(|(at, _)| RelPath(self.0[..at].to_owned()))
    }

    /// Whether it is somewhere in this folder.
    pub fn is_below(&self, folder: &RelPath) -> bool {
        self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.split('/').next().is_some_and(|first| is_alias(first, OURS, "billpa~")) {
        return Some("billpay keeps its own records there");
    }
    path.split('/').find_map(fault_of_part)
}

/// Returns whether some system takes a name for this one: `.GIT`, `git~1`, or with characters that nobody sees.
fn is_alias(part: &str, name: &str, short: &str) -> bool {
    let folded = folded(part);
    let number = folded.strip_prefix(short);
    folded == name
        || number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

fn fault_of_part(part: &str) -> Option<&'static str> {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = port.is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit()));
    match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("a part of it is `.` or `..`"),
        _ if is_alias(part, ".git", "git~") => Some("Git keeps its own records there"),
        _ if part.chars().any(char::is_control) => Some("it has a control character"),
        _ if part.contains(ODD) => Some(r#"it has one of \ : * ? " < > |"#),
        _ if part.ends_with(['.', ' ']) || part.starts_with(' ') => {
            Some("a part of it starts with a space, or ends with a space or a dot")
        }
        _ if DEVICES.contains(&stem.as_str()) || is_port => Some("Windows has a device of that name"),
        _ if part.len() > LONGEST_PART => Some("a part of it has more than 255 bytes"),
        _ => None,
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RelPath {
    type Error = BadPath;

    fn try_from(path: String) -> Result<RelPath, BadPath> {
        RelPath::new(path)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> String {
        path.0
    }
}

impl std::str::FromStr for RelPath {
    type Err = BadPath;

    fn from_str(path: &str) -> Result<RelPath, BadPath> {
        RelPath::new(path)
    }
}
