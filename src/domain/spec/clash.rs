//! Environments side by side: no two may give a resource the same name.

use std::collections::BTreeMap;

use super::check::Finding;
use super::check::names;
use super::load::Loaded;
use super::problem::Problem;

/// Finds the names that an environment would share with others of the same directory.
pub fn clashes<'l>(this: &Loaded, others: impl IntoIterator<Item = &'l Loaded>) -> Vec<Problem> {
    let env = &this.environment;
    let ours: BTreeMap<_, _> = names::all(env).into_iter().map(|name| (name.reach(env), name)).collect();
    let mut problems = Vec::new();
    for other in others {
        for theirs in names::all(&other.environment) {
            let Some(own) = ours.get(&theirs.reach(&other.environment)) else {
                continue;
            };
            let message = format!(
                "`{}` and `{}` would both have the {} `{}`",
                env.environment, other.environment.environment, own.rule.what, own.name
            );
            let finding = Finding::error("clash", own.spot.clone(), message);
            let place = other.problem(&Finding::error("clash", theirs.spot, String::new())).place;
            problems.push(
                this.problem(&finding).related(place, format!("in {}", other.environment.environment)).help(
                    "an environment's names must be its own, or one would change what belongs to the other",
                ),
            );
        }
    }
    problems
}
