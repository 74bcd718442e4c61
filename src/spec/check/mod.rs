//! Checks of a spec that no schema can express.
//!
//! A check looks at an [`Environment`] alone and says in terms of paths what is wrong;
//! [`load`](super::load) finds the places in the files.

mod capacity;
mod cluster;
mod frontends;
mod github;
mod keys;
mod monitoring;
pub(super) mod names;
mod network;
mod services;
mod state;
mod tags;

use jiff::civil::Date;

use super::path::Path;
use billpay_model::environment::Environment;
use billpay_model::findings::{Severity, nearest};

/// Part of the spec that a finding points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// The key of an entry.
    Key(Path),
    /// A value.
    Value(Path),
}

impl Spot {
    pub fn path(&self) -> &Path {
        match self {
            Spot::Key(path) | Spot::Value(path) => path,
        }
    }
}

/// Something that a check found out about an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    pub spot: Spot,
    pub label: Option<String>,
    pub related: Vec<(Spot, String)>,
    /// Other values, or their absence, that the finding rests on.
    pub premises: Vec<Path>,
    pub did_you_mean: Option<String>,
    pub help: Vec<String>,
}

impl Finding {
    pub(super) fn error(code: &'static str, spot: Spot, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Error,
            code,
            message: message.into(),
            spot,
            label: None,
            related: Vec::new(),
            premises: Vec::new(),
            did_you_mean: None,
            help: Vec::new(),
        }
    }

    fn warning(code: &'static str, spot: Spot, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(code, spot, message) }
    }

    fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = Some(label.into());
        self
    }

    fn related(mut self, spot: Spot, message: impl Into<String>) -> Finding {
        self.related.push((spot, message.into()));
        self
    }

    fn help(mut self, help: impl Into<String>) -> Finding {
        self.help.push(help.into());
        self
    }

    /// Adds which of the known names was probably meant, and which there are.
    fn known<'n>(mut self, word: &str, names: impl IntoIterator<Item = &'n String>) -> Finding {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        self.did_you_mean = nearest(word, names.iter().copied());
        match names.is_empty() {
            true => self.help("there are none"),
            false => self.help(format!("there are: {}", names.join(", "))),
        }
    }

    /// Adds a value, or its absence, that the finding rests on.
    fn given<const N: usize>(mut self, keys: [&str; N]) -> Finding {
        self.premises.push(Path::of(keys));
        self
    }

    /// All that the finding rests on: where one of them is wrong itself, it says nothing.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let related = self.related.iter().map(|(spot, _)| spot.path());
        [self.spot.path()].into_iter().chain(related).chain(&self.premises)
    }
}

/// Points at a value.
fn value<const N: usize>(keys: [&str; N]) -> Spot {
    Spot::Value(Path::of(keys))
}

/// Points at an item of a list.
fn item<const N: usize>(keys: [&str; N], index: usize) -> Spot {
    Spot::Value(Path::of(keys).index(index))
}

/// Points at a key.
fn key<const N: usize>(keys: [&str; N]) -> Spot {
    Spot::Key(Path::of(keys))
}

/// Finds everything that is wrong, or worth a warning, in an environment; `file` is its file's name.
pub(super) fn check(env: &Environment, file: &str, today: Date) -> Vec<Finding> {
    let mut found = identity(env, file);
    found.extend(state::check(env));
    found.extend(tags::check(env));
    found.extend(network::check(env));
    found.extend(cluster::check(env, today));
    let services = services::check(env);
    // What the services ask for is added up where each amount makes sense.
    if services.iter().all(|finding| finding.severity == Severity::Warning) {
        found.extend(capacity::check(env));
    }
    found.extend(services);
    found.extend(frontends::check(env));
    found.extend(github::check(env));
    found.extend(monitoring::check(env));
    found.extend(names::check(env));
    found.extend(keys::check(env));
    found
}

/// Checks what an environment is and where it lives.
fn identity(env: &Environment, file: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if env.environment != file {
        found.push(
            Finding::error(
                "environment-name",
                value(["environment"]),
                format!("the file {file}.yaml says that it is `{}`", env.environment),
            )
            .help(format!("write `environment: {file}`, or rename the file to {}.yaml", env.environment)),
        );
    }
    if ["cn-", "us-gov-", "us-iso", "eu-isoe-"].iter().any(|prefix| env.region.starts_with(prefix)) {
        found.push(
            Finding::error(
                "partition",
                value(["region"]),
                format!("`{}` is in a partition of AWS of its own", env.region),
            )
            .help("billpay works in AWS's public regions"),
        );
    }
    found
}
