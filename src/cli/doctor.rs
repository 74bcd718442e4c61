//! `billpay doctor`: whether everything that a run needs is in order.

use billpay_core::Ports;
use billpay_core::doctor::doctor;
use billpay_model::check::Health;
use clap::Args;

use super::error::Report;
use super::exit;
use super::ui::{BAD, CHANGED, GOOD, Ui};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Name of the environment to check for; all specs are read in any case
    #[arg(short, long, value_name = "NAME", env = "BILLPAY_ENV")]
    env: Option<String>,
}

pub async fn run(args: DoctorArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let report = doctor(ports, args.env.as_deref(), ui).await;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        let width = report.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        for check in &report.checks {
            let (sign, style) = match check.health {
                Health::Good => ("✓", GOOD),
                Health::Note => ("·", CHANGED),
                Health::Bad => ("✗", BAD),
            };
            ui.text(&format!("{style}{sign}{style:#} {:width$}  {}", check.name, check.detail))?;
        }
        if args.env.is_none() {
            ui.note("name an environment with --env to check credentials, account, region and clock too");
        }
    }
    Ok(if report.is_healthy() { exit::DONE } else { exit::ERROR })
}
