//! `billpay scaffold TEMPLATE`: a new project, or an addition to one.

use std::fmt::Write;
use std::path::PathBuf;

use billpay_core::scaffold::{NewReport, NewRequest, new};
use billpay_scaffold::StepKind;
use clap::Args;

use super::changes::{self, DecisionView};
use super::template::{AnswerArgs, LocationArgs};
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, DIM, Ui, line};

#[derive(Debug, Args)]
pub struct NewArgs {
    /// Template: a name, a folder or a Git repository
    #[arg(value_name = "TEMPLATE")]
    template: Option<String>,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Folder of the project; by default what the template or the answer `name` says
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing; show the files
    #[arg(long)]
    dry_run: bool,
    /// Show what is in each file, or changes in it
    #[arg(long)]
    diff: bool,
    /// Overwrite files that are there already
    #[arg(long)]
    force: bool,
}

pub fn run(args: NewArgs, ui: &Ui) -> Result<u8, Report> {
    let template = args.template.ok_or_else(|| {
        Report::new("no template is named", "").hint("`billpay scaffold list` names those that there are")
    })?;
    let request = NewRequest {
        template,
        location: args.location.location(),
        answers: args.answers.options(),
        out: args.out,
        dry_run: args.dry_run,
        force: args.force,
    };
    let report = new(&request, ui, ui)?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&text(&report, args.diff, ui))?;
    }
    Ok(exit::DONE)
}

fn text(report: &NewReport, diff: bool, ui: &Ui) -> String {
    let shown = DecisionView {
        out: &report.out.display().to_string(),
        check: report.dry_run,
        diff,
        verbose: report.dry_run || ui.is_verbose(),
    };
    let mut text = changes::show(&report.decision, &shown);
    let outside: Vec<_> = report.steps.iter().filter(|step| step.kind == StepKind::Outside).collect();
    if !outside.is_empty() {
        let _ = write!(text, "\n\n{BOLD}Only the portal does these{BOLD:#}");
    }
    for step in outside {
        let _ = write!(text, "\n  {} {DIM}{}{DIM:#}", line(&step.name), line(&step.summary));
    }
    for said in &report.said {
        let _ = write!(text, "\n\n{BOLD}{}{BOLD:#}\n{}", line(&said.title), said.text);
    }
    text
}
