//! `billpay status`: what there is, and where it differs from the spec.

use billpay_core::Ports;
use billpay_core::status::status;
use clap::Args;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Exit with 2 when something differs from the spec
    #[arg(long)]
    detailed_exitcode: bool,
}

pub async fn run(args: StatusArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let report = status(ports, &args.env.env, ui).await?;
    ui.status(&report, &ports.connector.kinds())?;
    if !report.conflicts.is_empty() {
        ui.conflicts(&report.conflicts);
        return Ok(exit::ERROR);
    }
    let differs = report.counts.changes() > 0;
    Ok(if args.detailed_exitcode && differs { exit::CHANGES } else { exit::DONE })
}
