//! Builds documentation sites with MkDocs, as TechDocs' own generator does.
//!
//! MkDocs works on a mirror of the project made of links, with a generated configuration: the project stays unchanged, and
//! MkDocs sees neither credentials nor files outside.

mod output;
mod program;
mod stage;

use std::path::{Path, PathBuf};
use std::{fs, io};

use billpay_host::reading::{self, read_bytes};
use billpay_host::{python, temporary};
use billpay_model::findings::{Findings, SourceFile};
use tempfile::TempDir;

use crate::mkdocs::{Wishes, config, default_config};
use crate::{METADATA, site, yaml};

pub use output::place;

/// The names of a configuration; where there are both, the first counts.
const CONFIGS: [&str; 2] = ["mkdocs.yaml", "mkdocs.yml"];

/// Error of building a site.
#[derive(Debug, thiserror::Error)]
pub enum DocsError {
    #[error("there is no folder {path}")]
    NoProject { path: String },
    #[error("{} of the settings can't be used", .0.problems.first().map_or("mkdocs.yml", |first| first.place.file.as_str()))]
    Config(Box<Findings>),
    #[error("{path} {why}")]
    Link { path: String, why: &'static str },
    #[error("there is no page to begin with: neither {docs_dir}/index.md nor a README.md")]
    NoPage { docs_dir: String },
    #[error("MkDocs could not build the site")]
    MkDocs { said: Vec<String>, strict: bool },
    #[error("MkDocs built a site without {METADATA}, or with a broken one: {why}")]
    NoMetadata { why: String },
    #[error("{path} holds something other than a site, and is not written over")]
    NotASite { path: String },
    #[error(transparent)]
    Python(#[from] python::Error),
    #[error(transparent)]
    Site(#[from] site::SiteError),
    #[error("the user's home directory is not known")]
    NoHome,
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
}

impl DocsError {
    /// Returns hints for the user.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            DocsError::NoProject { .. } => "name the folder of mkdocs.yml with --dir",
            DocsError::Link { .. } => {
                "documentation is built from the project's own files only: copy what it needs"
            }
            DocsError::NoPage { .. } => "write docs/index.md",
            DocsError::MkDocs { strict: true, .. } => {
                "put right what it says, or build with --no-strict, which takes warnings as they are"
            }
            DocsError::NotASite { .. } => "name another folder with --out, or remove what is there",
            DocsError::NoHome => "set HOME",
            DocsError::Python(error) => return error.hints(),
            _ => return vec![],
        };
        vec![hint.to_string()]
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> DocsError + '_ {
    move |error| DocsError::File { path: path.display().to_string(), error }
}

/// Options of a build.
#[derive(Debug, Clone)]
pub struct BuildOptions<'a> {
    /// The folder of the configuration.
    pub dir: &'a Path,
    /// Treats warnings, and settings that TechDocs doesn't take, as errors.
    pub strict: bool,
    pub wishes: Wishes<'a>,
    /// Version of the sources, for the portal.
    pub etag: Option<&'a str>,
}

/// A built site in a temporary folder, removed on drop.
#[derive(Debug)]
pub struct SiteBuild {
    pub site: PathBuf,
    /// Omitted settings of the project.
    pub left_out: Findings,
    /// Warnings of MkDocs.
    pub warnings: Vec<String>,
    /// Description of the MkDocs in use.
    pub mkdocs: String,
    pub files: usize,
    pub bytes: u64,
    _aside: TempDir,
}

/// Builds the site of a project; `say` is called before slow steps.
///
/// # Errors
/// Fails if the folder or a first page is missing, the settings can't be used, a link leads out of the project,
/// or MkDocs can't be installed or fails; in strict mode also on a warning or an omitted setting.
pub async fn build(options: &BuildOptions<'_>, say: &(dyn Fn(&str) + Sync)) -> Result<SiteBuild, DocsError> {
    let no_project = || DocsError::NoProject { path: options.dir.display().to_string() };
    let dir = options.dir.canonicalize().map_err(|_| no_project())?;
    if !dir.is_dir() {
        return Err(no_project());
    }
    let found = CONFIGS.iter().find(|name| dir.join(name).symlink_metadata().is_ok());
    let config = match found {
        None => default_config(&options.wishes),
        Some(name) => {
            let file = settings(&dir, &dir.join(name), options.dir)?;
            config(&file, &options.wishes).map_err(|findings| DocsError::Config(Box::new(findings)))?
        }
    };
    if options.strict && !config.left_out.is_empty() {
        return Err(DocsError::Config(Box::new(config.left_out)));
    }
    let place = temporary::directory("docs").map_err(at(&std::env::temp_dir()))?;
    let project = place.path().join("project");
    stage::stage(&dir, &project, &config, options.dir)?;
    let mkdocs = program::find(place.path(), &dir, say).await?;
    let site = place.path().join("site");
    let warnings = mkdocs.build(&project, &site, options.strict, &dir).await?;
    let files = finish(&site, options.etag)?;
    Ok(SiteBuild {
        left_out: config.left_out,
        warnings,
        mkdocs: mkdocs.name,
        bytes: files.iter().map(|file| file.size).sum(),
        files: files.len(),
        site,
        _aside: place,
    })
}

/// Reads a file of settings, which has to be one of the project's; it is told as below `shown`.
fn settings(project: &Path, path: &Path, shown: &Path) -> Result<SourceFile, DocsError> {
    let real = stage::real(path, project)?;
    let opened = reading::open(&real).and_then(|file| read_bytes(file, yaml::LIMITS.bytes));
    let name = shown.join(path.strip_prefix(project).unwrap_or(path)).display().to_string();
    Ok(SourceFile::new(name.trim_start_matches("./"), opened.map_err(at(path))?))
}

/// Puts what the portal asks for into the metadata.
fn finish(site: &Path, etag: Option<&str>) -> Result<Vec<billpay_model::site::SiteFile>, DocsError> {
    let path = site.join(METADATA);
    let broken = |why: String| DocsError::NoMetadata { why };
    let written = fs::read_to_string(&path).map_err(|error| broken(error.to_string()))?;
    let names: Vec<String> = site::read(site)?.into_iter().map(|file| file.path).collect();
    let now = jiff::Timestamp::now().as_millisecond();
    let metadata = crate::metadata(&written, now, &names, etag).map_err(|error| broken(error.to_string()))?;
    fs::write(&path, metadata).map_err(at(&path))?;
    Ok(site::read(site)?)
}
