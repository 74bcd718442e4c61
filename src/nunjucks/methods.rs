//! The methods of texts, numbers and lists.

use std::sync::Arc;

use super::budget::Budget;
use super::coerce::{by_units, join, to_integer, to_number, to_text};
use super::fault::{Fault, Outcome};
use super::regex::Expand;
use super::value::{List, Value};
use super::{number, units};

const TEXT: &[&str] = &[
    "charAt",
    "charCodeAt",
    "concat",
    "endsWith",
    "includes",
    "indexOf",
    "lastIndexOf",
    "replace",
    "slice",
    "split",
    "startsWith",
    "substring",
    "toLowerCase",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimStart",
];
const NUMBER: &[&str] = &["toExponential", "toFixed", "toPrecision", "toString"];
const LIST: &[&str] = &[
    "at",
    "concat",
    "copyWithin",
    "fill",
    "flat",
    "includes",
    "indexOf",
    "join",
    "lastIndexOf",
    "pop",
    "push",
    "reverse",
    "shift",
    "slice",
    "sort",
    "splice",
    "unshift",
];
const JINJA_LIST: &[&str] = &["append", "count", "find", "index", "insert", "remove"];
const JINJA_RECORD: &[&str] = &["get", "has_key", "items", "keys", "values"];

/// Methods that change the list that they are called on.
pub const CHANGING: &[&str] = &[
    "append",
    "copyWithin",
    "fill",
    "insert",
    "pop",
    "push",
    "remove",
    "reverse",
    "shift",
    "sort",
    "splice",
    "unshift",
];

pub fn has_method(receiver: &Value, name: &str, cookiecutter: bool) -> bool {
    match receiver {
        Value::Text(_) | Value::Safe(_) => TEXT.contains(&name),
        Value::Number(_) => NUMBER.contains(&name),
        Value::List(_) => LIST.contains(&name) || (cookiecutter && JINJA_LIST.contains(&name)),
        Value::Record(_) => cookiecutter && JINJA_RECORD.contains(&name),
        Value::Regex(_) => name == "test",
        _ => false,
    }
}

/// The names of a value's methods, and of what else it has.
pub fn names(receiver: &Value) -> Vec<&'static str> {
    let methods = match receiver {
        Value::Text(_) | Value::Safe(_) => TEXT,
        Value::Number(_) => NUMBER,
        Value::List(_) => LIST,
        _ => return vec![],
    };
    methods.iter().copied().chain(["length"]).collect()
}

/// Returns the minimum and maximum number of a method's arguments.
pub fn arity(receiver: &Value, name: &str, cookiecutter: bool) -> (usize, usize) {
    const ANY: usize = usize::MAX;
    match (receiver, name) {
        (Value::Text(_) | Value::Safe(_), name) => match name {
            "replace" => (2, 2),
            "split" | "slice" | "substring" => (0, 2),
            "includes" | "startsWith" | "endsWith" | "indexOf" | "lastIndexOf" => (1, 2),
            "charAt" | "charCodeAt" => (0, 1),
            "concat" => (0, ANY),
            _ => (0, 0),
        },
        (Value::Number(_), _) => (0, 1),
        (Value::List(_), name) => match name {
            "at" | "count" | "index" | "find" | "remove" | "append" => (1, 1),
            "insert" => (2, 2),
            "includes" | "indexOf" | "lastIndexOf" => (1, 2),
            "copyWithin" | "fill" => (1, 3),
            "flat" | "join" => (0, 1),
            "slice" => (0, 2),
            "pop" => (0, usize::from(cookiecutter)),
            "shift" | "sort" | "reverse" => (0, 0),
            _ => (0, ANY),
        },
        (Value::Record(_), "get") => (1, 2),
        (Value::Record(_), "has_key") => (1, 1),
        (Value::Record(_), _) => (0, 0),
        _ => (1, 1),
    }
}

pub fn call(
    receiver: &Value,
    name: &str,
    plain: &[Value],
    cookiecutter: bool,
    budget: &Budget,
) -> Outcome<Value> {
    let method = Method { name, plain, cookiecutter, budget };
    if plain.iter().any(|value| matches!(value, Value::Callable(_))) {
        return Fault::fail("a function can't be given to a method");
    }
    plain.iter().chain([receiver]).try_for_each(|value| budget.traverse(value))?;
    match receiver {
        Value::Text(text) | Value::Safe(text) => method.call_on_text(text),
        Value::Number(number) => method.call_on_number(*number),
        Value::List(list) => method.call_on_list(list),
        Value::Record(record) => {
            let pair = |(key, value): &(Arc<str>, Value)| {
                List::of(vec![Value::Text(Arc::clone(key)), value.clone()], budget)
            };
            let key = |at: usize| to_text(method.argument(at), budget);
            match name {
                "get" => Ok(record.get(&key(0)?).unwrap_or(method.argument(1)).clone()),
                "has_key" => Ok(Value::Bool(record.get(&key(0)?).is_some())),
                "keys" => {
                    let keys = record.entries().iter().map(|(key, _)| Value::Text(Arc::clone(key)));
                    List::of(keys.collect(), budget)
                }
                "values" => {
                    List::of(record.entries().iter().map(|(_, value)| value.clone()).collect(), budget)
                }
                _ => List::of(record.entries().iter().map(pair).collect::<Outcome<_>>()?, budget),
            }
        }
        Value::Regex(regex) => regex.test(&to_text(method.argument(0), budget)?).map(Value::Bool),
        other => Fault::fail(format!("{} has no method `{name}`", other.kind())),
    }
}

struct Method<'m> {
    name: &'m str,
    plain: &'m [Value],
    cookiecutter: bool,
    budget: &'m Budget,
}

const NOTHING: Value = Value::Undefined(None);

impl Method<'_> {
    fn argument(&self, at: usize) -> &Value {
        self.plain.get(at).unwrap_or(&NOTHING)
    }

    fn text_at(&self, at: usize) -> Outcome<Arc<str>> {
        to_text(self.argument(at), self.budget)
    }

    fn integer(&self, at: usize, otherwise: f64) -> Outcome<f64> {
        match self.argument(at) {
            Value::Undefined(_) => Ok(otherwise),
            value => to_integer(value, self.budget),
        }
    }

    /// A place that may be counted from the end.
    fn place(&self, at: usize, length: usize, otherwise: f64) -> Outcome<usize> {
        let place = self.integer(at, otherwise)?;
        let place = if place < 0.0 { (place + length as f64).max(0.0) } else { place };
        Ok(place.min(length as f64) as usize)
    }

    fn make_text(&self, text: String) -> Outcome<Value> {
        self.budget.bytes(text.len())?;
        Ok(Value::text(text))
    }

    fn call_on_text(&self, text: &Arc<str>) -> Outcome<Value> {
        let length = units::count(text);
        let clamp = |place: f64| place.clamp(0.0, length as f64) as usize;
        let number = |at: Option<usize>| Value::Number(at.map_or(-1.0, |at| at as f64));
        self.budget.bytes(text.len() / 8)?;
        Ok(match self.name {
            "toLowerCase" => return self.make_text(text.to_lowercase()),
            "toUpperCase" => return self.make_text(text.to_uppercase()),
            "trim" => Value::text(number::trim(text)),
            "trimStart" => Value::text(text.trim_start_matches(number::is_space)),
            "trimEnd" => Value::text(text.trim_end_matches(number::is_space)),
            "charAt" => {
                let at = self.integer(0, 0.0)?;
                let unit = if at < 0.0 { None } else { units::at(text, at as usize)? };
                unit.unwrap_or_else(|| Value::text(""))
            }
            "charCodeAt" => {
                let at = self.integer(0, 0.0)?;
                let unit = if at < 0.0 { None } else { text.encode_utf16().nth(at as usize) };
                Value::Number(unit.map_or(f64::NAN, f64::from))
            }
            "concat" => {
                let mut output = text.to_string();
                for at in 0..self.plain.len() {
                    output.push_str(&self.text_at(at)?);
                    self.budget.bytes(output.len())?;
                }
                return self.make_text(output);
            }
            "slice" => {
                let (from, to) = (self.place(0, length, 0.0)?, self.place(1, length, f64::INFINITY)?);
                Value::Text(units::part(text, from, to.max(from))?)
            }
            "substring" => {
                let (a, b) = (clamp(self.integer(0, 0.0)?), clamp(self.integer(1, f64::INFINITY)?));
                Value::Text(units::part(text, a.min(b), a.max(b))?)
            }
            "includes" | "indexOf" => {
                let from = clamp(self.integer(1, 0.0)?);
                let found = units::find(text, &self.needle()?, from);
                if self.name == "includes" { Value::Bool(found.is_some()) } else { number(found) }
            }
            "startsWith" => {
                let from = clamp(self.integer(1, 0.0)?);
                let units = units::of(text);
                Value::Bool(units.get(from..).unwrap_or_default().starts_with(&units::of(&self.needle()?)))
            }
            "endsWith" => {
                let to = clamp(self.integer(1, f64::INFINITY)?);
                let units = units::of(text);
                Value::Bool(units.get(..to).unwrap_or_default().ends_with(&units::of(&self.needle()?)))
            }
            "lastIndexOf" => {
                let most = match self.argument(1) {
                    Value::Undefined(_) => f64::NAN,
                    value => to_number(value, self.budget)?,
                };
                let most = if most.is_nan() { length } else { clamp(most.trunc()) };
                number(units::find_last(text, &self.needle()?, most))
            }
            "split" => return self.split(text),
            _ => return self.replace(text),
        })
    }

    /// Returns the text to search for; as in JavaScript, not a regular expression.
    fn needle(&self) -> Outcome<Arc<str>> {
        self.text_at(0)
    }

    fn split(&self, text: &Arc<str>) -> Outcome<Value> {
        let limit = match self.argument(1) {
            Value::Undefined(_) => usize::MAX,
            value => number::to_uint32(to_number(value, self.budget)?) as usize,
        };
        let parts: Vec<Value> = match self.argument(0) {
            Value::Undefined(_) => vec![Value::Text(Arc::clone(text))],
            Value::Regex(regex) => {
                let parts = regex.split(text, self.budget)?.into_iter();
                parts.map(|part| part.map_or(Value::Undefined(None), Value::text)).collect()
            }
            _ => match &*self.text_at(0)? {
                "" => units::each(text, self.budget)?,
                separator => text.split(separator).map(Value::text).collect(),
            },
        };
        List::of(parts.into_iter().take(limit).collect(), self.budget)
    }

    fn replace(&self, text: &Arc<str>) -> Outcome<Value> {
        let with = self.text_at(1)?;
        if let Value::Regex(regex) = self.argument(0) {
            return self.make_text(regex.replace(text, &with, self.budget)?);
        }
        let needle = self.text_at(0)?;
        let Some(at) = text.find(&*needle) else { return Ok(Value::Text(Arc::clone(text))) };
        let (before, rest) = text.split_at(at);
        let (found, after) = rest.split_at(needle.len());
        let none = |_: usize| "";
        let expand = Expand { before, found, after, groups: 0, group: &none, named: None };
        self.budget.bytes(with.len().saturating_mul(1 + with.matches('$').count().min(64)))?;
        self.make_text(format!("{before}{}{after}", expand.all(&with)))
    }

    fn call_on_number(&self, value: f64) -> Outcome<Value> {
        let argument = match self.argument(0) {
            Value::Undefined(_) => None,
            argument => Some(to_integer(argument, self.budget)?),
        };
        let check_range = |least: f64, most: f64| match argument {
            Some(argument) if !(least..=most).contains(&argument) => {
                Fault::fail(format!("`{}` takes a number from {least} to {most}", self.name))
            }
            argument => Ok(argument.map(|argument| argument as usize)),
        };
        Ok(Value::text(match self.name {
            "toFixed" => number::to_fixed(value, check_range(0.0, 100.0)?.unwrap_or(0)),
            _ if !value.is_finite() && self.name != "toString" => number::show(value),
            "toExponential" => number::to_exponential(value, check_range(0.0, 100.0)?),
            "toPrecision" => match check_range(1.0, 100.0)? {
                Some(digits) => number::to_precision(value, digits),
                None => number::show(value),
            },
            _ => {
                let radix = check_range(2.0, 36.0)?.unwrap_or(10) as u32;
                // Beyond 2^53 the last digits are made up, each engine in its own way.
                if value.abs() >= 9_007_199_254_740_992.0 && radix != 10 && !radix.is_power_of_two() {
                    return Fault::unlike(format!("so big a number with the radix {radix}"));
                }
                number::to_radix(value, radix)
            }
        }))
    }

    fn call_on_list(&self, list: &Arc<List>) -> Outcome<Value> {
        let mut items = list.items().to_vec();
        let length = items.len();
        self.budget.steps(length)?;
        let first = self.argument(0).clone();
        let receiver = || Value::List(Arc::clone(list));
        let found = |from: usize| {
            let rest = items.get(from..).unwrap_or_default();
            rest.iter().position(|item| item.is_same(&first)).map(|at| at + from)
        };
        let number = |at: Option<usize>| Value::Number(at.map_or(-1.0, |at| at as f64));
        let answer = match self.name {
            "at" => {
                let at = self.integer(0, 0.0)?;
                let at = if at < 0.0 { at + length as f64 } else { at };
                let item = if at < 0.0 { None } else { items.get(at as usize).cloned() };
                return Ok(item.unwrap_or(NOTHING));
            }
            "concat" => {
                for value in self.plain {
                    match value {
                        Value::List(other) => items.extend(other.items().iter().cloned()),
                        other => items.push(other.clone()),
                    }
                }
                return List::of(items, self.budget);
            }
            "flat" => {
                let depth = self.integer(0, 1.0)?.max(0.0);
                let mut output = vec![];
                self.flatten(&items, depth, &mut output)?;
                return List::of(output, self.budget);
            }
            "includes" => {
                let nan = |value: &Value| matches!(value, Value::Number(number) if number.is_nan());
                let rest = items.get(self.place(1, length, 0.0)?..).unwrap_or_default();
                let here = |item: &Value| item.is_same(&first) || (nan(item) && nan(&first));
                return Ok(Value::Bool(rest.iter().any(here)));
            }
            "indexOf" => return Ok(number(found(self.place(1, length, 0.0)?))),
            "index" | "find" => return Ok(number(found(0))),
            "count" => {
                let count = items.iter().filter(|item| item.is_same(&first)).count();
                return Ok(Value::Number(count as f64));
            }
            "lastIndexOf" => {
                let from = self.integer(1, f64::INFINITY)?;
                let from = if from < 0.0 { from + length as f64 } else { from };
                let end = if from < 0.0 { 0 } else { (from + 1.0).min(length as f64) as usize };
                let part = items.get(..end).unwrap_or_default();
                return Ok(number(part.iter().rposition(|item| item.is_same(&first))));
            }
            "join" => {
                let separator = if first.is_undefined() { ",".into() } else { self.text_at(0)? };
                return join(&items, &separator, self.budget).map(Value::Text);
            }
            "slice" => {
                let (from, to) = (self.place(0, length, 0.0)?, self.place(1, length, f64::INFINITY)?);
                return List::of(items.get(from..to.max(from)).unwrap_or_default().to_vec(), self.budget);
            }
            "push" | "append" => {
                items.extend(self.plain.iter().cloned());
                Value::Number(items.len() as f64)
            }
            "unshift" => {
                items.splice(0..0, self.plain.iter().cloned());
                Value::Number(items.len() as f64)
            }
            "pop" if self.cookiecutter && !first.is_undefined() => {
                let at = self.integer(0, 0.0)?;
                let at = if at < 0.0 { at + length as f64 } else { at };
                if at < 0.0 || at >= length as f64 {
                    return Ok(NOTHING);
                }
                items.remove(at as usize)
            }
            "pop" => items.pop().unwrap_or(NOTHING),
            "shift" if items.is_empty() => NOTHING,
            "shift" => items.remove(0),
            "splice" | "insert" | "remove" => List::of(self.splice(&mut items)?, self.budget)?,
            "reverse" => {
                items.reverse();
                receiver()
            }
            "sort" => {
                // What is undefined comes last.
                let (undefined, defined): (Vec<_>, Vec<_>) = items.into_iter().partition(Value::is_undefined);
                let mut entries = vec![];
                for item in defined {
                    entries.push((to_text(&item, self.budget)?, item));
                }
                entries.sort_by(|(left, _), (right, _)| by_units(left, right));
                items = entries.into_iter().map(|(_, item)| item).chain(undefined).collect();
                receiver()
            }
            "fill" => {
                let (from, to) = (self.place(1, length, 0.0)?, self.place(2, length, f64::INFINITY)?);
                for item in items.iter_mut().take(to).skip(from) {
                    *item = first.clone();
                }
                receiver()
            }
            "copyWithin" => {
                let to = self.place(0, length, 0.0)?;
                let (from, end) = (self.place(1, length, 0.0)?, self.place(2, length, f64::INFINITY)?);
                let part = items.get(from..end.max(from)).unwrap_or_default().to_vec();
                for (item, value) in items.iter_mut().skip(to).zip(part) {
                    *item = value;
                }
                receiver()
            }
            other => return Fault::fail(format!("a list has no method `{other}`")),
        };
        list.replace(items, self.budget)?;
        Ok(answer)
    }

    /// Takes items out and puts others in, and gives those that were taken out.
    fn splice(&self, items: &mut Vec<Value>) -> Outcome<Vec<Value>> {
        let length = items.len();
        if self.name == "remove" {
            let at = items.iter().position(|item| item.is_same(self.argument(0)));
            return Ok(at.map(|at| items.remove(at)).into_iter().collect());
        }
        if self.name == "splice" && self.plain.is_empty() {
            return Ok(vec![]);
        }
        let at = self.place(0, length, 0.0)?;
        let (count, new) = match self.name {
            "insert" => (0, self.plain.get(1..)),
            _ if self.plain.len() < 2 => (length, None),
            _ => (self.integer(1, 0.0)?.clamp(0.0, length as f64) as usize, self.plain.get(2..)),
        };
        let end = at.saturating_add(count).min(length);
        Ok(items.splice(at..end, new.unwrap_or_default().iter().cloned()).collect())
    }

    fn flatten(&self, items: &[Value], depth: f64, output: &mut Vec<Value>) -> Outcome<()> {
        for item in items {
            self.budget.steps(1)?;
            match item {
                Value::List(inner) if depth > 0.0 => self.flatten(&inner.items(), depth - 1.0, output)?,
                other => output.push(other.clone()),
            }
        }
        Ok(())
    }
}
