//! Permissions of the token of a run.

use std::collections::BTreeMap;

use serde_json::Value;

/// The level of a permission of the run's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Read,
    Write,
}

/// The permissions of the run's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Permissions {
    /// Those that the repository's settings give.
    Default,
    /// The same for everything.
    All(Level),
    Listed(BTreeMap<String, Level>),
}

pub(super) fn permissions(value: &Value) -> Result<Permissions, String> {
    let level = |text: &str| match text {
        "none" => Ok(None),
        "read" => Ok(Some(Level::Read)),
        "write" => Ok(Some(Level::Write)),
        _ => Err("`permissions` can't be read".to_string()),
    };
    match value {
        Value::String(text) if text == "read-all" => Ok(Permissions::All(Level::Read)),
        Value::String(text) if text == "write-all" => Ok(Permissions::All(Level::Write)),
        Value::Object(scopes) => {
            let mut listed = BTreeMap::new();
            for (scope, value) in scopes {
                if let Some(level) = level(value.as_str().unwrap_or_default())? {
                    listed.insert(scope.clone(), level);
                }
            }
            Ok(Permissions::Listed(listed))
        }
        Value::Null => Ok(Permissions::Listed(BTreeMap::new())),
        _ => Err("`permissions` can't be read".to_string()),
    }
}

impl Permissions {
    fn level(&self, scope: &str) -> Option<Level> {
        match self {
            // It depends on the settings, and may be nothing.
            Permissions::Default => None,
            Permissions::All(level) => Some(*level),
            Permissions::Listed(scopes) => scopes.get(scope).copied(),
        }
    }

    /// Returns the rights beyond those of the same job before, in words.
    pub(super) fn beyond(&self, before: Option<&Permissions>) -> Vec<String> {
        match (self, before) {
            (Permissions::Default, Some(Permissions::Default | Permissions::All(Level::Write))) => vec![],
            (Permissions::Default, _) => {
                vec!["names no permissions, and has those that the repository gives by default".to_string()]
            }
            (Permissions::All(level), Some(Permissions::All(known))) if level <= known => vec![],
            (Permissions::All(Level::Read), Some(Permissions::Default)) => vec![],
            (Permissions::All(Level::Read), _) => vec!["may read everything".to_string()],
            (Permissions::All(Level::Write), _) => vec!["may write everything".to_string()],
            (Permissions::Listed(scopes), before) => {
                let is_more = |(scope, level): &(&String, &Level)| {
                    // Everybody's code is read by everybody's jobs.
                    let usual = before.is_none() && scope.as_str() == "contents" && **level == Level::Read;
                    let by_default = before == Some(&Permissions::Default) && **level == Level::Read;
                    let known = before.and_then(|before| before.level(scope));
                    !usual && !by_default && known.is_none_or(|known| known < **level)
                };
                let more = scopes.iter().filter(is_more);
                more.map(|(scope, level)| match (scope.as_str(), level) {
                    ("id-token", Level::Write) => {
                        "may log in elsewhere as itself (`id-token: write`)".to_string()
                    }
                    (scope, Level::Write) => format!("may write `{scope}`"),
                    (scope, Level::Read) => format!("may read `{scope}`"),
                })
                .collect()
            }
        }
    }
}
