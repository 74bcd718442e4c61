//! `billpay reference`: writes docs/reference from the program itself, so that it can't go stale.

use std::fmt::Write;
use std::path::PathBuf;

use billpay_core::Ports;
use billpay_engine::plan::Kinds;
use clap::Args;

use super::error::Report;
use super::exit;
use super::ui::Ui;

#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// Directory for the pages
    dir: PathBuf,
}

pub fn run(args: ReferenceArgs, mut command: clap::Command, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    std::fs::create_dir_all(&args.dir)?;
    command.build();
    for (name, page) in [("commands.md", commands(&command)), ("kinds.md", kinds(&ports.connector.kinds()))] {
        std::fs::write(args.dir.join(name), page)?;
    }
    ui.note(&format!("wrote the reference to {}", args.dir.display()));
    Ok(exit::DONE)
}

fn commands(command: &clap::Command) -> String {
    let mut page =
        String::from("# Commands\n\nWritten by `billpay reference docs/reference`; don't edit it.\n");
    describe(command, "billpay", &mut page);
    page
}

fn describe(command: &clap::Command, name: &str, page: &mut String) {
    let help = command.clone().term_width(100).render_long_help().to_string();
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.trim_end());
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        describe(sub, &format!("{name} {}", sub.get_name()), page);
    }
}

fn kinds(kinds: &Kinds) -> String {
    let mut page = String::from(
        "# Kinds of resources\n\nWritten by `billpay reference docs/reference`; don't edit it.\n\n\
         A change of an attribute that can't be changed in place replaces the resource, and the plan \
         says so. Seconds are what AWS usually takes; they order the work and are shown, nothing more.\n\n\
         | Component | Kind | AWS type | Replaced when these change | Usual seconds: create, update, delete |\n\
         |---|---|---|---|---|\n",
    );
    let mut rows: Vec<_> = kinds.values().collect();
    rows.sort_by_key(|kind| (kind.component, kind.name));
    for kind in rows {
        let fixed = if kind.immutable.is_empty() { "—".to_string() } else { kind.immutable.join(", ") };
        let first = if kind.create_first { " (the new one first)" } else { "" };
        let usual = kind.usual;
        let _ = writeln!(
            page,
            "| {} | {} | `{}` | {fixed}{first} | {}, {}, {} |",
            kind.component, kind.name, kind.aws_type, usual.create, usual.update, usual.delete
        );
    }
    page
}
