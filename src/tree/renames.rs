//! Finds files that people moved or the template renamed.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Manifest;
use super::path::RelPath;
use super::text::{digest, is_binary, lines, to_lf};
use super::{Content, Coverage, PathState, RenderedTree};

/// Minimum similarity of two texts that count as the same file, percent.
const MIN_SIMILARITY: usize = 50;

/// Maximum number of pairs to compare; above it, only files of the same name are compared.
const MAX_PAIRS: usize = 1_000_000;

/// Similarity of files with the same digest.
const IDENTICAL: usize = 101;

/// Returns the old paths, by new path, of files that the template renamed and people edited, moved or deleted.
pub fn find_renames(
    rendered: &RenderedTree,
    coverage: &Coverage,
    manifest: &Manifest,
    bases: &BTreeMap<String, Vec<u8>>,
    found: &BTreeMap<RelPath, PathState>,
) -> BTreeMap<RelPath, RelPath> {
    let is_in_the_way = |path: &RelPath| {
        let below = rendered.files.range(path.clone()..).map(|(other, _)| other);
        let mut near = below.take_while(|other| other.as_str().starts_with(path.as_str()));
        near.any(|other| other.is_below(path)) || path.folders().any(|it| rendered.files.contains_key(&it))
    };
    let removed: BTreeMap<&RelPath, SearchKey> = removed_paths(rendered, coverage, manifest, found)
        .filter(|path| !is_in_the_way(path))
        .filter_map(|path| {
            let sha256 = &manifest.files.get(path)?.sha256;
            Some((path, SearchKey { sha256, text: bases.get(sha256).map(Vec::as_slice) }))
        })
        .collect();
    if removed.is_empty() {
        return BTreeMap::new();
    }
    let new = rendered.files.iter().filter(|(path, file)| {
        coverage.has(&file.scope)
            && !manifest.files.contains_key(*path)
            && !is_in_the_way(path)
            && !matches!(found.get(*path), Some(PathState::Link { .. } | PathState::Other))
    });
    let mut new: BTreeMap<&RelPath, TextProfile> =
        new.map(|(path, file)| (path, TextProfile::new(&file.bytes))).collect();
    // Files that are still there are matched first.
    let is_there = |path: &RelPath| matches!(found.get(manifest.place(path)), Some(PathState::File(_)));
    let (there, absent): (BTreeMap<_, _>, BTreeMap<_, _>) =
        removed.iter().map(|(path, key)| (*path, *key)).partition(|(path, _)| is_there(path));
    let mut pairs = match_files(&there, &new);
    new.retain(|path, _| !pairs.values().any(|it| it == *path));
    pairs.extend(match_files(&absent, &new));
    let fits = |old: &RelPath, path: &RelPath| match found.get(path) {
        // A person's own file, unless they renamed it as well.
        Some(PathState::File(theirs)) => {
            let key = removed.get(old);
            !is_there(old)
                && key.is_some_and(|key| key.similarity(&TextProfile::new(&theirs.bytes)) >= MIN_SIMILARITY)
        }
        _ => true,
    };
    let pairs = pairs.into_iter().filter(|(old, path)| fits(old, path));
    pairs.map(|(old, path)| (path, old)).collect()
}

/// Returns the paths that are no longer rendered and that a person edited, moved or deleted.
fn removed_paths<'a>(
    rendered: &'a RenderedTree,
    coverage: &'a Coverage,
    manifest: &'a Manifest,
    found: &'a BTreeMap<RelPath, PathState>,
) -> impl Iterator<Item = &'a RelPath> {
    let removed = manifest
        .files
        .iter()
        .filter(|(path, entry)| coverage.has(&entry.scope) && !rendered.files.contains_key(*path));
    let edited = removed.filter(|(path, entry)| match found.get(*path) {
        Some(PathState::File(theirs)) => {
            digest(&theirs.bytes) != entry.sha256 || theirs.executable != entry.executable
        }
        _ => true,
    });
    edited.map(|(path, _)| path)
}

/// Returns true if [`find_renames`] may find anything.
pub fn may_have_renames(
    rendered: &RenderedTree,
    coverage: &Coverage,
    manifest: &Manifest,
    found: &BTreeMap<RelPath, PathState>,
) -> bool {
    let new = |(path, _): (&RelPath, _)| !manifest.files.contains_key(path);
    removed_paths(rendered, coverage, manifest, found).next().is_some() && rendered.files.iter().any(new)
}

/// Returns the paths whose files are not in their places, with the digests of their last renderings.
pub fn missing_files(
    rendered: &RenderedTree,
    coverage: &Coverage,
    adopt: bool,
    manifest: &Manifest,
    found: &BTreeMap<RelPath, PathState>,
    renamed: &BTreeMap<RelPath, RelPath>,
) -> BTreeMap<RelPath, String> {
    let is_there =
        |path: &RelPath| matches!(found.get(path), Some(PathState::File(_) | PathState::Link { .. }));
    let absent = |path: &RelPath| !is_there(path) && !is_there(manifest.place(path));
    let old: BTreeSet<&RelPath> = renamed.values().collect();
    let keys = |path: &RelPath| match rendered.files.get(path) {
        Some(file) => coverage.has(&file.scope),
        // A renamed file that is not at its new path yet.
        None => old.contains(path) && !renamed.iter().any(|(new, it)| it == path && is_there(new)),
    };
    let recorded = manifest.files.iter().filter(|(path, entry)| !entry.deleted && keys(path) && absent(path));
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

/// Finds the new places of missing files among unknown ones.
///
/// A place belongs to one file at most. Empty files are found only with the folder that they were moved with.
pub fn find_moves(
    missing: &BTreeMap<RelPath, String>,
    bases: &BTreeMap<String, Vec<u8>>,
    others: &BTreeMap<RelPath, Content>,
) -> BTreeMap<RelPath, RelPath> {
    let keys = missing.iter().map(|(path, sha256)| {
        let text = bases.get(sha256).map(Vec::as_slice);
        (path, SearchKey { sha256, text })
    });
    let texts: BTreeMap<&RelPath, TextProfile> =
        others.iter().map(|(path, content)| (path, TextProfile::new(&content.bytes))).collect();
    let mut moved = match_files(&keys.collect(), &texts);
    let folders: BTreeMap<RelPath, RelPath> =
        moved.iter().flat_map(|(from, to)| folder_moves(from, to)).collect();
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

/// Returns the folder moves that explain the move of a file.
fn folder_moves(from: &RelPath, to: &RelPath) -> Vec<(RelPath, RelPath)> {
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

/// Digest and text by which a file is searched for.
#[derive(Clone, Copy)]
struct SearchKey<'a> {
    sha256: &'a str,
    text: Option<&'a [u8]>,
}

/// Digest of a file, and the total bytes of each distinct line.
struct TextProfile {
    sha256: String,
    lines: BTreeMap<Vec<u8>, usize>,
    total: usize,
}

impl TextProfile {
    fn new(bytes: &[u8]) -> TextProfile {
        let mut text = TextProfile { sha256: digest(bytes), lines: BTreeMap::new(), total: 0 };
        if is_binary(bytes) {
            return text;
        }
        for line in lines(&to_lf(bytes)) {
            let line = line.trim_ascii();
            if !line.is_empty() {
                *text.lines.entry(line.to_vec()).or_default() += line.len();
                text.total += line.len();
            }
        }
        text
    }

    /// Returns the common part of both texts, percent of the longer one.
    fn similarity(&self, other: &TextProfile) -> usize {
        let longer = self.total.max(other.total);
        if self.total.min(other.total) * 100 < longer * MIN_SIMILARITY || longer == 0 {
            return 0;
        }
        let of_both = self.lines.iter().filter_map(|(line, len)| Some(other.lines.get(line)?.min(len)));
        of_both.sum::<usize>() * 100 / longer
    }
}

impl SearchKey<'_> {
    fn similarity(&self, other: &TextProfile) -> usize {
        match self.text {
            _ if self.sha256 == other.sha256 => IDENTICAL,
            Some(text) => TextProfile::new(text).similarity(other),
            None => 0,
        }
    }
}

/// Matches files to unknown ones, by similarity and then by common path parts.
fn match_files(
    keys: &BTreeMap<&RelPath, SearchKey>,
    others: &BTreeMap<&RelPath, TextProfile>,
) -> BTreeMap<RelPath, RelPath> {
    let few = keys.len().saturating_mul(others.len()) <= MAX_PAIRS;
    let empty =
        |text: &TextProfile| text.total == 0 && (text.sha256 == digest(b"") || !text.lines.is_empty());
    let mut pairs = vec![];
    let mut by_digest: BTreeMap<&str, Vec<&RelPath>> = BTreeMap::new();
    for (at, other) in others.iter().filter(|(_, other)| !empty(other)) {
        by_digest.entry(&other.sha256).or_default().push(at);
    }
    for (path, key) in keys {
        let same = by_digest.get(key.sha256).into_iter().flatten();
        pairs.extend(same.map(|at| (IDENTICAL, common_parts(path, at), *path, *at)));
        let Some(text) = key.text.map(TextProfile::new) else { continue };
        for (at, other) in others.iter().filter(|(_, other)| other.sha256 != key.sha256) {
            let common = common_parts(path, at);
            let similarity = if few || common.0 > 0 { text.similarity(other) } else { 0 };
            if similarity >= MIN_SIMILARITY {
                pairs.push((similarity, common, *path, *at));
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

/// Returns the number of common trailing and leading parts of two paths.
fn common_parts(a: &RelPath, b: &RelPath) -> (usize, usize) {
    let same = |(a, b): &(&str, &str)| a == b;
    let (a, b) = (a.as_str(), b.as_str());
    let ends = a.rsplit('/').zip(b.rsplit('/')).take_while(same).count();
    (ends, a.split('/').zip(b.split('/')).take_while(same).count())
}
