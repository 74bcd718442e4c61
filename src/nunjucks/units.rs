//! Texts by their UTF-16 units, which is how JavaScript counts.

use std::sync::Arc;

use super::budget::Budget;
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
pub fn each(whole: &str, budget: &Budget) -> Outcome<Vec<Value>> {
    budget.each(whole)?;
    if whole.is_ascii() {
        return Ok(whole.chars().map(|c| Value::text(c.to_string())).collect());
    }
    of(whole).iter().map(|unit| text(&[*unit]).map(Value::Text)).collect()
}

/// Place of the unit at which a text begins in another one, from a unit on.
pub fn find(text: &str, needle: &str, from: usize) -> Option<usize> {
    if needle.is_empty() {
        return Some(from.min(count(text)));
    }
    let (begin, start) = boundary(text, from);
    let found = text.get(start..)?.find(needle)?;
    Some(begin + count(text.get(start..start + found)?))
}

/// Place of the unit at which a text begins last in another one, up to a unit.
pub fn find_last(text: &str, needle: &str, most: usize) -> Option<usize> {
    if needle.is_empty() {
        return Some(most.min(count(text)));
    }
    let (begin, mut start) = boundary(text, most);
    if begin > most {
        // The unit is the second half of a character.
        start = text.get(..start)?.char_indices().next_back()?.0;
    }
    let mut end = start.saturating_add(needle.len()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let found = text.get(..end)?.rfind(needle)?;
    Some(count(text.get(..found)?))
}

/// The first whole character from a unit on: its unit and its byte.
fn boundary(text: &str, from: usize) -> (usize, usize) {
    if text.is_ascii() {
        let at = from.min(text.len());
        return (at, at);
    }
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= from {
            return (units, at);
        }
        units += c.len_utf16();
    }
    (units, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_javascript() {
        // `'a😀b😀b'.indexOf('b', 2)` and the like, as Node prints them.
        for (needle, from, first) in [
            ("b", 0, Some(3)),
            ("b", 4, Some(6)),
            ("😀", 2, Some(4)),
            ("", 2, Some(2)),
            ("", 99, Some(7)),
            ("c", 0, None),
        ] {
            assert_eq!(find("a😀b😀b", needle, from), first, "{needle} from {from}");
        }
        for (needle, most, last) in [
            ("b", 99, Some(6)),
            ("b", 5, Some(3)),
            ("😀", 5, Some(4)),
            ("😀", 2, Some(1)),
            ("", 2, Some(2)),
            ("b", 2, None),
        ] {
            assert_eq!(find_last("a😀b😀b", needle, most), last, "{needle} up to {most}");
        }
    }
}
