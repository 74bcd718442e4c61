//! References in the texts of a `template.yaml`: `parameters.x`, `steps.fetch.output.y`.

use std::ops::Range;

/// A name in a tag, with what is taken out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// `["steps", "fetch", "output", "y"]`.
    pub path: Vec<String>,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// True if nothing but the name is in the tag, and nothing but the tag in the text.
    pub alone: bool,
}

/// Returns true if a text has anything to render.
pub(super) fn has_tags(text: &str) -> bool {
    text.contains("${{") || text.contains("{%") || text.contains("{#")
}

/// The same for a text in Cookiecutter's style.
pub(super) fn has_cookiecutter_tags(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Returns all references in the tags of a text.
pub(super) fn references(text: &str) -> Vec<Reference> {
    let mut found = vec![];
    let mut at = 0;
    while let Some((start, kind)) = next_tag(text, at) {
        let (open, close) = match kind {
            Kind::Variable => (3, "}}"),
            Kind::Block => (2, "%}"),
            Kind::Comment => (2, "#}"),
        };
        let inside = start + open;
        let end = end_of_tag(text, inside, close, kind);
        let Some(content) = text.get(inside..end) else { break };
        at = (end + close.len()).min(text.len());
        if kind == Kind::Comment {
            continue;
        }
        let word = content.trim_matches(['-', ' ', '\t', '\n', '\r']);
        if kind == Kind::Block && matches!(word, "raw" | "verbatim") {
            at = after_raw(text, at, word);
            continue;
        }
        let whole = kind == Kind::Variable && start == 0 && at == text.len();
        names(content, inside, &mut found);
        if let Some(last) = found.last_mut().filter(|_| whole) {
            last.alone = text.get(last.span.clone()) == Some(content.trim());
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Variable,
    Block,
    Comment,
}

fn next_tag(text: &str, from: usize) -> Option<(usize, Kind)> {
    let rest = text.get(from..)?;
    rest.match_indices('{').find_map(|(at, _)| {
        let (before, tag) = rest.split_at(at);
        match tag.as_bytes() {
            [_, b'%', ..] => Some((from + at, Kind::Block)),
            [_, b'#', ..] => Some((from + at, Kind::Comment)),
            [_, b'{', ..] if before.ends_with('$') => Some((from + at - 1, Kind::Variable)),
            _ => None,
        }
    })
}

/// Returns the end of a tag, past strings.
fn end_of_tag(text: &str, from: usize, close: &str, kind: Kind) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.get(from..).unwrap_or_default().char_indices() {
        let at = from + at;
        match quote {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if text.get(at..).is_some_and(|rest| rest.starts_with(close)) => return at,
            None if matches!(c, '"' | '\'') && kind != Kind::Comment => quote = Some(c),
            None => {}
        }
    }
    text.len()
}

fn after_raw(text: &str, from: usize, word: &str) -> usize {
    let mut at = from;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("{%")).map(|found| found + at) {
        let end =
            text.get(found..).and_then(|rest| rest.find("%}")).map_or(text.len(), |end| found + end + 2);
        let inside = text.get(found..end).unwrap_or_default();
        if inside.contains(&format!("end{word}")) {
            return end;
        }
        at = end;
    }
    text.len()
}

/// The names of an expression, with what is taken out of them.
fn names(content: &str, offset: usize, found: &mut Vec<Reference>) {
    let mut rest = content.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = rest.next() {
        match c {
            '"' | '\'' => {
                let mut escaped = false;
                for (_, inside) in rest.by_ref() {
                    match inside {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        inside if inside == c => break,
                        _ => {}
                    }
                }
            }
            c if is_start(c) && before != '.' && !is_part(before) => {
                let (path, length) = path(content.get(at..).unwrap_or_default());
                let end = at + length;
                found.push(Reference { path, span: offset + at..offset + end, alone: false });
                while rest.next_if(|(at, _)| *at < end).is_some() {}
            }
            _ => {}
        }
        before = c;
    }
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_part(c: char) -> bool {
    is_start(c) || c.is_ascii_digit()
}

/// A name at the start of an expression, and how long it is: `a.b["c"]`.
fn path(expression: &str) -> (Vec<String>, usize) {
    let word = |text: &str| text.find(|c| !is_part(c)).unwrap_or(text.len());
    let mut length = word(expression);
    let mut path = vec![expression.get(..length).unwrap_or_default().to_string()];
    loop {
        let rest = expression.get(length..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('.') {
            let end = word(after);
            let part = after.get(..end).unwrap_or_default();
            if !part.starts_with(is_start) {
                return (path, length);
            }
            path.push(part.to_string());
            length += 1 + end;
        } else if let Some(after) = rest.strip_prefix('[') {
            let quoted = after.strip_prefix(['"', '\'']).zip(after.chars().next());
            let Some((key, quote)) = quoted else { return (path, length) };
            let Some((key, _)) =
                key.split_once([quote]).filter(|(key, after)| after.starts_with(']') && !key.contains('\\'))
            else {
                return (path, length);
            };
            path.push(key.to_string());
            length += key.len() + 4;
        } else {
            return (path, length);
        }
    }
}
