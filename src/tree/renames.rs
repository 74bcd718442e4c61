//! Finds files again that people or the template moved.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Manifest;
use super::path::RelPath;
use super::text::{digest, is_binary, lines, with_lf};
use super::{Content, Coverage, Found, Rendered};

/// How much of two texts has to be the same, in percent, for one to be taken for the other.
const ALIKE: usize = 50;

/// More pairs than these are compared only where the names of the files are the same.
const MOST_PAIRS: usize = 1_000_000;

/// What stands for more than all of it being the same: it is the same file.
const SAME: usize = 101;

/// What is rendered under new paths, by these, and the old paths, of files that people
/// edited, moved or deleted.
pub fn renamed(
    rendered: &Rendered,
    coverage: &Coverage,
    manifest: &Manifest,
    bases: &BTreeMap<String, Vec<u8>>,
    found: &BTreeMap<RelPath, Found>,
) -> BTreeMap<RelPath, RelPath> {
    let in_the_way = |path: &RelPath| {
        let below = rendered.files.range(path.clone()..).map(|(other, _)| other);
        let mut near = below.take_while(|other| other.as_str().starts_with(path.as_str()));
        near.any(|other| other.is_below(path)) || path.folders().any(|it| rendered.files.contains_key(&it))
    };
    let gone: BTreeMap<&RelPath, Wanted> = vanished(rendered, coverage, manifest, found)
        .filter(|path| !in_the_way(path))
        .filter_map(|path| {
            let sha256 = &manifest.files.get(path)?.sha256;
            Some((path, Wanted { sha256, text: bases.get(sha256).map(Vec::as_slice) }))
        })
        .collect();
    if gone.is_empty() {
        return BTreeMap::new();
    }
    let new = rendered.files.iter().filter(|(path, file)| {
        coverage.has(&file.scope)
            && !manifest.files.contains_key(*path)
            && !in_the_way(path)
            && !matches!(found.get(*path), Some(Found::Link { .. } | Found::Other))
    });
    let mut new: BTreeMap<&RelPath, Text> = new.map(|(path, file)| (path, Text::new(&file.bytes))).collect();
    // What somebody worked on comes before what nobody wants.
    let is_there = |path: &RelPath| matches!(found.get(manifest.place(path)), Some(Found::File(_)));
    let (there, absent): (BTreeMap<_, _>, BTreeMap<_, _>) =
        gone.iter().map(|(path, wanted)| (*path, *wanted)).partition(|(path, _)| is_there(path));
    let mut pairs = pair(&there, &new);
    new.retain(|path, _| !pairs.values().any(|it| it == *path));
    pairs.extend(pair(&absent, &new));
    let fits = |old: &RelPath, path: &RelPath| match found.get(path) {
        // A person's own, unless they renamed it as well.
        Some(Found::File(theirs)) => {
            let wanted = gone.get(old);
            !is_there(old) && wanted.is_some_and(|wanted| wanted.likeness(&Text::new(&theirs.bytes)) >= ALIKE)
        }
        _ => true,
    };
    let pairs = pairs.into_iter().filter(|(old, path)| fits(old, path));
    pairs.map(|(old, path)| (path, old)).collect()
}

/// The paths that are no longer rendered, and of which something other than that is to be said.
fn vanished<'a>(
    rendered: &'a Rendered,
    coverage: &'a Coverage,
    manifest: &'a Manifest,
    found: &'a BTreeMap<RelPath, Found>,
) -> impl Iterator<Item = &'a RelPath> {
    let gone = manifest
        .files
        .iter()
        .filter(|(path, entry)| coverage.has(&entry.scope) && !rendered.files.contains_key(*path));
    let edited = gone.filter(|(path, entry)| match found.get(*path) {
        Some(Found::File(theirs)) => {
            digest(&theirs.bytes) != entry.sha256 || theirs.executable != entry.executable
        }
        _ => true,
    });
    edited.map(|(path, _)| path)
}

/// Whether there may be anything for [`renamed`] to find.
pub fn may_be_renamed(
    rendered: &Rendered,
    coverage: &Coverage,
    manifest: &Manifest,
    found: &BTreeMap<RelPath, Found>,
) -> bool {
    let new = |(path, _): (&RelPath, _)| !manifest.files.contains_key(path);
    vanished(rendered, coverage, manifest, found).next().is_some() && rendered.files.iter().any(new)
}

/// The paths whose files aren't where they were, with the digests of what they were rendered as.
pub fn missing(
    rendered: &Rendered,
    coverage: &Coverage,
    adopt: bool,
    manifest: &Manifest,
    found: &BTreeMap<RelPath, Found>,
    renamed: &BTreeMap<RelPath, RelPath>,
) -> BTreeMap<RelPath, String> {
    let is_there = |path: &RelPath| matches!(found.get(path), Some(Found::File(_) | Found::Link { .. }));
    let absent = |path: &RelPath| !is_there(path) && !is_there(manifest.place(path));
    let old: BTreeSet<&RelPath> = renamed.values().collect();
    let wanted = |path: &RelPath| match rendered.files.get(path) {
        Some(file) => coverage.has(&file.scope),
        // Unless it was found at the new path.
        None => old.contains(path) && !renamed.iter().any(|(new, it)| it == path && is_there(new)),
    };
    let recorded =
        manifest.files.iter().filter(|(path, entry)| !entry.deleted && wanted(path) && absent(path));
    let mut missing: BTreeMap<RelPath, String> =
        recorded.map(|(path, entry)| (path.clone(), entry.sha256.clone())).collect();
    if adopt {
        let covered = rendered.files.iter().filter(|(path, file)| coverage.has(&file.scope) && absent(path));
        let covered =
            covered.filter(|(path, _)| !manifest.files.get(*path).is_some_and(|entry| entry.deleted));
        missing.extend(covered.map(|(path, file)| (path.clone(), digest(&file.bytes))));
    }
    missing
}

/// Where missing files are, among others that nobody knows anything about.
///
/// Each is the place of one at most. Empty files are too much alike to be told apart, unless
/// the folder that they are in was moved.
pub fn moved(
    missing: &BTreeMap<RelPath, String>,
    bases: &BTreeMap<String, Vec<u8>>,
    others: &BTreeMap<RelPath, Content>,
) -> BTreeMap<RelPath, RelPath> {
    let wanted = missing.iter().map(|(path, sha256)| {
        let text = bases.get(sha256).map(Vec::as_slice);
        (path, Wanted { sha256, text })
    });
    let texts: BTreeMap<&RelPath, Text> =
        others.iter().map(|(path, content)| (path, Text::new(&content.bytes))).collect();
    let mut moved = pair(&wanted.collect(), &texts);
    let folders: BTreeMap<RelPath, RelPath> =
        moved.iter().flat_map(|(from, to)| moved_folders(from, to)).collect();
    let mut used: BTreeSet<RelPath> = moved.values().cloned().collect();
    for (path, sha256) in missing {
        if moved.contains_key(path) {
            continue;
        }
        let at = path.folders().find_map(|folder| {
            let to = folders.get(&folder)?;
            let rest = path.as_str().strip_prefix(folder.as_str())?;
            RelPath::new(format!("{to}{rest}")).ok()
        });
        let fits = |at: &RelPath| texts.get(at).is_some_and(|text| text.sha256 == *sha256);
        if let Some(at) = at.filter(|at| fits(at) && used.insert(at.clone())) {
            moved.insert(path.clone(), at);
        }
    }
    moved
}

/// The folders that were moved if this file was moved with them.
fn moved_folders(from: &RelPath, to: &RelPath) -> Vec<(RelPath, RelPath)> {
    let (a, b) = (from.folders(), to.folders());
    let name = |path: &RelPath| path.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let mut pairs = vec![];
    if name(from) == name(to) {
        for (a, b) in a.zip(b) {
            let goes_on = name(&a) == name(&b);
            if a != b {
                pairs.push((a, b));
            }
            if !goes_on {
                break;
            }
        }
    }
    pairs
}

/// What a file is looked for by.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    sha256: &'a str,
    text: Option<&'a [u8]>,
}

/// What a file is recognised by: its digest, and how many bytes each of its lines has in all.
struct Text {
    sha256: String,
    lines: BTreeMap<Vec<u8>, usize>,
    total: usize,
}

impl Text {
    fn new(bytes: &[u8]) -> Text {
        let mut text = Text { sha256: digest(bytes), lines: BTreeMap::new(), total: 0 };
        if is_binary(bytes) {
            return text;
        }
        for line in lines(&with_lf(bytes)) {
            let line = line.trim_ascii();
            if !line.is_empty() {
                *text.lines.entry(line.to_vec()).or_default() += line.len();
                text.total += line.len();
            }
        }
        text
    }

    /// How many percent of the longer text are in both.
    fn likeness(&self, other: &Text) -> usize {
        let longer = self.total.max(other.total);
        if self.total.min(other.total) * 100 < longer * ALIKE || longer == 0 {
            return 0;
        }
        let of_both = self.lines.iter().filter_map(|(line, len)| Some(other.lines.get(line)?.min(len)));
        of_both.sum::<usize>() * 100 / longer
    }
}

impl Wanted<'_> {
    fn likeness(&self, other: &Text) -> usize {
        match self.text {
            _ if self.sha256 == other.sha256 => SAME,
            Some(text) => Text::new(text).likeness(other),
            None => 0,
        }
    }
}

/// Who is who, the most alike first, and among those the ones whose paths have most in common.
fn pair(
    wanted: &BTreeMap<&RelPath, Wanted>,
    others: &BTreeMap<&RelPath, Text>,
) -> BTreeMap<RelPath, RelPath> {
    let few = wanted.len().saturating_mul(others.len()) <= MOST_PAIRS;
    let empty = |text: &Text| text.total == 0 && (text.sha256 == digest(b"") || !text.lines.is_empty());
    let mut pairs = vec![];
    let mut by_digest: BTreeMap<&str, Vec<&RelPath>> = BTreeMap::new();
    for (at, other) in others.iter().filter(|(_, other)| !empty(other)) {
        by_digest.entry(&other.sha256).or_default().push(at);
    }
    for (path, wanted) in wanted {
        let same = by_digest.get(wanted.sha256).into_iter().flatten();
        pairs.extend(same.map(|at| (SAME, in_common(path, at), *path, *at)));
        let Some(text) = wanted.text.map(Text::new) else { continue };
        for (at, other) in others.iter().filter(|(_, other)| other.sha256 != wanted.sha256) {
            let common = in_common(path, at);
            let likeness = if few || common.0 > 0 { text.likeness(other) } else { 0 };
            if likeness >= ALIKE {
                pairs.push((likeness, common, *path, *at));
            }
        }
    }
    pairs.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| (a.2, a.3).cmp(&(b.2, b.3))));
    let (mut found, mut used) = (BTreeMap::new(), BTreeSet::new());
    for (_, _, path, at) in pairs {
        if !found.contains_key(path) && used.insert(at) {
            found.insert(path.clone(), at.clone());
        }
    }
    found
}

/// How many parts two paths have in common at their ends, and at their starts.
fn in_common(a: &RelPath, b: &RelPath) -> (usize, usize) {
    let same = |(a, b): &(&str, &str)| a == b;
    let (a, b) = (a.as_str(), b.as_str());
    let ends = a.rsplit('/').zip(b.rsplit('/')).take_while(same).count();
    (ends, a.split('/').zip(b.split('/')).take_while(same).count())
}
