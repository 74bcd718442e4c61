//! Changes that AWS would refuse, in words, and the way on.

use billpay_engine::plan::{Blocker, Obstacle};
use billpay_model::address::Address;
use billpay_model::plural;

use super::ui::name;

/// Most blockers that are named; the rest is counted.
const MAX_NAMES: usize = 6;

/// Returns what keeps a change from being made, and what to do about it.
pub fn explain(
    address: &Address,
    id: Option<&str>,
    obstacle: &Obstacle,
    blockers: &[Blocker],
) -> (String, String) {
    let itself = match id {
        Some(id) => format!("{address} ({id})"),
        None => address.to_string(),
    };
    let (others, verb) = (names(blockers), if blockers.len() == 1 { "is" } else { "are" });
    match obstacle {
        Obstacle::Held => {
            (format!("{itself} can't be deleted while {others} {verb} there"), way_on(address, id, blockers))
        }
        Obstacle::Taken { attribute, value } => (
            format!("{itself} can't have `{value}` in its {attribute}: {others} has it until it is changed itself"),
            "nothing was changed. Take it off both and provision, then give each the one that it is to have"
                .to_string(),
        ),
        Obstacle::Overlaps { range } if blockers.iter().all(|one| one.address.as_ref() == Some(address)) => (
            format!("{itself} can't have {range}: it overlaps its range of today, which stays until nothing is in it"),
            "nothing was changed. Choose a range beside it, in `network`".to_string(),
        ),
        Obstacle::Overlaps { range } => (
            format!("{itself} can't have {range}: it overlaps {others}, which stays until nothing is in it"),
            "nothing was changed. Choose a range that nothing uses, in `network`. To exchange ranges, give each a \
             range that nothing uses and provision, then the one that it is to have"
                .to_string(),
        ),
        Obstacle::Outside { range, network } => (
            format!("{itself} can't have {range}: it lies outside {network}, the range of {others}"),
            "nothing was changed: correct the range and plan again".to_string(),
        ),
        Obstacle::Bound { attribute } => {
            let attributes = plural::of(blockers.len(), attribute);
            let message = format!("{itself} can't leave its {attributes}, {others}: AWS keeps it there");
            let hint = format!(
                "nothing was changed. Keep the {attributes} in `network` as it was; or provision another environment \
                 and move to it; or destroy this one and provision it anew"
            );
            (message, hint)
        }
    }
}

fn way_on(address: &Address, id: Option<&str>, blockers: &[Blocker]) -> String {
    let id = id.unwrap_or_default();
    if blockers.iter().all(|blocker| blocker.what.is_empty()) {
        return "nothing was changed. Delete what is in the way first, or leave it as it is".to_string();
    }
    let keep =
        "or put it back into the spec: only `billpay destroy` deletes data, along with its environment";
    match address.kind() {
        "bucket" => format!("nothing was changed. Empty it, all versions; {keep}"),
        "repository" => format!(
            "nothing was changed. Delete it yourself, with all its images: `aws ecr delete-repository --force \
             --repository-name {id}`; {keep}"
        ),
        _ => {
            "nothing was changed. Remove what is in the way, then run the same command again. Load balancers \
              and their security groups go with the Service, Ingress or Gateway that they were made for"
                .to_string()
        }
    }
}

fn names(blockers: &[Blocker]) -> String {
    let shown = |blocker: &Blocker| match (&blocker.address, blocker.what.as_str()) {
        (Some(address), _) if blocker.id.is_empty() => address.to_string(),
        (Some(address), _) => format!("{address} ({})", blocker.id),
        (None, "") => name(&blocker.id),
        (None, what) => format!("{} ({})", name(&blocker.id), name(what)),
    };
    let mut named: Vec<String> = blockers.iter().take(MAX_NAMES).map(shown).collect();
    if blockers.len() > MAX_NAMES {
        named.push(format!("{} more", blockers.len() - MAX_NAMES));
    }
    match named.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => named.concat(),
    }
}
