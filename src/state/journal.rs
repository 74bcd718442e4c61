//! The journal: what each run was to do, what came of it, and how it ended.
//!
//! `RUN/start` is written before the first call of a run, `RUN/steps-000001` and so on while it works, `RUN/end` in the end.
//! A run without an end was cut short, or works still.

use std::sync::Arc;
use std::time::Duration;

use billpay_model::event::Event;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::store::{CreateResult, ObjectStore};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinHandle};

use crate::lock::has_control;

/// Version of the objects; those of another version are not read.
const SCHEMA: &str = "billpay/state/run/v1";
/// Time for which steps are gathered before they are written.
const BATCH_TIME: Duration = Duration::from_secs(2);
/// Maximum attempts to write steps after a run has ended.
const MAX_ATTEMPTS: u32 = 3;
/// Runs that are kept.
const KEPT_RUNS: usize = 200;

/// Start of a run: who works, and what is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStart {
    pub schema: String,
    /// Name of the run; names sort by time.
    pub run: String,
    /// Number of the claim by which the run had the lock.
    pub claim: u32,
    /// Id that the create calls of the run carry.
    pub attempts: String,
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
    pub at: Timestamp,
    pub intents: Vec<Intent>,
}

/// A change that a run was to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub address: String,
    /// Action of the plan: `create`.
    pub action: String,
    /// Id of the resource, where it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Steps of a run, as they ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Batch {
    schema: String,
    steps: Vec<Step>,
}

/// A step of a run that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// End of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    pub schema: String,
    pub at: Timestamp,
    pub result: RunResult,
}

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Everything that was planned was done.
    Done,
    /// Something failed.
    Failed,
    /// A person or a system stopped it.
    Interrupted,
    /// It lost the lock of the environment.
    LockLost,
    /// It left no end; the next run wrote this one.
    CutShort,
}

/// A run as the journal has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    pub start: RunStart,
    pub steps: Vec<Step>,
    /// None if it was cut short, or works still.
    pub end: Option<RunEnd>,
}

/// The journal of one environment.
#[derive(Clone)]
pub struct Journal {
    objects: Arc<dyn ObjectStore>,
    /// Beginning of its keys, without the slash.
    prefix: String,
}

/// A run that is being written.
pub struct JournalWriter {
    journal: Journal,
    run: String,
    steps: UnboundedSender<Step>,
    writing: JoinHandle<Result<(), Failure>>,
}

impl Journal {
    pub fn new(objects: Arc<dyn ObjectStore>, prefix: impl Into<String>) -> Journal {
        Journal { objects, prefix: prefix.into() }
    }

    /// Writes the start of a run, which comes before its first call.
    ///
    /// # Errors
    /// Fails if the store can't be written.
    pub async fn begin(&self, mut start: RunStart) -> Result<JournalWriter, Failure> {
        start.schema = SCHEMA.to_string();
        let run = start.run.clone();
        self.create(&run, "start", &start).await?;
        let (steps, received) = unbounded_channel();
        let writing = tokio::spawn(self.clone().write_steps(run.clone(), received));
        Ok(JournalWriter { journal: self.clone(), run, steps, writing })
    }

    /// Lists the names of the runs, the newest first.
    ///
    /// # Errors
    /// Fails if the store can't be read.
    pub async fn runs(&self) -> Result<Vec<String>, Failure> {
        let prefix = format!("{}/", self.prefix);
        let keys = self.objects.list(&prefix).await?;
        let starts = keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix("/start"));
        let mut runs: Vec<String> = starts.map(str::to_string).collect();
        runs.reverse();
        Ok(runs)
    }

    /// Reads a run; none if there is none of this name, or a part of it is damaged or of another version.
    ///
    /// # Errors
    /// Fails if the store can't be read.
    pub async fn read(&self, run: &str) -> Result<Option<RunRecord>, Failure> {
        let Stored::Object(start) = self.object::<RunStart>(run, "start").await? else { return Ok(None) };
        let mut steps = vec![];
        for number in 1.. {
            match self.object::<Batch>(run, &format!("steps-{number:06}")).await? {
                Stored::Object(batch) => steps.extend(batch.steps),
                Stored::Nothing => break,
                Stored::Unreadable => return Ok(None),
            }
        }
        let end = match self.object(run, "end").await? {
            Stored::Object(end) => Some(end),
            Stored::Nothing => None,
            Stored::Unreadable => return Ok(None),
        };
        Ok(Some(RunRecord { start, steps, end }))
    }

    /// Writes the end of a run that left none.
    ///
    /// # Errors
    /// Fails if the store can't be written.
    pub async fn close(&self, run: &str) -> Result<(), Failure> {
        self.write_end(run, RunResult::CutShort).await
    }

    async fn write_end(&self, run: &str, result: RunResult) -> Result<(), Failure> {
        let end = RunEnd { schema: SCHEMA.to_string(), at: Timestamp::now(), result };
        self.create(run, "end", &end).await.map(drop)
    }

    /// Deletes runs that are too old to be kept; what can't be deleted now is next time.
    async fn forget_old_runs(&self) {
        let Ok(runs) = self.runs().await else { return };
        for run in runs.iter().skip(KEPT_RUNS) {
            let Ok(keys) = self.objects.list(&format!("{}/{run}/", self.prefix)).await else { return };
            for key in keys {
                let _ = self.objects.delete(&key).await;
            }
        }
    }

    /// Writes steps as they come, several at once.
    async fn write_steps(self, run: String, mut received: UnboundedReceiver<Step>) -> Result<(), Failure> {
        for number in 1.. {
            let Some(first) = received.recv().await else { break };
            let mut steps = vec![first];
            let deadline = tokio::time::sleep(BATCH_TIME);
            tokio::pin!(deadline);
            loop {
                tokio::select! {
                    step = received.recv() => match step {
                        Some(step) => steps.push(step),
                        None => break,
                    },
                    () = &mut deadline => break,
                }
            }
            let (batch, name) = (Batch { schema: SCHEMA.to_string(), steps }, format!("steps-{number:06}"));
            let mut attempts = 1;
            while let Err(failure) = self.create(&run, &name, &batch).await {
                // While the run goes on, there is time.
                if received.is_closed() && attempts >= MAX_ATTEMPTS {
                    return Err(failure);
                }
                attempts += 1;
                tokio::time::sleep(BATCH_TIME).await;
            }
        }
        Ok(())
    }

    async fn create(&self, run: &str, name: &str, object: &impl Serialize) -> Result<CreateResult, Failure> {
        let body = serde_json::to_vec_pretty(object).unwrap_or_default();
        self.objects.create(&format!("{}/{run}/{name}", self.prefix), &body).await
    }

    async fn object<T: DeserializeOwned>(&self, run: &str, name: &str) -> Result<Stored<T>, Failure> {
        let body = match self.objects.read(&format!("{}/{run}/{name}", self.prefix)).await {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(Stored::Nothing),
            // Too large for a part of a run.
            Err(failure) if failure.class == FailureClass::Invalid => return Ok(Stored::Unreadable),
            Err(failure) => return Err(failure),
        };
        // What is in it is shown to people line by line.
        let is_readable = |value: &Value| value["schema"] == SCHEMA && !has_control(value);
        let value = serde_json::from_slice::<Value>(&body).ok().filter(is_readable);
        let object = value.and_then(|value| serde_json::from_value(value).ok());
        Ok(object.map_or(Stored::Unreadable, Stored::Object))
    }
}

/// Part of a run, as the store has it.
enum Stored<T> {
    Object(T),
    Nothing,
    /// Damaged, or of another version.
    Unreadable,
}

impl JournalWriter {
    /// Notes a step that ended; other events are not kept.
    pub fn note(&self, event: &Event) {
        if matches!(event, Event::Finished { .. } | Event::Failed { .. } | Event::Skipped { .. }) {
            // A writer that failed is told of in the end.
            let _ = self.steps.send(Step { at: Timestamp::now(), event: event.clone() });
        }
    }

    /// Writes what is left, and the end of the run.
    ///
    /// # Errors
    /// Fails if steps or the end could not be written.
    pub async fn end(self, result: RunResult) -> Result<(), Failure> {
        let JournalWriter { journal, run, steps, writing } = self;
        drop(steps);
        let lost = |error: JoinError| Failure::new(FailureClass::Other, "state:Create", error.to_string());
        let written = writing.await.unwrap_or_else(|error| Err(lost(error)));
        journal.write_end(&run, result).await?;
        journal.forget_old_runs().await;
        written
    }
}

/// Returns the name of a run that begins now: `20261201T031204Z-1a2b3c4d`.
pub fn run_name(at: Timestamp, attempts: &str) -> String {
    let time = at.strftime("%Y%m%dT%H%M%SZ");
    let short: String = attempts.chars().take(8).collect();
    format!("{time}-{short}")
}
