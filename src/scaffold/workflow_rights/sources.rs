//! Parts of workflows and actions, and what expressions in them get their values from.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Sources of the values of expressions in a job, or in an action.
pub(super) struct Sources<'s> {
    pub(super) root: &'s Map<String, Value>,
    pub(super) job: Option<&'s Map<String, Value>>,
}

impl Sources<'_> {
    /// Returns a value in words; of an expression, also what it may stand for.
    pub(super) fn describe(&self, value: &Value) -> String {
        let text = quote(value);
        if !text.contains("${{") {
            return text;
        }
        let mut sources = Map::new();
        if let Some(strategy) = self.job.and_then(|job| job.get("strategy")) {
            sources.insert("strategy".to_string(), strategy.clone());
        }
        let on = events(self.root);
        let called = ["workflow_call", "workflow_dispatch"].into_iter().filter_map(|event| on?.get(event));
        let inputs = called.filter_map(|event| event.get("inputs")).chain(self.root.get("inputs"));
        for (name, input) in inputs.filter_map(Value::as_object).flatten() {
            if let Some(default) = input.get("default") {
                // Each event has its own.
                let known = sources.entry(format!("inputs.{name}")).or_insert_with(|| Value::Array(vec![]));
                known.as_array_mut().into_iter().for_each(|known| known.push(default.clone()));
            }
        }
        // What other jobs say is whatever their steps do.
        if format!("{text}{sources:?}").to_ascii_lowercase().contains("needs") {
            for needed in self.job.map(needs).unwrap_or_default() {
                let job = self.root.get("jobs").and_then(|jobs| jobs.get(&needed)).cloned();
                sources.insert(format!("needs.{needed}"), job.unwrap_or_default());
            }
        }
        match sources.is_empty() {
            true => text,
            false => format!("{text} with {}", quote(&Value::Object(sources))),
        }
    }

    /// Returns the same of an expression that may read variables.
    pub(super) fn describe_with_env(&self, value: &Value, env: Option<&Value>) -> String {
        let label = self.describe(value);
        let all = [self.root.get("env"), self.job.and_then(|job| job.get("env")), env];
        let all: Vec<&Value> = all.into_iter().flatten().collect();
        match label.contains("${{") && !all.is_empty() {
            true => format!("{label} and `env` of {}", quote(&all.into_iter().cloned().collect())),
            false => label,
        }
    }
}

/// Returns what starts a workflow; readers of YAML 1.1 take `on` for true.
pub(super) fn events(root: &Map<String, Value>) -> Option<&Value> {
    root.get("on").or_else(|| root.get("true"))
}

pub(super) fn steps(all: Option<&Value>) -> impl Iterator<Item = &Value> {
    all.and_then(Value::as_array).into_iter().flatten()
}

/// Returns the jobs that a job waits for.
pub(super) fn needs(job: &Map<String, Value>) -> BTreeSet<String> {
    let names = match job.get("needs") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => vec![],
    };
    names.into_iter().map(str::to_string).collect()
}

pub(super) fn quote(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}

/// Returns the secrets that expressions in a text name, in words; GitHub reads them in any case.
pub(super) fn secrets_in(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut found = vec![];
    for (at, word) in lower.match_indices("secrets") {
        let before = lower[..at].chars().next_back();
        if before.is_some_and(|c| is_word(c) || c == '.') {
            continue;
        }
        // Elsewhere it is a word like others.
        if !lower[..at].contains("${{") {
            continue;
        }
        let rest = lower[at + word.len()..].trim_start();
        let name = |rest: &str| rest.split(|c| !is_word(c)).next().unwrap_or_default().to_uppercase();
        let quoted = rest.strip_prefix('[').map(str::trim_start).and_then(|rest| rest.strip_prefix('\''));
        // Anything but one name in quotes may come out as any name.
        let quoted = quoted.and_then(|rest| {
            let (name, rest) = rest.split_once('\'')?;
            (rest.trim_start().starts_with(']') && name.chars().all(is_word)).then(|| name.to_uppercase())
        });
        let dotted = rest.strip_prefix('.').map(str::trim_start).map(name);
        match quoted.or(dotted) {
            Some(name) if name == "GITHUB_TOKEN" => {}
            Some(name) if !name.is_empty() => found.push(format!("the secret `{name}`")),
            _ => found.push("all secrets".to_string()),
        }
    }
    found
}
