//! The order of a plan's work: a graph of steps without levels, the longest path first.

use std::collections::{BTreeMap, BTreeSet};

use super::super::address::Address;
use super::super::resource::{Desired, Observed, Owner};
use super::{Action, Change, Cycle, Kinds, Plan, Snapshot};

/// What one step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    Create,
    Update,
    /// Takes the environment's tags off something that a person did not keep.
    Release,
    Delete,
}

/// One piece of work on one resource. A replacement is two: a delete and a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Index of its change in the plan.
    pub change: usize,
    pub work: Work,
    /// Indices of the steps that must be done before.
    pub after: Vec<usize>,
    /// How long it usually takes, seconds.
    pub usual: u32,
    /// How long it and the longest chain of work behind it usually take, seconds.
    pub remaining: u32,
}

/// The steps of a plan; index is identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub steps: Vec<Step>,
}

impl Schedule {
    /// Orders the work of a plan. Fails when steps wait for one another in a circle.
    pub fn of(plan: &Plan, snapshot: &Snapshot, kinds: &Kinds) -> Result<Schedule, Cycle> {
        // What the spec says of needs that no attribute shows orders deletes better, but the
        // spec may have turned round since: then what is really there decides alone.
        Schedule::with(plan, snapshot, kinds, true).or_else(|_| Schedule::with(plan, snapshot, kinds, false))
    }

    fn with(plan: &Plan, snapshot: &Snapshot, kinds: &Kinds, heed_spec: bool) -> Result<Schedule, Cycle> {
        let mut builder = Builder {
            plan,
            kinds,
            heed_spec,
            created_first: created_first(plan, kinds),
            steps: vec![],
            made: BTreeMap::new(),
            gone: BTreeMap::new(),
        };
        builder.add_steps();
        builder.order_creates_and_updates();
        builder.order_deletes(snapshot);
        let mut steps = builder.steps;
        steps.iter_mut().for_each(|step| {
            step.after.sort_unstable();
            step.after.dedup();
        });
        weigh(&mut steps, plan)?;
        Ok(Schedule { steps })
    }

    /// How long the plan takes at best, seconds: its longest path.
    pub fn critical_path(&self) -> u32 {
        self.steps.iter().map(|step| step.remaining).max().unwrap_or(0)
    }
}

/// Whether `other` can't live without `base`.
pub fn stands_on(other: &Observed, base: &Observed, kinds: &Kinds) -> bool {
    let stands = kinds.get(other.address.kind()).map(|kind| kind.stands_on);
    stands.is_some_and(|on| on.contains(&base.address.kind())) && other.mentions(base)
}

/// The replacements whose new one is made before the old one goes.
///
/// That is for the kind to say, except where the old one stands on something that must
/// itself go before it can be made anew: then the old one goes first too.
fn created_first<'a>(plan: &'a Plan, kinds: &Kinds) -> BTreeSet<&'a Address> {
    let replaced = plan.changes.iter().filter(|change| change.action == Action::Replace);
    let replaced: Vec<(&Address, &Observed)> =
        replaced.filter_map(|change| Some((&change.address, change.observed.as_ref()?))).collect();
    let mut first: BTreeSet<&Address> = replaced
        .iter()
        .map(|(address, _)| *address)
        .filter(|address| kinds[address.kind()].create_first)
        .collect();
    loop {
        let torn = replaced.iter().find(|(address, observed)| {
            first.contains(address)
                && replaced.iter().any(|(base, old)| !first.contains(base) && stands_on(observed, old, kinds))
        });
        match torn {
            Some((address, _)) => first.remove(address),
            None => return first,
        };
    }
}

struct Builder<'a> {
    plan: &'a Plan,
    kinds: &'a Kinds,
    /// Whether needs that only the spec shows order deletes.
    heed_spec: bool,
    created_first: BTreeSet<&'a Address>,
    steps: Vec<Step>,
    /// The step that makes or changes what is at an address.
    made: BTreeMap<&'a Address, usize>,
    /// The step that deletes what has an id at an address.
    gone: BTreeMap<(&'a Address, &'a str), usize>,
}

impl<'a> Builder<'a> {
    fn add_steps(&mut self) {
        for (index, change) in self.plan.changes.iter().enumerate() {
            let create_first = self.created_first.contains(&change.address);
            match change.action {
                Action::NoOp => {}
                Action::Create => self.make(index, change, Work::Create),
                Action::Update if change.is_release() => self.push(index, change, Work::Release),
                Action::Update => self.make(index, change, Work::Update),
                Action::Delete => self.unmake(index, change),
                Action::Replace => {
                    self.unmake(index, change);
                    self.make(index, change, Work::Create);
                    let (delete, create) = (self.steps.len() - 2, self.steps.len() - 1);
                    let (first, second) = if create_first { (create, delete) } else { (delete, create) };
                    self.steps[second].after.push(first);
                }
            }
        }
    }

    fn make(&mut self, index: usize, change: &'a Change, work: Work) {
        self.made.insert(&change.address, self.steps.len());
        self.push(index, change, work);
    }

    fn unmake(&mut self, index: usize, change: &'a Change) {
        self.gone.insert((&change.address, change.id().unwrap_or_default()), self.steps.len());
        self.push(index, change, Work::Delete);
    }

    fn push(&mut self, change: usize, of: &Change, work: Work) {
        let usual = &self.kinds[of.address.kind()].usual;
        let usual = match work {
            Work::Create => usual.create,
            Work::Update | Work::Release => usual.update,
            Work::Delete => usual.delete,
        };
        self.steps.push(Step { change, work, after: vec![], usual, remaining: 0 });
    }

    fn order_creates_and_updates(&mut self) {
        for change in &self.plan.changes {
            let Some(&step) = self.made.get(&change.address) else { continue };
            if change.action == Action::Delete || change.is_release() {
                continue;
            }
            for need in change.desired.iter().flat_map(Desired::needs) {
                if let Some(&needed) = self.made.get(&need) {
                    self.steps[step].after.push(needed);
                }
            }
        }
    }

    /// A resource goes after everything that stands on it has gone or has let go of it.
    fn order_deletes(&mut self, snapshot: &'a Snapshot) {
        let leaving: Vec<&Change> = self
            .plan
            .changes
            .iter()
            .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
            .collect();
        for change in leaving {
            let Some(base) = &change.observed else { continue };
            let delete = self.gone[&(&change.address, base.id.as_str())];
            let ours = snapshot
                .resources
                .iter()
                .filter(|other| matches!(other.owner, Owner::Ours | Owner::Duplicate { .. }));
            for other in ours.filter(|other| other.id != base.id) {
                if !stands_on(other, base, self.kinds) && !self.needs(other, change) {
                    continue;
                }
                if let Some(&gone) = self.gone.get(&(&other.address, other.id.as_str())) {
                    self.steps[delete].after.push(gone);
                } else if let Some(&changed) = self.made.get(&other.address)
                    && (change.action == Action::Delete || self.created_first.contains(&change.address))
                {
                    self.steps[delete].after.push(changed);
                }
            }
        }
    }

    /// Whether the spec says that `other` needs what is leaving. Attributes that name it
    /// say so too; this covers needs that no attribute shows.
    fn needs(&self, other: &Observed, leaving: &Change) -> bool {
        let others =
            self.plan.changes.iter().filter(|change| self.heed_spec && change.action == Action::Delete);
        others
            .into_iter()
            .find(|change| change.address == other.address && change.id() == Some(other.id.as_str()))
            .and_then(|change| change.desired.as_ref())
            .is_some_and(|desired| desired.needs().contains(&leaving.address))
    }
}

/// Works out how much work waits behind each step; finds circles on the way.
fn weigh(steps: &mut [Step], plan: &Plan) -> Result<(), Cycle> {
    let mut behind: Vec<Vec<usize>> = vec![vec![]; steps.len()];
    let mut waiting_behind = vec![0usize; steps.len()];
    for (index, step) in steps.iter().enumerate() {
        for &before in &step.after {
            behind[before].push(index);
            waiting_behind[before] += 1;
        }
    }
    let mut open: Vec<usize> = (0..steps.len()).filter(|&index| waiting_behind[index] == 0).collect();
    let mut done = 0;
    while let Some(index) = open.pop() {
        done += 1;
        let longest = behind[index].iter().map(|&next| steps[next].remaining).max().unwrap_or(0);
        steps[index].remaining = steps[index].usual + longest;
        for before in steps[index].after.clone() {
            waiting_behind[before] -= 1;
            if waiting_behind[before] == 0 {
                open.push(before);
            }
        }
    }
    if done == steps.len() {
        return Ok(());
    }
    let stuck = (0..steps.len()).filter(|&index| waiting_behind[index] > 0);
    Err(Cycle(stuck.map(|index| plan.changes[steps[index].change].address.clone()).collect()))
}
