//! `cookiecutter.json`.

use serde_json::{Map, Value};

use super::jinja::Syntax;
use super::settings;
use crate::domain::findings::{Problem, SourceFile};
use crate::domain::template::{TemplateError, TemplateFolder};

/// The variables of a template, in its order, and its settings.
pub struct Config {
    pub file: SourceFile,
    pub variables: Map<String, Value>,
    /// `__prompts__`: how people are asked.
    pub prompts: Map<String, Value>,
    pub syntax: Syntax,
}

impl Config {
    pub fn read(folder: &TemplateFolder) -> Result<Config, TemplateError> {
        let Some(file) = folder.source(super::FILE) else {
            let why = format!("{} is not there: this is no Cookiecutter template", folder.told(super::FILE));
            return Err(TemplateError::refused(why, "a template in a folder of it: `--directory FOLDER`"));
        };
        if let Some(not) = file.not_utf8() {
            let place = file.place(not.at..not.at + 1);
            return Err(TemplateError::at(
                Problem::error("not-utf8", place, "this file is not UTF-8"),
                &file,
            ));
        }
        let mut variables: Map<String, Value> = serde_json::from_str(file.text()).map_err(|error| {
            let before: usize =
                file.text().split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            let at = (before + error.column().saturating_sub(1)).min(file.text().len());
            let text = error.to_string();
            let message = text.split(" at line ").next().unwrap_or(&text).to_string();
            TemplateError::at(Problem::error("json", file.place(at..at), message), &file)
        })?;
        let prompts = match variables.shift_remove("__prompts__") {
            Some(Value::Object(prompts)) => prompts,
            _ => Map::new(),
        };
        let syntax = settings::syntax(&variables, &file)?;
        Ok(Config { file, variables, prompts, syntax })
    }

    /// Variables that people are asked for: neither private nor a choice of templates.
    pub fn asked(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.variables.iter().filter(|(name, _)| !name.starts_with('_'))
    }
}
