//! `billpay destroy`: deletes everything that belongs to the environment.

use clap::Args;

use super::error::Report;
use super::plan::select;
use super::provision::{ApplyArgs, code, work};
use super::ui::Ui;
use super::{EnvArg, SelectionArgs, exit};
use crate::app::App;
use crate::domain::plan::Goal;
use crate::domain::port::Provider;
use crate::ops::survey;

#[derive(Debug, Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Show what would be deleted and stop
    #[arg(long)]
    plan_only: bool,
    /// Name of a protected environment, as confirmation where there is no terminal
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    apply: ApplyArgs,
}

pub async fn run(args: DestroyArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    let env = &loaded.environment;
    let provider = app.connect(env, &|what| ui.note(what)).await?;
    let selection = select(&args.selection, provider.kinds())?;
    let before = ui.while_looking(survey(&provider, env)).await?;
    let plan = before.plan(&provider, env, Goal::Destroy, &selection)?;
    if args.plan_only || !ui.is_json() {
        ui.plan(env, &plan, &before)?;
    }
    if args.plan_only {
        return Ok(exit::DONE);
    }
    if plan.is_empty() && plan.conflicts.is_empty() {
        ui.nothing_to_do(env, &before)?;
        return Ok(exit::DONE);
    }
    if plan.conflicts.is_empty() {
        if env.protected {
            ui.confirm_by_name(&env.environment, args.confirm.as_deref())?;
        } else if !args.apply.auto_approve {
            ui.confirm(&format!("Destroy {}? This can't be undone.", env.environment))?;
        }
    }
    let outcome = work(&provider, env, &plan, &before, &args.apply, ui).await?;
    let left: Vec<_> = if outcome.is_complete() {
        let after = ui.while_looking(survey(&provider, env)).await?;
        let ours = after.plan(&provider, env, Goal::Destroy, &selection)?;
        ours.changes.into_iter().map(|change| change.address).collect()
    } else {
        vec![]
    };
    ui.destroyed(env, &plan, &outcome, &left)?;
    Ok(if left.is_empty() { code(&outcome) } else { exit::PARTLY })
}
