//! `billpay scaffold list`: the project templates that there are.

use billpay_core::scaffold::list;
use clap::Args;

use super::template::LocationArgs;
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, DIM, Ui, line};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Folder or Git repository to look for templates in, instead of billpay's own
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    location: LocationArgs,
}

pub fn run(args: ListArgs, ui: &Ui) -> Result<u8, Report> {
    let report = list(args.source.as_deref(), &args.location.location())?;
    if ui.is_json() {
        ui.document(&report)?;
        return Ok(exit::DONE);
    }
    let width = report.templates.iter().map(|one| one.template.chars().count()).max().unwrap_or_default();
    let lines = report.templates.iter().map(|one| {
        let about = one.description.as_deref().or(one.title.as_deref()).unwrap_or_default();
        let about = line(about.lines().next().unwrap_or_default());
        let fetches = match one.fetches.is_empty() {
            true => String::new(),
            false => format!(" (fetches {})", one.fetches.join(", ")),
        };
        format!("{BOLD}{:width$}{BOLD:#}  {DIM}{about}{fetches}{DIM:#}", line(&one.template))
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        ui.note("there is no template");
        return Ok(exit::DONE);
    }
    ui.text(&lines.join("\n"))?;
    ui.note("`billpay scaffold show TEMPLATE` says what one asks and makes");
    Ok(exit::DONE)
}
