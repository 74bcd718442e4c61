//! A project on disk, aside, for as long as the template's own programs work on it.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::hooks;
use crate::adapter::source;
use crate::domain::template::{
    Entry, HookTime, Project, ProjectFile, Rendering, TemplateError, TemplateFolder,
};
use crate::domain::tree::RelPath;

/// Projects are made beside one another by several threads, and processes.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder that goes when it is no longer needed.
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the hooks of a rendering, and takes what they made of its project.
///
/// A repository that a hook makes (`git init`) is left out: the project's folder may be in one.
pub fn run_hooks(rendering: Rendering) -> Result<Rendering, TemplateError> {
    if rendering.hooks.is_empty() {
        return Ok(rendering);
    }
    let name = format!("billpay-project-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let aside = Aside(std::env::temp_dir().join(name));
    // Hooks may look at what their folder is called.
    let folder = aside.0.join(rendering.name.as_deref().unwrap_or("project"));
    let failed = |error: io::Error| {
        let why = format!("the project can't be prepared in {}: {error}", aside.0.display());
        TemplateError::Refused { why, hints: vec![] }
    };
    fs::DirBuilder::new().mode(0o700).create(&aside.0).map_err(failed)?;
    fs::create_dir(&folder).map_err(failed)?;
    run(&rendering, HookTime::BeforeFiles, &folder)?;
    write(&rendering.project, &folder).map_err(failed)?;
    run(&rendering, HookTime::AfterFiles, &folder)?;
    let made = source::read_folder(&folder).map_err(|error| TemplateError::Refused {
        why: format!("what the hooks made can't be read: {error}"),
        hints: error.hints(),
    })?;
    Ok(Rendering { project: project(made)?, ..rendering })
}

fn run(rendering: &Rendering, when: HookTime, folder: &Path) -> Result<(), TemplateError> {
    for hook in rendering.hooks.iter().filter(|hook| hook.when == when) {
        hooks::run(hook, folder).map_err(|failure| {
            TemplateError::refused(
                failure.to_string(),
                "nothing was written: the hook is the template's own program",
            )
        })?;
    }
    Ok(())
}

fn write(project: &Project, folder: &Path) -> io::Result<()> {
    for empty in &project.folders {
        fs::create_dir_all(folder.join(empty.as_str()))?;
    }
    for (path, file) in &project.files {
        let path = folder.join(path.as_str());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mode = if file.executable { 0o755 } else { 0o644 };
        let mut options = fs::OpenOptions::new();
        // A hook may have made the file already.
        let mut opened = options.write(true).create(true).truncate(true).mode(mode).open(&path)?;
        io::Write::write_all(&mut opened, &file.bytes)?;
    }
    Ok(())
}

fn project(made: TemplateFolder) -> Result<Project, TemplateError> {
    let mut project = Project::default();
    let refused = |why: String| Err(TemplateError::refused(why, "nothing was written"));
    for (path, entry) in made.entries {
        let path = match RelPath::new(path) {
            Ok(path) => path,
            Err(bad) => return refused(format!("a hook made what no project may have: {bad}")),
        };
        match entry {
            Entry::File(file) => {
                let file = ProjectFile { bytes: file.bytes, executable: file.executable };
                project.files.insert(path, file);
            }
            Entry::Folder => drop(project.folders.insert(path)),
            Entry::Link(_) | Entry::Other => {
                return refused(format!("a hook made `{path}`, which is neither a file nor a folder"));
            }
        }
    }
    let filled: Vec<RelPath> =
        project.files.keys().flat_map(|path| path.folders().collect::<Vec<_>>()).collect();
    for folder in filled {
        project.folders.remove(&folder);
    }
    let inner: Vec<RelPath> =
        project.folders.iter().flat_map(|path| path.folders().collect::<Vec<_>>()).collect();
    for folder in inner {
        project.folders.remove(&folder);
    }
    Ok(project)
}
