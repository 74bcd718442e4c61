//! Backstage software templates: `template.yaml` and what its steps fetch, rendered as the
//! portal does, in memory.

mod actions;
mod binary;
mod document;
mod entity;
mod external;
mod fetch;
mod files;
mod fold;
mod glob;
mod own_url;
mod references;
mod render;
mod run;
mod spec;
mod step_error;
mod workspace;

use std::collections::BTreeSet;
use std::rc::Rc;

use billpay_model::findings::Problem;
use spec::Spec;

use crate::form::Form;
use crate::{
    About, Answers, ProjectTemplate, Question, RenderOptions, Rendering, Repositories, StepKind, StepReport,
    Surroundings, TemplateError, TemplateFolder, without_credentials,
};

/// The file that a template is described in.
pub const TEMPLATE_FILE: &str = "template.yaml";

/// A Backstage software template, read and checked.
pub struct BackstageTemplate {
    folder: TemplateFolder,
    spec: Spec,
    form: Form,
    around: Option<Rc<dyn Surroundings>>,
    others: Option<Rc<dyn Repositories>>,
}

impl BackstageTemplate {
    /// Lets the template's steps read what lies around its folder.
    pub fn within(self, around: Option<Rc<dyn Surroundings>>) -> BackstageTemplate {
        BackstageTemplate { around, ..self }
    }

    /// Lets the template's steps read other repositories, as far as the options of a rendering allow.
    pub fn fetching(self, others: Rc<dyn Repositories>) -> BackstageTemplate {
        BackstageTemplate { others: Some(others), ..self }
    }
}

/// Reads the `template.yaml` of a folder, and everything that is wrong with it.
///
/// # Errors
/// Fails if the folder has no `template.yaml`, it is no valid template, or its `parameters` are no valid schema.
pub fn open(folder: &TemplateFolder) -> Result<BackstageTemplate, TemplateError> {
    let Some(file) = folder.source(TEMPLATE_FILE) else {
        let why = format!("there is no {} to read", folder.display_path(TEMPLATE_FILE));
        return Err(TemplateError::refused(
            why,
            "a Backstage template is a folder with a template.yaml in it",
        ));
    };
    let spec = Spec::read(file)?;
    let form = Form::new(&spec.pages).map_err(|why| {
        let place = spec.file.place(spec.pages_place.clone());
        TemplateError::at(
            Problem::error("parameters", place, format!("`parameters` can't be asked for: {why}")),
            &spec.file,
        )
    })?;
    Ok(BackstageTemplate { folder: folder.clone(), spec, form, around: None, others: None })
}

impl ProjectTemplate for BackstageTemplate {
    fn about(&self) -> &About {
        &self.spec.about
    }

    fn next_question(&self, answers: &Answers) -> Result<Option<Question>, TemplateError> {
        Ok(self.form.next_question(answers))
    }

    fn all_questions(&self) -> Result<Vec<Question>, TemplateError> {
        Ok(self.form.all_questions())
    }

    fn secrets(&self) -> Result<Vec<Question>, TemplateError> {
        Ok(self.form.secrets())
    }

    fn complete(&self, answers: &Answers) -> Result<Answers, TemplateError> {
        self.form.complete(answers).map_err(TemplateError::Answers)
    }

    fn steps(&self) -> Vec<StepReport> {
        let planned = |step| planned(step, self.around.as_deref(), self.others.is_some());
        self.spec.steps.iter().map(planned).collect()
    }

    fn fetches(&self) -> Vec<String> {
        let urls = self.spec.steps.iter().filter_map(|step| elsewhere(step, self.around.as_deref()));
        let urls: BTreeSet<String> = urls.map(without_credentials).collect();
        urls.into_iter().collect()
    }

    fn render(
        &self,
        answers: &Answers,
        options: &RenderOptions,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Rendering, TemplateError> {
        let (around, others) = (self.around.as_deref(), self.others.as_deref());
        let (answers, secrets) = self.form.without_secret_fields(answers);
        let answer_set = run::AnswerSet { answers, secrets };
        run::run(
            run::Sources { folder: &self.folder, around, others },
            &self.spec,
            answer_set,
            options,
            progress,
        )
    }
}

/// Returns the URL of a step that leads into another repository, as it is written.
fn elsewhere<'s>(step: &'s spec::Step, around: Option<&dyn Surroundings>) -> Option<&'s str> {
    let url = step.input.as_ref()?.get("url").and_then(document::Node::text)?;
    (step.action.starts_with("fetch:") && fetch::is_elsewhere(url, around)).then_some(url)
}

/// A step before anything is answered.
fn planned(step: &spec::Step, around: Option<&dyn Surroundings>, fetching: bool) -> StepReport {
    let literal =
        |key: &str| step.input.as_ref().and_then(|input| input.get(key)).and_then(document::Node::text);
    let fetched = elsewhere(step, around).is_some();
    let here = actions::find(&step.action).is_some() && (fetching || !fetched);
    let on = ["url", "repoUrl", "catalogInfoUrl", "repoContentsUrl", "message", "filePath"]
        .into_iter()
        .find_map(literal);
    let on = on.map(|on| format!(" {}", without_credentials(on))).unwrap_or_default();
    let on = if fetched && here { format!("{on}, another repository (--fetch)") } else { on };
    let condition = match step.condition.as_ref().and_then(document::Node::text) {
        Some(condition) => format!(", if {condition}"),
        None => String::new(),
    };
    StepReport {
        id: step.id.clone(),
        name: step.name.clone(),
        action: step.action.clone(),
        kind: if here { StepKind::Files } else { StepKind::Outside },
        summary: format!("{}{on}{condition}", step.action),
    }
}
