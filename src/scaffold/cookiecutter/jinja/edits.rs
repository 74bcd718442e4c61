//! Changes of a template's text, and the way back from a place in the changed one.

use std::ops::Range;

/// A text as it was written and as minijinja reads it.
pub struct Reading {
    pub source: String,
    pub text: String,
    pub layers: Vec<Vec<Edit>>,
}

/// A piece of a text that is replaced.
#[derive(Debug, Clone)]
pub struct Edit {
    pub at: Range<usize>,
    pub by: String,
}

impl Reading {
    /// Returns the place in the source of a place in the text.
    pub fn original(&self, range: &Range<usize>) -> Range<usize> {
        let place = |position: usize, is_end: bool| {
            self.layers
                .iter()
                .rev()
                .fold(position, |position, edits| position_before(edits, position, is_end))
        };
        let (start, end) = (place(range.start, false), place(range.end, true));
        start.min(self.source.len())..end.clamp(start, self.source.len().max(start))
    }
}

/// Returns where a position of the edited text was before the edits.
fn position_before(edits: &[Edit], position: usize, is_end: bool) -> usize {
    let (mut removed_bytes, mut added_bytes) = (0, 0);
    for edit in edits {
        let start = edit.at.start + added_bytes - removed_bytes;
        if position < start || (is_end && position == start) {
            break;
        }
        if position < start + edit.by.len() {
            return if is_end { edit.at.end } else { edit.at.start };
        }
        added_bytes += edit.by.len();
        removed_bytes += edit.at.len();
    }
    position + removed_bytes - added_bytes
}

/// Returns a text with edits, which are sorted by their places.
pub fn apply(source: &str, edits: &[Edit]) -> String {
    let mut text =
        String::with_capacity(source.len() + edits.iter().map(|edit| edit.by.len()).sum::<usize>());
    let mut at = 0;
    for edit in edits {
        text.push_str(source.get(at..edit.at.start).unwrap_or_default());
        text.push_str(&edit.by);
        at = edit.at.end;
    }
    text.push_str(source.get(at..).unwrap_or_default());
    text
}
