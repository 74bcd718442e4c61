//! The composition root: the one place that sees every layer and wires them.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use billpay_aws::kinds::{self, AwsProvider};
use billpay_aws::local::{LocalAccess, LocalAws};
use billpay_aws::{Aws, Endpoint};
use billpay_docs::mkdocs::Wishes;
use billpay_docs::{build, site};
use billpay_engine::plan::Kinds;
use billpay_host::{git, tools};
use billpay_model::check::Check;
use billpay_model::environment::Environment;
use billpay_model::findings::SourceFile;
use billpay_model::resource::Desired;
use billpay_model::site::SiteFile;
use billpay_scaffold::{
    Entry, Origin, ProjectTemplate, Record, RenderOptions, Rendering, Source, TemplateFolder, backstage,
    cookiecutter, sources,
};
use billpay_spec::Loaded;
use billpay_spec::directory::{self, LoadedEnvironments, SpecDir};
use billpay_templates::{TemplateError, TemplateSet};
use billpay_tree::disk::Tree;
use jiff::Zoned;

/// The facts about the kinds of resources that can be made.
pub use billpay_aws::kinds::kinds;
pub use billpay_aws::local::Error as LocalError;
pub use billpay_aws::site_bucket::SiteBucket;
pub use billpay_docs::build::{DocsError, SiteBuild};
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

/// The account of the local AWS where no spec names one.
pub const LOCAL_ACCOUNT: &str = "000000000000";

/// Options that decide which adapters are made.
pub struct App {
    specs: Option<PathBuf>,
    local: bool,
}

impl App {
    pub fn new(specs: Option<PathBuf>, local: bool) -> App {
        App { specs, local }
    }

    /// Opens the directory of the specs: as asked for, or `environments` here or above, in CI only here.
    ///
    /// Fails if something that was found, and not named, is not the user's own, or leads out of the project.
    pub fn specs(&self) -> Result<SpecDir, SpecError> {
        if let Some(named) = &self.specs {
            return SpecDir::open(named);
        }
        let default = Path::new("environments");
        let Ok(here) = std::env::current_dir() else { return SpecDir::open(default) };
        let searched = here.ancestors().take(if in_ci() { 1 } else { usize::MAX });
        let found = searched.map(|folder| (folder, folder.join(default))).find(|(_, path)| path.is_dir());
        let Some((folder, found)) = found else { return SpecDir::open(default) };
        check_owner(folder, &[folder, &found])?;
        SpecDir::open_found(found.strip_prefix(&here).unwrap_or(&found), folder)
    }

    /// The spec of an environment, read and checked.
    pub fn load(&self, environment: &str) -> Result<Loaded, SpecError> {
        self.specs()?.load(environment, Zoned::now().date())
    }

    /// A spec that is in no file, checked as those in files are.
    pub fn check(&self, spec: &Environment) -> Result<Loaded, SpecError> {
        directory::check(&format!("saved plan/{}.yaml", spec.environment), spec, Zoned::now().date())
    }

    /// Returns whether somebody said where the specs are.
    pub fn has_named_specs(&self) -> bool {
        self.specs.is_some()
    }

    /// The specs of several environments, or of all, read and checked; and the others beside them.
    pub fn load_several(&self, names: Option<&[String]>) -> Result<LoadedEnvironments, SpecError> {
        self.specs()?.load_several(names, Zoned::now().date())
    }

    /// A file that people wrote, to be parsed.
    pub fn source_file(&self, path: &Path) -> Result<SourceFile, SpecError> {
        directory::read(path)
    }

    /// The templates that the program was built with.
    pub fn templates(&self) -> Result<TemplateSet, TemplateError> {
        billpay_tofu::tree::templates()
    }

    /// The templates of the developer portal.
    pub fn portal_templates(&self) -> Result<TemplateSet, TemplateError> {
        billpay_portal::tree::templates()
    }

    /// A folder that rendered files go to.
    pub fn tree(&self, root: PathBuf) -> Tree {
        Tree::at(root)
    }

    /// The names of the project templates that billpay brings along.
    pub fn template_names(&self) -> Vec<String> {
        sources::names()
    }

    /// A project template by its name, its folder or its repository.
    pub fn find_template(&self, named: &str, at: SourceOptions<'_>) -> Result<LocatedTemplate, SourceError> {
        sources::find(&Source::parse(named)?, at)
    }

    /// The template of a project, as it is now or at a reference.
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
        let inner = App::templates_in(folder);
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
    pub fn replay(name: &str, text: &str) -> Result<cookiecutter::Replay, billpay_scaffold::TemplateError> {
        cookiecutter::replay(name, text)
    }

    /// Reads the record of a project's templates.
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
    pub fn run_hooks(&self, rendering: Rendering) -> Result<Rendering, billpay_scaffold::TemplateError> {
        cookiecutter::run_hooks(rendering)
    }

    /// The local AWS of this user.
    pub fn local_aws(&self) -> Result<LocalAws, LocalError> {
        LocalAws::of_this_user()
    }

    /// The programs of others that are there, and those that are not.
    pub fn tools(&self) -> Vec<Check> {
        tools::tools()
    }

    /// The facts about the kinds of resources that can be made; makes no call.
    pub fn kinds(&self) -> Kinds {
        kinds::kinds()
    }

    /// Every resource that an environment should have; makes no call.
    pub fn desired(&self, env: &Environment) -> Vec<Desired> {
        kinds::desire(env)
    }

    /// AWS, or the local one, which is started when it isn't running: `starting` is told so.
    pub async fn connect(
        &self,
        env: &Environment,
        starting: &(dyn Fn(&str) + Sync),
    ) -> Result<AwsProvider, LocalError> {
        Ok(AwsProvider::new(self.aws(env, starting).await?))
    }

    /// Builds a documentation site; `say` is told what takes a moment.
    pub async fn build_docs(
        &self,
        dir: &Path,
        strict: bool,
        wishes: Wishes<'_>,
        etag: Option<&str>,
        say: &(dyn Fn(&str) + Sync),
    ) -> Result<SiteBuild, DocsError> {
        build::build(&build::BuildOptions { dir, strict, wishes, etag }, say).await
    }

    /// Makes a folder a copy of a site that was built from `project`.
    pub fn place_docs(&self, built: &SiteBuild, out: &Path, project: &Path) -> Result<(), DocsError> {
        build::place(built, out, project)
    }

    /// The files of a site in a folder.
    pub fn read_site(&self, folder: &Path) -> Result<Vec<SiteFile>, SiteError> {
        site::read(folder)
    }

    /// A bucket by its name; whose it is, AWS decides.
    pub async fn bucket(
        &self,
        name: &str,
        region: &str,
        starting: &(dyn Fn(&str) + Sync),
    ) -> Result<SiteBucket, LocalError> {
        let endpoint = self.endpoint(LOCAL_ACCOUNT, starting).await?;
        let aws = Aws::connect(region, endpoint.as_ref()).await;
        Ok(SiteBucket::new(aws, name.to_string(), None))
    }

    /// A bucket of an environment's account.
    pub async fn environment_bucket(
        &self,
        env: &Environment,
        name: &str,
        starting: &(dyn Fn(&str) + Sync),
    ) -> Result<SiteBucket, LocalError> {
        let aws = self.aws(env, starting).await?;
        Ok(SiteBucket::new(aws, name.to_string(), Some(env.account.clone())))
    }

    /// The AWS clients for an environment's account and region.
    pub async fn aws(&self, env: &Environment, starting: &(dyn Fn(&str) + Sync)) -> Result<Aws, LocalError> {
        let endpoint = self.endpoint(&env.account, starting).await?;
        Ok(Aws::connect(&env.region, endpoint.as_ref()).await)
    }

    /// The local AWS, if that was asked for.
    async fn endpoint(
        &self,
        account: &str,
        starting: &(dyn Fn(&str) + Sync),
    ) -> Result<Option<Endpoint>, LocalError> {
        if !self.local {
            return Ok(None);
        }
        let local = self.local_aws()?;
        local.up(starting).await?;
        let LocalAccess { url, access_key, secret_key, .. } = local.access(account).await?;
        Ok(Some(Endpoint { url, access_key, secret_key }))
    }
}
