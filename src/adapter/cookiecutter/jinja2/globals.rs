//! What is there without being given: `range`, `namespace`, `cycler`, `uuid4`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::arguments::Args;
use super::ast::Expr;
use super::eval::NESTING;
use super::fault::{Fault, Res};
use super::interpreter::{Interpreter, State};
use super::value::{Dict, Object, Range, Value};
use super::{containers, repr, time};

pub const NAMES: &[&str] =
    &["range", "dict", "lipsum", "cycler", "joiner", "namespace", "random_ascii_string", "uuid4"];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

pub fn call(engine: &Interpreter<'_>, name: &str, args: Args) -> Res<Value> {
    engine.spend(NESTING)?;
    match name {
        "range" => range(&args),
        "dict" => Ok(Value::dict(dict(args)?)),
        "namespace" => {
            let names = dict(args)?;
            Ok(Value::object(Object::Namespace(Rc::new(RefCell::new(names)))))
        }
        "cycler" if args.positional.is_empty() => Err(Fault::of("at least one item has to be provided")),
        "cycler" => Ok(Value::object(Object::Cycler { items: args.positional, at: Cell::new(0) })),
        "joiner" => {
            let args = args.bind(name, &["sep"], 0)?;
            let separator = args.get(0).cloned().unwrap_or_else(|| Value::text(", "));
            Ok(Value::object(Object::Joiner { separator, used: Cell::new(false) }))
        }
        "random_ascii_string" => {
            let args = args.bind(name, &["length", "punctuation"], 1)?;
            let length = usize::try_from(args.int(0, 0)?.max(0)).map_err(|_| Fault::too_long())?;
            engine.make(length)?;
            let from =
                if args.yes(1, false)? { format!("{LETTERS}{PUNCTUATION}") } else { LETTERS.to_string() };
            let Some(random) = &engine.random else { return Err(Fault::unseeded("a random text")) };
            let mut random = random.borrow_mut();
            let letters: Vec<char> = from.chars().collect();
            let text: String = (0..length).filter_map(|_| random.choice(&letters)).collect();
            Ok(Value::text(text))
        }
        "uuid4" => {
            args.bind(name, &[], 0)?;
            let Some(random) = &engine.random else { return Err(Fault::unseeded("a UUID")) };
            // RFC 9562: version 4, and the variant in the two highest bits of the ninth byte.
            let bits = random.borrow_mut().u128(..);
            let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
            let hex = format!("{bits:032x}");
            let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
            let parts = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)];
            Ok(Value::text(parts.join("-")))
        }
        _ => {
            let message = "`lipsum` makes up a different text each time, and is not done";
            let mut fault = Fault::new("refused", message);
            fault.hint = Some("write the text into the template".to_string());
            fault.refused = true;
            Err(fault)
        }
    }
}

fn range(args: &Args) -> Res<Value> {
    let numbers = args.positional.iter().map(|value| {
        let kind = value.type_name();
        let wrong = || Fault::of(format!("'{kind}' object cannot be interpreted as an integer"));
        value.there()?.as_int().ok_or_else(wrong)
    });
    let numbers = numbers.collect::<Res<Vec<_>>>()?;
    let (start, stop, step) = match *numbers {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] => (start, stop, step),
        _ => return Err(Fault::of("range expected 1 to 3 arguments")),
    };
    if step == 0 {
        return Err(Fault::of("range() arg 3 must not be zero"));
    }
    let small = |number: i128| number.abs() < i128::from(i64::MAX);
    if !(small(start) && small(stop) && small(step)) {
        return Err(Fault::of("the numbers of this range are too big"));
    }
    Ok(Value::Range(Range { start, stop, step }))
}

fn dict(args: Args) -> Res<Dict> {
    let mut dict = Dict::default();
    for value in args.positional {
        containers::update(&mut dict, &value)?;
    }
    for (name, value) in args.named {
        dict.set_str(&name, value);
    }
    Ok(dict)
}

/// What objects have behind a dot.
pub fn attribute(object: &Rc<Object>, name: &str) -> Option<Value> {
    let method =
        || Some(Value::object(Object::Method { of: Value::Object(object.clone()), name: name.into() }));
    match &**object {
        Object::Namespace(names) => names.borrow().get_str(name).cloned(),
        Object::Cycler { items, at } => match name {
            "current" => items.get(at.get()).cloned(),
            "items" => Some(Value::tuple(items.clone())),
            "pos" => Some(Value::Int(at.get() as i128)),
            "next" | "reset" => method(),
            _ => None,
        },
        Object::Module { exports, .. } => exports.get_str(name).cloned(),
        Object::Macro(called) => match name {
            "name" => Some(Value::text(&called.callee.name)),
            "arguments" => {
                let names = called.callee.parameters.names.iter();
                Some(Value::tuple(names.map(Value::text).collect()))
            }
            "caller" => Some(Value::Bool(called.callee.parameters.caller)),
            "catch_varargs" => Some(Value::Bool(called.callee.parameters.varargs)),
            "catch_kwargs" => Some(Value::Bool(called.callee.parameters.kwargs)),
            _ => None,
        },
        Object::Loop(control) => {
            let (index, length) = (control.index0.get(), control.items.len());
            let number = |number: usize| Some(Value::Int(number as i128));
            let neighbour = |at: Option<usize>, which: &str| {
                let item = at.and_then(|at| control.items.get(at)).cloned();
                Some(item.unwrap_or_else(|| Value::missing(format!("there is no {which} item"))))
            };
            match name {
                "index" => number(index + 1),
                "index0" => number(index),
                "revindex" => number(length - index),
                "revindex0" => number(length - index - 1),
                "first" => Some(Value::Bool(index == 0)),
                "last" => Some(Value::Bool(index + 1 == length)),
                "length" => number(length),
                "depth" => number(control.depth0 + 1),
                "depth0" => number(control.depth0),
                "previtem" => neighbour(index.checked_sub(1), "previous"),
                "nextitem" => neighbour(Some(index + 1), "next"),
                "cycle" | "changed" => method(),
                _ => None,
            }
        }
        _ => None,
    }
}

pub fn method(object: &Rc<Object>, name: &str, args: Args) -> Res<Value> {
    match (&**object, name) {
        (Object::Cycler { items, at }, "next") => {
            let item = items.get(at.get()).cloned().unwrap_or(Value::None);
            at.set((at.get() + 1) % items.len().max(1));
            Ok(item)
        }
        (Object::Cycler { at, .. }, _) => {
            at.set(0);
            Ok(Value::None)
        }
        (Object::Loop(control), "cycle") => {
            let items = args.positional;
            let at = control.index0.get().checked_rem(items.len());
            at.and_then(|at| items.get(at).cloned()).ok_or_else(|| Fault::of("no items for cycling given"))
        }
        (Object::Loop(control), _) => {
            let mut last = control.changed.borrow_mut();
            // What is printed alike counts as the same; loops are over plain values.
            let text = |values: &[Value]| repr::repr(&Value::tuple(values.to_vec()));
            let same = match &*last {
                Some(last) => text(last)? == text(&args.positional)?,
                None => false,
            };
            *last = Some(args.positional);
            Ok(Value::Bool(!same))
        }
        _ => Err(Fault::of("this is not callable")),
    }
}

impl Interpreter<'_> {
    /// `{% now %}`.
    pub fn now_tag(
        &self,
        state: &State,
        zone: &Expr,
        offset: Option<&(char, Expr)>,
        format: Option<&Expr>,
    ) -> Res<String> {
        if self.random.is_none() {
            return Err(Fault::unseeded("the time"));
        }
        let zone = repr::str(&self.eval(state, zone)?)?;
        let offset = match offset {
            Some((sign, expr)) => Some((*sign, repr::str(&self.eval(state, expr)?)?)),
            None => None,
        };
        let format = match format {
            Some(expr) => repr::str(&self.eval(state, expr)?)?,
            None => "%Y-%m-%d".to_string(),
        };
        time::now(self.now, &zone, offset, &format)
    }

    /// One of the items, by chance.
    pub fn choose(&self, items: &[Value]) -> Res<Value> {
        let Some(random) = &self.random else { return Err(Fault::unseeded("a random item")) };
        let chosen = random.borrow_mut().choice(items).cloned();
        Ok(chosen.unwrap_or_else(|| Value::missing("No random item, sequence was empty.")))
    }
}
