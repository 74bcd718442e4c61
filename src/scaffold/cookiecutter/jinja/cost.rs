//! The cost of going through a value, where minijinja's fuel doesn't see that it is done.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::fault::otherwise;

/// Maximum nesting depth of values.
const MAX_DEPTH: usize = 60;

/// Bytes of a text that cost as much as a step: half of what minijinja copies for one.
const BYTES_A_STEP: u64 = 32;

/// Steps that each value costs.
const STEPS_A_VALUE: u64 = 2;

/// Charges for a value and for all that is in it: what lists share counts each time.
pub fn charge(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    charge_nested(state, value, 0)
}

/// Charges for a value, and returns it.
pub fn charge_and_return(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    charge(state, value).map(|()| value.clone())
}

/// Charges for the length of a text, and returns the value.
pub fn charge_length(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    state.consume_fuel(value.as_str().map_or(0, str::len) as u64 / BYTES_A_STEP)?;
    Ok(value.clone())
}

/// Makes one list of the lists that were added, which minijinja only keeps beside one another.
pub fn join_lists(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    match value.len() {
        Some(length) if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) && !value.is_tuple() => {
            state.consume_fuel(length as u64)?;
            Ok(value.try_iter()?.collect())
        }
        _ => Ok(value.clone()),
    }
}

fn charge_nested(state: &State<'_, '_>, value: &Value, depth: usize) -> Result<(), Error> {
    let bytes = value.as_str().map_or(0, str::len) as u64;
    state.consume_fuel(STEPS_A_VALUE + bytes / BYTES_A_STEP)?;
    match value.kind() {
        ValueKind::Seq | ValueKind::Map if depth >= MAX_DEPTH => {
            Err(otherwise("values this deep in one another are not gone through here", "the values inside"))
        }
        ValueKind::Seq => value.try_iter()?.try_for_each(|item| charge_nested(state, &item, depth + 1)),
        ValueKind::Map => value.try_iter()?.try_for_each(|key| {
            charge_nested(state, &key, depth + 1)?;
            charge_nested(state, &value.get_item(&key)?, depth + 1)
        }),
        _ => Ok(()),
    }
}
