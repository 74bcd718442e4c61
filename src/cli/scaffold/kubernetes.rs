//! `billpay scaffold kubernetes`: the services of an environment as Kubernetes manifests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use billpay_core::Ports;
use billpay_core::kubernetes::{self, Error, ManifestSelection};
use billpay_manifests::{Image, Values};
use billpay_model::environment::Environment;
use billpay_model::findings::Findings;
use clap::Args;

use super::tree::{self, TreeArgs};
use crate::error::Report;
use crate::ui::Ui;
use crate::{EnvArg, exit};

/// The add-on that tells how busy pods are; without it nothing is scaled.
const METRICS: &str = "metrics-server";

#[derive(Debug, Args)]
pub struct KubernetesArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Only this service; may be given several times
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    service: Vec<String>,
    /// Values of a service, its deploy/values.yaml; may be given several times
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// The image of a service, NAME=REGISTRY/REPOSITORY@sha256:DIGEST; one for each service
    #[arg(long, value_name = "NAME=IMAGE", value_parser = image)]
    image: Vec<(String, Image)>,
    /// Folder that the manifests go to
    #[arg(short, long, value_name = "DIR", default_value = "kubernetes")]
    out: PathBuf,
    #[command(flatten)]
    tree: TreeArgs,
}

pub fn run(args: KubernetesArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let name = &args.env.env;
    let several = ports.load_several(Some(std::slice::from_ref(name)))?;
    let loaded = several.all.iter().find(|loaded| loaded.environment.environment == *name);
    let loaded = loaded.ok_or_else(|| Report::new("there is no such environment", name.clone()))?;
    ui.warnings(&loaded.warnings);
    let env = &loaded.environment;
    let others: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let broken = several.broken.iter().map(String::as_str);
    let known: Vec<&str> = broken.chain(others.iter().map(|env| env.environment.as_str())).collect();

    let images = images(&args.image)?;
    let wanted = ManifestSelection {
        env,
        services: &args.service,
        values: &values(&args.values, env, &known, ports)?,
        images: &images,
        others: &others,
        broken: !several.broken.is_empty(),
    };
    let (rendered, coverage) = kubernetes::render(&wanted).map_err(refused)?;
    let scales = rendered.files.keys().any(|path| path.as_str().ends_with("/autoscaler.yaml"));
    if scales && !env.cluster.addons.contains_key(METRICS) {
        ui.note(&format!(
            "nothing is scaled without the add-on `{METRICS}`: add it to `cluster.addons` of {name}"
        ));
    }
    tree::write(args.tree, args.out, ports, ui, &rendered, &coverage)
}

fn image(text: &str) -> Result<(String, Image), String> {
    let (name, image) = text.split_once('=').ok_or("write it as NAME=REGISTRY/REPOSITORY@sha256:DIGEST")?;
    let image = image.parse::<Image>().map_err(|error| error.to_string())?;
    Ok((name.to_owned(), image))
}

fn images(given: &[(String, Image)]) -> Result<BTreeMap<String, Image>, Report> {
    let mut images = BTreeMap::new();
    for (name, image) in given {
        if images.insert(name.clone(), image.clone()).is_some_and(|other| other != *image) {
            return Err(Report::new(
                format!("`{name}` has two images"),
                "give --image once for each service",
            ));
        }
    }
    Ok(images)
}

fn values(
    paths: &[PathBuf],
    env: &Environment,
    known: &[&str],
    ports: &Ports,
) -> Result<BTreeMap<String, Values>, Report> {
    let mut all: BTreeMap<String, Values> = BTreeMap::new();
    let mut wrong = Findings::default();
    for path in paths {
        match Values::read(&ports.source_file(path)?, env, known) {
            Ok(values) if all.contains_key(&values.service) => {
                let why = format!("{} has more of them", path.display());
                return Err(Report::new(format!("there are values for `{}` already", values.service), why));
            }
            Ok(values) => {
                all.insert(values.service.clone(), values);
            }
            Err(findings) => wrong.extend(findings),
        }
    }
    if wrong.is_empty() {
        return Ok(all);
    }
    let heading = format!("the values have {}", wrong.count());
    let findings = Some(Box::new(wrong));
    Err(Report { heading, details: vec![], hints: vec![], findings, code: exit::ERROR })
}

fn refused(error: Error) -> Report {
    let report = Report::new("the manifests can't be rendered", error.to_string());
    match error {
        Error::UnknownService { did_you_mean, known, .. } => {
            let report = match did_you_mean {
                Some(meant) => report.hint(format!("did you mean `{meant}`?")),
                None => report,
            };
            report.hint(format!("there are: {}", known.join(", ")))
        }
        Error::NotWanted { name, .. } => report.hint(format!("add --service {name}, or leave them out")),
        Error::NoImage(names) => {
            let name = names.first().map_or("NAME", String::as_str);
            report
                .hint(format!("name it: --image {name}=REGISTRY/REPOSITORY@sha256:DIGEST"))
                .hint("or choose the services with --service")
        }
        Error::ManifestError(_) | Error::Path(_) => report,
    }
}
