//! Values as Python prints them, as far as minijinja prints them alike.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, Output, State, Value};

use super::cost;
use super::fault::otherwise;
use super::values::is_plain_map;

/// Maximum nesting depth of printed values.
const MAX_DEPTH: usize = 50;

/// Writes what `{{ … }}` prints.
pub fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    cost::charge(state, value)?;
    check(value)?;
    minijinja::escape_formatter(out, state, value)
}

/// Returns the text of a value that is defined.
pub fn text(value: &Value) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    check(value)?;
    Ok(value.to_string())
}

/// Refuses what Python prints otherwise.
pub fn check(value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Undefined => Ok(()),
        _ => check_nested(value, 0),
    }
}

fn check_nested(value: &Value, depth: usize) -> Result<(), Error> {
    let list = "`|list`, `|join(', ')` or `|tojson` behind it";
    match value.kind() {
        ValueKind::None | ValueKind::Bool => Ok(()),
        ValueKind::Number if value.is_integer() || f64::try_from(value.clone()).is_ok_and(is_ordinary) => {
            Ok(())
        }
        ValueKind::Number => {
            Err(otherwise("a number of this size is printed otherwise by Python", "write it as a text"))
        }
        ValueKind::String if value.as_str().is_some_and(|text| text.chars().all(is_printable)) => Ok(()),
        ValueKind::String => Err(otherwise("Python prints this text in a list with escapes", list)),
        ValueKind::Seq | ValueKind::Iterable if depth < MAX_DEPTH && is_list(value) => {
            value.try_iter()?.try_for_each(|item| check_nested(&item, depth + 1))
        }
        ValueKind::Map if depth < MAX_DEPTH && is_plain_map(value) => {
            for key in value.try_iter()? {
                check_nested(&key, depth + 1)?;
                check_nested(&value.get_item(&key)?, depth + 1)?;
            }
            Ok(())
        }
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            Err(otherwise("what Python prints for this is not known here", list))
        }
        _ => Err(otherwise("this is nothing that can be printed", list)),
    }
}

fn is_list(value: &Value) -> bool {
    value.downcast_object_ref::<Vec<Value>>().is_some() || value.downcast_object_ref::<Tuple>().is_some()
}

/// Returns true if Python writes a float without an exponent, as minijinja does.
fn is_ordinary(number: f64) -> bool {
    number == 0.0 || (1e-4..1e16).contains(&number.abs())
}

/// Returns true if Python prints a character in a list as it is, whichever Unicode it knows.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | '\t' | '\r' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}' | '\u{3b1}'..='\u{3c9}'
        | '\u{400}'..='\u{481}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fa5}'
        | '\u{ac00}'..='\u{d7a3}')
}

/// Returns a float as Python's `repr` writes it.
pub fn float(number: f64) -> String {
    if number.is_nan() || number.is_infinite() || is_ordinary(number) {
        return if number.is_finite() { format!("{number:?}") } else { format!("{number}").to_lowercase() };
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}
