//! `billpay scaffold infrastructure`: environments as code.

use std::path::PathBuf;

use billpay_core::Ports;
use billpay_core::trees::infrastructure;
use clap::{ArgGroup, Args};

use super::tree::TreeArgs;
use crate::error::Report;
use crate::ui::Ui;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("environments").required(true).multiple(true).args(["env", "all"]))]
pub struct InfrastructureArgs {
    /// Name of an environment; may be given several times
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV", value_delimiter = ',')]
    env: Vec<String>,
    /// All environments, whatever --env says; what was rendered for those that are gone is removed
    #[arg(long)]
    all: bool,
    /// Folder that the tree goes to
    #[arg(short, long, value_name = "DIR", default_value = "infrastructure")]
    out: PathBuf,
    #[command(flatten)]
    tree: TreeArgs,
}

pub fn run(args: InfrastructureArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    // `--all` wins, so that BILLPAY_ENV can stay set.
    let names = if args.all { None } else { Some(args.env.as_slice()) };
    args.tree.show(infrastructure(ports, names, args.tree.target(args.out), ui), ui)
}
