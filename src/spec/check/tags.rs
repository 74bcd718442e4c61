//! Tags: what AWS takes, and what billpay keeps for itself.

use billpay_model::environment::Environment;

use super::{Finding, Spot, item, value};
use crate::path::Path;

/// AWS allows 50 tags on most resources.
const AWS_LIMIT: usize = 50;
/// Tags that billpay sets: Name, and those of `model::resource` (project, environment, region,
/// address, protected, attempt, id, state).
const OURS: usize = 9;
/// Prefixes of tags that only AWS or billpay may set.
const RESERVED: [&str; 2] = ["aws:", "billpay:"];
/// Tags that billpay could not do without, and so never ignores.
const NEEDED: [&str; 3] = ["billpay:", "Name", "kubernetes.io/role/"];

pub(super) fn check(env: &Environment) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, content) in &env.tags {
        let path = Path::of(["tags"]).key(name);
        found.extend(
            name_problem(name).map(|reason| Finding::error("bad-tag", Spot::Key(path.clone()), reason)),
        );
        if content.chars().count() > 256 || !content.chars().all(is_allowed) {
            let message = format!("the value of the tag `{name}` is not one that AWS takes");
            found.push(Finding::error("bad-tag", Spot::Value(path.clone()), message).help(ALLOWED_VALUE));
        }
        let alike =
            env.tags.keys().find(|other| *other < name && other.to_lowercase() == name.to_lowercase());
        if let Some(other) = alike {
            found.push(
                Finding::error(
                    "duplicate",
                    Spot::Key(path),
                    format!("the tags `{other}` and `{name}` differ in case only"),
                )
                .related(Spot::Key(Path::of(["tags"]).key(other)), "first here")
                .help("IAM takes them for the same tag"),
            );
        }
    }
    let most = AWS_LIMIT - OURS;
    if env.tags.len() > most {
        let message = format!("{} tags, and there is room for {most}", env.tags.len());
        found.push(
            Finding::error("too-many", value(["tags"]), message)
                .help(format!("AWS allows {AWS_LIMIT} on a resource, and billpay needs {OURS}")),
        );
    }
    for (index, prefix) in env.ignored_tags.iter().enumerate() {
        found.extend(swallowed(env, prefix, index));
    }
    found
}

const ALLOWED_VALUE: &str = "allowed: at most 256 letters, digits, spaces and `_.:/=+-@`";

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}

fn name_problem(name: &str) -> Option<String> {
    let folded = name.to_lowercase();
    if let Some(prefix) = RESERVED.iter().find(|prefix| folded.starts_with(*prefix)) {
        return Some(format!("tags that begin with `{prefix}` are not yours to set"));
    }
    if name == "Name" {
        return Some("the tag `Name` is billpay's: it carries each resource's own name".to_owned());
    }
    let fits =
        (1..=128).contains(&name.chars().count()) && name.chars().all(is_allowed) && name.trim() == name;
    (!fits).then(|| format!("`{name}` cannot be a tag: 1 to 128 letters, digits, spaces and `_.:/=+-@`"))
}

/// Refuses to ignore what billpay itself sets or needs.
fn swallowed(env: &Environment, prefix: &str, index: usize) -> Option<Finding> {
    let spot = item(["ignored_tags"], index);
    let meets = |tag: &str| tag.starts_with(prefix) || (tag.ends_with([':', '/']) && prefix.starts_with(tag));
    if let Some(needed) = NEEDED.iter().find(|needed| meets(needed)) {
        let message = format!("ignoring `{prefix}` would ignore `{needed}`, which billpay needs");
        return Some(Finding::error("ignored-tag", spot, message));
    }
    let own = env.tags.keys().find(|tag| tag.starts_with(prefix))?;
    let message = format!("ignoring `{prefix}` would ignore the tag `{own}`");
    Some(
        Finding::error("ignored-tag", spot, message)
            .related(Spot::Key(Path::of(["tags"]).key(own)), "set here"),
    )
}
