//! Questions of a template.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Answers;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// Its answer's name, dotted where it lies in another's: `database.size`.
    pub name: String,
    /// Text of the question.
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
    /// True if the answer is not to be seen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// True if it depends on other answers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// Constraints on the answer: `matches ^[a-z]+$`, `at least 1`.
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

/// The name of an answer that lies in others; a dot that is part of a name has a backslash before it.
pub fn name_of(path: &[String]) -> String {
    path.iter().map(|part| part.replace('\\', "\\\\").replace('.', "\\.")).collect::<Vec<_>>().join(".")
}

/// Returns the parts of a dotted name; the inverse of [`name_of`].
pub fn path_of(name: &str) -> Vec<String> {
    let mut path = vec![String::new()];
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match (character, path.last_mut()) {
            ('.', _) => path.push(String::new()),
            ('\\', Some(part)) => part.extend(characters.next()),
            (other, Some(part)) => part.push(other),
            (_, None) => {}
        }
    }
    path
}

/// Returns the answer of a dotted name.
pub fn answer<'a>(answers: &'a Answers, name: &str) -> Option<&'a Value> {
    let path = path_of(name);
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(answers.get(first)?, |value, part| value.get(part))
}

/// Removes the non-empty answers to secret questions; returns the names of those that differ from their defaults.
pub fn take_secrets(answers: &mut Answers, secrets: &[Question]) -> Vec<String> {
    let mut taken = vec![];
    for question in secrets {
        let path = path_of(&question.name);
        let Some((last, above)) = path.split_last() else { continue };
        let fields =
            above.iter().try_fold(&mut *answers, |fields, part| fields.get_mut(part)?.as_object_mut());
        let Some(fields) = fields.filter(|fields| fields.get(last).is_some_and(|it| !is_empty(it))) else {
            continue;
        };
        if fields.shift_remove(last) != question.default {
            taken.push(question.name.clone());
        }
    }
    taken
}

/// Returns true if nothing is in a value; a form makes such lists and objects by itself.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}

/// Returns the answers with a text in the place of each secret one.
pub fn mask_secrets(answers: &Answers, secrets: &[Question], mask: &str) -> Answers {
    let mut masked = answers.clone();
    for question in secrets {
        if answer(&masked, &question.name).is_some() {
            put_answer(&mut masked, &question.name, mask.into());
        }
    }
    masked
}

/// Sets the answer of a dotted name.
pub fn put_answer(answers: &mut Answers, name: &str, value: Value) {
    let path = path_of(name);
    let Some((last, above)) = path.split_last() else { return };
    let mut fields = answers;
    for part in above {
        let inner = fields.entry(part.clone()).or_insert_with(|| Map::new().into());
        if !inner.is_object() {
            *inner = Map::new().into();
        }
        let Value::Object(inner) = inner else { return };
        fields = inner;
    }
    fields.insert(last.clone(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_questions_keep_their_names_in_json() {
        use QuestionKind::{Choice, Data, Integer, Number, Several, Text, Texts, YesNo};
        let kinds = [Text, Integer, Number, YesNo, Choice(vec![]), Several(vec![]), Texts, Data];
        let types = kinds.map(|kind| serde_json::to_value(kind).expect("JSON")["type"].clone());
        let names = ["text", "integer", "number", "yes-no", "choice", "several", "texts", "data"];
        assert_eq!(types, names.map(Value::from));
    }
}
