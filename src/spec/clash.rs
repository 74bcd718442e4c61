//! Environments side by side: no two may give a resource the same name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use billpay_model::findings::Problem;

use super::check::{Finding, names};
use super::load::LoadedEnvironment;

/// Finds the names that an environment would share with others of the same directory.
pub fn clashes<'l>(
    this: &LoadedEnvironment,
    others: impl IntoIterator<Item = &'l LoadedEnvironment>,
) -> Vec<Problem> {
    let env = &this.environment;
    let ours: BTreeMap<_, _> = names::all(env).into_iter().map(|name| (name.reach(env), name)).collect();
    let mut problems = Vec::new();
    for other in others {
        for theirs in names::all(&other.environment) {
            if let Some(own) = ours.get(&theirs.reach(&other.environment)) {
                problems.push(clash((this, own), (other, &theirs)));
            }
        }
    }
    problems
}

/// Finds the names that two environments would share, one of which is wanted at least.
pub fn clashes_among(environments: &[LoadedEnvironment], wanted: impl Fn(&str) -> bool) -> Vec<Problem> {
    let mut taken = BTreeMap::new();
    let mut problems = Vec::new();
    for this in environments {
        for name in names::all(&this.environment) {
            match taken.entry(name.reach(&this.environment)) {
                Entry::Vacant(free) => drop(free.insert((this, name))),
                Entry::Occupied(first) => {
                    let (other, theirs) = first.get();
                    let concerns = |of: &LoadedEnvironment| wanted(&of.environment.environment);
                    if !std::ptr::eq(*other, this) && (concerns(this) || concerns(other)) {
                        problems.push(clash((other, theirs), (this, &name)));
                    }
                }
            }
        }
    }
    problems
}

fn clash(
    (this, own): (&LoadedEnvironment, &names::Name),
    (other, theirs): (&LoadedEnvironment, &names::Name),
) -> Problem {
    let (name, others_name) = (&this.environment.environment, &other.environment.environment);
    let message =
        format!("`{name}` and `{others_name}` would both have the {} `{}`", own.rule.what, own.name);
    let finding = Finding::error("clash", own.spot.clone(), message);
    let place = other.problem(&Finding::error("clash", theirs.spot.clone(), String::new())).place;
    this.problem(&finding)
        .related(place, format!("in {others_name}"))
        .help("an environment's names must be its own, or one would change what belongs to the other")
}
