//! Searches a tree for files that people moved.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::scan::read_content;
use crate::{Content, RECORDS_FOLDER, RelPath};

/// Folders of fetched or built files, which are not searched.
const SKIPPED_FOLDERS: &[&str] = &[
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

/// Maximum number of entries to visit; files that aren't found count as deleted.
const MAX_ENTRIES: usize = 100_000;
const MAX_FILE_BYTES: u64 = 8 << 20;
const MAX_TOTAL_BYTES: u64 = 256 << 20;

/// Returns the unknown files of a tree, without those in skipped folders.
pub(super) fn find_unknown_files(root: &Path, known: &BTreeSet<RelPath>) -> BTreeMap<RelPath, Content> {
    let mut others = BTreeMap::new();
    let (mut entries, mut bytes) = (0, 0);
    let mut folders: Vec<Option<RelPath>> = vec![None];
    while let Some(folder) = folders.pop() {
        let full = folder.as_ref().map_or_else(|| root.to_owned(), |folder| root.join(folder.as_str()));
        // Unreadable folders are skipped.
        let Ok(listed) = fs::read_dir(&full) else { continue };
        let mut listed: Vec<_> = listed.flatten().collect();
        listed.sort_by_key(fs::DirEntry::file_name);
        for entry in listed {
            entries += 1;
            if entries > MAX_ENTRIES {
                return others;
            }
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = folder.as_ref().map_or_else(|| name.clone(), |folder| format!("{folder}/{name}"));
            let (Ok(path), Ok(kind)) = (RelPath::new(path), entry.file_type()) else { continue };
            if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) && !is_own_root(&entry.path()) {
                folders.push(Some(path));
            } else if kind.is_file() && !known.contains(&path) {
                let size = entry.metadata().map_or(0, |it| it.size());
                if size > MAX_FILE_BYTES || bytes + size > MAX_TOTAL_BYTES {
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

/// Returns true if a folder is the root of another tree or repository.
fn is_own_root(folder: &Path) -> bool {
    [RECORDS_FOLDER, ".git"].iter().any(|name| folder.join(name).exists())
}
