//! `billpay scaffold backstage`: the developer portal as code.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_model::environment::Environment;
use clap::Args;

use super::tree::{self, TreeArgs, in_template};
use crate::error::Report;
use crate::ui::Ui;

#[derive(Debug, Args)]
pub struct BackstageArgs {
    /// Folder that the portal goes to
    #[arg(short, long, value_name = "DIR", default_value = "portal")]
    out: PathBuf,
    #[command(flatten)]
    tree: TreeArgs,
}

pub fn run(args: BackstageArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    // The catalog is of all environments, whatever BILLPAY_ENV says.
    let several = ports.load_several(None)?;
    for loaded in &several.all {
        ui.warnings(&loaded.warnings);
    }
    let all: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let templates = ports.portal_templates().map_err(in_template)?;
    let (rendered, coverage) =
        billpay_portal::tree::render(&templates, &all, &ports.template_names()).map_err(in_template)?;
    tree::write(args.tree, args.out, ports, ui, &rendered, &coverage)
}
