//! Expressions as they are evaluated.

use std::rc::Rc;

use super::arguments::Args;
use super::ast::{Arguments, Expr, Kind};
use super::fault::{Fault, Res};
use super::interpreter::{Interpreter, State};
use super::value::{Dict, Missing, Object, Value, View};
use super::{checks, containers, filters, globals, ops, strings};

/// What a new container costs: values in one another take room when they are let go.
pub const NESTING: u64 = 30;

impl Interpreter<'_> {
    pub fn eval(&self, state: &State, expr: &Expr) -> Res<Value> {
        self.spend(1)?;
        self.deeper(|| self.eval_kind(state, expr)).map_err(|fault| fault.at(&expr.span))
    }

    fn eval_all(&self, state: &State, exprs: &[Expr]) -> Res<Vec<Value>> {
        exprs.iter().map(|expr| self.eval(state, expr)).collect()
    }

    fn eval_kind(&self, state: &State, expr: &Expr) -> Res<Value> {
        match &expr.kind {
            Kind::Const(value) => Ok(value.clone()),
            Kind::Name(name) => Ok(self.lookup(state, name)),
            Kind::List(items) => {
                self.spend(NESTING)?;
                Ok(Value::list(self.eval_all(state, items)?))
            }
            Kind::Tuple(items) => {
                self.spend(NESTING)?;
                Ok(Value::tuple(self.eval_all(state, items)?))
            }
            Kind::Dict(items) => {
                self.spend(NESTING)?;
                let mut dict = Dict::default();
                for (key, value) in items {
                    let key = self.eval(state, key)?;
                    dict.set(key, self.eval(state, value)?)?;
                }
                Ok(Value::dict(dict))
            }
            Kind::Not(value) => Ok(Value::Bool(!self.truth(state, value)?)),
            Kind::Negative(value) => ops::negative(&self.eval(state, value)?),
            Kind::Positive(value) => ops::positive(&self.eval(state, value)?),
            Kind::Binary(operator, left, right) => {
                let left = self.eval(state, left)?;
                self.binary(*operator, &left, &self.eval(state, right)?)
            }
            Kind::And(left, right) => {
                let value = self.eval(state, left)?;
                let yes = value.is_true().map_err(|fault| fault.at(&left.span))?;
                if yes { self.eval(state, right) } else { Ok(value) }
            }
            Kind::Or(left, right) => {
                let value = self.eval(state, left)?;
                let yes = value.is_true().map_err(|fault| fault.at(&left.span))?;
                if yes { Ok(value) } else { self.eval(state, right) }
            }
            Kind::Compare(first, rest) => {
                let mut left = self.eval(state, first)?;
                for (comparison, right) in rest {
                    let right = self.eval(state, right)?;
                    if !ops::compare(self, *comparison, &left, &right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Kind::Concat(parts) => {
                let parts = self.eval_all(state, parts)?;
                self.concat(state, &parts)
            }
            Kind::If(condition, value, otherwise) => match (self.truth(state, condition)?, otherwise) {
                (true, _) => self.eval(state, value),
                (false, Some(otherwise)) => self.eval(state, otherwise),
                (false, None) => {
                    let message = "the condition is false, and there is no `else` to take then".to_string();
                    Ok(Value::Undefined(Rc::new(Missing { message, silent: true, ..Missing::default() })))
                }
            },
            Kind::Attribute(value, name) => {
                let of = self.eval(state, value)?;
                self.attribute(&of, name).map(|found| found.unwrap_or_else(|| missing(&of, value, name)))
            }
            Kind::Item(value, key) => {
                let of = self.eval(state, value)?;
                let key = self.eval(state, key)?;
                let found = self.item(&of, &key)?;
                Ok(found.unwrap_or_else(|| match key.as_str() {
                    Some(name) => missing(&of, value, name),
                    None => Value::missing(format!("a {} has no such item", of.type_name())),
                }))
            }
            Kind::Slice(value, parts) => self.eval_slice(state, value, parts),
            Kind::Call(..) => self.eval_call(state, expr, None),
            Kind::Filter(..) => self.eval_filter(state, expr, None),
            Kind::Test(value, name, arguments) => {
                let value = self.eval(state, value)?;
                let args = self.eval_arguments(state, arguments, Some(value))?;
                Ok(Value::Bool(checks::check(self, name, args)?))
            }
        }
    }

    fn truth(&self, state: &State, expr: &Expr) -> Res<bool> {
        self.eval(state, expr)?.is_true().map_err(|fault| fault.at(&expr.span))
    }

    fn eval_slice(&self, state: &State, value: &Expr, parts: &[Option<Box<Expr>>; 3]) -> Res<Value> {
        let value = self.eval(state, value)?;
        let mut bounds = [None, None, None];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            let Some(part) = part else { continue };
            *bound = match self.eval(state, part)?.there()? {
                Value::None => None,
                other => Some(
                    other
                        .as_int()
                        .ok_or_else(|| Fault::of("slice indices must be integers or None").at(&part.span))?,
                ),
            };
        }
        ops::slice(self, &value, bounds)
    }

    pub fn lookup(&self, state: &State, name: &str) -> Value {
        if let Some(value) = state.scope.get(name) {
            return value;
        }
        match (name, &state.block) {
            ("self", _) => return Value::object(Object::Template),
            ("super", Some((name, depth))) => {
                return Value::object(Object::Block { name: name.clone(), depth: depth + 1 });
            }
            _ => {}
        }
        if let Some(known) = globals::NAMES.iter().find(|known| **known == name) {
            return Value::object(Object::Function(known));
        }
        let mut known = state.scope.known();
        known.extend(globals::NAMES.iter().map(ToString::to_string));
        let message = format!("`{name}` is not defined");
        Value::Undefined(Rc::new(Missing { message, word: name.to_string(), known, silent: false }))
    }

    fn eval_arguments(&self, state: &State, arguments: &Arguments, first: Option<Value>) -> Res<Args> {
        let mut args = Args::default();
        args.positional.extend(first);
        for expr in &arguments.positional {
            args.positional.push(self.eval(state, expr)?);
        }
        for (name, expr) in &arguments.named {
            args.named.push((name.clone(), self.eval(state, expr)?));
        }
        if let Some(more) = &arguments.more {
            args.positional.extend(self.eval(state, more)?.items()?);
        }
        if let Some(more) = &arguments.more_named {
            let Value::Dict(dict) = self.eval(state, more)? else {
                return Err(Fault::of("argument after ** must be a mapping").at(&more.span));
            };
            for (name, value) in dict.borrow().iter() {
                let Some(name) = name.as_str() else { return Err(Fault::of("keywords must be strings")) };
                args.named.push((name.into(), value.clone()));
            }
        }
        Ok(args)
    }

    /// A call; `caller` is what a call block gives.
    pub fn eval_call(&self, state: &State, expr: &Expr, caller: Option<Value>) -> Res<Value> {
        let Kind::Call(callee, arguments) = &expr.kind else { return self.eval(state, expr) };
        let function = self.eval(state, callee)?;
        function.there().map_err(|fault| fault.at(&callee.span))?;
        let mut args = self.eval_arguments(state, arguments, None)?;
        args.named.extend(caller.map(|caller| ("caller".into(), caller)));
        self.call(state, &function, args).map_err(|fault| fault.at(&expr.span))
    }

    pub fn call(&self, state: &State, function: &Value, mut args: Args) -> Res<Value> {
        let not_callable = || Fault::of(format!("'{}' object is not callable", function.type_name()));
        let Value::Object(object) = function else { return Err(not_callable()) };
        match &**object {
            Object::Macro(called) => self.call_macro(called, args),
            Object::Method { of, name } => self.method(state, of, name, args),
            Object::Function(name) => globals::call(self, name, args),
            Object::Block { name, depth } => self.block(state, name, *depth),
            Object::Joiner { separator, used } => {
                Ok(if used.replace(true) { separator.clone() } else { Value::text("") })
            }
            Object::Loop(control) => {
                let Some(again) = &control.again else {
                    let told = "The loop must have the 'recursive' marker to be called recursively.";
                    return Err(Fault::of(told));
                };
                let items =
                    args.positional.pop().ok_or_else(|| Fault::of("loop() takes what to go through"))?;
                self.again(again, &items, control.depth0 + 1)
            }
            _ => Err(not_callable()),
        }
    }

    fn method(&self, state: &State, of: &Value, name: &str, args: Args) -> Res<Value> {
        match of {
            Value::Str(_) | Value::Safe(_) => strings::call(self, of, name, args),
            Value::Object(object) => globals::method(object, name, args),
            _ => containers::call(self, state, of, name, args),
        }
    }

    /// Applies a filter; one of nothing to `value`.
    pub fn eval_filter(&self, state: &State, expr: &Expr, value: Option<Value>) -> Res<Value> {
        let Kind::Filter(of, name, arguments) = &expr.kind else {
            return self.eval(state, expr);
        };
        let value = match of {
            // A filter behind another, in a filter block.
            Some(of) if value.is_some() => self.eval_filter(state, of, value)?,
            Some(of) => self.eval(state, of)?,
            None => value.unwrap_or(Value::None),
        };
        let args = self.eval_arguments(state, arguments, Some(value))?;
        filters::apply(self, state, name, args).map_err(|fault| fault.at(&expr.span))
    }

    /// `of.name`: what Python has there, then what the value holds.
    pub fn attribute(&self, of: &Value, name: &str) -> Res<Option<Value>> {
        of.there()?;
        if name.starts_with("__") && !matches!(of, Value::Dict(dict) if dict.borrow().get_str(name).is_some())
        {
            let message = format!("`{name}` leads into Python itself, which is not there for templates");
            return Err(Fault::new("sandbox", message));
        }
        let method =
            |has: bool| has.then(|| Value::object(Object::Method { of: of.clone(), name: name.into() }));
        Ok(match of {
            Value::Str(_) | Value::Safe(_) => method(strings::METHODS.contains(&name)),
            Value::Dict(dict) => match containers::DICT.contains(&name) {
                true => method(true),
                false => dict.borrow().get_str(name).cloned(),
            },
            Value::List(_) => method(containers::LIST.contains(&name)),
            Value::Tuple(items) => match name {
                "grouper" if items.len() == 2 => items.first().cloned(),
                "list" if items.len() == 2 => items.get(1).cloned(),
                _ => method(containers::TUPLE.contains(&name)),
            },
            Value::Range(range) => match name {
                "start" => Some(Value::Int(range.start)),
                "stop" => Some(Value::Int(range.stop)),
                "step" => Some(Value::Int(range.step)),
                _ => method(containers::TUPLE.contains(&name)),
            },
            Value::Float(_) => method(name == "is_integer"),
            Value::Int(_) | Value::Bool(_) => method(name == "bit_length"),
            Value::Object(object) => match &**object {
                Object::Template => Some(Value::object(Object::Block { name: name.into(), depth: 0 })),
                _ => globals::attribute(object, name),
            },
            _ => None,
        })
    }

    /// `of[key]`: what the value holds, then what Python has there.
    pub fn item(&self, of: &Value, key: &Value) -> Res<Option<Value>> {
        of.there()?;
        key.there()?;
        let index = |length: usize| {
            let at = key.as_int()?;
            let at = if at < 0 { at + length as i128 } else { at };
            usize::try_from(at).ok().filter(|at| *at < length)
        };
        let found = match of {
            Value::Dict(dict) => key.key().ok().and_then(|key| dict.borrow().get(&key).cloned()),
            Value::List(items) => {
                let items = items.borrow();
                index(items.len()).and_then(|at| items.get(at).cloned())
            }
            Value::Tuple(items) => index(items.len()).and_then(|at| items.get(at).cloned()),
            Value::Str(text) | Value::Safe(text) if key.as_int().is_some() => {
                self.spend(text.len() as u64 / 16)?;
                let letter = index(text.chars().count()).and_then(|at| text.chars().nth(at));
                letter.map(|letter| Value::text(letter.to_string()))
            }
            Value::Range(range) => index(range.len()).map(|at| Value::Int(range.at(at))),
            Value::View(View::Keys | View::Values | View::Items, _) => None,
            _ => None,
        };
        match (found, key.as_str()) {
            (None, Some(name)) => self.attribute(of, name),
            (found, _) => Ok(found),
        }
    }
}

/// What isn't there, told as it was written: `cookiecutter.nmae`.
fn missing(of: &Value, written: &Expr, name: &str) -> Value {
    let path = path(written);
    let known = match of {
        Value::Dict(dict) => dict.borrow().names(),
        Value::Object(object) => match &**object {
            Object::Namespace(names) => names.borrow().names(),
            Object::Module { exports, .. } => exports.names(),
            _ => vec![],
        },
        Value::Str(_) | Value::Safe(_) => strings::METHODS.iter().map(ToString::to_string).collect(),
        Value::List(_) => containers::LIST.iter().map(ToString::to_string).collect(),
        _ => vec![],
    };
    let message = match &path {
        Some(path) => format!("`{path}.{name}` is not defined"),
        None => format!("a {} has no `{name}`", of.type_name()),
    };
    let full = |name: &str| path.as_ref().map_or_else(|| name.to_string(), |path| format!("{path}.{name}"));
    let known = known.iter().map(|name| full(name)).collect();
    Value::Undefined(Rc::new(Missing { message, word: full(name), known, silent: false }))
}

fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Name(name) => Some(name.to_string()),
        Kind::Attribute(of, name) => Some(format!("{}.{name}", path(of)?)),
        _ => None,
    }
}
