//! `billpay local`: a local AWS on this machine.

use clap::{Args, Subcommand};
use serde_json::json;

use super::error::Report;
use super::exit;
use super::ui::Ui;
use crate::app::App;

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
    /// Stop it and forget everything that was made in it
    Reset,
}

pub async fn run(args: LocalArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let local = app.local_aws()?;
    match args.command {
        LocalCommand::Up => {
            let url = local.up(&|what| ui.note(what)).await?;
            if ui.is_json() {
                ui.json(&json!({"schema": "billpay/local/v1", "url": url}))?;
            } else {
                ui.text(&url)?;
            }
        }
        LocalCommand::Down => {
            let ran = local.down().await?;
            ui.note(if ran { "stopped; its state is kept" } else { "it was not running" });
        }
        LocalCommand::Reset => {
            local.reset().await?;
            ui.note("stopped, and its state is gone");
        }
        LocalCommand::Status => {
            let status = local.status().await;
            if ui.is_json() {
                let mut value = json!(status);
                value["schema"] = json!("billpay/local/v1");
                ui.json(&value)?;
            } else {
                let running = if status.running { "running" } else { "not running" };
                let pid = status.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
                ui.text(&format!(
                    "{running} at {}{pid}\nstate {}\nlog   {}",
                    status.url,
                    status.state.display(),
                    status.log.display()
                ))?;
            }
        }
    }
    Ok(exit::DONE)
}
