//! Puts an environment's file over the shared one.

use billpay_model::findings::{Problem, nearest};

use super::node::{Content, Entry, Node};
use super::path::Path;
use super::schema;

/// Merges two layers: mappings key by key; all else, the upper one replaces the lower.
pub(super) fn merge(below: Node, above: Node) -> Node {
    let (lower, upper) = match (below.content, above.content) {
        (Content::Mapping(lower), Content::Mapping(upper)) => (lower, upper),
        (_, content) => {
            return Node { content, place: above.place };
        }
    };
    let mut merged = lower;
    for entry in upper {
        match merged.iter_mut().find(|own| own.key == entry.key) {
            Some(own) => {
                let lower = std::mem::replace(
                    &mut own.value,
                    Node { content: Content::Null, place: entry.place.clone() },
                );
                *own = Entry { key: entry.key, place: entry.place, value: merge(lower, entry.value) };
            }
            None => merged.push(entry),
        }
    }
    Node { content: Content::Mapping(merged), place: above.place }
}

/// Finds each `null` that takes out nothing: a slip in a name, most likely.
pub(super) fn idle_removals(below: Option<&Node>, above: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    search(below, above, &Path::default(), &mut problems);
    problems
}

fn search(below: Option<&Node>, above: &Node, path: &Path, problems: &mut Vec<Problem>) {
    for entry in above.entries() {
        let path_here = path.key(&entry.key);
        let lower = below.and_then(|below| below.entry(&entry.key)).map(|entry| &entry.value);
        if entry.value.content != Content::Null {
            search(lower, &entry.value, &path_here, problems);
            continue;
        }
        let named_by_people = schema::at(schema::layer(), path)
            .is_none_or(|schema| schema["properties"].get(&entry.key).is_none());
        if lower.is_none() && named_by_people {
            let message = format!("`{path_here}` is not in shared.yaml, so `null` takes out nothing");
            let mut problem = Problem::error("nothing-to-take-out", entry.place.clone(), message);
            let known = below.map(Node::entries).unwrap_or_default();
            problem.did_you_mean = nearest(&entry.key, known.iter().map(|entry| entry.key.as_str()));
            problems.push(problem);
        }
    }
}
