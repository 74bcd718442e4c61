//! Three-way merge of a person's edit and a new rendering.

use std::ops::Range;

use super::text::{Lines, is_crlf, lines, push_line, to_lf};

/// Marker before a person's lines of a conflict.
const START_MARKER: &str = "<<<<<<< yours\n";
const MIDDLE_MARKER: &str = "=======\n";
/// Marker after the template's lines of a conflict.
const END_MARKER: &str = ">>>>>>> template\n";

/// Returns a text with each marked conflict replaced by the template's side.
pub fn template_side(bytes: &[u8]) -> Vec<u8> {
    let marks = [START_MARKER, MIDDLE_MARKER, END_MARKER].map(|mark| mark.trim_end().as_bytes());
    let mut out = vec![];
    let (mut is_marked, mut is_yours) = (false, false);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let [yours, between, template] = marks.map(|mark| line.trim_ascii_end() == mark);
        match (yours, between && is_marked, template && is_marked) {
            (true, ..) => (is_marked, is_yours) = (true, true),
            (_, true, _) => is_yours = false,
            (.., true) => is_marked = false,
            _ if is_yours => {}
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// Result of a three-way merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeResult {
    Clean(Vec<u8>),
    /// Lines of the edited file that both sides changed differently.
    Overlap(Vec<Lines>),
}

/// Lines of the base that one side replaced.
#[derive(Debug, Clone)]
struct Hunk {
    base: Range<usize>,
    own: Range<usize>,
}

/// Returns the changes of a side; two hunks are at least one unchanged line apart.
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
    /// Combined hunks of the current region.
    taken: Option<Hunk>,
    /// Positions in base and side after the last hunk.
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

    /// Takes all hunks that touch a region with this end; returns its new end.
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

    /// Returns this side's lines of a region of the base, and true if it changed them.
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

/// Part of a merge, as line ranges of each side.
#[derive(Debug)]
enum Piece {
    /// Lines of the edited file.
    Theirs(Range<usize>),
    /// Lines of the new rendering.
    New { new: Range<usize> },
    /// Lines that both sides changed differently.
    Both { theirs: Range<usize>, base: Range<usize>, new: Range<usize> },
}

/// Sides and pieces of a merge.
struct Merge<'a> {
    theirs: Vec<&'a [u8]>,
    base: Vec<&'a [u8]>,
    new: Vec<&'a [u8]>,
    /// True if most lines of the edited file end in CRLF; new lines do then, too.
    crlf: bool,
    pieces: Vec<Piece>,
}

impl<'a> Merge<'a> {
    /// Compares the sides; without a base, each difference is a conflict.
    fn new(base: Option<&'a [u8]>, theirs: &'a [u8], their_lf: &'a [u8], new_lf: &'a [u8]) -> Merge<'a> {
        let their_lf_lines = lines(their_lf);
        let mut merge_state = Merge {
            theirs: lines(theirs),
            base: lines(base.unwrap_or_default()),
            new: lines(new_lf),
            crlf: is_crlf(theirs),
            pieces: vec![],
        };
        match base {
            Some(base) => merge_state.merge_three_way(base, their_lf, &their_lf_lines, new_lf),
            None => merge_state.merge_two_way(their_lf, new_lf),
        }
        merge_state
    }

    fn merge_three_way(&mut self, base: &[u8], their_lf: &[u8], their_lf_lines: &[&[u8]], new_lf: &[u8]) {
        let (mut a, mut b) = (Side::new(base, their_lf), Side::new(base, new_lf));
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
            let (theirs, by_them) = a.region(&(start..end));
            let (new, by_rendering) = b.region(&(start..end));
            self.pieces.push(Piece::Theirs(written..theirs.start));
            written = theirs.end;
            let base = start..end;
            let same = their_lf_lines.get(theirs.clone()) == self.new.get(new.clone());
            self.pieces.push(match (by_them, by_rendering) {
                (false, true) => Piece::New { new },
                (true, true) if !same => Piece::Both { theirs, base, new },
                _ => Piece::Theirs(theirs),
            });
        }
        self.pieces.push(Piece::Theirs(written..self.theirs.len()));
    }

    fn merge_two_way(&mut self, their_lf: &[u8], new_lf: &[u8]) {
        let mut written = 0;
        for hunk in hunks(their_lf, new_lf) {
            self.pieces.push(Piece::Theirs(written..hunk.base.start));
            written = hunk.base.end;
            self.pieces.push(Piece::Both { theirs: hunk.base, base: 0..0, new: hunk.own });
        }
        self.pieces.push(Piece::Theirs(written..self.theirs.len()));
    }

    fn theirs(&self, range: &Range<usize>) -> &[&'a [u8]] {
        self.theirs.get(range.clone()).unwrap_or_default()
    }

    fn rendered(&self, range: &Range<usize>) -> &[&'a [u8]] {
        self.new.get(range.clone()).unwrap_or_default()
    }

    /// Returns the lines of the edited file that are in conflict.
    fn overlaps(&self) -> Vec<Lines> {
        let both = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Both { theirs, .. } => Some(theirs),
            _ => None,
        });
        both.map(|theirs| Lines { first: theirs.start + 1, last: theirs.end.max(theirs.start + 1) }).collect()
    }

    /// Returns the merged text, with a person's lines for conflicts.
    fn text(&self) -> Vec<u8> {
        let mut text = vec![];
        for piece in &self.pieces {
            match piece {
                Piece::Theirs(theirs) | Piece::Both { theirs, .. } => {
                    text.extend(self.theirs(theirs).concat())
                }
                Piece::New { new } => {
                    self.rendered(new).iter().for_each(|line| push_line(&mut text, line, self.crlf));
                }
            }
        }
        text
    }
}

/// Merges a person's edit and a new rendering of the same base.
///
/// Adjacent changes of both sides overlap, unless they are the same. A person's lines keep their line ends; new lines get
/// those of the majority.
pub fn merge(base: &[u8], theirs: &[u8], new: &[u8]) -> MergeResult {
    let (base, their_lf, new_lf) = (to_lf(base), to_lf(theirs), to_lf(new));
    let merge_state = Merge::new(Some(&base), theirs, &their_lf, &new_lf);
    match merge_state.overlaps() {
        overlaps if overlaps.is_empty() => MergeResult::Clean(merge_state.text()),
        overlaps => MergeResult::Overlap(overlaps),
    }
}

/// Merges with conflict markers around overlapping changes; returns the text and the marked lines.
///
/// Without a base, each difference overlaps.
pub fn merge_marked(base: Option<&[u8]>, theirs: &[u8], new: &[u8]) -> (Vec<u8>, Vec<Lines>) {
    let (base, their_lf, new_lf) = (base.map(to_lf), to_lf(theirs), to_lf(new));
    let merge_state = Merge::new(base.as_deref(), theirs, &their_lf, &new_lf);
    let crlf = merge_state.crlf;
    let (mut text, mut marked): (Vec<u8>, _) = (vec![], vec![]);
    for piece in &merge_state.pieces {
        match piece {
            Piece::Theirs(theirs) => text.extend(merge_state.theirs(theirs).concat()),
            Piece::New { new } => {
                merge_state.rendered(new).iter().for_each(|line| push_line(&mut text, line, crlf));
            }
            Piece::Both { theirs, new, .. } => {
                let (mut theirs, mut new) = (merge_state.theirs(theirs), merge_state.rendered(new));
                let same = |a: &[u8], b: &[u8]| to_lf(a) == to_lf(b);
                while let ([first, more @ ..], [other, rest @ ..]) = (theirs, new)
                    && same(first, other)
                {
                    text.extend_from_slice(first);
                    (theirs, new) = (more, rest);
                }
                let mut ends: Vec<&[u8]> = vec![];
                while let ([more @ .., last], [rest @ .., other]) = (theirs, new)
                    && same(last, other)
                {
                    ends.push(last);
                    (theirs, new) = (more, rest);
                }
                if !text.is_empty() {
                    end_line(&mut text, crlf);
                }
                let first = count(&text) + 1;
                push_line(&mut text, START_MARKER.as_bytes(), crlf);
                text.extend(theirs.concat());
                end_line(&mut text, crlf);
                push_line(&mut text, MIDDLE_MARKER.as_bytes(), crlf);
                new.iter().for_each(|line| push_line(&mut text, line, crlf));
                end_line(&mut text, crlf);
                push_line(&mut text, END_MARKER.as_bytes(), crlf);
                marked.push(Lines { first, last: count(&text) });
                ends.iter().rev().for_each(|line| text.extend_from_slice(line));
            }
        }
    }
    (text, marked)
}

/// Merges with a person's version of overlapping changes; returns the text, and the base without and with the rejected
/// changes.
///
/// Without a base, each difference overlaps.
pub fn merge_rejecting(base: Option<&[u8]>, theirs: &[u8], new: &[u8]) -> (Vec<u8>, [Vec<u8>; 2]) {
    let (base, their_lf, new_lf) = (base.map(to_lf), to_lf(theirs), to_lf(new));
    let Some(base) = base else {
        return (theirs.to_vec(), [their_lf.into_owned(), new_lf.into_owned()]);
    };
    let merge_state = Merge::new(Some(&base), theirs, &their_lf, &new_lf);
    let mut rendered_text: Vec<u8> = vec![];
    let mut written = 0;
    for piece in &merge_state.pieces {
        let Piece::Both { base, new, .. } = piece else { continue };
        rendered_text.extend(merge_state.base.get(written..base.start).unwrap_or_default().concat());
        rendered_text.extend(merge_state.rendered(new).concat());
        written = base.end;
    }
    rendered_text.extend(merge_state.base.get(written..).unwrap_or_default().concat());
    (merge_state.text(), [base.into_owned(), rendered_text])
}

fn count(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Ends the last line of a text, if it has no line end.
fn end_line(text: &mut Vec<u8>, crlf: bool) {
    if !text.ends_with(b"\n") {
        text.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
    }
}
