//! `billpay scaffold list`: the project templates that there are.

use billpay_core::Ports;
use billpay_scaffold::RenderOptions;
use clap::Args;
use serde_json::json;

use super::template::AtArgs;
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, DIM, Ui, line};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Folder or Git repository to look for templates in, instead of billpay's own
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    at: AtArgs,
}

pub fn run(args: ListArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let templates = match &args.source {
        Some(source) => args.at.open_all(source, ports)?,
        None => {
            let names = ports.template_names();
            let opened = names.into_iter().map(|name| {
                Ok((name.clone(), AtArgs::default().open(&name, &RenderOptions::default(), ports)?))
            });
            opened.collect::<Result<Vec<_>, Report>>()?
        }
    };
    if ui.is_json() {
        let templates = templates.iter().map(|(name, opened)| {
            let about = opened.template.about();
            json!({
                "template": name, "format": about.format, "title": about.title, "owner": about.owner,
                "description": about.description, "tags": about.tags, "digest": opened.digest,
                "fetches": opened.template.fetches(),
            })
        });
        let templates = templates.collect::<Vec<_>>();
        ui.json(&json!({"schema": "billpay/scaffold-list/v1", "templates": templates}))?;
        return Ok(exit::DONE);
    }
    let width = templates.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let lines = templates.iter().map(|(name, opened)| {
        let about = opened.template.about();
        let told = about.description.as_deref().or(about.title.as_deref()).unwrap_or_default();
        let told = line(told.lines().next().unwrap_or_default());
        let fetches = opened.template.fetches();
        let fetches = match fetches.is_empty() {
            true => String::new(),
            false => format!(" (fetches {})", fetches.join(", ")),
        };
        format!("{BOLD}{:width$}{BOLD:#}  {DIM}{told}{fetches}{DIM:#}", line(name))
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
