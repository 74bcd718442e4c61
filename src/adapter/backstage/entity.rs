//! `catalog:write`.
use serde_json::{Map, Value};
use super::workspace::{Fault, Workspace};
pub(super) fn write(_workspace: &mut Workspace, _input: &Map<String, Value>, _entity_ref: &str) -> Result<String, Fault> {
    Err(Fault::new("not yet"))
}
