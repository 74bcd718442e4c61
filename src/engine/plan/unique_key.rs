//! Unique keys: what a resource has to itself under the constraints of its kind.

use std::fmt;

use billpay_model::resource::as_link;
use ipnet::Ipv4Net;
use serde_json::Value;

use super::super::kind::{Constraint, KindInfo};

/// Something that only one resource of a kind can have at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UniqueKey {
    /// Values of some attributes.
    Values { attributes: &'static [&'static str], values: Vec<String> },
    /// A range of addresses in a network.
    Range { within: String, range: AddressRange },
}

impl UniqueKey {
    /// Returns whether two resources of a kind can't have these at the same time.
    pub fn clashes(&self, other: &UniqueKey) -> bool {
        match (self, other) {
            (UniqueKey::Range { within, range }, UniqueKey::Range { within: other_within, range: other }) => {
                within == other_within && range.overlaps(other)
            }
            (one, other) => one == other,
        }
    }
}

/// A range of addresses, or a text that is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressRange {
    Known(Ipv4Net),
    Unreadable(String),
}

impl AddressRange {
    fn parse(text: &str) -> AddressRange {
        text.parse().map_or_else(|_| AddressRange::Unreadable(text.to_string()), AddressRange::Known)
    }

    /// Returns whether two ranges share addresses; one that can't be read may share any.
    fn overlaps(&self, other: &AddressRange) -> bool {
        match (self, other) {
            (AddressRange::Known(one), AddressRange::Known(other)) => {
                one.contains(&other.network()) || other.contains(&one.network())
            }
            _ => true,
        }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressRange::Known(range) => range.fmt(f),
            AddressRange::Unreadable(text) => text.fmt(f),
        }
    }
}

/// Returns the unique keys of a resource with these attributes; references in them may be unresolved. A
/// resource without a range, such as a subnet of IPv6 alone, has no key for it.
pub fn unique_keys(kind: &KindInfo, attrs: &Value) -> Vec<UniqueKey> {
    let of_constraint = |constraint: &Constraint| match constraint {
        Constraint::Unique(attributes) => combinations(attributes, attrs)
            .into_iter()
            .map(|values| UniqueKey::Values { attributes, values })
            .collect(),
        Constraint::Disjoint { range, within } => {
            let range = attrs[*range].as_str().filter(|range| !range.is_empty()).map(AddressRange::parse);
            range.map(|range| UniqueKey::Range { within: text(&attrs[*within]), range }).into_iter().collect()
        }
        Constraint::Inside { .. } | Constraint::Bound { .. } => vec![],
    };
    kind.constraints.iter().flat_map(of_constraint).collect()
}

/// Returns every combination of the attributes' values: one for each element of a list or a map.
fn combinations(attributes: &[&str], attrs: &Value) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![vec![]];
    for attribute in attributes {
        let values = texts(&attrs[*attribute]);
        let extend = |before: &Vec<String>| {
            let extended =
                values.iter().map(|value| [before.as_slice(), std::slice::from_ref(value)].concat());
            extended.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(extend).collect();
    }
    all
}

/// Returns the elements of a list or a map, or a value alone, as texts; references as they are written.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec![],
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Object(fields) if as_link(value).is_none() => fields.values().map(text).collect(),
        value => vec![text(value)],
    }
}

/// Returns a text as it is, and anything else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
