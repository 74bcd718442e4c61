//! Filters for HTML and addresses.

use std::fmt::Write;

use super::Filter;
use crate::fault::{Fault, Outcome};
use crate::number::{is_space, trim};
use crate::value::Value;
use crate::{coerce, units};

/// Maximum number of passes that remove tags: the portal's limit.
const PASSES: usize = 8;

impl Filter<'_, '_> {
    pub(super) fn html(&self, input: &Value) -> Outcome<Value> {
        let output = || coerce::to_output(input, self.budget());
        match self.name {
            "safe" | "e" | "escape" if matches!(input, Value::Safe(_)) => Ok(input.clone()),
            "safe" => Ok(Value::Safe(output()?)),
            "e" | "escape" | "forceescape" => {
                let escaped = escape(&output()?);
                self.budget().bytes(escaped.len())?;
                Ok(Value::Safe(escaped.into()))
            }
            "nl2br" => {
                let text = if input.is_nothing() { "".into() } else { self.plain(input)? };
                self.like(input, text.replace("\r\n", "\n").replace('\n', "<br />\n"))
            }
            "striptags" => {
                let text = strip(&self.normal(input)?)?;
                let text = trim(&text);
                self.like(input, if self.argument(0).is_truthy() { keep_lines(text) } else { one_line(text) })
            }
            "urlencode" => self.urlencode(input),
            _ => self.urlize(input),
        }
    }

    fn urlencode(&self, input: &Value) -> Outcome<Value> {
        let pair = |key: &Value, value: &Value| {
            Ok(format!("{}={}", encode(&self.to_text(key)?), encode(&self.to_text(value)?)))
        };
        let nothing = Value::Undefined(None);
        let pairs: Vec<String> = match input {
            Value::Text(text) | Value::Safe(text) => return self.make_text(encode(text)),
            Value::Record(record) => record
                .entries()
                .iter()
                .map(|(key, value)| pair(&Value::Text(key.clone()), value))
                .collect::<Outcome<_>>()?,
            Value::List(list) => {
                let entry = |item: &Value| match item {
                    Value::List(list) => {
                        let items = list.items();
                        pair(items.first().unwrap_or(&nothing), items.get(1).unwrap_or(&nothing))
                    }
                    Value::Record(record) => pair(&record.at("0"), &record.at("1")),
                    Value::Text(text) | Value::Safe(text) => {
                        let unit =
                            |at| units::at(text, at).map(|unit| unit.unwrap_or(Value::Undefined(None)));
                        pair(&unit(0)?, &unit(1)?)
                    }
                    Value::Undefined(_) | Value::Null => Fault::fail("`urlencode` can't take null"),
                    _ => pair(&nothing, &nothing),
                };
                list.items().iter().map(entry).collect::<Outcome<_>>()?
            }
            _ => vec![],
        };
        self.make_text(pairs.join("&"))
    }

    fn make_text(&self, text: String) -> Outcome<Value> {
        self.budget().bytes(text.len())?;
        Ok(Value::text(text))
    }

    fn urlize(&self, input: &Value) -> Outcome<Value> {
        let length = match self.argument(0) {
            Value::Undefined(_) => usize::MAX,
            Value::Number(number) if number.is_nan() => usize::MAX,
            other => self.number(other)?.max(0.0) as usize,
        };
        let nofollow = if matches!(self.argument(1), Value::Bool(true)) { " rel=\"nofollow\"" } else { "" };
        let text = self.plain(input)?;
        let mut output = String::new();
        for word in words(&text) {
            let address = address(word);
            let short = units::part(address, 0, length)?;
            let prefix = match () {
                () if address.starts_with("http://") || address.starts_with("https://") => "",
                () if address.starts_with("www.") => "http://",
                () if is_mail(address) => "mailto:",
                () if is_domain(address) => "http://",
                () => {
                    output.push_str(word);
                    continue;
                }
            };
            let _ = match prefix {
                "mailto:" => write!(output, "<a href=\"mailto:{address}\">{address}</a>"),
                prefix => write!(output, "<a href=\"{prefix}{address}\"{nofollow}>{short}</a>"),
            };
            self.budget().bytes(address.len() * 2)?;
        }
        self.make_text(output)
    }
}

fn escape(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => output.push_str("&amp;"),
            '"' => output.push_str("&quot;"),
            '\'' => output.push_str("&#39;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '\\' => output.push_str("&#92;"),
            other => output.push(other),
        }
    }
    output
}

/// `encodeURIComponent`.
fn encode(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            output.push(char::from(byte));
        } else {
            let _ = write!(output, "%{byte:02X}");
        }
    }
    output
}

/// Takes out tags and comments, until none are left.
fn strip(text: &str) -> Outcome<String> {
    let mut text = text.to_string();
    for _ in 0..=PASSES {
        let next = without_tags(&text);
        if next == text {
            return Ok(text);
        }
        text = next;
    }
    Fault::fail("`striptags` finds too many tags within tags")
}

fn without_tags(text: &str) -> String {
    let mut output = String::new();
    let mut rest = text;
    // Where nothing closes any more, nothing has to be looked for any more.
    let (mut tags, mut comments) = (true, true);
    while let Some(at) = rest.find('<') {
        output.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let comment = rest.starts_with("<!--");
        let end = match comment {
            true if comments => {
                let end = rest.get(4..).and_then(|rest| rest.find("-->")).map(|end| end + 7);
                comments = end.is_some();
                end
            }
            false if tags && is_tag(rest) => {
                let end = rest.find('>').map(|end| end + 1);
                tags = end.is_some();
                end
            }
            _ => None,
        };
        if end.is_none() {
            output.push('<');
        }
        rest = rest.get(end.unwrap_or(1)..).unwrap_or_default();
    }
    output.push_str(rest);
    output
}

/// Returns true if a tag begins here: `</?` and a name of letters and digits, as a whole word.
fn is_tag(rest: &str) -> bool {
    let name = rest.strip_prefix("</").unwrap_or_else(|| rest.get(1..).unwrap_or_default());
    let mut bytes = name.bytes().skip_while(u8::is_ascii_alphanumeric);
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && bytes.next() != Some(b'_')
}

fn one_line(text: &str) -> String {
    let mut output = String::new();
    let mut spaces = false;
    for c in text.chars() {
        if !is_space(c) {
            output.push(c);
        } else if !spaces {
            output.push(' ');
        }
        spaces = is_space(c);
    }
    output
}

/// Keeps line ends, at most two in a row; spaces at the edges of lines go.
fn keep_lines(text: &str) -> String {
    let line_end = |c: char| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
    let mut lines = String::new();
    for line in text.split_inclusive(line_end) {
        let inner = line.trim_end_matches(line_end);
        let end = line.get(inner.len()..).unwrap_or_default();
        lines.push_str(inner.trim_matches(' '));
        lines.push_str(end);
    }
    let mut output = String::new();
    let mut newlines = 0;
    let mut spaces = false;
    for c in lines.replace("\r\n", "\n").chars() {
        newlines = if c == '\n' { newlines + 1 } else { 0 };
        if newlines <= 2 && !(c == ' ' && spaces) {
            output.push(c);
        }
        spaces = c == ' ';
    }
    output
}

/// Words and the spaces between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = vec![];
    let mut start = 0;
    let mut space = None;
    for (at, c) in text.char_indices() {
        if space.is_some_and(|space| space != is_space(c)) {
            words.push(text.get(start..at).unwrap_or_default());
            start = at;
        }
        space = Some(is_space(c));
    }
    words.push(text.get(start..).unwrap_or_default());
    words.retain(|word| !word.is_empty());
    words
}

/// A word without the brackets and the stops around it.
fn address(word: &str) -> &str {
    // Only of what is on one line, as `.` finds it.
    if word.contains(['\r', '\u{2028}', '\u{2029}', '\n']) {
        return word;
    }
    let inner = ["(", "<", "&lt;"].iter().find_map(|open| word.strip_prefix(open)).unwrap_or(word);
    [".", ",", ")", "&gt;"].iter().find_map(|close| inner.strip_suffix(close)).unwrap_or(inner)
}

fn is_mail(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let known = |c: char| c.is_ascii_alphanumeric() || "_.!#$%&'*+-/=?^`{|}~".contains(c);
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    !name.is_empty() && name.chars().all(known) && host.contains('.') && host.split('.').all(label)
}

fn is_domain(text: &str) -> bool {
    [".org", ".net", ".com"].iter().any(|end| {
        let after = |at: usize| text.get(at + end.len()..).and_then(|rest| rest.chars().next());
        text.match_indices(end).any(|(at, _)| matches!(after(at), None | Some(':' | '/')))
    })
}
