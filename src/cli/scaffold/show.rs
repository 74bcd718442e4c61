//! `billpay scaffold show`: what a template asks, has and does.

use std::fmt::Write;

use billpay_core::Ports;
use billpay_scaffold::{Question, RenderOptions, StepKind, StepReport};
use clap::Args;
use serde_json::{Value, json};

use super::template::{AtArgs, OpenTemplate};
use crate::error::Report;
use crate::ui::{BOLD, DIM, Ui, line};
use crate::{ask, exit};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Template: a name, a folder or a Git repository
    #[arg(value_name = "TEMPLATE")]
    template: String,
    #[command(flatten)]
    at: AtArgs,
}

pub fn run(args: ShowArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let opened = args.at.open(&args.template, &RenderOptions::default(), ports)?;
    let questions = opened.template.all_questions()?;
    let steps = opened.template.steps();
    if ui.is_json() {
        let about = opened.template.about();
        ui.json(&json!({
            "schema": "billpay/scaffold-show/v1", "template": about.name, "format": about.format,
            "title": about.title, "description": about.description, "owner": about.owner, "tags": about.tags,
            "from": opened.origin, "digest": opened.digest, "questions": questions, "files": opened.files,
            "steps": steps, "fetches": opened.template.fetches(),
        }))?;
        return Ok(exit::DONE);
    }
    ui.text(&show(&opened, &questions, &steps))?;
    Ok(exit::DONE)
}

fn show(opened: &OpenTemplate, questions: &[Question], steps: &[StepReport]) -> String {
    let about = opened.template.about();
    let title = about.title.as_ref().map(|title| format!("  {}", line(title))).unwrap_or_default();
    let mut text = format!("{BOLD}{}{BOLD:#}{title}\n", line(&about.name));
    if let Some(description) = &about.description {
        let _ = writeln!(text, "{description}");
    }
    let owner = about.owner.as_ref().map(|owner| format!(" · owner {}", line(owner))).unwrap_or_default();
    let _ = writeln!(text, "{DIM}{} · version {}{owner}{DIM:#}", opened.origin, opened.digest);
    let mut page = None;
    for question in questions {
        if page != Some(&question.page) {
            let heading = line(question.page.as_deref().unwrap_or("Questions"));
            let _ = writeln!(text, "\n{BOLD}{heading}{BOLD:#}");
            page = Some(&question.page);
        }
        let _ = writeln!(text, "  {}  {DIM}{}{DIM:#}", line(&question.name), line(&facts(question)));
        let help = question.help.as_deref().unwrap_or_default();
        let told = if help.is_empty() { &question.title } else { help };
        if *told != question.name {
            let _ = writeln!(text, "      {}", told.lines().next().unwrap_or_default());
        }
    }
    let _ = writeln!(text, "\n{BOLD}{} files in the template; its steps{BOLD:#}", opened.files);
    for step in steps {
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
