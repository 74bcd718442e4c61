//! Merging what a person and what a new rendering made of the same text.

use std::ops::Range;

use super::text::{Lines, is_crlf, lines, push_line, with_lf};

/// What stands before a person's lines where both sides contradict each other.
const YOURS: &str = "<<<<<<< yours\n";
const BETWEEN: &str = "=======\n";
/// What stands behind the template's.
const TEMPLATE: &str = ">>>>>>> template\n";

/// Returns a text in which the template's side stands for each conflict that a merge marked.
pub fn template_side(bytes: &[u8]) -> Vec<u8> {
    let marks = [YOURS, BETWEEN, TEMPLATE].map(|mark| mark.trim_end().as_bytes());
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

/// What came of a three-way merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    Clean(Vec<u8>),
    /// Both changed these lines of the edited file, and not in the same way.
    Overlap(Vec<Lines>),
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

/// A part of a merge, in lines of each side.
#[derive(Debug)]
enum Piece {
    /// Lines of the edited file stay.
    Theirs(Range<usize>),
    /// Lines of the new rendering come in.
    New { new: Range<usize> },
    /// Both changed them, and not in the same way.
    Both { theirs: Range<usize>, base: Range<usize>, new: Range<usize> },
}

/// The sides of a merge, and how they go together.
struct Merging<'a> {
    theirs: Vec<&'a [u8]>,
    base: Vec<&'a [u8]>,
    new: Vec<&'a [u8]>,
    /// Whether most of their lines end so; new lines do then, too.
    crlf: bool,
    pieces: Vec<Piece>,
}

impl<'a> Merging<'a> {
    /// Without a base, all in which the sides differ is of both.
    fn new(base: Option<&'a [u8]>, theirs: &'a [u8], their_lf: &'a [u8], new_lf: &'a [u8]) -> Merging<'a> {
        let their_lf_lines = lines(their_lf);
        let mut merging = Merging {
            theirs: lines(theirs),
            base: lines(base.unwrap_or_default()),
            new: lines(new_lf),
            crlf: is_crlf(theirs),
            pieces: vec![],
        };
        match base {
            Some(base) => merging.three_ways(base, their_lf, &their_lf_lines, new_lf),
            None => merging.two_ways(their_lf, new_lf),
        }
        merging
    }

    fn three_ways(&mut self, base: &[u8], their_lf: &[u8], their_lf_lines: &[&[u8]], new_lf: &[u8]) {
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

    fn two_ways(&mut self, their_lf: &[u8], new_lf: &[u8]) {
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

    /// Where both changed the same lines of the edited file.
    fn overlaps(&self) -> Vec<Lines> {
        let both = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Both { theirs, .. } => Some(theirs),
            _ => None,
        });
        both.map(|theirs| Lines { first: theirs.start + 1, last: theirs.end.max(theirs.start + 1) }).collect()
    }

    /// The merged text, in which a person's lines stand where both changed them.
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

/// Merges what a person and what a new rendering made of the same base.
///
/// Changes of both that touch overlap, unless they are the same; nothing is guessed. A
/// person's lines keep their line ends, and new lines get those that most lines have.
pub fn merge(base: &[u8], theirs: &[u8], new: &[u8]) -> Merged {
    let (base, their_lf, new_lf) = (with_lf(base), with_lf(theirs), with_lf(new));
    let merging = Merging::new(Some(&base), theirs, &their_lf, &new_lf);
    match merging.overlaps() {
        overlaps if overlaps.is_empty() => Merged::Clean(merging.text()),
        overlaps => Merged::Overlap(overlaps),
    }
}

/// Like [`merge`], with both versions, between markers, of what overlaps; and where those stand.
///
/// Without a base, everything in which the two differ overlaps.
pub fn merge_marked(base: Option<&[u8]>, theirs: &[u8], new: &[u8]) -> (Vec<u8>, Vec<Lines>) {
    let (base, their_lf, new_lf) = (base.map(with_lf), with_lf(theirs), with_lf(new));
    let merging = Merging::new(base.as_deref(), theirs, &their_lf, &new_lf);
    let crlf = merging.crlf;
    let (mut text, mut marked): (Vec<u8>, _) = (vec![], vec![]);
    for piece in &merging.pieces {
        match piece {
            Piece::Theirs(theirs) => text.extend(merging.theirs(theirs).concat()),
            Piece::New { new } => {
                merging.rendered(new).iter().for_each(|line| push_line(&mut text, line, crlf));
            }
            Piece::Both { theirs, new, .. } => {
                let (mut theirs, mut new) = (merging.theirs(theirs), merging.rendered(new));
                let same = |a: &[u8], b: &[u8]| with_lf(a) == with_lf(b);
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
                push_line(&mut text, YOURS.as_bytes(), crlf);
                text.extend(theirs.concat());
                end_line(&mut text, crlf);
                push_line(&mut text, BETWEEN.as_bytes(), crlf);
                new.iter().for_each(|line| push_line(&mut text, line, crlf));
                end_line(&mut text, crlf);
                push_line(&mut text, TEMPLATE.as_bytes(), crlf);
                marked.push(Lines { first, last: count(&text) });
                ends.iter().rev().for_each(|line| text.extend_from_slice(line));
            }
        }
    }
    (text, marked)
}

/// Like [`merge`], with a person's version of what overlaps; and what the rendering would
/// make of those places, as two texts that differ in nothing else.
///
/// Without a base, everything in which the two differ overlaps.
pub fn merge_rejecting(base: Option<&[u8]>, theirs: &[u8], new: &[u8]) -> (Vec<u8>, [Vec<u8>; 2]) {
    let (base, their_lf, new_lf) = (base.map(with_lf), with_lf(theirs), with_lf(new));
    let Some(base) = base else {
        return (theirs.to_vec(), [their_lf.into_owned(), new_lf.into_owned()]);
    };
    let merging = Merging::new(Some(&base), theirs, &their_lf, &new_lf);
    let mut wanted: Vec<u8> = vec![];
    let mut written = 0;
    for piece in &merging.pieces {
        let Piece::Both { base, new, .. } = piece else { continue };
        wanted.extend(merging.base.get(written..base.start).unwrap_or_default().concat());
        wanted.extend(merging.rendered(new).concat());
        written = base.end;
    }
    wanted.extend(merging.base.get(written..).unwrap_or_default().concat());
    (merging.text(), [base.into_owned(), wanted])
}

fn count(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Ends a line that has no end, as the last one of a file may.
fn end_line(text: &mut Vec<u8>, crlf: bool) {
    if !text.ends_with(b"\n") {
        text.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
    }
}
