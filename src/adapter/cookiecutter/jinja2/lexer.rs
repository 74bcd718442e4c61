//! Templates cut into tokens, with Jinja's ideas of what whitespace stays.

use std::ops::Range;

use super::ast::Span;
use super::fault::{Fault, Res};
use super::syntax::Syntax;

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Text(String),
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name(String),
    Str(String),
    Int(i128),
    Float(f64),
    Op(&'static str),
}

/// Longest first, so that `//` is not two `/`.
const OPERATORS: &[&str] = &[
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
    "=", ".", ":", "|", ",", ";",
];

/// What begins a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Comment,
    Block,
    Variable,
    LineStatement,
    LineComment,
}

/// How a block ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Variable,
    Block,
    Line,
}

pub struct Lexer<'s> {
    syntax: &'s Syntax,
    source: &'s str,
    at: usize,
    /// Whether what was read last ended a line.
    line_starting: bool,
    openings: Vec<(Opening, &'s str)>,
    tokens: Vec<(Token, Span)>,
}

/// Cuts a text, of which the line ends are `\n`, into tokens.
pub fn tokens(source: &str, syntax: &Syntax) -> Res<Vec<(Token, Span)>> {
    let mut openings = vec![
        (Opening::Comment, syntax.comment_start.as_str()),
        (Opening::Block, &syntax.block_start),
        (Opening::Variable, &syntax.variable_start),
    ];
    openings.extend(syntax.line_statement.as_deref().map(|prefix| (Opening::LineStatement, prefix)));
    openings.extend(syntax.line_comment.as_deref().map(|prefix| (Opening::LineComment, prefix)));
    // Of two that begin at one place, the longer is meant.
    openings.sort_by_key(|(_, text)| std::cmp::Reverse(text.len()));
    let mut lexer = Lexer { syntax, source, at: 0, line_starting: true, openings, tokens: vec![] };
    lexer.run()?;
    Ok(lexer.tokens)
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) -> Res<()> {
        while self.at < self.source.len() {
            let Some((opening, start, end)) = self.next_opening() else {
                self.text(self.at..self.source.len(), "");
                break;
            };
            if opening == Opening::Block && self.raw(start)? {
                continue;
            }
            let after = self.source.get(end..).unwrap_or_default();
            let sign = after.get(..1).filter(|sign| *sign == "-" || *sign == "+").unwrap_or_default();
            let line = matches!(opening, Opening::LineStatement | Opening::LineComment);
            self.text_before(start, sign, opening != Opening::Variable);
            self.at = end + sign.len();
            self.line_starting = false;
            let span = start..self.at;
            match opening {
                Opening::Comment => self.comment(start)?,
                Opening::LineComment => {
                    let length = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at += length;
                }
                Opening::Variable => {
                    self.tokens.push((Token::VariableBegin, span));
                    self.inside(Inside::Variable, start)?;
                }
                Opening::Block | Opening::LineStatement => {
                    self.tokens.push((Token::BlockBegin, span));
                    self.inside(if line { Inside::Line } else { Inside::Block }, start)?;
                }
            }
        }
        Ok(())
    }

    /// The first tag from here: what it is, where it begins and where its delimiter ends.
    fn next_opening(&self) -> Option<(Opening, usize, usize)> {
        let mut found: Option<(Opening, usize, usize)> = None;
        for (opening, text) in &self.openings {
            let mut from = self.at;
            let limit = found.map_or(self.source.len(), |(_, start, _)| start);
            while let Some(offset) = self.source.get(from..).and_then(|rest| rest.find(text)) {
                let place = from + offset;
                let start = match opening {
                    Opening::LineStatement => self.line_prefix(place),
                    Opening::LineComment => self.comment_prefix(place),
                    _ => Some(place),
                };
                match start {
                    Some(start) if start < limit || found.is_none() => {
                        found = Some((*opening, start, place + text.len()));
                        break;
                    }
                    Some(_) => break,
                    None => from = place + text.len(),
                }
                if from > limit {
                    break;
                }
            }
        }
        found
    }

    /// Where the blanks before a line statement begin, if there is nothing else before it.
    fn line_prefix(&self, place: usize) -> Option<usize> {
        let before = self.source.get(self.at..place)?;
        let blanks = before.trim_end_matches([' ', '\t', '\u{b}']);
        let fresh = blanks.is_empty() && (self.at == 0 || self.source.get(..self.at)?.ends_with('\n'));
        (fresh || blanks.ends_with('\n')).then_some(self.at + blanks.len())
    }

    fn comment_prefix(&self, place: usize) -> Option<usize> {
        let before = self.source.get(self.at..place)?;
        let blank = |c: char| c.is_whitespace() && c != '\n' && c != '\r';
        Some(self.at + before.trim_end_matches(blank).len())
    }

    fn text(&mut self, range: Range<usize>, sign: &str) {
        let text = self.source.get(range.clone()).unwrap_or_default();
        let text = if sign == "-" { text.trim_end() } else { text };
        if !text.is_empty() {
            self.tokens.push((Token::Text(text.to_string()), range));
        }
    }

    /// The text before a tag, without the whitespace that the tag takes.
    fn text_before(&mut self, end: usize, sign: &str, may_strip: bool) {
        let range = self.at..end;
        if sign.is_empty() && self.syntax.lstrip_blocks && may_strip {
            let text = self.source.get(range.clone()).unwrap_or_default();
            let line = text.rfind('\n').map_or(0, |at| at + 1);
            let blank = text.get(line..).is_some_and(|last| !last.is_empty() && last.trim().is_empty());
            if blank && (line > 0 || self.line_starting) {
                return self.text(range.start..range.start + line, "");
            }
        }
        self.text(range, sign);
    }

    /// Goes past the end of a tag; `trims` is whether a line end behind it may go too.
    fn ending(&mut self, rest: &str, delimiter: &str, trims: bool) -> Option<usize> {
        if trims && let Some(after) = rest.strip_prefix('+').and_then(|rest| rest.strip_prefix(delimiter)) {
            return Some(rest.len() - after.len());
        }
        if let Some(after) = rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(delimiter)) {
            return Some(rest.len() - after.trim_start().len());
        }
        let after = rest.strip_prefix(delimiter)?;
        let after = match after.strip_prefix('\n') {
            Some(next) if trims && self.syntax.trim_blocks => next,
            _ => after,
        };
        Some(rest.len() - after.len())
    }

    fn advance(&mut self, length: usize) {
        self.at += length;
        self.line_starting = self.source.get(..self.at).is_some_and(|before| before.ends_with('\n'));
    }

    fn comment(&mut self, start: usize) -> Res<()> {
        let end = self.syntax.comment_end.as_str();
        let rest = self.rest();
        let Some(at) = rest.find(end) else {
            return Err(Fault::syntax("this comment has no end", start..self.at));
        };
        let sign = rest.get(..at).and_then(|inside| inside.chars().next_back());
        let from = at - sign.filter(|sign| matches!(sign, '-' | '+')).map_or(0, char::len_utf8);
        let length = self.ending(rest.get(from..).unwrap_or_default(), end, true).unwrap_or(end.len());
        self.advance(from + length);
        Ok(())
    }

    /// Reads `{% raw %}…{% endraw %}`, if that is what begins here.
    fn raw(&mut self, start: usize) -> Res<bool> {
        let open = self.syntax.block_start.as_str();
        let close = self.syntax.block_end.as_str();
        let Some(rest) = self.source.get(start + open.len()..) else { return Ok(false) };
        let sign = rest.get(..1).filter(|sign| *sign == "-" || *sign == "+").unwrap_or_default();
        let rest = rest.get(sign.len()..).unwrap_or_default().trim_start();
        let Some(rest) = rest.strip_prefix("raw") else { return Ok(false) };
        let rest = rest.trim_start();
        let body = match rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(close)) {
            Some(body) => body.trim_start(),
            None => match rest.strip_prefix(close) {
                Some(body) => body,
                None => return Ok(false),
            },
        };
        self.text_before(start, sign, true);
        let begin = self.source.len() - body.len();
        self.at = begin;
        self.line_starting = self.source.get(..begin).is_some_and(|before| before.ends_with('\n'));
        let mut from = 0;
        while let Some(offset) = body.get(from..).and_then(|rest| rest.find(open)) {
            let place = from + offset;
            let after = body.get(place + open.len()..).unwrap_or_default();
            let sign = after.get(..1).filter(|sign| *sign == "-" || *sign == "+").unwrap_or_default();
            let after = after.get(sign.len()..).unwrap_or_default().trim_start();
            if let Some(after) = after.strip_prefix("endraw")
                && let after = after.trim_start()
                && let Some(length) = self.ending(after, close, true)
            {
                self.text_before(begin + place, sign, true);
                self.at = self.source.len() - after.len();
                self.advance(length);
                return Ok(true);
            }
            from = place + open.len();
        }
        Err(Fault::syntax("this `raw` has no `endraw`", start..begin))
    }

    fn inside(&mut self, inside: Inside, start: usize) -> Res<()> {
        let mut open: Vec<&'static str> = vec![];
        loop {
            let rest = self.rest();
            if open.is_empty()
                && let Some((token, length)) = self.end(inside, rest)
            {
                let span = self.at..self.at + length;
                self.tokens.push((token, span));
                self.advance(length);
                return Ok(());
            }
            let Some(first) = rest.chars().next() else {
                return match inside {
                    Inside::Line => Ok(()),
                    _ => Err(Fault::syntax("this tag has no end", start..self.source.len())),
                };
            };
            if first.is_whitespace() {
                self.at += rest.len() - rest.trim_start().len();
                if inside == Inside::Line && self.at == self.source.len() {
                    self.tokens.push((Token::BlockEnd, self.at..self.at));
                    return Ok(());
                }
                continue;
            }
            let (token, length) = match first {
                '0'..='9' => self.number(rest)?,
                '"' | '\'' => self.string(rest, first)?,
                c if c.is_alphabetic() || c == '_' => {
                    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                    (Token::Name(rest.get(..length).unwrap_or_default().to_string()), length)
                }
                _ => match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                    Some(operator) => (Token::Op(operator), operator.len()),
                    None => {
                        let place = self.at..self.at + first.len_utf8();
                        return Err(Fault::syntax(format!("unexpected `{first}`"), place));
                    }
                },
            };
            let span = self.at..self.at + length;
            if let Token::Op(operator) = token {
                let closes = match operator {
                    "{" => Some("}"),
                    "(" => Some(")"),
                    "[" => Some("]"),
                    _ => None,
                };
                open.extend(closes);
                if matches!(operator, "}" | ")" | "]") {
                    match open.pop() {
                        Some(expected) if expected == operator => {}
                        Some(expected) => {
                            let message = format!("unexpected `{operator}`, expected `{expected}`");
                            return Err(Fault::syntax(message, span));
                        }
                        None => return Err(Fault::syntax(format!("unexpected `{operator}`"), span)),
                    }
                }
            }
            self.tokens.push((token, span));
            self.at += length;
        }
    }

    fn end(&mut self, inside: Inside, rest: &str) -> Option<(Token, usize)> {
        match inside {
            Inside::Variable => {
                let length = self.ending(rest, &self.syntax.variable_end, false)?;
                Some((Token::VariableEnd, length))
            }
            Inside::Block => {
                let length = self.ending(rest, &self.syntax.block_end, true)?;
                Some((Token::BlockEnd, length))
            }
            Inside::Line => {
                let blank = rest.len() - rest.trim_start().len();
                let line_end = rest.get(..blank)?.rfind('\n');
                match line_end {
                    Some(at) => Some((Token::BlockEnd, at + 1)),
                    None if blank == rest.len() => Some((Token::BlockEnd, blank)),
                    None => None,
                }
            }
        }
    }

    fn number(&self, rest: &str) -> Res<(Token, usize)> {
        let digits = |text: &str, is: fn(char) -> bool| {
            let end = text.find(|c: char| !is(c) && c != '_').unwrap_or(text.len());
            // A `_` stands between digits only.
            text.get(..end).map_or(0, |digits| digits.trim_end_matches('_').len())
        };
        let decimal = |c: char| c.is_ascii_digit();
        let whole = digits(rest, decimal);
        let mut length = whole;
        let behind = |length: usize| rest.get(length..).unwrap_or_default();
        if let Some(fraction) = behind(length).strip_prefix('.')
            && fraction.starts_with(decimal)
        {
            length += 1 + digits(fraction, decimal);
        }
        if let Some(exponent) = behind(length).strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if unsigned.starts_with(decimal) {
                length += 1 + exponent.len() - unsigned.len() + digits(unsigned, decimal);
            }
        }
        let span = self.at..self.at + length;
        let wrong = || Fault::syntax("this number is too big", span.clone());
        if length > whole {
            let text = rest.get(..length).unwrap_or_default().replace('_', "");
            return Ok((Token::Float(text.parse().map_err(|_| wrong())?), length));
        }
        let lower = rest.get(..2).unwrap_or_default().to_ascii_lowercase();
        let (base, is): (u32, fn(char) -> bool) = match lower.as_str() {
            "0x" => (16, |c| c.is_ascii_hexdigit()),
            "0o" => (8, |c| ('0'..='7').contains(&c)),
            "0b" => (2, |c| matches!(c, '0' | '1')),
            _ => {
                let text = rest.get(..whole).unwrap_or_default().replace('_', "");
                if text.starts_with('0') && text.contains(|c| c != '0') {
                    return Err(Fault::syntax("a number doesn't begin with 0", span.clone()));
                }
                return Ok((Token::Int(text.parse().map_err(|_| wrong())?), whole));
            }
        };
        let number = behind(2);
        let length = digits(number, is);
        let text = number.get(..length).unwrap_or_default().replace('_', "");
        Ok((Token::Int(i128::from_str_radix(&text, base).map_err(|_| wrong())?), length + 2))
    }

    fn string(&self, rest: &str, quote: char) -> Res<(Token, usize)> {
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    let inside = rest.get(1..at).unwrap_or_default();
                    let span = self.at..self.at + at + 1;
                    return Ok((Token::Str(unescape(inside).map_err(|m| Fault::syntax(m, span))?), at + 1));
                }
                _ => {}
            }
        }
        Err(Fault::syntax("this text has no end", self.at..self.at + 1))
    }
}

/// A text with Python's escapes as what they stand for.
fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = |rest: &mut std::str::Chars<'_>, count: usize| {
            let digits: String = rest.take(count).collect();
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == count);
            code.and_then(char::from_u32).ok_or_else(|| "this escape is no character".to_string())
        };
        match rest.next() {
            None => return Err("\\ at the end of the text".to_string()),
            Some('\n') => {}
            Some(quote @ ('\\' | '\'' | '"')) => out.push(quote),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some('x') => out.push(digits(&mut rest, 2)?),
            Some('u') => out.push(digits(&mut rest, 4)?),
            Some('U') => out.push(digits(&mut rest, 8)?),
            Some('N') => return Err("characters can't be named here".to_string()),
            Some(first @ '0'..='7') => {
                let mut code = first.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    rest.next();
                }
                out.extend(char::from_u32(code));
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    Ok(out)
}
