//! Projects from templates: what a template is, a new project, an update, a project that is tied to its template.

mod adopt;
mod answers;
mod catalog;
mod error;
mod given;
mod new;
mod source;
mod update;

use std::io;

use billpay_model::event::{Event, Observer};
use billpay_scaffold::project::AddedRight;
use billpay_scaffold::question::answer;
use billpay_scaffold::{
    Answers, FetchRequest, ProjectTemplate, Question, RenderOptions, Rendering, TemplateError, cookiecutter,
};
use serde_json::Value;

pub use adopt::{AdoptReport, AdoptRequest, adopt};
pub use answers::AnswerOptions;
pub use catalog::{ListReport, QuestionReport, ShowReport, TemplateSummary, list, show};
pub use error::Error;
pub use given::{parse_typed, parse_yaml, to_text};
pub use new::{NewReport, NewRequest, Said, new};
pub use source::TemplateLocation;
pub use update::{TemplateVersion, UpdateReport, UpdateRequest, UpdatedTemplate, update};

/// Text that stands for a secret answer.
pub const MASK: &str = "***";
/// Length of the shortest secret that is looked for in files.
const MIN_SECRET_CHARS: usize = 4;

/// A question beside a template's own: whether something may be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Confirmation<'a> {
    /// Files are fetched from another repository.
    Fetch(&'a FetchRequest),
    /// An update lets workflows do more than before.
    WorkflowRights { template: &'a str, rights: &'a [AddedRight] },
}

/// Gets answers from people, or says that nobody is there.
pub trait Interviewer {
    /// Returns whether somebody can be asked.
    fn may_ask(&self) -> bool;

    /// Asks for all answers of a template that aren't there yet.
    ///
    /// # Errors
    /// Fails if the template is wrong, an answer that was given is, or the interview is broken off.
    fn ask(&self, template: &dyn ProjectTemplate, given: Answers) -> Result<Answers, InterviewError>;

    /// Asks whether something may be done.
    ///
    /// # Errors
    /// Fails if the answer can't be read.
    fn confirm(&self, confirmation: &Confirmation<'_>) -> Result<bool, io::Error>;

    /// Keeps a secret value, and everything in it, out of all that is shown.
    fn hide(&self, value: &Value);
}

/// Reason for which an interview has no result.
#[derive(Debug)]
pub enum InterviewError {
    Template(TemplateError),
    /// The terminal can't be used, or the interview was broken off.
    Terminal(io::Error),
}

impl From<TemplateError> for InterviewError {
    fn from(error: TemplateError) -> InterviewError {
        InterviewError::Template(error)
    }
}

impl From<io::Error> for InterviewError {
    fn from(error: io::Error) -> InterviewError {
        InterviewError::Terminal(error)
    }
}

/// Keeps secret answers out of all that is shown.
fn hide_secrets(answers: &Answers, secrets: &[Question], interviewer: &dyn Interviewer) {
    for question in secrets {
        // What the template itself says by default is no secret.
        let given = answer(answers, &question.name);
        let given = given.filter(|given| Some(*given) != question.default.as_ref());
        given.into_iter().for_each(|value| interviewer.hide(value));
    }
}

/// Warns of rendered files that have a secret answer in them, which end in the project and in what it remembers.
fn warn_of_secrets(rendering: &Rendering, answers: &Answers, secrets: &[Question], observer: &dyn Observer) {
    let secrets = secrets.iter().filter_map(|question| {
        let text = answer(answers, &question.name)?.as_str()?;
        (text.len() >= MIN_SECRET_CHARS).then_some((&question.name, text))
    });
    for (name, secret) in secrets {
        let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        let files = rendering.project.files.iter().filter(|(_, file)| has(&file.bytes));
        let files: Vec<String> = files.map(|(path, _)| path.to_string()).collect();
        if !files.is_empty() {
            observer.observe(Event::Warning {
                message: format!(
                    "the answer to `{name}` is a secret, and stands in {}: don't commit it, nor .billpay, which keeps what was rendered",
                    files.join(", ")
                ),
            });
        }
    }
}

/// Renders a template in memory, with its own programs where they are trusted.
fn render(
    template: &dyn ProjectTemplate,
    answers: &Answers,
    options: &RenderOptions,
    interviewer: &dyn Interviewer,
    observer: &dyn Observer,
) -> Result<Rendering, Error> {
    let mut options = options.clone();
    let rendering = loop {
        let mut progress =
            |count| observer.observe(Event::Counted { what: "files rendered".to_string(), count });
        observer.observe(Event::Waiting { what: "rendering the template".to_string() });
        let rendering = template.render(answers, &options, &mut progress);
        observer.observe(Event::Waited);
        match rendering {
            Err(TemplateError::Fetch(request)) if interviewer.may_ask() => {
                observer.note(format!("the template fetches {}", request.url));
                if !interviewer.confirm(&Confirmation::Fetch(&request))? {
                    return Err(Error::Declined);
                }
                options.fetch.repositories.insert(request.repository);
            }
            rendering => break rendering?,
        }
    };
    observer.warn(&rendering.warnings);
    warn_of_secrets(&rendering, answers, &template.secrets()?, observer);
    Ok(if options.trust { cookiecutter::run_hooks(rendering)? } else { rendering })
}
