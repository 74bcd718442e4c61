//! The order of a plan's work: a graph of steps without levels, the longest path first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use billpay_model::address::Address;
use billpay_model::resource::{Desired, Observed, Owner, resolve_from};

use super::super::kind::OnDelete;
use super::mentions::Dependents;
use super::unique_key::{UniqueKey, unique_keys};
use super::version_rollback::VersionRollback;
use super::{Action, Change, Cycle, Kinds, Plan, Snapshot};

/// Work of one step.
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
    /// Usual duration, seconds.
    pub usual: u32,
    /// Usual duration of it and of the longest chain of work behind it, seconds.
    pub remaining: u32,
}

/// The steps of a plan; index is identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub steps: Vec<Step>,
}

impl Schedule {
    /// Orders the work of a plan.
    ///
    /// # Errors
    /// Fails if steps wait for one another in a circle.
    pub fn of(plan: &Plan, snapshot: &Snapshot, kinds: &Kinds) -> Result<Schedule, Cycle> {
        let create_first = created_first(plan, kinds);
        let order = |spec, used| {
            let rules = OrderRules { spec, used, unique_keys: true, releases: true };
            Schedule::with(plan, snapshot, kinds, rules, &create_first)
        };
        // What the spec says of needs that no attribute shows orders deletes better, but the
        // spec may have turned round since: then what is really there decides alone.
        let order = order(true, true).or_else(|_| order(false, true)).or_else(|_| order(false, false));
        order.or_else(|_| Schedule::making_room(plan, snapshot, kinds, create_first.clone()))
    }

    /// Orders the work of a plan without regard to unique keys: where no order
    /// ends, this one shows what is in the way. The last resort doesn't even wait until what stands on a
    /// resource has let go of it.
    ///
    /// # Errors
    /// Fails if steps wait for one another in a circle.
    pub fn regardless_of_unique_keys(
        plan: &Plan,
        snapshot: &Snapshot,
        kinds: &Kinds,
    ) -> Result<Schedule, Cycle> {
        let create_first = created_first(plan, kinds);
        let order = |releases| {
            let rules = OrderRules { spec: false, used: false, unique_keys: false, releases };
            Schedule::with(plan, snapshot, kinds, rules, &create_first)
        };
        order(true).or_else(|_| order(false))
    }

    /// Orders the work with the old one first in those replacements that would go round in a circle
    /// otherwise: the old one has what a new one wants.
    fn making_room<'a>(
        plan: &'a Plan,
        snapshot: &Snapshot,
        kinds: &Kinds,
        mut create_first: BTreeSet<&'a Address>,
    ) -> Result<Schedule, Cycle> {
        let rules = OrderRules { spec: false, used: false, unique_keys: true, releases: true };
        loop {
            let cycle = match Schedule::with(plan, snapshot, kinds, rules, &create_first) {
                Err(cycle) => cycle,
                schedule => return schedule,
            };
            let count = create_first.len();
            create_first.retain(|address| !cycle.0.contains(address));
            if create_first.len() == count {
                return Err(cycle);
            }
        }
    }

    fn with(
        plan: &Plan,
        snapshot: &Snapshot,
        kinds: &Kinds,
        rules: OrderRules,
        create_first: &BTreeSet<&Address>,
    ) -> Result<Schedule, Cycle> {
        let mut builder = Builder {
            plan,
            kinds,
            rules,
            create_first,
            steps: vec![],
            made: BTreeMap::new(),
            gone: BTreeMap::new(),
        };
        builder.add_steps();
        builder.order_creates_and_updates();
        builder.order_deletes(snapshot);
        if rules.unique_keys {
            builder.order_unique_keys(snapshot);
        }
        let mut steps = builder.steps;
        steps.iter_mut().for_each(|step| {
            step.after.sort_unstable();
            step.after.dedup();
        });
        weigh(&mut steps, plan)?;
        Ok(Schedule { steps })
    }

    /// The indices of the steps in an order that keeps to the schedule, the longest path first.
    pub fn order(&self) -> Vec<usize> {
        let mut waits: Vec<usize> = self.steps.iter().map(|step| step.after.len()).collect();
        let mut behind: Vec<Vec<usize>> = vec![vec![]; self.steps.len()];
        for (index, step) in self.steps.iter().enumerate() {
            step.after.iter().for_each(|&before| behind[before].push(index));
        }
        let key = |index: usize| (self.steps[index].remaining, Reverse(index));
        let mut open: BinaryHeap<(u32, Reverse<usize>)> =
            (0..waits.len()).filter(|&index| waits[index] == 0).map(key).collect();
        let mut order = vec![];
        while let Some((_, Reverse(index))) = open.pop() {
            order.push(index);
            for &next in &behind[index] {
                waits[next] -= 1;
                if waits[next] == 0 {
                    open.push(key(next));
                }
            }
        }
        order
    }

    /// Returns the duration of the longest path, seconds: the plan takes no less.
    pub fn critical_path(&self) -> u32 {
        self.steps.iter().map(|step| step.remaining).max().unwrap_or(0)
    }
}

/// Returns true if `other` can't live without `base`.
pub fn stands_on(other: &Observed, base: &Observed, kinds: &Kinds) -> bool {
    let kind = kinds.get(other.address.kind());
    kind.is_some_and(|kind| kind.on_delete_of(base.address.kind()).is_some()) && other.mentions(base)
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

/// The rules that order steps beside what is there, and that a circle may have to do without.
#[derive(Clone, Copy)]
struct OrderRules {
    /// Set where needs that only the spec shows order deletes.
    spec: bool,
    /// Set where a resource goes after what uses it, although AWS would delete it from under that.
    used: bool,
    /// Set where what wants something waits for the one that has it.
    unique_keys: bool,
    /// Set where a delete waits for the update by which something lets go of the resource.
    releases: bool,
}

struct Builder<'a> {
    plan: &'a Plan,
    kinds: &'a Kinds,
    rules: OrderRules,
    create_first: &'a BTreeSet<&'a Address>,
    steps: Vec<Step>,
    /// The step that makes or changes what is at an address.
    made: BTreeMap<&'a Address, usize>,
    /// The step that deletes what has an id at an address.
    gone: BTreeMap<(&'a Address, &'a str), usize>,
}

impl<'a> Builder<'a> {
    fn add_steps(&mut self) {
        for (index, change) in self.plan.changes.iter().enumerate() {
            let create_first = self.create_first.contains(&change.address);
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
        let rollback = VersionRollback::of(self.plan);
        for change in &self.plan.changes {
            let base = rollback.goes_before(change, self.kinds);
            if let Some(base) = base {
                self.order_before(change, base);
            }
            let Some(&step) = self.made.get(&change.address) else { continue };
            if change.action == Action::Delete || change.is_release() {
                continue;
            }
            for need in change.desired.iter().flat_map(Desired::needs) {
                if let Some(&needed) = self.made.get(&need)
                    && base.is_none_or(|base| need != *base && !self.wants(&need, base))
                {
                    self.steps[step].after.push(needed);
                }
            }
        }
    }

    /// Puts a change before that of a resource it needs.
    fn order_before(&mut self, change: &'a Change, base: &'a Address) {
        let gone = self.gone.get(&(&change.address, change.id().unwrap_or_default()));
        let steps: Vec<usize> = gone.into_iter().chain(self.made.get(&change.address)).copied().collect();
        if let Some(&later) = self.made.get(base) {
            self.steps[later].after.extend(steps);
        }
    }

    /// Returns whether what is wanted at an address needs a resource.
    fn wants(&self, address: &Address, base: &Address) -> bool {
        let change = self.plan.changes.iter().find(|change| change.address == *address);
        change
            .and_then(|change| change.desired.as_ref())
            .is_some_and(|desired| desired.needs().contains(base))
    }

    /// A resource goes after everything that stands on it has gone or has let go of it.
    fn order_deletes(&mut self, snapshot: &'a Snapshot) {
        let is_ours = |other: &&Observed| matches!(other.owner, Owner::Ours | Owner::Duplicate { .. });
        let dependents = Dependents::new(snapshot.resources.iter().filter(is_ours));
        let needs = self.needs_of_deleted();
        for change in &self.plan.changes {
            let (Action::Delete | Action::Replace, Some(base)) = (change.action, &change.observed) else {
                continue;
            };
            let delete = self.gone[&(&change.address, base.id.as_str())];
            let dependents = dependents.of(base, self.kinds).into_iter();
            let heeded = dependents.filter(|other| other.id != base.id && self.is_heeded(other, base));
            for other in heeded.collect::<Vec<_>>() {
                if let Some(&gone) = self.gone.get(&(&other.address, other.id.as_str())) {
                    self.steps[delete].after.push(gone);
                } else if let Some(&changed) = self.made.get(&other.address)
                    && self.rules.releases
                    && (change.action == Action::Delete || self.create_first.contains(&change.address))
                {
                    self.steps[delete].after.push(changed);
                }
            }
            let needing = needs.get(&change.address).into_iter().flatten();
            self.steps[delete].after.extend(needing.filter(|&&gone| gone != delete));
        }
    }

    /// Returns whether one resource standing on another orders their deletes.
    fn is_heeded(&self, other: &Observed, base: &Observed) -> bool {
        let on_delete = self.kinds[other.address.kind()].on_delete_of(base.address.kind());
        self.rules.used || on_delete.is_some_and(|on_delete| on_delete != OnDelete::Ignored)
    }

    /// Returns the steps that delete what the spec says needs an address, whether an attribute shows
    /// it or not.
    fn needs_of_deleted(&self) -> BTreeMap<Address, Vec<usize>> {
        let mut needs: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
        let deleted =
            self.plan.changes.iter().filter(|change| self.rules.spec && change.action == Action::Delete);
        for change in deleted {
            let gone = self.gone[&(&change.address, change.id().unwrap_or_default())];
            for need in change.desired.iter().flat_map(Desired::needs) {
                needs.entry(need).or_default().push(gone);
            }
        }
        needs
    }

    /// Orders what wants something that only one resource can have after the one that has it is gone,
    /// or has been changed to want it no longer.
    fn order_unique_keys(&mut self, snapshot: &Snapshot) {
        let outputs = self.plan.known_outputs(snapshot);
        let wanted = |change: &Change| {
            let desired = change.desired.as_ref()?;
            let kind = self.kinds.get(change.address.kind()).filter(|kind| !kind.constraints.is_empty())?;
            Some(unique_keys(kind, &resolve_from(&desired.attrs, &outputs)))
        };
        let makes = |change: &&Change| !change.is_release() && self.made.contains_key(&change.address);
        let wanted: BTreeMap<&Address, (&Change, Vec<UniqueKey>)> = self
            .plan
            .changes
            .iter()
            .filter(makes)
            .filter_map(|change| Some((&change.address, (change, wanted(change)?))))
            .collect();
        let mut edges = vec![];
        for other in &snapshot.resources {
            let Some(kind) = self.kinds.get(other.address.kind()).filter(|kind| !kind.constraints.is_empty())
            else {
                continue;
            };
            let has = unique_keys(kind, &other.attrs);
            let gone = self.gone.get(&(&other.address, other.id.as_str()));
            let changed = wanted.get(&other.address).filter(|(change, _)| change.id() == Some(&other.id));
            for (address, (change, wants)) in &wanted {
                let is_itself = change.action == Action::Update && change.id() == Some(&other.id);
                if address.kind() != other.address.kind() || is_itself || !clash(wants, &has) {
                    continue;
                }
                match (gone, changed) {
                    (Some(&gone), _) => edges.push((self.made[*address], gone)),
                    (None, Some((_, later))) if !clash(wants, later) => {
                        edges.push((self.made[*address], self.made[&other.address]));
                    }
                    _ => {}
                }
            }
        }
        edges.into_iter().for_each(|(step, before)| self.steps[step].after.push(before));
    }
}

fn clash(wanted: &[UniqueKey], has: &[UniqueKey]) -> bool {
    wanted.iter().any(|key| has.iter().any(|other| key.clashes(other)))
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
    // Something that is not done waits behind each step that is not done.
    let is_stuck = |index: &usize| waiting_behind[*index] > 0;
    let mut path: Vec<usize> = (0..steps.len()).find(is_stuck).into_iter().collect();
    loop {
        let last = path[path.len() - 1];
        let next = *behind[last].iter().find(|next| is_stuck(next)).expect("it is stuck");
        if let Some(start) = path.iter().position(|step| *step == next) {
            let circle = path[start..].iter().chain([&next]);
            return Err(Cycle(
                circle.map(|&step| plan.changes[steps[step].change].address.clone()).collect(),
            ));
        }
        path.push(next);
    }
}
