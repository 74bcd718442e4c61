//! Detection of binary files by their first 512 bytes, as in the portal.

/// Number of leading bytes to inspect.
const SNIFFED_BYTES: usize = 512;
/// Bytes more that a character may end in.
const BOUNDARY: usize = 3;
/// Bytes that have to be read before a file is called binary for its odd ones.
const MIN_SNIFFED_BYTES: usize = 32;
/// Maximum share of odd bytes, percent.
const MAX_ODD_PERCENT: usize = 10;

/// The byte order marks of texts that have zero bytes and the like.
const MARKS: &[&[u8]] = &[b"\xef\xbb\xbf", b"\x00\x00\xfe\xff", b"\xff\xfe\x00\x00", b"\x84\x31\x95\x33"];
const MARKS_OF_UTF_16: &[&[u8]] = &[b"\xfe\xff", b"\xff\xfe"];

/// Returns true if the portal copies a file instead of rendering it.
pub(super) fn is_binary(file: &[u8]) -> bool {
    let bytes = &file[..file.len().min(SNIFFED_BYTES + BOUNDARY)];
    let judged = bytes.len().min(SNIFFED_BYTES);
    let begins = |marks: &[&[u8]]| marks.iter().any(|mark| bytes.starts_with(mark));
    if bytes.is_empty() || begins(MARKS) {
        return false;
    }
    if bytes.starts_with(b"%PDF-") {
        return true;
    }
    if begins(MARKS_OF_UTF_16) {
        return false;
    }
    let byte = |at: usize| bytes.get(at).copied();
    let goes_on = |at: usize| byte(at).is_some_and(|byte| (0x80..=0xbf).contains(&byte));
    let (mut at, mut odd) = (0, 0);
    while at < judged {
        let this = byte(at).unwrap_or_default();
        if this == 0 {
            return true;
        }
        let control = !(7..=14).contains(&this) && !(32..=127).contains(&this);
        if control {
            let more = match this {
                0xc0..=0xdf if at + 1 < bytes.len() => 1,
                0xe0..=0xef if at + 2 < bytes.len() => 2,
                0xf0..=0xf7 if at + 3 < bytes.len() => 3,
                _ => 0,
            };
            if more > 0 && (1..=more).all(|next| goes_on(at + next)) {
                at += more + 1;
                continue;
            }
            // The portal passes over the byte after the first one of a broken character.
            if more > 0 {
                at += 1;
            }
            odd += 1;
            if at >= MIN_SNIFFED_BYTES && odd * 100 > MAX_ODD_PERCENT * judged {
                return true;
            }
        }
        at += 1;
    }
    odd * 100 > MAX_ODD_PERCENT * judged || (odd > 1 && is_protobuf(&bytes[..judged]))
}

/// Returns true if the bytes read as a list of Protocol Buffers fields, up to where they are cut off.
fn is_protobuf(bytes: &[u8]) -> bool {
    let mut reader = Fields { bytes, at: 0, ended: false };
    let mut fields = 0;
    loop {
        let known = reader.field();
        if reader.ended {
            return fields > 0;
        }
        if !known {
            return false;
        }
        fields += 1;
    }
}

struct Fields<'b> {
    bytes: &'b [u8],
    at: usize,
    ended: bool,
}

impl Fields<'_> {
    fn byte(&mut self) -> u8 {
        match self.bytes.get(self.at) {
            Some(byte) if !self.ended => {
                self.at += 1;
                *byte
            }
            _ => {
                self.ended = true;
                0xff
            }
        }
    }

    /// A variable-length number, in the 32 bits that JavaScript's `|` and `<<` have.
    fn number(&mut self) -> i32 {
        let (mut number, mut shift) = (0_i32, 0_u32);
        while !self.ended {
            let byte = self.byte();
            number |= i32::from(byte & 0x7f).wrapping_shl(7 * shift);
            if byte & 0x80 == 0 {
                break;
            }
            if shift >= 10 {
                self.ended = true;
                break;
            }
            shift += 1;
        }
        number
    }

    fn skip(&mut self, bytes: i32) {
        let bytes = usize::try_from(bytes).unwrap_or_default();
        let left = self.bytes.len().saturating_sub(self.at);
        if self.ended || bytes > left {
            self.ended = true;
        } else {
            self.at += bytes;
        }
    }

    /// Passes over a field; says whether its type is one that there is.
    fn field(&mut self) -> bool {
        match self.number() & 7 {
            0 => {
                self.number();
            }
            1 => self.skip(8),
            2 => {
                let bytes = self.number();
                self.skip(bytes);
            }
            5 => self.skip(4),
            _ => return false,
        }
        true
    }
}
