//! What a template asks.

use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// Its answer's name, dotted where it lies in another's: `database.size`.
    pub name: String,
    /// How people are asked.
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The heading of the page that it is on, where there are pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    #[serde(flatten)]
    pub kind: QuestionKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    pub required: bool,
    /// Whether the answer is not to be seen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// Only asked when other answers are so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// What the answer has to be, in words: `matches ^[a-z]+$`, `at least 1`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type", content = "choices")]
pub enum QuestionKind {
    Text,
    Integer,
    Number,
    YesNo,
    /// One of these.
    Choice(Vec<Choice>),
    /// Any of these: the answer is a list.
    Several(Vec<Choice>),
    /// A list of texts.
    Texts,
    /// Anything, written as YAML or JSON.
    Data,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    pub value: Value,
    pub title: String,
}
