//! Makes an environment what its spec says, and deletes it again.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::{Duration, Instant};

use billpay_engine::engine::{Engine, PlanOptions, Proposal};
use billpay_engine::plan::{Counts, Goal, Plan, Selection};
use billpay_engine::{ApplyOptions, Leftovers, Outcome, SkippedStep};
use billpay_model::address::Address;
use billpay_model::event::{Event, Observer};
use billpay_model::findings::Findings;
use billpay_state::journal::{JournalWriter, RunResult};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::{Approver, permit};
use crate::lock::{Facts, Hold, Interrupt, LastRun, check_reach, hold};
use crate::plan::{PlanReport, PlanSource, Target};
use crate::report::Report;
use crate::state::check_store;
use crate::{Error, Ports};

/// Time after which reads of AWS show what was made. EC2 and IAM are eventually consistent; within seconds, as a rule.
const READ_LAG: Duration = Duration::from_secs(10);
/// The same for an AWS on this machine.
const LOCAL_READ_LAG: Duration = Duration::from_secs(2);

/// Time for which a question may be open before what is there is read again.
const LONG_QUESTION: Duration = Duration::from_secs(5);

/// Request to make an environment what its spec says.
#[derive(Debug, Clone)]
pub struct ProvisionRequest {
    pub environment: String,
    pub source: PlanSource,
    pub run: RunOptions,
}

/// Request to delete everything that belongs to an environment.
#[derive(Debug, Clone)]
pub struct DestroyRequest {
    pub environment: String,
    pub selection: Selection,
    /// Ids to keep where several resources carry the tags of one address.
    pub keep: BTreeSet<String>,
    pub run: RunOptions,
}

/// Options of applying a plan.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Most resources that are worked on at once.
    pub parallelism: usize,
    /// Time for which the lock of the environment is waited for.
    pub lock_timeout: Duration,
    pub interrupt: Interrupt,
}

/// Result of applying a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    pub environment: String,
    pub counts: Counts,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Resources that a destroy left; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leftovers: Option<Leftovers>,
    /// Address of the store of locks and journals, which a destroy leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Reason for which the run lost the lock of the environment, and stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_lost: Option<String>,
    /// Number of resources that were found, where there was nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<usize>,
}

impl Report for RunReport {
    const SCHEMA: &str = "billpay/run/v1";
}

impl RunReport {
    fn new(environment: String, counts: Counts, outcome: Outcome) -> RunReport {
        let (leftovers, store, lock_lost, resources) = (None, None, None, None);
        RunReport { environment, counts, outcome, leftovers, store, lock_lost, resources }
    }

    /// Returns whether everything was done, and nothing of the environment was left by a destroy.
    pub fn is_complete(&self) -> bool {
        self.outcome.is_complete()
            && self.lock_lost.is_none()
            && self.leftovers.as_ref().is_none_or(|left| left.ours.is_empty())
    }
}

/// A plan, and what came of it; no run where there was nothing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub plan: PlanReport,
    pub report: RunReport,
}

/// Makes an environment what its spec says, once `approver` agrees.
///
/// # Errors
/// Fails before the first change: if the plan has conflicts, or isn't approved, or for the reasons of
/// [`plan`](crate::plan::plan). What fails afterwards is in the report.
pub async fn provision(
    ports: &Ports,
    request: &ProvisionRequest,
    observer: &dyn Observer,
    approver: &dyn Approver,
) -> Result<Run, Error> {
    let ProvisionRequest { environment, source, run } = request;
    let target = Target::open(ports, environment, source, Goal::Converge, observer).await?;
    locked(ports, &target, "provision", run, observer, async |hold, last| {
        let proposal = propose(ports, &target, last, observer).await?;
        check_store(target.engine.environment(), &proposal.snapshot, hold.facts())?;
        carry_out(target.engine.as_ref(), &proposal, run, hold, observer, approver).await
    })
    .await
}

/// Deletes everything that belongs to an environment, once `approver` agrees, and looks for what is left.
///
/// # Errors
/// Fails as [`provision`] does; also, with the run, if the cloud can't be read afterwards.
pub async fn destroy(
    ports: &Ports,
    request: &DestroyRequest,
    observer: &dyn Observer,
    approver: &dyn Approver,
) -> Result<Run, Error> {
    let DestroyRequest { environment, selection, keep, run } = request;
    let source = PlanSource::Spec { selection: selection.clone(), keep: keep.clone() };
    let target = Target::open(ports, environment, &source, Goal::Destroy, observer).await?;
    let engine = target.engine.as_ref();
    locked(ports, &target, "destroy", run, observer, async |hold, _| {
        let proposal = target.propose(ports, observer).await?;
        check_store(engine.environment(), &proposal.snapshot, hold.facts())?;
        let mut done = carry_out(engine, &proposal, run, hold, observer, approver).await?;
        let is_done = done.report.outcome.is_complete() && done.report.lock_lost.is_none();
        if done.report.resources.is_none() && is_done {
            let look = leftovers(engine, &proposal, read_lag(ports));
            match observer.wait("looking for what is left", look).await {
                Ok(left) => {
                    done.report.leftovers = Some(left);
                    done.report.store = hold.shared_store();
                }
                Err(error) => return Err(Error::Leftovers { run: Box::new(done), error }),
            }
        }
        Ok(done)
    })
    .await
}

/// Works on an environment while this run has its lock.
async fn locked(
    ports: &Ports,
    target: &Target,
    command: &str,
    run: &RunOptions,
    observer: &dyn Observer,
    work: impl AsyncFnOnce(&Hold, Option<LastRun>) -> Result<Run, Error>,
) -> Result<Run, Error> {
    let RunOptions { lock_timeout, interrupt, .. } = run;
    let engine = target.engine.as_ref();
    let facts = Facts::open(ports, engine.environment()).await?;
    check_reach(ports, &facts, engine.environment(), observer)?;
    let hold = hold(facts, engine, command, (*lock_timeout, interrupt), observer).await?;
    let last = hold.last_run(observer).await;
    let done = work(&hold, last).await;
    hold.release(observer).await;
    done
}

/// Returns the time after which reads show what was done.
fn read_lag(ports: &Ports) -> Duration {
    if ports.connector.is_on_this_machine() { LOCAL_READ_LAG } else { READ_LAG }
}

/// Looks for what a destroy left; once more, where reads may show still what is gone.
async fn leftovers(
    engine: &dyn Engine,
    destroyed: &Proposal,
    lag: Duration,
) -> Result<Leftovers, billpay_engine::Error> {
    let left = engine.leftovers(destroyed).await?;
    if left.ours.is_empty() {
        return Ok(left);
    }
    tokio::time::sleep(lag).await;
    engine.leftovers(destroyed).await
}

/// Plans what has to be made, once reads show what the last run made: an empty list is no proof right after that.
async fn propose(
    ports: &Ports,
    target: &Target,
    last: Option<LastRun>,
    observer: &dyn Observer,
) -> Result<Proposal, Error> {
    let proposal = target.propose(ports, observer).await?;
    let wait = last.map_or(Duration::ZERO, |last| last.time_to_show(&proposal.plan, read_lag(ports)));
    if wait.is_zero() {
        return Ok(proposal);
    }
    observer.wait("waiting until AWS shows what the last run made", tokio::time::sleep(wait)).await;
    target.propose(ports, observer).await
}

/// Asks, and applies a plan.
async fn carry_out(
    engine: &dyn Engine,
    proposal: &Proposal,
    run: &RunOptions,
    hold: &Hold,
    observer: &dyn Observer,
    approver: &dyn Approver,
) -> Result<Run, Error> {
    let env = engine.environment();
    let plan = PlanReport::new(env, proposal);
    if !plan.plan.conflicts.is_empty() {
        return Err(Error::Conflicts(Box::new(plan)));
    }
    let (environment, counts) = (env.environment.clone(), plan.counts);
    if plan.plan.is_empty() {
        let resources = Some(proposal.snapshot.resources.len());
        let outcome = Outcome::default();
        let report = RunReport { resources, ..RunReport::new(environment, counts, outcome) };
        return Ok(Run { plan, report });
    }
    hold.check()?;
    if let Some(note) = early_end(engine.credentials_end(), engine.usual_time(proposal)?, Timestamp::now()) {
        observer.note(note);
    }
    let asked = Instant::now();
    let permit = permit(env, &plan, approver)?;
    hold.check()?;
    if asked.elapsed() > LONG_QUESTION {
        recheck(engine, proposal, hold, observer).await?;
    }
    run.interrupt.set_applying(true);
    let journal = hold.begin(engine, &proposal.plan).await?;
    let stop = run.interrupt.stop.child_token();
    let options = ApplyOptions::new(run.parallelism, stop.clone(), hold.guard());
    let options = ApplyOptions { permit, store: hold.shared_store(), ..options };
    let outcome = {
        let recorder = Recorder { observer, journal: &journal };
        let mut applied = pin!(engine.apply(proposal, &options, &recorder));
        tokio::select! {
            outcome = &mut applied => outcome,
            () = hold.lost().cancelled_owned() => {
                let why = hold.loss().unwrap_or_default();
                observer.observe(Event::Warning { message: format!("the lock of {environment} was lost: {why}") });
                stop.cancel();
                applied.await
            }
        }
    };
    run.interrupt.set_applying(false);
    let lock_lost = hold.loss();
    let result = match &outcome {
        _ if lock_lost.is_some() => RunResult::LockLost,
        Ok(outcome) if outcome.is_complete() => RunResult::Done,
        Ok(outcome) if outcome.interrupted => RunResult::Interrupted,
        _ => RunResult::Failed,
    };
    if let Err(failure) = journal.end(result).await {
        observer.note(format!("the journal of this run is not complete: {failure}"));
    }
    let mut outcome = outcome?;
    outcome.skipped = once(&outcome);
    let report = RunReport { lock_lost, ..RunReport::new(environment, counts, outcome) };
    Ok(Run { plan, report })
}

/// Makes sure that the plan is still the one for what is there, and that nobody with another store has begun to work.
async fn recheck(
    engine: &dyn Engine,
    proposal: &Proposal,
    hold: &Hold,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let Plan { goal, selection, .. } = &proposal.plan;
    let (selection, keep, open) = (selection.clone(), proposal.keep.clone(), proposal.open.clone());
    let options = PlanOptions { goal: *goal, selection, keep, open };
    let now = observer.wait("reading what is there", engine.plan(&options)).await?;
    check_store(engine.environment(), &now.snapshot, hold.facts())?;
    let differs = proposal.plan.differs_from(&now.plan);
    if differs.is_empty() { Ok(()) } else { Err(Error::Outdated(differs)) }
}

/// Returns a note that credentials end before a run that begins `now` and takes its `usual` time.
fn early_end(end: Option<Timestamp>, usual: Duration, now: Timestamp) -> Option<String> {
    let end = end.filter(|end| *end < now + usual)?;
    let minutes = |seconds: i64| (seconds + 59) / 60;
    let (left, needed) =
        (end.as_second() - now.as_second(), i64::try_from(usual.as_secs()).unwrap_or(i64::MAX));
    Some(format!(
        "your credentials end at {end:.0}, in {} min, and this usually takes {} min: what isn't done by then is left to the \
         next run; new ones avoid that",
        minutes(left.max(0)),
        minutes(needed)
    ))
}

/// Passes events on, and steps that end into the journal, too.
struct Recorder<'a> {
    observer: &'a dyn Observer,
    journal: &'a JournalWriter,
}

impl Observer for Recorder<'_> {
    fn observe(&self, event: Event) {
        self.journal.note(&event);
        self.observer.observe(event);
    }

    fn warn(&self, findings: &Findings) {
        self.observer.warn(findings);
    }
}

/// Returns what was skipped, each resource once: both halves of a replacement are one resource, and one that failed
/// is listed as that.
fn once(outcome: &Outcome) -> Vec<SkippedStep> {
    let mut seen: BTreeSet<&Address> = outcome.failed.iter().map(|step| &step.address).collect();
    outcome.skipped.iter().filter(|step| seen.insert(&step.address)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_end_too_early_are_told() {
        let now: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        let in_minutes = |minutes: i64| now + jiff::SignedDuration::from_mins(minutes);
        let told = |minutes| early_end(Some(in_minutes(minutes)), Duration::from_secs(20 * 60), now);
        assert_eq!((told(21), early_end(None, Duration::MAX, now)), (None, None));
        assert!(told(10).unwrap().contains("in 10 min, and this usually takes 20 min"));
        assert!(told(-5).unwrap().contains("in 0 min"));
    }

    #[test]
    fn each_resource_is_listed_once() {
        let [vpc, group, subnet] = ["network/vpc", "eks/node-group.x", "network/subnet.a"]
            .map(|text| text.parse::<Address>().unwrap());
        let skip = |address: &Address, because: &Address| SkippedStep {
            address: address.clone(),
            because: because.clone(),
        };
        let failure =
            billpay_model::failure::Failure::new(billpay_model::failure::FailureClass::Other, "x", "y");
        let outcome = Outcome {
            failed: vec![billpay_engine::FailedStep { address: vpc.clone(), failure }],
            skipped: vec![skip(&group, &vpc), skip(&group, &vpc), skip(&subnet, &vpc), skip(&vpc, &subnet)],
            ..Outcome::default()
        };
        assert_eq!(once(&outcome), [skip(&group, &vpc), skip(&subnet, &vpc)]);
    }
}
