//! Parts of the commands that render trees from the specs.

use std::path::PathBuf;

use billpay_core::Error;
use billpay_core::trees::{TreeReport, TreeTarget};
use billpay_tree::TreeOptions;
use clap::Args;

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
    /// Show what changes in each file as well; with --check nothing is written
    #[arg(long)]
    diff: bool,
}

impl TreeArgs {
    pub fn target(&self, out: PathBuf) -> TreeTarget {
        let TreeArgs { check, merge, keep, force, .. } = *self;
        TreeTarget { out, check, options: TreeOptions { merge, keep, force, ..TreeOptions::default() } }
    }

    /// Shows the changes of a tree's files.
    pub fn show(&self, report: Result<TreeReport, Error>, ui: &Ui) -> Result<u8, Report> {
        let report = report?;
        if ui.is_json() {
            ui.document(&report)?;
        } else {
            let out = &report.out.display().to_string();
            let shown = DecisionView { out, check: report.check, diff: self.diff, verbose: ui.is_verbose() };
            ui.text(&changes::show(&report.decision, &shown))?;
        }
        Ok(match (report.check, report.behind) {
            (true, _) if report.stale => exit::CHANGES,
            (false, true) => exit::PARTLY,
            _ => exit::DONE,
        })
    }
}
