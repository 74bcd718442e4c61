//! `billpay scaffold kubernetes`: the services of an environment as Kubernetes manifests.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_core::trees::{KubernetesRequest, manifests};
use billpay_manifests::Image;
use clap::Args;

use super::tree::TreeArgs;
use crate::EnvArg;
use crate::error::Report;
use crate::ui::Ui;

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
    let request = KubernetesRequest {
        environment: args.env.env,
        services: args.service,
        values: args.values,
        images: args.image,
    };
    args.tree.show(manifests(ports, &request, args.tree.target(args.out), ui), ui)
}

fn image(text: &str) -> Result<(String, Image), String> {
    let (name, image) = text.split_once('=').ok_or("write it as NAME=REGISTRY/REPOSITORY@sha256:DIGEST")?;
    let image = image.parse::<Image>().map_err(|error| error.to_string())?;
    Ok((name.to_owned(), image))
}
