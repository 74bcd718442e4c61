//! Decides the action on a file that exists already.

use super::change_set::{ConflictFile, Write};
use super::decide::Decider;
use super::manifest::Entry;
use super::merge::{MergeResult, merge, merge_marked, merge_rejecting};
use super::path::RelPath;
use super::text::{convert_line_ends, digest, is_binary, unified_diff};
use super::{Action, ConflictLocation, ConflictPolicy, Content, KeepReason, PathState, RenderedFile};

/// An existing file with its rendering and its merge base.
struct EditedFile<'a> {
    path: &'a RelPath,
    file: &'a RenderedFile,
    theirs: &'a Content,
    /// The last rendering, if it is a text and not lost.
    base: Option<&'a [u8]>,
    /// The executable bit after the merge.
    executable: bool,
    entry: Entry,
}

impl Decider<'_> {
    pub(super) fn decide_existing(
        &mut self,
        path: &RelPath,
        file: &RenderedFile,
        theirs: &Content,
        recorded: Option<&Entry>,
        mut entry: Entry,
    ) -> Action {
        let now = digest(&theirs.bytes);
        entry.beside = recorded.and_then(|recorded| recorded.beside.clone());
        let is_forced = self.options.force && !self.options.merge;
        let executable = match recorded {
            // The side that changed the bit wins.
            Some(recorded) if theirs.executable != recorded.executable && !is_forced => theirs.executable,
            None if !self.options.force => theirs.executable,
            _ => file.executable,
        };
        let base = recorded.and_then(|recorded| {
            let base = self.observed.bases.get(&recorded.sha256)?;
            (digest(base) == recorded.sha256).then_some(base.as_slice())
        });
        let edited = EditedFile { path, file, theirs, base, executable, entry };
        let Some(recorded) = recorded else {
            if now != edited.entry.sha256 {
                return self.overwrite_or_keep(edited, None, KeepReason::Foreign);
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
            self.write(&edited, convert_line_ends(&file.bytes, &theirs.bytes));
            return Action::Update;
        }
        let changed = edited.entry.sha256 != recorded.sha256;
        let (sha256, was_executable) = (recorded.sha256.clone(), recorded.executable);
        let as_recorded = Entry { sha256, executable: was_executable, ..edited.entry.clone() };
        let reason = match (changed || mode_changes, self.options.merge) {
            (false, true) => {
                // An edit without a conflict is kept, even with `force`.
                self.remember(path, edited.entry);
                return Action::Kept { reason: KeepReason::Edited };
            }
            (false, false) => KeepReason::Edited,
            (true, false) => KeepReason::Behind,
            (true, true) => match edited.merge(changed) {
                Ok(merged) => {
                    let same = merged == theirs.bytes && !mode_changes;
                    self.write(&edited, merged);
                    return if same { Action::Adopt } else { Action::Merge };
                }
                Err(reason) => reason,
            },
        };
        self.overwrite_or_keep(edited, Some(as_recorded), reason)
    }

    fn overwrite_or_keep(
        &mut self,
        mut edited: EditedFile,
        kept: Option<Entry>,
        reason: KeepReason,
    ) -> Action {
        let after = convert_line_ends(&edited.file.bytes, &edited.theirs.bytes);
        if self.options.force {
            edited.executable = edited.file.executable;
            self.write(&edited, after);
            return Action::Overwrite;
        }
        // Settled in the person's favour: this rendering is the new base.
        if self.options.keep && reason.is_open() {
            self.remember(edited.path, edited.entry);
            return Action::Kept { reason: KeepReason::Edited };
        }
        if self.options.merge && reason.is_conflict() {
            match self.options.conflict {
                ConflictPolicy::Leave | ConflictPolicy::Fail => {}
                ConflictPolicy::Inline if reason != KeepReason::Binary => {
                    return self.mark_conflicts(&edited);
                }
                ConflictPolicy::Inline | ConflictPolicy::Reject => {
                    return self.write_conflict_file(edited, &reason);
                }
            }
        }
        if let Some(kept) = kept {
            self.remember(edited.path, kept);
        }
        let after = Content { bytes: after, executable: edited.file.executable };
        let write = Write { before: Some(edited.theirs.clone()), after };
        self.kept.insert(edited.path.clone(), write);
        Action::Kept { reason }
    }

    /// Writes both versions into the file, between conflict markers.
    fn mark_conflicts(&mut self, edited: &EditedFile) -> Action {
        let (text, lines) = merge_marked(edited.base, &edited.theirs.bytes, &edited.file.bytes);
        self.write(edited, text);
        Action::Conflict { location: ConflictLocation::Inline { lines } }
    }

    /// Writes the conflicting part of the rendering to a file beside it.
    fn write_conflict_file(&mut self, mut edited: EditedFile, reason: &KeepReason) -> Action {
        let place = edited.entry.at.as_ref().unwrap_or(edited.path).clone();
        let theirs = &edited.theirs.bytes;
        let ending = if *reason == KeepReason::Binary { "new" } else { "rej" };
        let Ok(at) = RelPath::new(format!("{place}.{ending}")) else {
            return Action::Kept { reason: KeepReason::InTheWay { by: place } };
        };
        let (text, rejected) = match *reason {
            KeepReason::Binary => (theirs.clone(), edited.file.bytes.clone()),
            _ => {
                let (text, [from, to]) = merge_rejecting(edited.base, theirs, &edited.file.bytes);
                (text, unified_diff(place.as_str(), Some(&from), Some(&to)).into_bytes())
            }
        };
        let rejected_digest = digest(&rejected);
        let ours = self.manifest.files.get(edited.path).and_then(|entry| entry.beside.as_ref());
        let known = self.rendered.files.contains_key(&at) || self.manifest.places().any(|it| *it == at);
        let before = match self.observed.found.get(&at).unwrap_or(&PathState::Absent) {
            PathState::Absent if !known => None,
            PathState::File(there) if !known => {
                let found_digest = digest(&there.bytes);
                if found_digest != rejected_digest && Some(&found_digest) != ours {
                    return Action::Kept { reason: KeepReason::InTheWay { by: at } };
                }
                Some(there.clone())
            }
            _ => return Action::Kept { reason: KeepReason::InTheWay { by: at } },
        };
        let executable = *reason == KeepReason::Binary && edited.file.executable;
        let after = Content { bytes: rejected, executable };
        if before.as_ref() != Some(&after) {
            let beside = ConflictFile { of: edited.path.clone(), write: Write { before, after } };
            self.changes.conflict_files.insert(at.clone(), beside);
        }
        edited.entry.beside = Some(rejected_digest);
        self.write(&edited, text);
        let location = if *reason == KeepReason::Binary {
            ConflictLocation::New { file: at }
        } else {
            ConflictLocation::Rejected { file: at }
        };
        Action::Conflict { location }
    }

    /// Records the rendering, and writes the file if its content changes.
    fn write(&mut self, edited: &EditedFile, bytes: Vec<u8>) {
        let after = Content { bytes, executable: edited.executable };
        if after != *edited.theirs {
            let write = Write { before: Some(edited.theirs.clone()), after };
            self.changes.writes.insert(edited.path.clone(), write);
        }
        self.remember(edited.path, edited.entry.clone());
    }
}

impl EditedFile<'_> {
    /// Merges the person's edit and the rendering.
    fn merge(&self, changed: bool) -> Result<Vec<u8>, KeepReason> {
        let theirs = &self.theirs.bytes;
        if !changed {
            return Ok(theirs.clone());
        }
        // A person's text may be in another encoding than UTF-8.
        if is_binary(&self.file.bytes) || theirs.contains(&0) {
            return Err(KeepReason::Binary);
        }
        match merge(self.base.ok_or(KeepReason::NoBase)?, theirs, &self.file.bytes) {
            MergeResult::Clean(merged) => Ok(merged),
            MergeResult::Overlap(lines) => Err(KeepReason::Overlap { lines }),
        }
    }
}
