//! Reports of the program beside the schemas that it publishes.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::Value;

use crate::program;

/// Schemas that were read, by their names.
static SCHEMAS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

/// Fails unless a report is valid by the schema that it names.
#[track_caller]
pub fn check_report(report: &Value) {
    let name = report["schema"].as_str().unwrap_or_default();
    let kind = name.strip_prefix("billpay/").and_then(|rest| rest.strip_suffix("/v1"));
    let kind = kind.unwrap_or_else(|| panic!("a report names no schema: {report:#}"));
    let wrong: Vec<String> =
        schema(kind).iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "a report is not as `billpay schema --of {kind}` has it: {wrong:#?}");
}

fn schema(kind: &str) -> Arc<Validator> {
    let mut schemas = SCHEMAS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let read = || {
        let output =
            Command::new(program()).args(["schema", "--of", kind]).output().expect("billpay can be run");
        let schema: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("schema --of {kind}: {error}: {}", String::from_utf8_lossy(&output.stderr))
        });
        Arc::new(jsonschema::validator_for(&schema).expect("a schema"))
    };
    schemas.entry(kind.to_string()).or_insert_with(read).clone()
}
