//! `billpay scaffold TEMPLATE`: a new project, or an addition to one.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use billpay_core::Ports;
use billpay_scaffold::question::mask_secrets;
use billpay_scaffold::{Answers, OUTPUT_PLACEHOLDER, Rendering, StepKind, StepReport, project};
use billpay_tree::{Action, Decision, TreeOptions};
use clap::Args;
use serde_json::json;

use super::changes::{self, DecisionView};
use super::template::{AnswerArgs, AtArgs, render};
use crate::error::Report;
use crate::exit;
use crate::ui::{BOLD, DIM, MASK, Ui, line};

#[derive(Debug, Args)]
pub struct NewArgs {
    /// Template: a name, a folder or a Git repository
    #[arg(value_name = "TEMPLATE")]
    template: Option<String>,
    #[command(flatten)]
    at: AtArgs,
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

pub fn run(args: NewArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let source = args.template.ok_or_else(|| {
        Report::new("no template is named", "").hint("`billpay scaffold list` names those that there are")
    })?;
    let options = args.answers.options(None, None)?;
    let opened = args.at.open(&source, &options, ports)?;
    let template = opened.template.as_ref();
    let given = args.answers.over(Answers::new(), template)?;
    let answers = args.answers.complete(given, template, true, ui)?;
    let rendering = render(template, &answers, &options, ports, ui)?;
    let out = folder(args.out, &rendering, &answers)?;
    refuse_link(&out)?;
    if out.exists() && !out.is_dir() {
        let why = format!("{} is no folder", out.display());
        return Err(Report::new("nothing was written", why).hint("give another --out"));
    }
    let record = ports.record(&out)?.unwrap_or_default();
    let version = opened.version(&rendering);
    let origin = ports.remembered(opened.origin, &out);
    let mut applied = project::applied(template, origin, version, &answers, &options)?;
    applied.fetched.clone_from(&rendering.fetched);
    applied.root = args.at.remembered_root(&out, ports);
    let name = applied.name();
    if record.get(&name).is_some() && !args.force && !args.dry_run {
        let update = format!("billpay scaffold update {}", out.display());
        return Err(Report::new(
            "nothing was written",
            format!("{} was made from {name} before", out.display()),
        )
        .hint(format!("`{update}` brings in what changed in the template; --force makes everything anew")));
    }
    let Rendering { project, steps, mut said, warnings, fetched, .. } = rendering;
    // Links to what only the portal makes lead nowhere from here.
    said.retain(|(_, text)| !text.trim().is_empty() && !text.contains(OUTPUT_PLACEHOLDER));
    let (rendered, coverage) = project::place(project, applied, &record)?;

    let tree = ports.tree(out.clone());
    let options = TreeOptions { force: args.force, ..TreeOptions::default() };
    let decision = if is_new(&out) && !args.dry_run {
        tree.create(&rendered, &coverage)?
    } else {
        let decision = tree.check(&rendered, &coverage, options)?;
        let in_the_way = project::in_the_way(&decision);
        if !in_the_way.is_empty() && !args.force && !args.dry_run {
            let listed = in_the_way.iter().take(20).map(|path| format!("{path}"));
            let listed = listed.collect::<Vec<_>>().join("\n  ");
            let heading = format!("{} files are in {} already", in_the_way.len(), out.display());
            return Err(Report::new(heading, listed)
                .hint("nothing was written; --dry-run --diff shows what differs, --force overwrites, another --out goes past them"));
        }
        match args.dry_run {
            true => decision,
            false => tree.write(&rendered, &coverage, options)?,
        }
    };
    if ui.is_json() {
        let masked = mask_secrets(&answers, &template.secrets()?, MASK);
        let files: Vec<_> =
            decision.plan.files.iter().filter(|file| file.action != Action::Unchanged).collect();
        ui.json(&json!({
            "schema": "billpay/scaffold-new/v1", "template": name, "out": out, "dry_run": args.dry_run,
            "answers": masked, "counts": decision.plan.counts(), "files": files, "steps": steps,
            "said": said.iter().map(|(title, text)| json!({"title": title, "text": text})).collect::<Vec<_>>(),
            "fetched": fetched, "warnings": warnings.problems,
        }))?;
        return Ok(exit::DONE);
    }
    let shown = DecisionView {
        out: &out.display().to_string(),
        check: args.dry_run,
        diff: args.diff,
        verbose: args.dry_run || ui.is_verbose(),
    };
    ui.text(&show(&decision, &shown, &steps, &said))?;
    Ok(exit::DONE)
}

fn show(
    decision: &Decision,
    shown: &DecisionView<'_>,
    steps: &[StepReport],
    said: &[(String, String)],
) -> String {
    let mut text = changes::show(decision, shown);
    let outside: Vec<_> = steps.iter().filter(|step| step.kind == StepKind::Outside).collect();
    if !outside.is_empty() {
        let _ = write!(text, "\n\n{BOLD}Only the portal does these{BOLD:#}");
    }
    for step in outside {
        let _ = write!(text, "\n  {} {DIM}{}{DIM:#}", line(&step.name), line(&step.summary));
    }
    for (title, said) in said {
        let _ = write!(text, "\n\n{BOLD}{}{BOLD:#}\n{said}", line(title));
    }
    text
}

/// The folder of the project, as it was asked for or as the template calls it.
fn folder(out: Option<PathBuf>, rendering: &Rendering, answers: &Answers) -> Result<PathBuf, Report> {
    let named = || {
        let name = rendering.name.clone().or_else(|| Some(answers.get("name")?.as_str()?.to_string()))?;
        // A name that is an answer may be anything.
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        plain.then(|| PathBuf::from(name))
    };
    out.or_else(named).ok_or_else(|| {
        Report::new("nothing was written", "the template doesn't say what the project's folder is called")
            .hint("give the folder with --out; `--out .` adds to the project here")
    })
}

/// Refuses a link in the place of a new project, which is renamed into its place as a whole.
fn refuse_link(out: &Path) -> Result<(), Report> {
    let plain: PathBuf = out.components().collect();
    if !plain.is_symlink() || (plain.is_dir() && !is_new(&plain)) {
        return Ok(());
    }
    let why = format!("{} is a symbolic link", out.display());
    Err(Report::new("nothing was written", why).hint(match plain.canonicalize() {
        Ok(real) if real.is_dir() => format!("give the folder that it leads to: --out {}", real.display()),
        _ => "it leads to no folder; give another --out".to_string(),
    }))
}

/// Returns true if nothing is there yet.
fn is_new(out: &Path) -> bool {
    match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
