//! `billpay scaffold backstage`: the developer portal as code.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_core::trees::portal;
use clap::Args;

use super::tree::TreeArgs;
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
    args.tree.show(portal(ports, args.tree.target(args.out), ui), ui)
}
