//! The renderings that merges begin from, as one text.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Manifest;

/// What a pack of bases begins with: the name and version of its format.
const HEAD: &[u8] = b"billpay/base/v1\n";

/// Texts as they were rendered last, by their digests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bases {
    pub texts: BTreeMap<String, Vec<u8>>,
    /// Whether all could be read that was packed.
    pub sound: bool,
}

impl Bases {
    /// Reads as many as there are before the first that makes no sense.
    pub fn parse(pack: &[u8]) -> Bases {
        let mut bases = Bases { texts: BTreeMap::new(), sound: true };
        let mut rest = pack.strip_prefix(HEAD);
        while let Some(bytes) = rest.filter(|bytes| !bytes.is_empty()) {
            rest = parse_one(bytes).map(|(digest, text, rest)| {
                bases.texts.insert(digest.to_owned(), text.to_vec());
                rest
            });
        }
        bases.sound = rest.is_some();
        bases
    }

    /// The texts that a manifest names, in the order of its paths: alike ones are near each other.
    pub fn print(&self, manifest: &Manifest) -> Vec<u8> {
        let mut pack = HEAD.to_vec();
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

    /// Forgets what a manifest doesn't name.
    pub fn only_of(mut self, manifest: &Manifest) -> Bases {
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
