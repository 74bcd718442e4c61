//! `billpay schema`: the JSON Schema of the spec.

use super::error::Report;
use super::exit;
use super::ui::Ui;
use crate::domain::spec::json_schema;

pub fn run(ui: &Ui) -> Result<u8, Report> {
    ui.json(&json_schema())?;
    Ok(exit::DONE)
}
