//! Pack of merge bases: the last renderings of text files, in one file.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Manifest;

/// Header of a pack: name and version of its format.
const HEADER: &[u8] = b"billpay/base/v1\n";

/// Last rendered texts by digest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bases {
    pub texts: BTreeMap<String, Vec<u8>>,
    /// True if the whole pack could be read.
    pub is_complete: bool,
}

impl Bases {
    /// Reads entries up to the first malformed one.
    pub fn parse(pack: &[u8]) -> Bases {
        let mut bases = Bases { texts: BTreeMap::new(), is_complete: true };
        let mut rest = pack.strip_prefix(HEADER);
        while let Some(bytes) = rest.filter(|bytes| !bytes.is_empty()) {
            rest = parse_one(bytes).map(|(digest, text, rest)| {
                bases.texts.insert(digest.to_owned(), text.to_vec());
                rest
            });
        }
        bases.is_complete = rest.is_some();
        bases
    }

    /// Returns the pack of the texts that a manifest names, in the order of its paths (similar texts compress well together).
    pub fn print(&self, manifest: &Manifest) -> Vec<u8> {
        let mut pack = HEADER.to_vec();
        let mut printed = BTreeSet::new();
        for entry in manifest.files.values() {
            let Some(text) = self.texts.get(&entry.sha256) else { continue };
            if printed.insert(entry.sha256.as_str()) {
                pack.extend(format!("{} {}\n", entry.sha256, text.len()).into_bytes());
                pack.extend_from_slice(text);
            }
        }
        pack
    }

    /// Drops the texts that a manifest doesn't name.
    pub fn retain_named(mut self, manifest: &Manifest) -> Bases {
        let named: BTreeSet<&str> = manifest.files.values().map(|entry| entry.sha256.as_str()).collect();
        self.texts.retain(|digest, _| named.contains(digest.as_str()));
        self
    }
}

fn parse_one(bytes: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (digest, len) = std::str::from_utf8(bytes.get(..end)?).ok()?.split_once(' ')?;
    let (text, rest) = bytes.get(end + 1..)?.split_at_checked(len.parse().ok()?)?;
    Some((digest, text, rest))
}
