//! `billpay docs build`: builds a documentation site.

use std::path::PathBuf;

use billpay_core::docs::build;
use billpay_model::plural;
use clap::Args;

use super::{SourceArgs, bytes};
use crate::error::Report;
use crate::exit;
use crate::ui::Ui;

#[derive(Debug, Args)]
#[command(
    after_help = "The MkDocs on the path is used if it has the plugin techdocs-core; else billpay installs one \
                  of its own, once. The project's files stay as they are."
)]
pub struct BuildArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Folder that the site goes to; an older site there is replaced
    #[arg(long, value_name = "DIR", default_value = "site")]
    out: PathBuf,
}

pub async fn run(args: BuildArgs, ui: &Ui) -> Result<u8, Report> {
    let report = build(&args.source.source(), &args.out, ui).await?;
    if ui.is_json() {
        ui.document(&report)?;
    } else {
        let (files, size) = (plural::count(report.files, "file"), bytes(report.bytes));
        ui.text(&format!("{}: {files}, {size}", report.site.display()))?;
    }
    Ok(exit::DONE)
}
