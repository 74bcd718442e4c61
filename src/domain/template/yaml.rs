//! YAML as answers are written in it.

use serde::de::DeserializeOwned;

/// Reads YAML 1.2, in which only `true` and `false` are no text: `no` is a country.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, serde_yaml::Error> {
    serde_yaml::from_str_with_options(text, serde_yaml::options! { strict_booleans: true })
}
