//! The rights of GitHub workflows and actions, and those that an edit adds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::domain::tree::template_side;
use crate::domain::yaml::{self, Limits};

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

/// Returns whether GitHub takes a file for a workflow or an action.
pub fn has_rights(path: &str) -> bool {
    let path = format!("/{}", path.to_ascii_lowercase());
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    is_yaml && (folder.ends_with("/.github/workflows") || matches!(name, "action.yml" | "action.yaml"))
}

/// Returns the rights that a workflow or an action has after an edit and had not before, in words.
///
/// Rights of what can't be read: it may do anything.
pub fn added_rights(before: Option<&[u8]>, after: &[u8]) -> Vec<String> {
    if before == Some(after) {
        return vec![];
    }
    let before = before.and_then(|before| Rights::read(before).ok()).unwrap_or_default();
    match Rights::read(&template_side(after)) {
        Ok(after) => after.beyond(&before),
        Err(why) => vec![format!("can't be read, so that what it may do is unknown: {why}")],
    }
}

/// The level of a permission of the run's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Read,
    Write,
}

/// The permissions of the run's token.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Permissions {
    /// Those that the repository's settings give.
    Default,
    /// The same for everything.
    All(Level),
    Listed(BTreeMap<String, Level>),
}

/// An action or a workflow that is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Call {
    /// Set if it is called by a name that its owner can move to other code.
    is_movable: bool,
    /// The call as it is written.
    written: String,
}

#[derive(Debug, Default)]
struct Rights {
    /// Events that others cause, in words, and their conditions.
    events: BTreeMap<String, String>,
    /// By job.
    permissions: BTreeMap<String, Permissions>,
    calls: BTreeMap<String, Call>,
    /// Everything else, in words.
    others: BTreeSet<String>,
}

impl Rights {
    fn read(bytes: &[u8]) -> Result<Rights, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_string())?;
        let root: Value = yaml::from_str(text, &LIMITS).map_err(|error| error.to_string())?;
        let Value::Object(root) = root else { return Err("it is no mapping".to_string()) };
        let mut rights = Rights::default();
        if let Some(runs) = root.get("runs") {
            rights.action(runs);
            rights.secrets("it", &Value::Object(root));
            return Ok(rights);
        }
        // Readers of YAML 1.1 take `on` for true.
        let on = root.get("on").or_else(|| root.get("true")).ok_or("it has no `on`")?;
        rights.events(on)?;
        let whole = root.get("permissions").map(permissions).transpose()?.unwrap_or(Permissions::Default);
        let Some(Value::Object(jobs)) = root.get("jobs") else { return Err("it has no jobs".to_string()) };
        for (name, job) in jobs {
            let Value::Object(job) = job else { return Err(format!("the job `{name}` is no mapping")) };
            rights.job(name, job, &whole)?;
        }
        for (key, value) in root.iter().filter(|(key, _)| *key != "jobs" && *key != "on") {
            rights.secrets(&format!("every job (`{key}`)"), value);
        }
        Ok(rights)
    }

    fn events(&mut self, on: &Value) -> Result<(), String> {
        let mut add = |name: &str, conditions: String| {
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

    fn job(&mut self, name: &str, job: &Map<String, Value>, whole: &Permissions) -> Result<(), String> {
        let own = job.get("permissions").map(permissions).transpose()?;
        self.permissions.insert(name.to_string(), own.unwrap_or_else(|| whole.clone()));
        let told = format!("the job `{name}`");
        let environment = job.get("environment").map(|it| it.get("name").unwrap_or(it));
        if let Some(environment) = environment.filter(|it| !it.is_null()) {
            self.others.insert(format!("{told} uses the environment {}", shown(environment)));
        }
        if job.get("secrets").and_then(Value::as_str) == Some("inherit") {
            self.others.insert(format!("{told} passes all secrets on"));
        }
        if let Some(runner) = job.get("runs-on").filter(|runner| !is_hosted(runner)) {
            self.others.insert(format!("{told} runs on {}, no runner of GitHub's", shown(runner)));
        }
        let image = |it: &Value| it.get("image").unwrap_or(it).as_str().map(str::to_string);
        let services = job.get("services").and_then(Value::as_object);
        let images = job.get("container").into_iter().chain(services.into_iter().flat_map(Map::values));
        images.filter_map(image).for_each(|image| self.image(&image));
        // What others start is held back by nothing but its condition.
        if !self.events.is_empty() {
            let condition = job.get("if").filter(|it| !it.is_null());
            self.others.insert(match condition {
                Some(condition) => format!("{told} runs if {}, whoever starts it", shown(condition)),
                None => format!("{told} runs without a condition, whoever starts it"),
            });
            let steps = job.get("steps").and_then(Value::as_array).into_iter().flatten();
            let mut checkouts = steps.filter_map(|step| step.pointer("/with/ref")?.as_str());
            if checkouts.any(|it| it.contains("head") || it.contains("merge")) {
                self.others.insert(format!("{told} checks out what a pull request brings"));
            }
        }
        self.call(job.get("uses"));
        self.steps(job.get("steps"));
        self.secrets(&told, &Value::Object(job.clone()));
        Ok(())
    }

    fn action(&mut self, runs: &Value) {
        let using = runs.get("using").and_then(Value::as_str).unwrap_or_default();
        if using != "composite" {
            self.others.insert(format!("it is a program that `{using}` runs"));
        }
        if let Some(image) = runs.get("image").and_then(Value::as_str) {
            self.image(image);
        }
        self.steps(runs.get("steps"));
    }

    fn steps(&mut self, steps: Option<&Value>) {
        for step in steps.and_then(Value::as_array).into_iter().flatten() {
            self.call(step.get("uses"));
        }
    }

    fn call(&mut self, uses: Option<&Value>) {
        let Some(written) = uses.and_then(Value::as_str).map(str::trim) else { return };
        if let Some(image) = written.strip_prefix("docker://") {
            return self.image(image);
        }
        let (name, version) = written.rsplit_once('@').unwrap_or((written, ""));
        let owner = name.split('/').next().unwrap_or_default();
        let is_own = name.starts_with("./");
        if is_own || FIRST_PARTIES.iter().any(|party| owner.eq_ignore_ascii_case(party)) {
            return;
        }
        let is_exact = version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.add_call(name, is_exact, written);
    }

    fn image(&mut self, written: &str) {
        let (name, digest) = written.split_once('@').unwrap_or((written, ""));
        let tag = name.rfind(':').filter(|at| !name[*at..].contains('/'));
        self.add_call(
            &format!("docker://{}", &name[..tag.unwrap_or(name.len())]),
            digest.len() > 64,
            written,
        );
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
        added.extend(self.others.difference(&before.others).cloned());
        added
    }
}

fn permissions(value: &Value) -> Result<Permissions, String> {
    let level = |text: &str| match text {
        "none" => Ok(None),
        "read" => Ok(Some(Level::Read)),
        "write" => Ok(Some(Level::Write)),
        _ => Err("`permissions` can't be read".to_string()),
    };
    match value {
        Value::String(text) if text == "read-all" => Ok(Permissions::All(Level::Read)),
        Value::String(text) if text == "write-all" => Ok(Permissions::All(Level::Write)),
        Value::Object(scopes) => {
            let mut listed = BTreeMap::new();
            for (scope, value) in scopes {
                if let Some(level) = level(value.as_str().unwrap_or_default())? {
                    listed.insert(scope.clone(), level);
                }
            }
            Ok(Permissions::Listed(listed))
        }
        Value::Null => Ok(Permissions::Listed(BTreeMap::new())),
        _ => Err("`permissions` can't be read".to_string()),
    }
}

impl Permissions {
    fn level(&self, scope: &str) -> Option<Level> {
        match self {
            // It depends on the settings, and may be nothing.
            Permissions::Default => None,
            Permissions::All(level) => Some(*level),
            Permissions::Listed(scopes) => scopes.get(scope).copied(),
        }
    }

    /// Returns the rights beyond those of the same job before, in words.
    fn beyond(&self, before: Option<&Permissions>) -> Vec<String> {
        match (self, before) {
            (Permissions::Default, Some(Permissions::Default | Permissions::All(Level::Write))) => vec![],
            (Permissions::Default, _) => {
                vec!["names no permissions, and has those that the repository gives by default".to_string()]
            }
            (Permissions::All(level), Some(Permissions::All(known))) if level <= known => vec![],
            (Permissions::All(Level::Read), Some(Permissions::Default)) => vec![],
            (Permissions::All(Level::Read), _) => vec!["may read everything".to_string()],
            (Permissions::All(Level::Write), _) => vec!["may write everything".to_string()],
            (Permissions::Listed(scopes), before) => {
                let is_more = |(scope, level): &(&String, &Level)| {
                    // Everybody's code is read by everybody's jobs.
                    let usual = before.is_none() && scope.as_str() == "contents" && **level == Level::Read;
                    let by_default = before == Some(&Permissions::Default) && **level == Level::Read;
                    let known = before.and_then(|before| before.level(scope));
                    !usual && !by_default && known.is_none_or(|known| known < **level)
                };
                let more = scopes.iter().filter(is_more);
                more.map(|(scope, level)| match (scope.as_str(), level) {
                    ("id-token", Level::Write) => {
                        "may log in elsewhere as itself (`id-token: write`)".to_string()
                    }
                    (scope, Level::Write) => format!("may write `{scope}`"),
                    (scope, Level::Read) => format!("may read `{scope}`"),
                })
                .collect()
            }
        }
    }
}

fn is_hosted(runner: &Value) -> bool {
    match runner {
        Value::String(label) => HOSTED.iter().any(|hosted| label.starts_with(hosted)),
        Value::Array(labels) => labels.iter().all(is_hosted),
        _ => false,
    }
}

/// Returns the secrets that expressions in a text name, in words; GitHub reads them in any case.
fn secrets_in(text: &str) -> Vec<String> {
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
        let quoted =
            rest.strip_prefix('[').map(str::trim_start).and_then(|rest| rest.strip_prefix(['\'', '"']));
        let dotted = rest.strip_prefix('.').map(str::trim_start);
        let name = |rest: &str| rest.split(|c| !is_word(c)).next().unwrap_or_default().to_uppercase();
        match quoted.or(dotted).map(name) {
            Some(name) if name == "GITHUB_TOKEN" => {}
            Some(name) if !name.is_empty() => found.push(format!("the secret `{name}`")),
            _ => found.push("all secrets".to_string()),
        }
    }
    found
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "\
on: [push, pull_request]
permissions: { contents: read }
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: acme/tool@0123456789012345678901234567890123456789
      - run: make
";

    fn added(before: &str, after: &str) -> Vec<String> {
        added_rights(Some(before.as_bytes()), after.as_bytes())
    }

    #[test]
    fn each_right_that_an_edit_adds_is_said_in_words() {
        for (from, to, said) in [
            ("[push, pull_request]", "[push, pull_request_target]", "started by `pull_request_target`"),
            ("[push, pull_request]", "workflow_run", "started by `workflow_run`"),
            ("[push, pull_request]", "{ push: , issue_comment: { types: [created] } }", "`issue_comment`"),
            ("[push, pull_request]", "{ schedule: [{ cron: '0 0 * * *' }] }", "`schedule`"),
            ("on: [", "'on': [repository_dispatch, ", "`repository_dispatch`"),
            ("on: [", "\"on\": [issues, ", "`issues`"),
            ("{ contents: read }", "{ contents: write }", "the job `build` may write `contents`"),
            ("{ contents: read }", "{ contents: read, actions: read }", "may read `actions`"),
            ("{ contents: read }", "{ id-token: write }", "log in elsewhere"),
            ("{ contents: read }", "write-all", "may write everything"),
            ("{ contents: read }", "read-all", "may read everything"),
            ("permissions: { contents: read }\n", "", "by default"),
            ("build:\n", "build:\n    permissions: { packages: write }\n", "may write `packages`"),
            ("run: make", "run: make ${{ secrets.TOKEN }}", "reads the secret `TOKEN`"),
            ("run: make", "run: make ${{ Secrets['token'] }}", "reads the secret `TOKEN`"),
            ("run: make", "run: make ${{ toJSON( secrets ) }}", "reads all secrets"),
            ("run: make", "run: make\n        if: secrets.KEY != ''", "reads the secret `KEY`"),
            ("jobs:\n", "env: { A: '${{ secrets.A }}' }\njobs:\n", "every job (`env`) reads the secret `A`"),
            ("build:\n", "build:\n    environment: production\n", "uses the environment `production`"),
            ("build:\n", "build:\n    environment: { name: x, url: y }\n", "uses the environment `x`"),
            ("ubuntu-24.04", "self-hosted", "runs on `self-hosted`"),
            ("ubuntu-24.04", "[self-hosted, linux]", "runs on"),
            ("ubuntu-24.04", "{ group: large }", "runs on"),
            ("ubuntu-24.04", "${{ inputs.runner }}", "runs on"),
            ("actions/checkout@v4", "evil/checkout@v4", "calls `evil/checkout@v4`, whose owner"),
            ("actions/checkout@v4", "docker://evil", "calls `evil`, whose owner"),
            ("build:\n", "build:\n    container: evil/x:1\n", "calls `evil/x:1`"),
            ("build:\n", "build:\n    services: { db: { image: evil/db } }\n", "calls `evil/db`"),
            ("@0123456789012345678901234567890123456789", "@main", "no longer at a commit"),
            (
                "jobs:\n",
                "jobs:\n  call: { uses: acme/x/.github/workflows/y.yml@v1, secrets: inherit }\n",
                "passes all secrets on",
            ),
            ("jobs:\n", "jobs: [\n", "can't be read"),
            ("jobs:\n", "jobs:\n  build: {}\n", "can't be read"),
            ("{ contents: read }", "{ contents: admin }", "can't be read"),
        ] {
            assert!(PLAIN.contains(from), "{from}");
            let after = PLAIN.replacen(from, to, 1);
            let all = added(PLAIN, &after);
            assert!(all.iter().any(|right| right.contains(said)), "{to}: {all:?}");
            // What is there already is not added by a change of something else.
            if Rights::read(after.as_bytes()).is_ok() {
                assert_eq!(
                    added(&after, &after.replace("run: make", "run: make all")),
                    Vec::<String>::new(),
                    "{to}"
                );
            }
        }
    }

    #[test]
    fn what_others_start_is_held_to_its_condition_and_its_code() {
        let guarded = PLAIN
            .replace("on: [push, pull_request]", "on: pull_request_target")
            .replace("build:\n", "build:\n    if: github.actor == 'bot'\n");
        for (from, to, said) in [
            ("    if: github.actor == 'bot'\n", "", "runs without a condition"),
            ("== 'bot'", "!= ''", "runs if `github.actor != ''`"),
            (
                "checkout@v4\n",
                "checkout@v4\n        with: { ref: '${{ github.head_ref }}' }\n",
                "a pull request brings",
            ),
        ] {
            let all = added(&guarded, &guarded.replacen(from, to, 1));
            assert!(all.len() == 1 && all[0].contains(said), "{to}: {all:?}");
        }
        assert_eq!(added(&guarded, &guarded.replace("run: make", "run: make all")), Vec::<String>::new());
        // Where only members start it, a condition is no guard.
        let usual = PLAIN.replace("build:\n", "build:\n    if: github.actor == 'bot'\n");
        assert_eq!(added(&usual, PLAIN), Vec::<String>::new());
    }

    #[test]
    fn a_change_that_adds_no_right_is_not_told() {
        for (from, to) in [
            ("run: make", "run: make test"),
            ("{ contents: read }", "{}"),
            ("{ contents: read }", "{ contents: none }"),
            ("[push, pull_request]", "{ push: { branches: [main] } }"),
            ("[push, pull_request]", "[push, workflow_dispatch]"),
            ("@0123456789012345678901234567890123456789", "@9876543210987654321098765432109876543210"),
            ("actions/checkout@v4", "actions/checkout@v5"),
            ("actions/checkout@v4", "./.github/actions/x"),
            ("ubuntu-24.04", "ubuntu-26.04"),
            ("run: make", "run: echo ${{ secrets.GITHUB_TOKEN }}"),
            ("run: make", "run: keep your secrets. Really"),
            ("jobs:\n", "jobs:\n  more: { runs-on: ubuntu-24.04, steps: [{ run: ls }] }\n"),
        ] {
            assert_eq!(added(PLAIN, &PLAIN.replacen(from, to, 1)), Vec::<String>::new(), "{to}");
        }
    }

    #[test]
    fn of_a_conflict_the_side_of_the_template_is_judged() {
        let jobs = "jobs: { a: { runs-on: ubuntu-latest } }\n";
        let before = format!("on: push\npermissions: {{ contents: read }}\n{jobs}");
        let marked = format!(
            "on: push\n<<<<<<< yours\npermissions: {{ issues: read }}\n=======\npermissions: {{ packages: write }}\n>>>>>>> template\n{jobs}"
        );
        let rights = added(&before, &marked);
        assert!(rights.len() == 1 && rights[0].contains("`packages`"), "{rights:?}");
    }

    #[test]
    fn a_new_workflow_has_whatever_it_names() {
        assert_eq!(added_rights(None, PLAIN.as_bytes()).len(), 1);
        let open = "on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [] } }\n";
        assert!(added_rights(None, open.as_bytes())[0].contains("by default"));
        let action = "runs: { using: composite, steps: [{ uses: evil/x@v1 }] }\n";
        assert!(added_rights(None, action.as_bytes())[0].contains("evil/x@v1"));
        assert!(added_rights(None, b"runs: { using: node20, main: x.js }\n")[0].contains("node20"));
        assert!(added_rights(None, b"\xff")[0].contains("UTF-8"));
    }

    #[test]
    fn workflows_and_actions_are_known_by_their_paths() {
        for path in [".github/workflows/a.yml", "x/.github/workflows/a.YAML", "action.yml", "a/b/action.yaml"]
        {
            assert!(has_rights(path), "{path}");
        }
        for path in [".github/dependabot.yml", "workflows/a.yml", "a/reaction.yml", ".github/workflows/a.md"]
        {
            assert!(!has_rights(path), "{path}");
        }
    }
}
