//! Defaults that people and projects set in files, below environment variables and flags.
//!
//! The project's `.billpay.yaml` lies here or in a folder above; the user's is
//! `billpay/config.yaml` in the user's configuration folder. The project's goes over the
//! user's. They become defaults of the command line itself, so that help shows them.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::Deserialize;

use super::error::Report;
use crate::app::read_text;
use crate::domain::yaml::{self, Limits};

const PROJECT_FILE: &str = ".billpay.yaml";
const USER_FILE: &str = "billpay/config.yaml";
const LIMITS: Limits =
    Limits { bytes: 64 << 10, values: 1_000, text: 64 << 10, ..Limits::data("a file of settings") };

/// What such a file can hold; each key is named after its flag.
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

/// Puts the defaults of the user's and the project's file into a command line.
pub fn with_defaults(mut command: clap::Command) -> Result<clap::Command, Report> {
    for path in [user_file(), project_file()].into_iter().flatten() {
        for (name, value) in read(&path)?.values() {
            command = with_default(command, name, &value);
        }
    }
    Ok(command)
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

fn project_file() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(PROJECT_FILE)).find(|path| path.is_file())
}

fn read(path: &Path) -> Result<Settings, Report> {
    let fail = |why: String| {
        Report::new(format!("can't use the settings in {}", path.display()), why)
            .hint("keys: env, specs, local, output, color, parallelism")
    };
    let text = read_text(path, LIMITS.bytes).map_err(|error| fail(error.to_string()))?;
    let settings: Settings = yaml::from_str(&text, &LIMITS).map_err(|error| fail(error.to_string()))?;
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
