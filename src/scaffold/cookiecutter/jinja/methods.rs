//! Python's methods of texts, lists and dictionaries.

use minijinja::formatting::FormatStyle;
use minijinja::value::{ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

use super::cost;
use super::fault::{Fault, otherwise};
use super::filters::{check_length, format_text};

/// Methods that change what they are called on.
const CHANGING: [&str; 11] = [
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];

/// Methods of texts that ask for their characters.
const ASKING: [&str; 7] = ["isalnum", "isalpha", "isdigit", "isnumeric", "isspace", "islower", "isupper"];

/// Side of a text that is filled up.
#[derive(Clone, Copy)]
pub enum Side {
    Left,
    Right,
    Both,
}

/// Calls a method that minijinja doesn't know.
pub fn call(state: &mut State<'_, '_>, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    cost::charge(state, value)?;
    if let Some(text) = value.as_str() {
        return call_on_text(state, value, text, method, args);
    }
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable)
        && CHANGING.contains(&method)
    {
        return Err(otherwise(
            &format!("`{method}` changes a value, which is not done here"),
            replacement_hint(method),
        ));
    }
    if value.kind() == ValueKind::Seq && method == "index" {
        let (wanted,): (Value,) = from_args(args)?;
        let at = value.try_iter()?.position(|item| item == wanted);
        return at
            .map(Value::from)
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "this is not in the list"));
    }
    pycompat::unknown_method_callback(state, value, method, args)
}

fn replacement_hint(method: &str) -> &'static str {
    match method {
        "append" | "extend" | "insert" => {
            "a new list: `{% set names = names + [x] %}`; in a loop `{% set ns.names = ns.names + [x] %}`, with \
             `{% set ns = namespace(names=[]) %}` before it"
        }
        "update" | "setdefault" => "a new variable: `{% set name = … %}`",
        "sort" | "reverse" => "the filter: `names|sort`, `names|reverse|list`",
        _ => "a slice, or a loop with `if`",
    }
}

/// A method that nothing has.
pub fn unknown_method(message: &str) -> Box<Fault> {
    Fault::otherwise(format!("{message} here"), "a filter, such as `|upper`, `|replace`, `|trim`")
}

fn call_on_text(
    state: &mut State<'_, '_>,
    value: &Value,
    text: &str,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    // Python takes these for white space, Rust doesn't.
    if text.contains(|c| ('\u{1c}'..='\u{1f}').contains(&c)) {
        return Err(otherwise("control characters are read otherwise by Python", "a text without them"));
    }
    if ASKING.contains(&method) && !text.is_ascii() {
        return Err(otherwise(&format!("`{method}` knows other letters in Python"), "a text in ASCII"));
    }
    match method {
        "title" => {
            let () = from_args(args)?;
            title(text).map(Value::from)
        }
        "capitalize" => {
            let () = from_args(args)?;
            capitalize(text).map(Value::from)
        }
        "splitlines" if args.is_empty() => Ok(lines(text)?.into_iter().map(Value::from).collect()),
        "splitlines" => Err(otherwise("`splitlines` takes nothing here", "`splitlines()`")),
        "format" => format_text(FormatStyle::StrFormat, text, args).map(Value::from),
        "join" => {
            let (items,): (Value,) = from_args(args)?;
            let mut all: Vec<&str> = vec![];
            let items: Vec<Value> = items.try_iter()?.collect();
            for item in &items {
                let not = || Error::new(ErrorKind::InvalidOperation, "only texts can be joined");
                all.push(item.as_str().ok_or_else(not)?);
            }
            check_length(all.iter().map(|part| part.len() + text.len()).sum())?;
            Ok(Value::from(all.join(text)))
        }
        "split" if args.first().and_then(Value::as_str) == Some("") => {
            Err(Error::new(ErrorKind::InvalidOperation, "empty separator"))
        }
        "swapcase" if text.is_ascii() => {
            let () = from_args(args)?;
            let swap = |c: char| {
                if c.is_uppercase() {
                    c.to_lowercase().collect()
                } else {
                    c.to_uppercase().collect::<String>()
                }
            };
            Ok(Value::from(text.chars().map(swap).collect::<String>()))
        }
        "casefold" if text.is_ascii() => Ok(Value::from(text.to_lowercase())),
        "removeprefix" | "removesuffix" => {
            let (part,): (&str,) = from_args(args)?;
            let rest =
                if method == "removeprefix" { text.strip_prefix(part) } else { text.strip_suffix(part) };
            Ok(Value::from(rest.unwrap_or(text)))
        }
        "partition" | "rpartition" => {
            let (part,): (&str,) = from_args(args)?;
            if part.is_empty() {
                return Err(Error::new(ErrorKind::InvalidOperation, "empty separator"));
            }
            let parts = if method == "partition" { text.split_once(part) } else { text.rsplit_once(part) };
            let parts = match parts {
                Some((before, behind)) => [before, part, behind],
                None if method == "partition" => [text, "", ""],
                None => ["", "", text],
            };
            Ok(Value::from(minijinja::value::Tuple::from(parts.map(Value::from))))
        }
        "rsplit" => {
            let (part, most): (&str, Option<usize>) = from_args(args)?;
            if part.is_empty() {
                return Err(Error::new(ErrorKind::InvalidOperation, "empty separator"));
            }
            let mut parts: Vec<&str> = match most {
                Some(most) => text.rsplitn(most.saturating_add(1), part).collect(),
                None => text.rsplit(part).collect(),
            };
            parts.reverse();
            Ok(parts.into_iter().map(Value::from).collect())
        }
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            let (sign, digits) = match text.strip_prefix(['+', '-']) {
                Some(digits) => (text.get(..1).unwrap_or_default(), digits),
                None => ("", text),
            };
            let number = pad(digits, width.saturating_sub(sign.len()), "0", Side::Left)?;
            Ok(Value::from(format!("{sign}{number}")))
        }
        "ljust" | "rjust" | "center" => {
            let (width, by): (usize, Option<&str>) = from_args(args)?;
            let side = match method {
                "ljust" => Side::Right,
                "rjust" => Side::Left,
                _ => Side::Both,
            };
            Ok(Value::from(pad(text, width, by.unwrap_or(" "), side)?))
        }
        "index" => {
            let (part,): (&str,) = from_args(args)?;
            let at = text.find(part).and_then(|at| text.get(..at));
            at.map(|before| Value::from(before.chars().count()))
                .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "substring not found"))
        }
        "encode" => Err(otherwise("bytes are not known here", "the text itself")),
        _ => pycompat::unknown_method_callback(state, value, method, args),
    }
}

/// Fills a text up to a width, in characters.
pub fn pad(text: &str, width: usize, by: &str, side: Side) -> Result<String, Error> {
    let length = text.chars().count();
    if by.chars().count() != 1 {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "The fill character must be exactly one character long",
        ));
    }
    let missing = width.saturating_sub(length);
    check_length(missing.saturating_mul(by.len()))?;
    let left = match side {
        Side::Left => missing,
        Side::Right => 0,
        // Python puts what is left over on the left of an odd width.
        Side::Both => missing / 2 + (missing & width & 1),
    };
    Ok(format!("{}{text}{}", by.repeat(left), by.repeat(missing - left)))
}

/// Words as `str.title()` writes them: whatever is no letter begins a word.
fn title(text: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !c.is_alphabetic()) {
        out.push_str(&capitalize(word)?);
    }
    Ok(out)
}

/// Returns a text with a capital letter in front, and small ones behind.
pub fn capitalize(text: &str) -> Result<String, Error> {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return Ok(String::new()) };
    // Letters of two, whose form in front of a word is neither the small nor the capital one.
    if text.contains('Σ')
        || first.to_uppercase().count() > 1
        || ('\u{1c4}'..='\u{1f3}').contains(&first)
        || ('\u{1f80}'..='\u{1fff}').contains(&first)
    {
        return Err(otherwise(
            &format!("Python writes `{first}` otherwise in front of a word"),
            "the word as it is to be",
        ));
    }
    Ok(first.to_uppercase().chain(letters.as_str().to_lowercase().chars()).collect())
}

/// Returns true if Python takes a character for white space.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Lines as `str.splitlines()` has them, of texts whose lines end with `\n`.
pub fn lines(text: &str) -> Result<Vec<&str>, Error> {
    let is_other = |c: char| {
        matches!(c, '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    if text.contains(is_other) {
        return Err(otherwise(
            "lines end otherwise in Python here",
            "a text whose lines end with a line feed",
        ));
    }
    Ok(text.strip_suffix('\n').map_or_else(
        || if text.is_empty() { vec![] } else { text.split('\n').collect() },
        |text| text.split('\n').collect(),
    ))
}
