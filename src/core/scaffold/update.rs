//! Brings what changed in its templates since into a project, and keeps what people did to it.

use std::path::{Path, PathBuf};

use billpay_host::git::{self, WorkTree};
use billpay_model::event::Observer;
use billpay_model::findings::Problem;
use billpay_scaffold::project::{self, AddedRight};
use billpay_scaffold::sources;
use billpay_scaffold::{
    Conversion, Origin, PinnedRepository, Question, Record, TemplateError, TemplateRecord, convert,
    unconverted_answers,
};
use billpay_tree::disk::Tree;
use billpay_tree::{Action, ConflictPolicy, Decision, FilePlan, TreeCounts, TreeOptions};
use schemars::JsonSchema;
use serde::Serialize;

use super::catalog::QuestionReport;
use super::source::{OpenTemplate, find, remembered};
use super::{AnswerOptions, Confirmation, Error, Interviewer, TemplateLocation, render};
use crate::report::Report;

/// Request to update a project.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    /// Folder of the project; else the one here or above.
    pub project: Option<PathBuf>,
    /// Only this one of the templates that the project was made from.
    pub template: Option<String>,
    /// Source to take the template from, from now on.
    pub from: Option<String>,
    pub location: TemplateLocation,
    pub answers: AnswerOptions,
    pub conflict: ConflictPolicy,
    /// Writes nothing.
    pub check: bool,
    /// Takes changes that let workflows do more.
    pub allow_workflow_rights: bool,
    /// Goes on although Git doesn't hold everything.
    pub allow_dirty: bool,
}

/// A project that was brought up to date, or that could be.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UpdateReport {
    pub project: PathBuf,
    pub check: bool,
    /// Set if there is, or was, something to take.
    pub stale: bool,
    /// Set if a change contradicts an edit.
    pub conflicts: bool,
    pub templates: Vec<UpdatedTemplate>,
}

impl Report for UpdateReport {
    const SCHEMA: &str = "billpay/scaffold-update/v1";
}

/// One of a project's templates.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UpdatedTemplate {
    pub template: String,
    pub before: TemplateVersion,
    pub now: TemplateVersion,
    pub stale: bool,
    pub new_questions: Vec<QuestionReport>,
    /// Secret answers that are needed again.
    pub secrets: Vec<String>,
    pub no_longer_asked: Vec<String>,
    pub converted: Vec<Conversion>,
    /// Absent while a question has no answer, or a secret isn't given again.
    pub counts: Option<TreeCounts>,
    pub files: Vec<FilePlan>,
    /// Rights that workflows get.
    pub workflow_rights: Vec<AddedRight>,
    pub warnings: Vec<Problem>,
    #[serde(skip)]
    pub decision: Option<Decision>,
}

/// A version of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplateVersion {
    pub from: Origin,
    pub digest: String,
    pub fetched: Vec<PinnedRepository>,
}

/// Updates a project's templates, or says what an update would do.
///
/// # Errors
/// Fails before anything of a template is written if Git doesn't hold all of the project, the template is gone or
/// wrong, an answer is, or workflows would get rights that nobody allowed.
pub fn update(
    request: &UpdateRequest,
    interviewer: &dyn Interviewer,
    observer: &dyn Observer,
) -> Result<UpdateReport, Error> {
    let (folder, record) = project(request.project.as_deref())?;
    if !request.check && !request.allow_dirty {
        let state = git::work_tree(&folder);
        if state != WorkTree::Clean {
            return Err(Error::NotCommitted(state));
        }
    }
    let chosen: Vec<TemplateRecord> = match &request.template {
        None => record.templates.clone(),
        Some(name) => vec![record.get(name).cloned().ok_or_else(|| Error::NotMadeFrom {
            template: name.clone(),
            known: record.templates.iter().map(TemplateRecord::name).collect(),
        })?],
    };
    let mut templates = vec![];
    for before in chosen {
        templates.push(one(request, before, &folder, interviewer, observer)?);
    }
    Ok(UpdateReport {
        project: folder,
        check: request.check,
        stale: templates.iter().any(|one| one.stale),
        conflicts: templates.iter().any(|one| one.counts.is_some_and(|counts| counts.conflict > 0)),
        templates,
    })
}

fn one(
    request: &UpdateRequest,
    before: TemplateRecord,
    folder: &Path,
    interviewer: &dyn Interviewer,
    observer: &dyn Observer,
) -> Result<UpdatedTemplate, Error> {
    let location = &request.location;
    let found = match &request.from {
        Some(source) => find(source, location.options())?,
        None => {
            let named = location.root.as_ref().map(std::path::absolute).transpose()?;
            let root = named.or_else(|| before.root.as_ref().map(PathBuf::from));
            sources::find_again(&before.from, folder, root.as_deref(), location.reference.as_deref())?
        }
    };
    let mut options = request.answers.options(before.seed, before.now)?;
    // What was agreed to once is not asked again.
    options.fetch.repositories.extend(before.fetched.iter().map(|fetched| fetched.url.clone()));
    let mut now = OpenTemplate::new(found, &options)?;
    let template = now.template.as_ref();
    let asked = template.all_questions()?;
    let (mut known, dropped) = project::still_asked(&before, &asked);
    let conversions = convert(&mut known, &asked);
    let known = request.answers.over(known, template, interviewer)?;
    let faults = unconverted_answers(&before.answers, &known, &asked);
    if !faults.is_empty() {
        return Err(Error::Answers { error: TemplateError::Answers(faults), questions: asked });
    }
    let questions = project::new_questions(template, &known)?;
    let unanswered = questions.iter().any(|question| question.required && question.default.is_none());
    let secrets = project::missing_secrets(&before, &template.secrets()?, &known);
    let secrets: Vec<String> = secrets.into_iter().map(str::to_string).collect();
    if !secrets.is_empty() && !request.check && !request.answers.may_ask(interviewer) {
        return Err(Error::SecretsNeeded(secrets));
    }
    let mut updated = Changes { questions, dropped, conversions, secrets, ..Changes::default() };
    if request.check && (unanswered || !updated.secrets.is_empty()) {
        return Ok(updated.report(before, now));
    }
    let answers = request.answers.complete(known, template, !request.check, interviewer)?;
    let rendering = render(template, &answers, &options, interviewer, observer)?;
    let version = now.version(&rendering);
    // What was found again is named as the project remembers it.
    let origin = match request.from {
        Some(_) => remembered(now.origin.clone(), folder),
        None => now.origin.clone(),
    };
    let mut applied = project::applied(template, origin, version.clone(), &answers, &options)?;
    now.digest = version;
    now.fetched.clone_from(&rendering.fetched);
    applied.fetched.clone_from(&rendering.fetched);
    applied.root = match (&location.root, &request.from) {
        (None, None) => before.root.clone(),
        _ => location.remembered_root(folder),
    };
    // The same template at another commit is no news.
    if applied.digest == before.digest && request.from.is_none() && location.reference.is_none() {
        applied.from = before.from.clone();
        applied.fetched.clone_from(&before.fetched);
    }
    // A template that was renamed, or asks otherwise, is still the one that it was.
    applied.template.clone_from(&before.template);
    applied.instance.clone_from(&before.instance);
    let record = sources::record(folder)?.unwrap_or_default();
    let (rendered, coverage) = project::place(rendering.project, applied, &record)?;
    let conflict = request.conflict;
    let options = TreeOptions { merge: true, renames: true, conflict, ..TreeOptions::default() };
    let tree = Tree::at(folder.to_owned());
    let decision = tree.check(&rendered, &coverage, options)?;
    let place = git::place_in_repository(folder).display().to_string();
    updated.rights = project::added_rights(&decision, &place);
    updated.decision = Some(match request.check {
        true => decision,
        false => {
            allow(&updated.rights, &before, request, interviewer)?;
            tree.write(&rendered, &coverage, options)?
        }
    });
    updated.warnings = rendering.warnings.problems;
    Ok(updated.report(before, now))
}

/// Changes that an update brings to a project.
#[derive(Default)]
struct Changes {
    questions: Vec<Question>,
    dropped: Vec<String>,
    conversions: Vec<Conversion>,
    secrets: Vec<String>,
    rights: Vec<AddedRight>,
    warnings: Vec<Problem>,
    decision: Option<Decision>,
}

impl Changes {
    fn report(self, before: TemplateRecord, now: OpenTemplate) -> UpdatedTemplate {
        let has_stale_files =
            |decision: &Decision| decision.plan.files.iter().any(|file| file.action.is_stale());
        let needs_only_secrets = !self.secrets.is_empty() && before.digest == now.digest;
        let files = self.decision.iter().flat_map(|decision| &decision.plan.files);
        let files = files.filter(|file| file.action != Action::Unchanged);
        UpdatedTemplate {
            template: before.name(),
            stale: self.decision.as_ref().map_or(!needs_only_secrets, has_stale_files),
            before: TemplateVersion { from: before.from, digest: before.digest, fetched: before.fetched },
            now: TemplateVersion { from: now.origin, digest: now.digest, fetched: now.fetched },
            new_questions: self.questions.into_iter().map(QuestionReport).collect(),
            secrets: self.secrets,
            no_longer_asked: self.dropped,
            converted: self.conversions,
            counts: self.decision.as_ref().map(|decision| decision.plan.counts()),
            files: files.cloned().collect(),
            workflow_rights: self.rights,
            warnings: self.warnings,
            decision: self.decision,
        }
    }
}

/// The project that a request is about, and what it remembers.
fn project(folder: Option<&Path>) -> Result<(PathBuf, Record), Error> {
    let here = folder.unwrap_or(Path::new("."));
    let found = match folder {
        Some(folder) => Some(folder.to_owned()),
        None => sources::project_above(here),
    };
    let record = match &found {
        Some(folder) => sources::record(folder)?,
        None => None,
    };
    match (found, record) {
        (Some(folder), Some(record)) if !record.templates.is_empty() => Ok((folder, record)),
        _ => Err(Error::NoRecord(here.to_owned())),
    }
}

/// Asks whether workflows may do more than before; where nobody is there, only the request says so.
fn allow(
    rights: &[AddedRight],
    before: &TemplateRecord,
    request: &UpdateRequest,
    interviewer: &dyn Interviewer,
) -> Result<(), Error> {
    if rights.is_empty() || request.allow_workflow_rights {
        return Ok(());
    }
    let template = before.name();
    if !interviewer.may_ask() {
        return Err(Error::WorkflowRights { template, rights: rights.to_vec() });
    }
    match interviewer.confirm(&Confirmation::WorkflowRights { template: &template, rights })? {
        true => Ok(()),
        false => Err(Error::Declined),
    }
}
