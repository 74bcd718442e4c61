//! `billpay plan`: what would change.

use std::collections::BTreeSet;

use clap::Args;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, SelectionArgs, exit};
use crate::app::App;
use crate::domain::findings::nearest;
use crate::domain::plan::{Goal, Kinds, Selection};
use crate::domain::port::Provider;
use crate::ops::{Survey, survey};

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Show what destroying the environment would delete
    #[arg(long)]
    destroy: bool,
    /// Exit with 2 when there is something to change
    #[arg(long)]
    detailed_exitcode: bool,
}

pub async fn run(args: PlanArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    ui.warnings(&loaded);
    let env = &loaded.environment;
    let provider = app.connect(env, &|what| ui.note(what)).await?;
    let selection = select(&args.selection, provider.kinds())?;
    let survey: Survey = ui.while_looking(survey(&provider, env)).await?;
    let goal = if args.destroy { Goal::Destroy } else { Goal::Converge };
    let plan = survey.plan(&provider, env, goal, &selection)?;
    ui.plan(env, &plan, &survey)?;
    let changes = !plan.is_empty() || !plan.conflicts.is_empty();
    Ok(if args.detailed_exitcode && changes { exit::CHANGES } else { exit::DONE })
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
