//! A project that is there, tied to the template that it was made from.

use std::path::PathBuf;

use billpay_model::event::Observer;
use billpay_model::findings::Problem;
use billpay_scaffold::question::mask_secrets;
use billpay_scaffold::{Answers, PinnedRepository, project, sources};
use billpay_tree::disk::Tree;
use billpay_tree::{FilePlan, TreeCounts, TreeOptions};
use schemars::JsonSchema;
use serde::Serialize;

use super::source::remembered;
use super::{AnswerOptions, Error, Interviewer, MASK, TemplateLocation, render};
use crate::report::Report;

/// Request to tie a project to its template.
#[derive(Debug, Clone)]
pub struct AdoptRequest {
    /// A name, a folder or a Git repository; else what the replay file names.
    pub template: Option<String>,
    pub location: TemplateLocation,
    pub answers: AnswerOptions,
    /// Folder of the project.
    pub out: PathBuf,
    /// Writes nothing.
    pub dry_run: bool,
}

/// A project that was tied to its template.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AdoptReport {
    pub template: String,
    pub out: PathBuf,
    pub dry_run: bool,
    /// The answers, secrets masked.
    pub answers: Answers,
    pub counts: TreeCounts,
    pub files: Vec<FilePlan>,
    pub fetched: Vec<PinnedRepository>,
    pub warnings: Vec<Problem>,
}

impl Report for AdoptReport {
    const SCHEMA: &str = "billpay/scaffold-adopt/v1";
}

/// Ties a project to the template that it was made from; what differs counts as people's.
///
/// # Errors
/// Fails if there is no such folder, it is tied already, or the template or an answer is wrong.
pub fn adopt(
    request: &AdoptRequest,
    interviewer: &dyn Interviewer,
    observer: &dyn Observer,
) -> Result<AdoptReport, Error> {
    let out = &request.out;
    if !out.is_dir() {
        return Err(Error::NoProjectFolder(out.clone()));
    }
    let options = request.answers.options(None, None)?;
    let opened = match &request.template {
        Some(template) => request.location.open(template, &options)?,
        None => request.location.open_cruft(&request.answers, &options)?,
    };
    let template = opened.template.as_ref();
    let record = sources::record(out)?.unwrap_or_default();
    let answers = request.answers.all(template, interviewer)?;
    let rendering = render(template, &answers, &options, interviewer, observer)?;
    let version = opened.version(&rendering);
    let origin = remembered(opened.origin, out);
    let mut applied = project::applied(template, origin, version, &answers, &options)?;
    applied.fetched.clone_from(&rendering.fetched);
    applied.root = request.location.remembered_root(out);
    let name = applied.name();
    if record.get(&name).is_some() {
        return Err(Error::TiedAlready(name));
    }
    let fetched = rendering.fetched.clone();
    let (rendered, coverage) = project::place(rendering.project, applied, &record)?;
    let tree = Tree::at(out.clone());
    let options = TreeOptions { adopt: true, renames: true, ..TreeOptions::default() };
    let decision = match request.dry_run {
        true => tree.check(&rendered, &coverage, options)?,
        false => tree.write(&rendered, &coverage, options)?,
    };
    Ok(AdoptReport {
        template: name,
        out: out.clone(),
        dry_run: request.dry_run,
        answers: mask_secrets(&answers, &template.secrets()?, MASK),
        counts: decision.plan.counts(),
        files: decision.plan.files,
        fetched,
        warnings: rendering.warnings.problems,
    })
}
