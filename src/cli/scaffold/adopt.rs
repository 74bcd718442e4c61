//! `billpay scaffold adopt`: a project that is there, tied to the template it was made from.

use std::path::PathBuf;

use billpay_core::scaffold::{AdoptReport, AdoptRequest, adopt};
use billpay_tree::{Action, KeepReason};
use clap::Args;

use super::template::{AnswerArgs, LocationArgs};
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, DIM, Ui};

#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Template: a name, a folder or a Git repository, best at the version that the project was made from; by
    /// default what --replay .cruft.json names
    #[arg(value_name = "TEMPLATE", required_unless_present = "replay")]
    template: Option<String>,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Folder of the project
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write nothing; show how far the project is as the template makes it
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: AdoptArgs, ui: &Ui) -> Result<u8, Report> {
    let request = AdoptRequest {
        template: args.template,
        location: args.location.location(),
        answers: args.answers.options(),
        out: args.out,
        dry_run: args.dry_run,
    };
    let report = adopt(&request, ui, ui)?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&text(&report))?;
    }
    Ok(exit::DONE)
}

fn text(report: &AdoptReport) -> String {
    let mut text = String::new();
    let (mut same, mut edited, mut gone) = (0, 0, 0);
    for file in &report.files {
        let what = match &file.action {
            Action::Kept { reason: KeepReason::Deleted } => {
                gone += 1;
                "not there: it stays away"
            }
            Action::Kept { .. } => {
                edited += 1;
                "differs: what differs counts as yours"
            }
            _ => {
                same += 1;
                continue;
            }
        };
        text += &format!("  {} {DIM}{what}{DIM:#}\n", file.path);
    }
    let (out, name) = (report.out.display(), &report.template);
    let did = if report.dry_run { "would be tied" } else { "is tied" };
    text += &format!(
        "{BOLD}{out}{BOLD:#} {did} to {name}: {same} files as the template makes them, {edited} edited, {gone} not there"
    );
    text
}
