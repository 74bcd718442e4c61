//! A picture of a project for MkDocs: links to what is there, and a configuration of ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{CONFIGS, DocsError, at};
use crate::domain::docs::mkdocs::{Config, may_run_python};

/// Folders that no page is made from: they are large, and Git's may hold credentials.
const LEFT_OUT: [&str; 6] = [".git", "node_modules", ".venv", "venv", ".gradle", ".terraform"];

/// Pages that the first page is made from where there is none, in the folder of the pages and
/// in the project's.
const READMES: [&str; 2] = ["README.md", "readme.md"];

/// Lays the picture of `project` at `to`.
pub fn stage(project: &Path, to: &Path, config: &Config) -> Result<(), DocsError> {
    picture(project, to, project, config.includes)?;
    let docs = to.join(&config.docs_dir);
    // MkDocs takes a README.md of the pages' folder as its first page by itself.
    if !["index.md", "README.md"].iter().any(|name| docs.join(name).exists()) {
        let places = [&docs, to];
        let mut readmes = places.iter().flat_map(|folder| READMES.iter().map(move |name| folder.join(name)));
        let readme = readmes.find(|path| path.is_file());
        let readme = readme.ok_or_else(|| DocsError::NoPage { docs_dir: config.docs_dir.clone() })?;
        fs::create_dir_all(&docs).map_err(at(&docs))?;
        fs::copy(&readme, docs.join("index.md")).map_err(at(&readme))?;
    }
    let path = to.join("mkdocs.yml");
    fs::write(&path, &config.text).map_err(at(&path))
}

/// Makes the folders of a folder anew, with links to its files in them: plugins that ask where
/// a page really is are told a place in the picture.
fn picture(from: &Path, to: &Path, project: &Path, includes: bool) -> Result<(), DocsError> {
    fs::create_dir(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry.file_type().map_err(at(&path))?;
        let is = |known: &&str| name == **known;
        if LEFT_OUT.iter().any(is) || (from == project && CONFIGS.iter().any(is)) {
            continue;
        }
        let link = to.join(&name);
        if kind.is_dir() {
            picture(&path, &link, project, includes)?;
            continue;
        }
        if kind.is_symlink() {
            check(&path, project)?;
        }
        let settings = path.extension().is_some_and(|end| end == "yml" || end == "yaml");
        if includes && settings && path.is_file() {
            let text = fs::read(&path).map_err(at(&path))?;
            if may_run_python(&String::from_utf8_lossy(&text)) {
                let path = path.strip_prefix(project).unwrap_or(&path).display().to_string();
                return Err(DocsError::Included { path });
            }
        }
        symlink(&path, &link).map_err(at(&link))?;
    }
    Ok(())
}

/// Refuses a link that leads to what MkDocs is not to see, or back to a folder that it is in.
fn check(link: &Path, project: &Path) -> Result<(), DocsError> {
    let why = match link.canonicalize() {
        Ok(target) if !target.starts_with(project) => "leads out of the project",
        Ok(target) if link.starts_with(&target) => "leads to a folder that it is in",
        Ok(target) if is_left_out(&target, project) => "leads to a folder that is left out",
        // What leads nowhere gives nothing away.
        _ => return Ok(()),
    };
    let path = link.strip_prefix(project).unwrap_or(link).display().to_string();
    Err(DocsError::Link { path, why })
}

/// Whether a path of the project is in a folder that is left out.
fn is_left_out(path: &Path, project: &Path) -> bool {
    let below = path.strip_prefix(project).unwrap_or(path);
    below.components().any(|part| LEFT_OUT.iter().any(|known| part.as_os_str() == *known))
}
