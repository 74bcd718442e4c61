//! Environments of two projects in one account, the runs for them, and the rules that every run is
//! held to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billpay_engine::attempts::{OpenAttempts, PastChange};
use billpay_engine::cloud::Cloud;
use billpay_engine::engine::Proposal;
use billpay_engine::guard::AlwaysAllow;
use billpay_engine::ownership::{Claim, claim, is_protected};
use billpay_engine::permit::Permit;
use billpay_engine::plan::{Action, Change, Conflict, Goal, Plan, Reason, Selection};
use billpay_engine::{ApplyOptions, Error, Outcome, apply, leftovers, survey};
use billpay_model::address::Address;
use billpay_model::environment::Environment;
use billpay_model::failure::FailureClass;
use billpay_model::resource::{Evidence, ID_TAG, Observed, Owner};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Act, Deed, Origin, Thing};
use crate::cloud::{Fault, MemoryCloud};
use crate::kinds::{self, GLOBAL, Known, known};
pub use crate::records::Counts;
use crate::records::Log;
use crate::spec::{Sketch, desired};

/// An environment and its spec as it is now.
#[derive(Debug, Clone)]
pub struct Home {
    pub env: Environment,
    pub sketches: Vec<Sketch>,
}

/// Faults of the first run of a step, and what the person at it answers.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub faults: BTreeMap<usize, Fault>,
    /// Set where the next run begins before reads show everything.
    pub is_hasty: bool,
    /// Set where a person confirms what protection asks for.
    pub confirms: bool,
    /// Index of the one that a person keeps, if one does.
    pub keeps: Option<usize>,
}

pub struct World<'a> {
    pub account: Arc<Account>,
    pub homes: Vec<Home>,
    pub counts: &'a Counts,
    runs: usize,
    /// The runs of each environment, the newest first, as a journal has them.
    journal: BTreeMap<Origin, Vec<(String, Vec<PastChange>)>>,
}

/// A run: what it saw and planned, and how it ended.
struct Run {
    proposal: Option<Proposal>,
    ended: Ended,
}

enum Ended {
    Through(Outcome),
    Refused(Error),
    Killed,
}

/// The answers that a run is given.
#[derive(Clone, Default)]
struct Answers {
    keep: BTreeSet<String>,
    /// The key of the thing that is kept, and of those that are not.
    kept: Option<(String, BTreeSet<String>)>,
    permit: Option<Permit>,
    /// The ids that were handed over to the environment.
    handed_over: BTreeSet<String>,
}

impl<'a> World<'a> {
    pub fn new(homes: Vec<Home>, counts: &'a Counts) -> World<'a> {
        World { account: Arc::default(), homes, counts, runs: 0, journal: BTreeMap::new() }
    }

    fn process(&mut self, home: &Home) -> MemoryCloud {
        self.runs += 1;
        let run = format!("run{}", self.runs);
        MemoryCloud::new(self.account.clone(), &home.env, &run, desired(&home.env, &home.sketches))
    }

    /// Runs for a goal until a run is neither disturbed nor killed, or is refused.
    ///
    /// Returns whether a run went through.
    pub async fn work(&mut self, who: usize, goal: Goal, trouble: &Trouble) -> bool {
        let home = self.homes[who].clone();
        let (mut answers, mut faults) = (Answers::default(), trouble.faults.clone());
        let mut hid = false;
        loop {
            let process = self.process(&home);
            self.exclude_lone_copies(&process, &home.env);
            process.set_faults(std::mem::take(&mut faults));
            let before = self.account.alive();
            let open = self.open_attempts(&home.env);
            let (run, past) = self.once(&process, goal, &answers, &open).await;
            self.write_journal(&home.env, &process, past);
            let deeds = self.account.take_deeds();
            self.check_run(&home.env, &run, &answers, &before, &deeds);
            let suffered = process.suffered.lock().unwrap().clone();
            hid |= suffered.iter().any(|fault| matches!(fault, Fault::Hidden { .. }));
            suffered.iter().for_each(|fault| self.counts.add(format!("fault {}", fault.name()), 1));
            match &run.ended {
                Ended::Killed => self.counts.add("killed runs", 1),
                Ended::Refused(error) => {
                    assert!(deeds.is_empty(), "a refused run changed something: {deeds:#?}");
                    self.counts.add(format!("refused: {}", cause(error)), 1);
                    match error {
                        Error::Protected { .. } if trouble.confirms && answers.permit.is_none() => {
                            answers.permit = Permit::confirmed(&home.env, &home.env.environment);
                            self.counts.add("permits given", 1);
                            continue;
                        }
                        Error::Conflicts(conflicts) => {
                            if let Some(choice) = trouble.keeps
                                && self.answer(&mut answers, conflicts, &home.env, choice)
                            {
                                continue;
                            }
                        }
                        _ => {}
                    }
                    return false;
                }
                Ended::Through(outcome) if suffered.is_empty() => {
                    self.accept_answers(&answers, &home.env);
                    self.check_end(&home, goal, &run, outcome, hid).await;
                    return true;
                }
                Ended::Through(_) => {}
            }
            if !trouble.is_hasty {
                sleep(Duration::from_secs(10)).await;
            }
        }
    }

    /// Runs for two environments at the same time.
    pub async fn work_together(&mut self, one: usize, other: usize) {
        let homes = [self.homes[one].clone(), self.homes[other].clone()];
        let processes = [self.process(&homes[0]), self.process(&homes[1])];
        for (process, home) in processes.iter().zip(&homes) {
            self.exclude_lone_copies(process, &home.env);
        }
        let (before, none) = (self.account.alive(), Answers::default());
        let open = [0, 1].map(|index| self.open_attempts(&homes[index].env));
        let ((first, past), (second, other_past)) = tokio::join!(
            self.once(&processes[0], Goal::Converge, &none, &open[0]),
            self.once(&processes[1], Goal::Converge, &none, &open[1]),
        );
        self.write_journal(&homes[0].env, &processes[0], past);
        self.write_journal(&homes[1].env, &processes[1], other_past);
        let deeds = self.account.take_deeds();
        for (index, run) in [first, second].iter().enumerate() {
            let by = Origin::of(&homes[index].env);
            let deeds: Vec<Deed> = deeds.iter().filter(|deed| deed.by == by).cloned().collect();
            self.check_run(&homes[index].env, run, &none, &before, &deeds);
            if let Ended::Refused(error) = &run.ended {
                assert!(deeds.is_empty(), "a refused run changed something: {deeds:#?}");
                self.counts.add(format!("refused: {}", cause(error)), 1);
            }
        }
        self.counts.add("runs at the same time", 2);
    }

    fn open_attempts(&self, env: &Environment) -> OpenAttempts {
        OpenAttempts::of(self.journal.get(&Origin::of(env)).cloned().unwrap_or_default())
    }

    fn write_journal(&mut self, env: &Environment, process: &MemoryCloud, past: Vec<PastChange>) {
        let runs = self.journal.entry(Origin::of(env)).or_default();
        runs.insert(0, (process.run_id().to_string(), past));
    }

    /// Surveys, plans and applies once. Returns what the journal has of it, too.
    async fn once(
        &self,
        process: &MemoryCloud,
        goal: Goal,
        answers: &Answers,
        open: &OpenAttempts,
    ) -> (Run, Vec<PastChange>) {
        let (seen, log) = (Mutex::new(None), Log::default());
        let work = async {
            let survey = survey(process, &answers.keep, open).await?;
            let proposal = survey.plan(process, goal, &Selection::default()).await?;
            *seen.lock().unwrap() = Some(proposal.clone());
            let options = ApplyOptions {
                permit: answers.permit.clone(),
                ..ApplyOptions::new(8, CancellationToken::new(), Arc::new(AlwaysAllow))
            };
            apply(process, &proposal, &options, &log).await
        };
        let ended = tokio::select! {
            ended = work => match ended {
                Ok(outcome) => Ended::Through(outcome),
                Err(error) => Ended::Refused(error),
            },
            () = process.killed.notified() => Ended::Killed,
        };
        let proposal: Option<Proposal> = seen.into_inner().unwrap();
        let changes = proposal.iter().flat_map(|proposal| &proposal.plan.changes);
        let changes = changes.filter(|change| change.action != Action::NoOp);
        let past = changes.map(|change| PastChange {
            address: change.address.clone(),
            makes: matches!(change.action, Action::Create | Action::Replace),
            is_done: log.has_finished(change),
        });
        let past = past.collect();
        (Run { proposal, ended }, past)
    }

    /// Takes the environment's tags off foreign things that nobody could tell from its own.
    ///
    /// That is a *lone indistinguishable copy*: it has all tags (or, like a thing of version 0.1,
    /// the two old ones) and the very `Name` that billpay computes, or the attempt of a create
    /// call, no id of another thing, and the thing that it is a copy of is gone. A thing of ours
    /// whose create call was cut short looks the same. Everything else that is foreign stays in.
    fn exclude_lone_copies(&self, process: &MemoryCloud, env: &Environment) {
        let is_tagged = |thing: &&Thing| thing.origin == Origin::Foreign && thing.address().is_some();
        if self.account.read(|things| things.filter(is_tagged).count()) == 0 {
            return;
        }
        let by = Origin::of(env);
        let found = process.look(env, &[], None);
        let is_candidate = |one: &Observed| matches!(one.owner, Owner::Ours | Owner::Legacy { .. });
        let origin = |one: &Observed| self.account.get(&one.outputs["id"]).map(|thing| thing.origin);
        for copy in found.iter().filter(|one| is_candidate(one) && one.evidence >= Evidence::Name) {
            let original = |one: &&Observed| {
                one.address == copy.address && is_candidate(one) && origin(one) == Some(by.clone())
            };
            if origin(copy) == Some(Origin::Foreign) && !found.iter().any(|one| original(&one)) {
                self.account.edit(&copy.outputs["id"], |thing| {
                    thing.tags.retain(|key, _| !key.starts_with("billpay:"));
                });
                self.counts.add("excluded: lone indistinguishable copy", 1);
            }
        }
    }

    /// Answers conflicts as a person does: chooses among several, hands over what is unproven or
    /// takes the tags off it. Returns whether there was anything to answer that was not answered yet.
    fn answer(
        &self,
        answers: &mut Answers,
        conflicts: &[Conflict],
        env: &Environment,
        choice: usize,
    ) -> bool {
        let mut is_new = false;
        for conflict in conflicts {
            let (Conflict::Unproven { address, id, commands, .. }
            | Conflict::NoRegion { address, id, commands }) = conflict
            else {
                continue;
            };
            assert!(!answers.handed_over.contains(id), "{id} was handed over, and still {conflict:?}");
            let things = self.account.alive();
            let is_meant = |one: &&Thing| one.kind == address.kind() && one.id == *id && is_here(one, env);
            let thing = things.iter().find(is_meant).expect("it is there");
            if thing.origin == Origin::of(env) || choice.is_multiple_of(3) {
                for command in commands {
                    let (key, tag) = command.split_once(' ').expect("a key");
                    let (tag, value) = tag.split_once('=').expect("a tag");
                    self.account.edit(key, |one| drop(one.tags.insert(tag.to_string(), value.to_string())));
                }
                self.account.edit(&thing.key, |one| one.origin = Origin::of(env));
                answers.handed_over.insert(id.clone());
                self.counts.add("answers: handed over", 1);
            } else {
                self.account.edit(&thing.key, |one| {
                    one.tags.retain(|key, _| !key.starts_with("billpay:"));
                    one.origin = Origin::Foreign;
                });
                self.counts.add("answers: tags taken off", 1);
            }
            is_new = true;
        }
        if answers.keep.is_empty() && self.keep(answers, conflicts, env, choice) {
            self.counts.add("answers: one of several kept", 1);
            is_new = true;
        }
        is_new
    }

    /// Answers the first conflict about several with one of them: mostly with the right one.
    fn keep(&self, answers: &mut Answers, conflicts: &[Conflict], env: &Environment, choice: usize) -> bool {
        let several = conflicts.iter().find_map(|conflict| match conflict {
            Conflict::Several { address, ids } => Some((address, ids)),
            _ => None,
        });
        let Some((address, ids)) = several else { return false };
        let things: Vec<Thing> = self
            .account
            .alive()
            .into_iter()
            .filter(|one| is_here(one, env) && ids.contains(&one.id))
            .collect();
        let things: Vec<&Thing> = things.iter().filter(|one| one.kind == address.kind()).collect();
        let right = things.iter().filter(|one| one.origin == Origin::of(env)).map(|one| one.id.as_str());
        let right: Vec<&str> = right.collect();
        let id = match right.first() {
            Some(right) if !choice.is_multiple_of(3) => right.to_string(),
            _ => ids[choice % ids.len()].clone(),
        };
        let (kept, others): (Vec<&Thing>, Vec<&Thing>) = things.into_iter().partition(|one| one.id == id);
        answers.keep = [id].into();
        answers.kept = Some((kept[0].key.clone(), others.iter().map(|one| one.key.clone()).collect()));
        true
    }

    /// The resource that a person kept is the environment's from then on, and the others are not.
    fn accept_answers(&self, answers: &Answers, env: &Environment) {
        let Some((kept, others)) = &answers.kept else { return };
        self.account.edit(kept, |thing| thing.origin = Origin::of(env));
        others.iter().for_each(|key| self.account.edit(key, |thing| thing.origin = Origin::Foreign));
    }

    /// The rules for every run, however it ended.
    fn check_run(&self, env: &Environment, run: &Run, answers: &Answers, before: &[Thing], deeds: &[Deed]) {
        let by = Origin::of(env);
        self.counts.add("runs", 1);
        let mut made = BTreeSet::new();
        for deed in deeds {
            self.count_deed(deed);
            match deed.act {
                Act::Create => drop(made.insert(&deed.key)),
                Act::Delete if made.contains(&deed.key) => {
                    self.counts.add("second ones that a run deleted itself", 1);
                }
                _ => {}
            }
            let Some(was) = &deed.before else { continue };
            assert_eq!(deed.by, by, "a deed for another environment");
            if was.origin == by && !is_released(answers, &deed.key) || is_kept(answers, &deed.key) {
                continue;
            }
            assert!(is_release(answers, deed), "changed what is not its own: {deed:#?}");
            self.counts.add("releases", 1);
        }
        if let Ended::Refused(Error::LivesElsewhere { .. }) = &run.ended {
            let says_so = |thing: &Thing| {
                matches!(claim(env, &thing.tags), Claim::Elsewhere { address, .. }
                    if thing.kind == address.kind()
                        && (is_own(&thing.origin, env) || looks_own(thing, env, &address)))
            };
            assert!(
                self.account.alive().iter().any(|thing| thing.region == GLOBAL && says_so(thing)),
                "refused for another region without a reason"
            );
        }
        let Some(Proposal { snapshot, plan, .. }) = &run.proposal else { return };
        for found in &snapshot.resources {
            let key = &found.outputs["id"];
            let origin = &before.iter().find(|thing| thing.key == *key).expect("a thing").origin;
            match &found.owner {
                Owner::Ours => {
                    assert!(*origin == by || is_kept(answers, key), "taken for its own: {found:#?}");
                }
                Owner::Duplicate { .. } => {
                    assert!(*origin == by, "taken for one that an earlier run made: {found:#?}");
                    self.counts.add("second ones of earlier runs that were deleted", 1);
                }
                _ => {}
            }
        }
        self.counts.add("strangers", plan.foreign_resources.len());
        for conflict in &plan.conflicts {
            self.counts.add(format!("conflict: {}", name_of(conflict)), 1);
            self.check_conflict(conflict, env, before);
        }
        let guarded = |found: &Observed| found.owner == Owner::Ours && found.protected;
        let is_guarded = env.protected || snapshot.resources.iter().any(guarded);
        if is_guarded {
            self.counts.add("runs of protected environments", 1);
        }
        if is_guarded && answers.permit.is_none() {
            // A second one that a lost answer left goes with any plan that is approved.
            let is_second = |deed: &&Deed| {
                let mut seconds =
                    snapshot.resources.iter().filter(|one| matches!(one.owner, Owner::Duplicate { .. }));
                seconds.any(|found| found.outputs["id"] == deed.key)
            };
            let was_there = |deed: &&Deed| before.iter().any(|thing| thing.key == deed.key);
            for deed in deeds.iter().filter(was_there).filter(|deed| !is_second(deed)) {
                let was = deed.before.as_ref();
                let lifts = |tags| !is_protected(tags) && was.is_some_and(|was| is_protected(&was.tags));
                let harms = match &deed.act {
                    Act::Create => false,
                    Act::Delete => true,
                    Act::Update { tags, .. } => lifts(tags),
                };
                assert!(!harms, "harmed a protected environment: {deed:#?}");
            }
        }
    }

    fn count_deed(&self, deed: &Deed) {
        self.counts.add(
            match &deed.act {
                Act::Create => "creates",
                Act::Update { .. } => "updates",
                Act::Delete => "deletes",
            },
            1,
        );
    }

    /// No conflict where an id, or a name with all tags, shows which one is ours, and none about what
    /// is in the way where nothing is.
    fn check_conflict(&self, conflict: &Conflict, env: &Environment, before: &[Thing]) {
        if let Conflict::CannotEnd { address, id, blockers, .. } = conflict {
            let things = || before.iter().filter(|thing| is_here(thing, env));
            let mut bases = things().filter(|one| one.kind == address.kind() && Some(&one.id) == id.as_ref());
            let base = bases.next().expect("it is there");
            let is_on = |one: &Thing, id: &str| one.id == id && one.stands_on(base);
            assert!(!blockers.is_empty());
            for blocker in blockers {
                assert!(things().any(|one| is_on(one, &blocker.id)), "{blocker:?} is not in the way");
            }
            return;
        }
        if matches!(conflict, Conflict::NotOurs { .. } | Conflict::Refused { .. }) {
            return;
        }
        let address = conflict.address();
        let is_certain = |thing: &&Thing| {
            let by_id = thing.tags.get(ID_TAG) == Some(&thing.id);
            let by_name = known(thing.kind) == Known::Name && looks_own(thing, env, address);
            let is_mine = is_here(thing, env) && thing.origin == Origin::of(env);
            is_mine && claim(env, &thing.tags) == Claim::Ours(address.clone()) && (by_id || by_name)
        };
        let certain: Vec<&Thing> = before.iter().filter(is_certain).collect();
        assert!(certain.len() != 1, "{conflict:?} although {certain:#?} is certain");
    }

    /// The rules for a run that nothing disturbed and that was not refused.
    async fn check_end(&mut self, home: &Home, goal: Goal, run: &Run, outcome: &Outcome, hid: bool) {
        let (env, by) = (&home.env, Origin::of(&home.env));
        sleep(Duration::from_secs(10)).await;
        if !outcome.is_complete() {
            for step in &outcome.failed {
                let class = step.failure.class;
                let is_hidden = hid && class == FailureClass::Exists;
                assert!(class == FailureClass::InUse || is_hidden, "{}: {}", step.address, step.failure);
            }
            self.counts.add("stood in the way: something foreign stands on ours", 1);
            return;
        }
        let process = self.process(home);
        let before = run.proposal.as_ref().expect("it was surveyed");
        self.exclude_lone_copies(&process, env);
        let after =
            survey(&process, &BTreeSet::new(), &OpenAttempts::default()).await.expect("it can be read");
        let Proposal { snapshot, plan, .. } =
            after.plan(&process, goal, &Selection::default()).await.expect("a plan");
        if hid && plan.conflicts.iter().any(|conflict| matches!(conflict, Conflict::Several { .. })) {
            self.counts.add("several after lost responses", 1);
            return;
        }
        // A second one that a killed process made is a stranger until the first one is gone.
        let was_stranger = |change: &Change| {
            let known = run.proposal.iter().flat_map(|proposal| &proposal.plan.foreign_resources);
            let mut known = known.map(|stranger| stranger.id.as_str());
            known.any(|id| Some(id) == change.id())
        };
        let to_do = to_do(&plan, was_stranger);
        assert!(
            to_do.is_empty(),
            "still to do: {to_do:#?} in spite of {:#?} with {:#?}",
            plan.conflicts,
            self.account.alive()
        );
        // What was a stranger beside something of ours is in doubt once that is gone.
        let strangers = || run.proposal.iter().flat_map(|proposal| &proposal.plan.foreign_resources);
        let is_new = |conflict: &&Conflict| {
            !strangers().any(|stranger| ids_of(conflict).iter().any(|id| *id == stranger.id))
        };
        let new: Vec<&Conflict> = plan.conflicts.iter().filter(is_new).collect();
        assert!(new.is_empty(), "{new:#?}");
        if plan.conflicts.len() > new.len() {
            self.counts.add("strangers that were in doubt later", 1);
        }
        for thing in self.account.alive().iter().filter(|thing| thing.origin == by && is_here(thing, env)) {
            let found = snapshot.resources.iter().find(|found| found.outputs["id"] == thing.key);
            let told = plan.foreign_resources.iter().any(|stranger| stranger.id == thing.id);
            let owner = &found.unwrap_or_else(|| panic!("not found any more: {thing:#?}")).owner;
            self.counts.add("second ones that a run left and reported", usize::from(told));
            assert!(*owner == Owner::Ours || told, "nobody is told of {thing:#?}: {owner:?}");
        }
        match goal {
            Goal::Converge => {
                let kept = |found: &&Observed| found.owner == Owner::Ours;
                let ours = snapshot.resources.iter().filter(kept).map(|found| &found.address);
                let wanted = desired(env, &home.sketches);
                let wanted: BTreeSet<&Address> = wanted.iter().map(|want| &want.address).collect();
                assert!(ours.collect::<BTreeSet<_>>().is_superset(&wanted), "not all of {wanted:?} is there");
                self.counts.add("provisions that converged", 1);
            }
            Goal::Destroy => {
                let left = leftovers(&process, before).await.expect("readable");
                let told: BTreeSet<&str> =
                    left.ours.iter().chain(&left.others).map(|one| one.id.as_str()).collect();
                let alive = self.account.alive();
                let mine: Vec<&Thing> =
                    alive.iter().filter(|thing| thing.origin == by && is_here(thing, env)).collect();
                for thing in &mine {
                    assert!(told.contains(thing.id.as_str()), "left without a word: {thing:#?}");
                }
                self.counts.add("left after a destroy, and reported", mine.len());
                self.counts.add("destroys that came to an end", 1);
            }
        }
    }
}

/// The changes of a plan but for some.
fn to_do(plan: &Plan, is_expected: impl Fn(&Change) -> bool) -> Vec<(String, Action, Option<Reason>)> {
    let changes = plan.changes.iter();
    let changes = changes.filter(|change| change.action != Action::NoOp && !is_expected(change));
    changes.map(|change| (change.address.to_string(), change.action, change.reason.clone())).collect()
}

/// Returns whether a thing is where an environment's runs look.
pub fn is_here(thing: &Thing, env: &Environment) -> bool {
    thing.region == env.region || thing.region == GLOBAL
}

/// Returns whether a thing is of an environment, in whatever region.
pub fn is_own(origin: &Origin, env: &Environment) -> bool {
    matches!(origin, Origin::Made { project, environment, .. }
        if *project == env.project && *environment == env.environment)
}

/// Returns whether a thing bears the name that is computed for an address.
pub fn looks_own(thing: &Thing, env: &Environment, address: &Address) -> bool {
    let name = match known(thing.kind) {
        Known::Name => Some(&thing.id),
        _ => thing.tags.get("Name"),
    };
    name == Some(&kinds::name(env, address))
}

fn is_kept(answers: &Answers, key: &str) -> bool {
    answers.kept.as_ref().is_some_and(|(kept, _)| kept == key)
}

fn is_released(answers: &Answers, key: &str) -> bool {
    answers.kept.as_ref().is_some_and(|(_, others)| others.contains(key))
}

/// Returns whether a deed only takes billpay's tags off something that a person did not keep.
fn is_release(answers: &Answers, deed: &Deed) -> bool {
    let (Some(was), Act::Update { attrs, tags }) = (&deed.before, &deed.act) else { return false };
    let gone = was.tags.iter().filter(|(key, value)| tags.get(*key) != Some(*value));
    is_released(answers, &deed.key)
        && *attrs == was.attrs
        && tags.keys().all(|key| was.tags.contains_key(key))
        && gone.into_iter().all(|(key, _)| key.starts_with("billpay:"))
}

fn cause(error: &Error) -> &'static str {
    match error {
        Error::Conflicts(_) => "conflicts",
        Error::Protected { .. } => "protected",
        Error::LivesElsewhere { .. } => "lives elsewhere",
        Error::Cycle(_) => "a circle",
        error => panic!("{error}"),
    }
}

/// The ids that a conflict leaves to a person.
fn ids_of(conflict: &Conflict) -> Vec<&str> {
    match conflict {
        Conflict::Unproven { id, .. } | Conflict::NoRegion { id, .. } => vec![id],
        Conflict::Several { ids, .. } => ids.iter().map(String::as_str).collect(),
        _ => vec![],
    }
}

pub fn name_of(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::NotOurs { .. } => "not ours",
        Conflict::Unproven { .. } => "unproven",
        Conflict::NoRegion { .. } => "no region",
        Conflict::Several { .. } => "several",
        Conflict::Refused { .. } => "refused",
        Conflict::CannotEnd { .. } => "cannot end",
        Conflict::NeedsExcluded { .. } | Conflict::StoodOnByExcluded { .. } => "selection",
    }
}
