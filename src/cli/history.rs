//! `billpay history`: the runs of an environment.

use std::fmt::Write;

use billpay_core::Ports;
use billpay_core::history::{ChangeResult, ChangeSummary, HistoryReport, RunState, RunSummary, history};
use clap::Args;

use super::error::Report;
use super::ui::{BAD, BOLD, CHANGED, DIM, GOOD, Ui, duration, name};
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Name of a run, or its beginning or end: shows what it changed
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

pub async fn run(args: HistoryArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let report = history(ports, &args.env.env, args.run.as_deref()).await?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&text(&report))?;
    }
    Ok(exit::DONE)
}

fn text(report: &HistoryReport) -> String {
    let HistoryReport { environment, store, runs, unreadable } = report;
    let mut text = String::new();
    if runs.is_empty() {
        let _ = writeln!(text, "No run has changed {environment} (store: {}).", name(store));
    }
    for run in runs {
        add_run(&mut text, run);
    }
    if *unreadable > 0 {
        let _ = writeln!(text, "{DIM}{unreadable} of another version of billpay can't be read{DIM:#}");
    }
    text
}

fn add_run(text: &mut String, run: &RunSummary) {
    let (style, state) = match run.state {
        RunState::Done => (GOOD, "done"),
        RunState::Running => (CHANGED, "running"),
        RunState::Interrupted => (CHANGED, "interrupted"),
        RunState::Failed => (BAD, "failed"),
        RunState::LockLost => (BAD, "lost the lock"),
        RunState::CutShort => (BAD, "cut short"),
    };
    let took = run.seconds.map(|seconds| format!(" in {}", duration(seconds))).unwrap_or_default();
    let failed = if run.failed > 0 { format!(", {} failed", run.failed) } else { String::new() };
    let _ = writeln!(
        text,
        "{BOLD}{}{BOLD:#}  {}  {style}{state}{style:#}{took}: {} of {} changes{failed}",
        name(&run.run),
        name(&run.command),
        run.done,
        run.planned
    );
    let _ = writeln!(text, "  {DIM}{} on {}{DIM:#}", name(&run.principal), name(&run.host));
    if let Some(url) = &run.run_url {
        let _ = writeln!(text, "  {DIM}{}{DIM:#}", name(url));
    }
    for change in run.changes.iter().flatten() {
        add_change(text, change);
    }
}

fn add_change(text: &mut String, change: &ChangeSummary) {
    let (style, sign, said) = match change.result {
        ChangeResult::Done => (GOOD, "✓", String::new()),
        ChangeResult::Failed => {
            let failure = change.failure.as_ref().map(|failure| format!(": {}", name(&failure.to_string())));
            (BAD, "✗", failure.unwrap_or_default())
        }
        ChangeResult::Skipped => (DIM, "-", " skipped".to_string()),
        ChangeResult::Unknown => (CHANGED, "…", " not known how it ended".to_string()),
    };
    let took = change.seconds.map(duration).unwrap_or_default();
    let id = name(change.id.as_deref().unwrap_or_default());
    let (address, action) = (name(&change.address), name(&change.action));
    let _ = writeln!(text, "  {style}{sign}{style:#} {address}  {took}  {DIM}{action} {id}{said}{DIM:#}");
}
