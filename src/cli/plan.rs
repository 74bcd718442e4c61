//! `billpay plan`: what would change.

use billpay_core::plan::{PlanReport, PlanRequest, PlanSource, plan};
use billpay_core::{Error, Ports};
use billpay_engine::plan::{Goal, Selection};
use clap::Args;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, KeepArgs, SelectionArgs, exit};

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    keep: KeepArgs,
    /// Show what destroying the environment would delete
    #[arg(long)]
    destroy: bool,
    /// Exit with 2 when there is something to change
    #[arg(long)]
    detailed_exitcode: bool,
}

pub async fn run(args: PlanArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let request = PlanRequest {
        environment: args.env.env,
        source: PlanSource::Spec { selection: args.selection.selection(), keep: args.keep.ids() },
        goal: if args.destroy { Goal::Destroy } else { Goal::Converge },
    };
    show(&plan(ports, &request, ui).await?.report, args.detailed_exitcode, ports, ui)
}

/// Shows a plan, and what it needs before it is applied, or that it can't be applied at all.
pub fn show(report: &PlanReport, detailed_exitcode: bool, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    ui.plan(report, &ports.connector.kinds())?;
    let plan = &report.plan;
    if !plan.conflicts.is_empty() {
        ui.conflicts(&plan.conflicts);
        return Ok(exit::ERROR);
    }
    if report.protection.is_some() {
        ui.note(&format!("{0} is protected: applying this needs --confirm {0}", plan.environment));
    }
    Ok(if detailed_exitcode && !plan.is_empty() { exit::CHANGES } else { exit::DONE })
}

/// Ends a command whose plan can't be applied; where text is written, the plan is shown.
pub fn refuse(error: Error, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    match error {
        Error::Conflicts(report) if !ui.is_json() => {
            ui.plan(&report, &ports.connector.kinds())?;
            ui.conflicts(&report.plan.conflicts);
            Ok(exit::ERROR)
        }
        error => Err(error.into()),
    }
}

impl SelectionArgs {
    pub fn selection(&self) -> Selection {
        let set = |names: &[String]| names.iter().cloned().collect();
        Selection { only: set(&self.only), exclude: set(&self.exclude) }
    }
}
