//! Flags of every command about a template.

use std::path::PathBuf;

use billpay_core::scaffold::{AnswerOptions, TemplateLocation};
use clap::Args;

/// Template of a source, and its version.
#[derive(Debug, Args)]
pub struct LocationArgs {
    /// Branch, tag or commit of a template in a Git repository
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Folder of the template in its repository, or in the folder that is named
    #[arg(long, value_name = "DIR")]
    directory: Option<String>,
    /// Folder that a template in a folder may read, such as shared skeletons; by default its Git repository
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// Sources of the answers.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// Answer a question; `a.b=x` for one in another; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Answers in a YAML or JSON file; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Answers of an earlier run: Cookiecutter's replay file, .cruft.json, or a project's .billpay/scaffold.yaml
    #[arg(long, value_name = "FILE", conflicts_with = "values")]
    replay: Option<PathBuf>,
    /// Ask nothing: take the default of what isn't answered
    #[arg(long)]
    defaults: bool,
    /// Seed of random values and of the time in a template, so that they can be made again
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Refuse what is undefined in a Backstage template, where the portal prints nothing
    #[arg(long)]
    strict: bool,
    /// Let the template's own programs (hooks, Jinja extensions) run on this machine
    #[arg(long)]
    trust: bool,
    /// Let Git fetch files from the other repositories that the template's steps name
    #[arg(long)]
    fetch: bool,
    /// Leave out the template's hooks
    #[arg(long)]
    no_hooks: bool,
}

impl LocationArgs {
    pub fn location(self) -> TemplateLocation {
        let LocationArgs { reference, directory, root } = self;
        TemplateLocation { reference, directory, root }
    }
}

impl AnswerArgs {
    pub fn options(self) -> AnswerOptions {
        let AnswerArgs { set, values, replay, defaults, seed, strict, trust, fetch, no_hooks } = self;
        AnswerOptions { set, values, replay, defaults, seed, strict, trust, fetch, no_hooks }
    }
}
