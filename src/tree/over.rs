//! Decides what becomes of a file that is there already.

use super::decide::Decider;
use super::manifest::Entry;
use super::merge::{Merged, merge, merge_marked, merge_rejecting};
use super::path::RelPath;
use super::text::{digest, is_binary, unified_diff, with_ends_like};
use super::work::{Beside, Write};
use super::{Action, Conflict, Content, Found, Marked, RenderedFile, Why};

/// What a file is merged into one with, and where.
struct Edited<'a> {
    path: &'a RelPath,
    file: &'a RenderedFile,
    theirs: &'a Content,
    /// What was rendered the last time, if that is a text that isn't lost.
    base: Option<&'a [u8]>,
    /// Whether it has the run bit when what each side did to it goes together.
    executable: bool,
    entry: Entry,
}

impl Decider<'_> {
    pub(super) fn over_file(
        &mut self,
        path: &RelPath,
        file: &RenderedFile,
        theirs: &Content,
        recorded: Option<&Entry>,
        mut entry: Entry,
    ) -> Action {
        let now = digest(&theirs.bytes);
        entry.beside = recorded.and_then(|recorded| recorded.beside.clone());
        let hard = self.options.force && !self.options.merge;
        let executable = match recorded {
            // Where only one of both sides changed it, that one has it.
            Some(recorded) if theirs.executable != recorded.executable && !hard => theirs.executable,
            None if !self.options.force => theirs.executable,
            _ => file.executable,
        };
        let base = recorded.and_then(|recorded| {
            let base = self.seen.bases.get(&recorded.sha256)?;
            (digest(base) == recorded.sha256).then_some(base.as_slice())
        });
        let edited = Edited { path, file, theirs, base, executable, entry };
        let Some(recorded) = recorded else {
            if now != edited.entry.sha256 {
                return self.overwrite_or_keep(edited, None, Why::Foreign);
            }
            let changed = executable != theirs.executable;
            self.write(&edited, theirs.bytes.clone());
            return if changed { Action::Overwrite } else { Action::Adopt };
        };
        let mode_edited = theirs.executable != recorded.executable;
        let mode_changes = executable != theirs.executable;
        if now == edited.entry.sha256 {
            self.write(&edited, theirs.bytes.clone());
            return match now != recorded.sha256 {
                _ if mode_changes && mode_edited => Action::Overwrite,
                _ if mode_changes => Action::Update,
                true => Action::Adopt,
                false => Action::Unchanged,
            };
        }
        if now == recorded.sha256 {
            self.write(&edited, with_ends_like(&file.bytes, &theirs.bytes));
            return Action::Update;
        }
        let changed = edited.entry.sha256 != recorded.sha256;
        let (sha256, as_was) = (recorded.sha256.clone(), recorded.executable);
        let as_recorded = Entry { sha256, executable: as_was, ..edited.entry.clone() };
        let why = match (changed || mode_changes, self.options.merge) {
            (false, true) => {
                // An edit that nothing contradicts is merged as it is, also when the rest is forced.
                self.remember(path, edited.entry);
                return Action::Kept { why: Why::Edited };
            }
            (false, false) => Why::Edited,
            (true, false) => Why::Behind,
            (true, true) => match edited.merged(changed) {
                Ok(merged) => {
                    let same = merged == theirs.bytes && !mode_changes;
                    self.write(&edited, merged);
                    return if same { Action::Adopt } else { Action::Merge };
                }
                Err(why) => why,
            },
        };
        self.overwrite_or_keep(edited, Some(as_recorded), why)
    }

    fn overwrite_or_keep(&mut self, mut edited: Edited, kept: Option<Entry>, why: Why) -> Action {
        let after = with_ends_like(&edited.file.bytes, &edited.theirs.bytes);
        if self.options.force {
            edited.executable = edited.file.executable;
            self.write(&edited, after);
            return Action::Overwrite;
        }
        // Settled in the person's favour: from now on the file is made from this rendering.
        if self.options.keep && why.is_open() {
            self.remember(edited.path, edited.entry);
            return Action::Kept { why: Why::Edited };
        }
        if self.options.merge && why.is_conflict() {
            match self.options.conflict {
                Conflict::Leave | Conflict::Fail => {}
                Conflict::Inline if why != Why::Binary => return self.marked(&edited),
                Conflict::Inline | Conflict::Reject => return self.set_aside(edited, &why),
            }
        }
        if let Some(kept) = kept {
            self.remember(edited.path, kept);
        }
        let after = Content { bytes: after, executable: edited.file.executable };
        let write = Write { before: Some(edited.theirs.clone()), after };
        self.kept.insert(edited.path.clone(), write);
        Action::Kept { why }
    }

    /// Both versions stand in the file, between markers.
    fn marked(&mut self, edited: &Edited) -> Action {
        let (text, lines) = merge_marked(edited.base, &edited.theirs.bytes, &edited.file.bytes);
        self.write(edited, text);
        Action::Conflict { marked: Marked::Inline { lines } }
    }

    /// What can't be merged into the file goes to one beside it.
    fn set_aside(&mut self, mut edited: Edited, why: &Why) -> Action {
        let place = edited.entry.at.as_ref().unwrap_or(edited.path).clone();
        let theirs = &edited.theirs.bytes;
        let ending = if *why == Why::Binary { "new" } else { "rej" };
        let Ok(at) = RelPath::new(format!("{place}.{ending}")) else {
            return Action::Kept { why: Why::InTheWay { by: place } };
        };
        let (text, aside) = match *why {
            Why::Binary => (theirs.clone(), edited.file.bytes.clone()),
            _ => {
                let (text, [from, to]) = merge_rejecting(edited.base, theirs, &edited.file.bytes);
                (text, unified_diff(place.as_str(), Some(&from), Some(&to)).into_bytes())
            }
        };
        let digest_of_aside = digest(&aside);
        let ours = self.manifest.files.get(edited.path).and_then(|entry| entry.beside.as_ref());
        let known = self.rendered.files.contains_key(&at) || self.manifest.places().any(|it| *it == at);
        let before = match self.seen.found.get(&at).unwrap_or(&Found::Absent) {
            Found::Absent if !known => None,
            Found::File(there) if !known => {
                let there_is = digest(&there.bytes);
                if there_is != digest_of_aside && Some(&there_is) != ours {
                    return Action::Kept { why: Why::InTheWay { by: at } };
                }
                Some(there.clone())
            }
            _ => return Action::Kept { why: Why::InTheWay { by: at } },
        };
        let executable = *why == Why::Binary && edited.file.executable;
        let after = Content { bytes: aside, executable };
        if before.as_ref() != Some(&after) {
            let beside = Beside { of: edited.path.clone(), write: Write { before, after } };
            self.work.beside.insert(at.clone(), beside);
        }
        edited.entry.beside = Some(digest_of_aside);
        self.write(&edited, text);
        let marked =
            if *why == Why::Binary { Marked::New { file: at } } else { Marked::Rejected { file: at } };
        Action::Conflict { marked }
    }

    /// Remembers the rendering, and writes the file if it is another one then.
    fn write(&mut self, edited: &Edited, bytes: Vec<u8>) {
        let after = Content { bytes, executable: edited.executable };
        if after != *edited.theirs {
            let write = Write { before: Some(edited.theirs.clone()), after };
            self.work.writes.insert(edited.path.clone(), write);
        }
        self.remember(edited.path, edited.entry.clone());
    }
}

impl Edited<'_> {
    /// The person's edit and the rendering as one, or why they can't be that.
    fn merged(&self, changed: bool) -> Result<Vec<u8>, Why> {
        let theirs = &self.theirs.bytes;
        if !changed {
            return Ok(theirs.clone());
        }
        // What a person wrote in another encoding has lines as well.
        if is_binary(&self.file.bytes) || theirs.contains(&0) {
            return Err(Why::Binary);
        }
        match merge(self.base.ok_or(Why::NoBase)?, theirs, &self.file.bytes) {
            Merged::Clean(merged) => Ok(merged),
            Merged::Overlap(lines) => Err(Why::Overlap { lines }),
        }
    }
}
