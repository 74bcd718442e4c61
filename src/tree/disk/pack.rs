//! Compressed pack of merge bases: `.billpay/base.pack`.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::{Bases, Manifest};

/// Name of the pack in `.billpay`.
pub(super) const PACK: &str = "base.pack";

/// Maximum size of an unpacked pack, bytes.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;

/// Unpacks the readable part of a pack.
pub(super) fn unpack_bases(bytes: &[u8]) -> Bases {
    let mut text = vec![];
    // On an error, the text has everything before the damage.
    let result = ZlibDecoder::new(bytes).take(MAX_UNPACKED_BYTES).read_to_end(&mut text);
    let mut bases = Bases::parse(&text);
    bases.is_complete &= result.is_ok();
    bases
}

/// Returns the pack of the bases that a manifest names, deterministic; none if there are none.
pub(super) fn pack_bases(bases: &Bases, manifest: &Manifest) -> io::Result<Option<Vec<u8>>> {
    let named = manifest.files.values().any(|entry| bases.texts.contains_key(&entry.sha256));
    if !named {
        return Ok(None);
    }
    let mut encoder = ZlibEncoder::new(vec![], Compression::fast());
    encoder.write_all(&bases.print(manifest))?;
    encoder.finish().map(Some)
}
