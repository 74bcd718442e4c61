//! `fs:delete`, `fs:rename` and `fs:readdir`.

use serde_json::{Map, Value, json};

use super::fetch::files;
use super::glob::Globs;
use super::workspace::{Fault, Item, Workspace, join, resolve};

fn texts<'i>(input: &'i Map<String, Value>, key: &str) -> impl Iterator<Item = &'i str> {
    input.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Deletes the files that patterns match; their folders stay, as they do in the portal.
pub(super) fn delete(workspace: &mut Workspace, input: &Map<String, Value>) -> Result<String, Fault> {
    let mut deleted = 0;
    for pattern in texts(input, "files") {
        let pattern = resolve(pattern)?.replace('\\', "/");
        let fixed = pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '(']));
        workspace.own(&fixed.collect::<Vec<_>>().join("/"))?;
        let gone: Vec<String> = if workspace.is_folder(&pattern) {
            let below = workspace.below(&pattern).filter(|(_, item)| matches!(item, Item::File(_)));
            below.map(|(path, _)| path.to_string()).collect()
        } else {
            let glob = Globs::one(&pattern)?;
            workspace.files().filter(|path| glob.has(path)).map(str::to_string).collect()
        };
        deleted += gone.len();
        for path in gone {
            workspace.remove(&path);
        }
    }
    Ok(format!("deletes {}", files(deleted)))
}

/// Moves files and folders.
pub(super) fn rename(workspace: &mut Workspace, input: &Map<String, Value>) -> Result<String, Fault> {
    let renames = input.get("files").and_then(Value::as_array).into_iter().flatten();
    let mut summary = vec![];
    for rename in renames {
        let text = |key: &str| rename.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("from").is_empty() || text("to").is_empty() {
            return Err(Fault::new("`from` and `to` must not be empty"));
        }
        let (from, to) = (resolve(text("from"))?, resolve(text("to"))?);
        let overwrite = rename.get("overwrite").and_then(Value::as_bool).unwrap_or_default();
        workspace.own(&from)?;
        workspace.own(&to)?;
        one(workspace, &from, &to, overwrite)?;
        summary.push(format!("{from} to {to}"));
    }
    Ok(format!("renames {}", summary.join(", ")))
}

fn one(workspace: &mut Workspace, from: &str, to: &str, overwrite: bool) -> Result<(), Fault> {
    let (shown_from, shown_to) = (from.escape_debug(), to.escape_debug());
    if from.is_empty() || to.is_empty() {
        return Err(Fault::new(
            "the project's folder itself can't be renamed, and nothing can take its place",
        ));
    }
    if !workspace.has(from) {
        return Err(Fault::new(format!("there is no `{shown_from}` to rename")));
    }
    if from == to {
        return Err(Fault::new(format!("`{shown_from}` has that name already")));
    }
    let is_folder = workspace.is_folder(from);
    if is_folder && to.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
        return Err(Fault::new(format!("`{shown_from}` can't be moved into itself")));
    }
    if workspace.has(to) {
        if workspace.is_folder(to) != is_folder {
            return Err(Fault::new(format!(
                "one of `{shown_from}` and `{shown_to}` is a file, the other a folder"
            )));
        }
        if !overwrite {
            return Err(Fault::new(format!("`{shown_to}` is there already, and `overwrite` isn't set")));
        }
        if from.strip_prefix(to).is_some_and(|rest| rest.starts_with('/')) {
            return Err(Fault::new(format!(
                "`{shown_to}` holds `{shown_from}`, and can't be replaced by it"
            )));
        }
        workspace.remove(to);
    }
    workspace.rename(from, to)
}

/// Lists folders, as the outputs `files` and `folders`.
pub(super) fn readdir(
    workspace: &Workspace,
    input: &Map<String, Value>,
) -> Result<(String, Map<String, Value>), Fault> {
    let recursive = input.get("recursive").and_then(Value::as_bool).unwrap_or_default();
    let (mut found_files, mut found_folders) = (vec![], vec![]);
    for path in texts(input, "paths") {
        let path = resolve(path)?;
        workspace.own(&path)?;
        if !workspace.is_folder(&path) {
            return Err(Fault::new(format!("there is no folder `{}` to read", path.escape_debug())));
        }
        // The portal reads the last folder that it found first.
        let mut open = vec![path];
        while let Some(folder) = open.pop() {
            for (name, item) in children(workspace, &folder) {
                let path = join(&folder, name);
                let element = json!({ "name": name, "path": path });
                match item {
                    Item::File(_) => found_files.push(element),
                    Item::Folder => {
                        found_folders.push(element);
                        if recursive {
                            open.push(path);
                        }
                    }
                }
            }
        }
    }
    let summary = format!("reads {}", files(found_files.len()));
    let mut outputs = Map::new();
    outputs.insert("files".into(), Value::Array(found_files));
    outputs.insert("folders".into(), Value::Array(found_folders));
    Ok((summary, outputs))
}

/// Returns the direct children of a folder, sorted by name.
fn children<'w>(workspace: &'w Workspace, folder: &str) -> Vec<(&'w str, &'w Item)> {
    let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
    let below = workspace.below(folder).filter_map(|(path, item)| Some((path.get(start..)?, item)));
    let mut children: Vec<(&str, &Item)> = below.filter(|(name, _)| !name.contains('/')).collect();
    children.sort_by_key(|(name, _)| *name);
    children
}
