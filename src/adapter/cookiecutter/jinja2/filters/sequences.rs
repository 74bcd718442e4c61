//! Filters of lists, dicts and whatever else can be gone through.

use std::cmp::Ordering;

use super::super::arguments::Args;
use super::super::fault::{Fault, Res};
use super::super::interpreter::{Interpreter, State};
use super::super::value::{Value, View};
use super::super::{ast, checks, escape, ops, repr};

/// What a filter gives; the arguments again, if it is none of these.
pub fn apply(engine: &Interpreter<'_>, state: &State, name: &str, args: Args) -> Res<Result<Value, Args>> {
    Ok(Ok(match name {
        "batch" => {
            let args = args.bind(name, &["value", "linecount", "fill_with"], 2)?;
            let size = usize::try_from(args.int(1, 1)?).unwrap_or(0).max(1);
            engine.make(size)?;
            let items = args.value(0).items()?;
            let rows = items.chunks(size).map(|row| {
                let mut row = row.to_vec();
                if let Some(fill) = args.some(2) {
                    row.resize(size, fill.clone());
                }
                Value::list(row)
            });
            Value::iter(rows)
        }
        "slice" => {
            let args = args.bind(name, &["value", "slices", "fill_with"], 2)?;
            let items = args.value(0).items()?;
            let slices = usize::try_from(args.int(1, 1)?).unwrap_or(0);
            engine.make(slices.saturating_mul(32))?;
            let (Some(each), Some(more)) = (items.len().checked_div(slices), items.len().checked_rem(slices))
            else {
                return Err(Fault::of("integer division or modulo by zero"));
            };
            let mut rest = items.as_slice();
            let columns = (0..slices).map(|column| {
                let (mine, behind) = rest.split_at((each + usize::from(column < more)).min(rest.len()));
                rest = behind;
                let fill = args.some(2).filter(|_| column >= more);
                Value::list(mine.iter().chain(fill).cloned().collect())
            });
            Value::iter(columns.collect::<Vec<_>>())
        }
        "count" | "length" => Value::Int(args.bind(name, &["value"], 1)?.value(0).length()? as i128),
        "dictsort" => dictsort(engine, args)?,
        "first" | "last" => {
            let args = args.bind(name, &["seq"], 1)?;
            if name == "last" && matches!(args.value(0), Value::Iter(_)) {
                return Err(Fault::of("'generator' object is not reversible"));
            }
            let items = match args.value(0) {
                Value::Range(range) if range.len() > 0 => {
                    let at = if name == "first" { 0 } else { range.len() - 1 };
                    vec![Value::Int(range.at(at))]
                }
                other => other.items()?,
            };
            let found = if name == "first" { items.first() } else { items.last() };
            let none = || Value::missing(format!("No {name} item, sequence was empty."));
            found.cloned().unwrap_or_else(none)
        }
        "groupby" => groupby(engine, args)?,
        "items" => {
            let args = args.bind(name, &["value"], 1)?;
            match args.value(0) {
                Value::Undefined(_) => Value::iter([]),
                Value::Dict(dict) => Value::iter(Value::View(View::Items, dict.clone()).items()?),
                _ => return Err(Fault::of("Can only get item pairs from a mapping.")),
            }
        }
        "join" => join(engine, state, args)?,
        "list" => Value::list(args.bind(name, &["value"], 1)?.value(0).items()?),
        "map" => map(engine, state, args)?,
        "max" | "min" => {
            let args = args.bind(name, &["value", "case_sensitive", "attribute"], 1)?;
            let (sensitive, attribute) = (args.yes(1, false)?, args.some(2));
            let mut best: Option<(Value, Value)> = None;
            for item in args.value(0).items()? {
                let key = key(engine, &item, attribute, sensitive, None)?;
                let better = match &best {
                    None => true,
                    Some((_, other)) => {
                        let order = ops::order(engine, &key, other)?;
                        order == Some(if name == "max" { Ordering::Greater } else { Ordering::Less })
                    }
                };
                if better {
                    best = Some((item, key));
                }
            }
            let none = || Value::missing("No aggregated item, sequence was empty.");
            best.map_or_else(none, |(item, _)| item)
        }
        "random" => engine.choose(&args.bind(name, &["seq"], 1)?.value(0).items()?)?,
        "select" | "reject" | "selectattr" | "rejectattr" => select(engine, name, args)?,
        "reverse" => {
            let args = args.bind(name, &["value"], 1)?;
            match args.value(0) {
                text @ (Value::Str(_) | Value::Safe(_)) => ops::slice(engine, text, [None, None, Some(-1)])?,
                other => Value::iter(other.items()?.into_iter().rev()),
            }
        }
        "sort" => {
            let args = args.bind(name, &["value", "reverse", "case_sensitive", "attribute"], 1)?;
            let sensitive = args.yes(2, false)?;
            let mut keyed = vec![];
            for item in args.value(0).items()? {
                keyed.push((sort_key(engine, &item, args.some(3), sensitive)?, item));
            }
            ops::sort(engine, &mut keyed, args.yes(1, false)?)?;
            Value::list(keyed.into_iter().map(|(_, item)| item).collect())
        }
        "sum" => {
            let args = args.bind(name, &["iterable", "attribute", "start"], 1)?;
            let mut sum = args.get(2).cloned().unwrap_or(Value::Int(0));
            if sum.as_str().is_some() {
                return Err(Fault::of("sum() can't sum strings [use ''.join(seq) instead]"));
            }
            for item in args.value(0).items()? {
                let item = key(engine, &item, args.some(1), true, None)?;
                sum = ops::binary(engine, ast::Operator::Add, &sum, &item)?;
            }
            sum
        }
        "unique" => {
            let args = args.bind(name, &["value", "case_sensitive", "attribute"], 1)?;
            let mut seen = std::collections::HashSet::new();
            let mut kept = vec![];
            for item in args.value(0).items()? {
                let key = key(engine, &item, args.some(2), args.yes(1, false)?, None)?;
                if seen.insert(key.key()?) {
                    kept.push(item);
                }
            }
            Value::iter(kept)
        }
        _ => return Ok(Err(args)),
    }))
}

/// What an attribute path such as `address.city` leads to; without one, the item itself.
fn key(
    engine: &Interpreter<'_>,
    item: &Value,
    path: Option<&Value>,
    case_sensitive: bool,
    default: Option<&Value>,
) -> Res<Value> {
    engine.spend(1)?;
    let mut value = item.clone();
    let steps = match path {
        None => vec![],
        Some(Value::Str(path) | Value::Safe(path)) => {
            let number = |part: &str| part.parse::<u32>().ok().map(|number| Value::Int(number.into()));
            path.split('.').map(|part| number(part).unwrap_or_else(|| Value::text(part))).collect()
        }
        Some(other) => vec![other.clone()],
    };
    for step in steps {
        let found = engine.item(&value, &step)?;
        value = match (found, default) {
            (Some(found), _) => found,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                let kind = value.type_name();
                Value::missing(format!("a {kind} has no `{}`", repr::str(&step)?))
            }
        };
    }
    Ok(match (&value, case_sensitive) {
        (Value::Str(text), false) => Value::text(text.to_lowercase()),
        _ => value,
    })
}

fn sort_key(engine: &Interpreter<'_>, item: &Value, paths: Option<&Value>, sensitive: bool) -> Res<Value> {
    match paths {
        Some(Value::Str(paths) | Value::Safe(paths)) => {
            let keys =
                paths.split(',').map(|path| key(engine, item, Some(&Value::text(path)), sensitive, None));
            Ok(Value::tuple(keys.collect::<Res<_>>()?))
        }
        other => key(engine, item, other, sensitive, None),
    }
}

fn dictsort(engine: &Interpreter<'_>, args: Args) -> Res<Value> {
    let args = args.bind("dictsort", &["value", "case_sensitive", "by", "reverse"], 1)?;
    let at = match &*args.text(2, "key")? {
        "key" => 0,
        "value" => 1,
        _ => return Err(Fault::of("You can only sort by either \"key\" or \"value\"")),
    };
    let Value::Dict(dict) = args.value(0).there()? else {
        return Err(Fault::of(format!("'{}' object has no attribute 'items'", args.value(0).type_name())));
    };
    let mut keyed = vec![];
    for pair in Value::View(View::Items, dict.clone()).items()? {
        let by = engine.item(&pair, &Value::Int(at))?.unwrap_or(Value::None);
        keyed.push((key(engine, &by, None, args.yes(1, false)?, None)?, pair));
    }
    ops::sort(engine, &mut keyed, args.yes(3, false)?)?;
    Ok(Value::list(keyed.into_iter().map(|(_, pair)| pair).collect()))
}

fn groupby(engine: &Interpreter<'_>, args: Args) -> Res<Value> {
    let args = args.bind("groupby", &["value", "attribute", "default", "case_sensitive"], 2)?;
    let (path, default, sensitive) = (args.some(1), args.some(2), args.yes(3, false)?);
    let mut keyed = vec![];
    for item in args.value(0).items()? {
        keyed.push((key(engine, &item, path, sensitive, default)?, item));
    }
    ops::sort(engine, &mut keyed, false)?;
    let mut groups: Vec<(Value, Value, Vec<Value>)> = vec![];
    for (by, item) in keyed {
        match groups.last_mut() {
            Some((last, _, items)) if ops::equal(engine, last, &by)? => items.push(item),
            _ => {
                let shown = key(engine, &item, path, true, default)?;
                groups.push((by, shown, vec![item]));
            }
        }
    }
    let groups = groups.into_iter().map(|(_, shown, items)| Value::tuple(vec![shown, Value::list(items)]));
    Ok(Value::list(groups.collect()))
}

fn join(engine: &Interpreter<'_>, state: &State, args: Args) -> Res<Value> {
    let args = args.bind("join", &["value", "d", "attribute"], 1)?;
    let mut items = args.value(0).items()?;
    if let Some(path) = args.some(2) {
        items = items.iter().map(|item| key(engine, item, Some(path), true, None)).collect::<Res<_>>()?;
    }
    let between = args.get(1).cloned().unwrap_or_else(|| Value::text(""));
    let any_safe = items.iter().chain([&between]).any(|item| matches!(item, Value::Safe(_)));
    let safe = state.autoescape && any_safe;
    let shown = |value: &Value| -> Res<String> {
        let text = repr::str(value)?;
        Ok(if safe && !matches!(value, Value::Safe(_)) { escape(&text) } else { text })
    };
    let between = shown(&between)?;
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            engine.write(&mut out, &between)?;
        }
        engine.write(&mut out, &shown(item)?)?;
    }
    Ok(if safe { Value::Safe(out.into()) } else { Value::Str(out.into()) })
}

fn map(engine: &Interpreter<'_>, state: &State, mut args: Args) -> Res<Value> {
    if args.positional.is_empty() {
        return Err(Fault::of("map needs what to go through"));
    }
    let over = args.positional.remove(0);
    let attribute = if args.positional.is_empty() { args.take("attribute") } else { None };
    let items = over.items()?;
    let mut mapped = vec![];
    if let Some(path) = attribute {
        let default = args.take("default").filter(|default| !matches!(default, Value::None));
        if let Some((name, _)) = args.named.first() {
            return Err(Fault::of(format!("Unexpected keyword argument '{name}'")));
        }
        for item in &items {
            mapped.push(key(engine, item, Some(&path), true, default.as_ref())?);
        }
        return Ok(Value::iter(mapped));
    }
    if args.positional.is_empty() {
        return Err(Fault::of("map requires a filter argument"));
    }
    let filter = repr::str(&args.positional.remove(0))?;
    for item in items {
        let mut args = args.clone();
        args.positional.insert(0, item);
        mapped.push(engine.deeper(|| super::apply(engine, state, &filter, args))?);
    }
    Ok(Value::iter(mapped))
}

fn select(engine: &Interpreter<'_>, name: &str, mut args: Args) -> Res<Value> {
    let by_attribute = name.ends_with("attr");
    let keep = name.starts_with("select");
    let needed = 1 + usize::from(by_attribute);
    if args.positional.len() < needed {
        return Err(Fault::of("Missing parameter for attribute name"));
    }
    let mut own = args.positional.drain(..needed);
    let (over, path) = (own.next().unwrap_or(Value::None), own.next());
    drop(own);
    let test = match args.positional.is_empty() {
        true => None,
        false => Some(repr::str(&args.positional.remove(0))?),
    };
    let mut kept = vec![];
    for item in over.items()? {
        let value = match &path {
            Some(path) => key(engine, &item, Some(path), true, None)?,
            None => item.clone(),
        };
        let yes = match &test {
            Some(test) => {
                let mut args = args.clone();
                args.positional.insert(0, value);
                checks::check(engine, test, args)?
            }
            None => value.is_true()?,
        };
        if yes == keep {
            kept.push(item);
        }
    }
    Ok(Value::iter(kept))
}
