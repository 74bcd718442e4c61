//! Runs the steps of a template one after the other, as the portal's dry run does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use billpay_model::findings::{Findings, Problem};
use billpay_nunjucks::{Nunjucks, Settings};
use serde_json::{Map, Value, json};

use super::actions::{self, Action};
use super::document::{Content, Node, in_order};
use super::fetch::{Fetch, is_elsewhere};
use super::references::{Reference, references};
use super::render::{Values, holds};
use super::spec::{Spec, Step, place_in};
use super::step_error::StepError;
use super::workspace::{Fault, Workspace, resolve};
use super::{entity, external, files};
use crate::{
    Answers, Entry, OUTPUT_PLACEHOLDER, PinnedRepository, RenderOptions, Rendering, Repositories, StepKind,
    StepReport, Surroundings, TemplateError, TemplateFolder, without_credentials,
};

/// The input of a fetching step that is needed for private repositories only.
const TOKEN: &str = "token";

/// Files that steps may read.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub folder: &'a TemplateFolder,
    pub around: Option<&'a dyn Surroundings>,
    pub others: Option<&'a dyn Repositories>,
}

/// Answers, and those of the form's secret fields, which steps only know as `secrets`.
pub(super) struct AnswerSet {
    pub answers: Answers,
    pub secrets: Answers,
}

/// Renders a template with answers that are complete.
pub(super) fn run(
    sources: Sources<'_>,
    spec: &Spec,
    answer_set: AnswerSet,
    options: &RenderOptions,
    progress: &mut dyn FnMut(usize),
) -> Result<Rendering, TemplateError> {
    let settings = Settings { seed: options.seed, strict: options.strict, ..Settings::default() };
    if options.strict && !spec.warnings.is_empty() {
        return Err(TemplateError::Wrong(Box::new(spec.warnings.clone().into_errors())));
    }
    let AnswerSet { answers, secrets } = answer_set;
    let mut values = Map::new();
    values.insert("parameters".into(), ordered(Value::Object(answers)));
    values.insert("environment".into(), json!({ "parameters": {}, "secrets": {} }));
    values.insert("secrets".into(), ordered(Value::Object(secrets)));
    values.insert("steps".into(), json!({}));
    values.insert("user".into(), json!({}));
    values.insert("context".into(), json!({ "task": task(options.seed) }));
    let mut run = Run {
        sources,
        shared: BTreeMap::new(),
        fetched: vec![],
        spec,
        options,
        nunjucks: Nunjucks::new(&settings),
        values,
        workspace: Workspace::default(),
        outside: BTreeSet::new(),
        unknown: BTreeSet::new(),
        warnings: RefCell::new(spec.warnings.clone()),
        done: 0,
        progress,
    };
    let mut steps = vec![];
    for step in &spec.steps {
        steps.push(run.step(step)?);
    }
    let said = match &spec.output {
        Some(output) => run.said(output)?,
        None => vec![],
    };
    (run.progress)(run.done);
    let warnings = run.warnings.into_inner();
    let project = run.workspace.into_project()?;
    let shared = TemplateFolder { name: String::new(), entries: run.shared };
    let shared = (!shared.entries.is_empty()).then(|| shared.digest());
    let fetched = run.fetched;
    Ok(Rendering { project, steps, said, warnings, shared, fetched, ..Rendering::default() })
}

/// The task's id is random in the portal; here it comes from the seed.
fn task(seed: Option<u64>) -> Value {
    let Some(seed) = seed else { return json!({}) };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut hex = |digits: usize| (0..digits).map(|_| random.digit(16)).collect::<String>();
    json!({ "id": format!("{}-{}-4{}-a{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12)) })
}

/// A value with the keys of all objects in JavaScript's order.
fn ordered(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(in_order(object.into_iter().map(|(key, value)| (key, ordered(value))).collect()))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(ordered).collect()),
        other => other,
    }
}

struct Run<'a> {
    sources: Sources<'a>,
    /// Files read outside the template's folder, by their paths there.
    shared: BTreeMap<String, Entry>,
    fetched: Vec<PinnedRepository>,
    spec: &'a Spec,
    options: &'a RenderOptions,
    nunjucks: Nunjucks,
    /// Values that expressions can name.
    values: Map<String, Value>,
    workspace: Workspace,
    /// Steps that only the portal runs.
    outside: BTreeSet<String>,
    /// Steps of which not all outputs are known: those, and the ones that were skipped.
    unknown: BTreeSet<String>,
    warnings: RefCell<Findings>,
    done: usize,
    progress: &'a mut dyn FnMut(usize),
}

/// Outcome of a step: its kind, summary and outputs.
type StepOutcome = (StepKind, String, Map<String, Value>);

impl Run<'_> {
    fn step(&mut self, step: &Step) -> Result<StepReport, TemplateError> {
        let (kind, summary, outputs) = self.try_step(step)?;
        if let Some(steps) = self.values.get_mut("steps").and_then(Value::as_object_mut) {
            steps.insert(step.id.clone(), json!({ "output": outputs }));
        }
        if kind != StepKind::Files {
            self.unknown.insert(step.id.clone());
        }
        if kind == StepKind::Outside {
            self.outside.insert(step.id.clone());
        }
        let (id, name, action) = (step.id.clone(), step.name.clone(), step.action.clone());
        Ok(StepReport { id, name, action, kind, summary })
    }

    fn try_step(&mut self, step: &Step) -> Result<StepOutcome, TemplateError> {
        let skipped = || {
            let condition = step.condition.as_ref().and_then(Node::text).unwrap_or("false");
            Ok((StepKind::Skipped, format!("skipped, since `{}` doesn't hold", condition.trim()), Map::new()))
        };
        let action = actions::find(&step.action);
        if action.is_some() && !step.action.starts_with("debug:") {
            self.warn_of_outside(step)?;
        }
        let condition = step.condition.as_ref();
        if let Some(condition) = condition
            && (condition.content == Content::Bool(false)
                || (step.each.is_none() && !self.holds(condition)?))
        {
            return skipped();
        }
        let Some(action) = action else {
            let input = self.renderable_input(step.input.as_ref());
            let outputs = external::example_outputs(&step.action);
            return Ok((StepKind::Outside, external::describe(&step.action, &input), outputs));
        };
        if let Some(id) = step.each.as_ref().and_then(|each| self.outside_of(each)) {
            let summary =
                format!("left out: it is done for each of what `{id}` gives, and only the portal runs that");
            return Ok((StepKind::Outside, summary, Map::new()));
        }
        let known = self.values.get("steps").cloned();
        self.put_placeholders(step.input.as_ref());
        let done = match &step.each {
            None => self.once(step, action),
            Some(each) => self.each(step, action, each),
        };
        self.values.extend(known.map(|steps| ("steps".to_string(), steps)));
        done
    }

    /// Runs a step for every item of a list or every entry of a mapping.
    fn each(&mut self, step: &Step, action: &Action, each: &Node) -> Result<StepOutcome, TemplateError> {
        let items: Vec<(String, Value)> = match self.value(each)? {
            Some(Value::Array(items)) => {
                items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
            }
            Some(Value::Object(object)) => in_order(object).into_iter().collect(),
            _ => {
                let place = self.spec.file.place(each.span.clone());
                let problem = Problem::error("wrong-type", place, "`each` has to give a list or a mapping");
                return Err(TemplateError::at(problem, &self.spec.file));
            }
        };
        let mut all: Map<String, Value> = Map::new();
        let (mut summary, mut kind, mut ran) = (vec![], StepKind::Files, 0);
        for (key, value) in items {
            self.values.insert("each".into(), json!({ "key": key, "value": value }));
            // The portal takes an empty condition for none here.
            let condition = step.condition.as_ref().filter(|condition| condition.text() != Some(""));
            if let Some(condition) = condition
                && !self.holds(condition)?
            {
                continue;
            }
            let (kind_of_one, summary_of_one, outputs) = self.once(step, action)?;
            ran += 1;
            if kind_of_one == StepKind::Outside {
                kind = StepKind::Outside;
            }
            summary.push(summary_of_one);
            for (name, output) in outputs {
                match all.entry(name).or_insert_with(|| Value::Array(vec![])) {
                    Value::Array(list) => list.push(output),
                    other => *other = output,
                }
            }
        }
        self.values.shift_remove("each");
        let summary = match ran {
            0 => "nothing to do".to_string(),
            1..=3 => summary.join("; "),
            _ => format!("{} times: {} …", ran, summary.first().map_or("", String::as_str)),
        };
        Ok((kind, summary, all))
    }

    fn once(&mut self, step: &Step, action: &Action) -> Result<StepOutcome, TemplateError> {
        let input = self.input(step, action)?;
        let done = self.act(action, &input);
        done.map_err(|stop| match stop {
            StepError::Template(error) => error,
            StepError::Step(Fault { why, away: true }) => {
                let hint = "put a copy into the template, beside template.yaml, and give its relative path as the `url`";
                TemplateError::refused(format!("the step `{}` needs more than the template: {why}", step.id), hint)
            }
            StepError::Step(Fault { why, .. }) => {
                let place = self.spec.file.place(step.place.clone());
                let problem = Problem::error("step", place, why);
                TemplateError::at(problem.label(format!("in the step `{}`", step.id)), &self.spec.file)
            }
        })
    }

    fn act(&mut self, action: &Action, input: &Map<String, Value>) -> Result<StepOutcome, StepError> {
        let files_only = |summary: String| Ok((StepKind::Files, summary, Map::new()));
        if action.id.starts_with("fetch:") {
            let url = input.get("url").and_then(Value::as_str).unwrap_or_default();
            if self.sources.others.is_none() && is_elsewhere(url, self.sources.around) {
                return self.elsewhere(action, url, input);
            }
            let mut fetch = Fetch {
                sources: self.sources,
                shared: &mut self.shared,
                fetched: &mut self.fetched,
                options: self.options,
                workspace: &mut self.workspace,
                warnings: self.warnings.get_mut(),
                done: &mut self.done,
                progress: &mut *self.progress,
            };
            return files_only(match action.id {
                "fetch:template" => fetch.template(input)?,
                "fetch:template:file" => fetch.template_file(input)?,
                "fetch:plain" => fetch.plain(input)?,
                _ => fetch.plain_file(input)?,
            });
        }
        match action.id {
            "fs:delete" => files_only(files::delete(&mut self.workspace, input)?),
            "fs:rename" => files_only(files::rename(&mut self.workspace, input)?),
            "fs:readdir" => {
                let (summary, outputs) = files::readdir(&self.workspace, input)?;
                Ok((StepKind::Files, summary, outputs))
            }
            "catalog:write" => files_only(entity::write(&mut self.workspace, input, &self.spec.entity_ref)?),
            "debug:log" => {
                let message = input.get("message").and_then(Value::as_str).unwrap_or("the files");
                files_only(format!("the portal logs: {message}"))
            }
            _ => files_only("the portal waits; billpay doesn't".into()),
        }
    }

    /// Notes what the portal would fetch from somewhere else.
    fn elsewhere(
        &mut self,
        action: &Action,
        url: &str,
        input: &Map<String, Value>,
    ) -> Result<StepOutcome, StepError> {
        let target = resolve(input.get("targetPath").and_then(Value::as_str).unwrap_or("./"))?;
        self.workspace.fetched_elsewhere(&target, url)?;
        let into = if target.is_empty() { "the project's folder" } else { &target };
        Ok((
            StepKind::Outside,
            format!("{} would fetch {} into {into}", action.id, without_credentials(url)),
            Map::new(),
        ))
    }

    fn value(&self, node: &Node) -> Result<Option<Value>, TemplateError> {
        let context = self.nunjucks.context(&Value::Object(self.values.clone()));
        let complete = |id: &str| {
            let steps = self.values.get("steps").and_then(Value::as_object);
            steps.is_some_and(|steps| steps.contains_key(id)) && !self.unknown.contains(id)
        };
        let (spec, nunjucks, known) = (self.spec, &self.nunjucks, &self.values);
        let (warnings, strict) = (&self.warnings, self.options.strict);
        Values { spec, nunjucks, context: &context, known, complete: &complete, warnings, strict }.value(node)
    }

    fn holds(&self, condition: &Node) -> Result<bool, TemplateError> {
        match condition.text().map(|text| text.replace(' ', "")).as_deref() {
            Some("${{always()}}") => Ok(true),
            Some("${{failure()}}") => Ok(false),
            _ => Ok(holds(self.value(condition)?.as_ref())),
        }
    }

    /// A step's input, rendered and checked.
    fn input(&self, step: &Step, action: &Action) -> Result<Map<String, Value>, TemplateError> {
        let mut input = Map::new();
        let entries = step.input.as_ref().map(Node::entries).unwrap_or_default();
        for entry in entries.iter().filter(|entry| entry.key != TOKEN) {
            let Some(value) = self.value(&entry.value)? else { continue };
            let wanted = action.inputs.iter().find(|wanted| wanted.name == entry.key);
            if let Some(wanted) = wanted.filter(|wanted| !wanted.shape.fits(&value)) {
                let place = self.spec.file.place(entry.value.span.clone());
                let message =
                    format!("`{}` has to be {}, and this gives {value}", entry.key, wanted.shape.describe());
                return Err(TemplateError::at(Problem::error("wrong-type", place, message), &self.spec.file));
            }
            input.insert(entry.key.clone(), value);
        }
        match action.inputs.iter().find(|wanted| wanted.required && !input.contains_key(wanted.name)) {
            None => Ok(input),
            Some(missing) => {
                let entry = entries.iter().find(|entry| entry.key == missing.name);
                let span = entry.map_or(step.place.clone(), |entry| entry.value.span.clone());
                let message =
                    format!("`{}` needs the input `{}`, and this gives nothing", step.action, missing.name);
                let problem = Problem::error("missing-key", self.spec.file.place(span), message);
                Err(TemplateError::at(problem, &self.spec.file))
            }
        }
    }

    /// Returns the renderable part of an input, to describe the effect in the portal.
    fn renderable_input(&self, input: Option<&Node>) -> Map<String, Value> {
        let entries = input.map(Node::entries).unwrap_or_default();
        // The portal knows what isn't known here.
        let warnings = self.warnings.take();
        let rendered = entries.iter().filter_map(|entry| {
            let value = self.value(&entry.value).ok().flatten()?;
            Some((entry.key.clone(), value))
        });
        let rendered = rendered.collect();
        self.warnings.replace(warnings);
        rendered
    }

    /// Warns of files that are made from what only the portal's run gives.
    fn warn_of_outside(&self, step: &Step) -> Result<(), TemplateError> {
        let file = &self.spec.file;
        for (node, reference) in [&step.condition, &step.each, &step.input]
            .into_iter()
            .flatten()
            .flat_map(|node| self.outputs_in(node))
        {
            let text = node.text().unwrap_or_default();
            let place = file.place(place_in(file.text(), &node.span, text, &reference.span));
            let (name, id) = (reference.path.join("."), reference.path.get(1).cloned().unwrap_or_default());
            let why = format!("`{name}` is what `{id}` gives, and only the portal runs that");
            let help = format!(
                "in files, {OUTPUT_PLACEHOLDER} stands for it; ask for it as a parameter, or make the files before that step"
            );
            let problem = Problem::warning("outside", place, why).help(help);
            if self.options.strict {
                return Err(TemplateError::Wrong(Box::new(
                    Findings { problems: vec![problem], files: vec![file.clone()] }.into_errors(),
                )));
            }
            self.warnings.borrow_mut().warn(problem, file);
        }
        Ok(())
    }

    /// Names of a value that stand for outputs of steps on the outside, with the texts that they are in.
    fn outputs_in<'n>(&self, node: &'n Node) -> Vec<(&'n Node, Reference)> {
        let own = node.text().map(references).unwrap_or_default().into_iter();
        let outside = |reference: &Reference| matches!(reference.path.as_slice(), [root, id, ..] if root == "steps" && self.outside.contains(id));
        let mut found: Vec<_> = own.filter(outside).map(|reference| (node, reference)).collect();
        found.extend(node.items().iter().flat_map(|item| self.outputs_in(item)));
        found.extend(node.entries().iter().flat_map(|entry| self.outputs_in(&entry.value)));
        found
    }

    /// The step on the outside that a value names.
    fn outside_of(&self, node: &Node) -> Option<String> {
        self.outputs_in(node).into_iter().find_map(|(_, reference)| reference.path.get(1).cloned())
    }

    /// Puts placeholders for the outputs of steps on the outside that an input names and that aren't known.
    fn put_placeholders(&mut self, input: Option<&Node>) {
        let named = input.map(|input| self.outputs_in(input)).unwrap_or_default();
        for (_, reference) in named {
            let [root, id, output, names @ ..] = reference.path.as_slice() else { continue };
            let Some(steps) = self.values.get_mut(root) else { continue };
            let Some(mut at) = steps.get_mut(id).and_then(|step| step.get_mut(output)) else { continue };
            for (depth, name) in names.iter().enumerate() {
                let Value::Object(object) = at else { break };
                let last = depth + 1 == names.len();
                at = object
                    .entry(name.as_str())
                    .or_insert_with(|| if last { OUTPUT_PLACEHOLDER.into() } else { json!({}) });
            }
        }
    }

    /// Renders the template's output texts and links.
    fn said(&self, output: &Node) -> Result<Vec<(String, String)>, TemplateError> {
        let mut said = vec![];
        for (key, contents) in [("links", ["url", "entityRef"]), ("text", ["content", "content"])] {
            for item in output.get(key).map(Node::items).unwrap_or_default() {
                let shown = match item.get("if") {
                    Some(condition) => self.holds(condition)?,
                    None => true,
                };
                if !shown {
                    continue;
                }
                let text = |key: &str| item.get(key).map_or(Ok(None), |node| self.shown(node));
                let title = text("title")?;
                let first = text(contents[0])?;
                let content = match first {
                    Some(content) => Some(content),
                    None => text(contents[1])?,
                };
                let content = content.unwrap_or_default();
                said.push((title.unwrap_or_else(|| content.clone()), content));
            }
        }
        for entry in output.entries().iter().filter(|entry| !matches!(entry.key.as_str(), "links" | "text")) {
            if let Some(text) = self.shown(&entry.value)? {
                said.push((entry.key.clone(), text));
            }
        }
        Ok(said)
    }

    /// A text of the output. Where it needs what only the portal knows, it stays as it is written.
    fn shown(&self, node: &Node) -> Result<Option<String>, TemplateError> {
        let unknown = |(_, reference): (&Node, Reference)| {
            let steps = self.values.get("steps");
            let found = reference.path.iter().skip(1).try_fold(steps, |at, name| Some(at?.get(name)));
            !reference.alone && found.flatten().is_none()
        };
        if self.outputs_in(node).into_iter().any(unknown) {
            return Ok(node.text().map(str::to_string));
        }
        let value = self.value(node)?;
        Ok(value.map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    }
}
