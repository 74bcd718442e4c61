//! The filters and tests of Jinja2 that are read alike, and those that Cookiecutter adds.

use std::cmp::Ordering;
use std::sync::PoisonError;

use minijinja::formatting::FormatStyle;
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::fault::{Fault, Res, otherwise, unseeded};
use super::globals::Random;
use super::prepare::{COST, EACH, LENGTH, LIST, ORDER, TEXT};
use super::{cost, json, methods, numbers, printing, slugify};

/// Maximum number of digits of a width in a format.
const MAX_WIDTH_DIGITS: usize = 6;

/// Filters that make markup of a text.
pub const ESCAPING: [&str; 3] = ["e", "escape", "safe"];

/// Filters that are read alike, minijinja's own and ours.
const KNOWN: &[&str] = &[
    "abs",
    "batch",
    "capitalize",
    "center",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "jsonify",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "now",
    "random",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "slugify",
    "sort",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "wordcount",
];

/// Filters that Jinja2 has, and what to write instead.
const OTHERS: &[(&str, &str)] = &[
    ("attr", "`a.b` or `a['b']`"),
    ("filesizeformat", "the size as a text"),
    ("forceescape", "`|e`"),
    ("pprint", "`|tojson`"),
    ("striptags", "the text without tags"),
    ("truncate", "a slice: `text[:20]`"),
    ("urlize", "the link as HTML"),
    ("wordwrap", "the lines as they are to be"),
    ("xmlattr", "the attributes one by one"),
];

/// Filters that take what they are given as a text.
pub const TEXTUAL: [&str; 12] = [
    "capitalize",
    "center",
    "indent",
    "lower",
    "replace",
    "slugify",
    "string",
    "title",
    "trim",
    "upper",
    "urlencode",
    "wordcount",
];

/// Filters that look at an end of what they are given, or count it.
pub const SHALLOW: [&str; 4] = ["count", "first", "last", "length"];

/// Tests that look at the kind of a value, or whether it is there.
pub const SHALLOW_TESTS: [&str; 14] = [
    "boolean",
    "defined",
    "false",
    "filter",
    "float",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "sequence",
    "string",
    "true",
    "undefined",
];

/// Filters that compare texts, whatever their case.
pub const ORDERING: [&str; 6] = ["dictsort", "groupby", "max", "min", "sort", "unique"];

/// Filters whose result can be gone through once in Python: generators, and what goes backwards.
pub const SINGLE_PASS: [&str; 10] =
    ["batch", "items", "map", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "unique"];

/// Filters that only minijinja has.
const FOREIGN: [&str; 7] = ["bool", "chain", "lines", "split", "zip", "pprint", "attr"];

const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "gt",
    "greaterthan",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
    "==",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
];

/// A filter that compares, the tests that do the same, and the orders in which it holds.
type Comparison = (&'static str, &'static [&'static str], fn(Ordering) -> bool);

const COMPARISONS: &[Comparison] = &[
    ("_lt", &["lt", "lessthan", "<"], Ordering::is_lt),
    ("_le", &["le", "<="], Ordering::is_le),
    ("_gt", &["gt", "greaterthan", ">"], Ordering::is_gt),
    ("_ge", &["ge", ">="], Ordering::is_ge),
];

/// Refuses a filter that nobody knows, or that is read otherwise.
pub fn check_filter(name: &str) -> Res<()> {
    if KNOWN.contains(&name)
        || [TEXT, EACH, ORDER, COST, LENGTH, LIST].contains(&name)
        || COMPARISONS.iter().any(|(known, ..)| *known == name)
    {
        Ok(())
    } else {
        Err(unknown_filter(name))
    }
}

pub fn unknown_filter(name: &str) -> Box<Fault> {
    match OTHERS.iter().find(|(other, _)| *other == name) {
        Some((_, instead)) => Fault::otherwise(format!("the filter `{name}` is not done here"), instead),
        None => Fault::unknown("unknown-filter", "filter", name, KNOWN),
    }
}

/// Refuses a test that nobody knows, or that is read otherwise.
pub fn check_test(name: &str) -> Res<()> {
    if TESTS.contains(&name) { Ok(()) } else { Err(Fault::unknown("unknown-test", "test", name, TESTS)) }
}

pub fn add(environment: &mut Environment<'static>, random: Option<Random>) {
    FOREIGN.iter().for_each(|name| environment.remove_filter(name));
    ["safe", "escaped"].iter().for_each(|name| environment.remove_test(name));
    environment.add_test("sequence", |value: &Value| match value.kind() {
        ValueKind::Iterable | ValueKind::Undefined => {
            Err(otherwise("whether this is a sequence is not known here", "`|list` before it"))
        }
        kind => Ok(matches!(kind, ValueKind::String | ValueKind::Seq | ValueKind::Map)),
    });
    environment.add_test("lower", |value: &Value| {
        let text = printing::text(value)?;
        Ok::<bool, Error>(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase))
    });
    environment.add_test("upper", |value: &Value| {
        let text = printing::text(value)?;
        Ok::<bool, Error>(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase))
    });
    environment
        .add_filter("lower", |value: &Value| Ok::<String, Error>(printing::text(value)?.to_lowercase()));
    environment
        .add_filter("upper", |value: &Value| Ok::<String, Error>(printing::text(value)?.to_uppercase()));
    environment.add_filter("capitalize", |value: &Value| methods::capitalize(&printing::text(value)?));
    environment.add_filter("title", |value: &Value| Ok::<String, Error>(title(&printing::text(value)?)));
    environment.add_filter("trim", |value: &Value, characters: Option<&str>| {
        let text = printing::text(value)?;
        Ok::<String, Error>(match characters {
            Some(characters) => text.trim_matches(|c| characters.contains(c)).to_string(),
            None => text.trim_matches(methods::is_space).to_string(),
        })
    });
    environment.add_filter("replace", replace);
    environment.add_filter("sum", numbers::sum);
    environment.add_filter("reverse", |value: &Value| match value.is_undefined() {
        true => Err(Error::from(ErrorKind::UndefinedError)),
        false => minijinja::filters::reverse(value),
    });
    environment.add_filter("round", numbers::round);
    environment.add_filter("int", numbers::int);
    environment.add_filter("float", numbers::float);
    for name in ["e", "escape"] {
        environment.add_filter(name, escape);
    }
    environment.add_filter(COST, cost::charge_and_return);
    environment.add_filter(LENGTH, cost::charge_length);
    environment.add_filter(LIST, cost::join_lists);
    environment.add_filter(TEXT, |state: &State<'_, '_>, value: &Value| {
        printing::check(value).and_then(|()| cost::charge_and_return(state, value))
    });
    environment.add_filter(EACH, each);
    environment.add_filter(ORDER, |value: &Value| check_ascii(value, 0).map(|()| value.clone()));
    for (name, tests, holds) in COMPARISONS {
        environment.add_filter(*name, move |state: &State<'_, '_>, left: &Value, right: &Value| {
            [left, right].into_iter().try_for_each(|side| cost::charge(state, side))?;
            compare(left, right).map(holds)
        });
        for test in *tests {
            environment.add_test(*test, move |left: &Value, right: &Value| compare(left, right).map(holds));
        }
    }
    for (name, rest) in [("even", 0), ("odd", 1)] {
        environment
            .add_test(name, move |value: &Value| numbers::remainder(value, 2).map(|left| left == rest));
    }
    environment.add_test("divisibleby", |value: &Value, by: i128| {
        numbers::remainder(value, by).map(|left| left == 0)
    });
    for name in ["eq", "equalto", "=="] {
        environment
            .add_test(name, |left: &Value, right: &Value| check_defined(left, right).map(|()| left == right));
    }
    for name in ["ne", "!="] {
        environment
            .add_test(name, |left: &Value, right: &Value| check_defined(left, right).map(|()| left != right));
    }
    environment.add_test("in", |state: &State<'_, '_>, value: &Value, all: &Value| {
        check_defined(value, all)?;
        minijinja::tests::is_in(state, value, all)
    });
    environment.add_test("iterable", |value: &Value| match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        kind => Ok(matches!(kind, ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable)),
    });
    environment.add_filter("string", |value: &Value| printing::text(value));
    environment.add_filter("join", join);
    environment
        .add_filter("format", |text: &str, args: Rest<Value>| format_text(FormatStyle::Printf, text, &args));
    environment.add_filter("indent", indent);
    environment.add_filter("center", |value: &Value, width: Option<usize>| {
        methods::pad(&printing::text(value)?, width.unwrap_or(80), " ", methods::Side::Both)
    });
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("wordcount", |value: &Value| wordcount(&printing::text(value)?));
    environment.add_filter("tojson", |value: &Value, indent: Option<usize>| json::for_html(value, indent));
    environment.add_filter("jsonify", |value: &Value, indent: Rest<Value>| {
        let indent = match indent.first() {
            None => Some(4),
            Some(none) if none.is_none() => None,
            Some(width) => Some(usize::try_from(width.clone())?),
        };
        json::dumps(value, indent)
    });
    for name in ["default", "d"] {
        environment.add_filter(name, default);
    }
    environment.add_filter("slugify", slugify::filter);
    environment.add_filter("random", move |value: &Value| {
        let Some(random) = &random else { return Err(unseeded("a random item")) };
        let items: Vec<Value> = value.try_iter()?.collect();
        let item = random.lock().unwrap_or_else(PoisonError::into_inner).choice(&items).cloned();
        Ok(item.unwrap_or_default())
    });
}

/// Checks that both values are defined.
pub fn check_defined(left: &Value, right: &Value) -> Result<(), Error> {
    match left.is_undefined() || right.is_undefined() {
        true => Err(Error::from(ErrorKind::UndefinedError)),
        false => Ok(()),
    }
}

/// Compares two values that Python can compare: two numbers, two texts, two lists of such.
fn compare(left: &Value, right: &Value) -> Result<Ordering, Error> {
    let is_number = |value: &Value| matches!(value.kind(), ValueKind::Number | ValueKind::Bool);
    let is_list = |value: &Value| value.kind() == ValueKind::Seq;
    match (left.kind(), right.kind()) {
        (ValueKind::String, ValueKind::String) => Ok(left.cmp(right)),
        _ if is_number(left) && is_number(right) => Ok(left.cmp(right)),
        _ if is_list(left) && is_list(right) && left.is_tuple() == right.is_tuple() => {
            for (left, right) in left.try_iter()?.zip(right.try_iter()?) {
                if left != right {
                    return compare(&left, &right);
                }
            }
            Ok(left.len().cmp(&right.len()))
        }
        (left, right) => {
            let message = format!("a {left} and a {right} can't be compared in Python");
            Err(otherwise(&message, "both as numbers (`|int`), or both as texts"))
        }
    }
}

/// Refuses texts beyond ASCII, wherever in a value they are.
fn check_ascii(value: &Value, depth: usize) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String if value.as_str().is_some_and(|text| !text.is_ascii()) => {
            Err(otherwise("letters beyond ASCII are put in another order here", "texts in ASCII"))
        }
        ValueKind::Seq | ValueKind::Iterable if depth < 4 => {
            value.try_iter()?.try_for_each(|item| check_ascii(&item, depth + 1))
        }
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map if depth >= 4 => Err(otherwise(
            "values this deep in one another are not compared here",
            "the values by themselves",
        )),
        ValueKind::Map => value.try_iter()?.try_for_each(|key| {
            check_ascii(&key, depth + 1)?;
            check_ascii(&value.get_item(&key)?, depth + 1)
        }),
        _ => Ok(()),
    }
}

/// A text whose words begin with a capital letter: behind white space and opening brackets, and behind `-`.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let divides = |c: char| matches!(c, '-' | '(' | '{' | '[' | '<') || methods::is_space(c);
    for word in text.split_inclusive(divides) {
        let mut letters = word.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(&letters.as_str().to_lowercase());
    }
    out
}

fn replace(value: &Value, old: &Value, new: &Value, count: Option<usize>) -> Result<String, Error> {
    let (text, old, new) = (printing::text(value)?, printing::text(old)?, printing::text(new)?);
    let most = text.len() / old.len().max(1) + 1;
    check_length(text.len().saturating_add(count.unwrap_or(most).min(most).saturating_mul(new.len())))?;
    Ok(match count {
        Some(count) => text.replacen(&old, &new, count),
        None => text.replace(&old, &new),
    })
}

/// Another value for what is not defined or, if `boolean`, is empty.
fn default(
    value: &Value,
    other: Option<Value>,
    boolean: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    let other =
        other.map_or_else(|| options.get::<Option<Value>>("default_value"), |other| Ok(Some(other)))?;
    let boolean = boolean.map_or_else(|| options.get::<Option<Value>>("boolean"), |yes| Ok(Some(yes)))?;
    options.assert_all_used()?;
    let is_missing = value.is_undefined() || (boolean.is_some_and(|yes| yes.is_true()) && !value.is_true());
    Ok(if is_missing { other.unwrap_or_else(|| Value::from("")) } else { value.clone() })
}

/// Formats as `%` or `str.format` of Python do.
pub fn format_text(style: FormatStyle, text: &str, args: &[Value]) -> Result<String, Error> {
    args.iter().try_for_each(printing::check)?;
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
    if longest > MAX_WIDTH_DIGITS {
        return Err(Error::new(ErrorKind::InvalidOperation, "a width of this format is too large"));
    }
    minijinja::formatting::format(style, text, args)
}

/// A text in which nothing is markup.
fn escape(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    for c in printing::text(value)?.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Returns the items of a loop as a list with a length: minijinja doesn't know when a text, or what a method of a
/// dictionary returns, comes to its end.
fn each(value: &Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => {
            Ok(value.as_str().unwrap_or_default().chars().map(|c| Value::from(c.to_string())).collect())
        }
        ValueKind::Iterable => Ok(value.try_iter()?.collect()),
        ValueKind::None => Err(Error::new(ErrorKind::InvalidOperation, "none is nothing to go through")),
        _ => Ok(value.clone()),
    }
}

fn join(value: &Value, separator: Option<&str>, options: Kwargs) -> Result<String, Error> {
    let attribute: Option<String> = options.get("attribute")?;
    let separator =
        separator.map_or_else(|| options.get::<Option<String>>("d"), |text| Ok(Some(text.to_string())))?;
    options.assert_all_used()?;
    let mut out = String::new();
    for (index, item) in each(value)?.try_iter()?.enumerate() {
        let item = match &attribute {
            Some(path) => path.split('.').try_fold(item, |item, name| item.get_attr(name))?,
            None => item,
        };
        if item.is_undefined() {
            return Err(Error::new(
                ErrorKind::UndefinedError,
                "what is joined has an item that is not defined",
            ));
        }
        if index > 0 {
            out.push_str(separator.as_deref().unwrap_or_default());
        }
        out.push_str(&printing::text(&item)?);
        check_length(out.len())?;
    }
    Ok(out)
}

/// Refuses a text of gigabytes before it is made.
pub fn check_length(length: usize) -> Result<(), Error> {
    if length > billpay_model::limits::MAX_FILE_BYTES {
        Err(Error::from(ErrorKind::OutOfFuel))
    } else {
        Ok(())
    }
}

fn indent(
    text: &str,
    width: Option<Value>,
    first: Option<bool>,
    blank: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let width = match width {
        Some(width) => Some(width),
        None => options.get("width")?,
    };
    let first =
        first.map_or_else(|| options.get::<Option<bool>>("first"), |yes| Ok(Some(yes)))?.unwrap_or(false);
    let blank =
        blank.map_or_else(|| options.get::<Option<bool>>("blank"), |yes| Ok(Some(yes)))?.unwrap_or(false);
    options.assert_all_used()?;
    let by = match width {
        None => " ".repeat(4),
        Some(text) if text.as_str().is_some() => text.to_string(),
        Some(width) => {
            let width = usize::try_from(width)?;
            check_length(width.saturating_mul(text.lines().count().max(1)))?;
            " ".repeat(width)
        }
    };
    let with_end = format!("{text}\n");
    let lines = methods::lines(&with_end)?;
    let mut out = if first { by.clone() } else { String::new() };
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&by);
            }
        }
        out.push_str(line);
    }
    Ok(out)
}

/// Quotes a text for a URL as Python's `quote`: letters, digits, `_.-~` and `/` stay.
fn urlencode(value: &Value) -> Result<String, Error> {
    let text = match value.kind() {
        ValueKind::String | ValueKind::Number => printing::text(value)?,
        _ => {
            return Err(otherwise(
                "`|urlencode` of anything but a text is not done here",
                "each part by itself",
            ));
        }
    };
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(out)
}

/// Counts what Python's `\w+` finds.
fn wordcount(text: &str) -> Result<usize, Error> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    Ok(text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).count())
}
