//! Filters and tests of numbers.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use super::fault::otherwise;
use super::filters::check_defined;
use super::methods;

/// Maximum number of digits of an exact number.
const MAX_DIGITS: usize = 38;

/// Returns the remainder of a whole number.
pub fn remainder(value: &Value, by: i128) -> Result<i128, Error> {
    check_defined(value, value)?;
    let number = i128::try_from(value.clone()).ok().filter(|_| value.is_integer());
    let number =
        number.ok_or_else(|| otherwise("only whole numbers are divided here", "`|int` behind the text"))?;
    number
        .checked_rem_euclid(by)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "integer modulo by zero"))
}

/// Reads a whole number.
pub fn int(
    state: &State<'_, '_>,
    value: Value,
    other: Option<Value>,
    base: Option<u32>,
    options: Kwargs,
) -> Result<Value, Error> {
    minijinja::filters::int(state, &number(value)?, other, base, options)
}

/// Reads a number.
pub fn float(
    state: &State<'_, '_>,
    value: Value,
    other: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    minijinja::filters::float(state, &number(value)?, other, options)
}

/// Returns a text that Python reads as a number only if minijinja does.
fn number(value: Value) -> Result<Value, Error> {
    let Some(text) = value.as_str() else { return Ok(value) };
    let text = text.trim_matches(methods::is_space);
    let is_word = |word: &str| text.trim_start_matches(['+', '-']).eq_ignore_ascii_case(word);
    if text.contains('_')
        || text.len() > MAX_DIGITS
        || !text.is_ascii()
        || ["inf", "infinity", "nan"].iter().any(|word| is_word(word))
    {
        return Err(otherwise("Python may read this text as a number", "the number in digits"));
    }
    Ok(Value::from(text))
}

/// Rounds a number; up and down, a whole number becomes a float, as in Python.
pub fn round(
    value: Value,
    precision: Option<i32>,
    method: Option<&str>,
    options: Kwargs,
) -> Result<Value, Error> {
    let keyword = if method.is_none() { options.get::<Option<&str>>("method")? } else { None };
    let value = match method.or(keyword) {
        Some("ceil" | "floor") if value.is_integer() => Value::from(f64::try_from(value)?),
        _ => value,
    };
    minijinja::filters::round(value, precision, method, options)
}

/// Adds numbers up, or puts lists together where `start` is one.
pub fn sum(
    state: &State<'_, '_>,
    values: Value,
    attribute: Option<&str>,
    start: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    let keyword = if start.is_none() { options.get::<Option<Value>>("start")? } else { None };
    let start = start.or(keyword);
    let is_list = |value: &Value| value.kind() == ValueKind::Seq && !value.is_tuple();
    match &start {
        None => minijinja::filters::sum(state, values, attribute, None, options),
        Some(number) if number.kind() == ValueKind::Number => {
            minijinja::filters::sum(state, values, attribute, start, options)
        }
        Some(list) if is_list(list) && attribute.is_none() => {
            options.assert_all_used()?;
            let mut all: Vec<Value> = list.try_iter()?.collect();
            for value in values.try_iter()? {
                if !is_list(&value) {
                    return Err(otherwise("a list is added to lists alone", "`[ … ]` around it"));
                }
                state.consume_fuel(1 + value.len().unwrap_or_default() as u64)?;
                all.extend(value.try_iter()?);
            }
            Ok(Value::from(all))
        }
        Some(_) => Err(otherwise("numbers and lists are summed up here", "a loop that puts them together")),
    }
}
