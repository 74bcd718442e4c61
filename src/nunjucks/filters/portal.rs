//! The portal's own filters.

use std::sync::Arc;

use super::Filter;
use super::repo_url::RepoUrl;
use crate::fault::{Fault, Outcome};
use crate::operate::own_property;
use crate::value::{Record, Value};

impl Filter<'_, '_> {
    pub(super) fn portal(&self, input: &Value) -> Outcome<Value> {
        match self.name {
            "parseRepoUrl" => self.repo_url(input).map(|(_, record)| record),
            "projectSlug" => {
                let (url, _) = self.repo_url(input)?;
                match (url.parameter("owner"), url.parameter("repo")) {
                    (Some(owner), Some(repo)) => {
                        let slug = format!("{}/{}", owner.trim_matches('/'), repo.trim_matches('/'));
                        Ok(Value::text(slug))
                    }
                    _ => Fault::fail("the repository's address has no owner or no repo"),
                }
            }
            "parseEntityRef" => self.entity_ref(input),
            _ => self.pick(input),
        }
    }

    fn repo_url(&self, input: &Value) -> Outcome<(RepoUrl, Value)> {
        let text = self.to_text(input)?;
        let Some(url) = RepoUrl::read(&text) else {
            return Fault::fail(format!("`{text}` is no address of a repository"));
        };
        if let Some(missing) = url.missing() {
            return Fault::fail(format!("the repository's address `{text}` has no {missing}"));
        }
        let part = |name: &'static str| match url.parameter(name) {
            Some(value) => Value::text(value.trim_matches('/')),
            None => Value::Undefined(None),
        };
        let mut entries: Vec<(Arc<str>, Value)> = vec![("host".into(), Value::text(url.host.as_str()))];
        for name in ["owner", "repo", "organization", "workspace", "project"] {
            entries.push((name.into(), part(name)));
        }
        let record = Record::of(entries, self.budget())?;
        Ok((url, record))
    }

    fn entity_ref(&self, input: &Value) -> Outcome<Value> {
        if !input.is_truthy() {
            return Fault::fail("an entity's reference can't be empty");
        }
        let from = |value: &Value, name: &str| {
            own_property(value, name).map(|value| value.filter(|value| !value.is_nothing()))
        };
        let kind = from(self.argument(0), "defaultKind")?;
        let namespace = from(self.argument(0), "defaultNamespace")?.filter(Value::is_truthy);
        let namespace = namespace.unwrap_or_else(|| Value::text("default"));
        let (kind, namespace, name) = match input {
            Value::Text(text) | Value::Safe(text) => {
                let parts = reference(text);
                if [parts.0, parts.1, Some(parts.2)].contains(&Some("")) {
                    return Fault::fail(format!(
                        "`{text}` is not on the form `[<kind>:][<namespace>/]<name>`"
                    ));
                }
                (
                    parts.0.map(Value::text).or(kind),
                    parts.1.map_or(namespace, Value::text),
                    Some(Value::text(parts.2)),
                )
            }
            other => (
                from(other, "kind")?.or(kind),
                from(other, "namespace")?.unwrap_or(namespace),
                from(other, "name")?,
            ),
        };
        let require = |value: Option<Value>, what: &str| match value.filter(Value::is_truthy) {
            Some(value) => Ok(value),
            None => Fault::fail(format!("this entity's reference has no {what}")),
        };
        let entries = vec![
            ("kind".into(), require(kind, "kind")?),
            ("namespace".into(), require(Some(namespace), "namespace")?),
            ("name".into(), require(name, "name")?),
        ];
        Record::of(entries, self.budget())
    }

    fn pick(&self, input: &Value) -> Outcome<Value> {
        let path = self.to_text(self.argument(0))?;
        let whole = own_property(input, &path)?;
        let found = match whole {
            Some(value) => value,
            None => {
                let mut value = input.clone();
                for name in steps(&path)? {
                    value = own_property(&value, name)?.unwrap_or(Value::Undefined(None));
                }
                value
            }
        };
        Ok(if found.is_undefined() { self.argument(1).clone() } else { found })
    }
}

/// The kind, the namespace and the name of a reference.
fn reference(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let slash = text.find('/');
    let colon = text.find(':').filter(|colon| slash.is_none_or(|slash| slash > *colon));
    let start = colon.map_or(0, |colon| colon + 1);
    let kind = colon.and_then(|colon| text.get(..colon));
    let namespace = slash.and_then(|slash| text.get(start..slash));
    let from = start.max(slash.map_or(0, |slash| slash + 1));
    (kind, namespace, text.get(from..).unwrap_or_default())
}

/// The names of a path `a.b[0].c`.
fn steps(path: &str) -> Outcome<Vec<&str>> {
    let mut steps = vec![];
    for part in path.split('.') {
        let (name, indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !name.is_empty() {
            steps.push(name);
        }
        let mut rest = indices;
        while let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let index = index.trim_matches(['"', '\'']);
            steps.push(index);
            rest = after;
        }
        if !rest.is_empty() || part.is_empty() || steps.last().is_none_or(|step| step.is_empty()) {
            return Fault::unlike(format!("the path `{path}`"));
        }
    }
    Ok(steps)
}
