//! Operators, members, tests and filters of a running template.

use std::sync::Arc;

use billpay_model::findings::nearest;

use super::ast::{Arguments, Binary, Expr, ExprKind, Identifier, Span};
use super::callable::Callable;
use super::fault::{At, Fault, Outcome};
use super::machine::Machine;
use super::scope::Place;
use super::value::{List, Record, Value};
use super::{checks, coerce, filters, methods, number, units};

/// Maximum number of an object's names to compare for `did you mean`.
const MAX_SUGGESTION_NAMES: usize = 500;

impl<'t> Machine<'t> {
    /// A member of a value; of what isn't there it isn't there either.
    pub fn member(&self, expr: &Expr, of: &'t Expr, key: &'t Expr, place: &Place) -> Outcome<Value> {
        let target = self.value(of, place)?;
        if let Some(slice) = slice_of(key) {
            self.note(&target, &of.span)?;
            return self.take_slice(&target, slice, place);
        }
        let key_value = self.value(key, place)?;
        if target.is_undefined() {
            return Ok(target);
        }
        self.note(&key_value, &key.span)?;
        let name = coerce::to_text(&key_value, &self.budget)?;
        if let Value::Callable(callable) = &target {
            return Ok(match &**callable {
                Callable::Cycle(cycle) => match &*name {
                    "current" => cycle.current(),
                    "next" => Value::Callable(Arc::new(Callable::CycleNext(Arc::clone(cycle)))),
                    "reset" => Value::Callable(Arc::new(Callable::CycleReset(Arc::clone(cycle)))),
                    _ => self.missing_member(expr, of, &target, &name),
                },
                _ => self.missing_member(expr, of, &target, &name),
            });
        }
        if target.as_text().is_some() {
            self.budget.traverse(&target)?;
        }
        match own_property(&target, &name)? {
            Some(Value::Undefined(None)) => Ok(self.missing_member(expr, of, &target, &name)),
            Some(value) => Ok(value),
            None if methods::has_method(&target, &name, self.options.cookiecutter) => {
                Ok(Value::Callable(Arc::new(Callable::Method { receiver: target, name: name.to_string() })))
            }
            None => Ok(self.missing_member(expr, of, &target, &name)),
        }
    }

    /// Returns the undefined value of a missing member.
    fn missing_member(&self, expr: &Expr, of: &Expr, target: &Value, name: &str) -> Value {
        let text = |span: &Span| self.text.get(span.clone()).unwrap_or_default().trim().to_string();
        let plain = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !name.bytes().all(|byte| byte.is_ascii_digit())
        };
        let suggest = || {
            let known: Vec<&str> = match target {
                Value::Record(record) => {
                    record.entries().iter().take(MAX_SUGGESTION_NAMES).map(|(name, _)| &**name).collect()
                }
                other => methods::names(other),
            };
            nearest(name, known).map(|known| match plain(&known) {
                true => format!("{}.{known}", text(&of.span)),
                false => format!("{}[\"{known}\"]", text(&of.span)),
            })
        };
        self.undefined(expr, || text(&expr.span), suggest)
    }

    /// `list[start:stop:step]`.
    fn take_slice(&self, target: &Value, slice: &'t ExprKind, place: &Place) -> Outcome<Value> {
        let ExprKind::Slice { start, stop, step } = slice else { return Fault::fail("this is no part") };
        let part = |part: &'t Option<Box<Expr>>| match part {
            Some(part) => self.operand(part, place),
            None => Ok(Value::Null),
        };
        let empty = List::of(vec![], &self.budget)?;
        let target = if target.is_truthy() { target } else { &empty };
        if matches!(target, Value::Callable(_)) {
            return Fault::fail("a function has no parts");
        }
        let length = own_property(target, "length")?.unwrap_or(Value::Undefined(None));
        let (start, stop) = (part(start)?, part(stop)?);
        let step = if step.is_some() { part(step)? } else { Value::Number(1.0) };
        let budget = &self.budget;
        let by = coerce::to_number(&step, budget)?;
        if !by.is_finite() || by == 0.0 {
            return Fault::fail("the step of a part is a number that isn't 0");
        }
        let zero = Value::Number(0.0);
        let before = |left: &Value, right: &Value| {
            coerce::order(left, right, budget).map(|order| order.is_some_and(|order| order.is_lt()))
        };
        let mut from = match start {
            Value::Null if by < 0.0 => Value::Number(coerce::to_number(&length, budget)? - 1.0),
            Value::Null => zero.clone(),
            start => start,
        };
        let to = match stop {
            Value::Null if by < 0.0 => Value::Number(-1.0),
            Value::Null => length.clone(),
            stop if before(&stop, &zero)? => coerce::add(&stop, &length, budget)?,
            stop => stop,
        };
        if before(&from, &zero)? {
            from = coerce::add(&from, &length, budget)?;
        }
        let mut items = vec![];
        while !before(&from, &zero)? && !before(&length, &from)? {
            let is_past = match by > 0.0 {
                true => coerce::order(&from, &to, budget)?.is_some_and(|order| order.is_ge()),
                false => coerce::order(&from, &to, budget)?.is_some_and(|order| order.is_le()),
            };
            if is_past {
                break;
            }
            budget.steps(1)?;
            if target.as_text().is_some() {
                budget.traverse(target)?;
            }
            let name = coerce::to_text(&from, budget)?;
            items.push(own_property(target, &name)?.unwrap_or(Value::Undefined(None)));
            from = coerce::add(&from, &step, budget)?;
        }
        List::of(items, budget)
    }

    pub fn calculate(&self, expr: &'t Expr, place: &Place) -> Outcome<Value> {
        let number = |expr: &'t Expr| {
            let value = self.operand(expr, place)?;
            coerce::to_number(&value, &self.budget)
        };
        Ok(match &expr.kind {
            ExprKind::Negative(inner) => Value::Number(-number(inner)?),
            ExprKind::Positive(inner) => Value::Number(number(inner)?),
            ExprKind::Floor(inner) => Value::Number(number(inner)?.floor()),
            ExprKind::In(needle, container) => {
                let needle = self.operand(needle, place)?;
                let container = self.operand(container, place)?;
                [&needle, &container].into_iter().try_for_each(|value| self.budget.traverse(value))?;
                Value::Bool(coerce::contains(&container, &needle, &self.budget)?)
            }
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.operand(left, place)?, self.operand(right, place)?);
                return self.binary(*operator, &left, &right);
            }
            _ => return Fault::fail("this is no calculation"),
        })
    }

    fn binary(&self, operator: Binary, left: &Value, right: &Value) -> Outcome<Value> {
        match operator {
            Binary::Add => return coerce::add(left, right, &self.budget),
            Binary::Concat => return coerce::concat(left, right, &self.budget),
            _ => {}
        }
        [left, right].into_iter().try_for_each(|value| self.budget.traverse(value))?;
        let left = coerce::to_number(left, &self.budget)?;
        let right = coerce::to_number(right, &self.budget)?;
        Ok(Value::Number(match operator {
            Binary::Subtract => left - right,
            Binary::Multiply => left * right,
            Binary::Divide => left / right,
            Binary::Modulo => left % right,
            _ => number::power(left, right),
        }))
    }

    pub fn apply_test(&self, value: &'t Expr, test: &'t Expr, place: &Place) -> Outcome<Value> {
        let (name, arguments) = match &test.kind {
            ExprKind::Call { of, arguments } => (test_name(&of.kind), Some(arguments)),
            // `x is divisibleby | f` says the filter's name.
            ExprKind::Filter { name, .. } => (Some(name.name.to_string()), None),
            kind => (test_name(kind), None),
        };
        let Some(name) = name else {
            return Fault::fail("after `is` comes the name of a test").at(&test.span);
        };
        let Some(arity) = checks::arity(&name) else {
            let fault = Fault::of("unknown-test", format!("there is no test `{name}`"));
            let did_you_mean = nearest(&name, checks::NAMES.iter().map(|(name, _)| *name));
            return Err(Box::new(Fault { span: Some(test.span.clone()), did_you_mean, ..fault }));
        };
        let count = arguments.map_or(0, |arguments| arguments.plain.len());
        if count != arity || arguments.is_some_and(|arguments| !arguments.named.is_empty()) {
            return Fault::fail(format!("the test `{name}` takes {arity} values, not {count}"))
                .at(&test.span);
        }
        let of = value;
        let value = self.value(of, place)?;
        if !checks::UNDEFINED_SAFE.contains(&name.as_str()) {
            self.note(&value, &of.span)?;
        }
        let mut plain = vec![];
        for argument in arguments.map_or([].as_slice(), |arguments| &arguments.plain) {
            plain.push(self.operand(argument, place)?);
        }
        plain.iter().chain([&value]).try_for_each(|value| self.budget.traverse(value))?;
        checks::check(&name, &value, &plain, &self.budget).map(Value::Bool)
    }

    pub fn apply_filter(
        &self,
        name: &'t Identifier,
        input: &'t Expr,
        arguments: &'t Arguments,
        place: &Place,
    ) -> Outcome<Value> {
        let filter_name =
            if self.options.cookiecutter && &*name.name == "jsonify" { "dump" } else { &name.name };
        let is_portal = filters::PORTAL.contains(&filter_name);
        if !is_portal && !filters::NAMES.contains(&filter_name) {
            let fault = Fault::of("unknown-filter", format!("there is no filter `{filter_name}`"));
            let all = filters::NAMES.iter().chain(filters::PORTAL).copied();
            let did_you_mean = nearest(filter_name, all);
            return Err(Box::new(Fault { span: Some(name.span.clone()), did_you_mean, ..fault }));
        }
        if is_portal && !arguments.named.is_empty() {
            return Fault::fail(format!("the filter `{filter_name}` takes no named values")).at(&name.span);
        }
        let is_default = matches!(filter_name, "default" | "d");
        let value = self.value(input, place)?;
        if !is_default {
            self.note(&value, &input.span)?;
        }
        if filters::NEED_INPUT.contains(&filter_name) {
            value.require().at(&input.span)?;
        }
        let mut plain = vec![];
        for argument in &arguments.plain {
            plain.push(if is_default {
                self.value(argument, place)?
            } else {
                self.operand(argument, place)?
            });
        }
        let mut named = vec![];
        for (name, argument) in &arguments.named {
            named.push((Arc::clone(&name.name), self.operand(argument, place)?));
        }
        let plain = self.lower_arguments(filter_name, plain, named)?;
        plain.iter().chain([&value]).try_for_each(|value| self.budget.traverse(value))?;
        let filter =
            filters::Filter { name: filter_name, span: &name.span, machine: self, arguments: &plain };
        filter.apply(&value).at(&name.span)
    }

    /// Named values of a filter are its last plain one, as an object, for most filters.
    fn lower_arguments(
        &self,
        filter: &str,
        mut plain: Vec<Value>,
        named: Vec<(Arc<str>, Value)>,
    ) -> Outcome<Vec<Value>> {
        let places: &[&str] = match filter {
            "int" => &["default", "base"],
            "sort" => &["reverse", "case_sensitive", "attribute"],
            _ if named.is_empty() => return Ok(plain),
            _ => {
                let mut entries = named;
                entries.push(("__keywords".into(), Value::Bool(true)));
                plain.push(Record::of(entries, &self.budget)?);
                return Ok(plain);
            }
        };
        for name in places.iter().skip(plain.len()) {
            let value = named.iter().rev().find(|(known, _)| &**known == *name);
            plain.push(value.map_or(Value::Undefined(None), |(_, value)| value.clone()));
        }
        plain.truncate(places.len());
        Ok(plain)
    }
}

/// The slice that a key is, or holds alone.
fn slice_of(key: &Expr) -> Option<&ExprKind> {
    match &key.kind {
        ExprKind::Slice { .. } => Some(&key.kind),
        _ => None,
    }
}

/// The name of the test that comes after `is`.
fn test_name(kind: &ExprKind) -> Option<String> {
    Some(match kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Null => "null".into(),
        ExprKind::Bool(yes) => yes.to_string(),
        ExprKind::Text(text) => text.to_string(),
        ExprKind::Number(value) => number::show(*value),
        // The portal takes anything else for the test `undefined`, which nobody means.
        _ => return None,
    })
}

/// Returns the own property of a value, methods excluded.
pub fn own_property(value: &Value, name: &str) -> Outcome<Option<Value>> {
    let index = || {
        let index: usize = name.parse().ok()?;
        (index.to_string() == name).then_some(index)
    };
    Ok(match value {
        Value::Record(record) => record.get(name).cloned(),
        Value::List(list) if name == "length" => Some(Value::Number(list.len() as f64)),
        Value::List(list) => index().and_then(|index| list.items().get(index).cloned()),
        Value::Safe(text) if name == "val" => Some(Value::Text(Arc::clone(text))),
        Value::Text(text) | Value::Safe(text) => match name {
            "length" => Some(Value::Number(units::count(text) as f64)),
            _ => match index() {
                Some(index) => units::at(text, index)?,
                None => None,
            },
        },
        _ => None,
    })
}
