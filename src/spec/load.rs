//! From files to an environment: read, check the shape, layer, check the meaning.

use std::collections::BTreeMap;

use billpay_model::environment::Environment;
use billpay_model::findings::{Findings, Place, Problem, Severity, SourceFile};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::{self, Finding, Spot};
use super::node::{Content, Node};
use super::path::Path;
use super::source::Sources;
use super::{layers, parse, shape, show};

/// An environment, and all that is known about how it came to be.
#[derive(Debug, Clone)]
pub struct LoadedEnvironment {
    pub environment: Environment,
    /// The effective spec as JSON.
    pub value: Value,
    /// Places of all values; a list counts as one value.
    pub origin: BTreeMap<Path, Origin>,
    /// Warnings: not wrong, but worth knowing.
    pub warnings: Findings,
    tree: Node,
}

/// Place of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl From<&Place> for Origin {
    fn from(place: &Place) -> Origin {
        Origin { file: place.file.clone(), line: place.line, column: place.column }
    }
}

impl LoadedEnvironment {
    /// The effective spec as YAML; with origins, each line says which file it came from.
    pub fn show(&self, origins: bool) -> String {
        show::show(&self.tree, origins)
    }

    /// Turns a finding about the environment into a problem at its place in the files.
    pub(super) fn problem(&self, finding: &Finding) -> Problem {
        problem(&self.tree, finding)
    }

    /// The files that the environment was read from.
    pub fn files(&self) -> &[SourceFile] {
        &self.warnings.files
    }
}

/// Reads an environment from its files.
///
/// # Errors
/// Fails with all findings if a file isn't YAML or breaks the schema, or the environment breaks a rule.
pub fn load(sources: &Sources, today: Date) -> Result<LoadedEnvironment, Findings> {
    let files: Vec<SourceFile> = sources.layers().map(|layer| layer.file.clone()).collect();
    let mut problems = Vec::new();
    let mut spoiled = Vec::new();
    let mut read = Vec::new();
    for layer in sources.layers() {
        let file = layer.file;
        let (node, mistakes) = parse::parse(file);
        let Some(mut node) = node else {
            problems.extend(mistakes);
            continue;
        };
        if let Some(entry) = layer.entry {
            node = node.under(&[entry.section, &entry.name]);
        }
        let flaws = shape::check_layer(file, &mut node);
        let news = |flaw: &Problem| !mistakes.iter().any(|mistake| mistake.place == flaw.place);
        problems.extend(flaws.problems.into_iter().filter(news));
        problems.extend(mistakes);
        spoiled.extend(flaws.spoiled);
        read.push(node);
    }
    if read.len() < files.len() {
        return Err(findings(problems, files));
    }

    let Some(tree) = stack(read, &mut problems) else {
        return Err(findings(problems, files));
    };
    problems.extend(shape::missing(sources, &tree, &spoiled));
    let value = tree.json();
    let environment: Option<Environment> = match serde_json::from_value(value.clone()) {
        Ok(environment) => Some(environment),
        Err(error) if problems.is_empty() => {
            let place = tree.place.clone();
            problems.push(Problem::error("bad-value", place, format!("the spec cannot be used: {error}")));
            None
        }
        Err(_) => None,
    };
    if let Some(environment) = &environment {
        let findings = check::check(environment, sources.environment_name(), today);
        let sound =
            |finding: &&Finding| !finding.paths().any(|path| spoiled.iter().any(|bad| path.touches(bad)));
        problems.extend(findings.iter().filter(sound).map(|finding| problem(&tree, finding)));
    }
    match environment {
        Some(environment) if problems.iter().all(|problem| problem.severity == Severity::Warning) => {
            let origin = origins(&tree);
            Ok(LoadedEnvironment { environment, value, origin, warnings: findings(problems, files), tree })
        }
        _ => Err(findings(problems, files)),
    }
}

/// Puts the layers over each other, the lowest first.
fn stack(layers: Vec<Node>, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut stacked: Option<Node> = None;
    for layer in layers {
        problems.extend(layers::idle_removals(stacked.as_ref(), &layer));
        stacked = Some(match stacked {
            Some(below) => layers::merge(below, layer),
            None => layer,
        });
    }
    stacked
}

/// Orders problems as a reader goes through the files.
fn findings(mut problems: Vec<Problem>, files: Vec<SourceFile>) -> Findings {
    let order = |name: &str| files.iter().position(|file| file.name() == name);
    problems.sort_by_key(|problem| (problem.severity, order(&problem.place.file), problem.place.span.start));
    Findings { problems, files }
}

/// Finds where in the files a finding about the environment is.
fn problem(tree: &Node, finding: &Finding) -> Problem {
    let mut problem = Problem::error(finding.code, place(tree, &finding.spot), finding.message.clone());
    problem.severity = finding.severity;
    problem.label.clone_from(&finding.label);
    problem.did_you_mean.clone_from(&finding.did_you_mean);
    problem.help.clone_from(&finding.help);
    for (spot, message) in &finding.related {
        problem = problem.related(place(tree, spot), message.clone());
    }
    problem
}

pub(super) fn place(tree: &Node, spot: &Spot) -> Place {
    let mut path = spot.path().clone();
    if let (Spot::Key(_), Some(entry)) = (spot, tree.entry_at(&path)) {
        return entry.place.clone();
    }
    loop {
        match (tree.at(&path), path.parent()) {
            (Some(node), _) => return node.place.clone(),
            (None, Some(parent)) => path = parent,
            (None, None) => return tree.place.clone(),
        }
    }
}

fn origins(tree: &Node) -> BTreeMap<Path, Origin> {
    let mut found = BTreeMap::new();
    let mut pending = vec![(Path::default(), tree)];
    while let Some((path, node)) = pending.pop() {
        match &node.content {
            Content::Null => {}
            Content::Mapping(entries) if entries.iter().any(|entry| entry.value.content != Content::Null) => {
                pending.extend(entries.iter().map(|entry| (path.key(&entry.key), &entry.value)));
            }
            _ => {
                found.insert(path, Origin::from(&node.place));
            }
        }
    }
    found
}
