//! An AWS account of one's own with the specs of the project in it, and the real program
//! and the real AWS CLI run against it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use tempfile::TempDir;

use super::reports::check_report;
use super::values::{items, merge, text};
use super::{Emulator, access_key, aws_cli, program, project};

pub struct Sandbox {
    folder: TempDir,
    pub account: String,
    pub url: String,
}

impl Default for Sandbox {
    fn default() -> Sandbox {
        Sandbox::new()
    }
}

impl Sandbox {
    /// An empty account in ministack, and the specs of `environments/` for it.
    pub fn new() -> Sandbox {
        Sandbox::on(Emulator::ministack())
    }

    /// An empty account in an emulator.
    pub fn on(emulator: &Emulator) -> Sandbox {
        Sandbox::of_account(&emulator.url, &emulator.fresh_account())
    }

    /// The specs of `environments/`, for an account behind some address.
    pub fn of_account(url: &str, account: &str) -> Sandbox {
        let folder = TempDir::new().expect("a temporary folder");
        let sandbox = Sandbox { folder, account: account.to_string(), url: url.to_string() };
        std::fs::create_dir(sandbox.specs()).expect("a folder for the specs");
        std::fs::create_dir(sandbox.home()).expect("a home");
        let project = project().join("environments");
        for entry in std::fs::read_dir(project).expect("the project's specs") {
            let path = entry.expect("a spec").path();
            let Some(name) = path.file_name().filter(|_| path.extension() == Some(OsStr::new("yaml"))) else {
                continue;
            };
            let text = std::fs::read_to_string(&path).expect("a spec that can be read");
            let ours = text.replace("123456789012", account);
            std::fs::write(sandbox.specs().join(name), ours).expect("a spec that can be written");
        }
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn specs(&self) -> PathBuf {
        self.path("environments")
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Lays `change` over the spec of an environment; `null` takes out what the shared spec has.
    pub fn edit(&self, env: &str, change: Value) {
        self.rewrite(env, |spec| merge(spec, change));
    }

    /// Writes the spec of an environment anew.
    pub fn rewrite(&self, env: &str, change: impl FnOnce(&mut Value)) {
        let path = self.specs().join(format!("{env}.yaml"));
        let before = std::fs::read_to_string(&path).expect("a spec that can be read");
        let mut spec: Value = serde_yaml::from_str(&before).expect("a spec that is YAML");
        change(&mut spec);
        // JSON is YAML.
        std::fs::write(&path, format!("{spec:#}\n")).expect("a spec that can be written");
    }

    /// A command with nothing of the AWS configuration of whoever runs the tests.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let inherited = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            ["AWS_", "BILLPAY_", "GITHUB_"].iter().any(|prefix| name.starts_with(prefix)) || name == "CI"
        });
        inherited.for_each(|(name, _)| {
            command.env_remove(name);
        });
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env("HOME", self.home())
            .env("AWS_CONFIG_FILE", self.home().join("no-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.home().join("no-credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", access_key(&self.account))
            .env("AWS_SECRET_ACCESS_KEY", "test")
            // No bucket beside those of the environments; the tests of the store take it away.
            .env("BILLPAY_STATE", "local")
            .env("NO_COLOR", "1");
        command
    }

    /// `billpay` as a command, for tests that need more than its output.
    pub fn billpay_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(program());
        command.args(args);
        command
    }

    /// Runs `billpay` to its end.
    pub fn billpay(&self, args: &[&str]) -> Run {
        let output = self.billpay_command(args).output().expect("billpay can be run");
        Run::new(args, output)
    }

    /// Starts `billpay` and does not wait for it.
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.billpay_command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("billpay can be run")
    }

    /// Runs `billpay … --output json`, which has to succeed.
    pub fn json(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
        self.billpay(&args).exits(0).json()
    }

    pub fn provision(&self, env: &str) -> Run {
        self.billpay(&["provision", "--env", env, "--auto-approve"]).exits(0)
    }

    pub fn destroy(&self, env: &str) -> Run {
        self.billpay(&["destroy", "--env", env, "--auto-approve", "--confirm", env]).exits(0)
    }

    /// The changes of the plan: `create network/vpc`, sorted.
    pub fn plan(&self, env: &str) -> Vec<String> {
        changes(&self.json(&["plan", "--env", env]))
    }

    /// The spec says what is there, and what is there is what the spec says.
    #[track_caller]
    pub fn in_sync(&self, env: &str) {
        let plan = self.json(&["plan", "--env", env]);
        let details = items(&plan["changes"]).iter().filter(|change| change["action"] != "no-op");
        let details: Vec<Value> = details
            .map(|change| json!([change["action"], change["address"], change["reason"], change["fields"]]))
            .collect();
        assert!(details.is_empty(), "the plan of {env} should be empty: {:#}", json!(details));
        assert_eq!(plan["conflicts"], json!([]), "the plan of {env} has conflicts");
    }

    /// Returns the output of `status`, address by address.
    pub fn status(&self, env: &str) -> Vec<Value> {
        items(&self.json(&["status", "--env", env])["resources"]).to_vec()
    }

    /// Returns the id of the resource at an address.
    #[track_caller]
    pub fn id(&self, env: &str, address: &str) -> String {
        let status = self.status(env);
        let found = status.iter().find(|resource| resource["address"] == address);
        let found = found.unwrap_or_else(|| panic!("{env} has no {address}"));
        text(&found["id"]).to_string()
    }

    /// Runs the AWS CLI, which has to succeed, and returns what it says.
    #[track_caller]
    pub fn aws(&self, args: &[&str]) -> Value {
        let answer = self.aws_cli(args);
        assert_eq!(answer.code, 0, "aws {}: {}", args.join(" "), answer.err);
        match answer.out.trim() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")),
        }
    }

    /// Runs the AWS CLI, and returns what it says or, as a text, its error.
    pub fn aws_or_error(&self, args: &[&str]) -> Value {
        let answer = self.aws_cli(args);
        match (answer.code, answer.out.trim()) {
            (0, "") => Value::Null,
            (0, text) => serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")),
            _ => Value::String(answer.err),
        }
    }

    /// Runs the AWS CLI, which has to fail, and returns its error.
    #[track_caller]
    pub fn aws_fails(&self, args: &[&str]) -> String {
        let answer = self.aws_cli(args);
        assert_ne!(answer.code, 0, "aws {} should have failed", args.join(" "));
        answer.err
    }

    fn aws_cli(&self, args: &[&str]) -> aws_cli::Answer {
        let mut command = self.command("aws");
        // Version 1 of the CLI knows the region by another name than the SDKs.
        command.env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_PAGER", "").env("AWS_MAX_ATTEMPTS", "1");
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let env = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?))));
        aws_cli::run(&[&["--output", "json"], args].concat(), &env.collect())
    }
}

/// The changes of a plan in JSON, without what stays as it is: `create network/vpc`, sorted.
pub fn changes(plan: &Value) -> Vec<String> {
    let changed = items(&plan["changes"]).iter().filter(|change| change["action"] != "no-op");
    let mut changed: Vec<String> =
        changed.map(|change| format!("{} {}", text(&change["action"]), text(&change["address"]))).collect();
    changed.sort();
    changed
}

/// A run of `billpay` that has ended.
#[derive(Debug, Clone)]
pub struct Run {
    pub command: String,
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn new(args: &[&str], output: Output) -> Run {
        Run {
            command: format!("billpay {}", args.join(" ")),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Makes sure of the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        let Run { command, code: actual, stdout, stderr } = &self;
        assert_eq!(
            *actual, code,
            "`{command}` exited with {actual}, not {code}\nstdout:\n{stdout}\nstderr:\n{stderr}"
        );
        self
    }

    /// Makes sure that a text was written, wherever.
    #[track_caller]
    pub fn says(self, expected: &str) -> Run {
        let Run { command, stdout, stderr, .. } = &self;
        let said = stdout.contains(expected) || stderr.contains(expected);
        assert!(said, "`{command}` does not say {expected:?}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    /// The plan that was written before the error of one that can't be applied.
    #[track_caller]
    pub fn plan_before_error(&self) -> Value {
        let documents: Vec<Value> = serde_json::Deserializer::from_str(&self.stdout)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("`{}` wrote no JSON ({error}):\n{}", self.command, self.stdout));
        let plan = documents.into_iter().find(|one| one["schema"] == "billpay/plan/v1");
        plan.unwrap_or_else(|| panic!("`{}` wrote no plan:\n{}", self.command, self.stdout))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        let report = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("`{}` wrote no JSON ({error}):\n{}", self.command, self.stdout));
        // Other programs have no schemas.
        if self.command.starts_with("billpay ") {
            check_report(&report);
        }
        report
    }
}
