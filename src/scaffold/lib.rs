//! Project templates: what they ask, what they are answered and what they make.
//!
//! A template is a folder of files, in memory as [`TemplateFolder`]. [`backstage`]
//! and [`cookiecutter`] know the two formats; both give a [`ProjectTemplate`].

pub mod backstage;
mod convert;
pub mod cookiecutter;
mod fetched;
mod folder;
pub mod form;
mod path_collision;
pub mod project;
pub mod question;
mod record;
mod rendering;
mod repository_url;
mod source;
pub mod sources;
pub mod workflow_rights;
pub mod yaml;

use billpay_model::findings::{Findings, Problem, SourceFile};
use serde_json::{Map, Value};

pub use convert::{Conversion, convert, unconverted};
pub use fetched::{FetchOptions, FetchRequest, FetchedFiles, FetchedRepository, Repositories};
pub use folder::{Entry, Surroundings, TemplateFile, TemplateFolder};
pub use path_collision::refuse_collisions;
pub use question::{Choice, Question, QuestionKind};
pub use record::{BadRecord, RECORD, RECORD_LIMITS, Record, TemplateRecord};
pub use rendering::{
    EXAMPLE, Hook, HookTime, Project, ProjectFile, RenderOptions, Rendering, StepDone, StepKind,
};
pub use repository_url::{Location, RepositoryUrl, decoded};
pub use source::{BadSource, GitOrigin, Origin, Source, version, without_credentials};

/// What was answered to a template's questions, by name, in the template's order.
pub type Answers = Map<String, Value>;

/// What a template says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    pub format: Format,
    /// `metadata.name`, or the name of a Cookiecutter template's folder.
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    /// The question of which the answer tells several applications in one project apart:
    /// the annotation `billpay.com/per` of a Backstage template.
    pub per: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Backstage,
    Cookiecutter,
}

/// A template of projects, read and understood.
pub trait ProjectTemplate {
    fn about(&self) -> &About;

    /// The next question that `answers` leave open, in the order in which people are asked.
    ///
    /// `None`: everything is answered. A question of which the answer is to be its default
    /// is answered by putting that into `answers`; one that need not be answered (neither
    /// required nor with a default), by [`Value::Null`], which [`ProjectTemplate::complete`]
    /// takes out again. Fails when the template itself is wrong.
    fn next_question(&self, answers: &Answers) -> Result<Option<Question>, TemplateError>;

    /// Everything that may be asked at all, whatever is answered; to show, not to ask.
    fn all_questions(&self) -> Result<Vec<Question>, TemplateError>;

    /// The questions of which the answers are never remembered or printed, also those that nobody is asked.
    fn secrets(&self) -> Result<Vec<Question>, TemplateError> {
        Ok(self.all_questions()?.into_iter().filter(|question| question.secret).collect())
    }

    /// The answers as they are rendered with and remembered, every default filled in, if
    /// they are right; otherwise everything that is wrong with them.
    fn complete(&self, answers: &Answers) -> Result<Answers, TemplateError>;

    /// The steps that it takes, in words, for `scaffold show`.
    fn steps(&self) -> Vec<StepDone>;

    /// The URLs in other repositories that its steps name, as they are written.
    fn fetches(&self) -> Vec<String> {
        vec![]
    }

    /// Renders the project in memory. `answers` came from [`ProjectTemplate::complete`].
    ///
    /// `told` hears how many files are done, now and then.
    fn render(
        &self,
        answers: &Answers,
        options: &RenderOptions,
        told: &mut dyn FnMut(usize),
    ) -> Result<Rendering, TemplateError>;
}

/// Why a template gives no project.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplateError {
    /// The template is wrong, each problem at its place in it.
    Wrong(Box<Findings>),
    /// The template asks for what isn't done, or only when allowed; with what to do next.
    Refused { why: String, hints: Vec<String> },
    /// It fetches files from a repository that nobody agreed to.
    Fetch(FetchRequest),
    /// The answers are wrong.
    Answers(Vec<AnswerFault>),
}

/// What is wrong with one answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AnswerFault {
    /// The question's name, dotted where it lies in another: `owner`, `database.size`.
    pub name: String,
    /// Why it won't do: `"x" is not one of aws, gcp`.
    pub why: String,
    /// Whether there is none, and one is needed.
    pub missing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl TemplateError {
    /// One problem at a place in a file of the template.
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
                let told = faults.iter().map(|fault| format!("{}: {}", fault.name, fault.why));
                f.write_str(&told.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl std::error::Error for TemplateError {}
