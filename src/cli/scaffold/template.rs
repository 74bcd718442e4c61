//! What every command about a template does first: find it, and get its answers.

use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::app::{At, Found};
use crate::cli::ask::{self, How};
use crate::cli::error::Report;
use crate::cli::ui::Ui;
use crate::domain::template::{Answers, Entry, Origin, ProjectTemplate, Record, RenderOptions, Rendering};

/// Which template of a source, and which version of it.
#[derive(Debug, Default, Args)]
pub struct AtArgs {
    /// Branch, tag or commit of a template in a Git repository
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Folder of the template in its repository, or in the folder that is named
    #[arg(long, value_name = "DIR")]
    directory: Option<String>,
}

/// Where the answers come from.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// Answer a question; `a.b=x` for one in another; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Answers in a YAML or JSON file; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Answers of an earlier run: Cookiecutter's replay file, or a project's .billpay/scaffold.yaml
    #[arg(long, value_name = "FILE", conflicts_with = "values")]
    replay: Option<PathBuf>,
    /// Ask nothing: take the default of what isn't answered
    #[arg(long)]
    defaults: bool,
    /// Where random values and the time of a template come from, so that they can be made again
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Let the template's own programs (hooks) run on this machine
    #[arg(long)]
    trust: bool,
}

/// A template that was found and understood.
pub struct Opened {
    pub template: Box<dyn ProjectTemplate>,
    pub origin: Origin,
    /// What tells this version from others.
    pub digest: String,
    pub files: usize,
}

impl Opened {
    pub fn new(found: Found, options: &RenderOptions, app: &App) -> Result<Opened, Report> {
        let digest = found.folder.digest();
        let files = found.folder.entries.values().filter(|entry| matches!(entry, Entry::File(_))).count();
        let template = app.open_template(&found.folder, options)?;
        Ok(Opened { template, origin: found.origin, digest, files })
    }
}

impl AtArgs {
    /// Finds a template and understands it.
    pub fn open(&self, source: &str, options: &RenderOptions, app: &App) -> Result<Opened, Report> {
        Opened::new(app.find_template(source, self.at())?, options, app)
    }

    /// Finds every template in a folder or a repository, by the folders that they are in.
    pub fn open_all(&self, source: &str, app: &App) -> Result<Vec<(String, Opened)>, Report> {
        let found = app.find_template(source, self.at())?;
        let mut all = vec![];
        for directory in App::templates_in(&found.folder) {
            let folder = found.folder.below(&directory);
            let name = if directory.is_empty() { found.folder.name.clone() } else { directory };
            all.push((
                name,
                Opened::new(Found { folder, origin: found.origin.clone() }, &RenderOptions::default(), app)?,
            ));
        }
        Ok(all)
    }

    fn at(&self) -> At<'_> {
        At { reference: self.reference.as_deref(), directory: self.directory.as_deref() }
    }
}

impl AnswerArgs {
    /// The answers given, over those known from before.
    pub fn over(&self, known: Answers, template: &dyn ProjectTemplate) -> Result<Answers, Report> {
        let mut answers = known;
        if let Some(path) = &self.replay {
            answers.extend(self.replayed(path, template)?);
        }
        for (name, value) in ask::given(&self.set, self.values.as_deref(), &template.all_questions()?)? {
            merge(answers.entry(name).or_insert(serde_json::Value::Null), value);
        }
        Ok(answers)
    }

    /// All answers: those that there are, and the rest asked for; where `ask` is false, the defaults.
    pub fn complete(
        &self,
        answers: Answers,
        template: &dyn ProjectTemplate,
        ask: bool,
        ui: &Ui,
    ) -> Result<Answers, Report> {
        ask::answers(template, answers, How { defaults: self.defaults || !ask }, ui)
    }

    fn replayed(&self, path: &PathBuf, template: &dyn ProjectTemplate) -> Result<Answers, Report> {
        let wrong = |why: String| Report::new(format!("can't use the answers in {}", path.display()), why);
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        if let Ok(record) = Record::parse(&text) {
            let name = &template.about().name;
            let applied = record.get(name).or(record.templates.first());
            return applied.map(|applied| applied.answers.clone()).ok_or_else(|| wrong("it has none".into()));
        }
        Ok(App::replay(&path.display().to_string(), &text)?)
    }

    /// What rendering may use, with what an earlier run used.
    pub fn options(&self, seed: Option<u64>, now: Option<i64>) -> RenderOptions {
        let now = now.unwrap_or_else(|| jiff::Timestamp::now().as_second());
        RenderOptions { seed: self.seed.or(seed), now, trust: self.trust }
    }
}

/// Puts objects together, so that `--set a.b=1` leaves `a.c` as it was.
fn merge(into: &mut serde_json::Value, value: serde_json::Value) {
    match (into, value) {
        (serde_json::Value::Object(into), serde_json::Value::Object(value)) => {
            for (name, value) in value {
                merge(into.entry(name).or_insert(serde_json::Value::Null), value);
            }
        }
        (into, value) => *into = value,
    }
}

/// Renders in memory, with the template's own programs where they are trusted.
pub fn render(
    template: &dyn ProjectTemplate,
    answers: &Answers,
    options: &RenderOptions,
    app: &App,
    ui: &Ui,
) -> Result<Rendering, Report> {
    let rendering = ui.counting("files rendered", |told| template.render(answers, options, told))?;
    Ok(if options.trust { app.run_hooks(rendering)? } else { rendering })
}
