//! Versions of Kubernetes that EKS supports, their terms, and their prices.

use jiff::civil::{Date, date};

/// Date of the table below; AWS adds a version three times a year.
pub const TABLE_DATE: Date = date(2026, 11, 1);
/// Price of a cluster in standard support, USD an hour.
pub const STANDARD_HOURLY: f64 = 0.10;
/// Price of a cluster in extended support, USD an hour.
pub const EXTENDED_HOURLY: f64 = 0.60;

/// The versions that EKS has, oldest first, and the end of their standard support; extended support ends a year later.
const VERSIONS: [(&str, Date); 6] = [
    ("1.31", date(2025, 11, 26)),
    ("1.32", date(2026, 3, 23)),
    ("1.33", date(2026, 7, 29)),
    ("1.34", date(2026, 12, 2)),
    ("1.35", date(2027, 3, 27)),
    ("1.36", date(2027, 8, 2)),
];

/// Support of a version by EKS on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupportState {
    /// Supported at the normal price, until the day.
    Standard { until: Date },
    /// Supported at six times the price, until the day.
    Extended { since: Date, until: Date },
    /// No longer supported.
    Ended { since: Option<Date> },
    /// Not a version that billpay knows of.
    Unknown,
}

/// Tells how EKS supports a version, such as `1.36`, on a day.
pub fn support(version: &str, today: Date) -> SupportState {
    let Some((_, standard)) = VERSIONS.iter().find(|(known, _)| *known == version) else {
        return match (minor(version), minor(VERSIONS[0].0)) {
            (Some(asked), Some(oldest)) if asked < oldest => SupportState::Ended { since: None },
            _ => SupportState::Unknown,
        };
    };
    let extended = Date::new(standard.year() + 1, standard.month(), standard.day()).unwrap_or(*standard);
    if today <= *standard {
        SupportState::Standard { until: *standard }
    } else if today <= extended {
        SupportState::Extended { since: *standard, until: extended }
    } else {
        SupportState::Ended { since: Some(extended) }
    }
}

/// The versions in standard support on a day, oldest first.
pub fn supported(today: Date) -> Vec<&'static str> {
    let standard = VERSIONS.iter().filter(|(_, until)| today <= *until);
    standard.map(|(version, _)| *version).collect()
}

fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.parse().ok()
}
