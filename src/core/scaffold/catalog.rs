//! The templates that there are, and what one asks, has and does.

use std::borrow::Cow;

use billpay_scaffold::{Format, Origin, Question, RenderOptions, StepReport, sources};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::source::OpenTemplate;
use super::{Error, TemplateLocation};
use crate::report::Report;

/// The templates of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListReport {
    pub templates: Vec<TemplateSummary>,
}

impl Report for ListReport {
    const SCHEMA: &str = "billpay/scaffold-list/v1";
}

/// One template of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplateSummary {
    /// Name of one that billpay brings along, or folder in the source.
    pub template: String,
    pub format: Format,
    pub title: Option<String>,
    pub owner: Option<String>,
    pub description: Option<String>,
    pub tags: Vec<String>,
    /// Digest of this version.
    pub digest: String,
    /// URLs in other repositories that its steps name.
    pub fetches: Vec<String>,
}

/// A template: what it asks, has and does.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ShowReport {
    pub template: String,
    pub format: Format,
    pub title: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub from: Origin,
    /// Digest of this version.
    pub digest: String,
    pub questions: Vec<QuestionReport>,
    /// Number of files in the template.
    pub files: usize,
    pub steps: Vec<StepReport>,
    /// URLs in other repositories that its steps name.
    pub fetches: Vec<String>,
}

impl Report for ShowReport {
    const SCHEMA: &str = "billpay/scaffold-show/v1";
}

/// A question, with its type and limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct QuestionReport(pub Question);

impl JsonSchema for QuestionReport {
    fn schema_name() -> Cow<'static, str> {
        "Question".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["name", "title", "type", "required"],
            "properties": {
                "name": {"type": "string"},
                "title": {"type": "string"},
                "help": {"type": "string"},
                "page": {"type": "string"},
                "type": {
                    "enum": ["text", "integer", "number", "yes-no", "choice", "several", "texts", "data"],
                },
                "choices": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["value", "title"],
                        "properties": {"value": true, "title": {"type": "string"}},
                    },
                },
                "default": true,
                "required": {"type": "boolean"},
                "secret": {"type": "boolean"},
                "conditional": {"type": "boolean"},
                "rules": {"type": "array", "items": {"type": "string"}},
            },
        })
    }
}

/// Lists the templates of a folder or a repository; without one, those that billpay brings along.
///
/// # Errors
/// Fails if the source isn't there, or one of its templates is wrong.
pub fn list(source: Option<&str>, location: &TemplateLocation) -> Result<ListReport, Error> {
    let templates = match source {
        Some(source) => location.open_all(source)?,
        None => {
            let open = |name: String| {
                let opened = TemplateLocation::default().open(&name, &RenderOptions::default())?;
                Ok((name, opened))
            };
            sources::names().into_iter().map(open).collect::<Result<Vec<_>, Error>>()?
        }
    };
    let summary = |(template, opened): (String, OpenTemplate)| {
        let about = opened.template.about().clone();
        TemplateSummary {
            template,
            format: about.format,
            title: about.title,
            owner: about.owner,
            description: about.description,
            tags: about.tags,
            fetches: opened.template.fetches(),
            digest: opened.digest,
        }
    };
    Ok(ListReport { templates: templates.into_iter().map(summary).collect() })
}

/// Shows a template.
///
/// # Errors
/// Fails if there is no such template, or it is wrong.
pub fn show(template: &str, location: &TemplateLocation) -> Result<ShowReport, Error> {
    let opened = location.open(template, &RenderOptions::default())?;
    let questions = opened.template.all_questions()?;
    let about = opened.template.about().clone();
    Ok(ShowReport {
        template: about.name,
        format: about.format,
        title: about.title,
        description: about.description,
        owner: about.owner,
        tags: about.tags,
        questions: questions.into_iter().map(QuestionReport).collect(),
        steps: opened.template.steps(),
        fetches: opened.template.fetches(),
        files: opened.files,
        from: opened.origin,
        digest: opened.digest,
    })
}
