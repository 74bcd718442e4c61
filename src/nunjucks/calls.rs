//! Macros, call blocks and functions of a running template.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use billpay_model::findings::nearest;

use super::ast::{Arguments, Caller, Expr, Identifier};
use super::callable::{Callable, Cycle};
use super::fault::{At, Fault, Outcome};
use super::machine::{Machine, Macro, unplanned_fault};
use super::scope::{Frame, Place};
use super::value::{List, Value};
use super::{coerce, methods};

/// Values that a macro is called with.
#[derive(Default)]
struct CallArguments {
    plain: Vec<Value>,
    named: Vec<(Arc<str>, Value)>,
}

/// Maximum nesting depth of macro calls.
const MAX_DEPTH: usize = 60;

impl<'t> Machine<'t> {
    pub fn call(&self, of: &'t Expr, arguments: &'t Arguments, place: &Place) -> Outcome<Value> {
        let target = self.value(of, place)?;
        let Value::Callable(callable) = &target else {
            return self.not_callable_fault(of, &target);
        };
        if let Callable::Macro(number) | Callable::Caller(number) = &**callable {
            let values = self.evaluate_arguments(arguments, place)?;
            return self.invoke(*number, values);
        }
        let (least, most) = match &**callable {
            Callable::Range => (0, 3),
            Callable::Joiner => (0, 1),
            Callable::Join { .. } | Callable::CycleNext(_) | Callable::CycleReset(_) => (0, 0),
            Callable::Method { receiver, name } => methods::arity(receiver, name, self.options.cookiecutter),
            Callable::Cycle(_) => return Fault::fail("a cycler is asked with `.next()`").at(&of.span),
            _ => (0, usize::MAX),
        };
        let count = arguments.plain.len();
        if !arguments.named.is_empty() {
            return Fault::fail("this takes no named values").at(&of.span);
        }
        if count < least || count > most {
            let most = if most == usize::MAX { "more".into() } else { most.to_string() };
            let message = if least.to_string() == most { most } else { format!("{least} to {most}") };
            return Fault::fail(format!("this takes {message} values, not {count}")).at(&of.span);
        }
        let plain =
            arguments.plain.iter().map(|value| self.operand(value, place)).collect::<Outcome<Vec<_>>>()?;
        match &**callable {
            Callable::Range => self.range(&plain),
            Callable::Cycler => Ok(function(Callable::Cycle(Arc::new(Cycle::new(plain))))),
            Callable::Joiner => {
                let separator = plain.into_iter().next().filter(Value::is_truthy);
                let separator = separator.unwrap_or_else(|| Value::text(","));
                Ok(function(Callable::Join { separator, used: AtomicBool::new(false) }))
            }
            Callable::Always => Ok(Value::Bool(true)),
            Callable::Failure => Ok(Value::Bool(false)),
            Callable::CycleNext(cycle) => Ok(cycle.next()),
            Callable::CycleReset(cycle) => {
                cycle.reset();
                Ok(Value::Null)
            }
            Callable::Join { separator, used } => {
                Ok(if used.swap(true, Ordering::Relaxed) { separator.clone() } else { Value::text("") })
            }
            Callable::Method { receiver, name } => {
                methods::call(receiver, name, &plain, self.options.cookiecutter, &self.budget).at(&of.span)
            }
            Callable::Cycle(_) | Callable::Macro(_) | Callable::Caller(_) => unplanned_fault(),
        }
    }

    fn not_callable_fault<T>(&self, of: &Expr, target: &Value) -> Outcome<T> {
        let name = self.text.get(of.span.clone()).unwrap_or_default();
        let (code, message) = match target {
            Value::Undefined(_) => ("unknown-function", format!("there is no function or macro `{name}`")),
            other => ("template", format!("`{name}` is {}, which can't be called", other.kind())),
        };
        let did_you_mean = match target {
            Value::Undefined(Some(missing)) => missing.did_you_mean.clone(),
            _ => nearest(name, ["range", "cycler", "joiner"]),
        };
        Err(Box::new(Fault { span: Some(of.span.clone()), did_you_mean, ..Fault::of(code, message) }))
    }

    fn evaluate_arguments(&self, arguments: &'t Arguments, place: &Place) -> Outcome<CallArguments> {
        let plain = arguments.plain.iter().map(|value| self.value(value, place)).collect::<Outcome<_>>()?;
        let named = arguments.named.iter();
        let named = named.map(|(name, value)| Ok((Arc::clone(&name.name), self.value(value, place)?)));
        Ok(CallArguments { plain, named: named.collect::<Outcome<_>>()? })
    }

    pub fn call_block(
        &self,
        of: &'t Expr,
        arguments: &'t Arguments,
        caller: &'t Caller,
        place: &Place,
    ) -> Outcome<Arc<str>> {
        let target = self.value(of, place)?;
        let number = match &target {
            Value::Callable(callable) => match &**callable {
                Callable::Macro(number) => *number,
                _ => return Fault::fail("a call block is to call a macro").at(&of.span),
            },
            other => return self.not_callable_fault(of, other),
        };
        let mut values = self.evaluate_arguments(arguments, place)?;
        let Some(frame) = place.plan.frame(caller.id) else { return unplanned_fault() };
        let mut macros = self.macros.borrow_mut();
        let value = function(Callable::Caller(macros.len()));
        macros.push(Macro {
            signature: &caller.signature,
            body: &caller.body,
            frame: Rc::clone(frame),
            scope: Rc::clone(&place.scope),
            within: Some(Rc::clone(&place.frame)),
            outer: Rc::clone(&place.outer),
        });
        drop(macros);
        values.named.push(("caller".into(), value));
        let output = self.invoke(number, values)?;
        coerce::to_output(&output, &self.budget)
    }

    fn invoke(&self, number: usize, arguments: CallArguments) -> Outcome<Value> {
        let Some(makro) = self.macros.borrow().get(number).cloned() else { return unplanned_fault() };
        let calls = self.calls.get();
        if calls >= MAX_DEPTH {
            return Err(Box::new(Fault::of(
                "too-deep",
                format!("more than {MAX_DEPTH} macros call one another"),
            )));
        }
        self.calls.set(calls + 1);
        let outcome = self.run(&makro, arguments);
        self.calls.set(calls);
        outcome
    }

    fn run(&self, makro: &Macro<'t>, arguments: CallArguments) -> Outcome<Value> {
        let place = Place {
            scope: makro.scope.child(true),
            frame: Frame::new(&makro.frame, makro.within.clone()),
            plan: Rc::clone(&makro.frame.plan),
            outer: Rc::clone(&makro.outer),
            shows_macros: makro.within.is_none(),
            shows_sets: false,
        };
        let signature = makro.signature;
        let CallArguments { mut plain, mut named } = arguments;
        let take = |named: &mut Vec<(Arc<str>, Value)>, name: &str| {
            let at = named.iter().rposition(|(known, _)| &**known == name)?;
            let value = named.remove(at).1;
            named.retain(|(known, _)| &**known != name);
            Some(value)
        };
        let count = signature.plain.len();
        if plain.len() > count {
            // What is too much goes to the names that have defaults.
            for (value, (name, _)) in plain.split_off(count).into_iter().zip(&signature.named) {
                named.push((Arc::clone(&name.name), value));
            }
        }
        for name in signature.plain.iter().skip(plain.len()) {
            plain.push(take(&mut named, &name.name).unwrap_or(Value::Undefined(None)));
        }
        let bind = |name: &Identifier, value: Value| {
            place.scope.set(&name.name, value.clone());
            if let Some(slot) = place.plan.slot(name.id) {
                place.frame.set(slot, value);
            }
        };
        for (name, value) in signature.plain.iter().zip(plain) {
            bind(name, value);
        }
        let names = || signature.plain.iter().chain(signature.named.iter().map(|(name, _)| name));
        let own_caller = names().any(|name| &*name.name == "caller");
        let caller = named.iter().rev().find(|(name, _)| &**name == "caller").map(|(_, value)| value.clone());
        for (name, default) in &signature.named {
            let value = named.iter().rev().find(|(known, _)| *known == name.name);
            let value = match value {
                Some((_, value)) => value.clone(),
                None => self.value(default, &place)?,
            };
            bind(name, value);
        }
        if let Some(caller) = caller.filter(|_| !own_caller) {
            place.scope.set(&"caller".into(), caller);
        }
        self.capture(makro.body, &place).map(|text| Value::Safe(text.into()))
    }

    fn range(&self, plain: &[Value]) -> Outcome<Value> {
        let budget = &self.budget;
        let zero = Value::Number(0.0);
        let (mut value, stop, step) = match plain {
            [] => (zero.clone(), Value::Undefined(None), Value::Number(1.0)),
            [stop] => (zero.clone(), stop.clone(), Value::Number(1.0)),
            [start, stop] => (start.clone(), stop.clone(), Value::Number(1.0)),
            [start, stop, step, ..] => {
                let step = if step.is_truthy() { step.clone() } else { Value::Number(1.0) };
                (start.clone(), stop.clone(), step)
            }
        };
        let up = coerce::order(&step, &zero, budget)?.is_some_and(|order| order.is_gt());
        let mut items = vec![];
        loop {
            let order = coerce::order(&value, &stop, budget)?;
            if !order.is_some_and(|order| if up { order.is_lt() } else { order.is_gt() }) {
                return List::of(items, budget);
            }
            budget.steps(1)?;
            items.push(value.clone());
            value = coerce::add(&value, &step, budget)?;
        }
    }
}

fn function(callable: Callable) -> Value {
    Value::Callable(Arc::new(callable))
}
