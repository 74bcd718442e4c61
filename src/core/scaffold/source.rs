//! Templates of a source: found, fetched and understood.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use billpay_scaffold::sources::{self, LocatedTemplate, SourceOptions};
use billpay_scaffold::{
    Entry, Origin, PinnedRepository, ProjectTemplate, RenderOptions, Rendering, Source, TemplateError,
    TemplateFolder, backstage, cookiecutter, version,
};

use super::{AnswerOptions, Error};

/// Place of a template in its source, and its version.
#[derive(Debug, Clone, Default)]
pub struct TemplateLocation {
    /// Branch, tag or commit in a Git repository.
    pub reference: Option<String>,
    /// Folder of the template in its repository, or in the folder that is named.
    pub directory: Option<String>,
    /// Folder that a template in a folder may read; by default its Git repository.
    pub root: Option<PathBuf>,
}

/// A template that was found and understood.
pub(super) struct OpenTemplate {
    pub template: Box<dyn ProjectTemplate>,
    pub origin: Origin,
    /// Digest of this version.
    pub digest: String,
    pub files: usize,
    /// Other repositories that files were fetched from, after a rendering.
    pub fetched: Vec<PinnedRepository>,
}

impl OpenTemplate {
    pub fn new(found: LocatedTemplate, options: &RenderOptions) -> Result<OpenTemplate, Error> {
        let digest = found.folder.digest();
        let files = found.folder.entries.values().filter(|entry| matches!(entry, Entry::File(_))).count();
        let template = open(&found, options)?;
        Ok(OpenTemplate { template, origin: found.origin, digest, files, fetched: vec![] })
    }

    /// Returns what tells this version from others, after a rendering.
    pub fn version(&self, rendering: &Rendering) -> String {
        version(&self.digest, rendering.shared.as_deref())
    }
}

impl TemplateLocation {
    /// Finds a template and understands it.
    pub(super) fn open(&self, source: &str, options: &RenderOptions) -> Result<OpenTemplate, Error> {
        OpenTemplate::new(find(source, self.options())?, options)
    }

    /// Finds the template that cruft keeps in a replay file, at the commit that the project was made from;
    /// updates then come from where cruft took them.
    pub(super) fn open_cruft(
        &self,
        answers: &AnswerOptions,
        options: &RenderOptions,
    ) -> Result<OpenTemplate, Error> {
        let kept = answers.cruft_template()?;
        let at = SourceOptions {
            reference: self.reference.as_deref().or(Some(&kept.commit)),
            directory: self.directory.as_deref().or(kept.directory.as_deref()),
            root: self.root.as_deref(),
        };
        // cruft only takes repositories, also by their path.
        let source = match std::fs::canonicalize(&kept.source) {
            Ok(path) if path.join(".git").exists() => format!("file://{}", path.display()),
            _ => kept.source,
        };
        let mut found = find(&source, at)?;
        if let Origin::Git(origin) = &mut found.origin {
            origin.reference = self.reference.clone().or(kept.checkout);
        }
        OpenTemplate::new(found, options)
    }

    /// Finds every template in a folder or a repository, by the folders that they are in.
    pub(super) fn open_all(&self, source: &str) -> Result<Vec<(String, OpenTemplate)>, Error> {
        let found = find(source, self.options())?;
        let mut all = vec![];
        for directory in templates_in(&found.folder) {
            let folder = found.folder.below(&directory);
            let name = if directory.is_empty() { found.folder.name.clone() } else { directory };
            let found =
                LocatedTemplate { folder, origin: found.origin.clone(), around: found.around.clone() };
            all.push((name, OpenTemplate::new(found, &RenderOptions::default())?));
        }
        Ok(all)
    }

    pub(super) fn options(&self) -> SourceOptions<'_> {
        SourceOptions {
            reference: self.reference.as_deref(),
            directory: self.directory.as_deref(),
            root: self.root.as_deref(),
        }
    }

    /// Returns the folder that the template may read, as a project remembers it.
    pub(super) fn remembered_root(&self, project: &Path) -> Option<String> {
        self.root.as_ref().map(|root| sources::from_project(project, root).display().to_string())
    }
}

/// Returns the origin of a template, as a project remembers it.
pub(super) fn remembered(from: Origin, project: &Path) -> Origin {
    match from {
        Origin::Path(path) => {
            Origin::Path(sources::from_project(project, Path::new(&path)).display().to_string())
        }
        from => from,
    }
}

pub(super) fn find(named: &str, at: SourceOptions<'_>) -> Result<LocatedTemplate, Error> {
    let source = Source::parse(named).map_err(sources::SourceError::from)?;
    Ok(sources::find(&source, at)?)
}

/// Understands a template's files; `options` are those that it is going to be rendered with.
fn open(found: &LocatedTemplate, options: &RenderOptions) -> Result<Box<dyn ProjectTemplate>, TemplateError> {
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
    let head =
        ["template.yaml", "cookiecutter.json"].into_iter().find(|head| folder.entries.contains_key(*head));
    if let Some(head) = head {
        let what = match folder.entries.get(head) {
            Some(Entry::Link(_)) => "a symbolic link, which may lead anywhere",
            Some(Entry::Folder) => "a folder",
            _ => "no regular file",
        };
        let why = format!("{} is {what}", folder.display_path(head));
        return Err(TemplateError::refused(why, "put the file itself there"));
    }
    let inner = templates_in(folder);
    let why = format!("{} has neither template.yaml nor cookiecutter.json", folder.name);
    let hint = match inner.is_empty() {
        true => {
            "a Backstage template begins with template.yaml, a Cookiecutter template with cookiecutter.json"
                .into()
        }
        false => format!("templates in it: {}; name one with --directory", inner.join(", ")),
    };
    Err(TemplateError::refused(why, hint))
}

/// Returns the folders of a folder that are templates, sorted; `""` for itself.
fn templates_in(folder: &TemplateFolder) -> Vec<String> {
    let files = folder.entries.iter().filter(|(_, entry)| matches!(entry, Entry::File(_)));
    let heads = files.filter_map(|(path, _)| {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        matches!(file, "template.yaml" | "cookiecutter.json").then(|| folder.to_string())
    });
    heads.collect()
}
