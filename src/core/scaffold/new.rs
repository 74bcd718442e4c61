//! A new project from a template, or an addition to one.

use std::path::{Path, PathBuf};

use billpay_model::event::Observer;
use billpay_model::findings::Problem;
use billpay_scaffold::question::mask_secrets;
use billpay_scaffold::{
    Answers, OUTPUT_PLACEHOLDER, PinnedRepository, Rendering, StepReport, project, sources,
};
use billpay_tree::disk::Tree;
use billpay_tree::{Action, Decision, FilePlan, TreeCounts, TreeOptions};
use schemars::JsonSchema;
use serde::Serialize;

use super::source::remembered;
use super::{AnswerOptions, Error, Interviewer, MASK, TemplateLocation, render};
use crate::report::Report;

/// Request to make a project from a template.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// A name, a folder or a Git repository.
    pub template: String,
    pub location: TemplateLocation,
    pub answers: AnswerOptions,
    /// Folder of the project; else what the template or the answer `name` says.
    pub out: Option<PathBuf>,
    /// Writes nothing.
    pub dry_run: bool,
    /// Overwrites files that are there already.
    pub force: bool,
}

/// A project that was made from a template.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NewReport {
    pub template: String,
    pub out: PathBuf,
    pub dry_run: bool,
    /// The answers, secrets masked.
    pub answers: Answers,
    pub counts: TreeCounts,
    pub files: Vec<FilePlan>,
    pub steps: Vec<StepReport>,
    pub said: Vec<Said>,
    pub fetched: Vec<PinnedRepository>,
    pub warnings: Vec<Problem>,
    #[serde(skip)]
    pub decision: Decision,
}

impl Report for NewReport {
    const SCHEMA: &str = "billpay/scaffold-new/v1";
}

/// Text that a template has for whoever makes a project from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Said {
    pub title: String,
    pub text: String,
}

/// Makes a project from a template, or adds to one.
///
/// # Errors
/// Fails before anything is written if the template or an answer is wrong, files are in the way, or the interview is
/// broken off; also if the project can't be written.
pub fn new(
    request: &NewRequest,
    interviewer: &dyn Interviewer,
    observer: &dyn Observer,
) -> Result<NewReport, Error> {
    let options = request.answers.options(None, None)?;
    let opened = request.location.open(&request.template, &options)?;
    let template = opened.template.as_ref();
    let answers = request.answers.all(template, interviewer)?;
    let rendering = render(template, &answers, &options, interviewer, observer)?;
    let out = folder(request.out.clone(), &rendering, &answers)?;
    refuse_link(&out)?;
    if out.exists() && !out.is_dir() {
        return Err(Error::NoFolder(out));
    }
    let record = sources::record(&out)?.unwrap_or_default();
    let version = opened.version(&rendering);
    let origin = remembered(opened.origin, &out);
    let mut applied = project::applied(template, origin, version, &answers, &options)?;
    applied.fetched.clone_from(&rendering.fetched);
    applied.root = request.location.remembered_root(&out);
    let name = applied.name();
    if record.get(&name).is_some() && !request.force && !request.dry_run {
        return Err(Error::MadeBefore { template: name, out });
    }
    let Rendering { project, steps, mut said, warnings, fetched, .. } = rendering;
    // Links to what only the portal makes lead nowhere from here.
    said.retain(|(_, text)| !text.trim().is_empty() && !text.contains(OUTPUT_PLACEHOLDER));
    let (rendered, coverage) = project::place(project, applied, &record)?;

    let tree = Tree::at(out.clone());
    let options = TreeOptions { force: request.force, ..TreeOptions::default() };
    let decision = if is_new(&out) && !request.dry_run {
        tree.create(&rendered, &coverage)?
    } else {
        let decision = tree.check(&rendered, &coverage, options)?;
        let in_the_way = project::in_the_way(&decision);
        if !in_the_way.is_empty() && !request.force && !request.dry_run {
            let files = in_the_way.into_iter().cloned().collect();
            return Err(Error::InTheWay { out, files });
        }
        match request.dry_run {
            true => decision,
            false => tree.write(&rendered, &coverage, options)?,
        }
    };
    let files = decision.plan.files.iter().filter(|file| file.action != Action::Unchanged);
    Ok(NewReport {
        template: name,
        out,
        dry_run: request.dry_run,
        answers: mask_secrets(&answers, &template.secrets()?, MASK),
        counts: decision.plan.counts(),
        files: files.cloned().collect(),
        steps,
        said: said.into_iter().map(|(title, text)| Said { title, text }).collect(),
        fetched,
        warnings: warnings.problems,
        decision,
    })
}

/// The folder of the project, as it was asked for or as the template calls it.
fn folder(out: Option<PathBuf>, rendering: &Rendering, answers: &Answers) -> Result<PathBuf, Error> {
    let named = || {
        let name = rendering.name.clone().or_else(|| Some(answers.get("name")?.as_str()?.to_string()))?;
        // A name that is an answer may be anything.
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        plain.then(|| PathBuf::from(name))
    };
    out.or_else(named).ok_or(Error::NoProjectName)
}

/// Refuses a link in the place of a new project, which is renamed into its place as a whole.
fn refuse_link(out: &Path) -> Result<(), Error> {
    let plain: PathBuf = out.components().collect();
    if !plain.is_symlink() || (plain.is_dir() && !is_new(&plain)) {
        return Ok(());
    }
    let leads_to = plain.canonicalize().ok().filter(|real| real.is_dir());
    Err(Error::LinkInPlace { out: out.to_owned(), leads_to })
}

/// Returns true if nothing is there yet.
fn is_new(out: &Path) -> bool {
    match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
