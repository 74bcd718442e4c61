//! The folder that the steps of a template work in, in memory.

use std::collections::{BTreeMap, BTreeSet};

use billpay_tree::RelPath;

use crate::{Project, ProjectFile, TemplateError, refuse_collisions};

/// Maximum number of files and folders of a project.
const MAX_ENTRIES: usize = 200_000;
/// Maximum size of a project, bytes.
const MAX_BYTES: usize = 1 << 30;
/// Maximum length of a path, bytes.
const MAX_PATH_BYTES: usize = 4096;

/// Message of a failed step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub why: String,
    /// True if it wants what the portal fetches from somewhere else.
    pub away: bool,
}

impl Fault {
    pub fn new(why: impl Into<String>) -> Fault {
        Fault { why: why.into(), away: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    File(WorkFile),
    Folder,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkFile {
    pub bytes: Vec<u8>,
    pub executable: bool,
    /// Display name of its source.
    pub from: String,
}

/// Files and folders by path, without the folder itself, which is always there.
#[derive(Debug, Clone, Default)]
pub(super) struct Workspace {
    items: BTreeMap<String, Item>,
    bytes: usize,
    /// URLs of external sources by the folder that the portal would fetch them to.
    away: Vec<(String, String)>,
}

/// A path as Node's `path.resolve` makes it, relative to where it starts; `""` is the start itself.
///
/// Refuses what leads out of there.
pub(super) fn resolve(path: &str) -> Result<String, Fault> {
    let out = || Fault::new(format!("`{}` leads out of the project's folder", path.escape_debug()));
    if path.starts_with('/') {
        return Err(out());
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(Fault::new(format!("a path has more than {MAX_PATH_BYTES} bytes")));
    }
    let mut parts: Vec<&str> = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(out)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A path in a folder of the workspace.
pub(super) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_string(),
        (folder, "") => folder.to_string(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

impl Workspace {
    pub fn get(&self, path: &str) -> Option<&Item> {
        self.items.get(path)
    }

    /// Returns true if there is something at a path.
    pub fn has(&self, path: &str) -> bool {
        path.is_empty() || self.items.contains_key(path)
    }

    pub fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || matches!(self.items.get(path), Some(Item::Folder))
    }

    /// Returns all descendants of a folder, by full paths.
    pub fn below<'w>(&'w self, folder: &str) -> impl Iterator<Item = (&'w str, &'w Item)> + use<'w> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.items.range(prefix.clone()..);
        from.take_while(move |(path, _)| path.starts_with(&prefix)).map(|(path, item)| (path.as_str(), item))
    }

    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter(|(_, item)| matches!(item, Item::File(_))).map(|(path, _)| path.as_str())
    }

    /// Makes a folder and those that it is in.
    pub fn folder(&mut self, path: &str) -> Result<(), Fault> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            let folder = path.get(..end).unwrap_or(path);
            match self.items.get(folder) {
                Some(Item::Folder) => {}
                Some(Item::File(_)) => {
                    return Err(Fault::new(format!("`{folder}` is a file, and can't be a folder too")));
                }
                None => self.put(folder, Item::Folder)?,
            }
        }
        Ok(())
    }

    /// Writes a file over whatever file is there, and makes the folders that it is in.
    pub fn write(&mut self, path: &str, file: WorkFile) -> Result<(), Fault> {
        if self.is_folder(path) {
            let folder = if path.is_empty() { "." } else { path };
            return Err(Fault::new(format!("`{folder}` is a folder, and can't be a file too")));
        }
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder)?;
        }
        self.put(path, Item::File(file))
    }

    /// Notes that the portal would put something there that isn't known here.
    pub fn fetched_elsewhere(&mut self, path: &str, url: &str) -> Result<(), Fault> {
        self.own(path)?;
        if self.get(path).is_some_and(|item| matches!(item, Item::File(_)))
            || self.below(path).next().is_some()
        {
            return Err(away(path, url));
        }
        self.away.push((path.to_string(), url.to_string()));
        Ok(())
    }

    /// Returns true if what is at a path, and below it, is known here.
    pub fn own(&self, path: &str) -> Result<(), Fault> {
        let inside = |path: &str, folder: &str| {
            folder.is_empty()
                || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self.away.iter().find(|(folder, _)| inside(path, folder) || inside(folder, path)) {
            Some((folder, url)) => Err(away(folder, url)),
            None => Ok(()),
        }
    }

    fn put(&mut self, path: &str, item: Item) -> Result<(), Fault> {
        if let Item::File(_) = item {
            self.own(path)?;
        }
        self.bytes += size(&item);
        if let Some(old) = self.items.insert(path.to_string(), item) {
            self.bytes -= size(&old);
        }
        if self.items.len() > MAX_ENTRIES {
            return Err(Fault::new(format!("the project has more than {MAX_ENTRIES} files")));
        }
        if self.bytes > MAX_BYTES {
            return Err(Fault::new(format!("the project has more than {} GB", MAX_BYTES >> 30)));
        }
        Ok(())
    }

    /// Takes out a file, or a folder with everything in it.
    pub fn remove(&mut self, path: &str) {
        let below: Vec<String> = self.below(path).map(|(path, _)| path.to_string()).collect();
        for path in below.iter().map(String::as_str).chain([path]) {
            if let Some(item) = self.items.remove(path) {
                self.bytes -= size(&item);
            }
        }
    }

    /// Moves a file, or a folder with everything in it; nothing is at `to`.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Fault> {
        if let Some((folder, _)) = to.rsplit_once('/') {
            self.folder(folder)?;
        }
        let below: Vec<String> = self.below(from).map(|(path, _)| path.to_string()).collect();
        let moved = below.iter().map(String::as_str).chain([from]);
        for (path, item) in
            moved.filter_map(|path| Some((path, self.items.remove(path)?))).collect::<Vec<_>>()
        {
            let rest = path.strip_prefix(from).unwrap_or_default();
            self.items.insert(format!("{to}{rest}"), item);
        }
        Ok(())
    }

    /// The file of the template that the first file in a folder was made from, if there is one.
    fn first_source(&self, folder: &str) -> &str {
        let file = self.below(folder).find_map(|(_, item)| match item {
            Item::File(file) => Some(file.from.as_str()),
            Item::Folder => None,
        });
        file.unwrap_or_default()
    }

    /// The project that it is, if it can be one on every system.
    pub fn into_project(self) -> Result<Project, TemplateError> {
        refuse_collisions(self.items.iter().map(|(path, item)| match item {
            Item::File(file) => (path.as_str(), file.from.as_str()),
            Item::Folder => (path.as_str(), self.first_source(path)),
        }))?;
        let mut project = Project::default();
        let full: BTreeSet<String> = self
            .items
            .keys()
            .filter_map(|path| path.rsplit_once('/').map(|(folder, _)| folder.to_string()))
            .collect();
        for (path, item) in self.items {
            let summary = match &item {
                Item::File(file) if !file.from.is_empty() => {
                    format!(" (from `{}`)", file.from.escape_debug())
                }
                _ => String::new(),
            };
            let rel = RelPath::new(path.clone()).map_err(|bad| {
                let path = path.escape_debug();
                let why =
                    format!("the template makes `{path}`{summary}, which no project may have: {}", bad.why);
                TemplateError::refused(
                    why,
                    "change the name in the template, or the answer that it comes from",
                )
            })?;
            match item {
                Item::File(WorkFile { bytes, executable, .. }) => {
                    project.files.insert(rel, ProjectFile { bytes, executable });
                }
                Item::Folder if !full.contains(&path) => {
                    project.folders.insert(rel);
                }
                Item::Folder => {}
            }
        }
        Ok(project)
    }
}

fn away(folder: &str, url: &str) -> Fault {
    let folder = if folder.is_empty() { "the project's folder" } else { folder };
    let why =
        format!("the portal would put what it fetches from {url} into {folder}, where other steps work too");
    Fault { why, away: true }
}

fn size(item: &Item) -> usize {
    match item {
        Item::File(file) => file.bytes.len(),
        Item::Folder => 0,
    }
}
