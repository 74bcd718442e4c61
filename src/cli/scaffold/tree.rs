//! Parts of the commands that render trees from the specs.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_tree::{Action, Coverage, RenderedTree, TreeOptions};
use clap::Args;
use serde_json::json;

use super::changes::{self, DecisionView};
use crate::error::Report;
use crate::exit;
use crate::ui::Ui;

/// Options about files that people changed.
#[derive(Debug, Args)]
pub(super) struct TreeArgs {
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

/// Brings rendered files to a folder, and says what became of each.
pub(super) fn write(
    args: TreeArgs,
    out: PathBuf,
    ports: &Ports,
    ui: &Ui,
    rendered: &RenderedTree,
    coverage: &Coverage,
) -> Result<u8, Report> {
    let TreeArgs { check, merge, keep, force, diff } = args;
    let options = TreeOptions { merge, keep, force, ..TreeOptions::default() };
    let tree = ports.tree(out.clone());
    let decision = match check {
        true => tree.check(rendered, coverage, options)?,
        false => tree.write(rendered, coverage, options)?,
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
        let shown = DecisionView { out: &out.display().to_string(), check, diff, verbose: ui.is_verbose() };
        ui.text(&changes::show(&decision, &shown))?;
    }
    Ok(match (check, behind) {
        (true, _) if plan.is_stale() => exit::CHANGES,
        (false, true) => exit::PARTLY,
        _ => exit::DONE,
    })
}

pub(super) fn in_template(error: impl std::fmt::Display) -> Report {
    Report::new("a template can't be rendered", error.to_string())
        .hint("this is a mistake in billpay; report it")
}
