//! Syntax options of a template: cookiecutter's `_jinja2_env_vars`.

use minijinja::syntax::SyntaxConfig;

use super::fault::{Fault, Res};

/// Delimiters of tags and handling of whitespace around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syntax {
    pub block_start: String,
    pub block_end: String,
    pub variable_start: String,
    pub variable_end: String,
    pub comment_start: String,
    pub comment_end: String,
    pub line_statement: Option<String>,
    pub line_comment: Option<String>,
    pub trim_blocks: bool,
    pub lstrip_blocks: bool,
    /// Tags that only an extension knows.
    pub loop_controls: bool,
    pub do_tag: bool,
    /// Names of extensions that are Python code.
    pub extensions: Vec<String>,
}

impl Default for Syntax {
    fn default() -> Syntax {
        Syntax {
            block_start: "{%".into(),
            block_end: "%}".into(),
            variable_start: "{{".into(),
            variable_end: "}}".into(),
            comment_start: "{#".into(),
            comment_end: "#}".into(),
            line_statement: None,
            line_comment: None,
            trim_blocks: false,
            lstrip_blocks: false,
            loop_controls: false,
            do_tag: false,
            extensions: vec![],
        }
    }
}

impl Syntax {
    /// Returns the syntax as minijinja takes it.
    pub fn config(&self) -> Res<SyntaxConfig> {
        let mut config = SyntaxConfig::builder();
        config
            .block_delimiters(self.block_start.clone(), self.block_end.clone())
            .variable_delimiters(self.variable_start.clone(), self.variable_end.clone())
            .comment_delimiters(self.comment_start.clone(), self.comment_end.clone())
            .trim_blocks(self.trim_blocks)
            .lstrip_blocks(self.lstrip_blocks)
            .keep_trailing_newline(true);
        if let Some(prefix) = &self.line_statement {
            config.line_statement_prefix(prefix.clone());
        }
        if let Some(prefix) = &self.line_comment {
            config.line_comment_prefix(prefix.clone());
        }
        config.build().map_err(|error| Fault::of(format!("the tags of `_jinja2_env_vars`: {error}")))
    }

    /// Returns true if a text has nothing for the engine to do.
    pub fn is_plain(&self, text: &str) -> bool {
        let tags = [&self.block_start, &self.variable_start, &self.comment_start];
        !tags
            .into_iter()
            .chain(&self.line_statement)
            .chain(&self.line_comment)
            .any(|tag| text.contains(tag.as_str()))
    }
}
