//! Values of the cloud as text: one line each, nothing hidden, and never the same text for two values.

use std::collections::BTreeMap;

use billpay_model::resource::as_link;
use serde_json::Value;

use super::out::{self, DIM};

/// Longest value of a field that is shown whole where values may be shortened, characters.
const MAX_VALUE_CHARS: usize = 60;
/// Longest element of a list that is shown whole where values may be shortened, characters.
const MAX_ELEMENT_CHARS: usize = 120;
/// Characters that are left of what is equal on either side of a difference.
const CONTEXT: usize = 12;

/// Returns a value as text: text as it is where nothing can be mistaken, anything else as JSON.
pub fn shown(value: &Value) -> String {
    if let Some((address, output)) = as_link(value) {
        return format!("{DIM}(known after apply: {} of {address}){DIM:#}", name(&output));
    }
    match value {
        Value::Null => format!("{DIM}(none){DIM:#}"),
        Value::String(text) if is_plain(text) => text.clone(),
        other => compact(other),
    }
}

/// Returns an element of a list as text: text in quotes, anything else as JSON.
pub fn element(value: &Value) -> String {
    if as_link(value).is_some() { shown(value) } else { compact(value) }
}

/// Returns compact JSON without any character that could hide or pass for another.
fn compact(value: &Value) -> String {
    guarded(&value.to_string(), false)
}

/// Returns text from the cloud that stands outside of JSON: a name, an id, a path of keys.
pub fn name(text: &str) -> String {
    guarded(text, true)
}

/// Returns text of several lines in which nothing is a command to a terminal or to GitHub's runner.
pub fn inert(text: &str) -> String {
    let line = |line: &str| {
        let line = guarded(line, false);
        if line.trim_start().starts_with("::") { format!("\\{line}") } else { line }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Returns text of one line, for what draws on a terminal by itself.
pub fn line(text: &str) -> String {
    guarded(text, false)
}

/// Replaces what a terminal, GitHub's runner or an eye may take for something else by its number.
fn guarded(text: &str, backslashes: bool) -> String {
    let mut guarded = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\\' if backslashes => guarded.push_str("\\\\"),
            // `##[command]` is a command to GitHub's runner wherever it stands in a line.
            '[' if guarded.ends_with("##") => guarded.push_str("\\u{5b}"),
            sign if is_hidden(sign) => guarded.push_str(&format!("\\u{{{:x}}}", u32::from(sign))),
            sign => guarded.push(sign),
        }
    }
    guarded
}

/// Returns whether a character is a control, has no width, changes the direction or the character before it,
/// or is a blank other than a space.
fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || (sign.is_whitespace() && sign != ' ')
        || matches!(u32::from(sign),
            0xad | 0x300..=0x36f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0x20d0..=0x20ff | 0x2800 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff
            | 0xfdd0..=0xfdef | 0xffa0 | 0xfff0..=0xfffb | 0xe0000..=0xe0fff)
}

/// Returns whether text can stand without quotes: it can't be taken for a number, for none, for more than
/// one value, or for something that billpay says.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['(', '[', '{', ' '])
        && !text.ends_with(' ')
        && !text.chars().any(|sign| is_hidden(sign) || ['"', '\\', '→'].contains(&sign))
        && !text.contains("##[")
        && !text.contains("  ")
        && serde_json::from_str::<Value>(text).is_err()
}

/// Returns a word of a sentence: text as it is where nothing in it ends the word, or else in quotes.
pub fn word(text: &str) -> String {
    let is_word = is_plain(text) && !text.contains([' ', ',', ';']);
    if is_word { text.to_string() } else { compact(&Value::from(text)) }
}

/// Returns two values that differ, shortened around what differs.
pub fn shorten_pair(from: String, to: String) -> (String, String) {
    let lengths = [&from, &to].map(|text| text.chars().count());
    if lengths.iter().all(|length| *length <= MAX_VALUE_CHARS) || out::is_styled(&from) || out::is_styled(&to)
    {
        return (from, to);
    }
    let (old, new): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let most = old.len().min(new.len());
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let pairs = old.iter().rev().zip(new.iter().rev());
    let after = pairs.take(most - before).take_while(|(a, b)| a == b).count();
    let shortened = [&old, &new].map(|text| around(text, before, text.len() - after));
    match shortened {
        [a, b] if a != b => (a, b),
        _ => (from, to),
    }
}

/// Returns a text without most of what comes before `start` and after `end`, and of a long middle.
fn around(text: &[char], start: usize, end: usize) -> String {
    let part = |from: usize, to: usize| text[from..to].iter().collect::<String>();
    let cut = |from: usize, to: usize, context: usize| {
        let is_short = to - from <= 2 * context + 1;
        if is_short {
            part(from, to)
        } else {
            format!("{}…{}", part(from, from + context), part(to - context, to))
        }
    };
    cut(0, start, CONTEXT) + &cut(start, end, MAX_VALUE_CHARS / 2) + &cut(end, text.len(), CONTEXT)
}

/// Returns the elements of a list, long ones shortened as long as no two become the same.
pub fn shorten_elements(elements: Vec<String>) -> Vec<String> {
    let shorten = |text: &String| {
        let signs: Vec<char> = text.chars().collect();
        if signs.len() <= MAX_ELEMENT_CHARS || out::is_styled(text) {
            return text.clone();
        }
        let (head, tail) = (&signs[..MAX_ELEMENT_CHARS / 2], &signs[signs.len() - MAX_ELEMENT_CHARS / 2..]);
        head.iter().chain(&['…']).chain(tail).collect()
    };
    let shortened: Vec<String> = elements.iter().map(shorten).collect();
    let mut originals: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    shortened.iter().zip(&elements).for_each(|(short, long)| originals.entry(short).or_default().push(long));
    let is_alone = |short: &String| originals[short].iter().all(|long| *long == originals[short][0]);
    shortened
        .iter()
        .zip(&elements)
        .map(|(short, long)| if is_alone(short) { short.clone() } else { long.clone() })
        .collect()
}

/// Returns a text that Markdown shows as it is, inside a table too.
pub fn markdown(text: &str) -> String {
    let escape = |sign: char| match sign {
        sign if sign.is_alphanumeric() || [' ', '-', '/'].contains(&sign) => sign.to_string(),
        sign => format!("&#{};", u32::from(sign)),
    };
    name(text).chars().map(escape).collect()
}

/// Returns lines as a block of code that nothing in them ends.
pub fn fenced(lines: &str) -> String {
    let longest = lines.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let newline = if lines.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{lines}{newline}{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(value: Value) -> String {
        out::plain(&shown(&value))
    }

    #[test]
    fn no_line_of_an_error_is_a_command() {
        let hostile = "x\n::error file=a::y\n  ::set-output::z \u{1b}[2J\u{202e}";
        let shown = inert(hostile);
        assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
        assert_eq!(inert("two\nlines: a::b"), "two\nlines: a::b");
    }

    #[test]
    fn values_that_differ_never_read_the_same() {
        let values = [
            json!(null),
            json!("(none)"),
            json!("none"),
            json!("null"),
            json!(""),
            json!(" "),
            json!(4),
            json!("4"),
            json!(true),
            json!("true"),
            json!("a"),
            json!("a "),
            json!("a\u{200b}"),
            json!("a\u{202e}"),
            json!("a\n"),
            json!("a\\n"),
            json!("a\\u{a}"),
            json!("\"a\""),
            json!(["a"]),
            json!("[\"a\"]"),
            json!({"a": 1}),
            json!("{\"a\":1}"),
            json!("é"),
            json!("e\u{301}"),
            json!("a\u{a0}b"),
            json!("a b"),
            json!("a  b"),
            json!({"link": "network/vpc", "output": "id"}),
            json!("(known after apply: id of network/vpc)"),
        ];
        for (index, one) in values.iter().enumerate() {
            for other in &values[index + 1..] {
                assert_ne!(plain(one.clone()), plain(other.clone()), "{one:?} and {other:?}");
                if as_link(one).is_none() && as_link(other).is_none() {
                    assert_ne!(element(one), element(other), "{one:?} and {other:?}");
                }
            }
        }
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        for hostile in [
            "a\u{1b}[2Jb",
            "a\n::error::x",
            "a\r::add-mask::x",
            "##[error]x",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{7f}",
        ] {
            for text in [plain(json!(hostile)), element(&json!([hostile])), name(hostile), word(hostile)] {
                assert!(!text.chars().any(is_hidden) && !text.contains("##["), "{hostile:?}: {text:?}");
            }
        }
        assert_eq!(plain(json!("repo:a/b:environment:dev")), "repo:a/b:environment:dev");
        assert_eq!(plain(json!("Lets EKS run the control plane")), "Lets EKS run the control plane");
        assert_eq!(element(&json!("a")), "\"a\"");
    }

    #[test]
    fn long_values_are_shortened_around_what_differs() {
        let long = |middle: &str| format!("{}{middle}{}", "x".repeat(100), "y".repeat(100));
        let (from, to) = shorten_pair(long("good"), long("evil"));
        assert_eq!(from, "xxxxxxxxxxxx…xxxxxxxxxxxxgoodyyyyyyyyyyyy…yyyyyyyyyyyy");
        assert_eq!(to, "xxxxxxxxxxxx…xxxxxxxxxxxxevilyyyyyyyyyyyy…yyyyyyyyyyyy");
        let short = ("a".to_string(), "b".to_string());
        assert_eq!(shorten_pair(short.0.clone(), short.1.clone()), short);
        let same_prefix = |tail: &str| format!("{}{tail}", "arn:aws:iam::123456789012:role/".repeat(4));
        for (a, b) in [("", "x"), ("dev", "prod"), ("admin", "admin2"), ("", "…"), ("x…", "…x")] {
            let (from, to) = shorten_pair(same_prefix(a), same_prefix(b));
            assert_ne!(from, to);
            assert!(from.chars().count() < 60, "{from}");
        }
        let mut random = 7_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % below
        };
        for _ in 0..20_000 {
            let mut text =
                || (0..50 + next(60)).map(|_| ['a', 'b', '…'][next(3) as usize]).collect::<String>();
            let (from, to) = (text(), text());
            let (short_from, short_to) = shorten_pair(from.clone(), to.clone());
            assert_eq!(from == to, short_from == short_to, "{from} {to}");
        }
    }

    #[test]
    fn elements_are_shortened_only_while_they_stay_apart() {
        let long = |middle: &str| format!("\"{}{middle}{}\"", "x".repeat(100), "y".repeat(100));
        let apart = vec![long("good"), "\"short\"".to_string()];
        let shortened = shorten_elements(apart.clone());
        assert!(shortened[0].chars().count() == 121 && shortened[1] == apart[1], "{shortened:?}");
        let alike = vec![long("good"), long("evil")];
        assert_eq!(shorten_elements(alike.clone()), alike);
    }

    #[test]
    fn markdown_takes_nothing_for_markup() {
        let hostile = "a|b`c`\n# x <img src=x> [l](http://e) @me *b* &amp; ::error::\u{1b}";
        let text = markdown(hostile);
        assert!(!text.contains(['|', '`', '\n', '<', '[', '(', '@', '*', ':', '\u{1b}']), "{text}");
        assert!(text.starts_with("a&#124;b&#96;c&#96;&#92;u"), "{text}");
        assert_eq!(fenced("a ``` b\n"), "````text\na ``` b\n````\n");
        assert_eq!(fenced("a"), "```text\na\n```\n");
    }
}
