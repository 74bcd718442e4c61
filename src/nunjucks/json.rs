//! `JSON.stringify`, and values to and from JSON.

use std::sync::Arc;

use serde_json::{Map, Number};

use super::budget::Budget;
use super::fault::{Fault, Outcome};
use super::number;
use super::value::{List, MAX_DEPTH, Record, Value};

/// Maximum number of values in a context: the portal's limit.
const MAX_VALUES: usize = 100_000;

/// `JSON.stringify(value, null, spacing)`.
pub fn dump(value: &Value, spacing: &Value, budget: &Budget) -> Outcome<String> {
    let gap = match spacing {
        Value::Text(text) => text.chars().take(10).collect(),
        Value::Number(number) if *number >= 1.0 => " ".repeat(number.min(10.0) as usize),
        _ => String::new(),
    };
    let mut writer = Writer { output: String::new(), gap, indentation: String::new(), budget };
    writer.value(value)?;
    budget.bytes(writer.output.len())?;
    Ok(writer.output)
}

struct Writer<'b> {
    output: String,
    gap: String,
    indentation: String,
    budget: &'b Budget,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Outcome<()> {
        self.budget.steps(1)?;
        if self.output.len() > 64 << 20 {
            self.budget.bytes(self.output.len())?;
        }
        match value {
            Value::Null | Value::Undefined(_) => self.output.push_str("null"),
            Value::Bool(yes) => self.output.push_str(if *yes { "true" } else { "false" }),
            Value::Number(number) if !number.is_finite() => self.output.push_str("null"),
            Value::Number(number) => self.output.push_str(&number::show(*number)),
            Value::Text(text) | Value::Safe(text) => self.text(text),
            Value::Regex(_) => self.output.push_str("{}"),
            Value::Callable(_) => return Fault::fail("a function can't be written as JSON"),
            Value::List(list) => {
                let items = list.items();
                let entries = items.iter().map(|item| (None, item));
                self.entries('[', ']', entries)?;
            }
            Value::Record(record) => {
                let entries = record.entries().iter().filter(|(_, value)| !value.is_undefined());
                self.entries('{', '}', entries.map(|(name, value)| (Some(name), value)))?;
            }
        }
        Ok(())
    }

    fn entries<'v>(
        &mut self,
        open: char,
        close: char,
        entries: impl Iterator<Item = (Option<&'v Arc<str>>, &'v Value)>,
    ) -> Outcome<()> {
        let outer = self.indentation.len();
        self.indentation.push_str(&self.gap);
        self.output.push(open);
        let mut empty = true;
        for (name, value) in entries {
            if !empty {
                self.output.push(',');
            }
            empty = false;
            self.line();
            if let Some(name) = name {
                self.text(name);
                self.output.push_str(if self.gap.is_empty() { ":" } else { ": " });
            }
            self.value(value)?;
        }
        self.indentation.truncate(outer);
        if !empty {
            self.line();
        }
        self.output.push(close);
        Ok(())
    }

    fn line(&mut self) {
        if !self.gap.is_empty() {
            self.output.push('\n');
            self.output.push_str(&self.indentation);
        }
    }

    fn text(&mut self, text: &str) {
        self.output.push('"');
        for c in text.chars() {
            match c {
                '"' => self.output.push_str("\\\""),
                '\\' => self.output.push_str("\\\\"),
                '\n' => self.output.push_str("\\n"),
                '\r' => self.output.push_str("\\r"),
                '\t' => self.output.push_str("\\t"),
                '\u{8}' => self.output.push_str("\\b"),
                '\u{c}' => self.output.push_str("\\f"),
                c if c < ' ' => self.output.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.output.push(c),
            }
        }
        self.output.push('"');
    }
}

/// Values as templates see them.
pub fn read(value: &serde_json::Value) -> Outcome<Value> {
    let budget = Budget::default();
    let mut left = MAX_VALUES;
    take(value, 0, &mut left, &budget)
}

fn take(value: &serde_json::Value, level: u32, left: &mut usize, budget: &Budget) -> Outcome<Value> {
    if level >= MAX_DEPTH {
        return Fault::fail(format!("values lie more than {MAX_DEPTH} levels in one another"));
    }
    let mut spend = |count: usize| {
        *left = left.checked_sub(count).ok_or_else(|| {
            Box::new(Fault::of("too-long", format!("a template can be given {MAX_VALUES} values at most")))
        })?;
        Ok::<(), Box<Fault>>(())
    };
    Ok(match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(yes) => Value::Bool(*yes),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::text(text.as_str()),
        serde_json::Value::Array(items) => {
            spend(items.len())?;
            let items = items.iter().map(|item| take(item, level + 1, left, budget));
            List::of(items.collect::<Outcome<_>>()?, budget)?
        }
        serde_json::Value::Object(entries) => {
            spend(entries.len())?;
            let entries = entries
                .iter()
                .map(|(name, value)| Ok((Arc::from(name.as_str()), take(value, level + 1, left, budget)?)));
            Record::of(entries.collect::<Outcome<_>>()?, budget)?
        }
    })
}

/// A value of a template as JSON.
pub fn write(value: &Value) -> Outcome<serde_json::Value> {
    Ok(match value {
        Value::Undefined(_) | Value::Null => serde_json::Value::Null,
        Value::Bool(yes) => serde_json::Value::Bool(*yes),
        Value::Number(value) => number_of(*value),
        Value::Text(text) | Value::Safe(text) => serde_json::Value::String(text.to_string()),
        Value::Regex(regex) => serde_json::Value::String(regex.literal()),
        Value::Callable(_) => return Fault::fail("a function can't be a value: call it with `()`"),
        Value::List(list) => list.items().iter().map(write).collect::<Outcome<Vec<_>>>()?.into(),
        Value::Record(record) => {
            let entries = record.entries().iter().filter(|(_, value)| !value.is_undefined());
            let entries = entries.map(|(name, value)| Ok((name.to_string(), write(value)?)));
            serde_json::Value::Object(entries.collect::<Outcome<Map<_, _>>>()?)
        }
    })
}

fn number_of(value: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return serde_json::Value::from(value as i64);
    }
    Number::from_f64(value).map_or(serde_json::Value::Null, serde_json::Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_ten_thousand_lists_is_refused() {
        let mut value = serde_json::Value::Null;
        for _ in 0..10_000 {
            value = serde_json::Value::Array(vec![value]);
        }
        assert!(read(&value).is_err());
        // Its own way out is as deep as it is.
        while let serde_json::Value::Array(mut items) = value {
            value = items.pop().unwrap_or_default();
        }
    }
}
