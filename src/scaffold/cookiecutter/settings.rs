//! Engine settings of a template: `_jinja2_env_vars` and `_extensions`.

use billpay_model::findings::{SourceFile, nearest};
use serde_json::{Map, Value};

use super::jinja::Syntax;
use super::locations::wrong_setting;
use super::to_text;
use crate::TemplateError;

const VARS: &str = "_jinja2_env_vars";
pub const EXTENSIONS: &str = "_extensions";

const KNOWN: &[&str] = &[
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "autoescape",
    "optimized",
    "cache_size",
    "auto_reload",
];

/// Extensions of which everything is there anyway.
const BUILT_IN: &[&str] = &[
    "cookiecutter.extensions.JsonifyExtension",
    "cookiecutter.extensions.RandomStringExtension",
    "cookiecutter.extensions.SlugifyExtension",
    "cookiecutter.extensions.TimeExtension",
    "cookiecutter.extensions.UUIDExtension",
    "jinja2_time.TimeExtension",
];

const DO: &[&str] = &["jinja2.ext.do", "jinja2.ext.ExprStmtExtension"];
const LOOPS: &[&str] = &["jinja2.ext.loopcontrols", "jinja2.ext.LoopControlExtension"];

/// Returns the syntax of the template's files.
pub fn syntax(variables: &Map<String, Value>, file: &SourceFile) -> Result<Syntax, TemplateError> {
    let mut syntax = Syntax::default();
    if let Some(Value::Object(vars)) = variables.get(VARS) {
        for (name, value) in vars {
            set(&mut syntax, name, value).map_err(|message| {
                let near = nearest(name, KNOWN.iter().copied()).filter(|_| !KNOWN.contains(&name.as_str()));
                let mut error = wrong_setting(file, name, None, message);
                if let TemplateError::Wrong(findings) = &mut error {
                    findings.problems.iter_mut().for_each(|problem| problem.did_you_mean.clone_from(&near));
                }
                error
            })?;
        }
    }
    for extension in variables.get(EXTENSIONS).and_then(Value::as_array).into_iter().flatten() {
        let name = to_text(extension);
        match name.as_str() {
            name if DO.contains(&name) => syntax.do_tag = true,
            name if LOOPS.contains(&name) => syntax.loop_controls = true,
            name if BUILT_IN.contains(&name) => {}
            // Python code, of the template or of others; see `extensions`.
            name => syntax.extensions.push(name.to_string()),
        }
    }
    Ok(syntax)
}

fn set(syntax: &mut Syntax, name: &str, value: &Value) -> Result<(), String> {
    let yes = match value {
        Value::Bool(yes) => *yes,
        Value::Null => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    };
    let text = || match value {
        Value::String(text) if !text.is_empty() && !text.contains(['\n', '\r']) => Ok(text.clone()),
        other => Err(format!("`{name}` has to be a text of one line, not {}", to_text(other))),
    };
    let prefix = || if value.is_null() { Ok(None) } else { text().map(Some) };
    match name {
        "block_start_string" => syntax.block_start = text()?,
        "block_end_string" => syntax.block_end = text()?,
        "variable_start_string" => syntax.variable_start = text()?,
        "variable_end_string" => syntax.variable_end = text()?,
        "comment_start_string" => syntax.comment_start = text()?,
        "comment_end_string" => syntax.comment_end = text()?,
        "line_statement_prefix" => syntax.line_statement = prefix()?,
        "line_comment_prefix" => syntax.line_comment = prefix()?,
        "trim_blocks" => syntax.trim_blocks = yes,
        "lstrip_blocks" => syntax.lstrip_blocks = yes,
        "keep_trailing_newline" => return Err("cookiecutter sets `keep_trailing_newline` itself".to_string()),
        "autoescape" if yes => {
            return Err("escaping everything is not done here: write `|e` at each text".into());
        }
        "autoescape" => {}
        "newline_sequence" if value == "\n" => {}
        "newline_sequence" => {
            return Err("only `\\n` can be set here; `_new_lines` sets what files get".to_string());
        }
        "optimized" | "cache_size" | "auto_reload" => {}
        _ => return Err(format!("`{name}` can't be set")),
    }
    Ok(())
}
