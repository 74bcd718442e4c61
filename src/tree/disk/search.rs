//! Looks through a tree for files that people moved.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::look::read_content;
use crate::{Content, OURS, RelPath};

/// Folders of which nobody moves files of ours into: what tools fetch or build.
const SKIPPED: &[&str] = &[
    ".aws-sam",
    ".cache",
    ".git",
    ".gradle",
    ".hg",
    ".idea",
    ".mypy_cache",
    ".next",
    ".nox",
    ".pytest_cache",
    ".svn",
    ".terraform",
    ".terragrunt-cache",
    ".terragrunt-stack",
    ".tox",
    ".venv",
    ".yarn",
    "__pycache__",
    "bower_components",
    "build",
    "dist",
    "node_modules",
    "out",
    "target",
    "vendor",
    "venv",
];

/// After so many files and folders the search ends: what isn't found counts as deleted.
const MOST_ENTRIES: usize = 100_000;
const LARGEST_FILE: u64 = 8 << 20;
const MOST_BYTES: u64 = 256 << 20;

/// The files in a tree that aren't known, without those in folders that tools make.
pub(super) fn others(root: &Path, known: &BTreeSet<RelPath>) -> BTreeMap<RelPath, Content> {
    let mut others = BTreeMap::new();
    let (mut entries, mut bytes) = (0, 0);
    let mut folders: Vec<Option<RelPath>> = vec![None];
    while let Some(folder) = folders.pop() {
        let full = folder.as_ref().map_or_else(|| root.to_owned(), |folder| root.join(folder.as_str()));
        // A folder that can't be looked into is one in which nothing is found.
        let Ok(listed) = fs::read_dir(&full) else { continue };
        let mut listed: Vec<_> = listed.flatten().collect();
        listed.sort_by_key(fs::DirEntry::file_name);
        for entry in listed {
            entries += 1;
            if entries > MOST_ENTRIES {
                return others;
            }
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = folder.as_ref().map_or_else(|| name.clone(), |folder| format!("{folder}/{name}"));
            let (Ok(path), Ok(kind)) = (RelPath::new(path), entry.file_type()) else { continue };
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) && !is_of_another(&entry.path()) {
                folders.push(Some(path));
            } else if kind.is_file() && !known.contains(&path) {
                let size = entry.metadata().map_or(0, |it| it.size());
                if size > LARGEST_FILE || bytes + size > MOST_BYTES {
                    continue;
                }
                if let Ok(content) = read_content(&entry.path()) {
                    bytes += size;
                    others.insert(path, content);
                }
            }
        }
    }
    others
}

/// Whether a folder is a tree or a repository of its own.
fn is_of_another(folder: &Path) -> bool {
    [OURS, ".git"].iter().any(|name| folder.join(name).exists())
}
