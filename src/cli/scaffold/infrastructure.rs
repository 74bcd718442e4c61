//! `billpay scaffold infrastructure`: environments as code.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::json;

use super::changes::{self, Shown};
use crate::app::App;
use crate::cli::error::Report;
use crate::cli::exit;
use crate::cli::ui::Ui;
use crate::domain::spec::Environment;
use crate::domain::tree::{Action, TreeOptions};
use crate::ops::scaffold::infrastructure::{self, Wanted};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("environments").required(true).multiple(true).args(["env", "all"]))]
pub struct InfrastructureArgs {
    /// Name of an environment; may be given several times
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV", value_delimiter = ',')]
    env: Vec<String>,
    /// All environments, whatever --env says; what was rendered for those that are gone is removed
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    tree: TreeArgs,
}

/// Where a tree goes, and what is done about files that people changed.
#[derive(Debug, Args)]
struct TreeArgs {
    /// Folder that the tree goes to
    #[arg(short, long, value_name = "DIR", default_value = "infrastructure")]
    out: PathBuf,
    /// Write nothing; exit with 2 if something would change
    #[arg(long)]
    check: bool,
    /// Merge changes into files that you edited, where they don't overlap
    #[arg(long)]
    merge: bool,
    /// Keep your edits where what they are made from changed too, and count that as settled
    /// (with --merge: only where merging fails)
    #[arg(long, conflicts_with = "force")]
    keep: bool,
    /// Overwrite what you edited and bring back what you deleted (with --merge: only where merging fails)
    #[arg(long)]
    force: bool,
    /// Show what changes in each file
    #[arg(long)]
    diff: bool,
}

pub fn run(args: InfrastructureArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    // `--all` wins, so that BILLPAY_ENV can stay set.
    let names = if args.all { None } else { Some(args.env.as_slice()) };
    let several = app.load_several(names)?;
    let names: Option<BTreeSet<String>> = names.map(|names| names.iter().cloned().collect());
    let chosen = |name: &String| names.as_ref().is_none_or(|names| names.contains(name));
    for loaded in several.all.iter().filter(|loaded| chosen(&loaded.environment.environment)) {
        ui.warnings(loaded);
    }
    if !several.broken.is_empty() {
        let broken = several.broken.join(", ");
        ui.note(&format!("what accounts share stays as it is: the specs of {broken} are not valid"));
    }
    let all: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let wanted = Wanted { all: &all, names: names.as_ref(), broken: &several.broken };
    let templates = app.templates().map_err(in_template)?;
    let (rendered, coverage) = infrastructure::render(&templates, &wanted).map_err(in_template)?;

    let TreeArgs { out, check, merge, keep, force, diff } = args.tree;
    let options = TreeOptions { merge, keep, force, ..TreeOptions::default() };
    let tree = app.tree(out.clone());
    let decision = match check {
        true => tree.check(&rendered, &coverage, options)?,
        false => tree.write(&rendered, &coverage, options)?,
    };
    let plan = &decision.plan;
    let behind = plan.files.iter().any(|file| file.action.is_stale() && !file.action.touches());
    if ui.is_json() {
        let files: Vec<_> = plan.files.iter().filter(|file| file.action != Action::Unchanged).collect();
        ui.json(&json!({
            "schema": "billpay/scaffold/v1", "out": out, "check": check, "stale": plan.is_stale(),
            "behind": behind, "counts": plan.counts(), "files": files,
        }))?;
    } else {
        let shown = Shown { out: &out.display().to_string(), check, diff, verbose: ui.is_verbose() };
        ui.text(&changes::show(&decision, &shown))?;
    }
    Ok(match (check, behind) {
        (true, _) if plan.is_stale() => exit::CHANGES,
        (false, true) => exit::PARTLY,
        _ => exit::DONE,
    })
}

fn in_template(error: impl std::fmt::Display) -> Report {
    Report::new("a template can't be rendered", error.to_string())
        .hint("this is a mistake in billpay; report it")
}
