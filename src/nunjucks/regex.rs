//! JavaScript's regular expressions, as far as they can be the same here.

use std::sync::atomic::{AtomicUsize, Ordering};

use regex::RegexBuilder;

use super::budget::Budget;
use super::fault::{Fault, Outcome};

/// A regular expression literal `r/…/flags`.
pub struct Regex {
    source: String,
    flags: String,
    machine: Machine,
    /// Start of the next `test` with the flags `g` and `y`, UTF-16 units.
    last: AtomicUsize,
}

enum Machine {
    Same(regex::Regex),
    /// Reason for which the pattern can't be evaluated as in JavaScript.
    Unlike(String),
}

/// Error of a pattern.
pub enum PatternError {
    /// It is none in JavaScript either.
    Wrong(String),
    Unlike(String),
}

pub const MAX_PATTERN_BYTES: usize = 16_384;

impl Regex {
    pub fn new(source: &str, flags: &str) -> Result<Regex, String> {
        let machine = match translate(source, flags) {
            Ok((pattern, is_wide)) => {
                let result = RegexBuilder::new(&pattern)
                    .case_insensitive(flags.contains('i'))
                    .multi_line(flags.contains('m'))
                    .size_limit(4 << 20)
                    .build();
                match result {
                    Ok(regex) => Machine::new(regex, is_wide),
                    Err(_) => Machine::Unlike("this regular expression is too big".into()),
                }
            }
            Err(PatternError::Wrong(why)) => return Err(why),
            Err(PatternError::Unlike(why)) => Machine::Unlike(why),
        };
        Ok(Regex { source: source.into(), flags: flags.into(), machine, last: AtomicUsize::new(0) })
    }

    /// A new one, which has found nothing so far.
    pub fn fresh_copy(&self) -> Regex {
        let machine = match &self.machine {
            Machine::Same(regex) => Machine::Same(regex.clone()),
            Machine::Unlike(why) => Machine::Unlike(why.clone()),
        };
        Regex { source: self.source.clone(), flags: self.flags.clone(), machine, last: AtomicUsize::new(0) }
    }

    /// As JavaScript prints it.
    pub fn literal(&self) -> String {
        let source = if self.source.is_empty() { "(?:)" } else { &self.source };
        let source = source.replace('\n', "\\n").replace('\r', "\\r");
        let source = source.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        let flags: String = "gimy".chars().filter(|flag| self.flags.contains(*flag)).collect();
        format!("/{source}/{flags}")
    }

    fn has_flag(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// The machine, if it would find the same in this text.
    fn machine(&self, text: &str) -> Outcome<&regex::Regex> {
        match &self.machine {
            Machine::Unlike(why) => Fault::unlike(why.clone()),
            // A `.` takes half of such a character there, and all of it here.
            Machine::Same(_) if text.chars().any(|c| c > '\u{ffff}') => {
                Fault::unlike("a regular expression on a text with characters beyond U+FFFF (an emoji, say)")
            }
            // Here these are an `s` and a `k` without case, there they aren't.
            Machine::Same(_) if self.has_flag('i') && text.contains(['\u{17f}', '\u{212a}']) => {
                Fault::unlike("a regular expression with the flag `i` on a text with `ſ` or a Kelvin sign")
            }
            Machine::Same(regex) => Ok(regex),
        }
    }

    /// Returns true if the text matches; with the flags `g` and `y`, from the end of the last match.
    pub fn test(&self, text: &str) -> Outcome<bool> {
        let regex = self.machine(text)?;
        if !self.has_flag('g') && !self.has_flag('y') {
            return Ok(regex.is_match(text));
        }
        let last = self.last.load(Ordering::Relaxed);
        let start = text.char_indices().nth(last).map(|(at, _)| at);
        let start = start.or_else(|| (text.chars().count() == last).then_some(text.len()));
        let found = start.and_then(|start| regex.find_at(text, start).map(|found| (start, found)));
        let found = found.filter(|(start, found)| !self.has_flag('y') || found.start() == *start);
        let end = found.map(|(_, found)| text.get(..found.end()).unwrap_or(text).chars().count());
        self.last.store(end.unwrap_or(0), Ordering::Relaxed);
        Ok(end.is_some())
    }

    /// `text.replace(regex, replacement)`.
    pub fn replace(&self, text: &str, replacement: &str, budget: &Budget) -> Outcome<String> {
        let regex = self.machine(text)?;
        if self.has_flag('y') {
            return Fault::unlike("replacing with a regular expression that has the flag `y`");
        }
        let mut output = String::new();
        let mut last_end = 0;
        for found in regex.captures_iter(text) {
            budget.steps(1)?;
            let Some(all) = found.get(0) else { break };
            output.push_str(text.get(last_end..all.start()).unwrap_or_default());
            let group = |number: usize| found.get(number).map_or("", |part| part.as_str());
            let names: Vec<&str> = regex.capture_names().flatten().collect();
            let named = |name: &str| found.name(name).map_or("", |part| part.as_str());
            let expand = Expand {
                before: text.get(..all.start()).unwrap_or_default(),
                found: all.as_str(),
                after: text.get(all.end()..).unwrap_or_default(),
                groups: regex.captures_len() - 1,
                group: &group,
                named: (!names.is_empty()).then_some(&named),
            };
            let expansion = expand.all(replacement);
            budget.bytes(expansion.len())?;
            output.push_str(&expansion);
            last_end = all.end();
            if !self.has_flag('g') {
                break;
            }
        }
        output.push_str(text.get(last_end..).unwrap_or_default());
        budget.bytes(output.len())?;
        Ok(output)
    }

    /// `text.split(regex)`: with what its groups found.
    pub fn split(&self, text: &str, budget: &Budget) -> Outcome<Vec<Option<String>>> {
        let regex = self.machine(text)?;
        if text.is_empty() {
            let whole = regex.find(text).is_some_and(|found| found.is_empty() && found.start() == 0);
            return Ok(if whole { vec![] } else { vec![Some(String::new())] });
        }
        let mut parts = vec![];
        let mut last_end = 0;
        for found in regex.captures_iter(text) {
            budget.steps(1)?;
            let Some(all) = found.get(0) else { break };
            // What is empty divides characters, but is none before the first or after the last.
            if all.end() == last_end || all.start() >= text.len() {
                continue;
            }
            parts.push(text.get(last_end..all.start()).map(str::to_string));
            parts.extend((1..found.len()).map(|at| found.get(at).map(|part| part.as_str().to_string())));
            last_end = all.end();
        }
        parts.push(text.get(last_end..).map(str::to_string));
        Ok(parts)
    }
}

impl Machine {
    fn new(regex: regex::Regex, is_wide: bool) -> Machine {
        // Letters beyond ASCII have other cases here than there.
        match is_wide {
            true => Machine::Unlike("a regular expression with the flag `i` and letters beyond ASCII".into()),
            false => Machine::Same(regex),
        }
    }
}

/// Expansion of `$1`, `$&` and the like in a replacement.
pub struct Expand<'a> {
    pub before: &'a str,
    pub found: &'a str,
    pub after: &'a str,
    /// Number of groups.
    pub groups: usize,
    pub group: &'a dyn Fn(usize) -> &'a str,
    pub named: Option<&'a dyn Fn(&str) -> &'a str>,
}

impl Expand<'_> {
    pub fn all(&self, replacement: &str) -> String {
        let mut output = String::new();
        let mut rest = replacement;
        while let Some(at) = rest.find('$') {
            output.push_str(rest.get(..at).unwrap_or_default());
            rest = rest.get(at + 1..).unwrap_or_default();
            let (text, taken) = self.one(rest);
            output.push_str(text.unwrap_or("$"));
            rest = rest.get(taken..).unwrap_or_default();
        }
        output.push_str(rest);
        output
    }

    /// Returns the expansion of the text after a `$`, and the length of the reference.
    fn one(&self, rest: &str) -> (Option<&str>, usize) {
        let mut bytes = rest.bytes();
        let (first, second) = (bytes.next(), bytes.next());
        let digit = |byte: Option<u8>| byte.filter(u8::is_ascii_digit).map(|byte| usize::from(byte - b'0'));
        match first {
            Some(b'$') => (Some("$"), 1),
            Some(b'&') => (Some(self.found), 1),
            Some(b'`') => (Some(self.before), 1),
            Some(b'\'') => (Some(self.after), 1),
            Some(b'<') => match (self.named, rest.find('>')) {
                (Some(named), Some(end)) => (Some(named(rest.get(1..end).unwrap_or_default())), end + 1),
                _ => (None, 0),
            },
            _ => {
                let one = digit(first);
                let two = one.zip(digit(second)).map(|(tens, ones)| tens * 10 + ones);
                if let Some(two) = two.filter(|two| (1..=self.groups).contains(two)) {
                    return (Some((self.group)(two)), 2);
                }
                match one.filter(|one| (1..=self.groups).contains(one)) {
                    Some(one) => (Some((self.group)(one)), 1),
                    None => (None, 0),
                }
            }
        }
    }
}

const SPACES: &str =
    r"\t\n\x0B\x0C\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";

/// A pattern in the words of the `regex` crate, and whether its case is hard to tell.
fn translate(source: &str, flags: &str) -> Result<(String, bool), PatternError> {
    let mut reader =
        Reader { rest: source.chars().collect(), at: 0, output: String::new(), open: 0, is_wide: false };
    reader.pattern()?;
    let is_wide = reader.is_wide && flags.contains('i');
    Ok((reader.output, is_wide))
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    output: String,
    open: usize,
    is_wide: bool,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn pattern(&mut self) -> Result<(), PatternError> {
        // Whether something stands before that a quantifier can repeat.
        let mut is_repeatable = false;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            is_repeatable = match c {
                '(' => self.group()?,
                ')' => {
                    if self.open == 0 {
                        return Err(PatternError::Wrong("unmatched `)`".into()));
                    }
                    self.open -= 1;
                    self.output.push(')');
                    true
                }
                '[' => self.class()?,
                '*' | '+' | '?' => self.quantifier(&c.to_string(), is_repeatable)?,
                '{' => match self.range_quantifier() {
                    Some(range) => self.quantifier(&range?, is_repeatable)?,
                    None => self.literal('{'),
                },
                '|' => {
                    self.output.push('|');
                    false
                }
                '^' => {
                    self.output.push('^');
                    false
                }
                '$' => {
                    self.output.push('$');
                    false
                }
                '.' => {
                    self.output.push_str(r"[^\n\r\x{2028}\x{2029}]");
                    true
                }
                '\\' => self.escape()?,
                other => self.literal(other),
            };
        }
        if self.open > 0 {
            return Err(PatternError::Wrong("a group that isn't closed".into()));
        }
        Ok(())
    }

    fn literal(&mut self, c: char) -> bool {
        self.is_wide |= !c.is_ascii();
        self.output.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
        true
    }

    fn group(&mut self) -> Result<bool, PatternError> {
        self.open += 1;
        if self.open > 100 {
            return Err(PatternError::Unlike(
                "a regular expression with so many groups in one another".into(),
            ));
        }
        if self.peek(0) != Some('?') {
            self.output.push('(');
            return Ok(false);
        }
        match (self.peek(1), self.peek(2)) {
            (Some(':'), _) => {
                self.at += 2;
                self.output.push_str("(?:");
                Ok(false)
            }
            (Some('=' | '!'), _) | (Some('<'), Some('=' | '!')) => {
                Err(PatternError::Unlike("a regular expression that looks ahead or behind".into()))
            }
            (Some('<'), Some(_)) => {
                let name: String = self.rest.iter().skip(self.at + 2).take_while(|c| **c != '>').collect();
                let is_valid = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    && !name.starts_with(|c: char| c.is_ascii_digit())
                    && !name.is_empty();
                if !is_valid || self.output.contains(&format!("(?<{name}>")) {
                    return Err(PatternError::Wrong("a group's name".into()));
                }
                self.at += 3 + name.len();
                self.output.push_str(&format!("(?<{name}>"));
                Ok(false)
            }
            _ => Err(PatternError::Wrong("`(?` without what belongs after it".into())),
        }
    }

    /// `{2}`, `{2,}`, `{2,3}` after the brace; none where the brace is only a brace.
    fn range_quantifier(&mut self) -> Option<Result<String, PatternError>> {
        let inner: String = self.rest.iter().skip(self.at).take_while(|c| **c != '}').collect();
        self.rest.get(self.at + inner.chars().count())?;
        let (least, most) = inner.split_once(',').map_or((inner.as_str(), None), |(a, b)| (a, Some(b)));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if least.is_empty() || !digits(least) || !most.is_none_or(digits) {
            return None;
        }
        self.at += inner.len() + 1;
        let number = |text: &str| text.parse::<u32>().ok();
        match (number(least), most.map(|most| (most, number(most)))) {
            (Some(least), Some((_, Some(most)))) if least > most => {
                Some(Err(PatternError::Wrong("a range of repeats that is out of order".into())))
            }
            _ => Some(Ok(format!("{{{inner}}}"))),
        }
    }

    fn quantifier(&mut self, quantifier: &str, is_repeatable: bool) -> Result<bool, PatternError> {
        if !is_repeatable {
            return Err(PatternError::Wrong("nothing to repeat".into()));
        }
        self.output.push_str(quantifier);
        if self.peek(0) == Some('?') {
            self.at += 1;
            self.output.push('?');
        }
        Ok(false)
    }

    fn escape(&mut self) -> Result<bool, PatternError> {
        let Some(c) = self.peek(0) else { return Err(PatternError::Wrong("`\\` at the end".into())) };
        match c {
            'b' | 'B' => {
                self.at += 1;
                self.output.push_str(if c == 'b' { r"(?-u:\b)" } else { "" });
                if c == 'B' {
                    // On UTF-8 this is no place between bytes of one character.
                    return Err(PatternError::Unlike("a regular expression with `\\B`".into()));
                }
                return Ok(false);
            }
            '1'..='9' | 'k' => {
                return Err(PatternError::Unlike(
                    "a regular expression that refers to its own groups".into(),
                ));
            }
            _ => {}
        }
        match self.character_class(false)? {
            Some(class) => {
                self.output.push_str(&class);
                Ok(true)
            }
            None => {
                let c = self.escaped_char()?;
                Ok(self.literal(c))
            }
        }
    }

    /// `\d` and its like, if that comes after the backslash.
    fn character_class(&mut self, inside: bool) -> Result<Option<String>, PatternError> {
        let (is_negated, class) = match self.peek(0) {
            Some('d') => (false, "0-9"),
            Some('D') => (true, "0-9"),
            Some('w') => (false, "0-9A-Za-z_"),
            Some('W') => (true, "0-9A-Za-z_"),
            Some('s') => (false, SPACES),
            Some('S') => (true, SPACES),
            _ => return Ok(None),
        };
        self.at += 1;
        let negation = if is_negated { "^" } else { "" };
        if inside && !is_negated {
            return Ok(Some(class.into()));
        }
        Ok(Some(format!("[{negation}{class}]")))
    }

    /// The character that an escape stands for.
    fn escaped_char(&mut self) -> Result<char, PatternError> {
        let Some(c) = self.peek(0) else { return Err(PatternError::Wrong("`\\` at the end".into())) };
        self.at += 1;
        let hex = |reader: &Reader, count: usize| {
            let digits: String = reader.rest.iter().skip(reader.at).take(count).collect();
            (digits.len() == count).then(|| u32::from_str_radix(&digits, 16).ok()).flatten()
        };
        Ok(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'f' => '\u{c}',
            '0' if !self.peek(0).is_some_and(|c| c.is_ascii_digit()) => '\0',
            'x' | 'u' => {
                let count = if c == 'x' { 2 } else { 4 };
                match hex(self, count) {
                    Some(code) => {
                        self.at += count;
                        let half = "a regular expression with half of a character";
                        char::from_u32(code).ok_or_else(|| PatternError::Unlike(half.into()))?
                    }
                    None => c,
                }
            }
            'c' => return Err(PatternError::Unlike("a regular expression with `\\c`".into())),
            '0'..='9' => {
                return Err(PatternError::Unlike("a regular expression with an octal escape".into()));
            }
            other => other,
        })
    }

    fn class(&mut self) -> Result<bool, PatternError> {
        let is_negated = self.peek(0) == Some('^');
        self.at += usize::from(is_negated);
        if self.peek(0) == Some(']') {
            self.at += 1;
            // `[^]` is any character, `[]` is none.
            self.output.push_str(if is_negated { r"(?s:.)" } else { r"[^\x{0}-\x{10ffff}]" });
            return Ok(true);
        }
        let mut inner = String::new();
        loop {
            let Some(c) = self.peek(0) else {
                return Err(PatternError::Wrong("a class that isn't closed".into()));
            };
            if c == ']' {
                self.at += 1;
                break;
            }
            let (first, single) = self.member()?;
            if self.peek(0) == Some('-') && self.peek(1).is_some_and(|c| c != ']') {
                self.at += 1;
                let (second, other) = self.member()?;
                match (single, other) {
                    (Some(a), Some(b)) if a <= b => inner.push_str(&format!("{first}-{second}")),
                    (Some(_), Some(_)) => {
                        return Err(PatternError::Wrong("a range that is out of order".into()));
                    }
                    _ => inner.push_str(&format!("{first}\\x{{2d}}{second}")),
                }
            } else {
                inner.push_str(&first);
            }
        }
        self.output.push_str(&format!("[{}{inner}]", if is_negated { "^" } else { "" }));
        Ok(true)
    }

    /// One member of a class, and its character if it is one.
    fn member(&mut self) -> Result<(String, Option<char>), PatternError> {
        let Some(c) = self.peek(0) else {
            return Err(PatternError::Wrong("a class that isn't closed".into()));
        };
        self.at += 1;
        let c = match c {
            '\\' => {
                if let Some(class) = self.character_class(true)? {
                    return Ok((class, None));
                }
                if self.peek(0) == Some('b') {
                    self.at += 1;
                    '\u{8}'
                } else {
                    self.escaped_char()?
                }
            }
            other => other,
        };
        self.is_wide |= !c.is_ascii();
        Ok((format!("\\x{{{:x}}}", u32::from(c)), Some(c)))
    }
}
