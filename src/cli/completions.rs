//! `billpay completions` and the manual pages, both made from the command line itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::error::Report;
use super::exit;
use super::ui::Ui;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory for the pages
    dir: PathBuf,
}

pub fn completions(args: CompletionsArgs, mut command: clap::Command, ui: &Ui) -> Result<u8, Report> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "billpay", &mut script);
    ui.script(&String::from_utf8_lossy(&script))?;
    Ok(exit::DONE)
}

pub fn man(args: ManArgs, command: clap::Command, ui: &Ui) -> Result<u8, Report> {
    std::fs::create_dir_all(&args.dir)?;
    clap_mangen::generate_to(command, &args.dir)?;
    ui.note(&format!("wrote the manual pages to {}", args.dir.display()));
    Ok(exit::DONE)
}
