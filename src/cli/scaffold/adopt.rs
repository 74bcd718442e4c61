//! `billpay scaffold adopt`: a project that is there, tied to the template it was made from.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_scaffold::question::mask_secrets;
use billpay_scaffold::{Answers, project};
use billpay_tree::{Action, KeepReason, TreeOptions};
use clap::Args;
use serde_json::json;

use super::template::{AnswerArgs, AtArgs, render};
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, DIM, MASK, Ui};

#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Template: a name, a folder or a Git repository, best at the version that the project was made from; by
    /// default what --replay .cruft.json names
    #[arg(value_name = "TEMPLATE", required_unless_present = "replay")]
    template: Option<String>,
    #[command(flatten)]
    at: AtArgs,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Folder of the project
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write nothing; show how far the project is as the template makes it
    #[arg(long)]
    dry_run: bool,
}

pub fn run(args: AdoptArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    if !args.out.is_dir() {
        return Err(Report::new("no project is here", format!("there is no folder {}", args.out.display())));
    }
    let options = args.answers.options(None, None)?;
    let opened = match &args.template {
        Some(template) => args.at.open(template, &options, ports)?,
        None => args.at.open_cruft(&args.answers, &options, ports)?,
    };
    let template = opened.template.as_ref();
    let record = ports.record(&args.out)?.unwrap_or_default();
    let given = args.answers.over(Answers::new(), template)?;
    let answers = args.answers.complete(given, template, true, ui)?;
    let rendering = render(template, &answers, &options, ports, ui)?;
    let version = opened.version(&rendering);
    let origin = ports.remembered(opened.origin, &args.out);
    let mut applied = project::applied(template, origin, version, &answers, &options)?;
    applied.fetched.clone_from(&rendering.fetched);
    applied.root = args.at.remembered_root(&args.out, ports);
    let fetched = rendering.fetched.clone();
    let name = applied.name();
    if record.get(&name).is_some() {
        return Err(Report::new(format!("the project is tied to {name} already"), "")
            .hint("`billpay scaffold update` brings in what changed in the template"));
    }
    let (rendered, coverage) = project::place(rendering.project, applied, &record)?;
    let tree = ports.tree(args.out.clone());
    let options = TreeOptions { adopt: true, renames: true, ..TreeOptions::default() };
    let decision = match args.dry_run {
        true => tree.check(&rendered, &coverage, options)?,
        false => tree.write(&rendered, &coverage, options)?,
    };
    let files = &decision.plan.files;
    if ui.is_json() {
        let masked = mask_secrets(&answers, &template.secrets()?, MASK);
        ui.json(&json!({
            "schema": "billpay/scaffold-adopt/v1", "template": name, "out": args.out, "dry_run": args.dry_run,
            "answers": masked, "counts": decision.plan.counts(), "files": files,
            "fetched": fetched, "warnings": rendering.warnings.problems,
        }))?;
        return Ok(exit::DONE);
    }
    let mut text = String::new();
    let (mut same, mut edited, mut gone) = (0, 0, 0);
    for file in files {
        let told = match &file.action {
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
        text += &format!("  {} {DIM}{told}{DIM:#}\n", file.path);
    }
    let out = args.out.display();
    let did = if args.dry_run { "would be tied" } else { "is tied" };
    text += &format!(
        "{BOLD}{out}{BOLD:#} {did} to {name}: {same} files as the template makes them, {edited} edited, {gone} not there"
    );
    ui.text(&text)?;
    Ok(exit::DONE)
}
