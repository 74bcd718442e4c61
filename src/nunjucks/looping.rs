//! Iteration over values.

use std::sync::Arc;

use super::budget::Budget;
use super::fault::Outcome;
use super::value::{List, Value};
use super::{coerce, units};

pub struct Entries {
    pub items: Vec<Value>,
    /// Value of `loop.length`; undefined for an object without a `length`.
    pub length: Value,
    /// True if several names are bound as for a list.
    pub like_list: bool,
}

impl Entries {
    /// Goes over a value with one name or with several.
    pub fn of(value: &Value, is_single: bool, budget: &Budget) -> Outcome<Entries> {
        let like_list = matches!(value, Value::List(_) | Value::Safe(_));
        let list_entries =
            |items: Vec<Value>| Entries { length: Value::Number(items.len() as f64), items, like_list };
        Ok(match value {
            Value::List(list) => list_entries(list.items().to_vec()),
            Value::Safe(text) => list_entries(units::each(text, budget)?),
            Value::Text(text) if is_single => list_entries(units::each(text, budget)?),
            Value::Text(text) => {
                let pair =
                    |(at, unit): (usize, Value)| List::of(vec![Value::text(at.to_string()), unit], budget);
                list_entries(
                    units::each(text, budget)?.into_iter().enumerate().map(pair).collect::<Outcome<_>>()?,
                )
            }
            // With one name, an object is gone over as if it were a list.
            Value::Record(record) if is_single => {
                let length = record.at("length");
                let count = coerce::to_number(&length, budget)?;
                let mut items = vec![];
                while (items.len() as f64) < count {
                    budget.steps(1)?;
                    items.push(record.at(&items.len().to_string()));
                }
                Entries { items, length, like_list }
            }
            Value::Record(record) => {
                let pair = |(name, value): &(Arc<str>, Value)| {
                    List::of(vec![Value::Text(Arc::clone(name)), value.clone()], budget)
                };
                list_entries(record.entries().iter().map(pair).collect::<Outcome<_>>()?)
            }
            _ if is_single => Entries { items: vec![], length: Value::Undefined(None), like_list },
            _ => list_entries(vec![]),
        })
    }
}
