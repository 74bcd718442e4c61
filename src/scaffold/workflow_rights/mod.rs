//! The rights of GitHub workflows and actions, and those that an edit adds.

mod permissions;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use billpay_spec::yaml::{self, Limits};
use billpay_tree::template_side;
use permissions::{Permissions, permissions};
use serde_json::{Map, Value};
use sources::{Sources, events, needs, quote, secrets_in, steps};

const LIMITS: Limits = Limits::data("a workflow");

/// Events that only people with write access cause, or that start a run without rights.
const USUAL_EVENTS: &[&str] = &[
    "create",
    "delete",
    "merge_group",
    "pull_request",
    "push",
    "release",
    "workflow_call",
    "workflow_dispatch",
];

/// Owners of the actions that come with GitHub.
const FIRST_PARTIES: &[&str] = &["actions", "github"];

/// Beginnings of the labels of GitHub's own runners.
const HOSTED: &[&str] = &["ubuntu-", "windows-", "macos-"];

/// The kind of a file for GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Workflow,
    Action,
}

impl Kind {
    fn of(path: &str) -> Option<Kind> {
        let path = format!("/{}", path.to_ascii_lowercase());
        let (folder, name) = path.rsplit_once('/').unwrap_or_default();
        let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        match name {
            _ if is_yaml && folder.ends_with("/.github/workflows") => Some(Kind::Workflow),
            "action.yml" | "action.yaml" => Some(Kind::Action),
            _ => None,
        }
    }
}

/// Returns true if GitHub takes a file for a workflow or an action; its path is that from the repository's root.
pub fn has_rights(path: &str) -> bool {
    Kind::of(path).is_some()
}

/// Returns true if a file may be another one under a new name: both are actions, or workflows that the same starts.
pub fn may_be_renamed(from: (&str, &[u8]), to: (&str, &[u8])) -> bool {
    let started = |(path, bytes): (&str, &[u8])| {
        let kind = Kind::of(path)?;
        Some((kind, Rights::read(kind, &template_side(bytes)).ok()?.triggers))
    };
    started(from).is_some_and(|from| started(to) == Some(from))
}

/// Returns the rights that a workflow or an action has after an edit and had not before, in words.
///
/// Rights of what can't be read: it may do anything.
pub fn added_rights(path: &str, before: Option<&[u8]>, after: &[u8]) -> Vec<String> {
    let Some(kind) = Kind::of(path).filter(|_| before != Some(after)) else { return vec![] };
    let before = before.and_then(|before| Rights::read(kind, before).ok()).unwrap_or_default();
    match Rights::read(kind, &template_side(after)) {
        Ok(after) => after.beyond(&before),
        Err(why) => vec![format!("can't be read, so that what it may do is unknown: {why}")],
    }
}

/// An action or a workflow that is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Call {
    /// Set if it is called by a name that its owner can move to other code.
    is_movable: bool,
    /// The call as it is written.
    written: String,
}

/// Conditions that hold back a job that others start.
#[derive(Debug, Default)]
struct Guards {
    needs: BTreeSet<String>,
    environment: Option<String>,
    /// The steps that run under conditions, by what tells them apart.
    steps: Vec<(String, Option<String>)>,
}

#[derive(Debug, Default)]
struct Rights {
    /// The names of all events.
    triggers: BTreeSet<String>,
    /// By job, where others start it.
    guards: BTreeMap<String, Guards>,
    /// Inputs that each job passes to the workflow that it calls.
    passed: BTreeMap<String, String>,
    /// Events that others cause, in words, and their conditions.
    events: BTreeMap<String, String>,
    /// By job.
    permissions: BTreeMap<String, Permissions>,
    calls: BTreeMap<String, Call>,
    /// Descriptions of all other rights.
    others: BTreeSet<String>,
}

impl Rights {
    fn read(kind: Kind, bytes: &[u8]) -> Result<Rights, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_string())?;
        let root: Value = yaml::from_str(text, &LIMITS).map_err(|error| error.to_string())?;
        let Value::Object(root) = root else { return Err("it is no mapping".to_string()) };
        let mut rights = Rights::default();
        // An action may lie among the workflows, too.
        if let Some(runs) = root.get("runs") {
            rights.action(runs, &root);
        }
        if kind == Kind::Action {
            root.get("runs").ok_or("it has no `runs`")?;
            rights.secrets("it", &Value::Object(root));
            return Ok(rights);
        }
        rights.events(events(&root).ok_or("it has no `on`")?)?;
        let whole = root.get("permissions").map(permissions).transpose()?.unwrap_or(Permissions::Default);
        let Some(Value::Object(jobs)) = root.get("jobs") else { return Err("it has no jobs".to_string()) };
        for (name, job) in jobs {
            let Value::Object(job) = job else { return Err(format!("the job `{name}` is no mapping")) };
            rights.job(name, job, &whole, &root)?;
        }
        for (key, value) in root.iter().filter(|(key, _)| *key != "jobs" && *key != "on") {
            rights.secrets(&format!("every job (`{key}`)"), value);
        }
        Ok(rights)
    }

    fn events(&mut self, on: &Value) -> Result<(), String> {
        let mut add = |name: &str, conditions: String| {
            self.triggers.insert(name.to_string());
            if !USUAL_EVENTS.contains(&name) {
                self.events.insert(name.to_string(), conditions);
            }
        };
        match on {
            Value::String(name) => add(name, String::new()),
            Value::Array(names) => {
                for name in names {
                    add(name.as_str().ok_or("`on` can't be read")?, String::new());
                }
            }
            Value::Object(events) => {
                for (name, conditions) in events {
                    add(name, if conditions.is_null() { String::new() } else { conditions.to_string() });
                }
            }
            _ => return Err("`on` can't be read".to_string()),
        }
        Ok(())
    }

    fn job(
        &mut self,
        name: &str,
        job: &Map<String, Value>,
        whole: &Permissions,
        root: &Map<String, Value>,
    ) -> Result<(), String> {
        let own = job.get("permissions").map(permissions).transpose()?;
        self.permissions.insert(name.to_string(), own.unwrap_or_else(|| whole.clone()));
        let label = format!("the job `{name}`");
        let sources = Sources { root, job: Some(job) };
        let environment = job.get("environment").map(|it| it.get("name").unwrap_or(it));
        let environment = environment.filter(|it| !it.is_null()).map(|it| sources.describe(it));
        if let Some(environment) = &environment {
            self.others.insert(format!("{label} uses the environment {environment}"));
        }
        if job.get("secrets").and_then(Value::as_str) == Some("inherit") {
            self.others.insert(format!("{label} passes all secrets on"));
        }
        if let Some(runner) = job.get("runs-on").filter(|runner| !is_hosted(runner)) {
            self.others
                .insert(format!("{label} runs on {}, no runner of GitHub's", sources.describe(runner)));
        }
        let services = job.get("services").and_then(Value::as_object);
        let images = job.get("container").into_iter().chain(services.into_iter().flat_map(Map::values));
        for image in images.map(|it| it.get("image").unwrap_or(it)) {
            self.image(image, &sources);
        }
        if let Some(expression) = services.is_none().then(|| job.get("services")).flatten() {
            self.image(expression, &sources);
        }
        // What others start is held back by nothing but its condition.
        if !self.events.is_empty() {
            let condition = job.get("if").filter(|it| !it.is_null());
            self.others.insert(match condition {
                Some(condition) => format!("{label} runs if {}, whoever starts it", quote(condition)),
                None => format!("{label} runs without a condition, whoever starts it"),
            });
            self.checkouts(&label, job, &sources);
            let steps = steps(job.get("steps")).map(|step| {
                let id = ["id", "name", "uses", "run"].into_iter().find_map(|key| step.get(key)?.as_str());
                let id = id.unwrap_or_default().split('@').next().unwrap_or_default();
                (id.to_string(), step.get("if").filter(|it| !it.is_null()).map(quote))
            });
            let guards = Guards { needs: needs(job), environment, steps: steps.collect() };
            self.guards.insert(name.to_string(), guards);
        }
        if let Some(called) = job.get("uses").and_then(Value::as_str) {
            let called = called.split('@').next().unwrap_or_default();
            let passed = job.get("with").filter(|with| !with.is_null());
            let passed = passed.map_or_else(|| "nothing".to_string(), |with| sources.describe(with));
            self.passed.insert(name.to_string(), format!("{label} passes {passed} to `{called}`"));
        }
        self.call(job.get("uses"), &sources);
        self.steps(job.get("steps"), &sources);
        self.secrets(&label, &Value::Object(job.clone()));
        Ok(())
    }

    /// Notes what is checked out by a name that others may have chosen.
    fn checkouts(&mut self, label: &str, job: &Map<String, Value>, sources: &Sources) {
        for step in steps(job.get("steps")) {
            for key in ["ref", "repository"] {
                let Some(with) = step.pointer(&format!("/with/{key}")) else { continue };
                let text = quote(with);
                let is_own = key == "repository" && is_own_repository(with);
                if !is_own && (text.contains("${{") || (key == "ref" && of_pull_request(&text))) {
                    let chosen = sources.describe_with_env(with, step.get("env"));
                    self.others.insert(format!(
                        "{label} checks out {chosen}, which may be what a pull request brings"
                    ));
                }
            }
        }
    }

    fn action(&mut self, runs: &Value, root: &Map<String, Value>) {
        let using = runs.get("using").and_then(Value::as_str).unwrap_or_default();
        if using != "composite" {
            self.others.insert(format!("it is a program that `{using}` runs"));
        }
        let sources = Sources { root, job: None };
        if let Some(image) = runs.get("image") {
            self.image(image, &sources);
        }
        self.steps(runs.get("steps"), &sources);
    }

    fn steps(&mut self, all: Option<&Value>, sources: &Sources) {
        for step in steps(all) {
            self.call(step.get("uses"), sources);
            let uses = step.get("uses").and_then(Value::as_str).unwrap_or_default();
            let repository = step.pointer("/with/repository").filter(|it| !is_own_repository(it));
            if let Some(repository) = repository.filter(|_| uses.to_ascii_lowercase().contains("checkout")) {
                let version = step.pointer("/with/ref").and_then(Value::as_str).unwrap_or_default();
                self.checkout(repository, version, sources, step.get("env"));
            }
        }
    }

    fn checkout(&mut self, repository: &Value, version: &str, sources: &Sources, env: Option<&Value>) {
        let Some(name) = repository.as_str().filter(|name| !name.contains("${{")) else {
            let label = sources.describe_with_env(repository, env);
            return self.add_call(&label, false, label.trim_matches('`'));
        };
        let name = name.trim();
        if !is_first_party(name) {
            let at = if version.is_empty() { String::new() } else { format!("@{version}") };
            self.add_call(name, is_commit(version), &format!("{name}{at}"));
        }
    }

    fn call(&mut self, uses: Option<&Value>, sources: &Sources) {
        let Some(written) = uses.and_then(Value::as_str).map(str::trim) else { return };
        if let Some(image) = written.strip_prefix("docker://") {
            return self.image(&image.into(), sources);
        }
        let (name, version) = written.rsplit_once('@').unwrap_or((written, ""));
        if !name.starts_with("./") && !is_first_party(name) {
            self.add_call(name, is_commit(version), written);
        }
    }

    fn image(&mut self, image: &Value, sources: &Sources) {
        let text = quote(image);
        if text.contains("${{") {
            let label = sources.describe(image);
            return self.add_call(&format!("docker://{label}"), false, label.trim_matches('`'));
        }
        let Some(written) = image.as_str() else { return };
        let (name, digest) = written.split_once('@').unwrap_or((written, ""));
        let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
        let digest = digest.strip_prefix("sha256:").unwrap_or_default();
        let is_exact = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.add_call(&format!("docker://{}", &name[..tag.unwrap_or(name.len())]), is_exact, written);
    }

    fn add_call(&mut self, name: &str, is_exact: bool, written: &str) {
        let call = self.calls.entry(name.to_ascii_lowercase()).or_default();
        if call.written.is_empty() || !is_exact {
            call.written = written.to_string();
        }
        call.is_movable |= !is_exact;
    }

    /// Notes every secret that is named in a value.
    fn secrets(&mut self, who: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let named = secrets_in(text).into_iter();
                self.others.extend(named.map(|secret| format!("{who} reads {secret}")));
            }
            Value::Array(items) => items.iter().for_each(|item| self.secrets(who, item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    match (name.as_str(), field) {
                        // A condition is an expression by itself.
                        ("if", Value::String(text)) => self.secrets(who, &format!("${{{{ {text}").into()),
                        (_, field) => self.secrets(who, field),
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the rights that others don't have.
    fn beyond(&self, before: &Rights) -> Vec<String> {
        let mut added = vec![];
        for (event, conditions) in &self.events {
            match before.events.get(event) {
                Some(known) if known == conditions => {}
                Some(_) => {
                    added.push(format!("it is started by `{event}` under other conditions: {conditions}"))
                }
                None => added.push(format!("it is started by `{event}`")),
            }
        }
        for (job, permissions) in &self.permissions {
            let known = before.permissions.get(job);
            added.extend(
                permissions.beyond(known).into_iter().map(|right| format!("the job `{job}` {right}")),
            );
        }
        for (name, call) in &self.calls {
            let written = &call.written;
            match before.calls.get(name) {
                None if call.is_movable => {
                    added.push(format!("it calls `{written}`, whose owner can change what that is"));
                }
                None => added.push(format!("it calls `{written}`")),
                Some(known) if call.is_movable && !known.is_movable => {
                    added.push(format!("it calls `{written}`, no longer at a commit"));
                }
                Some(_) => {}
            }
        }
        for (job, passed) in &self.passed {
            let known = before.passed.get(job);
            if known.map_or(!passed.contains(" passes nothing to "), |known| known != passed) {
                added.push(passed.clone());
            }
        }
        for (job, guards) in &self.guards {
            if let Some(known) = before.guards.get(job) {
                added.extend(guards.lost(known).into_iter().map(|lost| format!("the job `{job}` {lost}")));
            }
        }
        added.extend(self.others.difference(&before.others).cloned());
        added
    }
}

impl Guards {
    /// Returns what held a job back before and does so no longer, in words.
    fn lost(&self, before: &Guards) -> Vec<String> {
        let mut lost: Vec<String> =
            before.needs.difference(&self.needs).map(|job| format!("no longer waits for `{job}`")).collect();
        if let (Some(environment), None) = (&before.environment, &self.environment) {
            lost.push(format!("is no longer held to the environment {environment}"));
        }
        for step @ (id, condition) in &before.steps {
            let Some(condition) = condition else { continue };
            let count = |guards: &Guards| {
                guards.steps.iter().filter(|(_, other)| other.as_ref() == Some(condition)).count()
            };
            let has_other = self.steps.iter().any(|(other, _)| other == id) && !self.steps.contains(step);
            let label = format!("has a step that no longer runs only if {condition}");
            if (has_other || count(self) < count(before)) && !lost.contains(&label) {
                lost.push(label);
            }
        }
        lost
    }
}

fn is_first_party(name: &str) -> bool {
    let owner = name.split('/').next().unwrap_or_default();
    FIRST_PARTIES.iter().any(|party| owner.eq_ignore_ascii_case(party))
}

fn is_commit(version: &str) -> bool {
    version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns true if a checkout is of the repository that the workflow is in.
fn is_own_repository(repository: &Value) -> bool {
    let text = repository.as_str().unwrap_or_default().replace(char::is_whitespace, "");
    repository.is_null() || text.is_empty() || text.eq_ignore_ascii_case("${{github.repository}}")
}

fn of_pull_request(text: &str) -> bool {
    ["head", "merge", "pull"].iter().any(|word| text.contains(word))
}

fn is_hosted(runner: &Value) -> bool {
    match runner {
        Value::String(label) => {
            !label.contains("${{") && HOSTED.iter().any(|hosted| label.starts_with(hosted))
        }
        Value::Array(labels) => labels.iter().all(is_hosted),
        _ => false,
    }
}
