//! Answers that cookiecutter has kept: `~/.cookiecutter_replay/<name>.json`.

use serde_json::Value;

use crate::domain::findings::{Problem, SourceFile};
use crate::domain::template::{Answers, TemplateError};

/// The answers in a replay file; `name` is how people are told of it.
pub fn replay(name: &str, text: &str) -> Result<Answers, TemplateError> {
    let file = SourceFile::new(name, text);
    let wrong =
        |message: String| TemplateError::at(Problem::error("replay", file.place(0..0), message), &file);
    let read: Value =
        serde_json::from_str(text).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
    let Some(Value::Object(context)) = read.get("cookiecutter") else {
        return Err(wrong("this is no replay file: it has no `cookiecutter`".to_string()));
    };
    let asked = context.iter().filter(|(name, _)| !name.starts_with('_'));
    Ok(asked.map(|(name, value)| (name.clone(), value.clone())).collect())
}
