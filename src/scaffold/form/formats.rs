//! Text formats that the portal's backend knows; any text matches an unknown one.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

/// Returns true if a text matches a format.
pub(super) fn matches_format(format: &str, text: &str) -> bool {
    match format {
        "date" => is_date(text),
        "time" => is_time(text),
        "date-time" => is_date_time(text),
        "duration" => DURATION.as_ref().is_none_or(|duration| duration.is_match(text)),
        "email" => is_email(text),
        "idn-email" => {
            text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        }
        "hostname" | "host-name" => is_host(text),
        "ip-address" | "ipv4" => is_ipv4(text),
        "ipv6" => is_ipv6(text),
        "uri" | "iri" => {
            let scheme = text.split_once(':').map(|(scheme, _)| scheme);
            scheme.is_some_and(is_scheme) && !text.contains(is_space)
        }
        "uri-reference" => is_reference(text, false),
        "iri-reference" => is_reference(text, true),
        "uuid" => is_uuid(text),
        "json-pointer" => text.is_empty() || (text.starts_with('/') && escapes_are_right(text)),
        "relative-json-pointer" => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            let pointer = rest.is_empty() || (rest.starts_with('/') && escapes_are_right(rest));
            rest.len() < text.len() && (rest == "#" || pointer)
        }
        "utc-millisec" => text.trim().parse::<f64>().is_ok_and(|number| number.fract() == 0.0),
        "regex" | "regexp" | "pattern" => pattern::is_valid(text),
        "style" => text.trim_start().split_once(':').is_some_and(|(name, _)| !name.is_empty()),
        "color" => is_color(text),
        "phone" => is_phone(text),
        "alpha" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
        "alphanumeric" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        _ => true,
    }
}

/// Returns true for two digits with a number in a range.
fn is_two_digits(text: &[u8], least: u8, most: u8) -> bool {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            (least..=most).contains(&((tens - b'0') * 10 + (ones - b'0')))
        }
        _ => false,
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b'-').collect();
    match parts.as_slice() {
        // Month 0 passes, and so does the 31st of February.
        [year, month, day] => {
            year.len() == 4
                && year.iter().all(u8::is_ascii_digit)
                && is_two_digits(month, 0, 12)
                && is_two_digits(day, 1, 31)
        }
        _ => false,
    }
}

fn is_time(text: &str) -> bool {
    let parts: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b':').collect();
    matches!(parts.as_slice(), [hour, minute, second] if is_two_digits(hour, 0, 24) && is_two_digits(minute, 0, 59) && is_two_digits(second, 0, 60))
}

fn is_date_time(text: &str) -> bool {
    let (Some(date), Some(time)) = (text.get(..10), text.get(11..19)) else { return false };
    let between = text.as_bytes().get(10).copied();
    if !is_date(date) || !is_time(time) || !matches!(between, Some(b'T' | b't' | b' ')) {
        return false;
    }
    let Some(rest) = text.get(19..) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    match zone.as_bytes() {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', hours @ .., b':', m1, m2] => {
            is_two_digits(hours, 0, 59) && is_two_digits(&[*m1, *m2], 0, 60)
        }
        _ => false,
    }
}

/// Anywhere in the text, in any case.
static DURATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let seconds = "[0-9]+S";
    let minutes = format!("[0-9]+M(?:{seconds})?");
    let time = format!("T(?:[0-9]+H(?:{minutes})?|{minutes}|{seconds})");
    let months = "[0-9]+M(?:[0-9]+D)?";
    let date = format!("(?:[0-9]+D|{months}|[0-9]+Y(?:{months})?)(?:{time})?");
    Regex::new(&format!("(?i)P(?:{time}|{date}|[0-9]+W)")).ok()
});

/// A part of a host name.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |end: Option<&u8>| end.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

fn is_host(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 255 && name.split('.').all(is_label)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.chars().all(|c| c.is_ascii_alphanumeric() || "_!#$%&'*+-/=?^`{|}~".contains(c))
    };
    let address = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    local.split('.').all(atom)
        && match address {
            Some(address) => is_ipv4(address),
            None => domain.contains('.') && domain.split('.').all(is_label),
        }
}

fn is_ipv4(text: &str) -> bool {
    let octet = |octet: &str| {
        (1..=3).contains(&octet.len())
            && octet.bytes().all(|byte| byte.is_ascii_digit())
            && octet.parse::<u16>().is_ok_and(|number| number <= 255)
    };
    text.split('.').count() == 4 && text.split('.').all(octet)
}

fn is_ipv6(text: &str) -> bool {
    let text = text.trim_matches(is_space);
    let address = match text.split_once('%') {
        Some((_, "")) => return false,
        Some((address, _)) => address,
        None => text,
    };
    address.parse::<Ipv6Addr>().is_ok()
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
}

/// A URL or a part of one: no characters that don't belong, escapes complete, one fragment.
fn is_reference(text: &str, beyond_ascii: bool) -> bool {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let right = |part: &str, brackets: bool| {
        let mut bytes = part.bytes();
        while let Some(byte) = bytes.next() {
            let fine = match byte {
                b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
                b'[' | b']' => brackets,
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'#' => false,
                0..=b' ' | 0x7f => false,
                0x80.. => beyond_ascii,
                _ => true,
            };
            if !fine {
                return false;
            }
        }
        true
    };
    let first = before.split(['/', '?']).next().unwrap_or_default();
    let scheme = first.split_once(':').is_none_or(|(scheme, _)| is_scheme(scheme));
    scheme && right(before, before.contains("//")) && right(fragment, false)
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// `~` is written `~0`, `/` is `~1`; characters beyond ASCII don't pass.
fn escapes_are_right(text: &str) -> bool {
    text.is_ascii() && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

fn is_color(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "aqua", "black", "blue", "fuchsia", "gray", "green", "lime", "maroon", "navy", "olive", "orange",
        "purple", "red", "silver", "teal", "white", "yellow",
    ];
    let digits = text.strip_prefix('#').unwrap_or(text);
    let hex = matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')'));
    let rgb = parts.is_some_and(|parts| {
        let parts: Vec<&str> = parts.split(',').map(|part| part.trim_matches(is_space)).collect();
        let number = |part: &&str| part.parse::<u8>().is_ok_and(|number| number.to_string() == **part);
        let percent = |part: &&str| {
            let digits = part.strip_suffix('%').unwrap_or_default();
            digits == "100"
                || (matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        parts.len() == 3 && (parts.iter().all(number) || parts.iter().all(percent))
    });
    hex || rgb || NAMES.contains(&text)
}

fn is_phone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    (7..=15).contains(&digits)
        && ends(rest.bytes().next())
        && ends(rest.bytes().last())
        && !rest.contains("  ")
        && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ')
}
