//! `billpay local`: a local AWS on this machine.

use std::collections::{BTreeMap, BTreeSet};

use billpay_core::app::{App, LOCAL_ACCOUNT, SpecError};
use clap::{Args, Subcommand};
use serde_json::json;

use super::error::Report;
use super::exit;
use super::ui::Ui;

/// The region for tools where the specs name none, or several.
const REGION: &str = "us-east-1";

/// Variables that would send tools elsewhere, or as somebody else.
const UNSET: [&str; 4] =
    ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"];

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
                let running = match (status.running, status.port_taken) {
                    (true, _) => "running",
                    (false, false) => "not running",
                    (false, true) => "not running, and another program has its port,",
                };
                let pid = status.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
                ui.text(&format!(
                    "{running} at {}{pid}\nstate {}\nlog   {}",
                    status.url,
                    status.state.display(),
                    status.log.display()
                ))?;
            }
        }
        LocalCommand::Env { account } => env(account, app, ui).await?,
    }
    Ok(exit::DONE)
}

/// Prints what makes tools use the local AWS in a shell that evaluates it.
async fn env(account: Option<String>, app: &App, ui: &Ui) -> Result<(), Report> {
    let (account, region) = place(account, app, ui)?;
    let access = app.local_aws()?.access(&account).await?;
    let variables = BTreeMap::from([
        ("AWS_ACCESS_KEY_ID", access.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", access.secret_key.as_str()),
        ("AWS_ENDPOINT_URL", access.url.as_str()),
        ("AWS_REGION", region.as_str()),
        ("AWS_DEFAULT_REGION", region.as_str()),
    ]);
    if !access.running {
        ui.note("it is not running: `billpay local up` starts it");
    }
    if ui.is_json() {
        return ui.json(&json!({
            "schema": "billpay/local/v1", "account": account, "running": access.running,
            "env": variables, "unset": UNSET,
        }));
    }
    let exports = variables.iter().map(|(name, value)| format!("export {name}='{value}'\n"));
    ui.text(&format!("{}unset {}", exports.collect::<String>(), UNSET.join(" ")))
}

/// Returns the account and the region that tools are to use.
fn place(account: Option<String>, app: &App, ui: &Ui) -> Result<(String, String), Report> {
    // Without specs, or with broken ones, there still is a local AWS.
    let (specs, missing) = match app.load_several(None) {
        Ok(several) => (several.all, "no specs here".to_string()),
        Err(error @ SpecError::NoSpecs { .. }) => (vec![], error.to_string()),
        Err(error) => (vec![], format!("the specs can't be read ({error})")),
    };
    let mut accounts: BTreeSet<&str> = specs.iter().map(|spec| spec.environment.account.as_str()).collect();
    let account = match (account, accounts.pop_last()) {
        (Some(account), _) => account,
        (None, None) => {
            ui.note(&format!("{missing}: the account is {LOCAL_ACCOUNT}; --account names another"));
            LOCAL_ACCOUNT.to_string()
        }
        (None, Some(only)) if accounts.is_empty() => only.to_string(),
        (None, Some(last)) => {
            let all: Vec<&str> = accounts.into_iter().chain([last]).collect();
            let why = format!("the environments live in several accounts: {}", all.join(", "));
            return Err(Report::new("the account is not clear", why).hint("choose one with --account"));
        }
    };
    let there = specs.iter().filter(|spec| spec.environment.account == account);
    let regions: BTreeSet<&str> = there.map(|spec| spec.environment.region.as_str()).collect();
    let region = regions.first().filter(|_| regions.len() == 1).unwrap_or(&REGION);
    Ok((account, region.to_string()))
}

fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_string()),
        false => Err("an account is 12 digits".to_string()),
    }
}
