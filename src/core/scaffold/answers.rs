//! Answers to a template's questions: from flags and files, of an earlier run, and asked for.

use std::path::{Path, PathBuf};

use billpay_host::reading::read_text;
use billpay_scaffold::cookiecutter::{self, CruftTemplate};
use billpay_scaffold::{
    Answers, FetchOptions, PinnedRepository, ProjectTemplate, RECORD_LIMITS, Record, RecordDefect,
    RenderOptions,
};
use serde_json::Value;

use super::{Error, InterviewError, Interviewer, given, hide_secrets};

/// Sources of answers, and options of rendering.
#[derive(Debug, Clone, Default)]
pub struct AnswerOptions {
    /// `NAME=VALUE`, each of its question's type.
    pub set: Vec<String>,
    /// YAML or JSON file; `-` reads standard input.
    pub values: Option<PathBuf>,
    /// Answers of an earlier run: Cookiecutter's replay file, .cruft.json, or a project's record.
    pub replay: Option<PathBuf>,
    /// Asks nothing, and takes the default of what isn't answered.
    pub defaults: bool,
    /// Seed of random values and of the time in a template.
    pub seed: Option<u64>,
    /// Refuses what is undefined in a Backstage template.
    pub strict: bool,
    /// Lets the template's own programs run on this machine.
    pub trust: bool,
    /// Lets Git fetch files from the other repositories that the template's steps name.
    pub fetch: bool,
    /// Leaves out the template's hooks.
    pub no_hooks: bool,
}

impl AnswerOptions {
    /// Returns the answers that are given by flags and files.
    ///
    /// # Errors
    /// Fails if a file can't be read, or an answer isn't asked for or isn't of its question's type.
    pub fn given(
        &self,
        template: &dyn ProjectTemplate,
        interviewer: &dyn Interviewer,
    ) -> Result<Answers, Error> {
        self.over(Answers::new(), template, interviewer)
    }

    /// Returns all answers: those that are given, and the rest asked for.
    ///
    /// # Errors
    /// Fails as [`AnswerOptions::given`] does, and if an answer is wrong or missing.
    pub fn all(
        &self,
        template: &dyn ProjectTemplate,
        interviewer: &dyn Interviewer,
    ) -> Result<Answers, Error> {
        let given = self.given(template, interviewer)?;
        self.complete(given, template, true, interviewer)
    }

    /// Returns the answers given, over those known from before.
    pub(super) fn over(
        &self,
        known: Answers,
        template: &dyn ProjectTemplate,
        interviewer: &dyn Interviewer,
    ) -> Result<Answers, Error> {
        let mut answers = known;
        if let Some(path) = &self.replay {
            answers.extend(self.replayed(path, template)?);
        }
        let questions = template.all_questions()?;
        for (name, value) in given::given(&self.set, self.values.as_deref(), &questions, interviewer)? {
            merge(answers.entry(name).or_insert(Value::Null), value);
        }
        hide_secrets(&answers, &template.secrets()?, interviewer);
        Ok(answers)
    }

    /// Returns all answers: those that there are, and the rest asked for; where `ask` is false, or nobody is there, the
    /// defaults.
    pub(super) fn complete(
        &self,
        answers: Answers,
        template: &dyn ProjectTemplate,
        ask: bool,
        interviewer: &dyn Interviewer,
    ) -> Result<Answers, Error> {
        let asked = match ask && self.may_ask(interviewer) {
            true => interviewer.ask(template, answers),
            false => template.complete(&answers).map_err(InterviewError::Template),
        };
        let answers = asked.map_err(|error| match error {
            InterviewError::Template(error) => {
                Error::Answers { error, questions: template.all_questions().unwrap_or_default() }
            }
            InterviewError::Terminal(error) => Error::Interview(error),
        })?;
        hide_secrets(&answers, &template.secrets()?, interviewer);
        Ok(answers)
    }

    /// Returns whether somebody can be asked.
    pub(super) fn may_ask(&self, interviewer: &dyn Interviewer) -> bool {
        !self.defaults && interviewer.may_ask()
    }

    /// Returns the commits that a project's record in the replay file names.
    fn pins(&self) -> Result<Vec<PinnedRepository>, Error> {
        let Some(path) = &self.replay else { return Ok(vec![]) };
        match Record::parse(&read_replay(path)?) {
            Ok(record) => Ok(record.templates.into_iter().flat_map(|applied| applied.fetched).collect()),
            // Answers of Cookiecutter or cruft, which pin nothing.
            Err(RecordDefect::Damaged(_)) => Ok(vec![]),
            Err(other) => Err(bad_replay(path, other.to_string())),
        }
    }

    fn replayed(&self, path: &Path, template: &dyn ProjectTemplate) -> Result<Answers, Error> {
        let text = read_replay(path)?;
        let name = &template.about().name;
        match Record::parse(&text) {
            Ok(record) => {
                let applied = record.get(name).or(record.templates.first());
                applied
                    .map(|applied| applied.answers.clone())
                    .ok_or_else(|| bad_replay(path, "it has none".to_string()))
            }
            Err(RecordDefect::Damaged(_)) => {
                Ok(cookiecutter::replay(&path.display().to_string(), &text)?.answers)
            }
            Err(other) => Err(bad_replay(path, other.to_string())),
        }
    }

    /// Returns the template that cruft keeps in the replay file.
    pub(super) fn cruft_template(&self) -> Result<CruftTemplate, Error> {
        let path = self.replay.as_ref().ok_or(Error::NoCruftTemplate)?;
        let text = read_replay(path)?;
        if Record::parse(&text).is_ok() {
            return Err(Error::NoCruftTemplate);
        }
        cookiecutter::replay(&path.display().to_string(), &text)?.template.ok_or(Error::NoCruftTemplate)
    }

    /// Returns the options of rendering, with those of an earlier run.
    pub(super) fn options(&self, seed: Option<u64>, now: Option<i64>) -> Result<RenderOptions, Error> {
        if self.trust && self.no_hooks {
            return Err(Error::TrustWithoutHooks);
        }
        let now = now.unwrap_or_else(|| jiff::Timestamp::now().as_second());
        Ok(RenderOptions {
            seed: self.seed.or(seed),
            now,
            trust: self.trust,
            no_hooks: self.no_hooks,
            strict: self.strict,
            fetch: FetchOptions { all: self.fetch, pins: self.pins()?, ..FetchOptions::NONE },
        })
    }
}

fn bad_replay(path: &Path, why: String) -> Error {
    Error::Replay { path: path.to_owned(), why }
}

fn read_replay(path: &Path) -> Result<String, Error> {
    read_text(path, RECORD_LIMITS.bytes).map_err(|error| bad_replay(path, error.to_string()))
}

/// Puts objects together, so that `a.b=1` leaves `a.c` as it was.
fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(value)) => {
            for (name, value) in value {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, value) => *into = value,
    }
}
