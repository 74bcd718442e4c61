//! Cookiecutter templates, as they are: a folder with a `cookiecutter.json`.

mod binary;
mod config;
mod convert;
mod extensions;
pub mod hooks;
mod jinja;
mod large_stack;
mod locations;
mod patterns;
mod questions;
mod render;
mod replay;
mod settings;
mod staging;
mod template_choice;
mod transliteration;

use std::sync::{Arc, OnceLock};

use config::Config;
use extensions::Extensions;
use jinja::{Engine, Loader};
use serde_json::Value;
use settings::EXTENSIONS;
use template_choice::TemplateChoice;

use crate::{
    About, AnswerFault, Answers, Format, ProjectTemplate, Question, RenderOptions, Rendering, StepKind,
    StepReport, TemplateError, TemplateFolder,
};

pub use replay::{CruftTemplate, Replay, replay};
pub use staging::run_hooks;

/// The file that identifies a template.
pub const FILE: &str = "cookiecutter.json";

/// A template, read and understood.
pub struct CookiecutterTemplate {
    about: About,
    level: Level,
    options: RenderOptions,
}

/// A template, or a choice of templates.
pub(crate) struct Level {
    folder: TemplateFolder,
    config: Config,
    choice: Option<TemplateChoice>,
    /// True if the hook before the questions was run.
    is_prepared: bool,
    extensions: OnceLock<Result<Arc<Extensions>, String>>,
}

/// Reads the template in a folder; `directory` is where in the folder it is, if not at its top. Where its programs
/// are trusted, the one that comes before the questions is run.
///
/// # Errors
/// Fails if `directory` can't be one in the folder, `cookiecutter.json` is missing or wrong, or the program fails.
pub fn open(
    folder: &TemplateFolder,
    directory: Option<&str>,
    options: &RenderOptions,
) -> Result<CookiecutterTemplate, TemplateError> {
    let folder = match directory {
        Some(directory) => template_choice::below(folder, directory)?,
        None => folder.clone(),
    };
    let first = render::hook_before_questions(&folder).filter(|_| options.trust);
    let (folder, is_prepared) = match first {
        Some(hook) => (staging::before_questions(&folder, &hook)?, true),
        None => (folder, false),
    };
    let name = folder.name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let about = About {
        format: Format::Cookiecutter,
        name: name.trim_end_matches(".git").to_string(),
        ..About::default()
    };
    let level = Level { is_prepared, ..Level::open(folder, 0)? };
    Ok(CookiecutterTemplate { about, level, options: options.clone() })
}

impl Level {
    pub(crate) fn open(folder: TemplateFolder, depth: usize) -> Result<Level, TemplateError> {
        let config = Config::read(&folder)?;
        let choice = TemplateChoice::read(&folder, &config, depth)?;
        Ok(Level { folder, config, choice, is_prepared: false, extensions: OnceLock::new() })
    }

    /// Makes what renders the texts of this template; `loader` finds those that others include.
    fn engine(&self, loader: Loader, options: &RenderOptions) -> Result<Engine, TemplateError> {
        let engine =
            Engine::new(&self.config.syntax, self.extensions(options)?, loader, options.seed, options.now);
        engine.map_err(|fault| locations::error(&fault, &self.config.file, 0))
    }

    /// Loads the extensions that are Python code, once, where they are trusted.
    fn extensions(&self, options: &RenderOptions) -> Result<Option<Arc<Extensions>>, TemplateError> {
        let names = &self.config.syntax.extensions;
        let Some(first) = names.first().filter(|_| options.trust) else { return Ok(None) };
        let wrong = |why: String| locations::wrong_setting(&self.config.file, EXTENSIONS, Some(first), why);
        let extensions = self.extensions.get_or_init(|| Extensions::load(&self.folder, names).map(Arc::new));
        let extensions =
            extensions.as_ref().map_err(|why| wrong(format!("the extensions can't be loaded: {why}")))?;
        Ok(Some(extensions.clone()))
    }

    /// The template that the answers choose, and the names of the choices on the way.
    fn choose_level(&self, answers: &Answers) -> Result<(Option<&Level>, Vec<String>), TemplateError> {
        let mut level = self;
        let mut keys = vec![];
        while let Some(choice) = &level.choice {
            keys.push(choice.name.clone());
            match answers.get(&choice.name) {
                Some(answer) => level = choice.choose(answer)?,
                None => return Ok((None, keys)),
            }
        }
        Ok((Some(level), keys))
    }
}

impl ProjectTemplate for CookiecutterTemplate {
    fn about(&self) -> &About {
        &self.about
    }

    fn next_question(&self, answers: &Answers) -> Result<Option<Question>, TemplateError> {
        let mut level = &self.level;
        while let Some(choice) = &level.choice {
            match answers.get(&choice.name) {
                Some(answer) => level = choice.choose(answer)?,
                None => return Ok(Some(choice.question())),
            }
        }
        large_stack::with_large_stack(|_| questions::next(level, answers, &self.options), &mut |_| {})
    }

    fn all_questions(&self) -> Result<Vec<Question>, TemplateError> {
        let mut all: Vec<Question> = vec![];
        let mut levels = vec![(&self.level, false)];
        while let Some((level, conditional)) = levels.pop() {
            let questions = match &level.choice {
                Some(choice) => {
                    levels.extend(choice.levels().rev().map(|level| (level, true)));
                    vec![choice.question()]
                }
                None => large_stack::with_large_stack(|_| questions::all(level, &self.options), &mut |_| {})?,
            };
            for mut question in questions {
                question.conditional |= conditional;
                if !all.iter().any(|known| known.name == question.name) {
                    all.push(question);
                }
            }
        }
        Ok(all)
    }

    fn complete(&self, answers: &Answers) -> Result<Answers, TemplateError> {
        let mut complete = Answers::new();
        let mut level = &self.level;
        while let Some(choice) = &level.choice {
            let answer = answers.get(&choice.name).cloned().unwrap_or_else(|| choice.default());
            level = choice.choose(&answer)?;
            complete.insert(choice.name.clone(), answer);
        }
        let names: Vec<String> = complete.keys().cloned().collect();
        let own = large_stack::with_large_stack(
            |_| questions::complete(level, answers, &names, &self.options),
            &mut |_| {},
        )?;
        complete.extend(own);
        Ok(complete)
    }

    fn steps(&self) -> Vec<StepReport> {
        let mut steps =
            vec![step("render", "Render the files", "cookiecutter:render", "the files of the project")];
        for file in render::hook_files(&self.level.folder) {
            let summary = format!("runs {file} of the template, if trusted");
            steps.push(step(&file, &format!("Run {file}"), "cookiecutter:hook", &summary));
        }
        steps
    }

    fn render(
        &self,
        answers: &Answers,
        options: &RenderOptions,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Rendering, TemplateError> {
        let (level, keys) = self.level.choose_level(answers)?;
        let Some(level) = level else {
            let name = keys.last().cloned().unwrap_or_default();
            let why = "it is not said which of the templates".to_string();
            let fault = AnswerFault { name, why, missing: true, did_you_mean: None };
            return Err(TemplateError::Answers(vec![fault]));
        };
        let mut own = answers.clone();
        own.retain(|name, _| !keys.contains(name));
        large_stack::with_large_stack(
            |send| {
                render::render(level, &own, options, &mut |count| {
                    // Who doesn't listen any more, needn't.
                    let _ = send.send(count);
                })
            },
            progress,
        )
    }
}

fn step(id: &str, name: &str, action: &str, summary: &str) -> StepReport {
    let (id, name, action) = (id.to_string(), name.to_string(), action.to_string());
    StepReport { id, name, action, kind: StepKind::Files, summary: summary.to_string() }
}

/// Returns the fault of one answer.
fn wrong_answer(name: &str, why: String, known: &[String]) -> AnswerFault {
    let near = billpay_model::findings::nearest(name, known.iter().map(String::as_str));
    AnswerFault { name: name.to_string(), why, missing: false, did_you_mean: near }
}

/// A value as people write it: texts without quotes.
fn to_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
