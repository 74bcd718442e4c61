//! Macros as they are called, and templates that take in others.

use std::rc::Rc;

use super::arguments::Args;
use super::ast::{Expr, Template};
use super::fault::{Fault, Res};
use super::interpreter::{Interpreter, Macro, Scope, State};
use super::repr;
use super::value::{Dict, Missing, Object, Value};

impl Interpreter<'_> {
    pub fn call_macro(&self, called: &Macro, mut args: Args) -> Res<Value> {
        let callee = &called.callee;
        let parameters = &callee.parameters;
        let inner = Self::inner(&called.state);
        let caller = args.take("caller");
        let spare = args.positional.split_off(args.positional.len().min(parameters.names.len()));
        let given = args.positional.len();
        let first_default = parameters.names.len() - parameters.defaults.len();
        for (name, value) in parameters.names.iter().zip(args.positional.drain(..)) {
            inner.scope.set(name, value);
        }
        for (index, name) in parameters.names.iter().enumerate().skip(given) {
            let default = index.checked_sub(first_default).and_then(|at| parameters.defaults.get(at));
            let value = match (args.take(name), default) {
                (Some(value), _) => value,
                (None, _) if &**name == "caller" && caller.is_some() => caller.clone().unwrap_or(Value::None),
                (None, Some(default)) => self.eval(&inner, default)?,
                (None, None) => Value::missing(format!("parameter '{name}' was not provided")),
            };
            inner.scope.set(name, value);
        }
        if parameters.caller && !parameters.names.iter().any(|name| &**name == "caller") {
            let none = || Value::missing("No caller defined");
            inner.scope.set(&"caller".into(), caller.clone().unwrap_or_else(none));
        } else if caller.is_some() && !parameters.caller {
            let message = format!(
                "macro '{}' was invoked with two values for the special caller argument",
                callee.name
            );
            return Err(Fault::of(match parameters.kwargs {
                true => message,
                false => format!("macro '{}' takes no keyword argument 'caller'", callee.name),
            }));
        }
        if parameters.kwargs {
            let mut kwargs = Dict::default();
            for (name, value) in args.named.drain(..) {
                kwargs.set_str(&name, value);
            }
            inner.scope.set(&"kwargs".into(), Value::dict(kwargs));
        } else if let Some((name, _)) = args.named.first() {
            return Err(Fault::of(format!("macro '{}' takes no keyword argument '{name}'", callee.name)));
        }
        if parameters.varargs {
            inner.scope.set(&"varargs".into(), Value::tuple(spare));
        } else if !spare.is_empty() {
            let most = parameters.names.len();
            let message = format!("macro '{}' takes not more than {most} argument(s)", callee.name);
            return Err(Fault::of(message));
        }
        let template = &called.state.home.template.name;
        self.captured(&inner, &callee.body).map(|(value, _)| value).map_err(|fault| fault.within(template))
    }

    pub(super) fn load_one(&self, state: &State, what: &Expr) -> Res<Rc<Template>> {
        let name = self.eval(state, what)?;
        let names = match name.there().map_err(|fault| fault.at(&what.span))? {
            Value::List(names) => names.borrow().clone(),
            Value::Tuple(names) => names.to_vec(),
            one => vec![one.clone()],
        };
        let mut last = Fault::new("no-template", "there is no template to take");
        for name in &names {
            match self.load(&repr::str(name)?) {
                Err(fault) if fault.code == "no-template" => last = fault,
                loaded => return loaded,
            }
        }
        Err(last.at(&what.span))
    }

    pub(super) fn include(
        &self,
        state: &State,
        what: &Expr,
        optional: bool,
        context: bool,
        out: &mut String,
    ) -> Res<()> {
        let template = match self.load_one(state, what) {
            Err(fault) if optional && fault.code == "no-template" => return Ok(()),
            loaded => loaded?,
        };
        let scope = if context { Scope::within(&state.scope) } else { Rc::default() };
        self.deeper(|| self.root(&template, &scope, state.autoescape, out)).map(drop)
    }

    pub(super) fn module(&self, state: &State, what: &Expr, context: bool) -> Res<Value> {
        let template = self.load_one(state, what)?;
        let scope = if context { Scope::within(&state.scope) } else { Rc::default() };
        let mut text = String::new();
        let scope = self.deeper(|| self.root(&template, &scope, self.syntax.autoescape, &mut text))?;
        let mut exports = Dict::default();
        for (name, value) in scope.names.borrow().iter().filter(|(name, _)| !name.starts_with('_')) {
            exports.set_str(name, value.clone());
        }
        Ok(Value::object(Object::Module { name: template.name.to_string(), exports, text: text.into() }))
    }

    pub(super) fn import_names(
        &self,
        state: &State,
        what: &Expr,
        names: &[(Rc<str>, Rc<str>)],
        context: bool,
    ) -> Res<()> {
        let module = self.module(state, what, context)?;
        let Value::Object(object) = &module else { return Ok(()) };
        let Object::Module { name: template, exports, .. } = &**object else { return Ok(()) };
        for (name, alias) in names {
            let value = exports.get_str(name).cloned().unwrap_or_else(|| {
                let missing = Missing {
                    message: format!("the template `{template}` has no `{name}`"),
                    word: name.to_string(),
                    known: exports.names(),
                    silent: false,
                };
                Value::Undefined(Rc::new(missing))
            });
            state.scope.set(alias, value);
        }
        Ok(())
    }
}
