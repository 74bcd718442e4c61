//! The files that something is read from, as they are, before anything is parsed.

use std::ops::Range;
use std::sync::OnceLock;

use super::problem::Place;

/// A text file: its name, as people are told it, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    not_utf8: Option<Utf8Problem>,
    /// Beginnings of the lines, once a place was looked for.
    lines: OnceLock<Vec<usize>>,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &SourceFile) -> bool {
        (&self.name, &self.text, &self.not_utf8) == (&other.name, &other.text, &other.not_utf8)
    }
}

impl Eq for SourceFile {}

/// The first byte that keeps a file from being UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utf8Problem {
    pub at: usize,
    pub byte: u8,
    /// The file begins as UTF-16 does.
    pub looks_like_utf16: bool,
}

impl SourceFile {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> SourceFile {
        let name = name.into();
        match String::from_utf8(bytes.into()) {
            Ok(mut text) => {
                // Editors on Windows put a byte order mark first; it is no part of the text.
                if text.starts_with('\u{feff}') {
                    text.remove(0);
                }
                SourceFile { name, text, not_utf8: None, lines: OnceLock::new() }
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let bytes = error.as_bytes();
                let not_utf8 = Utf8Problem {
                    at,
                    byte: bytes.get(at).copied().unwrap_or_default(),
                    looks_like_utf16: matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]),
                };
                SourceFile {
                    name,
                    text: String::from_utf8_lossy(bytes).into_owned(),
                    not_utf8: Some(not_utf8),
                    lines: OnceLock::new(),
                }
            }
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text, with a replacement character for whatever is not UTF-8.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the reason for which it is not text.
    pub fn not_utf8(&self) -> Option<&Utf8Problem> {
        self.not_utf8.as_ref()
    }

    /// The place of a range of the [`text`](Self::text); one that begins or ends inside a letter takes in all of it.
    pub fn place(&self, span: Range<usize>) -> Place {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.ceil_char_boundary(span.end).max(start);
        let lines = self.lines.get_or_init(|| {
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        });
        let line = lines.partition_point(|begin| *begin <= start);
        let line_start = lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        Place {
            file: self.name.clone(),
            line,
            column: self.text[line_start..start].chars().count() + 1,
            span: start..end,
        }
    }
}
