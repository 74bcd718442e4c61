//! `billpay schema`: the JSON Schemas of what people write.

use clap::{Args, ValueEnum};

use super::error::Report;
use super::exit;
use super::ui::Ui;

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Subject of the schema
    #[arg(long, value_enum, default_value_t)]
    of: SchemaKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SchemaKind {
    /// The files of `environments`
    #[default]
    Spec,
    /// A service's deploy/values.yaml
    Values,
}

pub fn run(args: SchemaArgs, ui: &Ui) -> Result<u8, Report> {
    let schema = match args.of {
        SchemaKind::Spec => billpay_spec::json_schema(),
        SchemaKind::Values => billpay_manifests::json_schema(),
    };
    ui.json(&schema)?;
    Ok(exit::DONE)
}
