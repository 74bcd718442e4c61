//! `billpay status`: what there is, and where it differs from the spec.

use std::collections::BTreeSet;

use billpay_core::app::App;
use billpay_engine::plan::{Goal, Selection};
use billpay_engine::survey;
use clap::Args;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Exit with 2 when something differs from the spec
    #[arg(long)]
    detailed_exitcode: bool,
}

pub async fn run(args: StatusArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    let env = &loaded.environment;
    let provider = app.connect(env, &|what| ui.note(what)).await?;
    let survey = ui.while_looking(survey(&provider, env, &BTreeSet::new())).await?;
    let plan = survey.plan(&provider, env, Goal::Converge, &Selection::default()).await?;
    ui.status(env, &plan, &survey)?;
    if !plan.conflicts.is_empty() {
        ui.conflicts(&plan.conflicts);
        return Ok(exit::ERROR);
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { exit::CHANGES } else { exit::DONE })
}
