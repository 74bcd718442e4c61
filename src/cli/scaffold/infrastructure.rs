//! `billpay scaffold infrastructure`: environments as code.

use std::collections::BTreeSet;
use std::path::PathBuf;

use billpay_core::Ports;
use billpay_model::environment::Environment;
use billpay_tofu::tree::TreeSelection;
use clap::{ArgGroup, Args};

use super::tree::{self, TreeArgs, in_template};
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
    let several = ports.load_several(names)?;
    let names: Option<BTreeSet<String>> = names.map(|names| names.iter().cloned().collect());
    let chosen = |name: &String| names.as_ref().is_none_or(|names| names.contains(name));
    for loaded in several.all.iter().filter(|loaded| chosen(&loaded.environment.environment)) {
        ui.warnings(&loaded.warnings);
    }
    if !several.broken.is_empty() {
        let broken = several.broken.join(", ");
        ui.note(&format!("what accounts share stays as it is: the specs of {broken} are not valid"));
    }
    let all: Vec<&Environment> = several.all.iter().map(|loaded| &loaded.environment).collect();
    let wanted = TreeSelection { all: &all, names: names.as_ref(), broken: &several.broken };
    let templates = ports.templates().map_err(in_template)?;
    let (rendered, coverage) = billpay_tofu::tree::render(&templates, &wanted).map_err(in_template)?;

    tree::write(args.tree, args.out, ports, ui, &rendered, &coverage)
}
