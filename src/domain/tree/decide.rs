//! Decides what is done about each file.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{Entry, Manifest, Pending, PendingKind};
use super::path::RelPath;
use super::text::{Merged, digest, merge, unified_diff, with_ends_like};
use super::{Action, Coverage, FilePlan, Found, Rendered, RenderedFile, Seen, TreeOptions, TreePlan, Why};

/// What is there and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub before: Option<Vec<u8>>,
    pub after: Vec<u8>,
}

/// Everything that has to happen on disk, and nothing that is left to decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    pub writes: BTreeMap<RelPath, Write>,
    /// With what is there.
    pub deletes: BTreeMap<RelPath, Vec<u8>>,
    /// Folders to make, each after the one that it is in.
    pub made: BTreeSet<RelPath>,
    /// Folders that billpay made and needs no longer, each before the one that it is in;
    /// they go if they are empty.
    pub emptied: Vec<RelPath>,
    /// New renderings to remember, and those to forget.
    pub bases: BTreeMap<RelPath, Option<String>>,
    pub before: Manifest,
    pub after: Manifest,
}

/// A plan, and the work that carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    pub plan: TreePlan,
    pub work: Work,
    /// For files that are kept: what the rendering would make of them.
    pub kept: BTreeMap<RelPath, Write>,
}

/// Why a rendering can't be brought to disk at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("`{file}` is rendered as a file, and `{below}` in a folder of that name")]
    Clash { file: RelPath, below: RelPath },
}

impl Work {
    /// Whether nothing has to happen, not even to what is remembered.
    pub fn is_nothing(&self) -> bool {
        self.writes.is_empty()
            && self.deletes.is_empty()
            && self.bases.is_empty()
            && self.before == self.after
    }

    /// The manifest for as long as the work goes on.
    pub fn manifest_meanwhile(&self) -> Manifest {
        let paths = self.writes.keys().chain(self.deletes.keys()).chain(self.bases.keys());
        let paths: BTreeSet<&RelPath> = paths.collect();
        let pending = paths.into_iter().enumerate().map(|(number, path)| {
            let entry = self.after.files.get(path).cloned();
            let pending = match (self.writes.get(path), self.deletes.get(path)) {
                (Some(write), _) => Pending {
                    kind: PendingKind::Write,
                    number,
                    before: write.before.as_deref().map(digest),
                    wrote: Some(digest(&write.after)),
                    entry,
                },
                (None, Some(before)) => {
                    let before = Some(digest(before));
                    Pending { kind: PendingKind::Delete, number, before, wrote: None, entry }
                }
                (None, None) => {
                    Pending { kind: PendingKind::Record, number, before: None, wrote: None, entry }
                }
            };
            (path.clone(), pending)
        });
        let folders = self.before.folders.union(&self.made).cloned().collect();
        self.before.with(folders, pending.collect())
    }
}

impl Decision {
    /// What happens to a file, or would if it weren't kept, as `diff -u` shows it; empty when nothing.
    pub fn diff(&self, path: &RelPath) -> String {
        if let Some(before) = self.work.deletes.get(path) {
            return unified_diff(path.as_str(), Some(before), None);
        }
        match self.work.writes.get(path).or_else(|| self.kept.get(path)) {
            Some(write) => unified_diff(path.as_str(), write.before.as_deref(), Some(&write.after)),
            None => String::new(),
        }
    }
}

/// The paths for which [`decide`] needs to see what was rendered the last time.
pub fn wanted_bases(
    rendered: &Rendered,
    coverage: &Coverage,
    options: TreeOptions,
    manifest: &Manifest,
    found: &BTreeMap<RelPath, Found>,
) -> BTreeSet<RelPath> {
    let covered = rendered.files.iter().filter(|(_, file)| options.merge && coverage.has(&file.scope));
    let wanted = covered.filter(|(path, file)| match (found.get(*path), manifest.files.get(*path)) {
        (Some(Found::File(bytes)), Some(entry)) => {
            entry.sha256 != digest(file.text.as_bytes()) && entry.sha256 != digest(bytes)
        }
        _ => false,
    });
    wanted.map(|(path, _)| path.clone()).collect()
}

/// Decides what is done about each file of the covered scopes.
///
/// `manifest` is settled: nothing in it is pending. Fails only when the rendering
/// contradicts itself.
pub fn decide(
    rendered: &Rendered,
    coverage: &Coverage,
    options: TreeOptions,
    manifest: &Manifest,
    seen: &Seen,
) -> Result<Decision, Refused> {
    for below in rendered.files.keys() {
        if let Some(file) = below.folders().find(|folder| rendered.files.contains_key(folder)) {
            return Err(Refused::Clash { file, below: below.clone() });
        }
    }
    let work = Work { before: manifest.clone(), after: manifest.clone(), ..Work::default() };
    let mut decider =
        Decider { options, manifest, seen, work, actions: BTreeMap::new(), kept: BTreeMap::new() };
    for (path, entry) in &manifest.files {
        if coverage.has(&entry.scope) && !rendered.files.contains_key(path) {
            let action = decider.no_longer_rendered(path, entry);
            decider.actions.insert(path.clone(), (entry.scope.clone(), action));
            decider.work.after.files.remove(path);
        }
    }
    for (path, file) in rendered.files.iter().filter(|(_, file)| coverage.has(&file.scope)) {
        let action = decider.rendered(path, file);
        decider.actions.insert(path.clone(), (file.scope.clone(), action));
    }
    decider.keep_files_out_of_the_way_of_one_another();
    decider.folders();
    decider.bases(rendered);
    let Decider { actions, work, kept, .. } = decider;
    let files = actions.into_iter().map(|(path, (scope, action))| FilePlan { path, scope, action });
    Ok(Decision { plan: TreePlan { files: files.collect() }, work, kept })
}

struct Decider<'a> {
    options: TreeOptions,
    manifest: &'a Manifest,
    seen: &'a Seen,
    work: Work,
    /// With the scopes.
    actions: BTreeMap<RelPath, (String, Action)>,
    kept: BTreeMap<RelPath, Write>,
}

impl Decider<'_> {
    fn no_longer_rendered(&mut self, path: &RelPath, entry: &Entry) -> Action {
        match self.seen.found.get(path) {
            Some(Found::File(bytes)) if digest(bytes) == entry.sha256 => {
                self.work.deletes.insert(path.clone(), bytes.clone());
                Action::Delete
            }
            Some(Found::File(_)) => Action::Kept { why: Why::NoLongerRendered },
            Some(Found::Link { at }) => Action::Kept { why: Why::Link { at: at.clone() } },
            _ => Action::Forget,
        }
    }

    fn rendered(&mut self, path: &RelPath, file: &RenderedFile) -> Action {
        let recorded = self.manifest.files.get(path);
        let new = digest(file.text.as_bytes());
        let entry = Entry { scope: file.scope.clone(), sha256: new, deleted: false };
        let in_the_way = match self.seen.found.get(path).unwrap_or(&Found::Absent) {
            Found::File(bytes) => return self.over_file(path, file, bytes, recorded, entry),
            Found::Link { at } => return Action::Kept { why: Why::Link { at: at.clone() } },
            Found::Absent => None,
            Found::Blocked { by } => (!self.work.deletes.contains_key(by)).then_some(by),
            Found::Folder { files, folders, others } => {
                let ours = |folder: &RelPath| self.manifest.folders.contains(folder);
                let leaves = !others
                    && ours(path)
                    && folders.iter().all(ours)
                    && files.iter().all(|file| self.work.deletes.contains_key(file));
                (!leaves).then_some(path)
            }
            Found::Other => Some(path),
        };
        match (recorded, in_the_way) {
            // Whatever a person put there instead: they deleted the file.
            (Some(recorded), _) if !self.options.force => {
                let (scope, sha256) = (entry.scope, recorded.sha256.clone());
                self.remember(path, Entry { scope, sha256, deleted: true });
                Action::Kept { why: Why::Deleted }
            }
            (_, Some(by)) => Action::Kept { why: Why::InTheWay { by: by.clone() } },
            (_, None) => {
                let write = Write { before: None, after: file.text.clone().into_bytes() };
                self.work.writes.insert(path.clone(), write);
                self.remember(path, entry);
                Action::Create
            }
        }
    }

    /// What is done where there is a file already.
    fn over_file(
        &mut self,
        path: &RelPath,
        file: &RenderedFile,
        bytes: &[u8],
        recorded: Option<&Entry>,
        entry: Entry,
    ) -> Action {
        let now = digest(bytes);
        let wanted = with_ends_like(&file.text, bytes);
        let Some(recorded) = recorded else {
            if now == entry.sha256 {
                self.remember(path, entry);
                return Action::Adopt;
            }
            return self.overwrite_or_keep(path, bytes, wanted, entry, None, Why::Foreign);
        };
        let edited = now != recorded.sha256;
        let changed = entry.sha256 != recorded.sha256;
        if now == entry.sha256 {
            self.remember(path, entry);
            return if edited { Action::Adopt } else { Action::Unchanged };
        }
        if !edited {
            self.write(path, bytes, wanted, entry);
            return Action::Update;
        }
        let as_recorded = Entry { sha256: recorded.sha256.clone(), ..entry.clone() };
        let why = match (changed, self.options.merge) {
            (false, true) => {
                // An edit that nothing contradicts is merged as it is, also when the rest is forced.
                self.remember(path, as_recorded);
                return Action::Kept { why: Why::Edited };
            }
            (false, false) => Why::Edited,
            (true, false) => Why::Behind,
            (true, true) => match self.merged(path, recorded, bytes, file) {
                Some(Merged::Clean(merged)) if merged == bytes => {
                    self.remember(path, entry);
                    return Action::Adopt;
                }
                Some(Merged::Clean(merged)) => {
                    self.write(path, bytes, merged, entry);
                    return Action::Merge;
                }
                Some(Merged::Overlap(lines)) => Why::Overlap { lines },
                None => Why::NoBase,
            },
        };
        self.overwrite_or_keep(path, bytes, wanted, entry, Some(as_recorded), why)
    }

    fn merged(&self, path: &RelPath, recorded: &Entry, bytes: &[u8], file: &RenderedFile) -> Option<Merged> {
        let base = self.seen.bases.get(path).filter(|base| digest(base) == recorded.sha256)?;
        Some(merge(base, bytes, file.text.as_bytes()))
    }

    fn overwrite_or_keep(
        &mut self,
        path: &RelPath,
        before: &[u8],
        after: Vec<u8>,
        entry: Entry,
        kept: Option<Entry>,
        why: Why,
    ) -> Action {
        if self.options.force {
            self.write(path, before, after, entry);
            return Action::Overwrite;
        }
        // Settled in the person's favour: from now on the file is made from this rendering.
        let settled = self.options.keep && matches!(why, Why::Behind | Why::Overlap { .. } | Why::NoBase);
        if settled {
            self.remember(path, entry);
            return Action::Kept { why: Why::Edited };
        }
        if let Some(kept) = kept {
            self.remember(path, kept);
        }
        self.kept.insert(path.clone(), Write { before: Some(before.to_vec()), after });
        Action::Kept { why }
    }

    fn write(&mut self, path: &RelPath, before: &[u8], after: Vec<u8>, entry: Entry) {
        self.work.writes.insert(path.clone(), Write { before: Some(before.to_vec()), after });
        self.remember(path, entry);
    }

    fn remember(&mut self, path: &RelPath, entry: Entry) {
        self.work.after.files.insert(path.clone(), entry);
    }

    /// A new file can't be where the folder of a remembered one is to be, nor the other way round.
    fn keep_files_out_of_the_way_of_one_another(&mut self) {
        let remembered = &self.work.after.files;
        let new = self.work.writes.keys().filter(|path| !self.manifest.files.contains_key(*path));
        let inside = |folder: &RelPath| {
            let inside = remembered.range(folder.clone()..).map(|(path, _)| path);
            let mut near = inside.skip(1).take_while(|path| path.as_str().starts_with(folder.as_str()));
            near.find(|path| path.is_below(folder)).cloned()
        };
        let above = |path: &RelPath| path.folders().find(|folder| remembered.contains_key(folder));
        let clashes: Vec<(RelPath, RelPath)> =
            new.filter_map(|path| Some((path.clone(), above(path).or_else(|| inside(path))?))).collect();
        for (path, by) in clashes {
            self.work.writes.remove(&path);
            self.work.after.files.remove(&path);
            if let Some((_, action)) = self.actions.get_mut(&path) {
                *action = Action::Kept { why: Why::InTheWay { by } };
            }
        }
    }

    fn folders(&mut self) {
        let needed = self.work.writes.keys().flat_map(RelPath::folders);
        let made: BTreeSet<RelPath> = needed.filter(|folder| !self.seen.folders.contains(folder)).collect();
        let before: Vec<&RelPath> =
            self.manifest.folders.iter().filter(|folder| self.seen.folders.contains(folder)).collect();
        let used: BTreeSet<RelPath> = self.work.after.files.keys().flat_map(RelPath::folders).collect();
        let (stay, go): (Vec<&RelPath>, Vec<&RelPath>) =
            before.into_iter().partition(|folder| used.contains(*folder));
        self.work.after.folders = stay.into_iter().chain(&made).cloned().collect();
        self.work.emptied = go.into_iter().rev().cloned().collect();
        self.work.made = made;
    }

    fn bases(&mut self, rendered: &Rendered) {
        let (before, after) = (&self.manifest.files, &self.work.after.files);
        for (path, entry) in after {
            if before.get(path).is_none_or(|before| before.sha256 != entry.sha256)
                && let Some(file) = rendered.files.get(path)
            {
                self.work.bases.insert(path.clone(), Some(file.text.clone()));
            }
        }
        for path in before.keys().filter(|path| !after.contains_key(*path)) {
            self.work.bases.insert(path.clone(), None);
        }
    }
}
