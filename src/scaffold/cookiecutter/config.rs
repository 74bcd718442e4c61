//! `cookiecutter.json`.

use billpay_model::findings::{Problem, SourceFile, from_json};
use serde_json::{Map, Value};

use super::jinja::Syntax;
use super::settings;
use crate::{TemplateError, TemplateFolder};

/// Largest file that is read, bytes.
const MAX_BYTES: usize = 256 << 10;
/// Most variables; each that is a text is rendered with all before it.
const MAX_VARIABLES: usize = 1_000;

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
            let why = format!(
                "{} is not there: this is no Cookiecutter template",
                folder.display_path(super::FILE)
            );
            return Err(TemplateError::refused(why, "a template in a folder of it: `--directory FOLDER`"));
        };
        let mut variables: Map<String, Value> =
            from_json(&file, MAX_BYTES).map_err(|problem| TemplateError::at(*problem, &file))?;
        if variables.len() > MAX_VARIABLES {
            let why = format!("there are more than {MAX_VARIABLES} variables");
            return Err(TemplateError::at(Problem::error("too-many-values", file.place(0..0), why), &file));
        }
        let prompts = match variables.shift_remove("__prompts__") {
            Some(Value::Object(prompts)) => prompts,
            _ => Map::new(),
        };
        let syntax = settings::syntax(&variables, &file)?;
        Ok(Config { file, variables, prompts, syntax })
    }

    /// Variables that people are asked for: neither private nor a choice of templates.
    pub fn public_variables(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.variables.iter().filter(|(name, _)| !name.starts_with('_'))
    }
}
