//! Finding one's way in the code of tags: past strings, names and regular expressions.

use super::fault::{Fault, Outcome};
use super::regex;

/// A piece of the template's text, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code<'t> {
    pub text: &'t str,
    pub at: usize,
}

impl<'t> Code<'t> {
    pub fn part(self, from: usize, to: usize) -> Code<'t> {
        Code { text: self.text.get(from..to).unwrap_or_default(), at: self.at + from }
    }

    pub fn from(self, from: usize) -> Code<'t> {
        self.part(from, self.text.len())
    }

    pub fn trim_start(self) -> Code<'t> {
        let rest = self.text.trim_start_matches(is_code_space);
        Code { text: rest, at: self.at + self.text.len() - rest.len() }
    }

    pub fn trim(self) -> Code<'t> {
        let start = self.trim_start();
        Code { text: start.text.trim_end_matches(is_code_space), at: start.at }
    }

    pub fn span(self) -> std::ops::Range<usize> {
        self.at..self.at + self.text.len()
    }

    /// The name that it begins with.
    pub fn tag(self) -> &'t str {
        let code = self.trim().text;
        match name_end(code, 0, false) {
            Some(end) => code.get(..end).unwrap_or_default(),
            None => "",
        }
    }

    /// Returns the code after its leading name.
    pub fn after_tag(self) -> Code<'t> {
        let code = self.trim();
        code.from(self.tag().len()).trim()
    }
}

pub fn is_code_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{a0}')
}

/// Returns the end of the name at a place; names after a dot may begin with digits.
pub fn name_end(text: &str, start: usize, digits_first: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    if digits_first {
        at += bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
    }
    let first = bytes.get(at)?;
    if !first.is_ascii_alphabetic() && *first != b'_' {
        return None;
    }
    at += bytes.iter().skip(at).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    Some(at)
}

/// A literal `r/…/flags`.
pub struct RegexLiteral<'t> {
    pub source: &'t str,
    pub flags: &'t str,
    pub end: usize,
}

/// Reads the regular expression that begins at a place, `offset` bytes into the template.
pub fn regex_literal<'t>(text: &'t str, start: usize, offset: usize) -> Outcome<RegexLiteral<'t>> {
    let span = offset + start..offset + start + 2;
    let bytes = text.as_bytes();
    let from = start + 2;
    let mut backslashes = 0;
    let mut at = from;
    loop {
        match bytes.get(at) {
            None => return Fault::syntax(span, "a regular expression that doesn't end"),
            Some(b'\\') => backslashes += 1,
            Some(b'/') if backslashes == 0 => break,
            Some(b'/') if backslashes % 2 == 0 => {
                return Fault::syntax(
                    span,
                    "a regular expression with `\\\\/` in it can be read in two ways",
                );
            }
            Some(_) => backslashes = 0,
        }
        at += 1;
    }
    let source = text.get(from..at).unwrap_or_default();
    if source.encode_utf16().count() > regex::MAX_PATTERN_BYTES {
        return Fault::syntax(span, "a regular expression that is too long");
    }
    let mut end = at + 1;
    while let Some(flag) = bytes.get(end).filter(|byte| b"gimy".contains(byte)) {
        if bytes.get(at + 1..end).is_some_and(|before| before.contains(flag)) {
            return Fault::syntax(span, "a regular expression with the same flag twice");
        }
        end += 1;
    }
    if bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
        return Fault::syntax(span, "a regular expression with a flag that isn't one of g, i, m, y");
    }
    Ok(RegexLiteral { source, flags: text.get(at + 1..end).unwrap_or_default(), end })
}

/// Returns the end of the string, name, number or regular expression at a place.
fn past_token(text: &str, at: usize, offset: usize) -> Outcome<Option<usize>> {
    let bytes = text.as_bytes();
    let Some(first) = bytes.get(at) else { return Ok(None) };
    if matches!(first, b'"' | b'\'') {
        let mut index = at + 1;
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'\\' => index += 1,
                byte if byte == first => return Ok(Some(index + 1)),
                _ => {}
            }
            index += 1;
        }
        return Ok(Some(text.len()));
    }
    if let Some(end) = name_end(text, at, true) {
        if text.get(at..end) == Some("r") && bytes.get(end) == Some(&b'/') {
            return regex_literal(text, at, offset).map(|literal| Some(literal.end));
        }
        return Ok(Some(end));
    }
    let digits = bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
    Ok((digits > 0).then_some(at + digits))
}

/// Goes over code outside of strings and names; `see` ends it with a value.
fn walk<T>(
    text: &str,
    start: usize,
    offset: usize,
    mut see: impl FnMut(usize, u8) -> Option<T>,
) -> Outcome<Option<T>> {
    let mut at = start;
    while let Some(byte) = text.as_bytes().get(at) {
        if let Some(end) = past_token(text, at, offset)? {
            at = end;
        } else if let Some(found) = see(at, *byte) {
            return Ok(Some(found));
        } else {
            at += 1;
        }
    }
    Ok(None)
}

/// Finds what ends a tag.
pub fn terminator(text: &str, start: usize, end: &str) -> Outcome<Option<usize>> {
    walk(text, start, 0, |at, _| text.get(at..).is_some_and(|rest| rest.starts_with(end)).then_some(at))
}

/// Finds the bracket that closes the one at the beginning.
pub fn closing(code: Code<'_>) -> Outcome<Option<usize>> {
    let mut open: Vec<u8> = vec![];
    walk(code.text, 0, code.at, |at, byte| {
        match byte {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            byte if open.last() == Some(&byte) => {
                open.pop();
                return open.is_empty().then_some(at);
            }
            _ => {}
        }
        None
    })
}

fn level(byte: u8) -> i32 {
    match byte {
        b'(' | b'[' | b'{' => 1,
        b')' | b']' | b'}' => -1,
        _ => 0,
    }
}

/// Finds a character outside of all brackets.
pub fn top_level(code: Code<'_>, wanted: u8) -> Outcome<Option<usize>> {
    let mut depth = 0;
    walk(code.text, 0, code.at, |at, byte| {
        let is_match = depth == 0 && level(byte) == 0 && byte == wanted;
        depth += level(byte);
        is_match.then_some(at)
    })
}

/// Splits around a word that stands for itself outside of all brackets.
pub fn around<'t>(code: Code<'t>, word: &str) -> Outcome<Option<(Code<'t>, Code<'t>)>> {
    let text = code.text;
    let mut depth = 0;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let Some(end) = past_token(text, at, code.at)? else {
            depth += level(*byte);
            at += 1;
            continue;
        };
        let space = |c: Option<char>| c.is_none_or(is_code_space);
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(end..).and_then(|after| after.chars().next());
        if depth == 0 && text.get(at..end) == Some(word) && space(before) && space(after) {
            return Ok(Some((code.part(0, at).trim(), code.from(end).trim())));
        }
        at = end;
    }
    Ok(None)
}
