//! Patterns of paths, as the portal's globby reads them: `docs/**`, `*.{png,jpg}`, `!keep.md`.

use regex::Regex;

use super::workspace::{Fault, join, resolve};

/// Maximum number of patterns that braces expand to.
const MAX_EXPANSIONS: usize = 10_000;
/// Maximum length of a pattern, bytes.
const MAX_PATTERN_BYTES: usize = 4096;

/// A list of patterns: what any of them takes in, and none that comes after it excludes.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    tasks: Vec<Task>,
}

#[derive(Debug, Clone)]
struct Task {
    takes: Vec<Regex>,
    leaves: Vec<Regex>,
}

impl Globs {
    /// Reads patterns; one that names a folder means everything in it.
    pub fn new<'p>(
        patterns: impl IntoIterator<Item = &'p str>,
        is_folder: impl Fn(&str) -> bool,
    ) -> Result<Globs, Fault> {
        let patterns: Vec<&str> = patterns.into_iter().collect();
        let whole = |pattern: &str| match resolve(pattern) {
            Ok(folder) if is_folder(&folder) => join(&folder, "**"),
            _ => pattern.to_string(),
        };
        let mut tasks = vec![];
        for (at, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !pattern.starts_with('!')) {
            let takes = compile(&whole(pattern), true, false)?;
            let excluding = patterns.iter().skip(at).filter_map(|pattern| pattern.strip_prefix('!'));
            let mut leaves = vec![];
            for pattern in excluding {
                leaves.extend(compile(&whole(pattern), false, false)?);
            }
            tasks.push(Task { takes, leaves });
        }
        Ok(Globs { tasks })
    }

    /// Reads one pattern below a folder, in which a `!` at the start is nothing special.
    pub fn one(pattern: &str) -> Result<Globs, Fault> {
        Ok(Globs { tasks: vec![Task { takes: compile(pattern, true, true)?, leaves: vec![] }] })
    }

    /// Returns true if they take in a file.
    pub fn has(&self, path: &str) -> bool {
        let any = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(path));
        self.tasks.iter().any(|task| any(&task.takes) && !any(&task.leaves))
    }
}

/// One pattern, as all those that its braces stand for.
fn compile(pattern: &str, takes: bool, below: bool) -> Result<Vec<Regex>, Fault> {
    let quoted = || format!("the pattern `{}`", pattern.escape_debug());
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(Fault::new(format!("a pattern has more than {MAX_PATTERN_BYTES} bytes")));
    }
    let expanded = expand(pattern).ok_or_else(|| Fault::new(format!("{} stands for too many", quoted())))?;
    let mut compiled = vec![];
    for pattern in expanded.iter().filter(|pattern| !pattern.is_empty()) {
        let Some(pattern) =
            from_start(pattern, takes).filter(|pattern| !takes || !is_literal_question(pattern))
        else {
            continue;
        };
        if pattern.contains("[[:") {
            return Err(Fault::new(format!(
                "{} has a named class (`[[:alpha:]]`), which billpay doesn't do",
                quoted()
            )));
        }
        // Only alone, and not below a folder, do two stars before an ending reach into folders.
        let ending = pattern.strip_prefix("**.").filter(|rest| {
            !below && rest.split('.').all(|part| !part.is_empty() && part.chars().all(is_word))
        });
        let translated = match ending {
            Some(ending) => Some(format!(".*\\.{}", regex::escape(ending))),
            None => Translator::new(&pattern).translate(),
        };
        let translated = translated.ok_or_else(|| {
            Fault::new(format!("{} excludes by `!(…)`, which billpay doesn't do", quoted()))
        })?;
        let regex = Regex::new(&format!("^(?s:{translated})$"));
        compiled.push(regex.map_err(|_| Fault::new(format!("{} can't be read", quoted())))?);
    }
    Ok(compiled)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns true if the portal looks for a folder that has the `?` of a pattern in its name: it does so
/// when nothing before it, nor in the same part, is a wildcard that it knows there.
fn is_literal_question(pattern: &str) -> bool {
    let mut parts = pattern.split('/').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() || part.contains(['*', '[', '{', '(', '\\']) {
            return false;
        }
        if let Some(at) = part.find('?') {
            return !part.get(..at).unwrap_or_default().ends_with([']', '.', '+', ')']);
        }
    }
    false
}

/// The pattern without `./`. The portal finds files below `./` only when a wildcard comes right after it.
fn from_start(pattern: &str, takes: bool) -> Option<String> {
    let Some(rest) = pattern.strip_prefix("./") else {
        return Some(pattern.to_string());
    };
    let first = rest.split('/').next().unwrap_or_default();
    let wild = first.contains(['*', '?', '[', '(']);
    (wild || !takes).then(|| rest.to_string())
}

/// Expands the braces of a pattern; none if there are too many.
fn expand(pattern: &str) -> Option<Vec<String>> {
    let mut open: Vec<String> = vec![pattern.to_string()];
    let mut done = vec![];
    while let Some(pattern) = open.pop() {
        if open.len() + done.len() > MAX_EXPANSIONS {
            return None;
        }
        match first_braces(&pattern) {
            None => done.push(pattern),
            Some((start, end, alternatives)) => {
                let (before, after) = (pattern.get(..start)?, pattern.get(end..)?);
                open.extend(alternatives.into_iter().rev().map(|inside| format!("{before}{inside}{after}")));
            }
        }
    }
    Some(done)
}

/// The first braces that stand for several: where they are, and for what.
fn first_braces(pattern: &str) -> Option<(usize, usize, Vec<String>)> {
    let bytes = pattern.as_bytes();
    let mut start = 0;
    while let Some(found) = pattern.get(start..)?.find('{').map(|at| at + start) {
        let escaped = bytes.get(..found)?.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
        if !escaped && let Some((end, alternatives)) = braces_at(pattern, found) {
            return Some((found, end, alternatives));
        }
        start = found + 1;
    }
    None
}

fn braces_at(pattern: &str, start: usize) -> Option<(usize, Vec<String>)> {
    let (mut depth, mut escaped) = (0_usize, false);
    let mut alternatives = vec![String::new()];
    for (at, c) in pattern.get(start..)?.char_indices() {
        let last = alternatives.last_mut()?;
        match c {
            _ if escaped => {
                last.push(c);
                escaped = false;
                continue;
            }
            '\\' => escaped = true,
            '{' => {
                depth += 1;
                if depth == 1 {
                    continue;
                }
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    let end = start + at + 1;
                    let several = if alternatives.len() > 1 {
                        Some(alternatives)
                    } else {
                        range(alternatives.first()?)
                    };
                    return several.map(|several| (end, several));
                }
            }
            ',' if depth == 1 => {
                alternatives.push(String::new());
                continue;
            }
            _ => {}
        }
        last.push(c);
    }
    None
}

/// `1..3`, `a..e`.
fn range(inside: &str) -> Option<Vec<String>> {
    let (first, last) = inside.split_once("..")?;
    if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
        if first.abs_diff(last) > MAX_EXPANSIONS as u64 {
            return None;
        }
        let numbers: Vec<i64> =
            if first <= last { (first..=last).collect() } else { (last..=first).rev().collect() };
        return Some(numbers.into_iter().map(|number| number.to_string()).collect());
    }
    let one = |text: &str| (text.len() == 1).then(|| text.chars().next()).flatten();
    let (first, last) = (one(first)?, one(last)?);
    let letters: Vec<char> =
        if first <= last { (first..=last).collect() } else { (last..=first).rev().collect() };
    Some(letters.into_iter().map(String::from).collect())
}

/// Writes a pattern without braces as a regular expression.
struct Translator {
    chars: Vec<char>,
    at: usize,
    regex: String,
    /// Closing texts of the open groups.
    groups: Vec<&'static str>,
}

impl Translator {
    fn new(pattern: &str) -> Translator {
        let mut chars: Vec<char> = pattern.chars().collect();
        chars.dedup_by(|one, other| *one == '/' && *other == '/');
        Translator { chars, at: 0, regex: String::new(), groups: vec![] }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn literal(&mut self, c: char) {
        self.regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn translate(mut self) -> Option<String> {
        while let Some(c) = self.peek(0) {
            let opens = self.peek(1) == Some('(') && self.closes_later();
            self.at += 1;
            match c {
                '!' if opens => return None,
                '?' | '*' | '+' | '@' if opens => {
                    self.at += 1;
                    self.regex.push_str("(?:");
                    self.groups.push(match c {
                        '?' => ")?",
                        '*' => ")*",
                        '+' => ")+",
                        _ => ")",
                    });
                }
                '(' if self.closes_from_here() => {
                    self.regex.push_str("(?:");
                    self.groups.push(")");
                }
                ')' if !self.groups.is_empty() => self.regex.push_str(self.groups.pop()?),
                '|' if !self.groups.is_empty() => self.regex.push('|'),
                '*' => self.star(),
                '?' => self.regex.push_str("[^/]"),
                '[' => self.class(),
                '/' => self.slash(),
                '\\' => match self.peek(0) {
                    Some(next) => {
                        self.at += 1;
                        self.literal(next);
                    }
                    None => self.literal('\\'),
                },
                c => self.literal(c),
            }
        }
        Some(self.regex)
    }

    fn closes_later(&self) -> bool {
        self.chars.get(self.at + 2..).is_some_and(|rest| rest.contains(&')'))
    }

    fn closes_from_here(&self) -> bool {
        self.chars.get(self.at..).is_some_and(|rest| rest.contains(&')'))
    }

    /// `*`, or `**` where it is a part by itself.
    fn star(&mut self) {
        let starts = self.at == 1 || self.chars.get(self.at.saturating_sub(2)) == Some(&'/');
        let mut stars = 1;
        while self.peek(0) == Some('*') && !(self.peek(1) == Some('(') && self.closes_later()) {
            self.at += 1;
            stars += 1;
        }
        match self.peek(0) {
            Some('/') if stars > 1 && starts => {
                self.at += 1;
                self.regex.push_str("(?:[^/]+/)*");
            }
            None if stars > 1 && starts => self.regex.push_str(".*"),
            _ => self.regex.push_str("[^/]*"),
        }
    }

    /// A slash; before a last `**`, it may be left out with it, if no star comes before it.
    fn slash(&mut self) {
        let last =
            self.chars.get(self.at..).is_some_and(|rest| rest.len() > 1 && rest.iter().all(|c| *c == '*'));
        let after_star = self.at > 1 && self.chars.get(self.at - 2) == Some(&'*');
        if last && !after_star && !self.regex.is_empty() {
            self.at = self.chars.len();
            self.regex.push_str("(?:/.*)?");
        } else {
            self.regex.push('/');
        }
    }

    /// Reads `[a-z]` or `[!a]`; an unclosed bracket stands for itself.
    fn class(&mut self) {
        let mut end = self.at;
        if matches!(self.chars.get(end), Some('!' | '^')) {
            end += 1;
        }
        if self.chars.get(end) == Some(&']') {
            end += 1;
        }
        while self.chars.get(end).is_some_and(|c| *c != ']') {
            let named = self.chars.get(end) == Some(&'[') && self.chars.get(end + 1) == Some(&':');
            end += if named {
                let rest = self.chars.get(end..).unwrap_or_default();
                rest.windows(2).position(|two| two == [':', ']']).map_or(1, |at| at + 2)
            } else if self.chars.get(end) == Some(&'\\') {
                2
            } else {
                1
            };
        }
        let Some(inside) = self.chars.get(self.at..end).filter(|_| end < self.chars.len()) else {
            self.literal('[');
            return;
        };
        let inside: String = inside.iter().collect();
        let (not, inside) = match inside.strip_prefix(['!', '^']) {
            Some(rest) => (true, rest),
            None => (false, inside.as_str()),
        };
        let mut class = String::new();
        let mut chars = inside.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '[' if chars.peek() == Some(&':') => class.push('['),
                '[' | '&' | '~' | '^' => class.extend(['\\', c]),
                ']' if !class.contains("[:") => class.push_str("\\]"),
                '\\' => class.extend(['\\'].into_iter().chain(chars.next())),
                c => class.push(c),
            }
        }
        self.regex.push_str(&if not { format!("[^/{class}]") } else { format!("[{class}]") });
        self.at = end + 1;
    }
}
