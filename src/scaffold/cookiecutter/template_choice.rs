//! Several templates in one folder, of which one is chosen: `templates`, or `template`.

use billpay_tree::RelPath;
use serde_json::Value;

use super::config::Config;
use super::locations::wrong_setting;
use super::{Level, to_text, wrong_answer};
use crate::{Choice, Question, QuestionKind, TemplateError, TemplateFolder};

/// Maximum nesting depth of choices.
const MAX_DEPTH: usize = 5;

pub struct TemplateChoice {
    /// The name of the answer: `template`.
    pub name: String,
    title: String,
    options: Vec<TemplateOption>,
}

struct TemplateOption {
    value: String,
    title: String,
    path: String,
    level: Level,
}

/// Returns a subfolder of a template.
pub fn below(folder: &TemplateFolder, directory: &str) -> Result<TemplateFolder, TemplateError> {
    let path = directory.trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = RelPath::new(path).map_err(|bad| {
        TemplateError::refused(
            format!("`{directory}` is no folder of the template: {}", bad.why),
            "name a folder in it",
        )
    })?;
    Ok(folder.below(path.as_str()))
}

impl TemplateChoice {
    pub fn read(
        folder: &TemplateFolder,
        config: &Config,
        depth: usize,
    ) -> Result<Option<TemplateChoice>, TemplateError> {
        let (old, new) = (config.variables.get("template"), config.variables.get("templates"));
        if old.is_none() && new.is_none() {
            return Ok(None);
        }
        let key = if new.is_some() { "templates" } else { "template" };
        let wrong = |word: Option<&str>, message: String| wrong_setting(&config.file, key, word, message);
        if depth >= MAX_DEPTH {
            return Err(wrong(None, "too many choices of templates in one another".to_string()));
        }
        let mut found: Vec<(String, String, String)> = vec![];
        match (new, old) {
            (Some(Value::Object(templates)), _) if !templates.is_empty() => {
                for (name, about) in templates {
                    let text = |field: &str| about.get(field).map(to_text);
                    let Some(path) = text("path") else {
                        return Err(wrong(Some(name), format!("the template `{name}` has no `path`")));
                    };
                    let title = text("title").unwrap_or_else(|| name.clone());
                    let description = text("description").unwrap_or_else(|| name.clone());
                    let label = if title == description { title } else { format!("{title} ({description})") };
                    found.push((name.clone(), label, path));
                }
            }
            (_, Some(Value::Array(templates))) if !templates.is_empty() => {
                for template in templates.iter().map(to_text) {
                    let path = template.find('(').zip(template.rfind(')'));
                    let path =
                        path.and_then(|(open, close)| template.get(open + 1..close)).map(str::to_string);
                    let Some(path) = path.filter(|path| !path.is_empty()) else {
                        let message = format!("`{template}` has no folder in brackets behind it");
                        return Err(wrong(Some(&template), message));
                    };
                    found.push((template.clone(), template, path));
                }
            }
            _ => return Err(wrong(None, "there is no template to choose".to_string())),
        }
        let mut options = vec![];
        for (value, title, path) in found {
            let folder = below(folder, &path).map_err(|error| wrong(Some(&path), error.to_string()))?;
            let level = Level::open(folder, depth + 1)?;
            options.push(TemplateOption { value, title, path, level });
        }
        let name = if depth == 0 { "template".to_string() } else { format!("template_{}", depth + 1) };
        let title = match config.prompts.get(key) {
            Some(Value::String(title)) => title.clone(),
            _ => "Select a template".to_string(),
        };
        Ok(Some(TemplateChoice { name, title, options }))
    }

    pub fn question(&self) -> Question {
        let choice = |option: &TemplateOption| Choice {
            value: option.value.as_str().into(),
            title: option.title.clone(),
        };
        Question {
            name: self.name.clone(),
            title: self.title.clone(),
            help: None,
            page: None,
            kind: QuestionKind::Choice(self.options.iter().map(choice).collect()),
            default: Some(self.default()),
            required: true,
            secret: false,
            conditional: false,
            rules: vec![],
        }
    }

    pub fn default(&self) -> Value {
        self.options.first().map_or(Value::Null, |option| option.value.as_str().into())
    }

    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &Level> {
        self.options.iter().map(|option| &option.level)
    }

    /// The template that an answer names, by its name or its folder.
    pub fn choose(&self, answer: &Value) -> Result<&Level, TemplateError> {
        let name = to_text(answer);
        let by_name = self.options.iter().find(|option| option.value == name);
        let by_path = || {
            let plain = |path: &str| path.trim_start_matches("./").trim_end_matches('/').to_string();
            self.options.iter().find(|option| plain(&option.path) == plain(&name))
        };
        by_name.or_else(by_path).map(|option| &option.level).ok_or_else(|| {
            let names: Vec<String> = self.options.iter().map(|option| option.value.clone()).collect();
            let mut fault =
                wrong_answer(&self.name, format!("`{name}` is not one of {}", names.join(", ")), &[]);
            fault.did_you_mean = billpay_model::findings::nearest(&name, names.iter().map(String::as_str));
            TemplateError::Answers(vec![fault])
        })
    }
}
