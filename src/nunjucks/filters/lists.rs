//! Filters of lists and objects.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Filter;
use crate::fault::{Fault, Outcome};
use crate::operate::own_property;
use crate::value::{List, Record, Value, is_reserved};
use crate::{checks, coerce, units};

/// Sort key.
enum Key {
    Number(f64),
    Text(Vec<u16>),
    Undefined,
}

impl Filter<'_, '_> {
    pub(super) fn list(&self, input: &Value) -> Outcome<Value> {
        match self.name {
            "first" => self.edge(input, false),
            "last" => self.edge(input, true),
            "length" => self.length(input),
            "list" => self.to_list(input),
            "reverse" => self.reverse(input),
            "join" => self.join(input),
            "sum" => self.sum(input),
            "sort" => self.sort(input),
            "dictsort" => self.dictsort(input),
            "groupby" => self.groupby(input),
            "batch" => self.batch(input),
            "slice" => self.slice(input),
            "select" | "reject" => self.select(input),
            "selectattr" | "rejectattr" => self.select_attribute(input),
            "random" => self.random(input),
            other => Fault::fail(format!("there is no filter `{other}`")),
        }
    }

    fn of(&self, items: Vec<Value>) -> Outcome<Value> {
        List::of(items, self.budget())
    }

    fn edge(&self, input: &Value, last: bool) -> Outcome<Value> {
        let found = match input {
            Value::Null => return Fault::fail(format!("`{}` takes a list, not null", self.name)),
            Value::List(list) => {
                let items = list.items();
                if last { items.last().cloned() } else { items.first().cloned() }
            }
            Value::Text(text) | Value::Safe(text) => {
                let at = if last { units::count(text).checked_sub(1) } else { Some(0) };
                at.map(|at| units::at(text, at)).transpose()?.flatten()
            }
            Value::Record(record) if last => {
                let at = Value::Number(self.number(&record.at("length"))? - 1.0);
                Some(record.at(&self.to_text(&at)?))
            }
            Value::Record(record) => Some(record.at("0")),
            _ => None,
        };
        Ok(found.unwrap_or(Value::Undefined(None)))
    }

    fn length(&self, input: &Value) -> Outcome<Value> {
        Ok(Value::Number(match input {
            Value::List(list) => list.len() as f64,
            Value::Record(record) => record.entries().len() as f64,
            Value::Text(text) | Value::Safe(text) => units::count(text) as f64,
            Value::Undefined(_) | Value::Null | Value::Bool(false) => 0.0,
            Value::Bool(true) | Value::Number(_) => return Ok(Value::Undefined(None)),
            other => return Fault::fail(format!("{} has no length", other.kind())),
        }))
    }

    fn to_list(&self, input: &Value) -> Outcome<Value> {
        match input {
            Value::List(_) => Ok(input.clone()),
            Value::Text(text) | Value::Safe(text) => self.of(units::each(text, self.budget())?),
            Value::Record(record) => {
                let entry = |(name, value): &(Arc<str>, Value)| {
                    let entry =
                        vec![("key".into(), Value::Text(Arc::clone(name))), ("value".into(), value.clone())];
                    Record::of(entry, self.budget())
                };
                self.of(record.entries().iter().map(entry).collect::<Outcome<_>>()?)
            }
            other => Fault::fail(format!("`list` takes a list, an object or a text, not {}", other.kind())),
        }
    }

    /// Returns a value as a list for filters; an object by its `length`.
    fn row(&self, input: &Value) -> Outcome<Option<Vec<Value>>> {
        Ok(match input {
            Value::List(list) => Some(list.items().to_vec()),
            Value::Text(text) | Value::Safe(text) => Some(units::each(text, self.budget())?),
            Value::Record(record) => {
                let length = self.number(&record.at("length"))?;
                let count = if length > 0.0 { length.ceil() } else { 0.0 };
                let mut items = vec![];
                while (items.len() as f64) < count {
                    self.budget().steps(1)?;
                    items.push(record.at(&items.len().to_string()));
                }
                Some(items)
            }
            _ => None,
        })
    }

    fn reverse(&self, input: &Value) -> Outcome<Value> {
        if let Value::Text(text) | Value::Safe(text) = input {
            let mut units = units::of(text);
            units.reverse();
            return self.like(input, units::text(&units)?);
        }
        let mut items = self.row(input)?.unwrap_or_default();
        items.reverse();
        self.of(items)
    }

    /// The name of an attribute, if one is given.
    fn attribute(&self, value: &Value) -> Outcome<Option<Arc<str>>> {
        if !value.is_truthy() {
            return Ok(None);
        }
        let name = self.to_text(value)?;
        if is_reserved(&name) {
            return Fault::fail(format!("`{name}` can't be used in a template"));
        }
        Ok(Some(name))
    }

    /// An attribute of each of the values.
    fn attributes(&self, input: &Value, name: &str) -> Outcome<Vec<Value>> {
        let items = match input {
            Value::Safe(text) if text.is_empty() => vec![],
            Value::Safe(_) => return Fault::fail("a text has no attributes"),
            other => self.row(other)?.unwrap_or_default(),
        };
        items.iter().map(|item| self.get_attribute(item, name)).collect()
    }

    fn get_attribute(&self, item: &Value, name: &str) -> Outcome<Value> {
        if item.is_nothing() {
            return Fault::fail(format!("null has no `{name}`"));
        }
        Ok(own_property(item, name)?.unwrap_or(Value::Undefined(None)))
    }

    /// An attribute by a path with dots; nothing where it isn't there.
    fn get_path(&self, item: &Value, path: &[String]) -> Outcome<Value> {
        let mut value = item.clone();
        for name in path {
            if value.is_nothing() {
                return Fault::fail(format!("null has no `{name}`"));
            }
            match own_property(&value, name)? {
                Some(inner) => value = inner,
                None => return Ok(Value::Undefined(None)),
            }
        }
        Ok(value)
    }

    fn path(&self, value: &Value) -> Outcome<Vec<String>> {
        let Some(name) = self.attribute(value)? else { return Ok(vec![]) };
        let path: Vec<String> = match value {
            Value::Text(_) => name.split('.').map(str::to_string).collect(),
            _ => vec![name.to_string()],
        };
        match path.iter().find(|name| is_reserved(name)) {
            Some(name) => Fault::fail(format!("`{name}` can't be used in a template")),
            None => Ok(path),
        }
    }

    fn join(&self, input: &Value) -> Outcome<Value> {
        let separator =
            if self.argument(0).is_truthy() { self.to_text(self.argument(0))? } else { "".into() };
        let items = match (self.attribute(self.argument(1))?, input) {
            (Some(name), _) => self.attributes(input, &name)?,
            (None, Value::List(list)) => list.items().to_vec(),
            (None, other) => return Fault::fail(format!("`join` takes a list, not {}", other.kind())),
        };
        for item in &items {
            self.note(item)?;
        }
        coerce::join(&items, &separator, self.budget()).map(Value::Text)
    }

    fn sum(&self, input: &Value) -> Outcome<Value> {
        let items = match (self.attribute(self.argument(0))?, input) {
            (Some(name), _) => self.attributes(input, &name)?,
            (None, Value::List(list)) => list.items().to_vec(),
            (None, other) => return Fault::fail(format!("`sum` takes a list, not {}", other.kind())),
        };
        let mut sum = Value::Number(0.0);
        for item in &items {
            self.note(item)?;
            sum = coerce::add(&sum, item, self.budget())?;
        }
        let start = match self.argument(1) {
            Value::Undefined(_) => Value::Number(0.0),
            start => start.clone(),
        };
        coerce::add(&start, &sum, self.budget())
    }

    /// Returns the sort key of a value.
    fn key(&self, value: &Value, fold: fn(&str) -> String, is_case_sensitive: bool) -> Outcome<Key> {
        self.note(value)?;
        Ok(match value {
            Value::Undefined(_) => Key::Undefined,
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                let number = self.number(value)?;
                if number.is_nan() {
                    return Fault::unlike("sorting a number that is none (NaN)");
                }
                Key::Number(number)
            }
            Value::Text(text) | Value::Safe(text) if !is_case_sensitive => Key::Text(units::of(&fold(text))),
            other => Key::Text(units::of(&self.to_text(other)?)),
        })
    }

    /// Sorts by keys, which have to be all texts, all numbers or all undefined.
    fn sort_by_key<T>(&self, mut items: Vec<(Key, T)>, reverse: bool) -> Outcome<Vec<T>> {
        let kind = items.first().map(|(key, _)| std::mem::discriminant(key));
        if items.iter().any(|(key, _)| Some(std::mem::discriminant(key)) != kind) {
            return Fault::unlike("sorting texts, numbers and what is undefined together");
        }
        self.budget().steps(items.len())?;
        items.sort_by(|(left, _), (right, _)| {
            let order = match (left, right) {
                (Key::Number(left), Key::Number(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
                (Key::Text(left), Key::Text(right)) => left.cmp(right),
                _ => Ordering::Equal,
            };
            if reverse { order.reverse() } else { order }
        });
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }

    fn sort(&self, input: &Value) -> Outcome<Value> {
        let path = self.path(self.argument(2))?;
        let is_case_sensitive = self.argument(1).is_truthy();
        // What is undefined comes last, in either order.
        let (undefined, defined): (Vec<_>, Vec<_>) =
            self.row(input)?.unwrap_or_default().into_iter().partition(Value::is_undefined);
        undefined.iter().try_for_each(|item| self.note(item))?;
        let entries = defined.into_iter().map(|item| {
            let value = self.get_path(&item, &path)?;
            Ok((self.key(&value, str::to_lowercase, is_case_sensitive)?, item))
        });
        let entries = entries.collect::<Outcome<Vec<_>>>()?;
        let mut items = self.sort_by_key(entries, self.argument(0).is_truthy())?;
        items.extend(undefined);
        self.of(items)
    }

    fn dictsort(&self, input: &Value) -> Outcome<Value> {
        let Value::Record(record) = input else {
            return Fault::fail(format!("`dictsort` takes an object, not {}", input.kind()));
        };
        let is_by_value = match self.argument(1) {
            Value::Undefined(_) => false,
            Value::Text(by) if &**by == "key" => false,
            Value::Text(by) if &**by == "value" => true,
            _ => return Fault::fail("`dictsort` sorts by \"key\" or \"value\""),
        };
        let is_case_sensitive = self.argument(0).is_truthy();
        let entries = record.entries().iter().map(|(name, value)| {
            let name = Value::Text(Arc::clone(name));
            let key =
                self.key(if is_by_value { value } else { &name }, str::to_uppercase, is_case_sensitive)?;
            Ok((key, self.of(vec![name, value.clone()])?))
        });
        let entries = entries.collect::<Outcome<Vec<_>>>()?;
        self.of(self.sort_by_key(entries, false)?)
    }

    fn groupby(&self, input: &Value) -> Outcome<Value> {
        if matches!(input, Value::Null) {
            return Fault::fail("`groupby` takes a list, not null");
        }
        let path = self.path(self.argument(0))?;
        let mut groups: Vec<(Arc<str>, Vec<Value>)> = vec![];
        let mut places = std::collections::HashMap::new();
        for item in self.row(input)?.unwrap_or_default() {
            let value = self.get_path(&item, &path)?;
            self.note(&value)?;
            let key = self.to_text(&value)?;
            let at = *places.entry(Arc::clone(&key)).or_insert_with(|| {
                groups.push((key, vec![]));
                groups.len() - 1
            });
            if let Some((_, items)) = groups.get_mut(at) {
                items.push(item);
            }
        }
        let groups = groups.into_iter().map(|(key, items)| Ok((key, self.of(items)?)));
        Record::of(groups.collect::<Outcome<_>>()?, self.budget())
    }

    /// A number of rows or columns.
    fn count(&self) -> Outcome<usize> {
        let count = self.number(self.argument(0))?.trunc();
        if count.is_nan() || count <= 0.0 {
            return Fault::fail(format!("`{}` takes a number above 0", self.name));
        }
        // As many steps as it takes to fill them all.
        self.budget().steps(count.min(1e9) as usize)?;
        Ok(count as usize)
    }

    fn batch(&self, input: &Value) -> Outcome<Value> {
        if matches!(input, Value::Null) {
            return Fault::fail("`batch` takes a list, not null");
        }
        let fill = self.argument(1);
        let count = self.number(self.argument(0))?.trunc();
        let width =
            if fill.is_truthy() || count.is_nan() || count <= 0.0 { self.count()? } else { count as usize };
        let Some(items) = self.row(input)? else { return self.of(vec![]) };
        let mut rows: Vec<Vec<Value>> = items.chunks(width).map(<[Value]>::to_vec).collect();
        if let Some(last) = rows.last_mut().filter(|_| fill.is_truthy()) {
            last.resize(width, fill.clone());
        }
        self.of(rows.into_iter().map(|row| self.of(row)).collect::<Outcome<_>>()?)
    }

    fn slice(&self, input: &Value) -> Outcome<Value> {
        let items = match input {
            Value::Record(_) => None,
            other => self.row(other)?,
        };
        let Some(items) = items else {
            return Fault::fail(format!("`slice` takes a list, not {}", input.kind()));
        };
        let count = self.count()?;
        let fill = self.argument(1);
        let (base, extra) = (items.len() / count, items.len() % count);
        let mut rest = items.as_slice();
        let mut parts = vec![];
        for index in 0..count {
            let (part, others) =
                rest.split_at_checked(base + usize::from(index < extra)).unwrap_or((rest, &[]));
            rest = others;
            let is_short = fill.is_truthy() && index >= extra;
            if input.as_text().is_some() {
                if is_short {
                    return Fault::fail("`slice` can't fill up a text");
                }
                parts.push(Value::Text(coerce::join(part, "", self.budget())?));
                continue;
            }
            let mut part = part.to_vec();
            if is_short {
                part.push(fill.clone());
            }
            parts.push(self.of(part)?);
        }
        self.of(parts)
    }

    fn select(&self, input: &Value) -> Outcome<Value> {
        let test = match self.argument(0) {
            Value::Undefined(_) => "truthy".into(),
            test => self.to_text(test)?,
        };
        let arguments = self.arguments.get(1..).unwrap_or_default();
        match checks::arity(&test) {
            None => return Fault::fail(format!("there is no test `{test}`")),
            Some(arity) if arity != arguments.len() => {
                return Fault::fail(format!(
                    "the test `{test}` takes {arity} values, not {}",
                    arguments.len()
                ));
            }
            Some(_) => {}
        }
        if matches!(input, Value::Null) {
            return Fault::fail(format!("`{}` takes a list, not null", self.name));
        }
        let items = match input {
            Value::Record(record) => {
                let count = self.number(&record.at("length"))?.floor().max(0.0);
                self.budget().steps(count.min(1e9) as usize)?;
                let names = (0..count as usize).filter_map(|at| record.get(&at.to_string()).cloned());
                Some(names.collect())
            }
            other => self.row(other)?,
        };
        let mut matches = vec![];
        for item in items.unwrap_or_default() {
            if checks::check(&test, &item, arguments, self.budget())? == (self.name == "select") {
                matches.push(item);
            }
        }
        self.of(matches)
    }

    fn select_attribute(&self, input: &Value) -> Outcome<Value> {
        let Value::List(list) = input else {
            return Fault::fail(format!("`{}` takes a list, not {}", self.name, input.kind()));
        };
        let name = self.to_text(self.argument(0))?;
        let mut matches = vec![];
        for item in list.items().iter() {
            if self.get_attribute(item, &name)?.is_truthy() == (self.name == "selectattr") {
                matches.push(item.clone());
            }
        }
        self.of(matches)
    }

    fn random(&self, input: &Value) -> Outcome<Value> {
        if self.machine.options.seed.is_none() {
            let fault = Fault::of("random", "`random` would choose otherwise each time");
            let help = "with --seed it chooses the same each time, and an update can render it again";
            return Err(Box::new(Fault { help: Some(help.into()), ..fault }));
        }
        let items = self.row(input)?.unwrap_or_default();
        if items.is_empty() {
            return Ok(Value::Undefined(None));
        }
        let at = self.machine.random.borrow_mut().usize(..items.len());
        Ok(items.get(at).cloned().unwrap_or(Value::Undefined(None)))
    }
}
