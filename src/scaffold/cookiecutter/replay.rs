//! Answers that Cookiecutter (`~/.cookiecutter_replay/<name>.json`) and cruft (`.cruft.json`) have kept.

use billpay_model::findings::{Problem, SourceFile, from_json};
use serde::Deserialize;
use serde_json::Value;

use crate::{Answers, TemplateError};

/// Largest file that is read, bytes.
const MAX_BYTES: usize = 4 << 20;

/// The contents of a replay file.
#[derive(Debug, PartialEq)]
pub struct Replay {
    pub answers: Answers,
    /// The template that the project was made from, which only cruft keeps.
    pub template: Option<CruftTemplate>,
}

/// A template as cruft keeps it.
#[derive(Debug, PartialEq, Deserialize)]
pub struct CruftTemplate {
    #[serde(rename = "template")]
    pub source: String,
    /// The commit that the project was made from, or last updated to.
    pub commit: String,
    /// The branch or tag that updates come from; none for the repository's default.
    pub checkout: Option<String>,
    pub directory: Option<String>,
}

/// Reads a replay file; `name` is its name in messages.
///
/// # Errors
/// Fails if the text is larger than `MAX_BYTES`, isn't JSON, or has no answers, or if cruft wrote it and its
/// facts are incomplete.
pub fn replay(name: &str, text: &str) -> Result<Replay, TemplateError> {
    let file = SourceFile::new(name, text);
    let wrong =
        |message: String| TemplateError::at(Problem::error("replay", file.place(0..0), message), &file);
    let data: Value = from_json(&file, MAX_BYTES).map_err(|mut problem| {
        problem.message = format!("this is no JSON: {}", problem.message);
        TemplateError::at(*problem, &file)
    })?;
    let by_cruft = data.get("context").is_some();
    let context = if by_cruft { data.pointer("/context/cookiecutter") } else { data.get("cookiecutter") };
    let Some(Value::Object(context)) = context else {
        let key = if by_cruft { "context.cookiecutter" } else { "cookiecutter" };
        return Err(wrong(format!("this is no replay file: it has no `{key}`")));
    };
    let asked = context.iter().filter(|(name, _)| !name.starts_with('_'));
    let answers = asked.map(|(name, value)| (name.clone(), value.clone())).collect();
    let template = by_cruft.then(|| CruftTemplate::deserialize(&data)).transpose();
    let template = template.map_err(|error| wrong(format!("cruft wrote no such file: {error}")))?;
    Ok(Replay { answers, template })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answers_of_cookiecutter_and_of_cruft_are_those_that_were_asked_for() {
        let context = json!({
            "name": "pay", "docs": true, "deploy": {"size": "2"}, "_template": "x", "_copy_without_render": [], "__slug": "pay",
        });
        let answers = json!({"name": "pay", "docs": true, "deploy": {"size": "2"}});
        let of_cookiecutter = json!({"cookiecutter": context, "_cookiecutter": {"name": "x"}});
        let of_cruft = json!({
            "template": "https://example.com/t.git", "commit": "0123", "checkout": null,
            "context": {"cookiecutter": context}, "directory": null, "skip": ["x"],
        });
        let template = CruftTemplate {
            source: "https://example.com/t.git".into(),
            commit: "0123".into(),
            checkout: None,
            directory: None,
        };
        for (file, template) in [(of_cookiecutter, None), (of_cruft, Some(template))] {
            let replay = replay("x.json", &format!("\u{feff}{file}")).expect("a replay file");
            assert_eq!((Value::Object(replay.answers), replay.template), (answers.clone(), template));
        }
    }

    #[test]
    fn other_files_are_refused_with_what_they_lack() {
        for (text, why) in [
            ("{", "no JSON"),
            ("[]", "no `cookiecutter`"),
            ("{\"cookiecutter\": 1}", "no `cookiecutter`"),
            ("{\"context\": {}}", "no `context.cookiecutter`"),
            ("{\"context\": {\"cookiecutter\": {}}}", "missing field `template`"),
            ("{\"context\": {\"cookiecutter\": {}}, \"template\": 1}", "invalid type"),
        ] {
            let error = replay("x.json", text).expect_err("it is none").to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
