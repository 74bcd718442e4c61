//! A picture of a project for MkDocs: links to what is there, and a configuration of ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{CONFIGS, DocsError, at};
use crate::domain::docs::mkdocs::Config;

/// Folders of a project that no page is made from.
const LEFT_OUT: [&str; 5] = ["node_modules", ".venv", "venv", "target", ".gradle"];

/// Pages that the first page is made from where there is none, in the folder of the pages and
/// in the project's.
const READMES: [&str; 2] = ["README.md", "readme.md"];

/// Lays the picture of `project` at `to`.
pub fn stage(project: &Path, to: &Path, config: &Config) -> Result<(), DocsError> {
    check_links(project, project)?;
    fs::create_dir(to).map_err(at(to))?;
    let docs = project.join(&config.docs_dir);
    let inside = docs.canonicalize().map_or(true, |docs| docs.starts_with(project));
    if !inside {
        return Err(DocsError::Link { path: config.docs_dir.clone(), why: "leads out of the project" });
    }
    // MkDocs takes a README.md of the pages' folder as its first page by itself.
    let has_page = ["index.md", "README.md"].iter().any(|name| docs.join(name).exists());
    let first = match has_page {
        true => None,
        false => {
            let places = [&docs, project];
            let mut readmes =
                places.iter().flat_map(|folder| READMES.iter().map(move |name| folder.join(name)));
            let readme = readmes.find(|path| path.is_file());
            let missing = || DocsError::NoPage { docs_dir: config.docs_dir.clone() };
            Some(readme.ok_or_else(missing)?)
        }
    };
    let real: Vec<&str> = if first.is_some() { config.docs_dir.split('/').collect() } else { vec![] };
    picture(project, to, &real, true)?;
    if let Some(readme) = first {
        let page = to.join(&config.docs_dir).join("index.md");
        fs::copy(&readme, &page).map_err(at(&readme))?;
    }
    let path = to.join("mkdocs.yml");
    fs::write(&path, &config.text).map_err(at(&path))
}

/// Links everything of a folder; what is on the way to `real` becomes folders of ours.
fn picture(from: &Path, to: &Path, real: &[&str], root: bool) -> Result<(), DocsError> {
    let below = real.first().map(|name| to.join(name));
    if let Some(folder) = &below {
        fs::create_dir(folder).map_err(at(folder))?;
    }
    if from.is_dir() {
        for entry in fs::read_dir(from).map_err(at(from))? {
            let entry = entry.map_err(at(from))?;
            let name = entry.file_name();
            let is = |known: &str| name == *known;
            let ours =
                root && (CONFIGS.iter().any(|known| is(known)) || LEFT_OUT.iter().any(|known| is(known)));
            if ours || real.first().is_some_and(|first| is(first)) {
                continue;
            }
            let link = to.join(&name);
            symlink(entry.path(), &link).map_err(at(&link))?;
        }
    }
    match (real.split_first(), below) {
        (Some((first, rest)), Some(folder)) => picture(&from.join(first), &folder, rest, false),
        _ => Ok(()),
    }
}

/// Refuses links that lead out of the project, or back to a folder that they are in.
fn check_links(folder: &Path, project: &Path) -> Result<(), DocsError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(at(&path))?;
        let name = entry.file_name();
        if kind.is_dir() {
            let skipped = folder == project && LEFT_OUT.iter().any(|known| name == **known);
            // What is in .git comes from Git, not from the repository.
            if !skipped && name != ".git" {
                check_links(&path, project)?;
            }
        } else if kind.is_symlink() {
            let refuse = |why| {
                let path = path.strip_prefix(project).unwrap_or(&path).display().to_string();
                Err(DocsError::Link { path, why })
            };
            match path.canonicalize() {
                Ok(target) if !target.starts_with(project) => return refuse("leads out of the project"),
                Ok(target) if path.starts_with(&target) => return refuse("leads to a folder that it is in"),
                // What leads nowhere gives nothing away.
                _ => {}
            }
        }
    }
    Ok(())
}
