//! The portal's own fields (`ui:field`): their answers and checks.

use serde_json::Value;

use super::json::Object;

/// Describes the answer to a field; none if it isn't one of the portal's.
pub(super) fn describe(field: &str) -> Option<&'static str> {
    Some(match field {
        "EntityPicker" | "OwnedEntityPicker" => "the reference of an entity, like component:default/payments",
        "OwnerPicker" | "MyGroupsPicker" => "the reference of a group or user, like group:default/payments",
        "MultiEntityPicker" => "references of entities, like component:default/payments",
        "EntityNamePicker" => "the name of an entity: letters, digits and - _ . between them, at most 63",
        "EntityTagsPicker" => "tags: small letters, digits and + # between single hyphens",
        "RepoUrlPicker" => "where the repository is to be, like github.com?owner=acme&repo=payments",
        "RepoBranchPicker" => "the name of a branch",
        "RepoOwnerPicker" => "who owns the repository",
        "Secret" => "kept as a secret",
        _ => return None,
    })
}

/// Returns the reason for which a field refuses a value, if it does.
pub(super) fn check(field: &str, schema: &Object, value: &Value) -> Option<String> {
    match (field, value) {
        ("RepoUrlPicker", Value::String(place)) => repository(place, schema),
        ("EntityNamePicker", Value::String(name)) if !is_entity_name(name) => {
            Some(format!("must be {}", describe("EntityNamePicker").unwrap_or_default()))
        }
        ("EntityTagsPicker", Value::Array(tags)) => {
            let tag = tags.iter().filter_map(Value::as_str).find(|tag| !is_tag(tag))?;
            Some(format!(
                "{tag:?} is no tag: small letters, digits and + # between single hyphens, at most 63"
            ))
        }
        _ => None,
    }
}

/// `github.com?owner=acme&repo=payments`; hosts differ in what they need beside the repository.
fn repository(place: &str, schema: &Object) -> Option<String> {
    let like = "like github.com?owner=acme&repo=payments";
    let (host, query) = place.split_once('?').unwrap_or((place, ""));
    if host.is_empty() || host.contains(['/', ' ', '@', '=', '&']) {
        return Some(format!("has no host: {like}"));
    }
    let given = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.len() > 1 && rest.starts_with('=')))
    };
    let options = schema.get("ui:options").and_then(|options| options.get("allowedHosts"));
    let hosts: Vec<&str> =
        options.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if !hosts.is_empty() && !hosts.contains(&host) {
        return Some(format!("{host} is not one of the hosts {}", hosts.join(", ")));
    }
    // The portal knows from its settings what kind of host it is; here its name has to tell.
    let needed: &[&str] = match host {
        "bitbucket.org" => &["workspace", "project", "repo"],
        host if host.contains("bitbucket") => &["project", "repo"],
        host if host == "dev.azure.com" || host.ends_with(".visualstudio.com") => &["project", "repo"],
        host if host.contains("gerrit") => &["repo"],
        _ => &["owner", "repo"],
    };
    let missing: Vec<&str> = needed.iter().copied().filter(|name| !given(name)).collect();
    (!missing.is_empty()).then(|| format!("has no {}: {like}", missing.join(" and no ")))
}

/// 1 to 63 letters and digits, with single characters of `-_.` between them.
fn is_entity_name(name: &str) -> bool {
    let part = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.len() <= 63 && part(name) && ends(name.bytes().next()) && ends(name.bytes().last())
}

fn is_tag(tag: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":+#".contains(&byte))
    };
    tag.len() <= 63 && tag.split('-').all(part)
}
