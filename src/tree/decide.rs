//! Decides the action on each file.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

use super::change_set::{ChangeSet, Write};
use super::fold::fold_path;
use super::manifest::{Entry, Manifest};
use super::path::RelPath;
use super::text::{digest, is_binary, to_lf, unified_diff};
use super::{
    Action, Content, Coverage, FilePlan, KeepReason, Observation, PathState, RenderedFile, RenderedTree,
    TreeOptions, TreePlan,
};

/// Names in `.billpay` that a record can't have.
const RESERVED_RECORDS: &[&str] = &["manifest.json", "manifest.new", "base.pack", "base", "lock", "staging"];

/// A plan and the changes that it makes on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    pub plan: TreePlan,
    pub changes: ChangeSet,
    /// For kept files: the writes that the rendering would make.
    pub kept: BTreeMap<RelPath, Write>,
}

/// Error of a rendering that can't be written to any disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderingError {
    #[error("`{file}` is rendered as a file, and `{below}` in a folder of that name")]
    Clash { file: RelPath, below: RelPath },
    #[error("`{path}` is rendered as a file and as a folder")]
    FileAndFolder { path: RelPath },
    #[error("`{}` and `{}` are rendered, which are one file on some systems", one.as_str().escape_debug(), other.as_str().escape_debug())]
    Alike { one: RelPath, other: RelPath },
    #[error(
        "{} is rendered with HEAD, objects and refs: Git would take it for a repository, and run what its configuration names",
        describe_folder(folder)
    )]
    Repository { folder: Option<RelPath> },
    #[error("`{name}` can't be the name of a file among billpay's records")]
    Record { name: String },
}

impl Decision {
    /// Returns the unified diff of a file, for a kept one of the write that the rendering would make; empty if there is none.
    pub fn diff(&self, path: &RelPath) -> String {
        if let Some(before) = self.changes.deletes.get(path) {
            return diff(self.changes.before.place(path), Some(before), None);
        }
        let place = self.changes.after.place(path);
        let mut text = match self.changes.writes.get(path).or_else(|| self.kept.get(path)) {
            Some(write) => diff(place, write.before.as_ref(), Some(&write.after)),
            None => String::new(),
        };
        for (at, file) in self.changes.conflict_files.iter().filter(|(_, file)| file.of == *path) {
            text += &diff(at, file.write.before.as_ref(), Some(&file.write.after));
        }
        text
    }
}

fn diff(path: &RelPath, before: Option<&Content>, after: Option<&Content>) -> String {
    let bytes = |content: Option<&Content>| content.map(|content| content.bytes.clone());
    let text = unified_diff(path.as_str(), bytes(before).as_deref(), bytes(after).as_deref());
    let mode = |content: &Content| if content.executable { "100755" } else { "100644" };
    match (before, after) {
        (Some(before), Some(after)) if before.executable != after.executable => {
            format!("old mode {}\nnew mode {}\n{text}", mode(before), mode(after))
        }
        _ => text,
    }
}

/// Returns the paths for which [`decide`] needs the merge base and the files beside them: those that both the rendering and
/// a person changed.
pub fn needed_bases(
    rendered: &RenderedTree,
    coverage: &Coverage,
    options: TreeOptions,
    manifest: &Manifest,
    observed: &Observation,
) -> BTreeSet<RelPath> {
    let covered = rendered.files.iter().filter(|(_, file)| options.merge && coverage.has(&file.scope));
    let wanted = covered.filter(|(path, file)| {
        let place = observed.moves.get(*path).unwrap_or_else(|| manifest.place(path));
        let found = observed.found.get(place).filter(|found| matches!(found, PathState::File(_)));
        match (found.or_else(|| observed.found.get(*path)), manifest.files.get(*path)) {
            (Some(PathState::File(theirs)), Some(entry)) => {
                entry.sha256 != digest(&file.bytes) && entry.sha256 != digest(&theirs.bytes)
            }
            _ => observed.renamed.contains_key(*path),
        }
    });
    wanted.map(|(path, _)| path.clone()).collect()
}

/// Decides the action on each file of the covered scopes.
///
/// `manifest` must be settled, without pending files.
///
/// # Errors
/// Fails if the rendering contradicts itself: paths that are one on some system, a file below a file, a path
/// that is file and folder, or a record with a reserved name.
pub fn decide(
    rendered: &RenderedTree,
    coverage: &Coverage,
    options: TreeOptions,
    manifest: &Manifest,
    observed: &Observation,
) -> Result<Decision, RenderingError> {
    check_rendering(rendered)?;
    let changes = ChangeSet { before: manifest.clone(), after: manifest.clone(), ..ChangeSet::default() };
    let mut decider = Decider {
        options,
        rendered,
        manifest,
        observed,
        changes,
        actions: BTreeMap::new(),
        renamed_from: BTreeMap::new(),
        kept: BTreeMap::new(),
        digests: BTreeMap::new(),
        occupied: find_occupied(rendered, coverage, manifest, observed),
        deleted_places: BTreeSet::new(),
    };
    let renamed_paths: BTreeSet<&RelPath> = observed.renamed.values().collect();
    for (path, entry) in &manifest.files {
        if coverage.has(&entry.scope) && !rendered.files.contains_key(path) && !renamed_paths.contains(path) {
            decider.decide_removed(path, entry);
        }
    }
    for (path, file) in rendered.files.iter().filter(|(_, file)| coverage.has(&file.scope)) {
        let action = match observed.renamed.get(path) {
            _ if options.adopt => decider.decide_adopted(path, file),
            Some(from) => decider.decide_renamed(path, file, from),
            None => decider.decide_rendered(path, file),
        };
        decider.actions.insert(path.clone(), (file.scope.clone(), action));
    }
    decider.drop_colliding_writes();
    let folders = decider.decide_folders();
    decider.collect_bases();
    for (name, bytes) in &rendered.records {
        if observed.records.get(name) != Some(bytes) {
            decider.changes.records.insert(name.clone(), bytes.clone());
        }
    }
    let Decider { actions, renamed_from, changes, kept, .. } = decider;
    let files = actions.into_iter().map(|(path, (scope, action))| {
        let at = changes.after.files.get(&path).and_then(|entry| entry.at.clone());
        FilePlan { at, from: renamed_from.get(&path).cloned(), path, scope, action }
    });
    let plan =
        TreePlan { files: files.collect(), folders, records: changes.records.keys().cloned().collect() };
    Ok(Decision { plan, changes, kept })
}

fn describe_folder(folder: &Option<RelPath>) -> String {
    folder.as_ref().map_or("the project itself".to_string(), |folder| format!("`{folder}`"))
}

/// Refuses paths that are the same file on some systems, and folders that Git takes for repositories.
fn check_aliases(rendered: &RenderedTree) -> Result<(), RenderingError> {
    let mut known: BTreeMap<String, RelPath> = BTreeMap::new();
    for path in rendered.files.keys().chain(&rendered.folders) {
        for part in std::iter::once(path.clone()).chain(path.folders()) {
            match known.entry(fold_path(part.as_str()).into_owned()) {
                Slot::Occupied(other) if *other.get() == part => break,
                Slot::Occupied(other) => {
                    return Err(RenderingError::Alike { one: other.get().clone(), other: part });
                }
                Slot::Vacant(place) => drop(place.insert(part)),
            }
        }
    }
    for (path, head) in &known {
        let Some(folder) =
            path.strip_suffix("head").filter(|folder| folder.is_empty() || folder.ends_with('/'))
        else {
            continue;
        };
        if !rendered.files.contains_key(head) {
            continue;
        }
        let has = |name: &str| known.contains_key(&format!("{folder}{name}"));
        if (has("objects") && has("refs")) || has("commondir") {
            return Err(RenderingError::Repository { folder: head.folders().next() });
        }
    }
    Ok(())
}

fn check_rendering(rendered: &RenderedTree) -> Result<(), RenderingError> {
    check_aliases(rendered)?;
    for below in rendered.files.keys().chain(&rendered.folders) {
        if let Some(file) = below.folders().find(|folder| rendered.files.contains_key(folder)) {
            return Err(RenderingError::Clash { file, below: below.clone() });
        }
    }
    if let Some(path) = rendered.folders.iter().find(|folder| rendered.files.contains_key(*folder)) {
        return Err(RenderingError::FileAndFolder { path: path.clone() });
    }
    let bad = |name: &str| RelPath::new(name).is_err() || name.contains('/') || name.starts_with('.');
    match rendered.records.keys().find(|name| bad(name) || RESERVED_RECORDS.contains(&name.as_str())) {
        Some(name) => Err(RenderingError::Record { name: name.clone() }),
        None => Ok(()),
    }
}

/// Returns the places of moved files that stay recorded, with their rendered paths.
fn find_occupied(
    rendered: &RenderedTree,
    coverage: &Coverage,
    manifest: &Manifest,
    observed: &Observation,
) -> BTreeMap<RelPath, RelPath> {
    let renamed_paths: BTreeSet<&RelPath> = observed.renamed.values().collect();
    let stays = |path: &RelPath, entry: &Entry| {
        rendered.files.contains_key(path) || !coverage.has(&entry.scope) || renamed_paths.contains(path)
    };
    let before = manifest.files.iter().filter(|(path, entry)| stays(path, entry));
    let before = before.filter_map(|(path, entry)| Some((entry.at.clone()?, path.clone())));
    let now = observed.moves.iter().map(|(path, at)| (at.clone(), path.clone()));
    before.chain(now).filter(|(at, path)| at != path).collect()
}

pub(super) struct Decider<'a> {
    pub(super) options: TreeOptions,
    pub(super) rendered: &'a RenderedTree,
    pub(super) manifest: &'a Manifest,
    pub(super) observed: &'a Observation,
    pub(super) changes: ChangeSet,
    /// Scope and action by path.
    actions: BTreeMap<RelPath, (String, Action)>,
    /// Old paths of renamed files by new path.
    renamed_from: BTreeMap<RelPath, RelPath>,
    pub(super) kept: BTreeMap<RelPath, Write>,
    /// Digests of the rendered files.
    digests: BTreeMap<RelPath, String>,
    /// Rendered paths of files that people moved, by place.
    occupied: BTreeMap<RelPath, RelPath>,
    /// Places of files that are deleted before anything is written.
    deleted_places: BTreeSet<RelPath>,
}

impl Decider<'_> {
    fn decide_removed(&mut self, path: &RelPath, entry: &Entry) {
        let place = self.manifest.place(path);
        let action = match self.observed.found.get(place) {
            // Another rendered file is or will be there.
            _ if self.occupied.get(place).is_some_and(|by| by != path) => Action::Forget,
            _ if place != path && self.rendered.files.contains_key(place) => Action::Forget,
            Some(PathState::File(theirs)) if digest(&theirs.bytes) == entry.sha256 && !self.options.adopt => {
                self.changes.deletes.insert(path.clone(), theirs.clone());
                self.deleted_places.insert(place.clone());
                Action::Delete
            }
            Some(PathState::File(_)) => Action::Kept { reason: KeepReason::NoLongerRendered },
            Some(PathState::Link { at }) => Action::Kept { reason: KeepReason::Link { at: at.clone() } },
            _ => Action::Forget,
        };
        self.actions.insert(path.clone(), (entry.scope.clone(), action));
        self.changes.after.files.remove(path);
    }

    /// Returns the place of a file: the one that a person moved it to, if it is still there.
    fn place(&self, path: &RelPath) -> RelPath {
        let moved = self.observed.moves.get(path).unwrap_or_else(|| self.manifest.place(path));
        let there =
            matches!(self.observed.found.get(moved), Some(PathState::File(_) | PathState::Link { .. }));
        if there { moved.clone() } else { path.clone() }
    }

    /// Returns the manifest entry of a file made from this rendering.
    fn entry(&mut self, path: &RelPath, file: &RenderedFile, place: &RelPath) -> Entry {
        let sha256 = self.digests.entry(path.clone()).or_insert_with(|| digest(&file.bytes)).clone();
        let at = (place != path).then(|| place.clone());
        let (scope, executable) = (file.scope.clone(), file.executable);
        Entry { scope, sha256, deleted: false, executable, at, beside: None }
    }

    fn decide_rendered(&mut self, path: &RelPath, file: &RenderedFile) -> Action {
        let recorded = self.manifest.files.get(path);
        let place = self.place(path);
        let entry = self.entry(path, file, &place);
        if place == *path && self.occupied.contains_key(path) {
            return self.decide_occupied(path, recorded);
        }
        match self.observed.found.get(&place) {
            Some(PathState::File(theirs)) => {
                return self.decide_existing(path, file, theirs, recorded, entry);
            }
            Some(PathState::Link { at }) => {
                return Action::Kept { reason: KeepReason::Link { at: at.clone() } };
            }
            _ => {}
        }
        let obstacle = self.obstacle(path);
        match (recorded, obstacle) {
            // Something else in the place of the file counts as its deletion.
            (Some(recorded), _) if !self.options.force => {
                let (sha256, executable) = (recorded.sha256.clone(), recorded.executable);
                self.remember(path, Entry { sha256, executable, deleted: true, ..entry });
                Action::Kept { reason: KeepReason::Deleted }
            }
            (_, Some(by)) => Action::Kept { reason: KeepReason::InTheWay { by } },
            (_, None) => {
                let after = Content { bytes: file.bytes.clone(), executable: file.executable };
                self.changes.writes.insert(path.clone(), Write { before: None, after });
                self.remember(path, entry);
                Action::Create
            }
        }
    }

    /// Returns the path that blocks the creation of a file, unless it is deleted before.
    fn obstacle(&self, path: &RelPath) -> Option<RelPath> {
        match self.observed.found.get(path).unwrap_or(&PathState::Absent) {
            PathState::Absent => None,
            PathState::Blocked { by } => (!self.deleted_places.contains(by)).then(|| by.clone()),
            PathState::Folder { files, folders, others } => {
                let ours = |folder: &RelPath| self.manifest.folders.contains(folder);
                let leaves = !others
                    && ours(path)
                    && folders.iter().all(ours)
                    && files.iter().all(|file| self.deleted_places.contains(file));
                (!leaves).then(|| path.clone())
            }
            PathState::Link { .. } | PathState::File(_) | PathState::Other => Some(path.clone()),
        }
    }

    /// Decides on a path to which a person moved another rendered file.
    fn decide_occupied(&mut self, path: &RelPath, recorded: Option<&Entry>) -> Action {
        let Some(recorded) = recorded else { return Action::Kept { reason: KeepReason::Foreign } };
        self.remember(path, Entry { deleted: true, at: None, ..recorded.clone() });
        Action::Kept { reason: KeepReason::Deleted }
    }

    /// Decides on a file to adopt: as if it had been written, and edited since.
    fn decide_adopted(&mut self, path: &RelPath, file: &RenderedFile) -> Action {
        let place = self.place(path);
        let entry = self.entry(path, file, &place);
        if place == *path && self.occupied.contains_key(path) {
            self.remember(path, Entry { deleted: true, ..entry });
            return Action::Kept { reason: KeepReason::Deleted };
        }
        match self.observed.found.get(&place).unwrap_or(&PathState::Absent) {
            PathState::Link { at } => Action::Kept { reason: KeepReason::Link { at: at.clone() } },
            PathState::File(theirs) => {
                let same = digest(&theirs.bytes) == entry.sha256;
                let unchanged = self.manifest.files.get(path) == Some(&entry);
                self.remember(path, entry);
                match same {
                    true if unchanged => Action::Unchanged,
                    true => Action::Adopt,
                    false => Action::Kept { reason: KeepReason::Edited },
                }
            }
            _ => {
                self.remember(path, Entry { deleted: true, ..entry });
                Action::Kept { reason: KeepReason::Deleted }
            }
        }
    }

    /// Decides on a file that the template renamed; people's edits move to the new path.
    fn decide_renamed(&mut self, path: &RelPath, file: &RenderedFile, from: &RelPath) -> Action {
        let Some(recorded) = self.manifest.files.get(from) else { return self.decide_rendered(path, file) };
        let old = self.place(from);
        let theirs = match self.observed.found.get(&old) {
            Some(PathState::File(theirs)) => Some((&old, theirs)),
            // A person renamed it, too.
            _ => match self.observed.found.get(path) {
                Some(PathState::File(theirs)) => Some((path, theirs)),
                _ => None,
            },
        };
        let absent = self.obstacle(path).is_none();
        match theirs {
            None if absent && !self.options.force => {
                let entry = self.entry(path, file, path);
                self.follow_rename(path, from);
                self.remember(path, Entry { deleted: true, ..entry });
                Action::Kept { reason: KeepReason::Deleted }
            }
            Some((place, theirs)) if place != from => {
                let entry = self.entry(path, file, place);
                self.follow_rename(path, from);
                self.decide_existing(path, file, theirs, Some(recorded), entry)
            }
            Some((_, theirs)) if absent && self.is_edited(theirs, recorded) => {
                let entry = self.entry(path, file, path);
                let action = self.decide_existing(path, file, theirs, Some(recorded), entry.clone());
                let is_edit_alone =
                    action == Action::Kept { reason: KeepReason::Edited } && self.options.merge;
                if matches!(action, Action::Kept { .. }) && !is_edit_alone {
                    self.kept.remove(path);
                    self.changes.after.files.remove(path);
                    self.decide_removed(from, recorded);
                    return self.decide_rendered(path, file);
                }
                let written = self.changes.writes.remove(path).map_or_else(|| theirs.clone(), |it| it.after);
                self.changes.writes.insert(path.clone(), Write { before: None, after: written });
                self.changes.deletes.insert(from.clone(), theirs.clone());
                self.changes.moved.insert(from.clone(), path.clone());
                self.follow_rename(path, from);
                if self.changes.after.files.get(path).is_none_or(|it| it.sha256 != entry.sha256) {
                    self.remember(path, entry);
                }
                match action {
                    Action::Kept { .. } | Action::Adopt | Action::Unchanged | Action::Update => Action::Merge,
                    action => action,
                }
            }
            _ => {
                self.decide_removed(from, recorded);
                self.decide_rendered(path, file)
            }
        }
    }

    fn is_edited(&self, theirs: &Content, recorded: &Entry) -> bool {
        digest(&theirs.bytes) != recorded.sha256 || theirs.executable != recorded.executable
    }

    fn follow_rename(&mut self, path: &RelPath, from: &RelPath) {
        self.changes.after.files.remove(from);
        self.renamed_from.insert(path.clone(), from.clone());
    }

    pub(super) fn remember(&mut self, path: &RelPath, entry: Entry) {
        self.changes.after.files.insert(path.clone(), entry);
    }

    /// Keeps new files out whose path is a folder of a recorded file, or the other way round.
    fn drop_colliding_writes(&mut self) {
        let remembered = &self.changes.after.files;
        let new = self.changes.writes.keys().filter(|path| !self.manifest.files.contains_key(*path));
        let inside = |folder: &RelPath| {
            let inside = remembered.range(folder.clone()..).map(|(path, _)| path);
            let mut near = inside.skip(1).take_while(|path| path.as_str().starts_with(folder.as_str()));
            near.find(|path| path.is_below(folder)).cloned()
        };
        let above = |path: &RelPath| path.folders().find(|folder| remembered.contains_key(folder));
        let clashes: Vec<(RelPath, RelPath)> =
            new.filter_map(|path| Some((path.clone(), above(path).or_else(|| inside(path))?))).collect();
        for (path, by) in clashes {
            self.changes.writes.remove(&path);
            self.changes.after.files.remove(&path);
            self.changes.conflict_files.retain(|_, conflict_files| conflict_files.of != path);
            if let Some(from) = self.renamed_from.remove(&path) {
                self.changes.deletes.remove(&from);
                self.changes.moved.remove(&from);
                let entry = self.manifest.files.get(&from).cloned();
                self.changes.after.files.extend(entry.map(|entry| (from, entry)));
            }
            if let Some((_, action)) = self.actions.get_mut(&path) {
                *action = Action::Kept { reason: KeepReason::InTheWay { by } };
            }
        }
    }

    /// Decides which folders to create and remove; returns those that are created empty.
    fn decide_folders(&mut self) -> Vec<RelPath> {
        let mut empty = vec![];
        for folder in &self.rendered.folders {
            // A person deleted it or put something else there.
            let deleted = self.manifest.folders.contains(folder) && !self.options.force;
            let clear = |path: &RelPath| match self.observed.found.get(path) {
                None | Some(PathState::Absent | PathState::Folder { .. }) => {
                    !self.changes.after.files.contains_key(path)
                }
                _ => self.deleted_places.contains(path),
            };
            let there = self.observed.folders.contains(folder);
            let blocked = match self.observed.found.get(folder) {
                Some(PathState::Blocked { by }) => !self.deleted_places.contains(by),
                Some(PathState::Link { .. } | PathState::Other) => true,
                _ => !clear(folder) || folder.folders().any(|above| !clear(&above)),
            };
            if !there && !deleted && !blocked && !self.options.adopt {
                empty.push(folder.clone());
            }
        }
        let written: Vec<&RelPath> =
            self.changes.writes.keys().map(|path| self.changes.after.place(path)).collect();
        let needed = written.into_iter().chain(&empty).flat_map(RelPath::folders).chain(empty.clone());
        let new_folders: BTreeSet<RelPath> =
            needed.filter(|folder| !self.observed.folders.contains(folder)).collect();
        let entries = self.changes.after.files.iter();
        let places = entries.map(|(path, entry)| entry.at.as_ref().unwrap_or(path));
        let kept = self.rendered.folders.iter().cloned();
        let used: BTreeSet<RelPath> =
            places.chain(&self.rendered.folders).flat_map(RelPath::folders).chain(kept).collect();
        let there = |folder: &RelPath| self.observed.folders.contains(folder);
        let remembered = |folder: &RelPath| there(folder) || self.rendered.folders.contains(folder);
        let before = self.manifest.folders.iter().filter(|folder| remembered(folder));
        let (stay, go): (Vec<&RelPath>, Vec<&RelPath>) = before.partition(|folder| used.contains(*folder));
        let adopted = self.rendered.folders.iter().filter(|_| self.options.adopt);
        self.changes.after.folders = stay.into_iter().chain(&new_folders).chain(adopted).cloned().collect();
        self.changes.obsolete_folders = go.into_iter().rev().cloned().collect();
        self.changes.new_folders = new_folders;
        empty
    }

    /// Collects the renderings that are not in the pack of bases yet.
    fn collect_bases(&mut self) {
        for (path, entry) in &self.changes.after.files {
            let known = self.manifest.files.get(path).is_some_and(|before| before.sha256 == entry.sha256);
            if (known && self.observed.packed) || self.changes.bases.contains_key(&entry.sha256) {
                continue;
            }
            let rendered = self.rendered.files.get(path).filter(|file| !is_binary(&file.bytes));
            if let Some(file) = rendered.filter(|_| self.digests.get(path) == Some(&entry.sha256)) {
                self.changes.bases.insert(entry.sha256.clone(), to_lf(&file.bytes).into_owned());
            }
        }
    }
}
