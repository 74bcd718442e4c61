//! Checks of the surroundings that a run depends on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    Good,
    /// Worth knowing, not wrong.
    Note,
    Bad,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    pub name: String,
    pub health: Health,
    pub detail: String,
}

impl Check {
    pub fn new(name: &str, health: Health, detail: impl Into<String>) -> Check {
        Check { name: name.to_string(), health, detail: detail.into() }
    }
}
