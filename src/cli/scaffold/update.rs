//! `billpay scaffold update`: what changed in its templates since, for a project.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use billpay_core::Ports;
use billpay_core::app::{SourceOptions, WorkTree};
use billpay_model::findings::Problem;
use billpay_scaffold::project::{self, AddedRight};
use billpay_scaffold::{
    Conversion, Question, Record, TemplateError, TemplateRecord, convert, unconverted_answers,
};
use billpay_tree::{Action, ConflictPolicy, Decision, TreeOptions};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::changes::{self, DecisionView};
use super::template::{AnswerArgs, OpenTemplate, render};
use crate::error::Report;
use crate::ui::{BAD, BOLD, CHANGED, DIM, Ui};
use crate::{ask, exit};

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Folder of the project; by default the one here or above
    #[arg(value_name = "DIR")]
    project: Option<PathBuf>,
    /// Only this one of the templates that the project was made from
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Branch, tag or commit of the template to go to
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Take the template from here from now on: a folder or a Git repository
    #[arg(long, value_name = "SOURCE", requires = "template")]
    from: Option<String>,
    /// Folder of the template in what --from names
    #[arg(long, value_name = "DIR", requires = "from")]
    directory: Option<String>,
    /// Folder that a template in a folder may read, from now on
    #[arg(long, value_name = "DIR", requires = "template")]
    root: Option<PathBuf>,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Handling of a change that is in the same place as yours
    #[arg(long, value_enum, default_value_t)]
    conflict: OnConflict,
    /// Write nothing (a dry run); exit with 2 if there is something to take
    #[arg(long)]
    check: bool,
    /// Show what changes in each file as well; with --check nothing is written
    #[arg(long)]
    diff: bool,
    /// Take changes that let workflows do more: new triggers, permissions, secrets, runners and actions
    #[arg(long)]
    allow_workflow_rights: bool,
    /// Go on although Git doesn't hold everything, so that not all could be undone
    #[arg(long)]
    allow_dirty: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OnConflict {
    /// Both, in the file, between marks as Git makes them
    #[default]
    Inline,
    /// Yours stays; the change goes beside it as FILE.rej
    Rej,
    /// Nothing is written, and the conflicts are named
    Fail,
}

/// Result of updating one template.
struct TemplateUpdate {
    before: TemplateRecord,
    now: OpenTemplate,
    questions: Vec<Question>,
    dropped: Vec<String>,
    conversions: Vec<Conversion>,
    /// Secret answers that are needed again.
    secrets: Vec<String>,
    /// Rights that workflows get.
    rights: Vec<AddedRight>,
    warnings: Vec<Problem>,
    /// None while a question has no answer, or a secret isn't given again.
    decision: Option<Decision>,
}

pub fn run(args: UpdateArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let (folder, record) = project(args.project.as_deref(), ports)?;
    if !args.check && !args.allow_dirty {
        clean(&folder, ports)?;
    }
    let chosen: Vec<TemplateRecord> = match &args.template {
        None => record.templates.clone(),
        Some(name) => vec![record.get(name).cloned().ok_or_else(|| {
            let known = record.templates.iter().map(TemplateRecord::name).collect::<Vec<_>>();
            Report::new(format!("the project was not made from {name}"), "")
                .hint(format!("it was made from {}", known.join(", ")))
        })?],
    };
    let mut updated = vec![];
    for before in chosen {
        updated.push(one(&args, before, &folder, ports, ui)?);
    }
    let stale = updated.iter().any(TemplateUpdate::is_stale);
    let conflicts =
        updated.iter().any(|one| one.decision.as_ref().is_some_and(|it| it.plan.counts().conflict > 0));
    if ui.is_json() {
        let templates: Vec<Value> = updated.iter().map(TemplateUpdate::json).collect();
        ui.json(&json!({
            "schema": "billpay/scaffold-update/v1", "project": folder, "check": args.check, "stale": stale,
            "conflicts": conflicts, "templates": templates,
        }))?;
    } else {
        let shown = updated.iter().map(|one| one.show(&folder, &args, ui.is_verbose()));
        ui.text(&shown.collect::<Vec<_>>().join("\n\n"))?;
    }
    Ok(match (args.check, conflicts) {
        (true, _) if stale => exit::CHANGES,
        (false, true) => exit::PARTLY,
        _ => exit::DONE,
    })
}

fn one(
    args: &UpdateArgs,
    before: TemplateRecord,
    folder: &Path,
    ports: &Ports,
    ui: &Ui,
) -> Result<TemplateUpdate, Report> {
    let found = match &args.from {
        Some(source) => {
            let at = SourceOptions {
                reference: args.reference.as_deref(),
                directory: args.directory.as_deref(),
                root: args.root.as_deref(),
            };
            ports.find_template(source, at)?
        }
        None => {
            let named = args.root.as_ref().map(std::path::absolute).transpose()?;
            let root = named.or_else(|| before.root.as_ref().map(PathBuf::from));
            ports.find_again(&before.from, folder, root.as_deref(), args.reference.as_deref())?
        }
    };
    let mut options = args.answers.options(before.seed, before.now)?;
    // What was agreed to once is not asked again.
    options.fetch.repositories.extend(before.fetched.iter().map(|fetched| fetched.url.clone()));
    let mut now = OpenTemplate::new(found, &options, ports)?;
    let template = now.template.as_ref();
    let asked = template.all_questions()?;
    let (mut known, dropped) = project::still_asked(&before, &asked);
    let conversions = convert(&mut known, &asked);
    let known = args.answers.over(known, template)?;
    let faults = unconverted_answers(&before.answers, &known, &asked);
    if !faults.is_empty() {
        return Err(ask::report(TemplateError::Answers(faults), &asked));
    }
    let questions = project::new_questions(template, &known)?;
    let unanswered = questions.iter().any(|question| question.required && question.default.is_none());
    let secrets = project::missing_secrets(&before, &template.secrets()?, &known);
    let secrets: Vec<String> = secrets.into_iter().map(str::to_string).collect();
    if !secrets.is_empty() && !args.check && !args.answers.may_ask() {
        let names: Vec<String> = secrets.iter().map(|name| format!("`{name}`")).collect();
        return Err(Report::new(
            "nothing was written",
            format!("secrets are not remembered, and are needed again: {}", names.join(", ")),
        )
        .hint("give them with --values FILE, or --values - for standard input"));
    }
    if args.check && (unanswered || !secrets.is_empty()) {
        return Ok(TemplateUpdate {
            before,
            now,
            questions,
            dropped,
            conversions,
            secrets,
            rights: vec![],
            warnings: vec![],
            decision: None,
        });
    }
    let answers = args.answers.complete(known, template, !args.check, ui)?;
    let rendering = render(template, &answers, &options, ports, ui)?;
    let version = now.version(&rendering);
    // What was found again is named as the project remembers it.
    let origin = match args.from {
        Some(_) => ports.remembered(now.origin.clone(), folder),
        None => now.origin.clone(),
    };
    let mut applied = project::applied(template, origin, version.clone(), &answers, &options)?;
    now.digest = version;
    now.fetched.clone_from(&rendering.fetched);
    applied.fetched.clone_from(&rendering.fetched);
    applied.root = match (&args.root, &args.from) {
        (None, None) => before.root.clone(),
        (root, _) => ports.remembered_root(root.as_deref(), folder),
    };
    // The same template at another commit is no news.
    if applied.digest == before.digest && args.from.is_none() && args.reference.is_none() {
        applied.from = before.from.clone();
        applied.fetched.clone_from(&before.fetched);
    }
    // A template that was renamed, or asks otherwise, is still the one that it was.
    applied.template.clone_from(&before.template);
    applied.instance.clone_from(&before.instance);
    let record = ports.record(folder)?.unwrap_or_default();
    let (rendered, coverage) = project::place(rendering.project, applied, &record)?;
    let conflict = match args.conflict {
        OnConflict::Inline => ConflictPolicy::Inline,
        OnConflict::Rej => ConflictPolicy::Reject,
        OnConflict::Fail => ConflictPolicy::Fail,
    };
    let options = TreeOptions { merge: true, renames: true, conflict, ..TreeOptions::default() };
    let tree = ports.tree(folder.to_owned());
    let decision = tree.check(&rendered, &coverage, options)?;
    let rights = project::added_rights(&decision, &ports.place_in_repository(folder));
    let decision = match args.check {
        true => decision,
        false => {
            allow(&rights, &before, args, ui)?;
            tree.write(&rendered, &coverage, options)?
        }
    };
    let warnings = rendering.warnings.problems;
    let decision = Some(decision);
    Ok(TemplateUpdate { before, now, questions, dropped, conversions, secrets, rights, warnings, decision })
}

impl TemplateUpdate {
    /// Returns true if there is, or was, something to take.
    fn is_stale(&self) -> bool {
        let files = |decision: &Decision| decision.plan.files.iter().any(|file| file.action.is_stale());
        let only_secrets = !self.secrets.is_empty() && self.before.digest == self.now.digest;
        self.decision.as_ref().map_or(!only_secrets, files)
    }

    fn json(&self) -> Value {
        let counts = self.decision.as_ref().map(|decision| decision.plan.counts());
        let files = self.decision.iter().flat_map(|decision| &decision.plan.files);
        let files: Vec<_> = files.filter(|file| file.action != Action::Unchanged).collect();
        json!({
            "template": self.before.name(), "before": {"from": self.before.from, "digest": self.before.digest, "fetched": self.before.fetched},
            "now": {"from": self.now.origin, "digest": self.now.digest, "fetched": self.now.fetched}, "stale": self.is_stale(),
            "new_questions": self.questions, "secrets": self.secrets, "no_longer_asked": self.dropped, "converted": self.conversions, "counts": counts, "files": files,
            "workflow_rights": self.rights, "warnings": self.warnings,
        })
    }

    fn show(&self, folder: &Path, args: &UpdateArgs, verbose: bool) -> String {
        let TemplateRecord { from, digest, .. } = &self.before;
        let template = self.before.name();
        let mut text = match *digest == self.now.digest {
            true => format!("{BOLD}{template}{BOLD:#} {DIM}{from}{DIM:#}\n"),
            false => {
                format!(
                    "{BOLD}{template}{BOLD:#} {DIM}{digest} → {} {}{DIM:#}\n",
                    self.now.digest, self.now.origin
                )
            }
        };
        for name in &self.secrets {
            let _ = writeln!(
                text,
                "  {CHANGED}?{CHANGED:#} {name} is asked again: it is a secret, and not remembered"
            );
        }
        for question in self.questions.iter().filter(|question| !self.secrets.contains(&question.name)) {
            let default =
                question.default.as_ref().map(|value| format!(" (default {value})")).unwrap_or_default();
            let _ = writeln!(text, "  {CHANGED}?{CHANGED:#} {} is asked now{default}", question.name);
        }
        for name in &self.dropped {
            let _ = writeln!(text, "  {DIM}{name} is no longer asked; its answer goes{DIM:#}");
        }
        for Conversion { name, from, to } in &self.conversions {
            let _ = writeln!(
                text,
                "  {CHANGED}~{CHANGED:#} {name} is asked for in another type now: {from} → {to}"
            );
        }
        for AddedRight { file, right } in &self.rights {
            let _ = writeln!(text, "  {BAD}!{BAD:#} {file}: {right}");
        }
        match &self.decision {
            Some(decision) => {
                let out = folder.display().to_string();
                text += &changes::show(
                    decision,
                    &DecisionView { out: &out, check: args.check, diff: args.diff, verbose },
                );
            }
            None if !self.is_stale() => text += "  the template is as it was",
            None => text += "  it can't be updated before this is answered (--set NAME=VALUE, --values FILE)",
        }
        text
    }
}

/// The project that a command is about, and what it remembers.
pub fn project(folder: Option<&Path>, ports: &Ports) -> Result<(PathBuf, Record), Report> {
    let here = folder.unwrap_or(Path::new("."));
    let found = match folder {
        Some(folder) => Some(folder.to_owned()),
        None => ports.project_above(here),
    };
    let record = match &found {
        Some(folder) => ports.record(folder)?,
        None => None,
    };
    match (found, record) {
        (Some(folder), Some(record)) if !record.templates.is_empty() => Ok((folder, record)),
        _ => Err(Report::new(
            "no project is here",
            format!("{} has no .billpay/scaffold.yaml", here.display()),
        )
        .hint("`billpay scaffold adopt TEMPLATE` ties a project to the template that it was made from")),
    }
}

/// Asks whether workflows may do more than before; without a terminal only the flag says so.
fn allow(rights: &[AddedRight], of: &TemplateRecord, args: &UpdateArgs, ui: &Ui) -> Result<(), Report> {
    if rights.is_empty() || args.allow_workflow_rights {
        return Ok(());
    }
    let told: Vec<String> =
        rights.iter().map(|AddedRight { file, right }| format!("{file}: {right}")).collect();
    if ask::may_ask() {
        for right in &told {
            ui.warning(right);
        }
        return ui
            .confirm(&format!("The update of {} lets workflows do more than before. Go on?", of.name()));
    }
    let mut report = Report::new(
        format!("nothing of {} was written: the update lets workflows do more than before", of.name()),
        "",
    );
    report.details = told;
    Err(report.hint("--diff --check shows the changes; --allow-workflow-rights takes them").stopped())
}

/// Refuses to mix the update with what Git doesn't hold yet.
fn clean(folder: &Path, ports: &Ports) -> Result<(), Report> {
    let (why, first) = match ports.work_tree(folder) {
        WorkTree::Clean => return Ok(()),
        WorkTree::Dirty => {
            ("the project has changes that are not committed".to_string(), "commit or stash them first")
        }
        WorkTree::Outside => (
            "the project is in no Git repository".to_string(),
            "put it into one first (git init, add, commit)",
        ),
        WorkTree::Unknown(why) => (
            format!("it is not known if all of the project is committed: {why}"),
            "look at `git status` yourself",
        ),
    };
    Err(Report::new("nothing was written", why)
        .hint(format!("{first}, so that the update can be seen and undone; --allow-dirty goes on")))
}
