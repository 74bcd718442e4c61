//! Temporary directory in which a template's hooks work on the project.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::{fs, io};

use billpay_host::temporary;
use billpay_tree::RelPath;

use super::hooks;
use crate::{Entry, Hook, HookTime, Project, ProjectFile, Rendering, TemplateError, TemplateFolder, sources};

/// Runs the hooks of a rendering, and takes what they made of its project.
///
/// A repository that a hook makes (`git init`) is left out: the project's folder may be in one.
///
/// # Errors
/// Fails if the project can't be written to a temporary folder, a hook fails, or it makes something that a
/// project can't have, such as a link.
pub fn run_hooks(rendering: Rendering) -> Result<Rendering, TemplateError> {
    if rendering.hooks.is_empty() {
        return Ok(rendering);
    }
    let failed = |error: io::Error| {
        let why = format!("the project can't be prepared in {}: {error}", std::env::temp_dir().display());
        TemplateError::Refused { why, hints: vec![] }
    };
    let place = temporary::directory("project").map_err(failed)?;
    // Hooks may look at what their folder is called.
    let folder = place.path().join(rendering.name.as_deref().unwrap_or("project"));
    fs::create_dir(&folder).map_err(failed)?;
    run(&rendering, HookTime::BeforeFiles, &folder)?;
    write(&rendering.project, &folder).map_err(failed)?;
    run(&rendering, HookTime::AfterFiles, &folder)?;
    let output = sources::read_folder(&folder).map_err(|error| TemplateError::Refused {
        why: format!("what the hooks made can't be read: {error}"),
        hints: error.hints(),
    })?;
    Ok(Rendering { project: project(output)?, ..rendering })
}

/// Runs a template's `pre_prompt` hook in a copy of it, and returns the copy.
pub fn before_questions(template: &TemplateFolder, hook: &str) -> Result<TemplateFolder, TemplateError> {
    let failed = |error: io::Error| {
        let why = format!("the template can't be copied to {}: {error}", std::env::temp_dir().display());
        TemplateError::Refused { why, hints: vec![] }
    };
    let place = temporary::directory("template").map_err(failed)?;
    let folder = place.path().join("template");
    write_template(template, &folder).map_err(failed)?;
    let text = template.file(hook).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    let file = hook.rsplit('/').next().unwrap_or(hook).to_string();
    let hook = Hook { when: HookTime::BeforeFiles, file, text: text.unwrap_or_default() };
    hooks::run(&hook, &folder).map_err(|failure| {
        TemplateError::refused(
            failure.to_string(),
            "nothing was written: the hook is the template's own program",
        )
    })?;
    let output = sources::read_folder(&folder).map_err(|error| TemplateError::Refused {
        why: format!("what the hook made of the template can't be read: {error}"),
        hints: error.hints(),
    })?;
    // Links were not copied; they are refused where they are used, as without the hook.
    let links = template.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Link(_) | Entry::Other));
    let mut entries = output.entries;
    entries.extend(links.map(|(path, entry)| (path.clone(), entry.clone())));
    Ok(TemplateFolder { name: template.name.clone(), entries })
}

/// Writes a template's files and folders; links and devices are left out.
pub fn write_template(template: &TemplateFolder, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for (path, entry) in &template.entries {
        let path = to.join(path);
        match entry {
            Entry::Folder => fs::create_dir_all(&path)?,
            Entry::File(file) => {
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                let mode = if file.executable { 0o755 } else { 0o644 };
                let mut writer =
                    fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
                io::Write::write_all(&mut writer, &file.bytes)?;
            }
            Entry::Link(_) | Entry::Other => {}
        }
    }
    Ok(())
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
        let mut writer = options.write(true).create(true).truncate(true).mode(mode).open(&path)?;
        io::Write::write_all(&mut writer, &file.bytes)?;
    }
    Ok(())
}

fn project(output: TemplateFolder) -> Result<Project, TemplateError> {
    let mut project = Project::default();
    let refuse = |why: String| Err(TemplateError::refused(why, "nothing was written"));
    for (path, entry) in output.entries {
        let path = match RelPath::new(path) {
            Ok(path) => path,
            Err(bad) => return refuse(format!("a hook made what no project may have: {bad}")),
        };
        match entry {
            Entry::File(file) => {
                let file = ProjectFile { bytes: file.bytes, executable: file.executable };
                project.files.insert(path, file);
            }
            Entry::Folder => drop(project.folders.insert(path)),
            Entry::Link(_) | Entry::Other => {
                return refuse(format!("a hook made `{path}`, which is neither a file nor a folder"));
            }
        }
    }
    let parents: Vec<RelPath> =
        project.files.keys().flat_map(|path| path.folders().collect::<Vec<_>>()).collect();
    for folder in parents {
        project.folders.remove(&folder);
    }
    let inner: Vec<RelPath> =
        project.folders.iter().flat_map(|path| path.folders().collect::<Vec<_>>()).collect();
    for folder in inner {
        project.folders.remove(&folder);
    }
    Ok(project)
}
