//! Digests, line ends and diffs of texts.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Range of lines, counted from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lines {
    pub first: usize,
    pub last: usize,
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "line {}", self.first);
        }
        write!(f, "lines {} to {}", self.first, self.last)
    }
}

/// Returns true if bytes are not UTF-8 or have a NUL byte.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.contains(&0) || std::str::from_utf8(bytes).is_err()
}

/// Returns the SHA-256 of a file; a text is hashed with LF line ends, since Git may have changed them.
pub fn digest(bytes: &[u8]) -> String {
    let hash = match is_binary(bytes) {
        true => Sha256::digest(bytes),
        false => Sha256::digest(to_lf(bytes).as_ref()),
    };
    let mut text = String::with_capacity(64);
    for byte in hash {
        let hex = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
        text.extend([hex(byte >> 4), hex(byte & 15)]);
    }
    text
}

/// Returns a rendering with the line ends of the file that it replaces; CRLF line ends of the rendering stay.
pub(super) fn convert_line_ends(rendering: &[u8], like: &[u8]) -> Vec<u8> {
    if is_binary(rendering) || !is_crlf(like) || has_crlf(rendering) || like.contains(&0) {
        return rendering.to_vec();
    }
    let mut text = Vec::with_capacity(rendering.len() + rendering.len() / 16);
    lines(rendering).into_iter().for_each(|line| push_line(&mut text, line, true));
    text
}
/// Converts CRLF line ends to LF.
pub(super) fn to_lf(text: &[u8]) -> Cow<'_, [u8]> {
    if !has_crlf(text) {
        return Cow::Borrowed(text);
    }
    let mut lf = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(line) => lf.extend_from_slice(&[line, b"\n"].concat()),
            None => lf.extend_from_slice(line),
        }
    }
    Cow::Owned(lf)
}

fn has_crlf(text: &[u8]) -> bool {
    text.contains(&b'\r') && text.windows(2).any(|pair| pair == b"\r\n")
}

/// Returns true if most lines end in CRLF.
pub(super) fn is_crlf(text: &[u8]) -> bool {
    if !text.contains(&b'\r') {
        return false;
    }
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    let crlf = text.windows(2).filter(|pair| *pair == b"\r\n").count();
    crlf * 2 > ends
}

pub(super) fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

pub(super) fn push_line(text: &mut Vec<u8>, line: &[u8], crlf: bool) {
    match line.strip_suffix(b"\n") {
        Some(line) if crlf => text.extend([line, b"\r\n"].concat()),
        _ => text.extend_from_slice(line),
    }
}

/// Returns the unified diff of two versions of a file, `None` for an absent one; empty if they are equal.
pub fn unified_diff(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> String {
    let name = |side: &str, text: Option<&[u8]>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let is_binary_diff = before.is_some_and(is_binary) || after.is_some_and(is_binary);
    if is_binary_diff && before != after {
        let (before, after) = (name("a", before), name("b", after));
        return format!("Binary files {before} and {after} differ\n");
    }
    let mut options = diffy::DiffOptions::new();
    options.set_original_filename(name("a", before)).set_modified_filename(name("b", after));
    let before = to_lf(before.unwrap_or_default()).into_owned();
    let after = to_lf(after.unwrap_or_default()).into_owned();
    if before == after {
        return String::new();
    }
    let (before, after) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(&after));
    options.create_patch(&before, &after).to_string()
}
