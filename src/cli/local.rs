//! `billpay local`: a local AWS on this machine.

use billpay_core::Ports;
use billpay_core::local::{LocalReport, variables};
use billpay_model::local::LocalStatus;
use clap::{Args, Subcommand};

use super::error::Report;
use super::exit;
use super::ui::Ui;

#[derive(Debug, Args)]
pub struct LocalArgs {
    #[command(subcommand)]
    command: LocalCommand,
}

#[derive(Debug, Subcommand)]
enum LocalCommand {
    /// Start it, and print its address
    Up,
    /// Stop it; its state is kept
    Down,
    /// Say whether it runs, and where
    Status,
    /// Print the variables with which the AWS CLI, OpenTofu and tests use it: eval "$(billpay local env)"
    Env {
        /// Account to use, 12 digits; else that of the specs
        #[arg(long, value_name = "ID", value_parser = account)]
        account: Option<String>,
    },
    /// Stop it, and forget everything that was made in it and its keys
    Reset,
}

pub async fn run(args: LocalArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let local = ports.local.as_ref();
    let (report, text) = match args.command {
        LocalCommand::Up => {
            let url = local.up(ui).await?;
            (LocalReport::Up { url: url.clone() }, url)
        }
        LocalCommand::Down => {
            ui.note(if local.down().await? { "stopped; its state is kept" } else { "it was not running" });
            return Ok(exit::DONE);
        }
        LocalCommand::Reset => {
            local.reset().await?;
            ui.note("stopped, and its state is gone");
            return Ok(exit::DONE);
        }
        LocalCommand::Status => {
            let status = local.status().await?;
            let text = status_text(&status);
            (LocalReport::Status(status), text)
        }
        LocalCommand::Env { account } => {
            let variables = variables(ports, account, ui).await?;
            if !variables.running {
                ui.note("it is not running: `billpay local up` starts it");
            }
            let exports = variables.env.iter().map(|(name, value)| format!("export {name}='{value}'\n"));
            let text = format!("{}unset {}", exports.collect::<String>(), variables.unset.join(" "));
            (LocalReport::Env(variables), text)
        }
    };
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&text)?;
    }
    Ok(exit::DONE)
}

fn status_text(status: &LocalStatus) -> String {
    let running = match (status.running, status.port_taken) {
        (true, _) => "running",
        (false, false) => "not running",
        (false, true) => "not running, and another program has its port,",
    };
    let pid = status.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    let (state, log) = (status.state.display(), status.log.display());
    format!("{running} at {}{pid}\nstate {state}\nlog   {log}", status.url)
}

fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_string()),
        false => Err("an account is 12 digits".to_string()),
    }
}
