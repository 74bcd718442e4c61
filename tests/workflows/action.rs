//! Runs our composite actions as a runner would: the steps of `action.yml` in order, with their inputs, environment and
//! outputs, on a machine where GitHub's CLI and what else is named answers as the test says.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::{Captures, Regex};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::root;
use billpay_testkit::debian::debian;

pub const COMMIT: &str = "1111111111111111111111111111111111111111";

/// A job on a runner, and what GitHub holds.
pub struct Runner {
    folder: TempDir,
    env: BTreeMap<String, String>,
}

/// Result of running an action.
pub struct Ran {
    pub code: i32,
    pub said: String,
    pub outputs: BTreeMap<String, String>,
}

impl Ran {
    #[track_caller]
    pub fn succeeds(self) -> Ran {
        assert_eq!(self.code, 0, "{}", self.said);
        self
    }

    #[track_caller]
    pub fn fails(self, because: &str) -> Ran {
        assert_ne!(self.code, 0, "{}", self.said);
        assert!(self.said.contains(because), "{because:?} is not in:\n{}", self.said);
        self
    }

    #[track_caller]
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}: {:?}", self.outputs))
    }
}

impl Runner {
    pub fn new() -> Runner {
        for program in ["jq", "curl"] {
            debian(program);
        }
        let runner = Runner { folder: TempDir::new().expect("a folder"), env: BTreeMap::new() };
        for folder in ["bin", "temp", "tools", "github", "home"] {
            fs::create_dir(runner.path(folder)).expect("a folder");
        }
        runner.program("gh", include_str!("gh.py"));
        runner
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program on the path.
    pub fn program(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program that can be run");
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.into(), value.into());
    }

    /// A file, and its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    }

    /// Returns GitHub's records of something, such as `comments`.
    pub fn github(&self, what: &str) -> Vec<Value> {
        let text =
            fs::read_to_string(self.path("github").join(format!("{what}.json"))).unwrap_or("[]".into());
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn give_github(&self, what: &str, value: &Value) {
        self.file(&format!("github/{what}.json"), value.to_string());
    }

    /// The job's summary so far.
    pub fn summary(&self) -> String {
        fs::read_to_string(self.path("summary")).unwrap_or_default()
    }

    /// Runs an action to its end, or to the first step that fails.
    pub fn run(&self, action: &str, inputs: &[(&str, &str)]) -> Ran {
        let folder = root().join(".github/actions").join(action);
        let text = fs::read_to_string(folder.join("action.yml")).expect("an action");
        let action: Value = serde_yaml::from_str(&text).expect("YAML");
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        let github = [
            ("github.token", "a-token"),
            ("github.server_url", "https://github.com"),
            ("github.repository", "acme/platform"),
            ("github.run_id", "77"),
        ];
        known.extend(github.map(|(name, value)| (name.to_string(), value.to_string())));
        for (name, input) in action["inputs"].as_object().into_iter().flatten() {
            let given = inputs.iter().find(|(given, _)| given == name).map(|(_, value)| value.to_string());
            let default = input["default"].as_str().map(|default| fill(default, &known));
            let value = given.or(default).unwrap_or_else(|| panic!("the input {name} is required"));
            known.insert(format!("inputs.{name}"), value);
        }
        for (name, _) in inputs {
            assert!(known.contains_key(&format!("inputs.{name}")), "there is no input {name}");
        }
        let mut ran = Ran { code: 0, said: String::new(), outputs: BTreeMap::new() };
        for step in action["runs"]["steps"].as_array().expect("steps") {
            let skipped = match step["if"].as_str() {
                None => false,
                Some("inputs.args != ''") => known["inputs.args"].is_empty(),
                Some(other) => panic!("the runner doesn't know {other:?}"),
            };
            if step.get("uses").is_some() || skipped {
                continue;
            }
            self.step(step, &folder, &mut known, &mut ran);
            if ran.code != 0 {
                break;
            }
        }
        for (name, output) in action["outputs"].as_object().into_iter().flatten() {
            ran.outputs.insert(name.clone(), fill(output["value"].as_str().expect("a value"), &known));
        }
        ran
    }

    /// Runs the script of a step of one of our workflows, found by its name or id, with this environment.
    pub fn script(&self, workflow: &str, job: &str, step: &str, env: &[(&str, &str)]) -> Ran {
        let text = fs::read_to_string(root().join(".github/workflows").join(workflow)).expect("a workflow");
        let workflow: Value = serde_yaml::from_str(&text).expect("YAML");
        let steps = workflow["jobs"][job]["steps"].as_array().expect("steps");
        let named = |found: &&Value| [&found["name"], &found["id"]].iter().any(|name| *name == step);
        let found = steps.iter().find(named).unwrap_or_else(|| panic!("{job} has no step {step}"));
        let script =
            json!({"id": "script", "run": found["run"], "env": BTreeMap::from_iter(env.iter().copied())});
        let mut ran = Ran { code: 0, said: String::new(), outputs: BTreeMap::new() };
        let mut known = BTreeMap::new();
        self.step(&script, root(), &mut known, &mut ran);
        let outputs = known.into_iter().filter_map(|(name, value)| {
            Some((name.strip_prefix("steps.script.outputs.")?.to_string(), value))
        });
        ran.outputs = outputs.collect();
        ran
    }

    fn step(&self, step: &Value, action: &Path, known: &mut BTreeMap<String, String>, ran: &mut Ran) {
        let output = self.path("output");
        fs::write(&output, "").expect("a file for outputs");
        let mut path = vec![self.path("bin")];
        let added = fs::read_to_string(self.path("path")).unwrap_or_default();
        path.extend(added.lines().map(PathBuf::from));
        path.extend(std::env::split_paths(&std::env::var_os("PATH").expect("a path")));
        let mut command = Command::new("bash");
        command.args([
            "--noprofile",
            "--norc",
            "-eo",
            "pipefail",
            "-c",
            step["run"].as_str().expect("a script"),
        ]);
        command.env_clear().current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PATH", std::env::join_paths(path).expect("a path")).env("HOME", self.path("home"));
        command.env("GITHUB_ACTION_PATH", action).env("GITHUB_OUTPUT", &output);
        command.env("GITHUB_PATH", self.path("path")).env("GITHUB_STEP_SUMMARY", self.path("summary"));
        command.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X64");
        command.env("RUNNER_TEMP", self.path("temp")).env("RUNNER_TOOL_CACHE", self.path("tools"));
        command.env("GITHUB_REPOSITORY", "acme/platform").env("GITHUB_SHA", COMMIT);
        command.env("GITHUB_REF_NAME", "main").env("GITHUB_WORKFLOW", "infrastructure dev");
        let workflow = "acme/platform/.github/workflows/infrastructure-dev.yml@refs/heads/main";
        command.env("GITHUB_WORKFLOW_REF", workflow).env("GITHUB_ACTIONS", "true").env("CI", "true");
        command.env("GH_STATE", self.path("github")).envs(&self.env);
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, fill(value.as_str().expect("a text"), known));
        }
        let done = command.output().expect("bash can be run");
        ran.code = done.status.code().unwrap_or(-1);
        ran.said += &String::from_utf8_lossy(&done.stdout);
        ran.said += &String::from_utf8_lossy(&done.stderr);
        let Some(id) = step["id"].as_str() else { return };
        for line in fs::read_to_string(&output).expect("the outputs").lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no output: {line:?}"));
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_string());
        }
    }
}

/// A text with its expressions filled in. An output that was not set is empty, as with GitHub.
fn fill(text: &str, known: &BTreeMap<String, String>) -> String {
    let expression = Regex::new(r"\$\{\{ ([a-z0-9_.-]+) \}\}").expect("a pattern");
    let filled = expression.replace_all(text, |found: &Captures| match known.get(&found[1]) {
        Some(value) => value.clone(),
        None if found[1].starts_with("steps.") => String::new(),
        None => panic!("the runner doesn't know {}", &found[1]),
    });
    // What a value holds is data, also when it looks like an expression.
    filled.into_owned()
}

/// A comment or an issue as GitHub has it.
pub fn written_by(login: &str, id: u64, body: &str) -> Value {
    json!({"id": id, "number": id, "state": "open", "user": {"login": login}, "body": body})
}
