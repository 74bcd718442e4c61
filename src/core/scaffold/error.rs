//! Errors of making and updating projects.

use std::io;
use std::path::PathBuf;

use billpay_host::git::WorkTree;
use billpay_scaffold::project::AddedRight;
use billpay_scaffold::sources::{RecordError, SourceError};
use billpay_scaffold::{Question, RecordDefect, TemplateError};
use billpay_tree::RelPath;
use billpay_tree::disk::TreeError;

/// Reason for which a project was not made or updated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    RecordDefect(#[from] RecordDefect),
    #[error("the template can't be used")]
    Template(TemplateError),
    /// Answers are wrong or missing; `questions` are all of the template's.
    #[error("the answers can't be used")]
    Answers { error: TemplateError, questions: Vec<Question> },
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The interview was broken off, or the terminal can't be used.
    #[error(transparent)]
    Interview(io::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A confirmation was refused.
    #[error("the answer was no")]
    Declined,
    /// Answers of the request that can't be taken, each with its reason.
    #[error("an answer can't be taken")]
    GivenAnswers(Vec<String>),
    #[error("can't read answers from {source_name}")]
    AnswerFile { source_name: String, why: String },
    #[error("can't use the answers in {}", .path.display())]
    Replay { path: PathBuf, why: String },
    #[error("no template is named")]
    NoCruftTemplate,
    #[error("--trust and --no-hooks can't go together")]
    TrustWithoutHooks,
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    #[error("{} was made from {template} before", .out.display())]
    MadeBefore { template: String, out: PathBuf },
    #[error("{} files are in {} already", .files.len(), .out.display())]
    InTheWay { out: PathBuf, files: Vec<RelPath> },
    #[error("the template doesn't say what the project's folder is called")]
    NoProjectName,
    /// A link is in the place of a new project; it may lead to a folder.
    #[error("{} is a symbolic link", .out.display())]
    LinkInPlace { out: PathBuf, leads_to: Option<PathBuf> },
    #[error("there is no folder {}", .0.display())]
    NoProjectFolder(PathBuf),
    #[error("the project is tied to {0} already")]
    TiedAlready(String),
    /// Git doesn't hold all of the project.
    #[error("the project is not committed")]
    NotCommitted(WorkTree),
    #[error("the project was not made from {template}")]
    NotMadeFrom { template: String, known: Vec<String> },
    #[error("secrets are not remembered, and are needed again")]
    SecretsNeeded(Vec<String>),
    #[error("{} has no .billpay/scaffold.yaml", .0.display())]
    NoRecord(PathBuf),
    #[error("nothing of {template} was written: the update lets workflows do more than before")]
    WorkflowRights { template: String, rights: Vec<AddedRight> },
}

impl From<TemplateError> for Error {
    fn from(error: TemplateError) -> Error {
        Error::Template(error)
    }
}
