//! `billpay destroy`: deletes everything that belongs to the environment.

use billpay_core::app::App;
use billpay_engine::cloud::Provider;
use billpay_engine::plan::Goal;
use billpay_engine::{leftovers, survey};
use clap::Args;

use super::approve::approve;
use super::error::Report;
use super::plan::{planned, refused, select};
use super::provision::{ApplyArgs, code, work};
use super::ui::Ui;
use super::{EnvArg, KeepArgs, SelectionArgs, exit};

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

pub async fn run(args: DestroyArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    let env = &loaded.environment;
    let provider = app.connect(env, &|what| ui.note(what)).await?;
    let selection = select(&args.selection, provider.kinds())?;
    let before = ui.while_looking(survey(&provider, env, &args.keep.ids())).await?;
    let plan = before.plan(&provider, env, Goal::Destroy, &selection).await?;
    if args.plan_only || !ui.is_json() {
        ui.plan(env, &plan, &before)?;
    }
    if args.plan_only {
        return Ok(planned(env, &plan, &before, false, ui));
    }
    if !plan.conflicts.is_empty() {
        return refused(plan.conflicts, ui);
    }
    if plan.is_empty() {
        ui.nothing_to_do(env, &before)?;
        return Ok(exit::DONE);
    }
    let question = format!("Destroy {}? This can't be undone.", env.environment);
    let permit = approve(env, &plan, &before, &args.apply.approve, &question, ui)?;
    let outcome = work(&provider, env, &plan, &before, permit, &args.apply, ui).await?;
    let left = match outcome.is_complete() {
        true => Some(ui.while_looking(leftovers(&provider, env, &before, &selection)).await?),
        false => None,
    };
    ui.destroyed(env, &plan, &outcome, left.as_ref())?;
    let is_done = left.is_none_or(|left| left.ours.is_empty());
    Ok(if is_done { code(&outcome) } else { exit::PARTLY })
}
