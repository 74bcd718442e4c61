//! First steps of every command about a template: find it, and get its answers.

use std::path::{Path, PathBuf};

use billpay_core::Ports;
use billpay_core::app::{CruftTemplate, LocatedTemplate, SourceOptions, read_text};
use billpay_scaffold::question::answer;
use billpay_scaffold::{
    Answers, Entry, FetchOptions, FetchRequest, Origin, PinnedRepository, ProjectTemplate, Question,
    RECORD_LIMITS, Record, RecordDefect, RenderOptions, Rendering, TemplateError, version,
};
use clap::Args;

use crate::ask::{self, AskOptions};
use crate::error::Report;
use crate::ui::{Ui, hide};

/// Length of the shortest secret that is looked for in files.
const MIN_SECRET_CHARS: usize = 4;

/// Template of a source, and its version.
#[derive(Debug, Default, Args)]
pub struct AtArgs {
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

/// A template that was found and understood.
pub struct OpenTemplate {
    pub template: Box<dyn ProjectTemplate>,
    pub origin: Origin,
    /// Digest of this version.
    pub digest: String,
    pub files: usize,
    /// Other repositories that files were fetched from, after a rendering.
    pub fetched: Vec<PinnedRepository>,
}

impl OpenTemplate {
    pub fn new(
        found: LocatedTemplate,
        options: &RenderOptions,
        ports: &Ports,
    ) -> Result<OpenTemplate, Report> {
        let digest = found.folder.digest();
        let files = found.folder.entries.values().filter(|entry| matches!(entry, Entry::File(_))).count();
        let template = ports.open_template(&found, options)?;
        Ok(OpenTemplate { template, origin: found.origin, digest, files, fetched: vec![] })
    }

    /// Returns what tells this version from others, after a rendering.
    pub fn version(&self, rendering: &Rendering) -> String {
        version(&self.digest, rendering.shared.as_deref())
    }
}

impl AtArgs {
    /// Finds a template and understands it.
    pub fn open(&self, source: &str, options: &RenderOptions, ports: &Ports) -> Result<OpenTemplate, Report> {
        OpenTemplate::new(ports.find_template(source, self.at())?, options, ports)
    }

    /// Finds the template that cruft keeps in a replay file, at the commit that the project was made from;
    /// updates then come from where cruft took them.
    pub fn open_cruft(
        &self,
        answers: &AnswerArgs,
        options: &RenderOptions,
        ports: &Ports,
    ) -> Result<OpenTemplate, Report> {
        let kept = answers.cruft_template()?;
        let at = SourceOptions {
            reference: self.reference.as_deref().or(Some(&kept.commit)),
            directory: self.directory.as_deref().or(kept.directory.as_deref()),
            root: self.root.as_deref(),
        };
        // cruft only takes repositories, also by their path.
        let source = match std::fs::canonicalize(&kept.source) {
            Ok(path) if path.join(".git").exists() => format!("file://{}", path.display()),
            _ => kept.source,
        };
        let mut found = ports.find_template(&source, at)?;
        if let Origin::Git(origin) = &mut found.origin {
            origin.reference = self.reference.clone().or(kept.checkout);
        }
        OpenTemplate::new(found, options, ports)
    }

    /// Finds every template in a folder or a repository, by the folders that they are in.
    pub fn open_all(&self, source: &str, ports: &Ports) -> Result<Vec<(String, OpenTemplate)>, Report> {
        let found = ports.find_template(source, self.at())?;
        let mut all = vec![];
        for directory in Ports::templates_in(&found.folder) {
            let folder = found.folder.below(&directory);
            let name = if directory.is_empty() { found.folder.name.clone() } else { directory };
            let found =
                LocatedTemplate { folder, origin: found.origin.clone(), around: found.around.clone() };
            all.push((name, OpenTemplate::new(found, &RenderOptions::default(), ports)?));
        }
        Ok(all)
    }

    fn at(&self) -> SourceOptions<'_> {
        SourceOptions {
            reference: self.reference.as_deref(),
            directory: self.directory.as_deref(),
            root: self.root.as_deref(),
        }
    }

    /// Returns the folder that the template may read, as a project remembers it.
    pub fn remembered_root(&self, project: &Path, ports: &Ports) -> Option<String> {
        ports.remembered_root(self.root.as_deref(), project)
    }
}

impl AnswerArgs {
    /// The answers given, over those known from before.
    pub fn over(&self, known: Answers, template: &dyn ProjectTemplate) -> Result<Answers, Report> {
        let mut answers = known;
        if let Some(path) = &self.replay {
            answers.extend(self.replayed(path, template)?);
        }
        let questions = template.all_questions()?;
        for (name, value) in ask::given(&self.set, self.values.as_deref(), &questions)? {
            merge(answers.entry(name).or_insert(serde_json::Value::Null), value);
        }
        hide_secrets(&answers, &template.secrets()?);
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
        let answers = ask::answers(template, answers, AskOptions { defaults: self.defaults || !ask }, ui)?;
        hide_secrets(&answers, &template.secrets()?);
        Ok(answers)
    }

    /// Returns whether somebody can be asked.
    pub fn may_ask(&self) -> bool {
        !self.defaults && ask::may_ask()
    }

    /// Returns the commits that a project's record in the replay file names.
    fn pins(&self) -> Result<Vec<PinnedRepository>, Report> {
        let Some(path) = &self.replay else { return Ok(vec![]) };
        match Record::parse(&read_replay(path)?) {
            Ok(record) => Ok(record.templates.into_iter().flat_map(|applied| applied.fetched).collect()),
            // Answers of Cookiecutter or cruft, which pin nothing.
            Err(RecordDefect::Damaged(_)) => Ok(vec![]),
            Err(other) => Err(bad_replay(path, other.to_string())),
        }
    }

    fn replayed(&self, path: &Path, template: &dyn ProjectTemplate) -> Result<Answers, Report> {
        let text = read_replay(path)?;
        let name = &template.about().name;
        match Record::parse(&text) {
            Ok(record) => {
                let applied = record.get(name).or(record.templates.first());
                applied
                    .map(|applied| applied.answers.clone())
                    .ok_or_else(|| bad_replay(path, "it has none".to_string()))
            }
            Err(RecordDefect::Damaged(_)) => Ok(Ports::replay(&path.display().to_string(), &text)?.answers),
            Err(other) => Err(bad_replay(path, other.to_string())),
        }
    }

    /// Returns the template that cruft keeps in the replay file.
    fn cruft_template(&self) -> Result<CruftTemplate, Report> {
        let unnamed = || {
            Report::new("no template is named", "")
                .hint("name it, or give a .cruft.json, which names it, with --replay")
        };
        let path = self.replay.as_ref().ok_or_else(unnamed)?;
        let text = read_replay(path)?;
        if Record::parse(&text).is_ok() {
            return Err(unnamed());
        }
        Ports::replay(&path.display().to_string(), &text)?.template.ok_or_else(unnamed)
    }

    /// Returns the options of rendering, with those of an earlier run.
    pub fn options(&self, seed: Option<u64>, now: Option<i64>) -> Result<RenderOptions, Report> {
        if self.trust && self.no_hooks {
            let why = "--trust runs the template's own programs, --no-hooks leaves its hooks out";
            return Err(Report::new("--trust and --no-hooks can't go together", why)
                .hint("--no-hooks alone makes the files and runs nothing; --trust alone runs everything"));
        }
        let now = now.unwrap_or_else(|| jiff::Timestamp::now().as_second());
        Ok(RenderOptions {
            seed: self.seed.or(seed),
            now,
            trust: self.trust,
            no_hooks: self.no_hooks,
            strict: self.strict,
            fetch: FetchOptions { all: self.fetch, pins: self.pins()?, ..FetchOptions::NONE },
        })
    }
}

fn bad_replay(path: &Path, why: String) -> Report {
    Report::new(format!("can't use the answers in {}", path.display()), why)
}

fn read_replay(path: &Path) -> Result<String, Report> {
    read_text(path, RECORD_LIMITS.bytes).map_err(|error| bad_replay(path, error.to_string()))
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

/// Keeps secret answers out of all that is printed.
fn hide_secrets(answers: &Answers, secrets: &[Question]) {
    for question in secrets {
        // What the template itself says by default is no secret.
        let given = answer(answers, &question.name);
        given.filter(|given| Some(*given) != question.default.as_ref()).into_iter().for_each(hide);
    }
}

/// Tells of rendered files that have a secret answer in them, which end in the project and in what it remembers.
fn warn_of_secrets(rendering: &Rendering, answers: &Answers, secrets: &[Question], ui: &Ui) {
    let secrets = secrets.iter().filter_map(|question| {
        let text = answer(answers, &question.name)?.as_str()?;
        (text.len() >= MIN_SECRET_CHARS).then_some((&question.name, text))
    });
    for (name, secret) in secrets {
        let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        let files = rendering.project.files.iter().filter(|(_, file)| has(&file.bytes));
        let files: Vec<String> = files.map(|(path, _)| path.to_string()).collect();
        if !files.is_empty() {
            ui.warning(&format!(
                "the answer to `{name}` is a secret, and stands in {}: don't commit it, nor .billpay, which keeps what was rendered",
                files.join(", ")
            ));
        }
    }
}

/// Renders in memory, with the template's own programs where they are trusted.
pub fn render(
    template: &dyn ProjectTemplate,
    answers: &Answers,
    options: &RenderOptions,
    ports: &Ports,
    ui: &Ui,
) -> Result<Rendering, Report> {
    let mut options = options.clone();
    let rendering = loop {
        match ui.counting("files rendered", |told| template.render(answers, &options, told)) {
            Err(TemplateError::Fetch(FetchRequest { repository, url })) if ask::may_ask() => {
                ui.note(&format!("the template fetches {url}"));
                ui.confirm(&format!("Fetch files from the repository {repository}?"))?;
                options.fetch.repositories.insert(repository);
            }
            rendering => break rendering?,
        }
    };
    ui.warnings(&rendering.warnings);
    warn_of_secrets(&rendering, answers, &template.secrets()?, ui);
    Ok(if options.trust { ports.run_hooks(rendering)? } else { rendering })
}
