//! Shows the runs of an environment: who changed what, and how it ended.

use std::collections::BTreeMap;

use billpay_engine::attempts::{OpenAttempts, PastChange};
use billpay_model::event::Event;
use billpay_model::failure::Failure;
use billpay_state::journal::{Intent, Journal, RunRecord, RunResult};
use billpay_state::lock::LockStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lock::Facts;
use crate::report::Report;
use crate::{Error, Ports};

/// Runs that are searched for create calls without results.
const SEARCHED_RUNS: usize = 20;

/// Runs of an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryReport {
    pub environment: String,
    /// Address of the store that they are in.
    pub store: String,
    /// The newest first.
    pub runs: Vec<RunSummary>,
    /// Number of runs that another version of billpay wrote, and this one can't read.
    pub unreadable: usize,
}

impl Report for HistoryReport {
    const SCHEMA: &str = "billpay/history/v1";
}

/// A run in short; with its changes where one run was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// Name of the run; names sort by time.
    pub run: String,
    /// Command: `provision`.
    pub command: String,
    /// ARN of the caller.
    pub principal: String,
    pub host: String,
    /// Address of the pipeline's run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Version of the program.
    pub version: String,
    pub began: String,
    /// Time from its start to its end; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    pub state: RunState,
    /// Number of changes that were planned.
    pub planned: usize,
    pub done: usize,
    pub failed: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<ChangeSummary>>,
}

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Everything that was planned was done.
    Done,
    /// Something failed.
    Failed,
    /// A person or a system stopped it.
    Interrupted,
    /// It lost the lock of the environment.
    LockLost,
    /// It has the lock of the environment.
    Running,
    /// It ended without a word: it was killed, or its machine went down.
    CutShort,
}

/// A change that a run was to make, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeSummary {
    pub address: String,
    /// Action of the plan: `create`.
    pub action: String,
    pub result: ChangeResult,
    /// Id of the resource, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Result of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeResult {
    Done,
    Failed,
    /// Something that it needs failed.
    Skipped,
    /// It was not begun, or nobody knows how it ended.
    Unknown,
}

/// Reads the runs of an environment, or one of them with its changes.
///
/// # Errors
/// Fails if the spec is wrong, the store can't be read, or there is no such run, or several.
pub async fn history(ports: &Ports, environment: &str, run: Option<&str>) -> Result<HistoryReport, Error> {
    let env = ports.load(environment)?.environment;
    let facts = Facts::open(ports, &env).await?;
    let journal = facts.journal();
    let fail = |failure: Failure| facts.error(&env, failure.into());
    let lock = facts.lock().show().await.map_err(|error| facts.error(&env, error))?;
    let names = journal.runs().await.map_err(fail)?;
    let wanted: Vec<&String> = names
        .iter()
        .filter(|name| run.is_none_or(|run| name.starts_with(run) || name.ends_with(run)))
        .collect();
    if let Some(run) = run.filter(|_| wanted.len() != 1) {
        let runs = wanted.into_iter().cloned().collect();
        return Err(Error::NoSuchRun { environment: env.environment, run: run.to_string(), runs });
    }
    let (mut runs, mut unreadable) = (vec![], 0);
    for (at, name) in wanted.into_iter().enumerate() {
        match journal.read(name).await.map_err(fail)? {
            // Only the newest run can be the one that has the lock.
            Some(record) => {
                let holder = lock.as_ref().filter(|_| at == 0 && Some(name) == names.first());
                runs.push(RunSummary::of(record, holder, run.is_some()));
            }
            None => unreadable += 1,
        }
    }
    Ok(HistoryReport { environment: env.environment, store: facts.address(), runs, unreadable })
}

impl RunSummary {
    fn of(record: RunRecord, lock: Option<&LockStatus>, with_changes: bool) -> RunSummary {
        let state = RunState::of(&record, lock);
        let RunRecord { start, end, .. } = &record;
        let end = end.as_ref().filter(|end| end.result != RunResult::CutShort);
        let seconds = end.map(|end| (end.at.as_millisecond() - start.at.as_millisecond()) as f64 / 1e3);
        let began = format!("{:.0}", start.at);
        let changes = changes(&record);
        let count = |result: ChangeResult| changes.iter().filter(|change| change.result == result).count();
        let (done, failed) = (count(ChangeResult::Done), count(ChangeResult::Failed));
        let start = record.start;
        RunSummary {
            run: start.run,
            command: start.command,
            principal: start.principal,
            host: start.host,
            run_url: start.run_url,
            version: start.version,
            began,
            seconds,
            state,
            planned: start.intents.len(),
            done,
            failed,
            changes: with_changes.then_some(changes),
        }
    }

    /// Returns the changes of which nobody knows whether they were made.
    pub(crate) fn open_changes(record: &RunRecord) -> Vec<ChangeSummary> {
        changes(record).into_iter().filter(|change| change.result == ChangeResult::Unknown).collect()
    }
}

impl RunState {
    fn of(record: &RunRecord, lock: Option<&LockStatus>) -> RunState {
        let has_lock = |status: &LockStatus| !status.is_gone && status.claim.generation == record.start.claim;
        match record.end.as_ref().map(|end| end.result) {
            Some(RunResult::Done) => RunState::Done,
            Some(RunResult::Failed) => RunState::Failed,
            Some(RunResult::Interrupted) => RunState::Interrupted,
            Some(RunResult::LockLost) => RunState::LockLost,
            None if lock.is_some_and(has_lock) => RunState::Running,
            Some(RunResult::CutShort) | None => RunState::CutShort,
        }
    }
}

/// Returns whether an action of the journal makes something.
pub(crate) fn makes(action: &str) -> bool {
    ["create", "replace"].contains(&action)
}

/// Returns the create calls of earlier runs whose results nobody knows.
pub(crate) async fn open_attempts(journal: &Journal) -> Result<OpenAttempts, Failure> {
    let mut past = vec![];
    for run in journal.runs().await?.iter().take(SEARCHED_RUNS) {
        let Some(record) = journal.read(run).await? else { continue };
        let changes = changes(&record).into_iter().filter_map(|change| {
            let makes = makes(&change.action);
            let is_done = change.result == ChangeResult::Done;
            Some(PastChange { address: change.address.parse().ok()?, makes, is_done })
        });
        past.push((record.start.attempts.clone(), changes.collect()));
    }
    Ok(OpenAttempts::of(past))
}

/// Returns what was to be done, each with what came of it: a replacement is done when both of its steps are.
fn changes(record: &RunRecord) -> Vec<ChangeSummary> {
    let mut ended: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for step in &record.steps {
        let (Event::Finished { address, .. }
        | Event::Failed { address, .. }
        | Event::Skipped { address, .. }) = &step.event
        else {
            continue;
        };
        ended.entry(address.to_string()).or_default().push(&step.event);
    }
    let summary = |intent: &Intent| {
        let Intent { address, action, id } = intent.clone();
        let events = ended.get(&address).map(Vec::as_slice).unwrap_or_default();
        let steps = if action == "replace" { 2 } else { 1 };
        let mut change = ChangeSummary {
            address,
            action,
            id,
            result: ChangeResult::Unknown,
            seconds: None,
            failure: None,
        };
        for event in events {
            match event {
                Event::Finished { id, seconds, .. } => {
                    change.seconds = Some(change.seconds.unwrap_or_default() + seconds);
                    // Of a replacement, the new one.
                    if !matches!(event, Event::Finished { action, .. } if action == "delete the old") {
                        change.id = Some(id.clone());
                    }
                }
                Event::Failed { failure, .. } => {
                    (change.result, change.failure) = (ChangeResult::Failed, Some(failure.clone()));
                }
                Event::Skipped { .. } if change.result == ChangeResult::Unknown => {
                    change.result = ChangeResult::Skipped;
                }
                _ => {}
            }
        }
        let finished = events.iter().filter(|event| matches!(event, Event::Finished { .. })).count();
        if change.result == ChangeResult::Unknown && finished >= steps {
            change.result = ChangeResult::Done;
        }
        change
    };
    record.start.intents.iter().map(summary).collect()
}
