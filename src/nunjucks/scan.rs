//! A template as texts and tags.

use super::code::{Code, terminator};
use super::fault::{Fault, Outcome};
use super::number::is_space;

#[derive(Debug, Clone, PartialEq)]
pub enum Piece<'t> {
    Text(String),
    /// The inside of `${{ }}`, and where the tag begins.
    Variable(Code<'t>, usize),
    /// The inside of `{% %}`, and where the tag begins.
    Block(Code<'t>, usize),
}

/// Markers to search for in a text.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    pub cookiecutter: bool,
    pub trim_blocks: bool,
    pub lstrip_blocks: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Variable,
    Block,
    Comment,
}

/// Cuts a template into its pieces.
pub fn pieces(text: &str, marks: Marks) -> Outcome<Vec<Piece<'_>>> {
    let variable = if marks.cookiecutter { "{{" } else { "${{" };
    let marked = [variable, "{%", "{#", "#}"].map(|mark| Mark { mark, next: Some(0), is_searched: false });
    let mut scan = Scan { text, marks, marked, at: 0, pending: String::new(), pieces: vec![] };
    while scan.at < text.len() {
        if !scan.next()? {
            break;
        }
    }
    scan.flush();
    Ok(scan.pieces)
}

/// A mark, and where it comes next; it is looked for again only behind there, so that a text of
/// many tags is read in time linear in its length.
struct Mark {
    mark: &'static str,
    next: Option<usize>,
    is_searched: bool,
}

impl Mark {
    fn next(&mut self, text: &str, from: usize) -> Option<usize> {
        if self.next.is_some_and(|next| next < from || !self.is_searched) {
            self.next = text.get(from..).and_then(|rest| rest.find(self.mark)).map(|at| from + at);
            self.is_searched = true;
        }
        self.next
    }
}

struct Scan<'t> {
    text: &'t str,
    marks: Marks,
    /// Of a variable, a block and a comment, and the end of a comment.
    marked: [Mark; 4],
    at: usize,
    pending: String,
    pieces: Vec<Piece<'t>>,
}

impl<'t> Scan<'t> {
    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.pending)));
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn opening(&mut self) -> Option<(usize, Kind, &'static str)> {
        let (text, from) = (self.text, self.at);
        let kinds = [Kind::Variable, Kind::Block, Kind::Comment];
        let found = kinds
            .into_iter()
            .zip(&mut self.marked)
            .filter_map(|(kind, mark)| Some((mark.next(text, from)?, kind, mark.mark)));
        found.min_by_key(|(at, ..)| *at)
    }

    /// Takes the text up to the next tag, and the tag; false at the end.
    fn next(&mut self) -> Outcome<bool> {
        let opening = self.opening();
        if let Some(end) = self.marked[3].next(self.text, self.at)
            && opening.is_none_or(|(at, ..)| end < at)
        {
            return Fault::syntax(end..end + 2, "a comment ends here that didn't begin");
        }
        let Some((start, kind, mark)) = opening else {
            self.pending.push_str(self.rest());
            return Ok(false);
        };
        self.pending.push_str(self.text.get(self.at..start).unwrap_or_default());
        if kind == Kind::Block && self.marks.lstrip_blocks {
            self.strip_indentation(start);
        }
        let mut from = start + mark.len();
        if self.text.as_bytes().get(from) == Some(&b'-') {
            from += 1;
            self.pending.truncate(self.pending.trim_end_matches(is_space).len());
        }
        self.flush();
        let close = match kind {
            Kind::Variable => "}}",
            Kind::Block => "%}",
            Kind::Comment => "#}",
        };
        let end = match kind {
            Kind::Comment => self.text.get(from..).and_then(|rest| rest.find(close)).map(|at| from + at),
            _ => terminator(self.text, from, close)?,
        };
        let Some(end) = end else {
            return Fault::syntax(start..from, format!("`{mark}` isn't closed by `{close}`"));
        };
        let trim_after = self.text.as_bytes().get(end - 1) == Some(&b'-');
        let inner = Code { text: self.text, at: 0 }.part(from, end - usize::from(trim_after));
        self.at = end + close.len();
        match kind {
            Kind::Comment => {}
            Kind::Variable => self.pieces.push(Piece::Variable(inner.trim_start(), start)),
            Kind::Block => {
                let inner = inner.trim();
                if matches!(inner.tag(), "raw" | "verbatim") {
                    self.raw(inner)?;
                    if trim_after {
                        self.skip_space();
                    }
                    return Ok(true);
                }
                self.pieces.push(Piece::Block(inner, start));
            }
        }
        if trim_after {
            self.skip_space();
        } else if kind == Kind::Block {
            self.trim_line_end();
        }
        Ok(true)
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }

    fn trim_line_end(&mut self) {
        if self.marks.trim_blocks {
            let rest = self.rest();
            let end = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
            self.at += end;
        }
    }

    /// Takes away what is only indentation before a block that begins its line.
    fn strip_indentation(&mut self, start: usize) {
        let indentation = |text: &str| {
            let text = text.trim_end_matches(|c| is_space(c) && c != '\n');
            (text.is_empty() || text.ends_with('\n')).then_some(text.len())
        };
        if indentation(self.text.get(..start).unwrap_or_default()).is_none() {
            return;
        }
        if let Some(keep) = indentation(&self.pending) {
            self.pending.truncate(keep);
        }
    }

    /// Takes what `raw` holds as text.
    fn raw(&mut self, tag: Code<'t>) -> Outcome<()> {
        let name = tag.tag();
        if !tag.after_tag().text.is_empty() {
            return Fault::syntax(tag.span(), format!("`{name}` takes nothing after it"));
        }
        self.trim_line_end();
        let closing = format!("end{name}");
        let mut depth = 1;
        let mut at = self.at;
        while let Some(marker) = self.text.get(at..).and_then(|rest| rest.find("{%")).map(|found| at + found)
        {
            let Some((closes, end)) = self.raw_marker(marker, name, &closing) else {
                at = marker + 2;
                continue;
            };
            at = end;
            depth += if closes { -1 } else { 1 };
            if depth == 0 {
                if self.text.get(marker..end).is_some_and(|marker| marker.contains('\n')) {
                    return Fault::syntax(marker..end, format!("`{closing}` can't go over two lines"));
                }
                self.pending.push_str(self.text.get(self.at..marker).unwrap_or_default());
                self.at = end;
                return Ok(());
            }
        }
        Fault::syntax(tag.span(), format!("`{name}` isn't closed by `{closing}`"))
    }

    /// Returns true for a tag that opens, false for one that closes the same kind of raw text, with its end.
    fn raw_marker(&self, start: usize, name: &str, closing: &str) -> Option<(bool, usize)> {
        let rest = self.text.get(start + 2..)?.trim_start_matches(is_space);
        let (closes, rest) = match rest.strip_prefix(closing) {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix(name)?),
        };
        let rest = rest.trim_start_matches(is_space).strip_prefix("%}")?;
        Some((closes, self.text.len() - rest.len()))
    }
}
