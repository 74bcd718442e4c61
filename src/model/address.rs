//! Addresses of resources in an environment: `network/subnet.private-a`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The address of a resource: its component, its kind and, where there are several, its key.
///
/// Written `component/kind` or `component/kind.key`. It is what a person types, what the
/// tag `billpay:address` holds, and what ties a resource in the cloud to the spec.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    component: String,
    kind: String,
    key: Option<String>,
}

impl Address {
    /// The address of the only resource of its kind in a component.
    pub fn only(component: &str, kind: &str) -> Address {
        Address { component: component.into(), kind: kind.into(), key: None }
    }

    /// The address of one of several resources of a kind.
    pub fn of(component: &str, kind: &str, key: impl Into<String>) -> Address {
        Address { component: component.into(), kind: kind.into(), key: Some(key.into()) }
    }

    pub fn component(&self) -> &str {
        &self.component
    }

    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The part behind the dot, empty where there is none.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or("")
    }

    /// The address without its component: `subnet.private-a`.
    pub fn name(&self) -> String {
        match &self.key {
            Some(key) => format!("{}.{key}", self.kind),
            None => self.kind.clone(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.component, self.kind)?;
        match &self.key {
            Some(key) => write!(f, ".{key}"),
            None => Ok(()),
        }
    }
}

/// Text that is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not an address: write component/kind or component/kind.key, such as network/subnet.private-a"
)]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let refuse = || AddressError(text.to_string());
        let (component, rest) = text.split_once('/').ok_or_else(refuse)?;
        let (kind, key) = match rest.split_once('.') {
            Some((kind, key)) => (kind, Some(key)),
            None => (rest, None),
        };
        if component.is_empty() || kind.is_empty() || key == Some("") {
            return Err(refuse());
        }
        Ok(Address { component: component.into(), kind: kind.into(), key: key.map(Into::into) })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[^/]+/[^.]+(\\..+)?$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["network/vpc", "network/subnet.private-a", "eks/addon.vpc-cni", "iam/role.a.b"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_one() {
        for text in ["", "vpc", "/vpc", "network/", "network/subnet."] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
