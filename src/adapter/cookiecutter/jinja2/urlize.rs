//! Texts for HTML and URLs: `urlize`, `urlencode`, `xmlattr`, `striptags`.

use std::sync::LazyLock;

use regex::Regex;

use super::arguments::Args;
use super::fault::{Fault, Res};
use super::value::{Value, View};
use super::{escape, repr};

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let host = r"(https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})";
    let known = r"([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)";
    let address = r"(https?://)(\d{1,3}(\.\d{1,3}){3}|\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])";
    pattern(&format!(r"(?i)^({host}|{known}|{address})(:\d{{1,5}})?([/?#]\S*)?$"))
});
static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^\S+@\w[\w.-]*\.\w+$"));
static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^([\w.+-]{2,}:(/){0,2})$"));

fn is(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Makes links of what looks like one.
pub fn filter(args: Args) -> Res<String> {
    let parameters = ["value", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes"];
    let args = args.bind("urlize", &parameters, 1)?;
    let given = args.some(4).map_or(Ok("".into()), |_| args.text(4, ""))?;
    let mut rel: Vec<&str> = given.split_whitespace().chain(["noopener"]).collect();
    if args.yes(2, false)? {
        rel.push("nofollow");
    }
    rel.sort_unstable();
    rel.dedup();
    let mut attributes = format!(" rel=\"{}\"", escape(&rel.join(" ")));
    if args.some(3).is_some() {
        attributes.push_str(&format!(" target=\"{}\"", escape(&args.text(3, "")?)));
    }
    let mut schemes = vec![];
    for scheme in args.some(5).map_or(Ok(vec![]), Value::items)? {
        let scheme = repr::str(&scheme)?;
        if !is(&SCHEME, &scheme) {
            return Err(Fault::of(format!("'{scheme}' is not a valid URI scheme prefix.")));
        }
        schemes.push(scheme);
    }
    let most = match args.some(1) {
        Some(_) => usize::try_from(args.int(1, 0)?).ok(),
        None => None,
    };
    let text = match args.value(0) {
        Value::Safe(text) => text.to_string(),
        other => escape(&repr::str(other)?),
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let blanks = behind.len() - behind.trim_start().len();
        out.push_str(&linked(word, &attributes, most, &schemes));
        out.push_str(behind.get(..blanks).unwrap_or_default());
        rest = behind.get(blanks..).unwrap_or_default();
    }
    Ok(out)
}

fn linked(word: &str, attributes: &str, most: Option<usize>, schemes: &[String]) -> String {
    let mut middle = word;
    while let Some(behind) = ["(", "<", "&lt;"].iter().find_map(|open| middle.strip_prefix(open)) {
        middle = behind;
    }
    let head = word.len() - middle.len();
    let closing = [")", ">", ".", ",", "&gt;"];
    while let Some(before) = closing.iter().find_map(|close| middle.strip_suffix(close)) {
        middle = before;
    }
    let mut end = head + middle.len();
    // A bracket that was opened inside belongs inside.
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
        let inside = word.get(head..end).unwrap_or_default();
        let opened = inside.matches(open).count();
        if opened <= inside.matches(close).count() {
            continue;
        }
        let tail = word.get(end..).unwrap_or_default();
        for _ in 0..opened.min(tail.matches(close).count()) {
            let tail = word.get(end..).unwrap_or_default();
            end += tail.find(close).map_or(0, |at| at + close.len());
        }
    }
    let middle = word.get(head..end).unwrap_or_default();
    let shown = match most {
        Some(most) if middle.chars().count() > most => {
            format!("{}...", middle.chars().take(most).collect::<String>())
        }
        _ => middle.to_string(),
    };
    let mail = middle.strip_prefix("mailto:").filter(|mail| is(&MAIL, mail));
    let link = if is(&URL, middle) {
        let web = middle.starts_with("https://") || middle.starts_with("http://");
        let scheme = if web { "" } else { "https://" };
        format!("<a href=\"{scheme}{middle}\"{attributes}>{shown}</a>")
    } else if let Some(mail) = mail {
        format!("<a href=\"{middle}\">{mail}</a>")
    } else if middle.contains('@')
        && !middle.starts_with("www.")
        && !middle.starts_with('@')
        && !middle.contains(':')
        && is(&MAIL, middle)
    {
        format!("<a href=\"mailto:{middle}\">{middle}</a>")
    } else if schemes.iter().any(|scheme| middle != scheme && middle.starts_with(scheme.as_str())) {
        format!("<a href=\"{middle}\"{attributes}>{middle}</a>")
    } else {
        middle.to_string()
    };
    let (before, after) = (word.get(..head).unwrap_or_default(), word.get(end..).unwrap_or_default());
    format!("{before}{link}{after}")
}

/// A value for a URL: a text, or the pairs of a query.
pub fn encode(value: &Value) -> Res<String> {
    let pairs = match value {
        Value::Dict(dict) => Value::View(View::Items, dict.clone()).items()?,
        Value::Str(_) | Value::Safe(_) => return quoted(value, b"/"),
        other if !other.is_iterable() => return quoted(value, b"/"),
        other => other.items()?,
    };
    let mut parts = vec![];
    for pair in pairs {
        let [key, value] = &*pair.items()? else {
            return Err(Fault::of("urlencode takes pairs of key and value"));
        };
        let plus = |value: &Value| quoted(value, b"").map(|text| text.replace("%20", "+"));
        parts.push(format!("{}={}", plus(key)?, plus(value)?));
    }
    Ok(parts.join("&"))
}

fn quoted(value: &Value, also: &[u8]) -> Res<String> {
    let mut out = String::new();
    for byte in repr::str(value)?.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) || also.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(out)
}

/// A dict as attributes of an element.
pub fn attributes(value: &Value, space: bool) -> Res<String> {
    let Value::Dict(dict) = value else {
        return Err(Fault::of(format!("'{}' object has no attribute 'items'", value.type_name())));
    };
    let mut parts = vec![];
    let shown = |value: &Value| -> Res<String> {
        match value {
            Value::Safe(text) => Ok(text.to_string()),
            other => Ok(escape(&repr::str(other)?)),
        }
    };
    for (key, value) in dict.borrow().iter() {
        if matches!(value, Value::None | Value::Undefined(_)) {
            continue;
        }
        let name = repr::str(key)?;
        if name.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=' | '\u{b}')) {
            return Err(Fault::of(format!("Invalid character in attribute name: '{name}'")));
        }
        parts.push(format!("{}=\"{}\"", shown(key)?, shown(value)?));
    }
    let text = parts.join(" ");
    Ok(if space && !text.is_empty() { format!(" {text}") } else { text })
}

/// A text without tags and comments, its whitespace made single blanks.
pub fn strip_tags(text: &str) -> String {
    let mut text = text.to_string();
    for (open, close) in [("<!--", "-->"), ("<", ">")] {
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(open) {
            let behind = rest.get(at..).unwrap_or_default();
            let Some(end) = behind.find(close) else { break };
            out.push_str(rest.get(..at).unwrap_or_default());
            rest = behind.get(end + close.len()..).unwrap_or_default();
        }
        out.push_str(rest);
        text = out;
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
