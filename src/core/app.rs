//! Templates, trees and sites, for the commands that still conduct these use cases themselves.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use billpay_host::git;
use billpay_scaffold::{
    Entry, Origin, ProjectTemplate, Record, RenderOptions, Rendering, Source, TemplateFolder, backstage,
    cookiecutter, sources,
};
use billpay_tree::disk::Tree;

use crate::Ports;

pub use billpay_docs::build::DocsError;
pub use billpay_docs::site::SiteError;
/// Ownership of what is found without having been named.
pub use billpay_host::file_owner::{check as check_owner, stays_in_project};
pub use billpay_host::git::WorkTree;
/// Returns whether the program runs where nobody can be asked.
pub use billpay_host::program::in_ci;
/// Reads files for front ends, up to a size.
pub use billpay_host::reading::{read_input, read_text};
/// Errors and results of the adapters that front ends may see.
pub use billpay_scaffold::cookiecutter::CruftTemplate;
pub use billpay_scaffold::sources::{LocatedTemplate, RecordError, SourceError, SourceOptions};
pub use billpay_spec::directory::SpecError;
pub use billpay_tree::disk::TreeError;

impl Ports {
    /// A folder that rendered files go to.
    pub fn tree(&self, root: PathBuf) -> Tree {
        Tree::at(root)
    }

    /// The names of the project templates that billpay brings along.
    pub fn template_names(&self) -> Vec<String> {
        sources::names()
    }

    /// A project template by its name, its folder or its repository.
    ///
    /// # Errors
    /// Fails if there is no such template, its folder can't be read, or its repository can't be fetched.
    pub fn find_template(&self, named: &str, at: SourceOptions<'_>) -> Result<LocatedTemplate, SourceError> {
        sources::find(&Source::parse(named)?, at)
    }

    /// The template of a project, as it is now or at a reference.
    ///
    /// # Errors
    /// Fails if the folder or the repository, or the reference in it, is no longer there.
    pub fn find_again(
        &self,
        from: &Origin,
        project: &Path,
        root: Option<&Path>,
        at: Option<&str>,
    ) -> Result<LocatedTemplate, SourceError> {
        sources::find_again(from, project, root, at)
    }

    /// Understands a template's files; `options` are those that it is going to be rendered with.
    ///
    /// # Errors
    /// Fails if the folder is no template of either format, or its files can't be read as one.
    pub fn open_template(
        &self,
        found: &LocatedTemplate,
        options: &RenderOptions,
    ) -> Result<Box<dyn ProjectTemplate>, billpay_scaffold::TemplateError> {
        let folder = &found.folder;
        if folder.file("template.yaml").is_some() {
            let is_local = match &found.origin {
                Origin::Path(_) => true,
                Origin::Git(origin) => origin.url.starts_with("file://"),
                Origin::Billpay(_) => false,
            };
            let others = Rc::new(sources::GitRepositories::new(is_local));
            return Ok(Box::new(backstage::open(folder)?.within(found.around.clone()).fetching(others)));
        }
        if folder.file("cookiecutter.json").is_some() {
            return Ok(Box::new(cookiecutter::open(folder, None, options)?));
        }
        let head = ["template.yaml", "cookiecutter.json"]
            .into_iter()
            .find(|head| folder.entries.contains_key(*head));
        if let Some(head) = head {
            let what = match folder.entries.get(head) {
                Some(Entry::Link(_)) => "a symbolic link, which may lead anywhere",
                Some(Entry::Folder) => "a folder",
                _ => "no regular file",
            };
            let why = format!("{} is {what}", folder.display_path(head));
            return Err(billpay_scaffold::TemplateError::refused(why, "put the file itself there"));
        }
        let inner = Ports::templates_in(folder);
        let why = format!("{} has neither template.yaml nor cookiecutter.json", folder.name);
        let hint = match inner.is_empty() {
            true => "a Backstage template begins with template.yaml, a Cookiecutter template with cookiecutter.json".into(),
            false => format!("templates in it: {}; name one with --directory", inner.join(", ")),
        };
        Err(billpay_scaffold::TemplateError::refused(why, hint))
    }

    /// The folders of a folder that are templates, sorted; `""` for itself.
    pub fn templates_in(folder: &TemplateFolder) -> Vec<String> {
        let files = folder.entries.iter().filter(|(_, entry)| matches!(entry, Entry::File(_)));
        let heads = files.filter_map(|(path, _)| {
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
            matches!(file, "template.yaml" | "cookiecutter.json").then(|| folder.to_string())
        });
        heads.collect()
    }

    /// Reads a file in which Cookiecutter or cruft keeps answers.
    ///
    /// # Errors
    /// Fails if the file isn't JSON, or holds no answers.
    pub fn replay(name: &str, text: &str) -> Result<cookiecutter::Replay, billpay_scaffold::TemplateError> {
        cookiecutter::replay(name, text)
    }

    /// Reads the record of a project's templates.
    ///
    /// # Errors
    /// Fails if the record is there and can't be read, or a newer version wrote it.
    pub fn record(&self, project: &Path) -> Result<Option<Record>, RecordError> {
        sources::record(project)
    }

    /// The nearest project from a folder upwards that was made from a template.
    pub fn project_above(&self, folder: &Path) -> Option<PathBuf> {
        sources::project_above(folder)
    }

    /// Returns the origin of a template, as a project remembers it.
    pub fn remembered(&self, from: Origin, project: &Path) -> Origin {
        match from {
            Origin::Path(path) => {
                Origin::Path(sources::from_project(project, Path::new(&path)).display().to_string())
            }
            from => from,
        }
    }

    /// The folder that a template may read, as a project remembers it.
    pub fn remembered_root(&self, root: Option<&Path>, project: &Path) -> Option<String> {
        root.map(|root| sources::from_project(project, root).display().to_string())
    }

    /// Returns a project's place in its repository; where none is found, its place on the disk.
    pub fn place_in_repository(&self, project: &Path) -> String {
        git::place_in_repository(project).display().to_string()
    }

    /// Compares a project's files with what its repository holds.
    pub fn work_tree(&self, project: &Path) -> WorkTree {
        git::work_tree(project)
    }

    /// Runs a template's own programs on what it made, aside; only for who trusts it.
    ///
    /// # Errors
    /// Fails if a hook can't be started, or fails.
    pub fn run_hooks(&self, rendering: Rendering) -> Result<Rendering, billpay_scaffold::TemplateError> {
        cookiecutter::run_hooks(rendering)
    }
}
