//! `billpay docs build`: builds a documentation site.

use std::path::PathBuf;

use billpay_core::Ports;
use clap::Args;
use serde_json::json;

use billpay_model::plural;

use super::{SourceArgs, bytes, described, site};
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

pub async fn run(args: BuildArgs, ports: &Ports, ui: &Ui) -> Result<u8, Report> {
    // Whose site it is matters little here: a catalog file that names several is no obstacle.
    let entity = described(&args.source.dir).unwrap_or_default();
    let built = site(&args.source, entity.as_ref(), ports, ui).await?;
    ports.place_docs(&built, &args.out, &args.source.dir)?;
    if ui.is_json() {
        let left_out: Vec<&str> = built.left_out.problems.iter().map(|left| left.message.as_str()).collect();
        ui.json(&json!({
            "schema": "billpay/docs-build/v1", "site": args.out, "files": built.files, "bytes": built.bytes,
            "mkdocs": built.mkdocs, "strict": !args.source.no_strict, "left_out": left_out,
            "warnings": built.warnings,
        }))?;
        return Ok(exit::DONE);
    }
    let (files, size) = (plural::count(built.files, "file"), bytes(built.bytes));
    ui.text(&format!("{}: {files}, {size}", args.out.display()))?;
    Ok(exit::DONE)
}
