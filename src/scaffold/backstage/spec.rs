//! Parsing and checks of a `template.yaml`.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use billpay_model::findings::{Findings, Problem, Severity, SourceFile, nearest};
use serde_json::Value;

use super::actions::{self, Action};
use super::document::{self, Content, Node};
use super::references::{has_tags, references};
use crate::{About, Format, TemplateError};

/// Maximum number of reported problems of one kind.
const MAX_PROBLEMS: usize = 100;

const API_VERSION: &str = "scaffolder.backstage.io/v1beta3";
const KIND: &str = "Template";

/// The annotation that names the question by which several applications in one project differ.
const PER: &str = "billpay.com/per";

const TOP_KEYS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "relations", "status"];
const SPEC_KEYS: &[&str] = &[
    "type",
    "owner",
    "lifecycle",
    "system",
    "parameters",
    "steps",
    "output",
    "secrets",
    "presentation",
    "formDecorators",
    "EXPERIMENTAL_formDecorators",
    "EXPERIMENTAL_recovery",
];
const STEP_KEYS: &[&str] = &["id", "name", "action", "input", "if", "each", "backstage:permissions"];

/// Root names of expressions in steps.
const ROOTS: &[&str] =
    &["parameters", "steps", "user", "each", "secrets", "environment", "context", "always", "failure"];

/// A template's steps and what is around them.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub file: SourceFile,
    pub about: About,
    /// `template:default/x`, as the catalog has it.
    pub entity_ref: String,
    pub pages: Vec<Value>,
    pub pages_place: Range<usize>,
    /// The names that the pages ask for, at any level; `None`: not all of them are known.
    pub asked: Option<BTreeSet<String>>,
    pub steps: Vec<Step>,
    pub output: Option<Node>,
    /// Probable mistakes that the portal renders.
    pub warnings: Findings,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub id: String,
    pub name: String,
    pub action: String,
    /// Place of the action's name.
    pub place: Range<usize>,
    pub condition: Option<Node>,
    pub each: Option<Node>,
    pub input: Option<Node>,
}

impl Spec {
    /// Reads and checks a `template.yaml`.
    pub fn read(file: SourceFile) -> Result<Spec, TemplateError> {
        let documents = document::read(&file).map_err(|problem| TemplateError::at(*problem, &file))?;
        let is_template = |node: &&Node| node.get("kind").and_then(Node::text) == Some(KIND);
        let Some(root) = documents.iter().find(is_template).or_else(|| documents.first()) else {
            let problem = Problem::error("empty-file", file.place(0..0), "the file is empty");
            return Err(TemplateError::at(problem, &file));
        };
        let mut checker = Checker { file: &file, problems: vec![] };
        let spec = checker.spec(root);
        let (warnings, problems): (Vec<_>, Vec<_>) =
            checker.problems.into_iter().partition(|problem| problem.severity == Severity::Warning);
        match spec {
            Some(mut spec) if problems.is_empty() => {
                warnings.into_iter().for_each(|warning| spec.warnings.warn(warning, &file));
                Ok(spec)
            }
            _ => Err(TemplateError::Wrong(Box::new(Findings { problems, files: vec![file] }))),
        }
    }
}

/// The ids of a template's steps, and how many warnings names in them gave.
struct Ids<'s> {
    all: Vec<&'s str>,
    /// The first step of each id.
    first: HashMap<&'s str, usize>,
    warnings: usize,
}

struct Checker<'f> {
    file: &'f SourceFile,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn error(&mut self, code: &'static str, span: &Range<usize>, message: impl Into<String>) -> &mut Problem {
        self.problems.push(Problem::error(code, self.file.place(span.clone()), message));
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    fn warning(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        let problem = self.error(code, span, message);
        problem.severity = Severity::Warning;
        problem
    }

    fn spec(&mut self, root: &Node) -> Option<Spec> {
        let Content::Mapping(_) = root.content else {
            self.error(
                "wrong-type",
                &root.span,
                format!("a template is a mapping, and this is {}", root.kind()),
            );
            return None;
        };
        self.known_keys(root, TOP_KEYS, "a template");
        self.exactly(root, "apiVersion", API_VERSION);
        self.exactly(root, "kind", KIND);
        let about = self.about(root);
        let spec = self.needed(root, "spec", "the template")?;
        if !matches!(spec.content, Content::Mapping(_)) {
            self.error("wrong-type", &spec.span, format!("`spec` is a mapping, and this is {}", spec.kind()));
            return None;
        }
        self.known_keys(spec, SPEC_KEYS, "a template's `spec`");
        for (key, required) in [("type", true), ("owner", false), ("lifecycle", false)] {
            self.some_text(spec, key, required);
        }
        let (pages, pages_place) = self.pages(spec);
        let asked = asked(&pages);
        let steps = self.steps(spec);
        let output = self.mapping(spec, "output").cloned();
        if let Some(output) = &output {
            self.output(output);
        }
        for key in ["secrets", "presentation", "EXPERIMENTAL_recovery"] {
            self.mapping(spec, key);
        }
        for key in ["formDecorators", "EXPERIMENTAL_formDecorators"] {
            if let Some(node) = spec.get(key).filter(|node| !matches!(node.content, Content::List(_))) {
                self.error(
                    "wrong-type",
                    &node.span,
                    format!("`{key}` is a list, and this is {}", node.kind()),
                );
            }
        }
        let about = About { owner: spec.get("owner").and_then(Node::text).map(str::to_string), ..about };
        let namespace =
            root.get("metadata").and_then(|metadata| metadata.get("namespace")).and_then(Node::text);
        let entity_ref = format!("template:{}/{}", namespace.unwrap_or("default"), about.name).to_lowercase();
        let spec = Spec {
            file: self.file.clone(),
            about,
            entity_ref,
            pages,
            pages_place,
            asked,
            steps,
            output,
            warnings: Findings::default(),
        };
        self.references(&spec);
        Some(spec)
    }

    fn known_keys(&mut self, node: &Node, known: &[&str], whose: &str) {
        let unknown = node.entries().iter().filter(|entry| !known.contains(&entry.key.as_str()));
        for entry in unknown.take(MAX_PROBLEMS) {
            let meant = nearest(&entry.key, known.iter().copied());
            let help = format!("it takes {}", known.join(", "));
            let problem = self.error(
                "unknown-key",
                &entry.place,
                format!("{whose} has no `{}`", entry.key.escape_debug()),
            );
            problem.did_you_mean = meant;
            problem.help.push(help);
        }
    }

    fn needed<'n>(&mut self, node: &'n Node, key: &str, whose: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() {
            let start = node.span.start;
            self.error("missing-key", &(start..start), format!("{whose} needs `{key}`"));
        }
        found
    }

    fn exactly(&mut self, root: &Node, key: &str, wanted: &str) {
        let Some(node) = self.needed(root, key, "the template") else { return };
        if node.text() != Some(wanted) {
            let is = node
                .text()
                .map_or_else(|| node.kind().to_string(), |text| format!("`{}`", text.escape_debug()));
            let problem =
                self.error("wrong-value", &node.span, format!("`{key}` is {is}, and has to be `{wanted}`"));
            if key == "apiVersion" {
                problem
                    .help
                    .push("billpay renders templates of this version only, as the portal does".into());
            }
        }
    }

    /// A text that isn't empty.
    fn some_text<'n>(&mut self, node: &'n Node, key: &str, required: bool) -> Option<&'n str> {
        let found = if required { self.needed(node, key, "`spec`")? } else { node.get(key)? };
        match found.text().filter(|text| !text.is_empty()) {
            Some(text) => Some(text),
            None => {
                let is = if found.text().is_some() { "empty" } else { found.kind() };
                self.error("wrong-type", &found.span, format!("`{key}` has to be a text, and this is {is}"));
                None
            }
        }
    }

    fn mapping<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let found = node.get(key)?;
        if matches!(found.content, Content::Mapping(_)) {
            return Some(found);
        }
        self.error("wrong-type", &found.span, format!("`{key}` is a mapping, and this is {}", found.kind()));
        None
    }

    fn about(&mut self, root: &Node) -> About {
        let mut about = About { format: Format::Backstage, ..About::default() };
        if self.needed(root, "metadata", "the template").is_none() {
            return about;
        }
        let Some(metadata) = self.mapping(root, "metadata") else { return about };
        if let Some(name) = self.needed(metadata, "name", "`metadata`") {
            match name.text() {
                Some(text) if is_name(text) => about.name = text.to_string(),
                _ => {
                    let problem =
                        self.error("wrong-value", &name.span, "`name` is no name that the catalog takes");
                    problem
                        .help
                        .push("1 to 63 letters and digits, with `-`, `_` and `.` between them".into());
                }
            }
        }
        let per =
            metadata.get("annotations").and_then(|annotations| annotations.get(PER)).and_then(Node::text);
        about.per = per.map(str::to_string);
        for (key, into) in [("title", &mut about.title), ("description", &mut about.description)] {
            let Some(node) = metadata.get(key) else { continue };
            match node.text() {
                Some(text) => *into = Some(text.to_string()),
                None => {
                    let message = format!("`{key}` has to be a text, and this is {}", node.kind());
                    self.error("wrong-type", &node.span, message);
                }
            }
        }
        if let Some(tags) = metadata.get("tags") {
            let texts: Option<Vec<String>> = match &tags.content {
                Content::List(items) => items.iter().map(|item| item.text().map(str::to_string)).collect(),
                _ => None,
            };
            match texts {
                Some(texts) => about.tags = texts,
                None => {
                    self.error("wrong-type", &tags.span, "`tags` has to be a list of texts");
                }
            }
        }
        about
    }

    fn pages(&mut self, spec: &Node) -> (Vec<Value>, Range<usize>) {
        let Some(parameters) = spec.get("parameters") else { return (vec![], spec.span.clone()) };
        let pages: Vec<&Node> = match &parameters.content {
            Content::List(items) => items.iter().collect(),
            _ => vec![parameters],
        };
        for page in &pages {
            if !matches!(page.content, Content::Mapping(_)) {
                let message = format!(
                    "a page of `parameters` is a mapping (a JSON Schema), and this is {}",
                    page.kind()
                );
                self.error("wrong-type", &page.span, message);
            }
        }
        (pages.into_iter().map(Node::to_json).collect(), parameters.span.clone())
    }

    fn steps(&mut self, spec: &Node) -> Vec<Step> {
        let Some(node) = self.needed(spec, "steps", "`spec`") else { return vec![] };
        let Content::List(items) = &node.content else {
            self.error("wrong-type", &node.span, format!("`steps` is a list, and this is {}", node.kind()));
            return vec![];
        };
        let mut steps: Vec<Step> = vec![];
        let mut places: HashMap<String, Range<usize>> = HashMap::new();
        for (number, item) in items.iter().enumerate() {
            let Some(step) = self.step(item, number) else { continue };
            let place = item.get("id").map_or(item.span.start..item.span.start, |id| id.span.clone());
            if let Some(first) = places.get(&step.id) {
                let first = self.file.place(first.clone());
                let problem = self.error(
                    "duplicate-step",
                    &place,
                    format!("two steps have the id `{}`", step.id.escape_debug()),
                );
                problem.related.push(billpay_model::findings::RelatedPlace {
                    place: first,
                    message: "first here".into(),
                });
            }
            places.entry(step.id.clone()).or_insert(place);
            steps.push(step);
        }
        steps
    }

    fn step(&mut self, item: &Node, number: usize) -> Option<Step> {
        if !matches!(item.content, Content::Mapping(_)) {
            self.error("wrong-type", &item.span, format!("a step is a mapping, and this is {}", item.kind()));
            return None;
        }
        self.known_keys(item, STEP_KEYS, "a step");
        let mut text = |key: &str| {
            let node = item.get(key)?;
            if node.text().is_none() {
                self.error(
                    "wrong-type",
                    &node.span,
                    format!("`{key}` has to be a text, and this is {}", node.kind()),
                );
            }
            node.text().map(str::to_string)
        };
        let (id, name) = (text("id"), text("name"));
        let action = text("action");
        let action_node = self.needed(item, "action", "a step")?;
        let action = action?;
        if let Some(condition) = item.get("if")
            && !matches!(condition.content, Content::Text(_) | Content::Bool(_))
        {
            let message = format!("`if` has to be a text, true or false, and this is {}", condition.kind());
            self.error("wrong-type", &condition.span, message);
        }
        let input = self.mapping(item, "input").cloned();
        self.action(&action, action_node, input.as_ref());
        Some(Step {
            id: id.unwrap_or_else(|| format!("step-{}", number + 1)),
            name: name.unwrap_or_else(|| action.clone()),
            place: action_node.span.clone(),
            condition: item.get("if").cloned(),
            each: item.get("each").cloned(),
            action,
            input,
        })
    }

    /// Checks a step's input before rendering.
    fn action(&mut self, action: &str, place: &Node, input: Option<&Node>) {
        let Some(known) = actions::find(action) else {
            let all =
                || actions::ACTIONS.iter().map(|action| action.id).chain(actions::OUTSIDE.iter().copied());
            // Whatever a portal has for itself is fine, if it isn't nearly one of its own.
            let meant = nearest(action, all()).filter(|_| !all().any(|id| id == action));
            if let Some(meant) = meant.filter(|meant| strsim::damerau_levenshtein(meant, action) <= 2) {
                let message = format!("there is no action `{action}` that billpay knows");
                let problem = self.warning("unknown-action", &place.span, message);
                problem.did_you_mean = Some(meant);
                problem.help.push("the step is taken for one of the portal's own, and left out".into());
            }
            return;
        };
        for entry in input.map(Node::entries).unwrap_or_default() {
            let Some(wanted) = known.inputs.iter().find(|input| input.name == entry.key) else {
                self.unknown_input(known, &entry.key, &entry.place);
                continue;
            };
            let rendered = entry.value.text().is_some_and(has_tags)
                || entry.value.items().iter().any(|item| item.text().is_some_and(has_tags));
            if !rendered && !wanted.shape.fits(&entry.value.to_json()) {
                let message = format!("`{}` has to be {}", entry.key, wanted.shape.describe());
                self.error("wrong-type", &entry.value.span, message);
            }
        }
        for wanted in known.inputs.iter().filter(|wanted| wanted.required) {
            if input.and_then(|input| input.get(wanted.name)).is_none() {
                let span = input.map_or(place.span.clone(), |input| input.span.start..input.span.start);
                self.error("missing-key", &span, format!("`{action}` needs the input `{}`", wanted.name));
            }
        }
    }

    fn unknown_input(&mut self, action: &Action, key: &str, place: &Range<usize>) {
        let names: Vec<&str> = action.inputs.iter().map(|input| input.name).collect();
        let message = format!("`{}` takes no `{}`", action.id, key.escape_debug());
        let problem = self.error("unknown-key", place, message);
        problem.did_you_mean = nearest(key, names.iter().copied());
        problem.help.push(format!("it takes {}", names.join(", ")));
    }

    fn output(&mut self, output: &Node) {
        for key in ["links", "text"] {
            let Some(node) = output.get(key) else { continue };
            let Content::List(items) = &node.content else {
                self.error(
                    "wrong-type",
                    &node.span,
                    format!("`{key}` is a list, and this is {}", node.kind()),
                );
                continue;
            };
            for item in items {
                if !matches!(item.content, Content::Mapping(_)) {
                    self.error(
                        "wrong-type",
                        &item.span,
                        format!("this has to be a mapping, and is {}", item.kind()),
                    );
                    continue;
                }
                let keys: &[&str] = match key {
                    "links" => &["if", "url", "entityRef", "title", "icon"],
                    _ => &["if", "title", "icon", "content", "default"],
                };
                for entry in item.entries() {
                    let fits = match entry.key.as_str() {
                        "if" => matches!(entry.value.content, Content::Text(_) | Content::Bool(_)),
                        "content" => entry.value.text().is_some(),
                        key if keys.contains(&key) && key != "default" => {
                            entry.value.text().is_some_and(|text| !text.is_empty())
                        }
                        _ => true,
                    };
                    if !fits {
                        let message = format!("`{}` has to be a text", entry.key);
                        self.error("wrong-type", &entry.value.span, message);
                    }
                }
            }
        }
        for entry in output.entries().iter().filter(|entry| !matches!(entry.key.as_str(), "links" | "text")) {
            if entry.value.text().is_none() {
                let message = format!("`{}` has to be a text, and this is {}", entry.key, entry.value.kind());
                self.error("wrong-type", &entry.value.span, message);
            }
        }
    }

    /// Names that nothing can stand behind, whatever is answered.
    fn references(&mut self, spec: &Spec) {
        let all: Vec<&str> = spec.steps.iter().map(|step| step.id.as_str()).collect();
        let first = all.iter().enumerate().rev().map(|(number, id)| (*id, number)).collect();
        let mut ids = Ids { all, first, warnings: 0 };
        for (number, step) in spec.steps.iter().enumerate() {
            let nodes = [&step.condition, &step.each, &step.input];
            for node in nodes.into_iter().flatten() {
                self.names_in(node, spec, &mut ids, number);
            }
        }
        if let Some(output) = &spec.output {
            let number = ids.all.len();
            self.names_in(output, spec, &mut ids, number);
        }
    }

    fn names_in(&mut self, node: &Node, spec: &Spec, ids: &mut Ids<'_>, number: usize) {
        if ids.warnings >= MAX_PROBLEMS {
            return;
        }
        if let Some(text) = node.text().filter(|text| has_tags(text)) {
            for reference in references(text) {
                if ids.warnings >= MAX_PROBLEMS {
                    return;
                }
                let file = self.file;
                let known = self.problems.len();
                let place = || place_in(file.text(), &node.span, text, &reference.span);
                match (reference.path.first().map(String::as_str), reference.path.get(1)) {
                    (Some("parameters"), Some(name)) => {
                        let Some(asked) = spec.asked.as_ref().filter(|asked| !asked.contains(name)) else {
                            continue;
                        };
                        let meant = nearest(name, asked.iter().map(String::as_str));
                        let message = format!("`parameters.{name}` is asked for on no page");
                        let problem = self.warning("undefined", &place(), message);
                        problem.did_you_mean = meant.map(|meant| format!("parameters.{meant}"));
                    }
                    (Some("steps"), Some(id)) => match ids.first.get(id.as_str()).copied() {
                        None => {
                            let meant = nearest(id, ids.all.iter().copied());
                            let message = format!("there is no step `{id}`");
                            let problem = self.warning("undefined", &place(), message);
                            problem.did_you_mean = meant.map(|meant| format!("steps.{meant}"));
                        }
                        Some(at) if at >= number => {
                            let problem = self.warning(
                                "undefined",
                                &place(),
                                format!("the step `{id}` has not run yet when this is rendered"),
                            );
                            problem.help.push("a step sees what the steps before it gave".into());
                        }
                        Some(_) => {}
                    },
                    // In a text with blocks, it may be a variable of its own.
                    (Some("parameter" | "params" | "param" | "step" | "values"), Some(_))
                        if !text.contains("{%") =>
                    {
                        let root = reference.path.first().cloned().unwrap_or_default();
                        let meant =
                            nearest(&root, ROOTS.iter().copied()).or_else(|| Some("parameters".into()));
                        let message = format!("steps know no `{root}`");
                        let problem = self.warning("undefined", &place(), message);
                        problem.did_you_mean = meant;
                    }
                    _ => {}
                }
                ids.warnings += self.problems.len() - known;
            }
        }
        for item in node.items() {
            self.names_in(item, spec, ids, number);
        }
        for entry in node.entries() {
            self.names_in(&entry.value, spec, ids, number);
        }
    }
}

/// Returns the place in the file of a part of a scalar's text, in any scalar style.
pub(super) fn place_in(file: &str, scalar: &Range<usize>, text: &str, part: &Range<usize>) -> Range<usize> {
    let whole = || scalar.clone();
    let (Some(raw), Some(wanted)) = (file.get(scalar.clone()), text.get(part.clone())) else {
        return whole();
    };
    if wanted.is_empty() {
        return whole();
    }
    let before = text.get(..part.start).unwrap_or_default().matches(wanted).count();
    match raw.match_indices(wanted).nth(before) {
        Some((at, _)) => scalar.start + at..scalar.start + at + wanted.len(),
        None => whole(),
    }
}

/// The names that pages ask for, at any level; `None` where a page may ask for more.
fn asked(pages: &[Value]) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    pages.iter().all(|page| properties(page, &mut names)).then_some(names)
}

fn properties(schema: &Value, names: &mut BTreeSet<String>) -> bool {
    match schema {
        Value::Object(object) => object.iter().all(|(key, value)| match (key.as_str(), value) {
            ("properties", Value::Object(properties_of)) => {
                names.extend(properties_of.keys().cloned());
                properties_of.values().all(|value| properties(value, names))
            }
            ("$ref", Value::String(to)) => to.starts_with('#'),
            ("patternProperties", _) => false,
            ("default" | "const" | "enum" | "examples" | "ui:options", _) => true,
            _ => properties(value, names),
        }),
        Value::Array(items) => items.iter().all(|item| properties(item, names)),
        _ => true,
    }
}

/// A name that the catalog takes.
fn is_name(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.len() <= 63
        && ends(name.chars().next())
        && ends(name.chars().last())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
