//! Long texts and values on several lines: `wordwrap` and `pprint`.

use super::arguments::Args;
use super::fault::{Fault, Res};
use super::interpreter::Interpreter;
use super::value::{Dict, Value};
use super::{repr, strings};

pub fn filter(engine: &Interpreter<'_>, args: Args) -> Res<String> {
    let parameters = ["s", "width", "break_long_words", "wrapstring", "break_on_hyphens"];
    let args = args.bind("wordwrap", &parameters, 1)?;
    let text = args.text(0, "")?;
    let width = usize::try_from(args.int(1, 79)?).unwrap_or(0);
    if width == 0 {
        return Err(Fault::of("invalid width 0 (must be > 0)"));
    }
    let between = args.some(3).map_or(Ok("\n".into()), |_| args.text(3, "\n"))?;
    let (long, hyphens) = (args.yes(2, true)?, args.yes(4, true)?);
    let mut lines = vec![];
    for line in strings::lines(&text, false) {
        engine.spend(line.len() as u64)?;
        let wrapped = wrapped(line, width, long, hyphens);
        lines.push(wrapped.join(&between));
    }
    Ok(lines.join(&between))
}

/// A line on lines of at most so many letters.
fn wrapped(line: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let mut chunks: Vec<String> = chunks(line, hyphens);
    chunks.reverse();
    let mut lines: Vec<String> = vec![];
    let length = |text: &str| text.chars().count();
    let blank = |text: &str| text.trim().is_empty();
    while !chunks.is_empty() {
        let (mut current, mut used): (Vec<String>, usize) = (vec![], 0);
        if !lines.is_empty() && chunks.last().is_some_and(|chunk| blank(chunk)) {
            chunks.pop();
        }
        while let Some(chunk) = chunks.pop_if(|chunk| used + length(chunk) <= width) {
            used += length(&chunk);
            current.push(chunk);
        }
        if let Some(chunk) = chunks.pop_if(|chunk| length(chunk) > width) {
            let left = width - used;
            if break_long {
                let letters: Vec<char> = chunk.chars().collect();
                let (head, _) = letters.split_at(left.min(letters.len()));
                let hyphen = head.iter().rposition(|c| *c == '-').filter(|at| *at > 0 && hyphens);
                let hyphen = hyphen.filter(|at| head.iter().take(*at).any(|c| *c != '-'));
                let (head, rest) = letters.split_at(hyphen.map_or(head.len(), |at| at + 1));
                current.push(head.iter().collect());
                chunks.push(rest.iter().collect());
            } else if current.is_empty() {
                current.push(chunk);
            } else {
                chunks.push(chunk);
            }
        }
        if current.last().is_some_and(|chunk| blank(chunk)) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        }
    }
    lines
}

/// Words and the blanks between them; words with hyphens in parts.
fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    let mut chunks: Vec<String> = vec![];
    let letters: Vec<char> = line.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or(' ');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let letter = |c: char| word(c) && !c.is_ascii_digit();
    let mut current = String::new();
    for (index, c) in letters.iter().enumerate() {
        let before = if index > 0 { Some(at(index - 1)) } else { None };
        let changes = before.is_some_and(|before| before.is_whitespace() != c.is_whitespace());
        let after_hyphen = hyphens
            && before == Some('-')
            && index >= 3
            && letter(at(index - 2))
            && word(at(index - 3))
            && word(*c)
            && word(at(index + 1))
            && (index + 1..letters.len()).take_while(|i| word(at(*i))).any(|i| letter(at(i)));
        if changes || after_hyphen {
            chunks.push(std::mem::take(&mut current));
        }
        current.push(*c);
    }
    chunks.push(current);
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

/// A value on several lines where one is too long, as Python's `pprint`.
pub fn pretty(value: &Value) -> Res<String> {
    let mut out = String::new();
    lay_out(&mut out, value, 0, 0)?;
    Ok(out)
}

fn lay_out(out: &mut String, value: &Value, indent: usize, behind: usize) -> Res<()> {
    let plain = repr::repr(&sorted(value)?)?;
    if plain.chars().count() + indent + behind <= 80 {
        out.push_str(&plain);
        return Ok(());
    }
    let line = format!(",\n{}", " ".repeat(indent + 1));
    match sorted(value)? {
        Value::Dict(dict) => {
            out.push('{');
            let dict = dict.borrow();
            for (index, (key, value)) in dict.iter().enumerate() {
                if index > 0 {
                    out.push_str(&line);
                }
                let key = repr::repr(key)?;
                let width = key.chars().count() + 2;
                out.push_str(&format!("{key}: "));
                let last = index + 1 == dict.len();
                lay_out(out, value, indent + 1 + width, if last { behind + 1 } else { 1 })?;
            }
            out.push('}');
        }
        Value::List(_) | Value::Tuple(_) => {
            let items = value.items()?;
            let (open, close) = if matches!(value, Value::List(_)) { ('[', "]") } else { ('(', ")") };
            out.push(open);
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(&line);
                }
                let last = index + 1 == items.len();
                lay_out(out, item, indent + 1, if last { behind + 1 } else { 1 })?;
            }
            out.push_str(if items.len() == 1 && close == ")" { ",)" } else { close });
        }
        _ => out.push_str(&plain),
    }
    Ok(())
}

/// A value with the keys of its dicts in order.
fn sorted(value: &Value) -> Res<Value> {
    Ok(match value {
        Value::Dict(dict) => {
            let mut entries: Vec<(Value, Value)> =
                dict.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            if entries.iter().all(|(key, _)| key.as_str().is_some()) {
                entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
            }
            let mut dict = Dict::default();
            for (key, value) in entries {
                dict.set(key, sorted(&value)?)?;
            }
            Value::dict(dict)
        }
        Value::List(items) => Value::list(items.borrow().iter().map(sorted).collect::<Res<_>>()?),
        Value::Tuple(items) => Value::tuple(items.iter().map(sorted).collect::<Res<_>>()?),
        other => other.clone(),
    })
}
