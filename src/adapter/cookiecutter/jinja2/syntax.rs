//! What can be set about a template's syntax: cookiecutter's `_jinja2_env_vars`.

/// How tags are written, and what becomes of the whitespace around them.
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
    pub autoescape: bool,
    /// Tags that only an extension knows.
    pub loop_controls: bool,
    pub do_tag: bool,
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
            autoescape: false,
            loop_controls: false,
            do_tag: false,
        }
    }
}

impl Syntax {
    /// Whether a text has nothing for the engine to do.
    pub fn is_plain(&self, text: &str) -> bool {
        let tags = [&self.block_start, &self.variable_start, &self.comment_start];
        !tags
            .into_iter()
            .chain(&self.line_statement)
            .chain(&self.line_comment)
            .any(|tag| text.contains(tag.as_str()))
    }
}
