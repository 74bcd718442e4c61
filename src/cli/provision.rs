//! `billpay provision`: makes the environment what its spec says.

use std::fs::File;
use std::path::{Path, PathBuf};

use billpay_core::app::{App, SpecError, read_input};
use billpay_engine::cloud::Provider;
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Goal, Plan};
use billpay_engine::saved::MAX_BYTES;
use billpay_engine::{ApplyOptions, Outcome, SavedPlan, Survey, apply, survey};
use billpay_model::environment::Environment;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::approve::{ApproveArgs, approve};
use super::error::Report;
use super::plan::{planned, refused, select};
use super::ui::Ui;
use super::{EnvArg, KeepArgs, SelectionArgs, exit};

#[derive(Debug, Args)]
pub struct ProvisionArgs {
    #[command(flatten)]
    env: EnvArg,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Show the plan and stop
    #[arg(long)]
    plan_only: bool,
    /// Write the plan to this file and stop
    #[arg(long, value_name = "FILE", conflicts_with = "plan_file")]
    out: Option<PathBuf>,
    /// Apply exactly the plan in this file; refused if the spec or the cloud has changed since. Asks like any other run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "exclude", "keep"])]
    plan_file: Option<PathBuf>,
    /// Take the spec out of --plan-file where there are no specs; such a plan may only create and update what gives no access
    #[arg(long, requires = "plan_file")]
    spec_from_plan: bool,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    apply: ApplyArgs,
    /// Exit with 2 when --plan-only or --out found something to change
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Options of applying a plan.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub approve: ApproveArgs,
    /// Most resources that are worked on at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,
}

pub async fn run(args: ProvisionArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    if let Some(file) = &args.plan_file {
        return apply_saved(file, &args, app, ui).await;
    }
    let loaded = app.load(&args.env.env)?;
    ui.warnings(&loaded.warnings);
    let env = &loaded.environment;
    let provider = app.connect(env, &|what| ui.note(what)).await?;
    let selection = select(&args.selection, provider.kinds())?;
    let survey = ui.while_looking(survey(&provider, env, &args.keep.ids())).await?;
    let plan = survey.plan(&provider, env, Goal::Converge, &selection).await?;
    let planning = args.plan_only || args.out.is_some();
    if planning || !ui.is_json() {
        ui.plan(env, &plan, &survey)?;
    }
    if !planning {
        return carry_out(&provider, env, &plan, &survey, &args.apply, ui).await;
    }
    let code = planned(env, &plan, &survey, args.detailed_exitcode, ui);
    if let Some(file) = args.out.as_ref().filter(|_| plan.conflicts.is_empty()) {
        save(file, &SavedPlan::new(env, &plan, &args.keep.ids()))?;
        ui.note(&format!("wrote {}; apply it with --plan-file {0}", file.display()));
    }
    Ok(code)
}
async fn apply_saved(file: &Path, args: &ProvisionArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let saved = read(file)?;
    if saved.spec.environment != args.env.env {
        let (expected, actual) = (args.env.env.clone(), saved.spec.environment.clone());
        return Err(billpay_engine::Error::OtherEnvironment { expected, actual }.into());
    }
    match app.load(&args.env.env) {
        Ok(loaded) => saved.check_spec(&loaded.environment)?,
        Err(SpecError::NoSpecs { .. }) if args.spec_from_plan && !app.has_named_specs() => {
            saved.check_spec(&app.check(&saved.spec)?.environment)?;
            saved.check_harmless(&app.kinds())?;
        }
        Err(error @ SpecError::NoSpecs { .. }) => {
            let way = "or let the plan's own spec count with --spec-from-plan";
            return Err(Report::from(error).hint(way));
        }
        Err(error) => return Err(error.into()),
    }
    let provider = app.connect(&saved.spec, &|what| ui.note(what)).await?;
    let (survey, plan) = ui.while_looking(saved.recheck(&provider)).await?;
    if args.plan_only || !ui.is_json() {
        ui.plan(&saved.spec, &plan, &survey)?;
    }
    if args.plan_only {
        return Ok(planned(&saved.spec, &plan, &survey, args.detailed_exitcode, ui));
    }
    carry_out(&provider, &saved.spec, &plan, &survey, &args.apply, ui).await
}

/// Asks, applies and shows what came of it.
async fn carry_out(
    provider: &dyn Provider,
    env: &Environment,
    plan: &Plan,
    survey: &Survey,
    args: &ApplyArgs,
    ui: &Ui,
) -> Result<u8, Report> {
    if plan.is_empty() && plan.conflicts.is_empty() {
        ui.nothing_to_do(env, survey)?;
        return Ok(exit::DONE);
    }
    if !plan.conflicts.is_empty() {
        return refused(plan.conflicts.clone(), ui);
    }
    let question = format!("Apply to {}?", env.environment);
    let permit = approve(env, plan, survey, &args.approve, &question, ui)?;
    let outcome = work(provider, env, plan, survey, permit, args, ui).await?;
    ui.outcome(env, plan, &outcome)?;
    Ok(code(&outcome))
}

/// Applies a plan under the eyes of the user; Ctrl-C stops it in good order.
pub async fn work(
    provider: &dyn Provider,
    env: &Environment,
    plan: &Plan,
    survey: &Survey,
    permit: Option<Permit>,
    args: &ApplyArgs,
    ui: &Ui,
) -> Result<Outcome, Report> {
    let stop = CancellationToken::new();
    let options = ApplyOptions { parallelism: args.parallelism.into(), stop: stop.clone(), permit };
    let interrupt = tokio::spawn(stop_on_signal(stop));
    let progress = ui.progress(plan);
    let outcome = apply(provider, env, plan, &survey.snapshot, &options, &progress).await;
    progress.finish();
    interrupt.abort();
    Ok(outcome?)
}

/// Returns the exit code of a run.
pub fn code(outcome: &Outcome) -> u8 {
    match outcome {
        _ if outcome.interrupted && !outcome.left.is_empty() => exit::INTERRUPTED,
        _ if outcome.is_complete() => exit::DONE,
        _ if outcome.done.is_empty() => exit::ERROR,
        _ => exit::PARTLY,
    }
}

/// The first Ctrl-C (or SIGTERM) begins nothing new; the second ends the program at once.
async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    for times in 1.. {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        if times > 1 {
            std::process::exit(exit::INTERRUPTED.into());
        }
        stop.cancel();
    }
}

fn save(file: &Path, saved: &SavedPlan) -> Result<(), Report> {
    let fail = |why: String| Report::new(format!("can't write the plan to {}", file.display()), why);
    let text = serde_json::to_string_pretty(saved).map_err(|error| fail(error.to_string()))?;
    std::fs::write(file, text + "\n").map_err(|error| fail(error.to_string()))
}

fn read(file: &Path) -> Result<SavedPlan, Report> {
    let fail = |why: String| {
        Report::new(format!("can't use the plan in {}", file.display()), why)
            .hint("make one with `billpay provision --env <name> --out <file>`")
    };
    let text = File::open(file)
        .and_then(|file| read_input(file, MAX_BYTES))
        .map_err(|error| fail(error.to_string()))?;
    SavedPlan::parse(&text).map_err(fail)
}
