//! `billpay plan`: what would change.

use std::collections::BTreeSet;

use billpay_core::app::App;
use billpay_engine::cloud::Provider;
use billpay_engine::plan::{Conflict, Goal, Kinds, Plan, Selection};
use billpay_engine::{Survey, survey};
use billpay_model::environment::Environment;
use billpay_model::findings::nearest;
use clap::Args;

use super::approve::needs_name;
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

pub async fn run(args: PlanArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    ui.warnings(&loaded.warnings);
    let env = &loaded.environment;
    let provider = app.connect(env, &|what| ui.note(what)).await?;
    let selection = select(&args.selection, provider.kinds())?;
    let survey: Survey = ui.while_looking(survey(&provider, env, &args.keep.ids())).await?;
    let goal = if args.destroy { Goal::Destroy } else { Goal::Converge };
    let plan = survey.plan(&provider, env, goal, &selection).await?;
    ui.plan(env, &plan, &survey)?;
    Ok(planned(env, &plan, &survey, args.detailed_exitcode, ui))
}

/// Says what a plan that was shown needs before it is applied, or that it can't be applied at all,
/// and returns what the command exits with.
pub fn planned(env: &Environment, plan: &Plan, survey: &Survey, detailed_exitcode: bool, ui: &Ui) -> u8 {
    if !plan.conflicts.is_empty() {
        ui.conflicts(&plan.conflicts);
        return exit::ERROR;
    }
    if needs_name(env, plan, survey).is_some() {
        ui.note(&format!("{0} is protected: applying this needs --confirm {0}", env.environment));
    }
    if detailed_exitcode && !plan.is_empty() { exit::CHANGES } else { exit::DONE }
}

/// Ends a command whose plan can't be applied; where text is written, the plan has been shown.
pub fn refused(conflicts: Vec<Conflict>, ui: &Ui) -> Result<u8, Report> {
    if ui.is_json() {
        return Err(billpay_engine::Error::Conflicts(conflicts).into());
    }
    ui.conflicts(&conflicts);
    Ok(exit::ERROR)
}

/// The components that were asked for; unknown ones are refused.
pub fn select(args: &SelectionArgs, kinds: &Kinds) -> Result<Selection, Report> {
    let known: BTreeSet<&str> = kinds.values().map(|kind| kind.component).collect();
    for name in args.only.iter().chain(&args.exclude) {
        if !known.contains(name.as_str()) {
            let components: Vec<&str> = known.iter().copied().collect();
            let mut report = Report::new(
                format!("there is no component `{name}`"),
                format!("components: {}", components.join(", ")),
            );
            if let Some(meant) = nearest(name, components) {
                report = report.hint(format!("did you mean `{meant}`?"));
            }
            return Err(report);
        }
    }
    let set = |names: &[String]| names.iter().cloned().collect();
    Ok(Selection { only: set(&args.only), exclude: set(&args.exclude) })
}
