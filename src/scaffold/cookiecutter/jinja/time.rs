//! `{% now %}`: one time for all of a project.

use std::fmt::Write;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

use minijinja::{Error, ErrorKind};

use super::fault::otherwise;

type Res<T> = Result<T, Error>;

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The time in a zone, shifted by something like `days=1,hours=2`, as `strftime` writes it.
pub fn now(seconds: i64, zone: &str, offset: Option<(char, String)>, format: &str) -> Res<String> {
    let timestamp = Timestamp::from_second(seconds).map_err(|error| wrong(error.to_string()))?;
    let (zone_name, offset_of_zone) = parse_zone(zone)?;
    let mut time = timestamp.to_zoned(TimeZone::fixed(offset_of_zone)).datetime();
    if let Some((sign, shifts)) = offset {
        time = apply_shifts(time, sign, &shifts)?;
    }
    strftime(time, &zone_name, offset_of_zone, format)
}

fn parse_zone(zone: &str) -> Res<(String, Offset)> {
    // The same number has to give the same project everywhere, so that `local` is UTC.
    if ["utc", "local", "gmt", "z", "etc/utc", ""].contains(&zone.to_ascii_lowercase().as_str()) {
        return Ok(("UTC".to_string(), Offset::UTC));
    }
    let unknown = || {
        otherwise(
            &format!("the time zone `{zone}` is not known here"),
            "`utc`, or an offset such as `+02:00`",
        )
    };
    let (sign, digits) = match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return Err(unknown()),
    };
    let digits = digits.replace(':', "");
    let number = |range: std::ops::Range<usize>| match digits.get(range) {
        Some(text) => text.parse::<i32>().map_err(|_| unknown()),
        None => Ok(0),
    };
    let seconds = sign * (number(0..2)? * 3600 + number(2..4)? * 60);
    let offset = Offset::from_seconds(seconds).map_err(|_| unknown())?;
    Ok((String::new(), offset))
}

fn apply_shifts(mut time: DateTime, sign: char, shifts: &str) -> Res<DateTime> {
    for shift in shifts.split(',') {
        let no_shift = || wrong(format!("`{}` is no shift like `days=1`", shift.trim()));
        let (unit, amount) = shift.split_once('=').ok_or_else(no_shift)?;
        let amount: f64 = format!("{sign}{}", amount.trim()).parse().map_err(|_| no_shift())?;
        let whole = |amount: f64| if amount.fract() == 0.0 { Ok(amount as i64) } else { Err(no_shift()) };
        let exact = |unit: f64| SignedDuration::try_from_secs_f64(amount * unit).map_err(|_| no_shift());
        let months = |each: i64| -> Res<Span> {
            Span::new().try_months(whole(amount)? * each).map_err(|_| no_shift())
        };
        time = match unit.trim() {
            "years" => time.checked_add(months(12)?),
            "quarters" => time.checked_add(months(3)?),
            "months" => time.checked_add(months(1)?),
            "weeks" => time.checked_add(exact(604_800.0)?),
            "days" => time.checked_add(exact(86_400.0)?),
            "hours" => time.checked_add(exact(3_600.0)?),
            "minutes" => time.checked_add(exact(60.0)?),
            "seconds" => time.checked_add(exact(1.0)?),
            "microseconds" => time.checked_add(exact(0.000_001)?),
            _ => return Err(no_shift()),
        }
        .map_err(|error| wrong(error.to_string()))?;
    }
    Ok(time)
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats a time as C's `strftime` in the C locale, with glibc's `-` for no padding.
fn strftime(time: DateTime, zone: &str, offset: Offset, format: &str) -> Res<String> {
    let mut out = String::new();
    let mut rest = format.chars();
    let weekday = usize::try_from(time.weekday().to_sunday_zero_offset()).unwrap_or(0);
    let month = usize::try_from(time.month() - 1).unwrap_or(0);
    let name = |names: &'static [&'static str], at: usize| names.get(at).copied().unwrap_or_default();
    let short = |text: &'static str| text.get(..3).unwrap_or_default();
    let half = if time.hour() < 12 { "AM" } else { "PM" };
    let twelve = if time.hour() % 12 == 0 { 12 } else { time.hour() % 12 };
    let day_of_year = i64::from(time.day_of_year());
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut code = rest.next();
        let plain = code == Some('-');
        if plain {
            code = rest.next();
        }
        let mut number = |value: i64, width: usize| {
            let width = if plain { 0 } else { width };
            let _ = write!(out, "{value:0width$}");
        };
        match code {
            Some('Y') => number(time.year().into(), 0),
            Some('y') => number((time.year() % 100).into(), 2),
            Some('C') => number((time.year() / 100).into(), 2),
            Some('m') => number(time.month().into(), 2),
            Some('d') => number(time.day().into(), 2),
            Some('H') => number(time.hour().into(), 2),
            Some('I') => number(twelve.into(), 2),
            Some('M') => number(time.minute().into(), 2),
            Some('S') => number(time.second().into(), 2),
            Some('f') => number((time.subsec_nanosecond() / 1000).into(), 6),
            Some('j') => number(day_of_year, 3),
            Some('w') => number(weekday as i64, 1),
            Some('u') => number(time.weekday().to_monday_one_offset().into(), 1),
            Some('U') => number((day_of_year + 6 - weekday as i64) / 7, 2),
            Some('W') => number((day_of_year + 6 - (weekday as i64 + 6) % 7) / 7, 2),
            Some('V') => number(time.date().iso_week_date().week().into(), 2),
            Some('G') => number(time.date().iso_week_date().year().into(), 4),
            Some('s') => {
                let stamp = offset.to_timestamp(time).map_err(|error| wrong(error.to_string()))?;
                number(stamp.as_second(), 0);
            }
            Some('e') => {
                let _ = write!(out, "{:>2}", time.day());
            }
            Some('B') => out.push_str(name(&MONTHS, month)),
            Some('b' | 'h') => out.push_str(short(name(&MONTHS, month))),
            Some('A') => out.push_str(name(&DAYS, weekday)),
            Some('a') => out.push_str(short(name(&DAYS, weekday))),
            Some('p') => out.push_str(half),
            Some('P') => out.push_str(&half.to_lowercase()),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('%') => out.push('%'),
            Some('z') => out.push_str(&offset_text(offset)),
            Some('Z') if zone.is_empty() => {
                let text = offset_text(offset);
                let (hours, minutes) = text.split_at(3);
                let _ = write!(out, "UTC{hours}:{minutes}");
            }
            Some('Z') => out.push_str(zone),
            Some(whole @ ('F' | 'D' | 'x' | 'T' | 'X' | 'R' | 'c' | 'r')) => {
                let format = match whole {
                    'F' => "%Y-%m-%d",
                    'D' | 'x' => "%m/%d/%y",
                    'T' | 'X' => "%H:%M:%S",
                    'R' => "%H:%M",
                    'r' => "%I:%M:%S %p",
                    _ => "%a %b %e %H:%M:%S %Y",
                };
                out.push_str(&strftime(time, zone, offset, format)?);
            }
            Some(other) => return Err(wrong(format!("`%{other}` is no part of a time"))),
            None => out.push('%'),
        }
    }
    Ok(out)
}

fn offset_text(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60)
}
