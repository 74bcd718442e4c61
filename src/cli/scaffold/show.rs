//! `billpay scaffold show`: what a template asks, has and does.

use std::fmt::Write;

use billpay_core::scaffold::{QuestionReport, ShowReport, show};
use billpay_scaffold::{Question, StepKind};
use clap::Args;
use serde_json::Value;

use super::template::LocationArgs;
use crate::error::Report;
use crate::ui::{BOLD, DIM, Ui, line};
use crate::{ask, exit};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Template: a name, a folder or a Git repository
    #[arg(value_name = "TEMPLATE")]
    template: String,
    #[command(flatten)]
    location: LocationArgs,
}

pub fn run(args: ShowArgs, ui: &Ui) -> Result<u8, Report> {
    let report = show(&args.template, &args.location.location())?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&text(&report))?;
    }
    Ok(exit::DONE)
}

fn text(report: &ShowReport) -> String {
    let title = report.title.as_ref().map(|title| format!("  {}", line(title))).unwrap_or_default();
    let mut text = format!("{BOLD}{}{BOLD:#}{title}\n", line(&report.template));
    if let Some(description) = &report.description {
        let _ = writeln!(text, "{description}");
    }
    let owner = report.owner.as_ref().map(|owner| format!(" · owner {}", line(owner))).unwrap_or_default();
    let _ = writeln!(text, "{DIM}{} · version {}{owner}{DIM:#}", report.from, report.digest);
    let mut page = None;
    for QuestionReport(question) in &report.questions {
        if page != Some(&question.page) {
            let heading = line(question.page.as_deref().unwrap_or("Questions"));
            let _ = writeln!(text, "\n{BOLD}{heading}{BOLD:#}");
            page = Some(&question.page);
        }
        let _ = writeln!(text, "  {}  {DIM}{}{DIM:#}", line(&question.name), line(&facts(question)));
        let help = question.help.as_deref().unwrap_or_default();
        let about = if help.is_empty() { &question.title } else { help };
        if *about != question.name {
            let _ = writeln!(text, "      {}", about.lines().next().unwrap_or_default());
        }
    }
    let _ = writeln!(text, "\n{BOLD}{} files in the template; its steps{BOLD:#}", report.files);
    for step in &report.steps {
        let only = if step.kind == StepKind::Outside { "; only the portal does it" } else { "" };
        let _ = writeln!(text, "  {}  {DIM}{}{only}{DIM:#}", line(&step.name), line(&step.summary));
    }
    text
}

/// Describes an answer's limits, in one line.
fn facts(question: &Question) -> String {
    let kind = ask::kind(&question.kind);
    let default = question.default.as_ref().map(|default| format!("default {}", plain(default)));
    let required = (question.required && question.default.is_none()).then(|| "required".to_string());
    let conditional = question.conditional.then(|| "asked only if others are so".to_string());
    let secret = question.secret.then(|| "secret, not remembered".to_string());
    let facts = [Some(kind), secret, required, default, conditional].into_iter().flatten();
    facts.chain(question.rules.iter().cloned()).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}
