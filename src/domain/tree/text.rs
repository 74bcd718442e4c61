//! Texts: their digests, their line ends, how they differ and how they merge.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Lines of a file, counted from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// What came of a three-way merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    Clean(Vec<u8>),
    /// Both changed these lines of the edited file, and not in the same way.
    Overlap(Vec<Lines>),
}

/// SHA-256 of a text as it is with LF line ends, since Git may have changed them.
pub fn digest(text: &[u8]) -> String {
    let hash = Sha256::digest(with_lf(text).as_ref());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The new rendering with the line ends of the file that it replaces.
///
/// A rendering that has CRLF by itself means them.
pub(super) fn with_ends_like(rendering: &str, like: &[u8]) -> Vec<u8> {
    if is_crlf(like) && !rendering.contains("\r\n") {
        return rendering.replace('\n', "\r\n").into_bytes();
    }
    rendering.as_bytes().to_vec()
}

fn with_lf(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.windows(2).any(|pair| pair == b"\r\n") {
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

/// Whether most lines end in CRLF.
fn is_crlf(text: &[u8]) -> bool {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    let crlf = text.windows(2).filter(|pair| *pair == b"\r\n").count();
    crlf * 2 > ends
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Lines of the base that one side replaced by its own.
#[derive(Debug, Clone)]
struct Hunk {
    base: Range<usize>,
    own: Range<usize>,
}

/// What a side made of the base; between two hunks is at least one line that stayed.
fn hunks(base: &[u8], own: &[u8]) -> Vec<Hunk> {
    let longest = base.len().max(own.len());
    // With all of the file as context, the lines follow one another without gaps.
    let mut options = diffy::DiffOptions::new();
    let patch = options.set_context_len(longest).create_patch_bytes(base, own);
    let mut hunks: Vec<Hunk> = vec![];
    let (mut at_base, mut at_own) = (0, 0);
    let mut open: Option<Hunk> = None;
    for line in patch.hunks().iter().flat_map(|hunk| hunk.lines()) {
        let (removed, added) = match line {
            diffy::Line::Context(_) => {
                hunks.extend(open.take());
                (at_base, at_own) = (at_base + 1, at_own + 1);
                continue;
            }
            diffy::Line::Delete(_) => (1, 0),
            diffy::Line::Insert(_) => (0, 1),
        };
        let start = Hunk { base: at_base..at_base, own: at_own..at_own };
        let hunk = open.get_or_insert(start);
        (at_base, at_own) = (at_base + removed, at_own + added);
        (hunk.base.end, hunk.own.end) = (at_base, at_own);
    }
    hunks.extend(open);
    hunks
}

/// One side of a merge, read from its start to its end.
struct Side {
    hunks: std::iter::Peekable<std::vec::IntoIter<Hunk>>,
    /// The hunks of the region at hand.
    taken: Option<Hunk>,
    /// Where the base and this side agree again after the last hunk.
    base: usize,
    own: usize,
}

impl Side {
    fn new(base: &[u8], own: &[u8]) -> Side {
        Side { hunks: hunks(base, own).into_iter().peekable(), taken: None, base: 0, own: 0 }
    }

    fn next_start(&mut self) -> Option<usize> {
        self.hunks.peek().map(|hunk| hunk.base.start)
    }

    /// Takes all hunks that touch a region which ends here; returns where it ends then.
    fn take_up_to(&mut self, end: usize) -> usize {
        let mut end = end;
        while let Some(hunk) = self.hunks.next_if(|hunk| hunk.base.start <= end) {
            end = end.max(hunk.base.end);
            match &mut self.taken {
                Some(taken) => (taken.base.end, taken.own.end) = (hunk.base.end, hunk.own.end),
                None => self.taken = Some(hunk),
            }
        }
        end
    }

    /// This side's lines of a region of the base, and whether it changed them.
    fn region(&mut self, base: &Range<usize>) -> (Range<usize>, bool) {
        let taken = self.taken.take();
        let changed = taken.is_some();
        let anchor = Hunk { base: self.base..self.base, own: self.own..self.own };
        let hunk = taken.unwrap_or(anchor);
        // Before and after its hunks, a side has the lines of the base.
        let start = (hunk.own.start + base.start).saturating_sub(hunk.base.start);
        let end = (hunk.own.end + base.end).saturating_sub(hunk.base.end);
        (self.base, self.own) = (base.end, end);
        (start..end, changed)
    }
}

/// Merges what a person and what a new rendering made of the same base.
///
/// Changes of both that touch overlap, unless they are the same; nothing is guessed. A
/// person's lines keep their line ends, and new lines get those that most lines have.
pub fn merge(base: &[u8], theirs: &[u8], new: &[u8]) -> Merged {
    let (base, their_lf, new_lf) = (with_lf(base), with_lf(theirs), with_lf(new));
    let (their_lines, their_lf_lines, new_lines) = (lines(theirs), lines(&their_lf), lines(&new_lf));
    let crlf = is_crlf(theirs);
    let (mut a, mut b) = (Side::new(&base, &their_lf), Side::new(&base, &new_lf));
    let mut merged: Vec<u8> = vec![];
    let mut overlaps = vec![];
    let mut written = 0;
    while let Some(start) = [a.next_start(), b.next_start()].into_iter().flatten().min() {
        let mut end = start;
        loop {
            let further = b.take_up_to(a.take_up_to(end));
            if further == end {
                break;
            }
            end = further;
        }
        let (theirs_of, by_them) = a.region(&(start..end));
        let (new_of, by_rendering) = b.region(&(start..end));
        let stayed = their_lines.get(written..theirs_of.start).unwrap_or_default();
        merged.extend(stayed.concat());
        written = theirs_of.end;
        let their_own = their_lines.get(theirs_of.clone()).unwrap_or_default();
        let rendered = new_lines.get(new_of).unwrap_or_default();
        let same = their_lf_lines.get(theirs_of.clone()).is_some_and(|lines| lines == rendered);
        match (by_them, by_rendering) {
            (false, true) => rendered.iter().for_each(|line| push_line(&mut merged, line, crlf)),
            (true, true) if !same => {
                let first = theirs_of.start + 1;
                overlaps.push(Lines { first, last: theirs_of.end.max(first) });
            }
            _ => merged.extend(their_own.concat()),
        }
    }
    merged.extend(their_lines.get(written..).unwrap_or_default().concat());
    if overlaps.is_empty() { Merged::Clean(merged) } else { Merged::Overlap(overlaps) }
}

fn push_line(text: &mut Vec<u8>, line: &[u8], crlf: bool) {
    match line.strip_suffix(b"\n") {
        Some(line) if crlf => text.extend([line, b"\r\n"].concat()),
        _ => text.extend_from_slice(line),
    }
}

/// The difference between two versions of a file, as `diff -u` shows it; empty when there is none.
///
/// `None` stands for a file that isn't there.
pub fn unified_diff(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> String {
    let name = |side: &str, text: Option<&[u8]>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let mut options = diffy::DiffOptions::new();
    options.set_original_filename(name("a", before)).set_modified_filename(name("b", after));
    let before = with_lf(before.unwrap_or_default()).into_owned();
    let after = with_lf(after.unwrap_or_default()).into_owned();
    if before == after {
        return String::new();
    }
    let (before, after) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(&after));
    options.create_patch(&before, &after).to_string()
}
