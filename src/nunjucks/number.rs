//! Numbers as JavaScript reads and writes them.

/// Returns true for white space in JavaScript.
pub fn is_space(c: char) -> bool {
    matches!(c, '\u{feff}') || (c.is_whitespace() && c != '\u{85}')
}

pub fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `String(number)`.
pub fn show(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    if number == 0.0 {
        return "0".into();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    // Rust gives the shortest digits that read back as the same number, as JavaScript does.
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{sign}{}", layout(&digits, exponent))
}

/// Digits with the point after the first, times a power of ten, as JavaScript lays them out.
fn layout(digits: &str, exponent: i32) -> String {
    let count = digits.len() as i32;
    let point = exponent + 1;
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or(0));
    if count <= point && point <= 21 {
        format!("{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, part) = digits.split_at(point as usize);
        format!("{whole}.{part}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let power = exponent.unsigned_abs();
        match digits.split_at_checked(1) {
            Some((first, rest)) if !rest.is_empty() => format!("{first}.{rest}e{sign}{power}"),
            _ => format!("{digits}e{sign}{power}"),
        }
    }
}

/// `Number(text)`.
pub fn read(text: &str) -> f64 {
    let text = trim(text);
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return match digits.bytes().all(|byte| (byte as char).is_digit(radix)) && !digits.is_empty() {
                true => whole(digits, radix),
                false => f64::NAN,
            };
        }
    }
    match decimal(text) {
        Some(length) if length == text.len() => plain(text),
        _ => f64::NAN,
    }
}

/// `parseFloat(text)`.
pub fn read_leading(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    decimal(text).and_then(|length| text.get(..length)).map_or(f64::NAN, plain)
}

/// `parseInt(text, radix)`.
pub fn read_integer(text: &str, radix: f64) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut radix = to_int32(radix);
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let text = match hex {
        Some(rest) if radix == 0 || radix == 16 => {
            radix = 16;
            rest
        }
        _ => text,
    };
    if radix == 0 {
        radix = 10;
    }
    let Some(radix) = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix)) else {
        return f64::NAN;
    };
    let length = text.bytes().take_while(|byte| (*byte as char).is_digit(radix)).count();
    match text.get(..length) {
        Some(digits) if length > 0 => whole(digits, radix) * if is_negative { -1.0 } else { 1.0 },
        _ => f64::NAN,
    }
}

/// The value of digits, rounded once.
fn whole(digits: &str, radix: u32) -> f64 {
    if radix == 10 {
        return digits.parse().unwrap_or(f64::NAN);
    }
    let mut value: u128 = 0;
    let mut exact = 0.0f64;
    let mut overflow = false;
    for digit in digits.chars().filter_map(|c| c.to_digit(radix)) {
        match value.checked_mul(radix.into()).and_then(|value| value.checked_add(digit.into())) {
            Some(next) if !overflow => value = next,
            _ => {
                if !overflow {
                    exact = value as f64;
                }
                overflow = true;
                exact = exact * f64::from(radix) + f64::from(digit);
            }
        }
    }
    if overflow { exact } else { value as f64 }
}

/// Returns the length of the leading decimal number, bytes.
fn decimal(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    if text.get(at..).is_some_and(|rest| rest.starts_with("Infinity")) {
        return Some(at + "Infinity".len());
    }
    let before = digits(at);
    at += before;
    let mut after = 0;
    if bytes.get(at) == Some(&b'.') {
        after = digits(at + 1);
        if before + after > 0 {
            at += 1 + after;
        }
    }
    if before + after == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let power = digits(at + 1 + sign);
        if power > 0 {
            at += 1 + sign + power;
        }
    }
    Some(at)
}

fn plain(text: &str) -> f64 {
    // Rust reads `inf` and `nan` too, which `decimal` has kept out.
    text.parse().unwrap_or(f64::NAN)
}

pub fn to_int32(number: f64) -> i32 {
    to_uint32(number) as i32
}

pub fn to_uint32(number: f64) -> u32 {
    if !number.is_finite() {
        return 0;
    }
    number.trunc().rem_euclid(4_294_967_296.0) as u32
}

/// JavaScript's `**`.
pub fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) {
        return f64::NAN;
    }
    base.powf(exponent)
}

/// `Math.round`.
pub fn round(number: f64) -> f64 {
    let floor = number.floor();
    if number.is_nan() || number.is_infinite() || floor == number {
        return number;
    }
    let result = if number - floor >= 0.5 { floor + 1.0 } else { floor };
    if result == 0.0 && number < 0.0 { -0.0 } else { result }
}

/// All decimal digits of a finite number that isn't negative, and the power of ten of the first.
fn exact_digits(number: f64) -> (Vec<u8>, i32) {
    if number == 0.0 {
        return (vec![0], 0);
    }
    // No number has more digits than these.
    let text = format!("{number:.1100}");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let all: Vec<u8> = whole.bytes().chain(part.bytes()).map(|byte| byte - b'0').collect();
    let first = all.iter().position(|digit| *digit != 0).unwrap_or(0);
    (all.get(first..).unwrap_or_default().to_vec(), whole.len() as i32 - 1 - first as i32)
}

/// The first `count` digits, rounded half up, and the power of ten of the first.
fn round_digits(number: f64, count: usize) -> (String, i32) {
    let (digits, power) = exact_digits(number);
    let mut result = round_half_up(&digits, count);
    let has_carry = result.len() > count;
    result.truncate(count);
    (result, power + i32::from(has_carry))
}

/// `number.toFixed(places)`.
pub fn to_fixed(number: f64, places: usize) -> String {
    if !number.is_finite() || number.abs() >= 1e21 {
        return show(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let text = format!("{:.1100}", number.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits: Vec<u8> = whole.bytes().chain(part.bytes()).map(|byte| byte - b'0').collect();
    let digits = round_half_up(&digits, whole.len() + places);
    match digits.split_at(digits.len().saturating_sub(places)) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    }
}

/// The first `count` digits, rounded half up: one more where that carries over.
fn round_half_up(digits: &[u8], count: usize) -> String {
    let mut result: Vec<u8> = digits.iter().copied().chain(std::iter::repeat(0)).take(count).collect();
    if digits.get(count).is_some_and(|digit| *digit >= 5) {
        let has_room = result.iter_mut().rev().any(|digit| {
            *digit = (*digit + 1) % 10;
            *digit != 0
        });
        if !has_room {
            result.insert(0, 1);
        }
    }
    result.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// `number.toExponential(places)`; as many as it takes without.
pub fn to_exponential(number: f64, places: Option<usize>) -> String {
    if !number.is_finite() {
        return show(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let (digits, power) = match places {
        Some(places) => round_digits(number.abs(), places + 1),
        None => {
            let scientific = format!("{:e}", number.abs());
            let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
            (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
        }
    };
    format!("{sign}{}", scientific(&digits, power))
}

fn scientific(digits: &str, power: i32) -> String {
    let power = format!("e{}{}", if power < 0 { '-' } else { '+' }, power.unsigned_abs());
    match digits.split_at_checked(1) {
        Some((first, rest)) if !rest.is_empty() => format!("{first}.{rest}{power}"),
        _ => format!("{digits}{power}"),
    }
}

/// `number.toPrecision(digits)`.
pub fn to_precision(number: f64, count: usize) -> String {
    if !number.is_finite() {
        return show(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let (digits, power) = round_digits(number.abs(), count);
    let last = count as i32 - 1;
    if power < -6 || power > last {
        return format!("{sign}{}", scientific(&digits, power));
    }
    if power == last {
        return format!("{sign}{digits}");
    }
    if power >= 0 {
        let (whole, part) = digits.split_at(power as usize + 1);
        return format!("{sign}{whole}.{part}");
    }
    format!("{sign}0.{}{digits}", "0".repeat((-(power + 1)) as usize))
}

/// `number.toString(radix)`.
pub fn to_radix(number: f64, radix: u32) -> String {
    if radix == 10 || !number.is_finite() || number == 0.0 {
        return show(number);
    }
    let base = f64::from(radix);
    let digit = |value: f64| char::from_digit(value as u32, radix).unwrap_or('0');
    let (mut whole, mut part) = (number.abs().floor(), number.abs().fract());
    // Half of the distance to the next number: digits beyond it say nothing.
    let mut delta = (0.5 * (next_up(number.abs()) - number.abs())).max(f64::from_bits(1));
    let mut after: Vec<u32> = vec![];
    if part >= delta {
        loop {
            part *= base;
            delta *= base;
            let value = part.floor();
            after.push(value as u32);
            part -= value;
            if (part > 0.5 || (part == 0.5 && (value as u32 & 1) == 1)) && part + delta > 1.0 {
                // Rounds up, which may carry.
                loop {
                    match after.pop() {
                        None => {
                            whole += 1.0;
                            break;
                        }
                        Some(last) if last + 1 < radix => {
                            after.push(last + 1);
                            break;
                        }
                        Some(_) => {}
                    }
                }
                break;
            }
            if part < delta {
                break;
            }
        }
    }
    let mut before: Vec<char> = vec![];
    loop {
        let rest = whole % base;
        before.push(digit(rest));
        whole = (whole - rest) / base;
        if whole <= 0.0 {
            break;
        }
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let whole: String = before.iter().rev().collect();
    let after: String = after.iter().filter_map(|value| char::from_digit(*value, radix)).collect();
    if after.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{after}") }
}

fn next_up(number: f64) -> f64 {
    f64::from_bits(number.to_bits() + 1)
}
