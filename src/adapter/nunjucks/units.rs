//! Texts by their UTF-16 units, which is how JavaScript counts.

use std::sync::Arc;

use super::fault::{Fault, Outcome};
use super::value::Value;

pub fn count(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

pub fn of(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A text from units; half of a character is none, as no file could hold it.
pub fn text(units: &[u16]) -> Outcome<Arc<str>> {
    match String::from_utf16(units) {
        Ok(text) => Ok(text.into()),
        Err(_) => Fault::unlike("this cuts a character (an emoji, say) in half"),
    }
}

/// The units from one place to another, which may be outside.
pub fn part(whole: &str, from: usize, to: usize) -> Outcome<Arc<str>> {
    if whole.is_ascii() {
        let to = to.min(whole.len());
        return Ok(whole.get(from.min(to)..to).unwrap_or_default().into());
    }
    let units = of(whole);
    let to = to.min(units.len());
    text(units.get(from.min(to)..to).unwrap_or_default())
}

/// The unit at a place, as a text of its own.
pub fn at(whole: &str, at: usize) -> Outcome<Option<Value>> {
    if at >= count(whole) {
        return Ok(None);
    }
    part(whole, at, at + 1).map(Value::Text).map(Some)
}

/// Every unit as a text of its own.
pub fn each(whole: &str) -> Outcome<Vec<Value>> {
    if whole.is_ascii() {
        return Ok(whole.chars().map(|c| Value::text(c.to_string())).collect());
    }
    of(whole).iter().map(|unit| text(&[*unit]).map(Value::Text)).collect()
}

/// Where units begin in others, from a place on.
pub fn find(units: &[u16], needle: &[u16], from: usize) -> Option<usize> {
    if needle.is_empty() {
        return Some(from.min(units.len()));
    }
    units.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|at| at + from)
}
