//! `billpay config`: the spec as it takes effect.

use billpay_core::Ports;
use billpay_core::config::config;
use clap::Args;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Say which file and line each value comes from
    #[arg(long)]
    origin: bool,
}

pub fn run(args: ConfigArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let report = config(ports, &args.env.env, args.origin, ui)?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&report.yaml)?;
    }
    Ok(exit::DONE)
}
