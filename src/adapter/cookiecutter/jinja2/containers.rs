//! Methods of lists, dicts and tuples.

use super::arguments::Args;
use super::fault::{Fault, Res};
use super::interpreter::{Interpreter, State};
use super::ops;
use super::value::{Dict, Value, View};

pub const DICT: &[&str] = &[
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];
pub const LIST: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
pub const TUPLE: &[&str] = &["count", "index"];

pub fn call(engine: &Interpreter<'_>, state: &State, of: &Value, name: &str, args: Args) -> Res<Value> {
    match of {
        Value::Dict(_) => dict_method(of, name, args),
        Value::List(_) if !TUPLE.contains(&name) => list_method(engine, state, of, name, args),
        Value::Float(number) => Ok(Value::Bool(number.fract() == 0.0)),
        Value::Int(_) | Value::Bool(_) => {
            let bits = of.as_int().unwrap_or_default().unsigned_abs();
            Ok(Value::Int(i128::from(u128::BITS - bits.leading_zeros())))
        }
        _ => search(engine, of, name, args),
    }
}

/// `count` and `index`.
fn search(engine: &Interpreter<'_>, of: &Value, name: &str, args: Args) -> Res<Value> {
    let args = args.bind(name, &["value", "start", "stop"], 1)?;
    let items = of.items()?;
    let mut count = 0;
    let length = items.len() as i128;
    let place = |at: i128| if at < 0 { (at + length).max(0) } else { at };
    let (start, stop) = (place(args.int(1, 0)?), place(args.int(2, length)?));
    for (at, item) in items.iter().enumerate() {
        let inside = (start..stop).contains(&(at as i128));
        if inside && ops::equal(engine, item, args.value(0))? {
            if name == "index" {
                return Ok(Value::Int(at as i128));
            }
            count += 1;
        }
    }
    if name == "index" { Err(Fault::of("this value is not in the list")) } else { Ok(Value::Int(count)) }
}

fn list_method(engine: &Interpreter<'_>, state: &State, of: &Value, name: &str, args: Args) -> Res<Value> {
    let Value::List(list) = of else { return Err(Fault::of("no list")) };
    let place = |at: i128, length: usize| {
        let at = if at < 0 { at + length as i128 } else { at };
        usize::try_from(at).ok()
    };
    match name {
        "append" => {
            let args = args.bind(name, &["object"], 1)?;
            engine.spend(1)?;
            list.borrow_mut().push(args.value(0).clone());
        }
        "extend" => {
            let items = args.bind(name, &["iterable"], 1)?.value(0).items()?;
            engine.spend(items.len() as u64)?;
            list.borrow_mut().extend(items);
        }
        "insert" => {
            let args = args.bind(name, &["index", "object"], 2)?;
            let length = list.borrow().len();
            engine.spend(length as u64 / 16)?;
            let at = place(args.int(0, 0)?, length).unwrap_or(0).min(length);
            list.borrow_mut().insert(at, args.value(1).clone());
        }
        "pop" => {
            let args = args.bind(name, &["index"], 0)?;
            let length = list.borrow().len();
            let at = place(args.int(0, -1)?, length).filter(|at| *at < length);
            let Some(at) = at else { return Err(Fault::of("pop index out of range")) };
            return Ok(list.borrow_mut().remove(at));
        }
        "remove" => {
            let index = search(engine, of, "index", args)?;
            let at = index.as_int().and_then(|at| usize::try_from(at).ok()).unwrap_or_default();
            list.borrow_mut().remove(at);
        }
        "clear" => list.borrow_mut().clear(),
        "copy" => return Ok(Value::list(list.borrow().clone())),
        "reverse" => list.borrow_mut().reverse(),
        _ => {
            let args = args.bind(name, &["key", "reverse"], 0)?;
            let mut keyed = vec![];
            // A key may be made by a macro, which may change the list.
            let items = list.borrow().clone();
            for item in &items {
                let key = match args.some(0) {
                    Some(function) => engine.call(state, function, Args::of(vec![item.clone()]))?,
                    None => item.clone(),
                };
                keyed.push((key, item.clone()));
            }
            ops::sort(engine, &mut keyed, args.yes(1, false)?)?;
            *list.borrow_mut() = keyed.into_iter().map(|(_, item)| item).collect();
        }
    }
    Ok(Value::None)
}

fn dict_method(of: &Value, name: &str, mut args: Args) -> Res<Value> {
    let Value::Dict(dict) = of else { return Err(Fault::of("no dict")) };
    match name {
        "keys" => return Ok(Value::View(View::Keys, dict.clone())),
        "values" => return Ok(Value::View(View::Values, dict.clone())),
        "items" => return Ok(Value::View(View::Items, dict.clone())),
        "copy" => return Ok(Value::dict(dict.borrow().clone())),
        "clear" => dict.borrow_mut().clear(),
        "get" => {
            let args = args.bind(name, &["key", "default"], 1)?;
            let found = dict.borrow().get(&args.value(0).key()?).cloned();
            return Ok(found.unwrap_or_else(|| args.value(1).clone()));
        }
        "pop" => {
            let args = args.bind(name, &["key", "default"], 1)?;
            let found = dict.borrow_mut().remove(&args.value(0).key()?).map(|(_, value)| value);
            let found = found.or_else(|| args.get(1).cloned());
            return found.ok_or_else(|| Fault::of("the dict has no such key"));
        }
        "popitem" => {
            let last = dict.borrow().iter().next_back().map(|(key, _)| key.clone());
            let Some(last) = last else { return Err(Fault::of("the dict is empty")) };
            let removed = dict.borrow_mut().remove(&last.key()?);
            let (key, value) = removed.unwrap_or((Value::None, Value::None));
            return Ok(Value::tuple(vec![key, value]));
        }
        "setdefault" => {
            let args = args.bind(name, &["key", "default"], 1)?;
            let key = args.value(0);
            let found = dict.borrow().get(&key.key()?).cloned();
            let value = found.unwrap_or_else(|| args.value(1).clone());
            dict.borrow_mut().set(key.clone(), value.clone())?;
            return Ok(value);
        }
        "fromkeys" => {
            let args = args.bind(name, &["iterable", "value"], 1)?;
            let mut made = Dict::default();
            for key in args.value(0).items()? {
                made.set(key, args.value(1).clone())?;
            }
            return Ok(Value::dict(made));
        }
        _ => {
            let named = std::mem::take(&mut args.named);
            for value in args.positional {
                // A copy: what it is updated with may be itself.
                let mut updated = dict.borrow().clone();
                update(&mut updated, &value)?;
                *dict.borrow_mut() = updated;
            }
            for (name, value) in named {
                dict.borrow_mut().set_str(&name, value);
            }
        }
    }
    Ok(Value::None)
}

/// Puts the entries of another dict, or pairs, into a dict.
pub fn update(dict: &mut Dict, with: &Value) -> Res<()> {
    if let Value::Dict(other) = with {
        for (key, value) in other.borrow().iter() {
            dict.set(key.clone(), value.clone())?;
        }
        return Ok(());
    }
    for pair in with.items()? {
        match &*pair.items()? {
            [key, value] => dict.set(key.clone(), value.clone())?,
            other => {
                let length = other.len();
                let message =
                    format!("dictionary update sequence element has length {length}; 2 is required");
                return Err(Fault::of(message));
            }
        }
    }
    Ok(())
}
