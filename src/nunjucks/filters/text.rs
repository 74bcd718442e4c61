//! Filters of texts.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Filter;
use crate::fault::{Fault, Outcome};
use crate::value::Value;
use crate::{coerce, units};

/// Spaces that a filter may put in a row: the portal's limit.
const SPACES: f64 = 16_777_216.0;

impl Filter<'_, '_> {
    pub(super) fn text(&self, input: &Value) -> Outcome<Value> {
        match self.name {
            "lower" => Ok(Value::text(self.normal(input)?.to_lowercase())),
            "upper" => Ok(Value::text(self.normal(input)?.to_uppercase())),
            "capitalize" => {
                let text = self.normal(input)?.to_lowercase();
                self.like(input, capital(&text)?)
            }
            "title" => {
                let text = self.normal(input)?;
                let words: Vec<String> =
                    text.split(' ').map(|word| capital(&word.to_lowercase())).collect::<Outcome<_>>()?;
                self.like(input, words.join(" "))
            }
            "trim" => {
                let text = self.plain(input)?;
                self.like(input, crate::number::trim(&text))
            }
            "center" => self.center(input),
            "indent" => self.indent(input),
            "truncate" => self.truncate(input),
            "wordcount" => self.wordcount(input),
            _ => self.replace(input),
        }
    }

    fn center(&self, input: &Value) -> Outcome<Value> {
        let normal = normalize(input);
        let eighty = Value::Number(80.0);
        let width = if self.argument(0).is_truthy() { self.argument(0) } else { &eighty };
        let length = direct_length(&normal);
        if matches!(coerce::order(&length, width, self.budget())?, Some(Ordering::Greater | Ordering::Equal))
        {
            return Ok(normal);
        }
        let spaces = self.number(width)? - self.number(&length)?;
        let text = self.to_text(&normal)?;
        let (before, after) = (self.spaces(spaces / 2.0 - spaces % 2.0)?, self.spaces(spaces / 2.0)?);
        self.like(&normal, format!("{before}{text}{after}"))
    }

    fn spaces(&self, count: f64) -> Outcome<String> {
        if count.is_nan() || count <= 0.0 {
            return Ok(String::new());
        }
        if count > SPACES {
            return Fault::fail(format!("`{}` can't put so many spaces in a row", self.name));
        }
        self.budget().bytes(count as usize)?;
        Ok(" ".repeat(count.ceil() as usize))
    }

    fn indent(&self, input: &Value) -> Outcome<Value> {
        let normal = normalize(input);
        let text = self.plain(&normal)?;
        if matches!(&normal, Value::Text(text) if text.is_empty()) {
            return Ok(Value::text(""));
        }
        let width = if self.argument(0).is_truthy() { self.number(self.argument(0))? } else { 4.0 };
        let indentation = self.spaces(width)?;
        let lines = text.matches('\n').count() + 1;
        self.budget().bytes(text.len().saturating_add(indentation.len().saturating_mul(lines)))?;
        let mut output = String::new();
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                output.push('\n');
            }
            if at > 0 || self.argument(1).is_truthy() {
                output.push_str(&indentation);
            }
            output.push_str(line);
        }
        self.like(&normal, output)
    }

    fn truncate(&self, input: &Value) -> Outcome<Value> {
        let normal = normalize(input);
        let many = Value::Number(255.0);
        let length = if self.argument(0).is_truthy() { self.argument(0) } else { &many };
        let order = coerce::order(&direct_length(&normal), length, self.budget())?;
        if matches!(order, Some(Ordering::Less | Ordering::Equal)) {
            return Ok(normal);
        }
        let text = units::of(&self.plain(&normal)?);
        let length = self.number(length)?;
        // As `substring` takes it: not a number is 0.
        let most = if length.is_nan() { 0 } else { length.max(0.0) as usize };
        let head = if self.argument(1).is_truthy() {
            most
        } else {
            // As `lastIndexOf` takes it: not a number is the end.
            let last = if length.is_nan() { text.len() } else { most };
            let upto = text.get(..=last.min(text.len().saturating_sub(1))).unwrap_or_default();
            upto.iter().rposition(|unit| *unit == u16::from(b' ')).unwrap_or(most)
        };
        let head = units::text(text.get(..head.min(text.len())).unwrap_or_default())?;
        let end = match self.argument(2) {
            Value::Undefined(_) | Value::Null => "...".into(),
            end => self.to_text(end)?,
        };
        self.like(input, format!("{head}{end}"))
    }

    fn wordcount(&self, input: &Value) -> Outcome<Value> {
        let normal = normalize(input);
        if !normal.is_truthy() {
            return Ok(Value::Null);
        }
        let text = self.plain(&normal)?;
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let count = words.filter(|word| !word.is_empty()).count();
        Ok(if count == 0 { Value::Null } else { Value::Number(count as f64) })
    }

    fn replace(&self, input: &Value) -> Outcome<Value> {
        let (search, replacement, most) = (self.argument(0), self.argument(1), self.argument(2));
        if let Value::Regex(regex) = search {
            let Some(text) = input.as_text() else {
                return Fault::fail("a regular expression replaces in a text alone");
            };
            let output = regex.replace(text, &self.to_text(replacement)?, self.budget())?;
            return Ok(Value::text(output));
        }
        if !matches!(search, Value::Text(_) | Value::Number(_)) {
            return Ok(input.clone());
        }
        let subject = match input {
            Value::Number(_) => Value::Text(self.to_text(input)?),
            other => other.clone(),
        };
        let Some(text) = subject.as_text() else { return Ok(subject) };
        let needle = self.to_text(search)?;
        let with = self.to_text(replacement)?;
        if needle.is_empty() {
            // Between all units, and around them.
            let separator: Arc<str> = if replacement.is_undefined() { ",".into() } else { Arc::clone(&with) };
            let inner = coerce::join(&units::each(text, self.budget())?, &separator, self.budget())?;
            return self.like(&subject, format!("{with}{inner}{with}"));
        }
        let count = text.matches(&*needle).count();
        let is_zero = matches!(most, Value::Number(most) if *most == 0.0);
        if is_zero || count == 0 {
            return Ok(subject.clone());
        }
        let is_unlimited =
            matches!(most, Value::Undefined(_)) || matches!(most, Value::Number(most) if *most == -1.0);
        // `count < most`: a fraction counts as one more, and not a number as none.
        let most = if is_unlimited { count } else { self.number(most)?.ceil().max(0.0) as usize };
        let times = count.min(most);
        self.budget().steps(times / 16)?;
        self.budget().bytes(text.len().saturating_add(with.len().saturating_mul(times)))?;
        self.like(input, text.replacen(&*needle, &with, times))
    }
}

/// The first letter in capitals.
fn capital(text: &str) -> Outcome<String> {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return Ok(String::new()) };
    // Beyond U+FFFF, JavaScript's first unit is no letter and stays as it is.
    if first > '\u{ffff}' {
        return Ok(text.into());
    }
    Ok(first.to_uppercase().chain(chars).collect())
}

fn normalize(input: &Value) -> Value {
    match input {
        Value::Undefined(_) | Value::Null | Value::Bool(false) => Value::text(""),
        other => other.clone(),
    }
}

/// Returns the value of `.length`.
fn direct_length(value: &Value) -> Value {
    match value {
        Value::Text(text) | Value::Safe(text) => Value::Number(units::count(text) as f64),
        Value::List(list) => Value::Number(list.len() as f64),
        Value::Record(record) => record.at("length"),
        _ => Value::Undefined(None),
    }
}
