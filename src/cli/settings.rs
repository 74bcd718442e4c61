//! Defaults that people and projects set in files, below environment variables and flags.
//!
//! The project's `.billpay.yaml` lies here or in a folder above; the user's is
//! `billpay/config.yaml` in the user's configuration folder. The project's goes over the
//! user's. They become defaults of the command line itself, so that help shows them.
//! A project's file counts if the user owns it. In CI, no file decides which specs and which AWS are meant.

use std::path::{Path, PathBuf};

use billpay_host::file_owner::{check as check_owner, stays_in_project};
use billpay_host::program::in_ci;
use billpay_host::reading::read_text;
use billpay_spec::yaml::{self, Limits};
use clap::ArgMatches;
use clap::parser::ValueSource;
use etcetera::BaseStrategy;
use serde::Deserialize;

use super::Global;
use super::error::Report;

const PROJECT_FILE: &str = ".billpay.yaml";
const USER_FILE: &str = "billpay/config.yaml";
const LIMITS: Limits =
    Limits { bytes: 64 << 10, values: 1_000, text: 64 << 10, ..Limits::data("a file of settings") };

/// Keys of a settings file; each is named after its flag.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    env: Option<String>,
    specs: Option<PathBuf>,
    local: Option<bool>,
    output: Option<String>,
    color: Option<String>,
    parallelism: Option<u16>,
}

impl Settings {
    /// The values by the name of their flag.
    fn values(&self) -> Vec<(&'static str, String)> {
        let specs = self.specs.as_ref().map(|path| path.display().to_string());
        let values = [
            ("env", self.env.clone()),
            ("specs", specs),
            ("local", self.local.map(|on| on.to_string())),
            ("output", self.output.clone()),
            ("color", self.color.clone()),
            ("parallelism", self.parallelism.map(|count| count.to_string())),
        ];
        values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Settings that say where a run reads and what it reaches; in CI they are given by flags and variables alone.
const PLACES: &[&str] = &["specs", "local"];

/// A command line with defaults, and the settings that were not taken, as people are told of them.
pub struct Defaults {
    pub command: clap::Command,
    pub left_out: Vec<String>,
}

/// Puts the defaults of the user's and the project's file into a command line.
pub fn with_defaults(mut command: clap::Command) -> Result<Defaults, Report> {
    let mut left_out = vec![];
    for path in [user_file(), project_file()?].into_iter().flatten() {
        for (name, value) in read(&path)?.values() {
            if in_ci() && PLACES.contains(&name) {
                left_out.push(format!("`{name}` of {}", path.display()));
                continue;
            }
            command = with_default(command, name, &value);
        }
    }
    Ok(Defaults { command, left_out })
}

/// Says where the specs and AWS of a run in CI come from.
pub fn origins(global: &Global, matches: &ArgMatches, left_out: &[String]) -> String {
    let by = |name: &str, variable: &str| match matches.value_source(name) {
        Some(ValueSource::EnvVariable) => variable.to_string(),
        _ => format!("--{name}"),
    };
    let specs = match &global.specs {
        Some(path) => format!("{} ({})", path.display(), by("specs", "BILLPAY_SPECS")),
        None => "environments (of the working directory)".to_string(),
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut aws = vec![];
    match global.local {
        true => aws.push(format!("the local one ({})", by("local", "BILLPAY_LOCAL"))),
        false => {
            let profile = variable("AWS_PROFILE").map(|name| format!("profile {name} (AWS_PROFILE)"));
            aws.push(profile.unwrap_or_else(|| "no profile".to_string()));
            let mut endpoints: Vec<String> = std::env::vars_os()
                .filter_map(|(name, url)| Some((name.into_string().ok()?, url.into_string().ok()?)))
                .filter(|(name, url)| name.starts_with("AWS_ENDPOINT_URL") && !url.is_empty())
                .map(|(name, url)| format!("endpoint {url} ({name})"))
                .collect();
            endpoints.sort();
            aws.extend(endpoints);
        }
    }
    let left_out = match left_out {
        [] => String::new(),
        settings => format!("; not taken: {}", settings.join(", ")),
    };
    format!("CI: specs in {specs}; AWS: {}{left_out}", aws.join(", "))
}

/// Sets the default of a flag wherever the command line has it.
fn with_default(mut command: clap::Command, name: &'static str, value: &str) -> clap::Command {
    if command.get_arguments().any(|arg| arg.get_id() == name) {
        command = command.mut_arg(name, |arg| arg.required(false).default_value(value.to_string()));
    }
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_string()).collect();
    for subcommand in subcommands {
        command = command.mut_subcommand(subcommand, |sub| with_default(sub, name, value));
    }
    command
}

fn user_file() -> Option<PathBuf> {
    let path = etcetera::choose_base_strategy().ok()?.config_dir().join(USER_FILE);
    path.is_file().then_some(path)
}

fn project_file() -> Result<Option<PathBuf>, Report> {
    let Ok(here) = std::env::current_dir() else { return Ok(None) };
    let found =
        here.ancestors().map(|folder| (folder, folder.join(PROJECT_FILE))).find(|(_, path)| path.is_file());
    let Some((folder, path)) = found else { return Ok(None) };
    check_owner(folder, &[folder, &path]).map_err(|error| {
        Report::new(format!("the settings in {} are not taken", path.display()), error.to_string())
            .hint(error.hint())
    })?;
    if !stays_in_project(folder, &path) {
        return Err(Report::new(
            format!("the settings in {} are not taken", path.display()),
            "it is a link that leads out of the project",
        ));
    }
    Ok(Some(path))
}

fn read(path: &Path) -> Result<Settings, Report> {
    let fail = |why: String| {
        Report::new(format!("can't use the settings in {}", path.display()), why)
            .hint("keys: env, specs, local, output, color, parallelism")
    };
    let text = read_text(path, LIMITS.bytes).map_err(|error| fail(error.to_string()))?;
    let settings: Settings = yaml::from_str(&text, &LIMITS).map_err(|error| fail(error.to_string()))?;
    if let Some((name, _)) = settings.values().iter().find(|(_, value)| value.contains(char::is_control)) {
        return Err(fail(format!("`{name}` has a control character")));
    }
    // A relative folder is meant from where the file is, not from where the program runs.
    let specs = settings.specs.map(|specs| path.parent().unwrap_or(Path::new("")).join(specs));
    Ok(Settings { specs, ..settings })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::super::{Cli, Command, Output};
    use super::*;

    fn parse(defaults: &[(&'static str, &str)], args: &[&str]) -> Cli {
        let command =
            defaults.iter().fold(Cli::command(), |cmd, (name, value)| with_default(cmd, name, value));
        Cli::from_arg_matches(&command.try_get_matches_from(args).unwrap()).unwrap()
    }

    #[test]
    fn a_default_fills_in_for_a_flag_and_yields_to_it() {
        let defaults = [("env", "dev"), ("output", "json"), ("local", "true")];
        let cli = parse(&defaults, &["billpay", "status"]);
        assert!(cli.global.local && cli.global.output == Output::Json);
        assert!(matches!(cli.command, Command::Status(args) if format!("{args:?}").contains("\"dev\"")));
        let cli = parse(&defaults, &["billpay", "status", "--env", "prod", "--output", "text"]);
        assert!(cli.global.output == Output::Text);
        assert!(matches!(cli.command, Command::Status(args) if format!("{args:?}").contains("\"prod\"")));
    }
}
