//! What functions, methods and filters are called with.

use std::rc::Rc;

use super::fault::{Fault, Res};
use super::repr;
use super::value::Value;

#[derive(Default, Clone)]
pub struct Args {
    pub positional: Vec<Value>,
    pub named: Vec<(Rc<str>, Value)>,
}

/// Arguments by the position of their parameters.
pub struct Bound {
    name: String,
    values: Vec<Option<Value>>,
}

impl Args {
    pub fn of(positional: Vec<Value>) -> Args {
        Args { positional, named: vec![] }
    }

    pub fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.named.iter().position(|(named, _)| &**named == name)?;
        Some(self.named.remove(at).1)
    }

    /// Brings them into the order of the parameters, of which so many are needed.
    pub fn bind(self, name: &str, parameters: &[&str], needed: usize) -> Res<Bound> {
        let given = self.positional.len();
        if given > parameters.len() {
            let most = parameters.len();
            return Err(Fault::of(format!("{name}() takes {most} arguments, but {given} were given")));
        }
        let mut values: Vec<Option<Value>> = self.positional.into_iter().map(Some).collect();
        values.resize(parameters.len(), None);
        for (named, value) in self.named {
            let at = parameters.iter().position(|parameter| *parameter == &*named);
            match at.and_then(|at| values.get_mut(at)) {
                Some(slot @ None) => *slot = Some(value),
                Some(Some(_)) => {
                    return Err(Fault::of(format!("{name}() got multiple values for argument '{named}'")));
                }
                None => {
                    let mut fault =
                        Fault::of(format!("{name}() got an unexpected keyword argument '{named}'"));
                    fault.word = named.to_string();
                    fault.known = parameters.iter().map(ToString::to_string).collect();
                    return Err(fault);
                }
            }
        }
        if let Some(at) = values.iter().take(needed).position(Option::is_none) {
            let missing = parameters.get(at).copied().unwrap_or_default();
            return Err(Fault::of(format!("{name}() missing 1 required argument: '{missing}'")));
        }
        Ok(Bound { name: name.to_string(), values })
    }
}

impl Bound {
    pub fn get(&self, at: usize) -> Option<&Value> {
        self.values.get(at).and_then(Option::as_ref)
    }

    /// One that is neither left out nor `None`.
    pub fn some(&self, at: usize) -> Option<&Value> {
        self.get(at).filter(|value| !matches!(value, Value::None))
    }

    pub fn value(&self, at: usize) -> &Value {
        self.get(at).unwrap_or(&Value::None)
    }

    pub fn int(&self, at: usize, default: i128) -> Res<i128> {
        match self.get(at) {
            None => Ok(default),
            Some(value) => value.there()?.as_int().ok_or_else(|| self.wrong(value, "an integer")),
        }
    }

    pub fn yes(&self, at: usize, default: bool) -> Res<bool> {
        self.get(at).map_or(Ok(default), Value::is_true)
    }

    /// A text that has to be one.
    pub fn text(&self, at: usize, default: &str) -> Res<Rc<str>> {
        match self.get(at) {
            None => Ok(default.into()),
            Some(Value::Str(text) | Value::Safe(text)) => Ok(text.clone()),
            Some(value) => Err(self.wrong(value.there()?, "a text")),
        }
    }

    /// Anything, as text.
    pub fn soft(&self, at: usize) -> Res<Rc<str>> {
        match self.value(at) {
            Value::Str(text) | Value::Safe(text) => Ok(text.clone()),
            other => Ok(repr::str(other)?.into()),
        }
    }

    fn wrong(&self, value: &Value, expected: &str) -> Box<Fault> {
        Fault::of(format!("{}() takes {expected} here, not a {}", self.name, value.type_name()))
    }
}
