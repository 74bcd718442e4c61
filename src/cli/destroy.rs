//! `billpay destroy`: deletes everything that belongs to the environment.

use billpay_core::Ports;
use billpay_core::plan::{PlanRequest, PlanSource, plan};
use billpay_core::provision::{DestroyRequest, destroy};
use billpay_engine::plan::Goal;
use clap::Args;

use super::error::Report;
use super::plan::show;
use super::provision::{ApplyArgs, end};
use super::signals::stop_in_order;
use super::ui::Ui;
use super::{EnvArg, KeepArgs, SelectionArgs};

#[derive(Debug, Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Show what would be deleted and stop
    #[arg(long)]
    plan_only: bool,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: DestroyArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let (environment, selection, keep) = (args.env.env, args.selection.selection(), args.keep.ids());
    if args.plan_only {
        let source = PlanSource::Spec { selection, keep };
        let request = PlanRequest { environment, source, goal: Goal::Destroy };
        return show(&plan(ports, &request, ui).await?.report, false, ports, ui);
    }
    let question = format!("Destroy {environment}? This can't be undone.");
    let (run, asker) = args.apply.options(question, ports, ui);
    stop_in_order(run.interrupt.clone(), ui.clear_lines());
    let request = DestroyRequest { environment, selection, keep, run };
    end(destroy(ports, &request, ui, &asker).await, ports, ui)
}
