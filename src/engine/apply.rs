//! Applying a plan: walks its graph and does exactly what it says, or stops.
//!
//! Work on a resource begins as soon as what it needs is there, not level by level; of
//! what could begin, the longest path goes first. A failure stops only what depends on
//! it. Nothing is decided here: that was the plan's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use billpay_model::address::Address;
use billpay_model::event::{Event, Observer};
use billpay_model::failure::Failure;
use billpay_model::resource::{Outputs, Owner};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::step::{StepResult, StepRun};
use crate::cloud::Cloud;
use crate::engine::Proposal;
use crate::guard::Guard;
use crate::permit::{Permit, Protection};
use crate::plan::{Action, Plan, Schedule, Snapshot, Work};

/// Options of [`apply`].
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// Most resources that are worked on at once.
    pub parallelism: usize,
    /// Cancelled when no new work is to begin.
    pub stop: CancellationToken,
    /// Permission of a person; without it nothing of a protected environment is deleted.
    pub permit: Option<Permit>,
    pub guard: Arc<dyn Guard>,
    /// Address of the shared store in which the lock of the environment is.
    pub store: Option<String>,
}

impl ApplyOptions {
    /// Makes options for a run without a permit.
    pub fn new(parallelism: usize, stop: CancellationToken, guard: Arc<dyn Guard>) -> ApplyOptions {
        ApplyOptions { parallelism, stop, permit: None, guard, store: None }
    }
}

/// Result of applying a plan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    pub done: Vec<Address>,
    pub failed: Vec<FailedStep>,
    pub skipped: Vec<SkippedStep>,
    /// Not begun, or left waiting, because the run was interrupted.
    pub left: Vec<Address>,
    pub interrupted: bool,
    pub seconds: f64,
    /// The longest chain of work, with the times that it really took, seconds.
    pub critical_path_seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailedStep {
    pub address: Address,
    pub failure: Failure,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedStep {
    pub address: Address,
    /// Address of the failed resource that this one needs.
    pub because: Address,
}

impl Outcome {
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.left.is_empty()
    }
}

/// Applies a plan.
///
/// Everything after the first change is in the outcome, not an error: a run that did half the work has done
/// half the work.
///
/// # Errors
/// Fails before the first change if the plan has conflicts, needs a permit that isn't given, or has steps that
/// wait for one another in a circle.
pub async fn apply(
    cloud: &dyn Cloud,
    proposal: &Proposal,
    options: &ApplyOptions,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let Proposal { plan, snapshot, .. } = proposal;
    if !plan.conflicts.is_empty() {
        return Err(Error::Conflicts(plan.conflicts.clone()));
    }
    let env = cloud.environment();
    let protection = Protection::of(env, snapshot);
    let permit = Permit::unprotected(&protection).or(options.permit.clone());
    if permit.is_none() {
        let changes: BTreeSet<Address> = plan.protected_changes().into_iter().cloned().collect();
        if !changes.is_empty() {
            let environment = env.environment.clone();
            return Err(Error::Protected { environment, protection, changes });
        }
    }
    let schedule = Schedule::of(plan, snapshot, cloud.kinds())?;
    cloud.guard(options.guard.clone());
    cloud.set_store(options.store.clone());
    let options = ApplyOptions { permit, ..options.clone() };
    observer.observe(Event::Applying { of: schedule.steps.len(), usual_seconds: schedule.critical_path() });
    let outcome = Walk::new(cloud, proposal, &schedule, &options, observer).run().await;
    observer.observe(Event::Ended);
    Ok(outcome)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
    Left,
}

struct Walk<'a> {
    cloud: &'a dyn Cloud,
    plan: &'a Plan,
    schedule: &'a Schedule,
    options: &'a ApplyOptions,
    snapshot: &'a Snapshot,
    observer: &'a dyn Observer,
    states: Vec<State>,
    /// Number of steps that each one still waits for.
    missing: Vec<usize>,
    /// The steps that wait for each one.
    behind: Vec<Vec<usize>>,
    ready: BinaryHeap<(u32, Reverse<usize>)>,
    outputs: BTreeMap<Address, Outputs>,
    outcome: Outcome,
    /// End of the longest chain up to and including each step, had nothing else held it up.
    chain: Vec<Duration>,
    began: Vec<Option<Instant>>,
}

impl<'a> Walk<'a> {
    fn new(
        cloud: &'a dyn Cloud,
        proposal: &'a Proposal,
        schedule: &'a Schedule,
        options: &'a ApplyOptions,
        observer: &'a dyn Observer,
    ) -> Walk<'a> {
        let Proposal { plan, snapshot, .. } = proposal;
        let count = schedule.steps.len();
        let mut behind = vec![vec![]; count];
        for (index, step) in schedule.steps.iter().enumerate() {
            step.after.iter().for_each(|&before| behind[before].push(index));
        }
        let missing: Vec<usize> = schedule.steps.iter().map(|step| step.after.len()).collect();
        let ready = (0..count).filter(|&index| missing[index] == 0);
        Walk {
            ready: ready.map(|index| (schedule.steps[index].remaining, Reverse(index))).collect(),
            outputs: plan.known_outputs(snapshot),
            states: vec![State::Waiting; count],
            chain: vec![Duration::ZERO; count],
            began: vec![None; count],
            outcome: Outcome::default(),
            cloud,
            plan,
            schedule,
            options,
            snapshot,
            observer,
            missing,
            behind,
        }
    }

    async fn run(mut self) -> Outcome {
        let begun = Instant::now();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.options.parallelism.max(1) && !self.options.stop.is_cancelled() {
                let Some((_, Reverse(index))) = self.ready.pop() else { break };
                if self.states[index] == State::Waiting {
                    running.push(self.start(index));
                }
            }
            if running.is_empty() {
                break;
            }
            tokio::select! {
                Some((index, ended, took)) = running.next() => {
                    self.end(index, ended, took);
                    self.report_progress();
                }
                () = self.options.stop.cancelled(), if !self.outcome.interrupted => self.stopping(running.len()),
            }
        }
        if self.options.stop.is_cancelled() && !self.outcome.interrupted {
            self.stopping(0);
        }
        for index in 0..self.states.len() {
            if matches!(self.states[index], State::Waiting | State::Left) {
                // A replacement has two steps and is one resource.
                let address = self.address(index);
                if !self.outcome.left.contains(address) {
                    self.outcome.left.push(address.clone());
                }
            }
        }
        let longest = self.chain.iter().max().copied().unwrap_or_default();
        self.outcome.critical_path_seconds = longest.as_secs_f64();
        self.outcome.seconds = begun.elapsed().as_secs_f64();
        self.outcome
    }

    /// Notes that the run was stopped, and says so.
    fn stopping(&mut self, running: usize) {
        self.outcome.interrupted = true;
        let waiting = self.states.iter().filter(|state| **state == State::Waiting).count();
        self.observer.observe(Event::Stopping { running, waiting });
    }

    fn address(&self, index: usize) -> &'a Address {
        &self.plan.changes[self.schedule.steps[index].change].address
    }

    /// Begins a step; everything it needs is cloned or borrowed from the plan, so that
    /// steps don't share state.
    fn start(&mut self, index: usize) -> impl Future<Output = (usize, StepResult, Duration)> + 'a {
        self.states[index] = State::Running;
        self.began[index] = Some(Instant::now());
        let step = &self.schedule.steps[index];
        let change = &self.plan.changes[step.change];
        self.observer.observe(Event::Started {
            address: change.address.clone(),
            action: verb(step.work, change.action).to_string(),
            usual_seconds: step.usual,
            waiting_behind: self.count_behind(index),
        });
        let run = StepRun {
            cloud: self.cloud,
            change,
            work: step.work,
            goal: self.plan.goal,
            usual: step.usual,
            permit: self.options.permit.clone(),
            guard: self.options.guard.as_ref(),
            others: self.others(&change.address),
            outputs: self.outputs.clone(),
            stop: self.options.stop.clone(),
            observer: self.observer,
        };
        async move {
            let begun = Instant::now();
            let ended = run.run().await;
            (index, ended, begun.elapsed())
        }
    }

    /// The ids at an address that a create must not take for its own: those known not to be ours,
    /// and those that the plan deletes.
    fn others(&self, address: &Address) -> BTreeSet<String> {
        let found = self.snapshot.resources.iter();
        let others = found.filter(|one| one.address == *address && one.owner != Owner::Ours);
        let leaving = self.plan.changes.iter();
        let leaving = leaving.filter(|one| one.address == *address && one.action == Action::Delete);
        others
            .map(|one| one.id.clone())
            .chain(leaving.filter_map(|one| one.id().map(str::to_string)))
            .collect()
    }

    fn end(&mut self, index: usize, ended: StepResult, took: Duration) {
        let step = &self.schedule.steps[index];
        let change = &self.plan.changes[step.change];
        let (address, action) = (change.address.clone(), verb(step.work, change.action).to_string());
        let before = step.after.iter().map(|&before| self.chain[before]).max().unwrap_or_default();
        self.chain[index] = before + took;
        match ended {
            StepResult::Done { id, outputs } => {
                self.states[index] = State::Done;
                if let Some(outputs) = outputs {
                    self.outputs.insert(address.clone(), outputs);
                }
                let seconds = took.as_secs_f64();
                self.observer.observe(Event::Finished { address: address.clone(), action, id, seconds });
                self.outcome.done.push(address);
                for next in self.behind[index].clone() {
                    self.missing[next] -= 1;
                    if self.missing[next] == 0 {
                        self.ready.push((self.schedule.steps[next].remaining, Reverse(next)));
                    }
                }
            }
            StepResult::Failed(failure) => {
                self.states[index] = State::Failed;
                let seconds = took.as_secs_f64();
                let event =
                    Event::Failed { address: address.clone(), action, failure: failure.clone(), seconds };
                self.observer.observe(event);
                self.skip_behind(index, &address);
                self.outcome.failed.push(FailedStep { address, failure });
            }
            StepResult::Left => self.states[index] = State::Left,
        }
    }

    /// Gives up on everything that needs a failed step.
    fn skip_behind(&mut self, index: usize, because: &Address) {
        for next in self.behind[index].clone() {
            if self.states[next] != State::Waiting {
                continue;
            }
            self.states[next] = State::Skipped;
            let step = &self.schedule.steps[next];
            let change = &self.plan.changes[step.change];
            let (address, action) = (change.address.clone(), verb(step.work, change.action).to_string());
            // The other half of a failed replacement is no news.
            if address != *because {
                let event = Event::Skipped { address: address.clone(), action, because: because.clone() };
                self.observer.observe(event);
                self.outcome.skipped.push(SkippedStep { address, because: because.clone() });
            }
            self.skip_behind(next, because);
        }
    }

    /// Reports how much is done, and how long the longest path through the rest usually takes.
    fn report_progress(&self) {
        let steps = self.schedule.steps.iter().zip(&self.states).zip(&self.began);
        let remaining = steps.filter_map(|((step, state), began)| match state {
            State::Waiting => Some(step.remaining),
            State::Running => {
                let worked = began.map_or(0, |began| began.elapsed().as_secs().min(step.usual.into()));
                Some(step.remaining - worked as u32)
            }
            State::Done | State::Failed | State::Skipped | State::Left => None,
        });
        let remaining_seconds = remaining.max().unwrap_or_default();
        let is_over = |state: &&State| matches!(state, State::Done | State::Failed | State::Skipped);
        let done = self.states.iter().filter(is_over).count();
        self.observer.observe(Event::Progress { done, of: self.states.len(), remaining_seconds });
    }

    fn count_behind(&self, index: usize) -> usize {
        let mut seen = vec![false; self.states.len()];
        let mut open = self.behind[index].clone();
        let mut count = 0;
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut seen[next], true) {
                count += 1;
                open.extend(&self.behind[next]);
            }
        }
        count
    }
}

/// Returns the work of a step, as people read it.
fn verb(work: Work, action: Action) -> &'static str {
    match (work, action) {
        (Work::Create, Action::Replace) => "replace",
        (Work::Create, _) => "create",
        (Work::Update, _) => "update",
        (Work::Release, _) => "release",
        (Work::Delete, Action::Replace) => "delete the old",
        (Work::Delete, _) => "delete",
    }
}
