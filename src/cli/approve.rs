//! Approval of a plan: by flags or by a person, and by the typed name of a protected environment.

use std::io::IsTerminal;

use billpay_engine::permit::{Permit, Protection};
use billpay_engine::plan::Plan;
use billpay_engine::{Error, Survey};
use billpay_model::environment::Environment;
use clap::Args;

use super::error::Report;
use super::ui::Ui;

/// Flags that approve a plan.
#[derive(Debug, Clone, Args)]
pub struct ApproveArgs {
    /// Don't ask; not enough for what --confirm is about
    #[arg(short = 'y', long)]
    pub auto_approve: bool,
    /// Don't ask, not even before something of a protected environment is deleted, replaced or unprotected; NAME is the environment's
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// Asks whether a plan may be applied. Returns the permit that a typed name gave, if one was typed.
///
/// Fails with exit code 4 where a protected environment needs its name and nobody can type it.
pub fn approve(
    env: &Environment,
    plan: &Plan,
    survey: &Survey,
    args: &ApproveArgs,
    question: &str,
    ui: &Ui,
) -> Result<Option<Permit>, Report> {
    if let Some(typed) = &args.confirm {
        return confirmed(env, typed).map(Some);
    }
    match needs_name(env, plan, survey) {
        Some(error) if args.auto_approve || !std::io::stdin().is_terminal() => Err(error.into()),
        Some(_) => confirmed(env, &ui.ask_name(&env.environment)?).map(Some),
        None if args.auto_approve => Ok(None),
        None => ui.confirm(question).map(|()| None),
    }
}

/// Returns why a plan needs the environment's name before it is applied, if it does.
pub fn needs_name(env: &Environment, plan: &Plan, survey: &Survey) -> Option<Error> {
    let protection = Protection::of(env, &survey.snapshot);
    let changes = plan.protected_changes();
    if protection.is_none() || changes.is_empty() {
        return None;
    }
    let changes = changes.into_iter().cloned().collect();
    Some(Error::Protected { environment: env.environment.clone(), protection, changes })
}

fn confirmed(env: &Environment, typed: &str) -> Result<Permit, Report> {
    Permit::confirmed(env, typed).ok_or_else(|| {
        Report::new("nothing was changed", format!("`{typed}` is not the name of the environment"))
            .hint(format!("look at the plan, then confirm with --confirm {}", env.environment))
            .stopped()
    })
}
