//! Decides what is done about each file.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

use super::fold::folded;
use super::manifest::{Entry, Manifest};
use super::path::RelPath;
use super::text::{digest, is_binary, unified_diff, with_lf};
use super::work::{Work, Write};
use super::{
    Action, Content, Coverage, FilePlan, Found, Rendered, RenderedFile, Seen, TreeOptions, TreePlan, Why,
};

/// Names in `.billpay` that no record may have.
const OWN_RECORDS: &[&str] = &["manifest.json", "manifest.new", "base.pack", "base", "lock", "staging"];

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
    #[error("`{path}` is rendered as a file and as a folder")]
    FileAndFolder { path: RelPath },
    #[error("`{}` and `{}` are rendered, which are one file on some systems", one.as_str().escape_debug(), other.as_str().escape_debug())]
    Alike { one: RelPath, other: RelPath },
    #[error(
        "{} is rendered with HEAD, objects and refs: Git would take it for a repository, and run what its configuration names",
        place(folder)
    )]
    Repository { folder: Option<RelPath> },
    #[error("`{name}` can't be the name of a file among billpay's records")]
    Record { name: String },
}

impl Decision {
    /// What happens to a file, or would if it weren't kept, as `diff -u` shows it; empty when nothing.
    pub fn diff(&self, path: &RelPath) -> String {
        if let Some(before) = self.work.deletes.get(path) {
            return diff(self.work.before.place(path), Some(before), None);
        }
        let place = self.work.after.place(path);
        let mut text = match self.work.writes.get(path).or_else(|| self.kept.get(path)) {
            Some(write) => diff(place, write.before.as_ref(), Some(&write.after)),
            None => String::new(),
        };
        for (at, beside) in self.work.beside.iter().filter(|(_, beside)| beside.of == *path) {
            text += &diff(at, beside.write.before.as_ref(), Some(&beside.write.after));
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

/// The paths for which [`decide`] needs to see what was rendered the last time, and what is
/// beside them: where the rendering and a person changed a file.
pub fn wanted_bases(
    rendered: &Rendered,
    coverage: &Coverage,
    options: TreeOptions,
    manifest: &Manifest,
    seen: &Seen,
) -> BTreeSet<RelPath> {
    let covered = rendered.files.iter().filter(|(_, file)| options.merge && coverage.has(&file.scope));
    let wanted = covered.filter(|(path, file)| {
        let place = seen.moves.get(*path).unwrap_or_else(|| manifest.place(path));
        let found = seen.found.get(place).filter(|found| matches!(found, Found::File(_)));
        match (found.or_else(|| seen.found.get(*path)), manifest.files.get(*path)) {
            (Some(Found::File(theirs)), Some(entry)) => {
                entry.sha256 != digest(&file.bytes) && entry.sha256 != digest(&theirs.bytes)
            }
            _ => seen.renamed.contains_key(*path),
        }
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
    check(rendered)?;
    let work = Work { before: manifest.clone(), after: manifest.clone(), ..Work::default() };
    let mut decider = Decider {
        options,
        rendered,
        manifest,
        seen,
        work,
        actions: BTreeMap::new(),
        went: BTreeMap::new(),
        kept: BTreeMap::new(),
        digests: BTreeMap::new(),
        taken: taken(rendered, coverage, manifest, seen),
        gone: BTreeSet::new(),
    };
    let went_along: BTreeSet<&RelPath> = seen.renamed.values().collect();
    for (path, entry) in &manifest.files {
        if coverage.has(&entry.scope) && !rendered.files.contains_key(path) && !went_along.contains(path) {
            decider.no_longer_rendered(path, entry);
        }
    }
    for (path, file) in rendered.files.iter().filter(|(_, file)| coverage.has(&file.scope)) {
        let action = match seen.renamed.get(path) {
            _ if options.adopt => decider.adopted(path, file),
            Some(from) => decider.renamed(path, file, from),
            None => decider.rendered(path, file),
        };
        decider.actions.insert(path.clone(), (file.scope.clone(), action));
    }
    decider.keep_files_out_of_the_way_of_one_another();
    let folders = decider.folders();
    decider.bases();
    for (name, bytes) in &rendered.records {
        if seen.records.get(name) != Some(bytes) {
            decider.work.records.insert(name.clone(), bytes.clone());
        }
    }
    let Decider { actions, went, work, kept, .. } = decider;
    let files = actions.into_iter().map(|(path, (scope, action))| {
        let at = work.after.files.get(&path).and_then(|entry| entry.at.clone());
        FilePlan { at, from: went.get(&path).cloned(), path, scope, action }
    });
    let plan = TreePlan { files: files.collect(), folders, records: work.records.keys().cloned().collect() };
    Ok(Decision { plan, work, kept })
}

/// Refuses what can't be on any disk.
fn place(folder: &Option<RelPath>) -> String {
    folder.as_ref().map_or("the project itself".to_string(), |folder| format!("`{folder}`"))
}

/// Refuses paths that are one on some systems, and folders that Git takes for repositories.
fn check_names(rendered: &Rendered) -> Result<(), Refused> {
    let mut known: BTreeMap<String, RelPath> = BTreeMap::new();
    for path in rendered.files.keys().chain(&rendered.folders) {
        for part in std::iter::once(path.clone()).chain(path.folders()) {
            match known.entry(folded(part.as_str()).into_owned()) {
                Slot::Occupied(other) if *other.get() == part => break,
                Slot::Occupied(other) => {
                    return Err(Refused::Alike { one: other.get().clone(), other: part });
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
            return Err(Refused::Repository { folder: head.folders().next() });
        }
    }
    Ok(())
}

fn check(rendered: &Rendered) -> Result<(), Refused> {
    check_names(rendered)?;
    for below in rendered.files.keys().chain(&rendered.folders) {
        if let Some(file) = below.folders().find(|folder| rendered.files.contains_key(folder)) {
            return Err(Refused::Clash { file, below: below.clone() });
        }
    }
    if let Some(path) = rendered.folders.iter().find(|folder| rendered.files.contains_key(*folder)) {
        return Err(Refused::FileAndFolder { path: path.clone() });
    }
    let bad = |name: &str| RelPath::new(name).is_err() || name.contains('/') || name.starts_with('.');
    match rendered.records.keys().find(|name| bad(name) || OWN_RECORDS.contains(&name.as_str())) {
        Some(name) => Err(Refused::Record { name: name.clone() }),
        None => Ok(()),
    }
}

/// The places that people moved files to which stay ours, and which ones these are.
fn taken(
    rendered: &Rendered,
    coverage: &Coverage,
    manifest: &Manifest,
    seen: &Seen,
) -> BTreeMap<RelPath, RelPath> {
    let went_along: BTreeSet<&RelPath> = seen.renamed.values().collect();
    let stays = |path: &RelPath, entry: &Entry| {
        rendered.files.contains_key(path) || !coverage.has(&entry.scope) || went_along.contains(path)
    };
    let before = manifest.files.iter().filter(|(path, entry)| stays(path, entry));
    let before = before.filter_map(|(path, entry)| Some((entry.at.clone()?, path.clone())));
    let now = seen.moves.iter().map(|(path, at)| (at.clone(), path.clone()));
    before.chain(now).filter(|(at, path)| at != path).collect()
}

pub(super) struct Decider<'a> {
    pub(super) options: TreeOptions,
    pub(super) rendered: &'a Rendered,
    pub(super) manifest: &'a Manifest,
    pub(super) seen: &'a Seen,
    pub(super) work: Work,
    /// With the scopes.
    actions: BTreeMap<RelPath, (String, Action)>,
    /// Where the edits of renamed files went: from the second path to the first.
    went: BTreeMap<RelPath, RelPath>,
    pub(super) kept: BTreeMap<RelPath, Write>,
    /// Of what is rendered.
    digests: BTreeMap<RelPath, String>,
    /// Where people moved files of ours, and for which paths these are rendered.
    taken: BTreeMap<RelPath, RelPath>,
    /// The places of files that are deleted before anything is written.
    gone: BTreeSet<RelPath>,
}

impl Decider<'_> {
    fn no_longer_rendered(&mut self, path: &RelPath, entry: &Entry) {
        let place = self.manifest.place(path);
        let action = match self.seen.found.get(place) {
            // Something else of ours is or comes there.
            _ if self.taken.get(place).is_some_and(|by| by != path) => Action::Forget,
            _ if place != path && self.rendered.files.contains_key(place) => Action::Forget,
            Some(Found::File(theirs)) if digest(&theirs.bytes) == entry.sha256 && !self.options.adopt => {
                self.work.deletes.insert(path.clone(), theirs.clone());
                self.gone.insert(place.clone());
                Action::Delete
            }
            Some(Found::File(_)) => Action::Kept { why: Why::NoLongerRendered },
            Some(Found::Link { at }) => Action::Kept { why: Why::Link { at: at.clone() } },
            _ => Action::Forget,
        };
        self.actions.insert(path.clone(), (entry.scope.clone(), action));
        self.work.after.files.remove(path);
    }

    /// Where the file of a path is: where a person moved it, if it is still there.
    fn place(&self, path: &RelPath) -> RelPath {
        let moved = self.seen.moves.get(path).unwrap_or_else(|| self.manifest.place(path));
        let there = matches!(self.seen.found.get(moved), Some(Found::File(_) | Found::Link { .. }));
        if there { moved.clone() } else { path.clone() }
    }

    /// What is remembered of a file once it is made from this rendering.
    fn entry(&mut self, path: &RelPath, file: &RenderedFile, place: &RelPath) -> Entry {
        let sha256 = self.digests.entry(path.clone()).or_insert_with(|| digest(&file.bytes)).clone();
        let at = (place != path).then(|| place.clone());
        let (scope, executable) = (file.scope.clone(), file.executable);
        Entry { scope, sha256, deleted: false, executable, at, beside: None }
    }

    fn rendered(&mut self, path: &RelPath, file: &RenderedFile) -> Action {
        let recorded = self.manifest.files.get(path);
        let place = self.place(path);
        let entry = self.entry(path, file, &place);
        if place == *path && self.taken.contains_key(path) {
            return self.in_the_place_of_another(path, recorded);
        }
        match self.seen.found.get(&place) {
            Some(Found::File(theirs)) => return self.over_file(path, file, theirs, recorded, entry),
            Some(Found::Link { at }) => return Action::Kept { why: Why::Link { at: at.clone() } },
            _ => {}
        }
        let in_the_way = self.in_the_way(path);
        match (recorded, in_the_way) {
            // Whatever a person put there instead: they deleted the file.
            (Some(recorded), _) if !self.options.force => {
                let (sha256, executable) = (recorded.sha256.clone(), recorded.executable);
                self.remember(path, Entry { sha256, executable, deleted: true, ..entry });
                Action::Kept { why: Why::Deleted }
            }
            (_, Some(by)) => Action::Kept { why: Why::InTheWay { by } },
            (_, None) => {
                let after = Content { bytes: file.bytes.clone(), executable: file.executable };
                self.work.writes.insert(path.clone(), Write { before: None, after });
                self.remember(path, entry);
                Action::Create
            }
        }
    }

    /// What keeps a new file from being made here, if it doesn't go by then.
    fn in_the_way(&self, path: &RelPath) -> Option<RelPath> {
        match self.seen.found.get(path).unwrap_or(&Found::Absent) {
            Found::Absent => None,
            Found::Blocked { by } => (!self.gone.contains(by)).then(|| by.clone()),
            Found::Folder { files, folders, others } => {
                let ours = |folder: &RelPath| self.manifest.folders.contains(folder);
                let leaves = !others
                    && ours(path)
                    && folders.iter().all(ours)
                    && files.iter().all(|file| self.gone.contains(file));
                (!leaves).then(|| path.clone())
            }
            Found::Link { .. } | Found::File(_) | Found::Other => Some(path.clone()),
        }
    }

    /// A person moved another file of ours to where this one is to be: theirs it stays.
    fn in_the_place_of_another(&mut self, path: &RelPath, recorded: Option<&Entry>) -> Action {
        let Some(recorded) = recorded else { return Action::Kept { why: Why::Foreign } };
        self.remember(path, Entry { deleted: true, at: None, ..recorded.clone() });
        Action::Kept { why: Why::Deleted }
    }

    /// What is rendered is as if it had been written, and as if people had worked on it since.
    fn adopted(&mut self, path: &RelPath, file: &RenderedFile) -> Action {
        let place = self.place(path);
        let entry = self.entry(path, file, &place);
        if place == *path && self.taken.contains_key(path) {
            self.remember(path, Entry { deleted: true, ..entry });
            return Action::Kept { why: Why::Deleted };
        }
        match self.seen.found.get(&place).unwrap_or(&Found::Absent) {
            Found::Link { at } => Action::Kept { why: Why::Link { at: at.clone() } },
            Found::File(theirs) => {
                let same = digest(&theirs.bytes) == entry.sha256;
                let unchanged = self.manifest.files.get(path) == Some(&entry);
                self.remember(path, entry);
                match same {
                    true if unchanged => Action::Unchanged,
                    true => Action::Adopt,
                    false => Action::Kept { why: Why::Edited },
                }
            }
            _ => {
                self.remember(path, Entry { deleted: true, ..entry });
                Action::Kept { why: Why::Deleted }
            }
        }
    }

    /// What the template renders under a new path; what people did to the file goes along.
    fn renamed(&mut self, path: &RelPath, file: &RenderedFile, from: &RelPath) -> Action {
        let Some(recorded) = self.manifest.files.get(from) else { return self.rendered(path, file) };
        let old = self.place(from);
        let theirs = match self.seen.found.get(&old) {
            Some(Found::File(theirs)) => Some((&old, theirs)),
            // A person renamed it, too.
            _ => match self.seen.found.get(path) {
                Some(Found::File(theirs)) => Some((path, theirs)),
                _ => None,
            },
        };
        let absent = self.in_the_way(path).is_none();
        match theirs {
            None if absent && !self.options.force => {
                let entry = self.entry(path, file, path);
                self.went_along(path, from);
                self.remember(path, Entry { deleted: true, ..entry });
                Action::Kept { why: Why::Deleted }
            }
            Some((place, theirs)) if place != from => {
                let entry = self.entry(path, file, place);
                self.went_along(path, from);
                self.over_file(path, file, theirs, Some(recorded), entry)
            }
            Some((_, theirs)) if absent && self.is_edited(theirs, recorded) => {
                let entry = self.entry(path, file, path);
                let action = self.over_file(path, file, theirs, Some(recorded), entry.clone());
                let is_edit_alone = action == Action::Kept { why: Why::Edited } && self.options.merge;
                if matches!(action, Action::Kept { .. }) && !is_edit_alone {
                    self.kept.remove(path);
                    self.work.after.files.remove(path);
                    self.no_longer_rendered(from, recorded);
                    return self.rendered(path, file);
                }
                let written = self.work.writes.remove(path).map_or_else(|| theirs.clone(), |it| it.after);
                self.work.writes.insert(path.clone(), Write { before: None, after: written });
                self.work.deletes.insert(from.clone(), theirs.clone());
                self.work.moved.insert(from.clone(), path.clone());
                self.went_along(path, from);
                if self.work.after.files.get(path).is_none_or(|it| it.sha256 != entry.sha256) {
                    self.remember(path, entry);
                }
                match action {
                    Action::Kept { .. } | Action::Adopt | Action::Unchanged | Action::Update => Action::Merge,
                    action => action,
                }
            }
            _ => {
                self.no_longer_rendered(from, recorded);
                self.rendered(path, file)
            }
        }
    }

    fn is_edited(&self, theirs: &Content, recorded: &Entry) -> bool {
        digest(&theirs.bytes) != recorded.sha256 || theirs.executable != recorded.executable
    }

    fn went_along(&mut self, path: &RelPath, from: &RelPath) {
        self.work.after.files.remove(from);
        self.went.insert(path.clone(), from.clone());
    }

    pub(super) fn remember(&mut self, path: &RelPath, entry: Entry) {
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
            self.work.beside.retain(|_, beside| beside.of != path);
            if let Some(from) = self.went.remove(&path) {
                self.work.deletes.remove(&from);
                self.work.moved.remove(&from);
                let entry = self.manifest.files.get(&from).cloned();
                self.work.after.files.extend(entry.map(|entry| (from, entry)));
            }
            if let Some((_, action)) = self.actions.get_mut(&path) {
                *action = Action::Kept { why: Why::InTheWay { by } };
            }
        }
    }

    /// Which folders are made and which go; returns those that are made to be empty.
    fn folders(&mut self) -> Vec<RelPath> {
        let mut empty = vec![];
        for folder in &self.rendered.folders {
            // A person deleted it, or put something else there.
            let deleted = self.manifest.folders.contains(folder) && !self.options.force;
            let clear = |path: &RelPath| match self.seen.found.get(path) {
                None | Some(Found::Absent | Found::Folder { .. }) => {
                    !self.work.after.files.contains_key(path)
                }
                _ => self.gone.contains(path),
            };
            let there = self.seen.folders.contains(folder);
            let blocked = match self.seen.found.get(folder) {
                Some(Found::Blocked { by }) => !self.gone.contains(by),
                Some(Found::Link { .. } | Found::Other) => true,
                _ => !clear(folder) || folder.folders().any(|above| !clear(&above)),
            };
            if !there && !deleted && !blocked && !self.options.adopt {
                empty.push(folder.clone());
            }
        }
        let written: Vec<&RelPath> =
            self.work.writes.keys().map(|path| self.work.after.place(path)).collect();
        let needed = written.into_iter().chain(&empty).flat_map(RelPath::folders).chain(empty.clone());
        let made: BTreeSet<RelPath> = needed.filter(|folder| !self.seen.folders.contains(folder)).collect();
        let entries = self.work.after.files.iter();
        let places = entries.map(|(path, entry)| entry.at.as_ref().unwrap_or(path));
        let kept = self.rendered.folders.iter().cloned();
        let used: BTreeSet<RelPath> =
            places.chain(&self.rendered.folders).flat_map(RelPath::folders).chain(kept).collect();
        let there = |folder: &RelPath| self.seen.folders.contains(folder);
        let remembered = |folder: &RelPath| there(folder) || self.rendered.folders.contains(folder);
        let before = self.manifest.folders.iter().filter(|folder| remembered(folder));
        let (stay, go): (Vec<&RelPath>, Vec<&RelPath>) = before.partition(|folder| used.contains(*folder));
        let adopted = self.rendered.folders.iter().filter(|_| self.options.adopt);
        self.work.after.folders = stay.into_iter().chain(&made).chain(adopted).cloned().collect();
        self.work.emptied = go.into_iter().rev().cloned().collect();
        self.work.made = made;
        empty
    }

    /// The renderings to remember: those that weren't remembered before.
    fn bases(&mut self) {
        for (path, entry) in &self.work.after.files {
            let known = self.manifest.files.get(path).is_some_and(|before| before.sha256 == entry.sha256);
            if (known && self.seen.packed) || self.work.bases.contains_key(&entry.sha256) {
                continue;
            }
            let rendered = self.rendered.files.get(path).filter(|file| !is_binary(&file.bytes));
            if let Some(file) = rendered.filter(|_| self.digests.get(path) == Some(&entry.sha256)) {
                self.work.bases.insert(entry.sha256.clone(), with_lf(&file.bytes).into_owned());
            }
        }
    }
}
