//! A mirror of a project for MkDocs: links to its files, and a generated configuration.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{CONFIGS, DocsError, at, settings};
use crate::include;
use crate::mkdocs::Config;

/// Folders without pages: they are large, and Git's may hold credentials.
const SKIPPED_FOLDERS: [&str; 6] = [".git", "node_modules", ".venv", "venv", ".gradle", ".terraform"];

/// Pages that the first page is made from where there is none, in the folder of the pages and
/// in the project's.
const READMES: [&str; 2] = ["README.md", "readme.md"];

/// Mirrors `project` at `to`; messages name files below `shown`.
pub fn stage(project: &Path, to: &Path, config: &Config, shown: &Path) -> Result<(), DocsError> {
    let mut picture = Mirror { project, to, shown, included: HashMap::new(), config };
    for name in &config.includes.files {
        let path = project.join(name);
        // What is not there is for MkDocs to tell.
        if path.symlink_metadata().is_ok() {
            let text = picture.included(&path)?;
            picture.included.insert(real(&path, project)?, text);
        }
    }
    picture.lay(project, to)?;
    for name in &config.includes.files {
        let is_ours = |path: PathBuf| to.canonicalize().is_ok_and(|to| path.starts_with(to));
        if to.join(name).canonicalize().is_ok_and(|path| !is_ours(path)) {
            return Err(refused(&project.join(name), project, "can't be taken in by that name"));
        }
    }
    let docs = to.join(&config.docs_dir);
    // MkDocs takes a README.md of the pages' folder as its first page by itself.
    if !["index.md", "README.md"].iter().any(|name| docs.join(name).exists()) {
        let places = [&docs, to];
        let mut readmes = places.iter().flat_map(|folder| READMES.iter().map(move |name| folder.join(name)));
        let readme = readmes.find(|path| path.is_file());
        let readme = readme.ok_or_else(|| DocsError::NoPage { docs_dir: config.docs_dir.clone() })?;
        fs::create_dir_all(&docs).map_err(at(&docs))?;
        write(&docs.join("index.md"), &fs::read(&readme).map_err(at(&readme))?)?;
    }
    write(&to.join("mkdocs.yml"), config.text.as_bytes())
}

/// Writes a file where there is none, and no link.
fn write(path: &Path, text: &[u8]) -> Result<(), DocsError> {
    let file = fs::File::create_new(path);
    file.and_then(|mut file| file.write_all(text)).map_err(at(path))
}

struct Mirror<'a> {
    project: &'a Path,
    to: &'a Path,
    shown: &'a Path,
    /// Texts of the included settings, as they are written anew.
    included: HashMap<PathBuf, String>,
    config: &'a Config,
}

impl Mirror<'_> {
    /// Recreates the folders of a folder with links to its files, so that real paths stay in the mirror; links of the project
    /// lead into the mirror, too.
    fn lay(&self, from: &Path, to: &Path) -> Result<(), DocsError> {
        fs::create_dir(to).map_err(at(to))?;
        for entry in fs::read_dir(from).map_err(at(from))? {
            let entry = entry.map_err(at(from))?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type().map_err(at(&path))?;
            let is = |known: &&str| name == **known;
            if SKIPPED_FOLDERS.iter().any(is) || (from == self.project && CONFIGS.iter().any(is)) {
                continue;
            }
            let place = to.join(&name);
            if kind.is_dir() {
                self.lay(&path, &place)?;
                continue;
            }
            let target = match kind.is_symlink() {
                true => check(&path, self.project)?,
                false => real(&path, self.project)?,
            };
            if self.config.includes.by_pattern && target.is_file() && is_settings(&path) {
                match self.included(&path) {
                    Ok(text) => write(&place, text.as_bytes())?,
                    Err(error) if path.file_stem().is_some_and(|stem| stem == "mkdocs") => return Err(error),
                    // Nothing that the plugin could take in; it would read it all the same.
                    Err(_) => {}
                }
                continue;
            }
            if kind.is_symlink() {
                let below = target.strip_prefix(self.project).unwrap_or(&target);
                if CONFIGS.iter().any(|name| below == Path::new(name)) {
                    return Err(refused(
                        &path,
                        self.project,
                        "is a symbolic link that leads to MkDocs' settings",
                    ));
                }
                symlink(self.to.join(below), &place).map_err(at(&place))?;
            } else if let Some(text) = self.included.get(&target) {
                write(&place, text.as_bytes())?;
            } else {
                symlink(&path, &place).map_err(at(&place))?;
            }
        }
        Ok(())
    }

    /// Writes anew a file of settings that `nav` takes in.
    fn included(&self, path: &Path) -> Result<String, DocsError> {
        let file = settings(self.project, path, self.shown)?;
        include::included(&file).map_err(|findings| DocsError::Config(Box::new(findings)))
    }
}

fn is_settings(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("yml") || end.eq_ignore_ascii_case("yaml"))
}

/// Returns the file of the project that a path leads to; whatever else it is, is refused.
pub fn real(path: &Path, project: &Path) -> Result<PathBuf, DocsError> {
    let target = check(path, project)?;
    match target.is_file() {
        true => Ok(target),
        false => Err(refused(path, project, "is not a file")),
    }
}

/// Resolves a path.
///
/// # Errors
/// Fails if it leads to a file that MkDocs must not see, or to a parent of its own.
fn check(path: &Path, project: &Path) -> Result<PathBuf, DocsError> {
    let why = match path.canonicalize() {
        Ok(target) if !target.starts_with(project) => "is a symbolic link that leads out of the project",
        Ok(target) if target.is_dir() && path.starts_with(&target) => {
            "is a symbolic link that leads to a folder that it is in"
        }
        Ok(target) if is_in_skipped_folder(&target, project) => {
            "is a symbolic link that leads to a folder that is left out"
        }
        Ok(target) => return Ok(target),
        // Whatever is written there would be written outside of the picture.
        Err(_) => "is a symbolic link that leads nowhere",
    };
    Err(refused(path, project, why))
}

fn refused(path: &Path, project: &Path, why: &'static str) -> DocsError {
    DocsError::Link { path: path.strip_prefix(project).unwrap_or(path).display().to_string(), why }
}

/// Returns true if a path of the project is in a folder that is left out.
fn is_in_skipped_folder(path: &Path, project: &Path) -> bool {
    let below = path.strip_prefix(project).unwrap_or(path);
    below.components().any(|part| SKIPPED_FOLDERS.iter().any(|known| part.as_os_str() == *known))
}
