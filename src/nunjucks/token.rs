//! The words and signs of an expression.

use std::ops::Range;
use std::sync::Arc;

use super::code::{Code, is_code_space, name_end, regex_literal};
use super::fault::{Fault, Outcome};
use super::regex::Regex;

#[derive(Clone)]
pub enum Token<'t> {
    Name(&'t str),
    Number(f64),
    Text(String),
    Regex(Arc<Regex>),
    Sign(&'static str),
    End,
}

#[derive(Clone)]
pub struct SpannedToken<'t> {
    pub token: Token<'t>,
    pub span: Range<usize>,
}

/// Longer ones first.
const SIGNS: &[&str] = &[
    "===", "!==", "**", "//", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "|", "~",
    "+", "-", "*", "/", "%", "<", ">", "=",
];

pub fn tokens(code: Code<'_>) -> Outcome<Vec<SpannedToken<'_>>> {
    let text = code.text;
    let mut tokens: Vec<SpannedToken> = vec![];
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if is_code_space(c) {
            at += c.len_utf8();
            continue;
        }
        let (token, end) = one(code, at, c, tokens.last().map(|last| &last.token))?;
        tokens.push(SpannedToken { token, span: code.at + at..code.at + end });
        at = end;
    }
    let end = code.at + text.len();
    tokens.push(SpannedToken { token: Token::End, span: end..end });
    Ok(tokens)
}

fn one<'t>(code: Code<'t>, at: usize, c: char, previous: Option<&Token<'t>>) -> Outcome<(Token<'t>, usize)> {
    let text = code.text;
    let bytes = text.as_bytes();
    let here = |length: usize| code.at + at..code.at + at + length;
    if let Some(end) = name_end(text, at, matches!(previous, Some(Token::Sign(".")))) {
        let name = text.get(at..end).unwrap_or_default();
        if name == "r" && bytes.get(end) == Some(&b'/') {
            let literal = regex_literal(text, at, code.at)?;
            let regex = Regex::new(literal.source, literal.flags).or_else(|why| {
                Fault::syntax(here(literal.end - at), format!("this is no regular expression: {why}"))
            })?;
            return Ok((Token::Regex(Arc::new(regex)), literal.end));
        }
        return Ok((Token::Name(name), end));
    }
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let operand = match previous {
        Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | "}"),
        other => other.is_some(),
    };
    if c == '.' && digit(at + 1) && !operand {
        return Fault::syntax(here(1), "a number can't begin with a point");
    }
    if digit(at) {
        let mut end = at;
        while digit(end) {
            end += 1;
        }
        if bytes.get(end) == Some(&b'.') {
            end += 1;
            while digit(end) {
                end += 1;
            }
        }
        if bytes.get(end).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
            return Fault::syntax(here(end - at + 1), "this is no number");
        }
        let number = text.get(at..end).unwrap_or_default().trim_end_matches('.');
        return Ok((Token::Number(number.parse().unwrap_or(f64::NAN)), end));
    }
    if c == '"' || c == '\'' {
        return string(code, at, c);
    }
    let rest = text.get(at..).unwrap_or_default();
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), at + sign.len())),
        None => Fault::syntax(here(c.len_utf8()), format!("`{c}` doesn't belong here")),
    }
}

fn string<'t>(code: Code<'t>, start: usize, quote: char) -> Outcome<(Token<'t>, usize)> {
    let mut value = String::new();
    let mut chars = code.text.get(start + 1..).unwrap_or_default().char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Text(value), start + 1 + at + 1));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 'r')) => value.push('\r'),
            Some((_, 't')) => value.push('\t'),
            Some((_, other)) => value.push(other),
            None => break,
        }
    }
    Fault::syntax(code.at + start..code.at + start + 1, format!("a text that isn't closed by `{quote}`"))
}
