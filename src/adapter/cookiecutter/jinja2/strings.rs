//! Methods of texts.

use super::arguments::{Args, Bound};
use super::fault::{Fault, Res};
use super::interpreter::Interpreter;
use super::value::{Dict, Value};
use super::{escape, format, repr};

pub const METHODS: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

pub fn call(engine: &Interpreter<'_>, of: &Value, name: &str, args: Args) -> Res<Value> {
    let text = of.as_str().unwrap_or_default();
    engine.spend(text.len() as u64 / 64)?;
    let safe = matches!(of, Value::Safe(_));
    let made = |text: String| if safe { Value::Safe(text.into()) } else { Value::Str(text.into()) };
    if name.starts_with("is") {
        args.bind(name, &[], 0)?;
        return Ok(Value::Bool(is(text, name)));
    }
    Ok(match name {
        "format" => format::braces(engine, of, args)?,
        "format_map" => {
            let args = args.bind(name, &["mapping"], 1)?;
            let mut named = Args::default();
            if let Value::Dict(dict) = args.value(0) {
                let dict = dict.borrow();
                named.named =
                    dict.iter().filter_map(|(k, v)| Some((k.as_str()?.into(), v.clone()))).collect();
            }
            format::braces(engine, of, named)?
        }
        "encode" => return Err(Fault::of("bytes are not there for templates: `encode` is not done")),
        "capitalize" => made(capitalize(text)),
        "casefold" => made(text.replace('ẞ', "ss").to_lowercase().replace('ß', "ss")),
        "lower" => made(text.to_lowercase()),
        "upper" => made(text.to_uppercase()),
        "swapcase" => {
            let swapped = text.chars().map(|c| match c.is_uppercase() {
                true => c.to_lowercase().to_string(),
                false => c.to_uppercase().to_string(),
            });
            made(swapped.collect())
        }
        "title" => made(title(text)),
        "center" | "ljust" | "rjust" | "zfill" => made(padded(engine, text, name, args)?),
        "count" | "find" | "index" | "rfind" | "rindex" => search(text, name, args)?,
        "startswith" | "endswith" => {
            let args = args.bind(name, &["prefix", "start", "end"], 1)?;
            let text = part(text, &args, 1)?;
            let ends = |with: &Value| match with.there()?.as_str() {
                Some(with) if name == "startswith" => Ok(text.starts_with(with)),
                Some(with) => Ok(text.ends_with(with)),
                None => Err(Fault::of(format!("{name} first arg must be str or a tuple of str"))),
            };
            let with = match args.value(0) {
                Value::Tuple(all) => all.to_vec(),
                one => vec![one.clone()],
            };
            let mut any = false;
            for with in &with {
                any = any || ends(with)?;
            }
            Value::Bool(any)
        }
        "expandtabs" => {
            let size = usize::try_from(args.bind(name, &["tabsize"], 0)?.int(0, 8)?).unwrap_or(0);
            let tabs = text.matches('\t').count();
            engine.make(text.len() + tabs.saturating_mul(size))?;
            let (mut out, mut column) = (String::new(), 0);
            for c in text.chars() {
                match c {
                    '\t' => {
                        let blanks = if size == 0 { 0 } else { size - column % size };
                        out.extend(std::iter::repeat_n(' ', blanks));
                        column += blanks;
                    }
                    '\n' | '\r' => {
                        out.push(c);
                        column = 0;
                    }
                    c => {
                        out.push(c);
                        column += 1;
                    }
                }
            }
            made(out)
        }
        "join" => {
            let args = args.bind(name, &["iterable"], 1)?;
            let mut out = String::new();
            for (index, item) in args.value(0).items()?.iter().enumerate() {
                let Some(part) = item.there()?.as_str() else {
                    let kind = item.type_name();
                    return Err(Fault::of(format!(
                        "sequence item {index}: expected str instance, {kind} found"
                    )));
                };
                let part =
                    if safe && !matches!(item, Value::Safe(_)) { escape(part) } else { part.to_string() };
                engine.make(out.len() + part.len())?;
                if index > 0 {
                    out.push_str(text);
                }
                out.push_str(&part);
            }
            made(out)
        }
        "strip" | "lstrip" | "rstrip" => {
            let args = args.bind(name, &["chars"], 0)?;
            made(strip(text, args.some(0), name != "rstrip", name != "lstrip")?.to_string())
        }
        "partition" | "rpartition" => {
            let separator = args.bind(name, &["sep"], 1)?.text(0, "")?;
            if separator.is_empty() {
                return Err(Fault::of("empty separator"));
            }
            let split = if name == "partition" {
                text.split_once(&*separator)
            } else {
                text.rsplit_once(&*separator)
            };
            let parts = match split {
                Some((before, after)) => [before, &separator, after],
                None if name == "partition" => [text, "", ""],
                None => ["", "", text],
            };
            Value::tuple(parts.iter().map(|part| made(part.to_string())).collect())
        }
        "removeprefix" => {
            let with = args.bind(name, &["prefix"], 1)?.text(0, "")?;
            made(text.strip_prefix(&*with).unwrap_or(text).to_string())
        }
        "removesuffix" => {
            let with = args.bind(name, &["suffix"], 1)?.text(0, "")?;
            made(text.strip_suffix(&*with).unwrap_or(text).to_string())
        }
        "replace" => {
            let args = args.bind(name, &["old", "new", "count"], 2)?;
            let (old, new) = (args.text(0, "")?, args.text(1, "")?);
            let new = match args.value(1) {
                Value::Str(_) if safe => escape(&new),
                _ => new.to_string(),
            };
            made(replace(engine, text, &old, &new, args.int(2, -1)?)?)
        }
        "split" | "rsplit" => {
            let args = args.bind(name, &["sep", "maxsplit"], 0)?;
            let parts = split(text, args.some(0), args.int(1, -1)?, name == "rsplit")?;
            engine.make(parts.len() * 32)?;
            Value::list(parts.into_iter().map(|part| made(part.to_string())).collect())
        }
        _ => {
            let keep = args.bind(name, &["keepends"], 0)?.yes(0, false)?;
            Value::list(lines(text, keep).into_iter().map(|line| made(line.to_string())).collect())
        }
    })
}

fn is(text: &str, name: &str) -> bool {
    let all = |check: fn(char) -> bool| !text.is_empty() && text.chars().all(check);
    match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(|c| c.is_alphabetic() && !c.is_numeric()),
        "isascii" => text.is_ascii(),
        "isdecimal" | "isdigit" => all(|c| c.is_numeric() && (c.is_ascii_digit() || !c.is_ascii())),
        "isnumeric" => all(char::is_numeric),
        "isidentifier" => {
            let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
            starts && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        }
        "islower" => is_case(text, char::is_lowercase, char::is_uppercase),
        "isupper" => is_case(text, char::is_uppercase, char::is_lowercase),
        "isprintable" => {
            let mut quoted = String::new();
            repr::quoted(&mut quoted, &text.replace(['\\', '\''], ""));
            quoted.len() == text.replace(['\\', '\''], "").len() + 2
        }
        "isspace" => all(char::is_whitespace),
        _ => text.chars().any(char::is_alphabetic) && title(text) == text,
    }
}

/// Whether all letters that have a case have this one, and one has.
pub fn is_case(text: &str, is: fn(char) -> bool, other: fn(char) -> bool) -> bool {
    text.chars().any(is) && !text.chars().any(other)
}

/// A letter at the beginning of a word.
fn titled(c: char) -> String {
    let mut upper = c.to_uppercase();
    let first = upper.next().into_iter();
    first.chain(upper.flat_map(char::to_lowercase)).collect()
}

pub fn capitalize(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => titled(first) + &rest.as_str().to_lowercase(),
        None => String::new(),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        match in_word {
            true => out.extend(c.to_lowercase()),
            false => out.push_str(&titled(c)),
        }
        in_word = c.is_lowercase() || c.is_uppercase();
    }
    out
}

fn padded(engine: &Interpreter<'_>, text: &str, name: &str, args: Args) -> Res<String> {
    let args = args.bind(name, &["width", "fillchar"], 1)?;
    let width = usize::try_from(args.int(0, 0)?.max(0)).map_err(|_| Fault::too_long())?;
    engine.make(width)?;
    let fill = args.text(1, " ")?;
    let mut fills = fill.chars();
    let (Some(fill), None) = (fills.next(), fills.next()) else {
        return Err(Fault::of("The fill character must be exactly one character long"));
    };
    let length = text.chars().count();
    Ok(if name == "zfill" {
        let (sign, digits) = match text.strip_prefix(['+', '-']) {
            Some(digits) => (text.get(..1).unwrap_or_default(), digits),
            None => ("", text),
        };
        format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(length)))
    } else {
        let side = match name {
            "ljust" => format::Side::Left,
            "rjust" => format::Side::Right,
            _ => format::Side::Center,
        };
        format::pad(text, width, fill, side)
    })
}

/// The part of a text between two places, which count letters.
fn part(text: &str, args: &Bound, at: usize) -> Res<String> {
    let length = text.chars().count() as i128;
    let place =
        |at: i128| usize::try_from(if at < 0 { (at + length).max(0) } else { at }).unwrap_or(usize::MAX);
    let start = args.some(at).map_or(Ok(0), |_| args.int(at, 0))?;
    let end = args.some(at + 1).map_or(Ok(length), |_| args.int(at + 1, length))?;
    Ok(text.chars().take(place(end)).skip(place(start)).collect())
}

fn search(text: &str, name: &str, args: Args) -> Res<Value> {
    let args = args.bind(name, &["sub", "start", "end"], 1)?;
    let wanted = args.text(0, "")?;
    let inside = part(text, &args, 1)?;
    if name == "count" {
        let count = match wanted.is_empty() {
            true => inside.chars().count() + 1,
            false => inside.matches(&*wanted).count(),
        };
        return Ok(Value::Int(count as i128));
    }
    let found = if name.starts_with('r') { inside.rfind(&*wanted) } else { inside.find(&*wanted) };
    let length = text.chars().count() as i128;
    let start = args.some(1).map_or(Ok(0), |_| args.int(1, 0))?;
    let start = if start < 0 { (start + length).max(0) } else { start };
    match found {
        Some(at) => {
            let before = inside.get(..at).unwrap_or_default().chars().count() as i128;
            Ok(Value::Int(before + start))
        }
        None if name.ends_with("index") => Err(Fault::of("substring not found")),
        None => Ok(Value::Int(-1)),
    }
}

pub fn strip<'t>(text: &'t str, chars: Option<&Value>, left: bool, right: bool) -> Res<&'t str> {
    let chars = match chars {
        None => None,
        Some(chars) => match chars.there()?.as_str() {
            Some(chars) => Some(chars),
            None => return Err(Fault::of("strip arg must be None or str")),
        },
    };
    let goes = |c: char| match chars {
        Some(chars) => chars.contains(c),
        None => c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c),
    };
    let text = if left { text.trim_start_matches(goes) } else { text };
    Ok(if right { text.trim_end_matches(goes) } else { text })
}

pub fn replace(engine: &Interpreter<'_>, text: &str, old: &str, new: &str, count: i128) -> Res<String> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let times = match old.is_empty() {
        true => text.chars().count() + 1,
        false => text.matches(old).count(),
    };
    engine.make(text.len() + times.min(most).saturating_mul(new.len()))?;
    Ok(text.replacen(old, new, most))
}

fn split<'t>(text: &'t str, separator: Option<&Value>, most: i128, from_end: bool) -> Res<Vec<&'t str>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX - 1);
    if let Some(separator) = separator {
        let Some(separator) = separator.there()?.as_str() else {
            let kind = separator.type_name();
            return Err(Fault::of(format!("must be str or None, not {kind}")));
        };
        if separator.is_empty() {
            return Err(Fault::of("empty separator"));
        }
        return Ok(match from_end {
            false => text.splitn(most + 1, separator).collect(),
            true => {
                let mut parts: Vec<&str> = text.rsplitn(most + 1, separator).collect();
                parts.reverse();
                parts
            }
        });
    }
    let mut parts = vec![];
    let mut rest = text.trim();
    while !rest.is_empty() {
        if parts.len() == most {
            parts.push(if from_end { text.trim_start().get(..rest.len()).unwrap_or(rest) } else { rest });
            break;
        }
        let found = if from_end { rest.rfind(char::is_whitespace) } else { rest.find(char::is_whitespace) };
        let Some(at) = found else {
            parts.push(rest);
            break;
        };
        let (before, after) = rest.split_at(at);
        if from_end {
            parts.push(after.trim_start());
            rest = before.trim_end();
        } else {
            parts.push(before);
            rest = after.trim_start();
        }
    }
    if !from_end && parts.len() == most + 1 {
        // The last part keeps the blanks at its end.
        let tail = text.len() - text.trim_end().len();
        if let Some(last) = parts.last_mut() {
            let end = text.len() - tail;
            let start = end - last.len();
            *last = text.get(start..).unwrap_or(last);
        }
    }
    if from_end {
        if parts.len() == most + 1
            && let Some(last) = parts.last_mut()
        {
            let lead = text.len() - text.trim_start().len();
            *last = text.get(..lead + last.len()).unwrap_or(last);
        }
        parts.reverse();
    }
    Ok(parts)
}

/// Lines as `str.splitlines` sees them.
pub fn lines(text: &str, keep: bool) -> Vec<&str> {
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = vec![];
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = rest.find(ends) else {
            lines.push(rest);
            break;
        };
        let (line, behind) = rest.split_at(at);
        let length = match behind.starts_with("\r\n") {
            true => 2,
            false => behind.chars().next().map_or(1, char::len_utf8),
        };
        lines.push(if keep { rest.get(..at + length).unwrap_or(line) } else { line });
        rest = behind.get(length..).unwrap_or_default();
    }
    lines
}

/// The pairs of a dict, for whoever has only named arguments.
pub fn named(args: &Args) -> Dict {
    let mut dict = Dict::default();
    for (name, value) in &args.named {
        dict.set_str(name, value.clone());
    }
    dict
}
