//! The values of a template: JavaScript's, as far as templates can see them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::budget::Budget;
use super::callable::Callable;
use super::fault::{Fault, Outcome, UndefinedName};
use super::regex::Regex;

#[derive(Clone)]
pub enum Value {
    /// With the name that stood for nothing, where there was one.
    Undefined(Option<Arc<UndefinedName>>),
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    /// A text that `escape` leaves alone; some filters and operators treat it as a thing.
    Safe(Arc<str>),
    List(Arc<List>),
    Record(Arc<Record>),
    Regex(Arc<Regex>),
    Callable(Arc<Callable>),
}

/// Maximum nesting depth of values.
pub const MAX_DEPTH: u32 = 256;

/// A list, which methods like `push` change for all who hold it.
#[derive(Default)]
pub struct List {
    items: Mutex<Arc<Vec<Value>>>,
    /// Minimum number of levels around it.
    level: AtomicU32,
}

/// Named values, in JavaScript's order: numbers ascending, then the others as they came.
#[derive(Default)]
pub struct Record {
    entries: Vec<(Arc<str>, Value)>,
    /// Index of each name, for records with many entries.
    places: HashMap<Arc<str>, usize>,
    level: AtomicU32,
}

const FEW: usize = 8;

impl Value {
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined(_))
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self, Value::Undefined(_) | Value::Null)
    }

    /// The text of a text, safe or not.
    pub fn as_text(&self) -> Option<&Arc<str>> {
        match self {
            Value::Text(text) | Value::Safe(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Undefined(_) | Value::Null => false,
            Value::Bool(yes) => *yes,
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Text(text) => !text.is_empty(),
            _ => true,
        }
    }

    /// Returns the name of its kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Undefined(_) => "nothing",
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) | Value::Safe(_) => "a text",
            Value::List(_) => "a list",
            Value::Record(_) => "an object",
            Value::Regex(_) => "a regular expression",
            Value::Callable(_) => "a function",
        }
    }

    /// Returns the value.
    ///
    /// # Errors
    /// Fails if it is undefined, with its name.
    pub fn require(&self) -> Outcome<&Value> {
        match self {
            Value::Undefined(missing) => Fault::undefined(missing.as_ref()),
            _ => Ok(self),
        }
    }

    /// JavaScript's `===`.
    pub fn is_same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Undefined(_), Value::Undefined(_)) | (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Safe(a), Value::Safe(b)) => Arc::ptr_eq(a, b),
            (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
            (Value::Record(a), Value::Record(b)) => Arc::ptr_eq(a, b),
            (Value::Regex(a), Value::Regex(b)) => Arc::ptr_eq(a, b),
            (Value::Callable(a), Value::Callable(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Puts it, and what is in it, at least so many levels deep.
    ///
    /// # Errors
    /// Fails if that is deeper than [`MAX_DEPTH`].
    fn sink(&self, level: u32, budget: &Budget) -> Outcome<()> {
        let (known, inner): (&AtomicU32, Vec<Value>) = match self {
            Value::List(list) => (&list.level, list.items().to_vec()),
            Value::Record(record) => {
                (&record.level, record.entries.iter().map(|(_, value)| value.clone()).collect())
            }
            _ => return Ok(()),
        };
        if level >= MAX_DEPTH {
            return Fault::fail(format!("values lie more than {MAX_DEPTH} levels in one another"));
        }
        if known.fetch_max(level, Ordering::Relaxed) >= level && level > 0 {
            return Ok(());
        }
        budget.steps(inner.len())?;
        inner.iter().try_for_each(|value| value.sink(level + 1, budget))
    }
}

impl List {
    pub fn of(items: Vec<Value>, budget: &Budget) -> Outcome<Value> {
        let list = List::fresh(items);
        let level = list.level.load(Ordering::Relaxed);
        budget.steps(list.items().len())?;
        list.items().iter().try_for_each(|item| note_holder(item, level, budget))?;
        Ok(Value::List(Arc::new(list)))
    }

    fn fresh(items: Vec<Value>) -> List {
        List { items: Mutex::new(Arc::new(items)), level: AtomicU32::new(0) }
    }

    pub fn items(&self) -> Arc<Vec<Value>> {
        Arc::clone(&self.items.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn len(&self) -> usize {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Puts other items in it.
    pub fn replace(self: &Arc<List>, items: Vec<Value>, budget: &Budget) -> Outcome<()> {
        budget.steps(items.len())?;
        let level = self.level.load(Ordering::Relaxed);
        for item in &items {
            if contains_list(item, self, budget)? {
                return Fault::fail("a list can't be put into itself");
            }
            note_holder(item, level, budget)?;
        }
        *self.items.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(items);
        Ok(())
    }
}

/// Returns true if a value contains a list, at any depth.
fn contains_list(value: &Value, list: &Arc<List>, budget: &Budget) -> Outcome<bool> {
    let inner: Vec<Value> = match value {
        Value::List(other) if Arc::ptr_eq(other, list) => return Ok(true),
        Value::List(other) => other.items().to_vec(),
        Value::Record(record) => record.entries.iter().map(|(_, value)| value.clone()).collect(),
        _ => return Ok(false),
    };
    budget.steps(inner.len())?;
    for value in &inner {
        if contains_list(value, list, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes that a value is now held by something at a level.
fn note_holder(value: &Value, level: u32, budget: &Budget) -> Outcome<()> {
    match value {
        Value::Callable(_) => Fault::unlike("macros and functions can't be put into lists or objects"),
        value => value.sink(level + 1, budget),
    }
}

impl Record {
    pub fn of(entries: Vec<(Arc<str>, Value)>, budget: &Budget) -> Outcome<Value> {
        let mut result: Vec<(Arc<str>, Value)> = Vec::with_capacity(entries.len());
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        let is_indexed = entries.len() > FEW;
        budget.steps(entries.len())?;
        for (name, value) in entries {
            if is_reserved(&name) {
                return Fault::fail(format!("`{name}` can't be a name in an object"));
            }
            note_holder(&value, 0, budget)?;
            let known = match is_indexed {
                true => places.get(&name).copied(),
                false => result.iter().position(|(known, _)| *known == name),
            };
            match known.and_then(|at| result.get_mut(at)) {
                Some(entry) => entry.1 = value,
                None => {
                    if is_indexed {
                        places.insert(Arc::clone(&name), result.len());
                    }
                    result.push((name, value));
                }
            }
        }
        if result.iter().any(|(name, _)| array_index(name).is_some()) {
            // Stable: names that are no numbers keep their order.
            result.sort_by_key(|(name, _)| array_index(name).unwrap_or(u32::MAX));
        }
        places.clear();
        if result.len() > FEW {
            places.extend(result.iter().enumerate().map(|(at, (name, _))| (Arc::clone(name), at)));
        }
        Ok(Value::Record(Arc::new(Record { entries: result, places, level: AtomicU32::new(0) })))
    }

    pub fn entries(&self) -> &[(Arc<str>, Value)] {
        &self.entries
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        if self.places.is_empty() {
            return self.entries.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
        }
        self.places.get(name).and_then(|at| self.entries.get(*at)).map(|(_, value)| value)
    }

    /// Returns the value of a name for filters, undefined if there is none.
    pub fn at(&self, name: &str) -> Value {
        self.get(name).cloned().unwrap_or(Value::Undefined(None))
    }
}

/// Names that no template may use: they lead out of plain values in JavaScript.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "constructor" | "prototype" | "__proto__")
}

/// The number that a name is, where JavaScript sorts it as one.
fn array_index(name: &str) -> Option<u32> {
    let plain = name == "0" || (!name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then(|| name.parse().ok()).flatten().filter(|index| *index < u32::MAX)
}
