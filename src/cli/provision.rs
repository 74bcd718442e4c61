//! `billpay provision`: makes the environment what its spec says.

use std::path::PathBuf;
use std::time::Duration;

use billpay_core::lock::Interrupt;
use billpay_core::plan::{PlanRequest, PlanResult, PlanSource, plan, save};
use billpay_core::provision::{ProvisionRequest, Run, RunOptions, provision};
use billpay_core::{Error, Ports};
use billpay_engine::plan::Goal;
use billpay_host::program::in_ci;
use clap::Args;
use jiff::SignedDuration;

use super::approve::{ApproveArgs, Asker};
use super::error::Report;
use super::plan::{refuse, show};
use super::signals::stop_in_order;
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
    #[command(flatten)]
    pub lock: LockArgs,
}

/// The time for which a run waits for its turn.
#[derive(Debug, Clone, Args)]
pub struct LockArgs {
    /// Time to wait for another run on this environment, such as 90s or 10m; by default a minute, in CI half an hour
    #[arg(long, value_name = "TIME", value_parser = lock_timeout)]
    lock_timeout: Option<Duration>,
}

impl LockArgs {
    pub fn timeout(&self) -> Duration {
        let minutes = if in_ci() { 30 } else { 1 };
        self.lock_timeout.unwrap_or(Duration::from_secs(60 * minutes))
    }
}

/// Reads a duration such as `90s` or `1h 30m`.
fn lock_timeout(text: &str) -> Result<Duration, String> {
    let time: SignedDuration =
        text.parse().map_err(|_| "a time is a number and a unit: 90s, 10m, 1h".to_string())?;
    Duration::try_from(time).map_err(|_| "it must not be negative".to_string())
}

impl ApplyArgs {
    /// Returns the options of a run, and who is asked before it.
    pub fn options<'a>(&'a self, question: String, ports: &Ports, ui: &'a Ui) -> (RunOptions, Asker<'a>) {
        let interrupt = Interrupt::default();
        let asker = Asker { args: &self.approve, question, kinds: ports.connector.kinds(), ui };
        let lock_timeout = self.lock.timeout();
        (RunOptions { parallelism: self.parallelism.into(), lock_timeout, interrupt }, asker)
    }
}

pub async fn run(args: ProvisionArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let environment = args.env.env;
    let source = match args.plan_file {
        Some(path) => PlanSource::File { path, allow_own_spec: args.spec_from_plan },
        None => PlanSource::Spec { selection: args.selection.selection(), keep: args.keep.ids() },
    };
    if args.plan_only || args.out.is_some() {
        let request = PlanRequest { environment, source, goal: Goal::Converge };
        let PlanResult { report, saved } = plan(ports, &request, ui).await?;
        let code = show(&report, args.detailed_exitcode, ports, ui)?;
        if let Some(path) = args.out.filter(|_| report.plan.conflicts.is_empty()) {
            save(&path, &saved)?;
            ui.note(&format!("wrote {}; apply it with --plan-file {0}", path.display()));
        }
        return Ok(code);
    }
    let (run, asker) = args.apply.options(format!("Apply to {environment}?"), ports, ui);
    stop_in_order(run.interrupt.clone(), ui.clear_lines());
    let request = ProvisionRequest { environment, source, run };
    end(provision(ports, &request, ui, &asker).await, ports, ui)
}

/// Shows the result of a run, and returns the exit code.
pub fn end(run: Result<Run, Error>, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let Run { plan, report } = match run {
        Ok(run) => run,
        Err(Error::Leftovers { run, error }) => {
            if !ui.is_json() {
                ui.run(&run.report)?;
            }
            return Err(Error::Leftovers { run, error }.into());
        }
        Err(error) => return refuse(error, ports, ui),
    };
    if report.resources.is_some() && !ui.is_json() {
        ui.plan(&plan, &ports.connector.kinds())?;
    }
    ui.run(&report)?;
    let outcome = &report.outcome;
    Ok(match () {
        () if report.is_complete() => exit::DONE,
        () if report.lock_lost.is_some() && outcome.done.is_empty() => exit::ERROR,
        () if report.lock_lost.is_some() => exit::PARTLY,
        // Everything that was planned is gone, and something is left all the same.
        () if outcome.is_complete() => exit::PARTLY,
        () if outcome.interrupted && !outcome.left.is_empty() => exit::INTERRUPTED,
        () if outcome.done.is_empty() => exit::ERROR,
        () => exit::PARTLY,
    })
}
