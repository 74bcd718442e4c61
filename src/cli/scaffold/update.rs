//! `billpay scaffold update`: what changed in its templates since, for a project.

use std::fmt::Write;
use std::path::PathBuf;

use billpay_core::scaffold::{
    QuestionReport, TemplateLocation, UpdateReport, UpdateRequest, UpdatedTemplate, update,
};
use billpay_scaffold::Conversion;
use billpay_scaffold::project::AddedRight;
use billpay_tree::ConflictPolicy;
use clap::{Args, ValueEnum};

use super::changes::{self, DecisionView};
use super::template::AnswerArgs;
use crate::error::Report;
use crate::exit;
use crate::ui::{BAD, BOLD, CHANGED, DIM, Ui};

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

pub fn run(args: UpdateArgs, ui: &Ui) -> Result<u8, Report> {
    let request = UpdateRequest {
        project: args.project,
        template: args.template,
        from: args.from,
        location: TemplateLocation { reference: args.reference, directory: args.directory, root: args.root },
        answers: args.answers.options(),
        conflict: match args.conflict {
            OnConflict::Inline => ConflictPolicy::Inline,
            OnConflict::Rej => ConflictPolicy::Reject,
            OnConflict::Fail => ConflictPolicy::Fail,
        },
        check: args.check,
        allow_workflow_rights: args.allow_workflow_rights,
        allow_dirty: args.allow_dirty,
    };
    let report = update(&request, ui, ui)?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        let shown = report.templates.iter().map(|one| text(&report, one, args.diff, ui.is_verbose()));
        ui.text(&shown.collect::<Vec<_>>().join("\n\n"))?;
    }
    Ok(match (report.check, report.conflicts) {
        (true, _) if report.stale => exit::CHANGES,
        (false, true) => exit::PARTLY,
        _ => exit::DONE,
    })
}

fn text(report: &UpdateReport, updated: &UpdatedTemplate, diff: bool, verbose: bool) -> String {
    let (template, from, digest) = (&updated.template, &updated.before.from, &updated.before.digest);
    let mut text = match updated.before.digest == updated.now.digest {
        true => format!("{BOLD}{template}{BOLD:#} {DIM}{from}{DIM:#}\n"),
        false => {
            format!(
                "{BOLD}{template}{BOLD:#} {DIM}{digest} → {} {}{DIM:#}\n",
                updated.now.digest, updated.now.from
            )
        }
    };
    for name in &updated.secrets {
        let _ = writeln!(
            text,
            "  {CHANGED}?{CHANGED:#} {name} is asked again: it is a secret, and not remembered"
        );
    }
    for question in updated
        .new_questions
        .iter()
        .map(|QuestionReport(question)| question)
        .filter(|question| !updated.secrets.contains(&question.name))
    {
        let default =
            question.default.as_ref().map(|value| format!(" (default {value})")).unwrap_or_default();
        let _ = writeln!(text, "  {CHANGED}?{CHANGED:#} {} is asked now{default}", question.name);
    }
    for name in &updated.no_longer_asked {
        let _ = writeln!(text, "  {DIM}{name} is no longer asked; its answer goes{DIM:#}");
    }
    for Conversion { name, from, to } in &updated.converted {
        let _ =
            writeln!(text, "  {CHANGED}~{CHANGED:#} {name} is asked for in another type now: {from} → {to}");
    }
    for AddedRight { file, right } in &updated.workflow_rights {
        let _ = writeln!(text, "  {BAD}!{BAD:#} {file}: {right}");
    }
    match &updated.decision {
        Some(decision) => {
            let out = report.project.display().to_string();
            text += &changes::show(decision, &DecisionView { out: &out, check: report.check, diff, verbose });
        }
        None if !updated.stale => text += "  the template is as it was",
        None => text += "  it can't be updated before this is answered (--set NAME=VALUE, --values FILE)",
    }
    text
}
