//! Project templates: questions, answers and renderings.
//!
//! A template is a folder of files, in memory as [`TemplateFolder`]. [`backstage`] and [`cookiecutter`] implement
//! [`ProjectTemplate`] for the two formats.

pub mod backstage;
mod convert;
pub mod cookiecutter;
mod folder;
pub mod form;
mod path_collision;
pub mod project;
pub mod question;
mod record;
mod rendering;
mod repositories;
mod repository_url;
mod source;
pub mod sources;
pub mod workflow_rights;
pub mod yaml;

use billpay_model::findings::{Findings, Problem, SourceFile};
use serde_json::{Map, Value};

pub use convert::{Conversion, convert, unconverted_answers};
pub use folder::{Entry, Surroundings, TemplateFile, TemplateFolder};
pub use path_collision::refuse_collisions;
pub use question::{Choice, Question, QuestionKind};
pub use record::{RECORD, RECORD_LIMITS, Record, RecordDefect, TemplateRecord};
pub use rendering::{
    Hook, HookTime, OUTPUT_PLACEHOLDER, Project, ProjectFile, RenderOptions, Rendering, StepKind, StepReport,
};
pub use repositories::{FetchOptions, FetchRequest, PinnedRepository, Repositories, RepositoryFiles};
pub use repository_url::{Location, RepositoryUrl, percent_decode};
pub use source::{GitOrigin, Origin, ParseSourceError, Source, version, without_credentials};

/// Answers by question name, in the template's order.
pub type Answers = Map<String, Value>;

/// Metadata of a template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    pub format: Format,
    /// `metadata.name`, or the name of a Cookiecutter template's folder.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    /// The question whose answer identifies an application of the template within a project: the annotation
    /// `billpay.com/per` of a Backstage template.
    pub per: Option<String>,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Backstage,
    Cookiecutter,
}

/// A parsed project template.
pub trait ProjectTemplate {
    fn about(&self) -> &About;

    /// Returns the next open question, in order; none if all are answered.
    ///
    /// To accept a default, put it into `answers`; an optional question without one is answered by [`Value::Null`], which
    /// [`ProjectTemplate::complete`] removes.
    ///
    /// # Errors
    /// Fails if the template itself is wrong.
    fn next_question(&self, answers: &Answers) -> Result<Option<Question>, TemplateError>;

    /// Returns all questions of all branches, for display.
    ///
    /// # Errors
    /// Fails if the template itself is wrong.
    fn all_questions(&self) -> Result<Vec<Question>, TemplateError>;

    /// Returns the questions whose answers are never recorded or printed, hidden ones included.
    ///
    /// # Errors
    /// Fails if the template itself is wrong.
    fn secrets(&self) -> Result<Vec<Question>, TemplateError> {
        Ok(self.all_questions()?.into_iter().filter(|question| question.secret).collect())
    }

    /// Returns the answers with all defaults filled in, as they are rendered and recorded.
    ///
    /// # Errors
    /// Fails with all faults of the answers.
    fn complete(&self, answers: &Answers) -> Result<Answers, TemplateError>;

    /// Returns the descriptions of its steps, for `scaffold show`.
    fn steps(&self) -> Vec<StepReport>;

    /// Returns the URLs in other repositories that its steps name, verbatim.
    fn fetches(&self) -> Vec<String> {
        vec![]
    }

    /// Renders the project in memory. `answers` must come from [`ProjectTemplate::complete`].
    ///
    /// `progress` is called with the number of rendered files, from time to time.
    ///
    /// # Errors
    /// Fails if the template is wrong, has a feature that is refused, or needs a repository that may not be
    /// fetched yet, or if an answer is missing or wrong.
    fn render(
        &self,
        answers: &Answers,
        options: &RenderOptions,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Rendering, TemplateError>;
}

/// Error of rendering a template.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplateError {
    /// Problems in the template, with their places.
    Wrong(Box<Findings>),
    /// A feature that is not supported or not allowed, with a hint.
    Refused { why: String, hints: Vec<String> },
    /// A repository to fetch from that is not allowed yet.
    Fetch(FetchRequest),
    /// The answers are wrong.
    Answers(Vec<AnswerFault>),
}

/// Fault of one answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AnswerFault {
    /// The question's name, dotted where it lies in another: `owner`, `database.size`.
    pub name: String,
    /// Reason: `"x" is not one of aws, gcp`.
    pub why: String,
    /// True if there is none, and one is needed.
    pub missing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl TemplateError {
    /// Returns the error of one problem in a file of the template.
    pub fn at(problem: Problem, file: &SourceFile) -> TemplateError {
        TemplateError::Wrong(Box::new(Findings::one(problem, file)))
    }

    pub fn refused(why: impl Into<String>, hint: impl Into<String>) -> TemplateError {
        TemplateError::Refused { why: why.into(), hints: vec![hint.into()] }
    }
}

impl From<Box<Findings>> for TemplateError {
    fn from(findings: Box<Findings>) -> TemplateError {
        TemplateError::Wrong(findings)
    }
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TemplateError::Wrong(findings) => findings.fmt(f),
            TemplateError::Refused { why, .. } => f.write_str(why),
            TemplateError::Fetch(FetchRequest { url, .. }) => {
                write!(f, "the template fetches files from another repository: {url}")
            }
            TemplateError::Answers(faults) => {
                let progress = faults.iter().map(|fault| format!("{}: {}", fault.name, fault.why));
                f.write_str(&progress.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl std::error::Error for TemplateError {}
