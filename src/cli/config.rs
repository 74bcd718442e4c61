//! `billpay config`: the spec as it takes effect.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::error::Report;
use super::ui::Ui;
use super::{EnvArg, exit};
use crate::app::App;

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    env: EnvArg,
    /// Say which file and line each value comes from
    #[arg(long)]
    origin: bool,
}

pub fn run(args: ConfigArgs, app: &App, ui: &Ui) -> Result<u8, Report> {
    let loaded = app.load(&args.env.env)?;
    ui.warnings(&loaded);
    if !ui.is_json() {
        ui.text(&loaded.show(args.origin))?;
    } else if args.origin {
        let origin: BTreeMap<String, _> =
            loaded.origin.iter().map(|(path, origin)| (path.to_string(), origin)).collect();
        ui.json(&json!({"schema": "billpay/config/v1", "spec": loaded.value, "origin": origin}))?;
    } else {
        ui.json(&json!({"schema": "billpay/config/v1", "spec": loaded.value}))?;
    }
    Ok(exit::DONE)
}
