//! Renders trees of files from specs: infrastructure as code, Kubernetes manifests, the developer portal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;

use billpay_manifests::{Image, Values};
use billpay_model::environment::Environment;
use billpay_model::event::Observer;
use billpay_model::findings::Findings;
use billpay_scaffold::sources;
use billpay_spec::directory;
use billpay_tofu::tree::TreeSelection;
use billpay_tree::disk::Tree;
use billpay_tree::{Action, Coverage, Decision, FilePlan, RenderedTree, TreeCounts, TreeOptions};
use schemars::JsonSchema;
use serde::Serialize;

use crate::kubernetes::{self, ManifestSelection};
use crate::report::Report;
use crate::{Error, Ports};

/// Add-on that tells how busy pods are; without it nothing is scaled.
const METRICS: &str = "metrics-server";

/// Folder that a tree is rendered to.
#[derive(Debug, Clone)]
pub struct TreeTarget {
    pub out: PathBuf,
    /// Writes nothing.
    pub check: bool,
    pub options: TreeOptions,
}

/// Request to render the services of an environment as Kubernetes manifests.
#[derive(Debug, Clone)]
pub struct KubernetesRequest {
    pub environment: String,
    /// The services to render; none for all.
    pub services: Vec<String>,
    /// Files with values of services.
    pub values: Vec<PathBuf>,
    /// Image of each service.
    pub images: Vec<(String, Image)>,
}

/// Files of a tree, and the changes that were made to them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TreeReport {
    pub out: PathBuf,
    pub check: bool,
    /// Set if a file on disk is not as it is rendered.
    pub stale: bool,
    /// Set if a file that people edited stays behind the rendering.
    pub behind: bool,
    pub counts: TreeCounts,
    /// Files that are not as they were, or stay behind.
    pub files: Vec<FilePlan>,
    #[serde(skip)]
    pub decision: Decision,
}

impl Report for TreeReport {
    const SCHEMA: &str = "billpay/scaffold/v1";
}

/// Renders environments as a Terragrunt/OpenTofu tree; without names, all of them.
///
/// # Errors
/// Fails if a spec is wrong, or the tree can't be written.
pub fn infrastructure(
    ports: &Ports,
    names: Option<&[String]>,
    target: TreeTarget,
    observer: &dyn Observer,
) -> Result<TreeReport, Error> {
    let several = ports.load_several(names)?;
    let names: Option<BTreeSet<String>> = names.map(|names| names.iter().cloned().collect());
    let is_chosen = |name: &String| names.as_ref().is_none_or(|names| names.contains(name));
    for loaded in several.all.iter().filter(|loaded| is_chosen(&loaded.environment.environment)) {
        observer.warn(&loaded.warnings);
    }
    if !several.broken.is_empty() {
        let broken = several.broken.join(", ");
        observer.note(format!("what accounts share stays as it is: the specs of {broken} are not valid"));
    }
    let all: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let selection = TreeSelection { all: &all, names: names.as_ref(), broken: &several.broken };
    let templates = billpay_tofu::tree::templates().map_err(embedded)?;
    let (rendered, coverage) = billpay_tofu::tree::render(&templates, &selection).map_err(embedded)?;
    write(target, &rendered, &coverage)
}

/// Renders the developer portal, with the catalog of all environments.
///
/// # Errors
/// Fails if a spec is wrong, or the tree can't be written.
pub fn portal(ports: &Ports, target: TreeTarget, observer: &dyn Observer) -> Result<TreeReport, Error> {
    let several = ports.load_several(None)?;
    several.all.iter().for_each(|loaded| observer.warn(&loaded.warnings));
    let all: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let templates = billpay_portal::tree::templates().map_err(embedded)?;
    let rendered = billpay_portal::tree::render(&templates, &all, &sources::names());
    let (rendered, coverage) = rendered.map_err(embedded)?;
    write(target, &rendered, &coverage)
}

/// Renders the services of an environment as Kubernetes manifests.
///
/// # Errors
/// Fails if the spec or the values are wrong, a service is unknown or has no image, or the tree can't be written.
pub fn manifests(
    ports: &Ports,
    request: &KubernetesRequest,
    target: TreeTarget,
    observer: &dyn Observer,
) -> Result<TreeReport, Error> {
    let name = &request.environment;
    let several = ports.load_several(Some(std::slice::from_ref(name)))?;
    let loaded = several.all.iter().find(|loaded| loaded.environment.environment == *name);
    let loaded = loaded.ok_or_else(|| Error::NotLoaded(name.clone()))?;
    observer.warn(&loaded.warnings);
    let env = &loaded.environment;
    let others: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let broken = several.broken.iter().map(String::as_str);
    let known: Vec<&str> = broken.chain(others.iter().map(|env| env.environment.as_str())).collect();
    let images = images(&request.images)?;
    let selection = ManifestSelection {
        env,
        services: &request.services,
        values: &values(&request.values, env, &known)?,
        images: &images,
        others: &others,
        broken: !several.broken.is_empty(),
    };
    let (rendered, coverage) = kubernetes::render(&selection)?;
    let scales = rendered.files.keys().any(|path| path.as_str().ends_with("/autoscaler.yaml"));
    if scales && !env.cluster.addons.contains_key(METRICS) {
        observer.note(format!(
            "nothing is scaled without the add-on `{METRICS}`: add it to `cluster.addons` of {name}"
        ));
    }
    write(target, &rendered, &coverage)
}

fn images(given: &[(String, Image)]) -> Result<BTreeMap<String, Image>, Error> {
    let mut images = BTreeMap::new();
    for (name, image) in given {
        if images.insert(name.clone(), image.clone()).is_some_and(|other| other != *image) {
            return Err(Error::TwoImages { service: name.clone() });
        }
    }
    Ok(images)
}

fn values(paths: &[PathBuf], env: &Environment, known: &[&str]) -> Result<BTreeMap<String, Values>, Error> {
    let mut all: BTreeMap<String, Values> = BTreeMap::new();
    let mut wrong = Findings::default();
    for path in paths {
        match Values::read(&directory::read(path)?, env, known) {
            Ok(values) if all.contains_key(&values.service) => {
                return Err(Error::TwoValues { service: values.service, path: path.clone() });
            }
            Ok(values) => {
                all.insert(values.service.clone(), values);
            }
            Err(findings) => wrong.extend(findings),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(Error::Values(Box::new(wrong))) }
}

/// Brings rendered files to a folder.
fn write(target: TreeTarget, rendered: &RenderedTree, coverage: &Coverage) -> Result<TreeReport, Error> {
    let TreeTarget { out, check, options } = target;
    let tree = Tree::at(out.clone());
    let decision = match check {
        true => tree.check(rendered, coverage, options)?,
        false => tree.write(rendered, coverage, options)?,
    };
    let plan = &decision.plan;
    let files = plan.files.iter().filter(|file| file.action != Action::Unchanged);
    Ok(TreeReport {
        out,
        check,
        stale: plan.is_stale(),
        behind: plan.files.iter().any(|file| file.action.is_stale() && !file.action.touches()),
        counts: plan.counts(),
        files: files.cloned().collect(),
        decision,
    })
}

fn embedded(error: impl Display) -> Error {
    Error::EmbeddedTemplate(error.to_string())
}
