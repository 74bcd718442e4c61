//! `slugify`, as python-slugify has it.

use minijinja::value::{Kwargs, Rest};
use minijinja::{Error, ErrorKind, Value};
use regex::Regex;

use super::fault::otherwise;
use super::filters::check_length;

type Res<T> = Result<T, Error>;

/// Maximum length of a text, bytes.
const MAX_BYTES: usize = 10_000;

const PARAMETERS: &[&str] = &[
    "entities",
    "decimal",
    "hexadecimal",
    "max_length",
    "word_boundary",
    "separator",
    "save_order",
    "stopwords",
    "regex_pattern",
    "lowercase",
    "replacements",
    "allow_unicode",
];

/// Accented letters are named after the letter.
const ACCENTS: &[&str] = &["grave", "acute", "circ", "tilde", "uml", "ring", "cedil", "caron"];

/// The arguments that were given, by their names.
struct Arguments(Vec<Option<Value>>);

impl Arguments {
    fn read(positional: &[Value], named: &Kwargs) -> Res<Arguments> {
        if positional.len() > PARAMETERS.len() {
            return Err(Error::from(ErrorKind::TooManyArguments));
        }
        let mut values: Vec<Option<Value>> = positional.iter().cloned().map(Some).collect();
        for name in PARAMETERS.iter().skip(values.len()) {
            values.push(named.get(name)?);
        }
        named.assert_all_used()?;
        Ok(Arguments(values))
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let at = PARAMETERS.iter().position(|known| *known == name)?;
        self.0.get(at)?.as_ref()
    }

    fn flag(&self, name: &str, usual: bool) -> bool {
        self.get(name).map_or(usual, Value::is_true)
    }

    fn texts(&self, name: &str) -> Res<Vec<Value>> {
        self.get(name).map_or(Ok(vec![]), |list| Ok(list.try_iter()?.collect()))
    }
}

pub fn filter(text: &str, args: Rest<Value>, named: Kwargs) -> Res<String> {
    let arguments = Arguments::read(&args, &named)?;
    if text.len() > MAX_BYTES {
        return Err(otherwise("this text is too long for `slugify`", "a shorter text"));
    }
    let mut replacements = vec![];
    for pair in arguments.texts("replacements")? {
        let pair: Vec<Value> = pair.try_iter()?.collect();
        let [old, new] = &*pair else {
            return Err(Error::new(ErrorKind::InvalidOperation, "replacements are pairs"));
        };
        replacements.push((old.to_string(), new.to_string()));
    }
    let replace = |mut text: String| -> Res<String> {
        for (old, new) in &replacements {
            check_length(text.len().saturating_mul(new.len().max(1)))?;
            text = text.replace(old, new);
        }
        Ok(text)
    };
    let text = replace(text.to_string())?;
    check_length(text.len().saturating_mul(8))?;
    let is_unicode = arguments.flag("allow_unicode", false);
    let text = collapse(&text, '\'', "-");
    let mut text = if is_unicode { compose(&text)? } else { transliterate(&text)? };
    if arguments.flag("entities", true) {
        text = replace_named_entities(&text);
    }
    if arguments.flag("decimal", true) {
        text = replace_numbered_entities(&text, "&#", 10);
    }
    if arguments.flag("hexadecimal", true) {
        text = replace_numbered_entities(&text, "&#x", 16);
    }
    if !is_unicode {
        // What entities stand for is taken apart, of which only plain letters stay.
        text = decompose(&text)?;
    }
    let is_lower = arguments.flag("lowercase", true);
    if is_lower {
        text = text.to_lowercase();
    }
    text = text.replace('\'', "");
    text = strip_thousands(&text);
    text = match arguments.get("regex_pattern").filter(|pattern| !pattern.is_none()) {
        Some(pattern) => replace_pattern(&text, &pattern.to_string())?,
        None => {
            let is_kept = |c: char| match is_unicode {
                true => c.is_alphanumeric(),
                false => c.is_ascii_alphanumeric() || c == '-',
            };
            text.chars().map(|c| if is_kept(c) { c } else { '-' }).collect()
        }
    };
    text = collapse(&text, '-', "-").trim_matches('-').to_string();
    let stopwords = arguments.texts("stopwords")?.into_iter().map(|word| word.to_string());
    let stopwords: Vec<String> =
        stopwords.map(|word| if is_lower { word.to_lowercase() } else { word }).collect();
    if !stopwords.is_empty() {
        let words = text.split('-').filter(|word| !stopwords.iter().any(|stopword| stopword == word));
        text = words.collect::<Vec<_>>().join("-");
    }
    text = replace(text)?;
    let most = arguments.get("max_length").map_or(Ok(0), |most| i64::try_from(most.clone()))?;
    if let Some(most) = usize::try_from(most).ok().filter(|most| *most > 0) {
        text = truncate(
            &text,
            most,
            arguments.flag("word_boundary", false),
            arguments.flag("save_order", false),
        );
    }
    let separator = arguments.get("separator").map_or_else(|| "-".to_string(), ToString::to_string);
    Ok(text.replace('-', &separator))
}

/// Several of a character in a row as one text.
fn collapse(text: &str, c: char, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    for letter in text.chars() {
        match letter == c {
            true if last == Some(c) => {}
            true => out.push_str(by),
            false => out.push(letter),
        }
        last = Some(letter);
    }
    out
}

/// Returns the error for a character that would need Unicode's normalisation tables.
fn unknown_letter(c: char) -> Error {
    otherwise(
        &format!("what `slugify` makes of `{c}` (U+{:04X}) is not known here", u32::from(c)),
        "letters of the Latin, Greek or Cyrillic alphabet",
    )
}

/// Letters of other alphabets as ASCII, as far as that is known to be the same.
fn transliterate(text: &str) -> Res<String> {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        match super::super::transliteration::ascii(c) {
            Some(ascii) => out.push_str(ascii),
            None => return Err(unknown_letter(c)),
        }
    }
    Ok(out)
}

/// Text as NFKC has it: only where it is that already.
fn compose(text: &str) -> Res<String> {
    let is_known = |c: char| {
        matches!(u32::from(c), 0..0x80 | 0xc0..=0x131 | 0x134..=0x13e | 0x141..=0x148
        | 0x14a..=0x17e | 0x386..=0x3ce | 0x400..=0x45f | 0x4e00..=0x9fff | 0x3041..=0x3096 | 0x30a1..=0x30fa | 0xac00..=0xd7a3)
    };
    match text.chars().find(|c| !is_known(*c) || *c == '\u{387}') {
        Some(c) => Err(unknown_letter(c)),
        None => Ok(text.to_string()),
    }
}

fn decompose(text: &str) -> Res<String> {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            c => match super::super::transliteration::base(c) {
                Some(base) => {
                    out.push_str(base);
                    out.push('-');
                }
                None => return Err(unknown_letter(c)),
            },
        }
    }
    Ok(out)
}

/// `&amp;` and others; of accented letters, the letter.
fn replace_named_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let name = behind.get(1..).unwrap_or_default();
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        let letter =
            ACCENTS.iter().find_map(|accent| name.strip_suffix(accent)).filter(|letter| letter.len() == 1);
        match (after.strip_prefix(';'), letter) {
            (Some(after), Some(letter)) if letter.bytes().all(|c| c.is_ascii_alphabetic()) => {
                out.push_str(letter);
                out.push('\u{b4}');
                rest = after;
            }
            (Some(after), _) if super::super::transliteration::ENTITIES.contains(&name) => {
                out.push(' ');
                rest = after;
            }
            _ => {
                out.push('&');
                rest = behind.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out.replace('\u{b4}', "-")
}

fn replace_numbered_entities(text: &str, prefix: &str, base: u32) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, behind) = rest.split_at(at);
        let digits = behind.get(prefix.len()..).unwrap_or_default();
        let end = digits.find(|c: char| !c.is_digit(base)).unwrap_or(digits.len());
        let (number, after) = digits.split_at(end);
        let letter = u32::from_str_radix(number, base).ok().and_then(char::from_u32);
        out.push_str(before);
        match (letter, after.strip_prefix(';')) {
            (Some(letter), Some(after)) => {
                out.push(letter);
                rest = after;
            }
            _ => {
                out.push_str(prefix);
                rest = digits;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `1,000` as `1000`.
fn strip_thousands(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_numeric());
    let rest = letters
        .iter()
        .enumerate()
        .filter(|(at, c)| **c != ',' || !digit(at.checked_sub(1)) || !digit(Some(at + 1)));
    rest.map(|(_, c)| c).collect()
}

fn replace_pattern(text: &str, pattern: &str) -> Res<String> {
    let pattern = Regex::new(pattern).map_err(|error| {
        Error::new(ErrorKind::InvalidOperation, format!("no regular expression: {error}"))
    })?;
    Ok(pattern.replace_all(text, "-").into_owned())
}

fn truncate(text: &str, most: usize, words: bool, in_order: bool) -> String {
    let text = text.trim_matches('-');
    let length = |text: &str| text.chars().count();
    let cut = || text.chars().take(most).collect::<String>();
    if length(text) < most {
        return text.to_string();
    }
    if !words {
        return cut().trim_matches('-').to_string();
    }
    if !text.contains('-') {
        return cut();
    }
    let mut out = String::new();
    for word in text.split('-').filter(|word| !word.is_empty()) {
        let next = length(&out) + length(word);
        if next < most {
            out.push_str(word);
            out.push('-');
        } else if next == most {
            out.push_str(word);
            break;
        } else if in_order {
            break;
        }
    }
    if out.is_empty() {
        out = cut();
    }
    out.trim_matches('-').to_string()
}
