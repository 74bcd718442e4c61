//! `billpay lock`: who works on an environment.

use std::io::{self, IsTerminal};

use billpay_core::Ports;
use billpay_core::lock::{LockHolder, LockReport, break_lock, show_lock};
use clap::{Args, Subcommand};

use super::error::Report;
use super::ui::{Ui, name};
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct LockArgs {
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Debug, Subcommand)]
enum LockCommand {
    /// Show who works on the environment
    Show {
        #[command(flatten)]
        env: EnvArg,
    },
    /// Take the lock from a run that hangs; if it still lives, it stops within seconds
    Break {
        #[command(flatten)]
        env: EnvArg,
        /// Don't ask for the holder's name: it is this one, as `lock show` has it
        #[arg(long, value_name = "PRINCIPAL")]
        holder: Option<String>,
    },
}

pub async fn run(args: LockArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    let (env, holder) = match args.command {
        LockCommand::Show { env } => return show(&show_lock(ports, &env.env).await?, ui),
        LockCommand::Break { env, holder } => (env.env, holder),
    };
    let (principal, claim) = match holder {
        Some(holder) => (holder, None),
        None if io::stdin().is_terminal() => {
            let report = show_lock(ports, &env).await?;
            ui.message(&text(&report));
            let Some(LockHolder { claim, broken_by: None, .. }) = report.holder else {
                return Ok(exit::ERROR);
            };
            let question = "Type the name of the holder, the first line, to take its lock: ";
            (ui.prompt(question)?, Some(claim))
        }
        None if show_lock(ports, &env).await?.holder.is_none() => {
            return Err(billpay_core::Error::NotLocked { environment: env }.into());
        }
        None => {
            let report = Report::new("nothing was changed", "there is no terminal to ask on");
            return Err(report
                .hint(format!("name the holder with --holder, as `billpay lock show --env {env}` has it"))
                .stopped());
        }
    };
    let report = break_lock(ports, &env, &principal, claim).await?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        ui.text(&format!("The lock of {env} is taken from its holder, and free within half a minute."))?;
    }
    Ok(exit::DONE)
}

fn show(report: &LockReport, ui: &Ui) -> Result<u8, Report> {
    if ui.is_json() {
        ui.document(report)?;
    } else {
        ui.text(&text(report))?;
    }
    Ok(exit::DONE)
}

fn text(report: &LockReport) -> String {
    let LockReport { environment, store, holder } = report;
    let Some(holder) = holder else {
        return format!("Nobody works on {environment} (store: {}).", name(store));
    };
    let LockHolder { principal, host, pid, run_url, command, since, heartbeat, is_gone, broken_by, .. } =
        holder;
    let mut text = format!(
        "{}\n  on {} (process {pid}) runs `{}` on {environment} since {since}\n",
        name(principal),
        name(host),
        name(command)
    );
    if let Some(url) = run_url {
        text += &format!("  the run: {}\n", name(url));
    }
    if let Some(by) = broken_by {
        text += &format!("  broken by {}: the next run waits until it has surely stopped\n", name(by));
    }
    match heartbeat {
        _ if *is_gone => text += "  its process is gone: the next run takes the lock\n",
        Some(at) => text += &format!("  its last heartbeat: {at}\n"),
        None => {}
    }
    text + &format!("  the store: {}", name(store))
}
