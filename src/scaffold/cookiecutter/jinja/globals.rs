//! Functions that every template has: `range`, `namespace`, `uuid4`, the time.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::fault::{otherwise, unseeded};
use super::filters::check_length;
use super::time;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

pub fn add(environment: &mut Environment<'static>, random: Option<Random>, now: i64) {
    let is_seeded = random.is_some();
    environment.remove_global("debug");
    let letters = random.clone();
    environment.add_function("random_ascii_string", move |length: usize, punctuation: Option<bool>| {
        let Some(random) = &letters else { return Err(unseeded("a random text")) };
        check_length(length)?;
        let from = if punctuation.unwrap_or(false) {
            format!("{LETTERS}{PUNCTUATION}")
        } else {
            LETTERS.to_string()
        };
        let from: Vec<char> = from.chars().collect();
        let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((0..length).filter_map(|_| random.choice(&from)).collect::<String>())
    });
    environment.add_function("uuid4", move || {
        let Some(random) = &random else { return Err(unseeded("a UUID")) };
        // RFC 9562: version 4, and the variant in the two highest bits of the ninth byte.
        let bits = random.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
        Ok([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
    });
    environment.add_function("lipsum", |_: Rest<Value>| -> Result<Value, Error> {
        Err(otherwise("`lipsum` makes up a different text each time", "the text itself"))
    });
    // `{% now zone, format %}`, as the reading of a text writes it; a shift stands between.
    environment.add_filter("now", move |_: Value, args: Rest<String>| {
        if !is_seeded {
            return Err(unseeded("the time"));
        }
        let (zone, shift, format) = match args.as_slice() {
            [zone] => (zone, None, None),
            [zone, format] => (zone, None, Some(format)),
            [zone, sign, shift] => (zone, Some((sign, shift)), None),
            [zone, sign, shift, format] => (zone, Some((sign, shift)), Some(format)),
            _ => return Err(Error::new(ErrorKind::InvalidOperation, "`now` takes a time zone and a format")),
        };
        let shift = shift.map(|(sign, shift)| (if sign == "-" { '-' } else { '+' }, shift.clone()));
        time::now(now, zone, shift, format.map_or("%Y-%m-%d", String::as_str))
    });
}

/// The generator of random values, one for all of a project.
pub type Random = Arc<Mutex<fastrand::Rng>>;
