//! One step of a plan, with everything that AWS does to it on the way: calls that are
//! throttled, answers that are lost, reads that lag, work that takes minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use billpay_model::address::Address;
use billpay_model::event::{Event, Observer};
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::resource::{
    Desired, Evidence, Observed, Outputs, Owner, Status, collect_links, resolve_from,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::cloud::{Cloud, Create, Progress};
use crate::guard::Guard;
use crate::permit::Permit;
use crate::plan::{Change, Goal, Reason, Work, differences};

/// Result of a step.
pub enum StepResult {
    /// The resource is as wanted (its outputs are new), or gone.
    Done {
        id: String,
        outputs: Option<Outputs>,
    },
    Failed(Failure),
    /// The run was stopped while AWS was still at it; the next run goes on from there.
    Left,
}

/// Reason for which a step was not done.
enum StepError {
    Failure(Failure),
    Stopped,
}

impl From<Failure> for StepError {
    fn from(failure: Failure) -> StepError {
        StepError::Failure(failure)
    }
}

/// Longest time that one kind of passing trouble is borne before the step fails. A fresh
/// IAM role takes up to a minute to be usable, network interfaces of a deleted load
/// balancer up to some minutes to go.
const PATIENCE: Duration = Duration::from_secs(300);
/// Looks after which something counts as not made: reads lag behind writes.
const LOOKS: u32 = 3;
/// Updates of a resource that does not become as desired.
const ROUNDS: u32 = 12;

pub struct StepRun<'a> {
    pub cloud: &'a dyn Cloud,
    pub change: &'a Change,
    pub work: Work,
    /// Goal of the plan that the step belongs to.
    pub goal: Goal,
    /// Usual duration, seconds.
    pub usual: u32,
    /// The permission to delete, where there is one.
    pub permit: Option<Permit>,
    /// Asked before each call that changes something.
    pub guard: &'a dyn Guard,
    /// Ids at the address that a create must not take for its own.
    pub others: BTreeSet<String>,
    pub outputs: BTreeMap<Address, Outputs>,
    pub stop: CancellationToken,
    pub observer: &'a dyn Observer,
}

impl StepRun<'_> {
    pub async fn run(self) -> StepResult {
        let guard = self.guard;
        let ended = match self.work {
            Work::Create => self.create().await.map(made),
            Work::Update => self.update().await.map(made),
            Work::Release => {
                self.update().await.map(|found| StepResult::Done { id: found.id, outputs: None })
            }
            Work::Delete => self.delete().await.map(|id| StepResult::Done { id, outputs: None }),
        };
        match ended {
            // A call that was kept back is no failure.
            Err(_) if !guard.may_work() => StepResult::Left,
            Ok(ended) => ended,
            Err(StepError::Failure(failure)) => StepResult::Failed(failure),
            Err(StepError::Stopped) => StepResult::Left,
        }
    }

    async fn create(&self) -> Result<Observed, StepError> {
        let desired = self.desired()?;
        let replaced = self.change.observed.as_ref();
        let mut create =
            Create { generation: replaced.map_or(0, |old| old.generation + 1), spent: 0, desired };
        let mut trouble = Backoff::new();
        let mut is_doubtful = false;
        loop {
            self.check_guard()?;
            let failure = match self.cloud.create(&create).await {
                Ok(made) => {
                    let made = self.until_wanted(made, &create.desired).await?;
                    if is_doubtful {
                        self.delete_seconds(&made, &create.desired).await?;
                    }
                    return Ok(made);
                }
                Err(failure) => failure,
            };
            is_doubtful |= failure.class == FailureClass::Ambiguous;
            if !failure.may_pass() && failure.class != FailureClass::Exists {
                return Err(failure.into());
            }
            // Whatever went wrong, the resource may be there: look before making another.
            if let Some(found) = self.look(&create.desired, &failure).await? {
                let found = self.until_wanted(found, &create.desired).await?;
                self.write_id(&found, &create.desired).await?;
                if is_doubtful {
                    self.delete_seconds(&found, &create.desired).await?;
                }
                return Ok(found);
            }
            if failure.class == FailureClass::Exists && trouble.count >= LOOKS {
                return Err(failure.into());
            }
            // A client token that answers with something that is gone is spent.
            if matches!(failure.class, FailureClass::Lagging | FailureClass::Exists) && trouble.count >= LOOKS
            {
                create.spent += 1;
            }
            self.bear(&mut trouble, failure).await?;
        }
    }

    /// Looks for what a failed create may have made; refuses what is somebody else's.
    async fn look(&self, desired: &Desired, failure: &Failure) -> Result<Option<Observed>, StepError> {
        let looks = if failure.class == FailureClass::Ambiguous { LOOKS } else { 1 };
        for look in 0..looks {
            if look > 0 {
                self.pause(Duration::from_millis(400 << look)).await?;
            }
            let found = self.find(desired).await?;
            let candidates = found.into_iter().filter(|found| {
                !self.is_replaced(found, desired)
                    && !matches!(found.status, Status::Deleting | Status::Failed)
            });
            for found in candidates {
                match &found.owner {
                    Owner::Foreign { evidence } => {
                        let why = format!("{} is there already, and {evidence}", found.id);
                        return Err(Failure { message: why, ..failure.clone() }.into());
                    }
                    Owner::Ours if !self.others.contains(&found.id) => return Ok(Some(found)),
                    _ => {}
                }
            }
        }
        Ok(None)
    }

    /// Has the id written onto what a create call made before its answer was lost. Without it a
    /// later run can't tell the resource from a copy of its tags.
    async fn write_id(&self, found: &Observed, desired: &Desired) -> Result<(), StepError> {
        if found.evidence == Evidence::Unique {
            return Ok(());
        }
        let mut trouble = Backoff::new();
        loop {
            self.check_guard()?;
            match self.cloud.update(found, desired).await {
                Err(failure) if failure.may_pass() => self.bear(&mut trouble, failure).await?,
                Err(failure) => return Err(failure.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// Deletes what other create calls of this very step made, whose responses were lost.
    async fn delete_seconds(&self, made: &Observed, desired: &Desired) -> Result<(), StepError> {
        for second in self.find(desired).await?.into_iter().filter(|second| second.id != made.id) {
            let is_own = |attempt: &str| self.cloud.is_own_attempt(attempt);
            let Some(permit) = Permit::for_own_attempt(&second, is_own) else { continue };
            if self.others.contains(&second.id) || self.change.id() == Some(second.id.as_str()) {
                continue;
            }
            self.check_guard()?;
            match self.cloud.delete(&second, self.goal, &permit).await {
                Err(failure) if !failure.may_pass() => return Err(failure.into()),
                // What doesn't go now is in nobody's way; the next plan reports it.
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns true if the found resource is the one that is being replaced. Where AWS goes by names, the
    /// new one has the id of the old; then what can't be changed in place tells them apart.
    fn is_replaced(&self, found: &Observed, desired: &Desired) -> bool {
        let immutable = self.cloud.kinds()[found.address.kind()].immutable;
        self.change.id() == Some(found.id.as_str())
            && differences(&desired.attrs, &found.attrs, immutable).iter().any(|field| field.replaces)
    }

    async fn update(&self) -> Result<Observed, StepError> {
        let desired = self.desired()?;
        let Some(found) = self.change.observed.clone() else {
            return Err(
                Failure::new(FailureClass::Invalid, "billpay", "nothing was observed to update").into()
            );
        };
        if self.change.reason == Some(Reason::Kept) {
            self.write_id(&found, &desired).await?;
        }
        self.until_wanted(found, &desired).await
    }

    /// Waits until a resource is ready and changes it until it is what is wanted.
    async fn until_wanted(&self, mut found: Observed, desired: &Desired) -> Result<Observed, StepError> {
        let mut trouble = Backoff::new();
        for _ in 0..ROUNDS {
            if found.status != Status::Ready {
                found = self.until_ready(&found, desired).await?;
            }
            if differences(&desired.attrs, &found.attrs, &[]).is_empty() {
                return Ok(found);
            }
            self.check_guard()?;
            match self.cloud.update(&found, desired).await {
                Ok(Progress::Done) => return Ok(found),
                Ok(Progress::Underway) => found = self.until_ready(&found, desired).await?,
                Err(failure) if failure.may_pass() => {
                    self.bear(&mut trouble, failure).await?;
                    found = self.find_again(&found, desired).await?.unwrap_or(found);
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        let left = differences(&desired.attrs, &found.attrs, &[]);
        let fields: Vec<&str> = left.iter().map(|field| field.path.as_str()).collect();
        let why = format!("AWS took every change and still shows {} as it was", fields.join(", "));
        Err(Failure::new(FailureClass::Other, "billpay", why).into())
    }

    async fn until_ready(&self, found: &Observed, desired: &Desired) -> Result<Observed, StepError> {
        let mut wait = Poll::new(self.usual);
        let mut unseen = 0;
        loop {
            self.pause(wait.next_delay()).await?;
            match self.find_again(found, desired).await? {
                Some(found) if found.status == Status::Ready => return Ok(found),
                Some(found) if found.status == Status::Failed => {
                    let why = format!("{} is in a failed state; the next run replaces it", found.id);
                    return Err(Failure::new(FailureClass::Other, "AWS", why).into());
                }
                Some(_) => unseen = 0,
                // Reads lag behind writes: not seen is not gone, for a while.
                None => unseen += 1,
            }
            if unseen > 10 {
                let why = format!("{} was made and then not found again", found.id);
                return Err(Failure::new(FailureClass::NotFound, "AWS", why).into());
            }
            wait.check(&found.id, "ready")?;
        }
    }

    async fn delete(&self) -> Result<String, StepError> {
        let Some(found) = &self.change.observed else {
            return Err(
                Failure::new(FailureClass::Invalid, "billpay", "nothing was observed to delete").into()
            );
        };
        let permit = self.permit.clone().or_else(|| Permit::for_duplicate(found));
        let Some(permit) = permit else {
            let why = format!(
                "{} is protected, and nobody has confirmed that {} goes",
                self.cloud.environment().environment,
                found.id
            );
            return Err(Failure::new(FailureClass::Invalid, "billpay", why).into());
        };
        let known = Desired { address: found.address.clone(), attrs: found.attrs.clone(), after: [].into() };
        let mut trouble = Backoff::new();
        let mut wait = Poll::new(self.usual);
        let mut begin = found.status != Status::Deleting;
        loop {
            if begin {
                self.check_guard()?;
                match self.cloud.delete(found, self.goal, &permit).await {
                    Ok(Progress::Done) => return Ok(found.id.clone()),
                    Ok(Progress::Underway) => begin = false,
                    Err(failure) if failure.may_pass() => self.bear(&mut trouble, failure).await?,
                    Err(failure) => return Err(failure.into()),
                }
                continue;
            }
            self.pause(wait.next_delay()).await?;
            match self.find_again(found, &known).await? {
                None => return Ok(found.id.clone()),
                Some(found) if found.status == Status::Failed => {
                    let why = format!("{} could not be deleted and is in a failed state", found.id);
                    return Err(Failure::new(FailureClass::Other, "AWS", why).into());
                }
                Some(now) => {
                    begin = now.status == Status::Ready;
                    wait.check(&found.id, "gone")?;
                }
            }
        }
    }

    /// The same resource as it is now.
    async fn find_again(&self, found: &Observed, desired: &Desired) -> Result<Option<Observed>, StepError> {
        Ok(self.find(desired).await?.into_iter().find(|other| other.id == found.id))
    }

    /// All that is there at the address. Passing trouble counts as not having looked.
    async fn find(&self, desired: &Desired) -> Result<Vec<Observed>, StepError> {
        let mut trouble = Backoff::new();
        loop {
            match self.cloud.find(desired).await {
                Ok(found) => return Ok(found),
                Err(failure) if failure.may_pass() => self.bear(&mut trouble, failure).await?,
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Returns the desired resource, with every reference resolved.
    fn desired(&self) -> Result<Desired, Failure> {
        let Some(desired) = &self.change.desired else {
            return Err(Failure::new(
                FailureClass::Invalid,
                "billpay",
                "the plan does not say what is wanted",
            ));
        };
        let attrs = resolve_from(&desired.attrs, &self.outputs);
        let mut unknown = Default::default();
        collect_links(&attrs, &mut unknown);
        match unknown.first() {
            None => Ok(Desired { attrs, ..desired.clone() }),
            Some(address) => {
                let why = format!("{address} is not there, or does not say what is needed of it");
                Err(Failure::new(FailureClass::Invalid, "billpay", why))
            }
        }
    }

    /// Waits out passing trouble, up to a limit.
    async fn bear(&self, trouble: &mut Backoff, failure: Failure) -> Result<(), StepError> {
        if trouble.since.elapsed() > PATIENCE {
            return Err(failure.into());
        }
        if trouble.count > 0 {
            let (address, why) = (self.change.address.clone(), failure.to_string());
            self.observer.observe(Event::Retrying { address, why });
        }
        let delay = trouble.next_delay();
        self.pause(delay).await
    }

    /// Stops the step if the run may change nothing any more.
    fn check_guard(&self) -> Result<(), StepError> {
        if self.guard.may_work() { Ok(()) } else { Err(StepError::Stopped) }
    }

    /// Sleeps, unless the run is stopped.
    async fn pause(&self, delay: Duration) -> Result<(), StepError> {
        tokio::select! {
            () = sleep(delay) => Ok(()),
            () = self.stop.cancelled() => Err(StepError::Stopped),
        }
    }
}

fn made(found: Observed) -> StepResult {
    StepResult::Done { id: found.id, outputs: Some(found.outputs) }
}

/// Repeated failures of one call: waits grow, with jitter so that calls don't meet again.
struct Backoff {
    count: u32,
    since: Instant,
}

impl Backoff {
    fn new() -> Backoff {
        Backoff { count: 0, since: Instant::now() }
    }

    fn next_delay(&mut self) -> Duration {
        let longest = Duration::from_millis(250 << self.count.min(6));
        self.count += 1;
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// Waiting for AWS to finish: often at first, every 15 s later.
struct Poll {
    begun: Instant,
    delay: Duration,
    limit: Duration,
}

impl Poll {
    fn new(usual: u32) -> Poll {
        let limit = Duration::from_secs(600) + 4 * Duration::from_secs(usual.into());
        Poll { begun: Instant::now(), delay: Duration::from_millis(250), limit }
    }

    fn next_delay(&mut self) -> Duration {
        let delay = self.delay;
        self.delay = (delay * 3 / 2).min(Duration::from_secs(15));
        delay
    }

    fn check(&self, id: &str, what: &str) -> Result<(), Failure> {
        if self.begun.elapsed() < self.limit {
            return Ok(());
        }
        let why =
            format!("{id} is not {what} after {} min; re-run to go on waiting", self.limit.as_secs() / 60);
        Err(Failure::new(FailureClass::Other, "AWS", why))
    }
}
