//! `billpay state`: the store of an environment's lock and journal.

use std::fmt::Write;

use billpay_core::Ports;
use billpay_core::lock::Interrupt;
use billpay_core::state::{MoveReport, MoveRequest, StateReport, move_state, show_state};
use billpay_model::plural;
use clap::{Args, Subcommand};

use super::error::Report;
use super::provision::LockArgs;
use super::signals::stop_in_order;
use super::ui::{Ui, name};
use super::{EnvArg, exit};

#[derive(Debug, Args)]
pub struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Show where the lock and the journal of an environment are
    Show {
        #[command(flatten)]
        env: EnvArg,
    },
    /// Move them to another store, and write its address into the tags of the environment's resources
    Move {
        #[command(flatten)]
        env: EnvArg,
        /// The new store: s3, s3://bucket/prefix, local, or the whole path of a directory; by default the one of the spec
        #[arg(long, value_name = "STORE")]
        to: Option<String>,
        /// An old store that the resources don't name, such as a directory: its journal comes along
        #[arg(long, value_name = "STORE", conflicts_with = "lost")]
        from: Option<String>,
        /// The old store is gone: go on without the journal that was in it
        #[arg(long)]
        lost: bool,
        #[command(flatten)]
        lock: LockArgs,
    },
}

pub async fn run(args: StateArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    match args.command {
        StateCommand::Show { env } => {
            let report = show_state(ports, &env.env, ui).await?;
            if ui.is_json() { ui.document(&report)? } else { ui.text(&text(&report))? }
        }
        StateCommand::Move { env, to, from, lost, lock } => {
            let interrupt = Interrupt::default();
            stop_in_order(interrupt.clone(), ui.clear_lines());
            let (environment, lock_timeout) = (env.env, lock.timeout());
            let request = MoveRequest { environment, to, from, is_lost: lost, lock_timeout, interrupt };
            let report = move_state(ports, &request, ui).await?;
            if ui.is_json() { ui.document(&report)? } else { ui.text(&moved(&report))? }
        }
    }
    Ok(exit::DONE)
}

fn text(report: &StateReport) -> String {
    let StateReport { environment, store, is_shared, spec, tags, runs, holder } = report;
    let reach = if *is_shared { "which other machines reach" } else { "on this machine alone" };
    let is_elsewhere = tags.iter().any(|named| named != store);
    let mut text = match is_elsewhere {
        true => {
            format!("Runs from here look for the lock of {environment} in {}, where it isn't.\n", name(store))
        }
        false => format!("The lock and the journal of {environment} are in {}, {reach}.\n", name(store)),
    };
    let is_of_spec = spec == store || (spec == "local" && !is_shared);
    let before = if is_of_spec { "" } else { " (BILLPAY_STATE goes before it)" };
    let _ = writeln!(text, "  the spec says: {}{before}", name(spec));
    let tags: Vec<String> = tags.iter().map(|tag| name(tag).to_string()).collect();
    let _ = match tags.as_slice() {
        [] => writeln!(text, "  the resources name no store"),
        named => writeln!(text, "  the resources name: {}", named.join(", ")),
    };
    if is_elsewhere {
        return text
            + "No run from here may change it: correct the spec or BILLPAY_STATE, or run `billpay state move`.";
    }
    let _ = writeln!(text, "  {} in the journal", plural::count(*runs, "run"));
    match holder {
        None => text + "  nobody works on it",
        Some(holder) if holder.is_gone => text + "  a run that is gone has the lock: the next one takes it",
        Some(holder) => {
            text + &format!("  {} works on it, from {}", name(&holder.principal), name(&holder.host))
        }
    }
}

fn moved(report: &MoveReport) -> String {
    let MoveReport { environment, from, to, is_shared, objects, resources, spec } = report;
    let from: Vec<String> = from.iter().map(|from| name(from).to_string()).collect();
    let from = if from.is_empty() { String::new() } else { format!(" from {}", from.join(" and ")) };
    let mut text = format!(
        "The lock and the journal of {environment} are in {}: {} copied{from}, the tags of {} changed.",
        name(to),
        plural::count(*objects, "object"),
        plural::count(*resources, "resource"),
    );
    let _ = match spec {
        None => Ok(()),
        Some(spec) if *is_shared => {
            write!(text, "\nThe spec says {}: put `state: {}` there.", name(spec), name(to))
        }
        Some(spec) => write!(
            text,
            "\nThe spec says {}: put `state: local` there, or set BILLPAY_STATE={} where it names another directory.",
            name(spec),
            name(to)
        ),
    };
    text + match is_shared {
        true => "\nThen run `billpay provision`, so that the roles of workflows reach it.",
        false => "\nA directory keeps out nobody who works with another store.",
    }
}
