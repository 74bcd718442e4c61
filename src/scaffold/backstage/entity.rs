//! `catalog:write`: an entity as the portal's YAML writer writes it.
//!
//! Lengths are in UTF-16 units, since JavaScript counts so.

use serde_json::{Map, Value, json};

use super::fold::{Mode, fold};
use super::workspace::{Fault, WorkFile, Workspace, resolve};

/// Lines are kept as short as this where they can be.
const LINE_WIDTH: usize = 80;
/// A text with line ends that is shorter as JSON keeps them as `\n`.
const MAX_QUOTED_LENGTH: usize = 40;
/// Maximum length of an implicit key.
const MAX_KEY_LENGTH: usize = 1024;
/// Annotation with the template that an entity came from.
const SOURCE: &str = "backstage.io/source-template";
/// Maximum nesting depth.
const MAX_DEPTH: usize = 100;

/// Writes an entity, with the template that it came from among its annotations.
pub(super) fn write(
    workspace: &mut Workspace,
    input: &Map<String, Value>,
    entity_ref: &str,
) -> Result<String, Fault> {
    let path = input.get("filePath").and_then(Value::as_str).unwrap_or("catalog-info.yaml");
    let mut entity = input.get("entity").and_then(Value::as_object).cloned().unwrap_or_default();
    let Some(Value::Object(metadata)) = entity.get_mut("metadata") else {
        return Err(Fault::new("the entity has no `metadata`"));
    };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if !annotations.is_object() {
        *annotations = json!({});
    }
    if let Value::Object(annotations) = annotations {
        annotations.insert(SOURCE.into(), entity_ref.into());
    }
    let text = format!("{}\n", mapping(&entity, 0, 0)?);
    let resolved = resolve(path)?;
    let executable = false;
    workspace.write(&resolved, WorkFile { bytes: text.into_bytes(), executable, from: String::new() })?;
    Ok(format!("writes {resolved}"))
}

fn spaces(number: usize) -> String {
    " ".repeat(number)
}

fn mapping(object: &Map<String, Value>, indent: usize, depth: usize) -> Result<String, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::new("the entity is nested too deeply"));
    }
    let pairs: Result<Vec<String>, Fault> = object
        .iter()
        .map(|(key, value)| {
            let key = string(key, indent + 2, None, true)?;
            if key.encode_utf16().count() > MAX_KEY_LENGTH {
                return Err(Fault::new("the entity has a key that is too long"));
            }
            let start = key.encode_utf16().count() + 2;
            let value = node(value, indent + 2, Some(start), depth)?;
            let between = if value.starts_with('\n') { "" } else { " " };
            Ok(format!("{key}:{between}{value}"))
        })
        .collect();
    Ok(pairs?.join(&format!("\n{}", spaces(indent))))
}

/// A value after a key, or (without `start`) after the dash of a list.
fn node(value: &Value, indent: usize, start: Option<usize>, depth: usize) -> Result<String, Fault> {
    let below = |text: String| match start {
        Some(_) => format!("\n{}{text}", spaces(indent)),
        None => text,
    };
    match value {
        Value::Null => Ok("null".into()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => string(text, indent, start, false),
        Value::Array(items) if items.is_empty() => Ok("[]".into()),
        Value::Object(object) if object.is_empty() => Ok("{}".into()),
        Value::Array(items) => {
            if depth > MAX_DEPTH {
                return Err(Fault::new("the entity is nested too deeply"));
            }
            let items =
                items.iter().map(|item| Ok(format!("- {}", node(item, indent + 2, None, depth + 1)?)));
            let items: Result<Vec<String>, Fault> = items.collect();
            Ok(below(items?.join(&format!("\n{}", spaces(indent)))))
        }
        Value::Object(object) => Ok(below(mapping(object, indent, depth + 1)?)),
    }
}

fn string(text: &str, indent: usize, start: Option<usize>, key: bool) -> Result<String, Fault> {
    let forces_quotes = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}');
    let quoted = || Ok(quoted(text, indent, start, key));
    if text.contains(forces_quotes) {
        return Ok(double(text, indent, start, key));
    }
    let has_lines = text.contains('\n');
    if key && has_lines {
        return quoted();
    }
    if has_lines {
        return block(text, indent, start);
    }
    let marks_document = key && indent == 2 && (text.starts_with("---") || text.starts_with("..."));
    if !may_be_plain(text) || marks_document || means_something_else(text) {
        return quoted();
    }
    Ok(if key { text.to_string() } else { fold(text, indent, start, Mode::Flow).0 })
}

/// Returns true if a text of one line can stand without quotes.
fn may_be_plain(text: &str) -> bool {
    let odd_start = text.starts_with(|c| "\n\t ,[]{}#&*!|>'\"%@`".contains(c))
        || matches!(text, "?" | "-")
        || ["? ", "?\t", "- ", "-\t"].iter().any(|start| text.starts_with(start));
    let odd_inside = [": ", ":\t", " #", "\t#"].iter().any(|part| text.contains(part));
    !odd_start && !odd_inside && !text.ends_with(['\t', ' ', ':'])
}

/// Returns true if a text would be read as a number, as true, false or nothing.
fn means_something_else(text: &str) -> bool {
    let words = ["", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"];
    let odd_numbers = [".nan", ".NaN", ".NAN"];
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let number = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", after)) => digits(after),
        Some((before, after)) => digits(before) && (after.is_empty() || digits(after)),
    };
    let exponent =
        exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    let radix = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix).filter(|digits| !digits.is_empty());
        digits.is_some_and(|digits| digits.chars().all(|c| c.is_digit(radix)))
    };
    words.contains(&text)
        || odd_numbers.contains(&text)
        || matches!(unsigned, ".inf" | ".Inf" | ".INF")
        || (number && exponent)
        || radix("0o", 8)
        || radix("0x", 16)
}

fn quoted(text: &str, indent: usize, start: Option<usize>, key: bool) -> String {
    let only_double = text.contains('"') && !text.contains('\'');
    let around_lines = [" \n", "\t\n", "\n ", "\n\t"].iter().any(|part| text.contains(part));
    if !only_double || around_lines || (key && text.contains('\n')) {
        return double(text, indent, start, key);
    }
    let single = format!("'{}'", after_lines(&text.replace('\'', "''"), &format!("\n{}", spaces(indent))));
    if key { single } else { fold(&single, indent, start, Mode::Flow).0 }
}

/// Puts something after every run of line ends.
fn after_lines(text: &str, what: &str) -> String {
    let mut result = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        result.push(c);
        if c == '\n' && chars.peek() != Some(&'\n') {
            result.push_str(what);
        }
    }
    result
}

fn double(text: &str, indent: usize, start: Option<usize>, key: bool) -> String {
    let json = Value::from(text).to_string();
    let short = key || json.encode_utf16().count() < MAX_QUOTED_LENGTH;
    let mut result = String::new();
    let mut rest = json.as_str();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        // A space before a line end would be folded away.
        if c == ' ' && after.starts_with("\\n") {
            result.push_str("\\ ");
            rest = after;
            continue;
        }
        if c != '\\' {
            result.push(c);
            rest = after;
            continue;
        }
        let mut escaped = after.chars();
        match escaped.next() {
            Some('u') => {
                let code = after.get(1..5).unwrap_or_default();
                result.push_str(&match code {
                    "0000" => "\\0".to_string(),
                    "0007" => "\\a".into(),
                    "000b" => "\\v".into(),
                    "001b" => "\\e".into(),
                    _ => match code.strip_prefix("00") {
                        Some(short) => format!("\\x{short}"),
                        None => format!("\\u{code}"),
                    },
                });
                rest = after.get(5..).unwrap_or_default();
            }
            Some('n') if !short && !after.starts_with("n\"") => {
                result.push_str("\n\n");
                rest = after.get(1..).unwrap_or_default();
                while rest.starts_with("\\n") && !rest.starts_with("\\n\"") {
                    result.push('\n');
                    rest = rest.get(2..).unwrap_or_default();
                }
                result.push_str(&spaces(indent));
                if rest.starts_with(' ') {
                    result.push('\\');
                }
            }
            Some(other) => {
                result.extend(['\\', other]);
                rest = escaped.as_str();
            }
            None => rest = "",
        }
    }
    if key { result } else { fold(&result, indent, start, Mode::Quoted).0 }
}

/// A text of several lines, as a block.
fn block(text: &str, indent: usize, start: Option<usize>) -> Result<String, Fault> {
    let trimmed = text.trim_end_matches([' ', '\t']);
    if trimmed.len() < text.len() && trimmed.ends_with('\n') {
        return Ok(quoted(text, indent, start, false));
    }
    let margin = spaces(indent);
    let limit = LINE_WIDTH.saturating_sub(indent);
    let longest = text.split('\n').map(|line| line.encode_utf16().count()).max().unwrap_or_default();
    let content = text.trim_end_matches(['\n', '\t', ' ']);
    let end = text.get(content.len()..).unwrap_or_default();
    let chomp = match end.find('\n') {
        None => "-",
        Some(at) if content.is_empty() || at + 1 != end.len() => "+",
        Some(_) => "",
    };
    let (content, end) = if chomp == "-" && !end.is_empty() { (text, "") } else { (content, end) };
    let blank_start = content.starts_with([' ', '\n']);
    let more_indented = content.split('\n').any(|line| line.starts_with([' ', '\t']));
    if content.is_empty() || content.starts_with('\t') || (longest > limit && more_indented) {
        return Err(Fault::new(
            "the entity has a text that billpay can't write as the portal does: it has long or empty lines that are indented",
        ));
    }
    let end = end.strip_suffix('\n').unwrap_or(end);
    let open = end.trim_end_matches('\n');
    let end = format!("{}{}", after_lines(open, &margin), end.get(open.len()..).unwrap_or_default());
    let lead: usize = content.len() - content.trim_start_matches([' ', '\n']).len();
    let has_space = content.get(..lead).is_some_and(|lead| lead.contains(' '));
    let header = format!("{}{chomp}", if blank_start && has_space { "2" } else { "" });
    if longest > limit {
        let spread = content.split('\n').collect::<Vec<_>>();
        // Each run of line ends gets one more, which folding takes away again.
        let mut lines = String::new();
        let mut before_is_end = true;
        for (number, line) in spread.iter().enumerate() {
            if number > 0 {
                lines.push('\n');
                if !before_is_end {
                    lines.push('\n');
                }
            }
            before_is_end = line.is_empty();
            lines.push_str(line);
        }
        let (body, too_long) =
            fold(&format!("{}{end}", after_lines(&lines, &margin)), indent, Some(indent), Mode::Block);
        if !too_long {
            return Ok(format!(">{header}\n{margin}{body}"));
        }
    }
    Ok(format!("|{header}\n{margin}{}{end}", after_lines(content, &margin)))
}
