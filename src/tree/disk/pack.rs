//! `.billpay/base.pack`: the renderings that merges begin from, packed.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::{Bases, Manifest};

/// The name of the pack in `.billpay`.
pub(super) const PACK: &str = "base.pack";

/// No tree has more text than this; a pack that says so is not one of ours.
const LONGEST: u64 = 1 << 30;

/// Reads a pack as far as it can be read.
pub(super) fn unpacked(bytes: &[u8]) -> Bases {
    let mut text = vec![];
    // What comes before the damage is in the text by then.
    let result = ZlibDecoder::new(bytes).take(LONGEST).read_to_end(&mut text);
    let mut bases = Bases::parse(&text);
    bases.sound &= result.is_ok();
    bases
}

/// The pack of what a manifest names: the same for the same bases. None when it names none of them.
pub(super) fn packed(bases: &Bases, manifest: &Manifest) -> io::Result<Option<Vec<u8>>> {
    let named = manifest.files.values().any(|entry| bases.texts.contains_key(&entry.sha256));
    if !named {
        return Ok(None);
    }
    let mut encoder = ZlibEncoder::new(vec![], Compression::fast());
    encoder.write_all(&bases.print(manifest))?;
    encoder.finish().map(Some)
}
